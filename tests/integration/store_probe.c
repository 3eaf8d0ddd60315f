/* Drives a PostgreSQL store by lines on standard input, for tests/system/test_postgres.py. Not
 * installed. Every call is answered by one line on standard output, "COMMAND RESULT …", when its
 * answer comes; several may be under way.
 *
 *   store_probe URL AGENT              reads: take TOPIC PART | commit TOPIC PART EPOCH OLD COUNT
 * SIZE | poison TOPIC PART EPOCH OLD | judged MONITOR OLD NEW PANES | deltas MONITOR | load MONITOR
 * | claim MONITOR MS | due | message RECEIVER ID | latest MONITOR | prune VERDICTS_MS | state
 *   store_probe URL AGENT write N      commits N times to random ones of 16 partitions of topic w,
 *                                      taking over what it does not own
 *   store_probe URL - migrate [LOGIN [READER]] */
#include <event2/event.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/migrate.h"
#include "store/postgres.h"
#include "store/sync.h"

enum { LINE_MAX_BYTES = 4096, WORDS_MAX = 8, PARTITIONS = 16 };

static struct store *store;
static struct event_base *base;
static int64_t last_mark;

/* What a call needs until it is answered. */
struct asked {
    char name[16], words[WORDS_MAX][256];
    struct store_take take;
    struct store_advance advance;
    struct store_delta delta;
    struct store_quarantine quarantine;
    struct store_pane pane;
    struct store_outbox message;
    struct store_judged judged;
    char *counts;
    bool given;
    int64_t position, mark;
    struct text text;
};

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
    fflush(stdout);
}

static const char *result_name(enum store_result result)
{
    static const char *const names[] = {"done", "fenced", "unavailable", "failed"};
    return names[result];
}

static void on_done(void *context, enum store_result result, const struct err *err)
{
    struct asked *asked = context;
    const char *name = asked->name;
    if (err)
        say("%s %s %s | %s", name, result_name(result), err->text, err->hint);
    else if (!strcmp(name, "take"))
        say("take done %" PRId64 " %" PRId64, asked->take.ret.epoch, asked->take.ret.next_offset);
    else if (!strcmp(name, "claim"))
        say("claim done %s", asked->given ? "given" : "refused");
    else if (!strcmp(name, "load"))
        say("load done %" PRId64, asked->position);
    else
        say("%s done %s", name, asked->text.data ? asked->text.data : "");
    if (!strcmp(name, "deltas"))
        last_mark = asked->mark;
    text_release(&asked->text);
    free(asked->counts);
    free(asked);
}

static int pane_row(void *context, const struct store_pane *pane)
{
    text_printf(context, "%" PRId64 ":%" PRId64 " ", pane->start_ms, pane->rows);
    return 0;
}

static int due_row(void *context, const struct store_delivery *d)
{
    text_printf(context, "%s:%s ", d->receiver, d->message_id);
    return 0;
}

static int verdict_row(void *context, const struct store_verdict *v)
{
    text_printf(context, "%s ", v->id);
    return 0;
}

static int64_t number(const struct asked *asked, int word)
{
    const char *text = asked->words[word];
    return strcmp(text, "none") ? strtoll(text, NULL, 10) : INT64_MIN;
}

static void start_commit(struct asked *asked, bool poison)
{
    struct store_commit commit = {.advances = &asked->advance, .advance_count = 1};
    size_t size = poison ? 0 : (size_t)number(asked, 6);
    asked->advance = (struct store_advance){.topic = asked->words[1],
                                            .partition = (int32_t)number(asked, 2),
                                            .epoch = number(asked, 3),
                                            .old_offset = number(asked, 4),
                                            .max_event_ms = INT64_MIN};
    asked->advance.new_offset = asked->advance.old_offset + (poison ? 1 : number(asked, 5));
    if (poison) {
        asked->advance.records[DISPOSED_QUARANTINED] = 1;
        asked->quarantine =
            (struct store_quarantine){.topic = asked->words[1],
                                      .partition = asked->advance.partition,
                                      .offset = asked->advance.old_offset,
                                      .reason = "bad \xff\xed\xa0\x80'\"\\\x01 byte",
                                      .sha256 = "00"};
        commit.quarantine = &asked->quarantine;
        commit.quarantine_count = 1;
    } else {
        asked->advance.records[DISPOSED_COUNTED] = number(asked, 5);
        asked->counts = mem_new(size + 1, 1);
        memset(asked->counts, 'x', size);
        asked->delta = (struct store_delta){.monitor = "m",
                                            .version = "1",
                                            .generation = "g",
                                            .pane_start_ms = 10 * asked->advance.partition,
                                            .pane_ms = 10,
                                            .rows = number(asked, 5),
                                            .counts = bytes_make(asked->counts, size)};
        commit.deltas = &asked->delta;
        commit.delta_count = 1;
    }
    store_commit(store, &commit, on_done, asked);
}

static void start_judged(struct asked *asked)
{
    asked->pane = (struct store_pane){
        .version = "1", .generation = "g", .rows = 1, .counts = bytes_of("sum")};
    asked->judged = (struct store_judged){.monitor = asked->words[1],
                                          .old_position_ms = number(asked, 2),
                                          .new_position_ms = number(asked, 3),
                                          .state = "{}",
                                          .panes = &asked->pane,
                                          .pane_count = (uint32_t)number(asked, 4),
                                          .delta_mark = last_mark};
    store_judged(store, &asked->judged, on_done, asked);
}

static void start_message(struct asked *asked)
{
    asked->message = (struct store_outbox){.receiver = asked->words[1],
                                           .incident = asked->words[2],
                                           .event = "opened",
                                           .sequence = 1,
                                           .message_id = asked->words[2],
                                           .payload = "{}"};
    asked->judged = (struct store_judged){.monitor = asked->words[2],
                                          .old_position_ms = INT64_MIN,
                                          .new_position_ms = 1,
                                          .state = "{}",
                                          .outbox = &asked->message,
                                          .outbox_count = 1};
    store_judged(store, &asked->judged, on_done, asked);
}

static void start(struct asked *asked)
{
    const char *name = asked->name;
    struct store_query query = {.monitor = asked->words[1], .limit = 1000};
    if (!strcmp(name, "take")) {
        asked->take.topic = asked->words[1];
        asked->take.partition = (int32_t)number(asked, 2);
        store_take(store, &asked->take, 1, on_done, asked);
    } else if (!strcmp(name, "commit") || !strcmp(name, "poison")) {
        start_commit(asked, name[0] == 'p');
    } else if (!strcmp(name, "judged")) {
        start_judged(asked);
    } else if (!strcmp(name, "deltas")) {
        store_deltas(store, asked->words[1], INT64_MIN, INT64_MAX, pane_row, &asked->text,
                     &asked->mark, on_done, asked);
    } else if (!strcmp(name, "load")) {
        store_judge_load(store, asked->words[1], &asked->position, NULL, on_done, asked);
    } else if (!strcmp(name, "claim")) {
        store_claim(store, asked->words[1], number(asked, 2), &asked->given, on_done, asked);
    } else if (!strcmp(name, "due")) {
        store_due(store, INT64_MAX, 100, due_row, &asked->text, on_done, asked);
    } else if (!strcmp(name, "message")) {
        start_message(asked);
    } else if (!strcmp(name, "latest")) {
        store_latest(store, &query, verdict_row, &asked->text, on_done, asked);
    } else if (!strcmp(name, "prune")) {
        store_prune(store, INT64_MIN, number(asked, 1), 0, on_done, asked);
    } else {
        say("state %s", store_state(store));
        free(asked);
    }
}

static void on_line(char *line)
{
    struct asked *asked = mem_new(1, sizeof *asked);
    int count = 0;
    for (char *rest = line, *word; count < WORDS_MAX && (word = strsep(&rest, " \n"));)
        if (word[0])
            snprintf(asked->words[count++], sizeof asked->words[0], "%s", word);
    snprintf(asked->name, sizeof asked->name, "%s", asked->words[0]);
    start(asked);
}

static void on_input(evutil_socket_t fd, short what, void *context)
{
    static struct text input;
    char part[LINE_MAX_BYTES];
    ssize_t size = read(fd, part, sizeof part);
    (void)what;
    (void)context;
    if (size <= 0) {
        text_release(&input);
        event_base_loopbreak(base);
        return;
    }
    text_add(&input, part, (size_t)size);
    for (char *end; (end = strchr(input.data, '\n'));) {
        *end = '\0';
        on_line(input.data);
        struct text rest = {0};
        text_puts(&rest, end + 1);
        text_release(&input);
        input = rest;
    }
}

/* ---- writing against others */

struct owned {
    int64_t epoch, offset;
};

static uint64_t random_state;
static uint32_t random_below(uint32_t bound)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(random_state >> 33) % bound;
}

static int take_one(struct owned *owned, int32_t part)
{
    struct store_partition taken;
    struct err err = {0};
    while (store_sync_take_partition(store, "w", part, 0, &taken, &err) == ERR_UNAVAILABLE)
        continue;
    owned->epoch = taken.epoch;
    owned->offset = taken.next_offset;
    return err.code;
}

/* A third of the time over partitions that it does not own, so that owners are robbed. */
static int write_once(struct owned *owned, int64_t *fenced)
{
    struct store_advance advances[4];
    struct store_delta delta = {.monitor = "m", .version = "1", .generation = "g", .pane_ms = 10};
    uint32_t count = 1 + random_below(4), first = random_below(PARTITIONS);
    struct err err = {0};
    memset(advances, 0, sizeof advances);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t part = (first + i * 5) % PARTITIONS;
        if (!owned[part].epoch)
            take_one(&owned[part], (int32_t)part);
        uint32_t records = 1 + random_below(9);
        advances[count - 1 - i] = (struct store_advance){.topic = "w",
                                                         .partition = (int32_t)part,
                                                         .epoch = owned[part].epoch,
                                                         .old_offset = owned[part].offset,
                                                         .new_offset = owned[part].offset + records,
                                                         .max_event_ms = INT64_MIN};
        advances[count - 1 - i].records[DISPOSED_COUNTED] = records;
        delta.rows += records;
    }
    delta.counts = bytes_of("counts");
    struct store_commit commit = {advances, count, NULL, 0, &delta, 1, NULL, 0};
    int code;
    while ((code = store_sync_commit(store, &commit, &err)) == ERR_UNAVAILABLE)
        continue;
    *fenced += code == ERR_CONFLICT;
    for (uint32_t i = 0; i < count; i++) {
        struct owned *one = &owned[advances[i].partition];
        one->offset = advances[i].new_offset;
        one->epoch = code ? 0 : one->epoch;
    }
    return code == ERR_CONFLICT ? 0 : code;
}

static int write_many(int64_t commits)
{
    struct owned owned[PARTITIONS] = {{0}};
    int64_t fenced = 0;
    int code = 0;
    random_state = (uint64_t)getpid();
    for (int64_t i = 0; !code && i < commits; i++)
        code = write_once(owned, &fenced);
    say("write %s %" PRId64 " fenced", code ? "failed" : "done", fenced);
    return code != 0;
}

static int migrate(int argc, char **argv)
{
    struct store_migration what = {.agent = argc > 4 ? argv[4] : NULL,
                                   .reader = argc > 5 ? argv[5] : NULL};
    struct text report = {0};
    struct err err = {0};
    int code = store_migrate(argv[1], &what, &report, &err);
    printf("%s%s", report.data ? report.data : "", err.text);
    text_release(&report);
    return code != 0;
}

int main(int argc, char **argv)
{
    struct err err = {0};
    if (argc > 3 && !strcmp(argv[3], "migrate"))
        return migrate(argc, argv);
    base = event_base_new();
    store = postgres_store_open(argv[1], &(struct store_options){argv[2], base}, &err);
    if (!store) {
        say("refused %s | %s", err.text, err.hint);
        return 1;
    }
    int code = 0;
    if (argc > 4) {
        code = write_many(strtoll(argv[4], NULL, 10));
    } else {
        struct event *input = event_new(base, 0, EV_READ | EV_PERSIST, on_input, NULL);
        event_add(input, NULL);
        event_base_loop(base, 0);
        event_free(input);
    }
    store_close(store);
    event_base_free(base);
    return code;
}
