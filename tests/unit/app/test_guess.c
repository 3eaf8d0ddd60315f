#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/guess.h"

static int guess_text(const char *ending, const char *content, struct guess *ret_guess,
                      struct err *reterr)
{
    char path[64];
    snprintf(path, sizeof path, "/tmp/leeway-test-XXXXXX%s", ending);
    int fd = mkstemps(path, (int)strlen(ending));
    cr_assert_eq(write(fd, content, strlen(content)), (ssize_t)strlen(content));
    close(fd);
    int code = guess_make(path, ret_guess, reterr);
    unlink(path);
    return code;
}

static const char *path_at(const struct guess *guess, int index)
{
    return index < 0 ? "-" : guess->paths[index].path;
}

Test(guess, the_canonical_event)
{
    struct text events = {0};
    struct guess guess;
    for (int i = 0; i < 50; i++)
        text_printf(&events,
                    "{\"id\":\"e%d\",\"ts\":\"2026-11-23T06:%02d:00Z\",\"model\":\"fraud\","
                    "\"version\":\"7\","
                    "\"features\":{\"amount\":%d.5,\"channel\":\"%s\",\"model\":\"x%d\"},"
                    "\"prediction\":{\"score\":0.%02d,\"class\":\"ok\"}}\n",
                    i, i, i, i % 2 ? "web" : "ios", i, i);
    cr_assert_eq(guess_text(".ndjson", events.data, &guess, NULL), 0);
    cr_expect_eq(guess.rows, 50);
    cr_expect_str_eq(path_at(&guess, guess.id), "/id");
    cr_expect_str_eq(path_at(&guess, guess.time), "/ts");
    cr_expect_str_eq(path_at(&guess, guess.version), "/version");
    cr_expect_str_eq(path_at(&guess, guess.model), "/model");
    cr_expect_str_eq(path_at(&guess, guess.score), "/prediction/score");
    cr_expect_str_eq(path_at(&guess, guess.class), "/prediction/class");
    cr_expect_str_eq(path_at(&guess, guess.value), "-");
    cr_expect_str_eq(guess.features, "/features/*");
    uint32_t features = 0;
    for (uint32_t i = 0; i < guess.path_count; i++) {
        features += guess_is_feature(&guess, &guess.paths[i]);
        if (strcmp(guess.paths[i].name, "channel") == 0)
            cr_expect(guess_is_category(&guess.paths[i]) && guess.paths[i].distinct == 2);
    }
    cr_expect_eq(features, 3);
    guess_release(&guess);
    text_release(&events);
}

Test(guess, a_flat_event)
{
    struct guess guess;
    cr_assert_eq(guess_text(".ndjson",
                            "{\"when\":\"2026-11-23\",\"a\":1,\"b\":2,\"y_pred\":17.5,\"id\":1}\n"
                            "{\"when\":\"2026-11-24\",\"a\":1,\"b\":2,\"y_pred\":3,\"id\":1}\n",
                            &guess, NULL),
                 0);
    cr_expect_str_eq(path_at(&guess, guess.time), "/when");
    cr_expect_str_eq(path_at(&guess, guess.id), "-", "an id does not repeat");
    cr_expect_str_eq(path_at(&guess, guess.value), "/y_pred");
    cr_expect_str_eq(guess.features, "/*");
    guess_release(&guess);
}

Test(guess, a_table)
{
    struct guess guess;
    cr_assert_eq(guess_text(".csv",
                            "timestamp,x,label,score\n1700000000,1,0,0.5\n1700000060,2,1,0.75\n",
                            &guess, NULL),
                 0);
    cr_expect(guess.is_csv);
    cr_expect_str_eq(path_at(&guess, guess.time), "/timestamp");
    cr_expect_str_eq(path_at(&guess, guess.label), "/label");
    cr_expect_str_eq(path_at(&guess, guess.score), "/prediction/score");
    cr_expect_str_eq(guess.features, "/features/*");
    guess_release(&guess);
}

Test(guess, nothing_to_see)
{
    static const char *const contents[] = {"", "\n\n", "rubbish\n", "[1]\n"};
    for (size_t i = 0; i < sizeof contents / sizeof *contents; i++) {
        struct guess guess;
        struct err err = {0};
        cr_expect_neq(guess_text(".ndjson", contents[i], &guess, &err), 0);
        cr_expect_neq(err.code, 0);
        guess_release(&guess);
    }
}
