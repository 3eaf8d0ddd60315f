/* Everything that can be wrong is said before the first record is read. */
#include <unistd.h>

#include "unit/app/world.h"

static char complained[8192];

/* Runs setup on this text; what it printed is in `complained`. */
static struct setup *setup_of(const char *yaml, struct store *store, const char *baseline_file)
{
    FILE *captured = tmpfile();
    int kept = dup(STDERR_FILENO);
    char path[] = "/tmp/leeway-setup-XXXXXX";
    int fd = mkstemp(path);
    cr_assert_eq(write(fd, yaml, strlen(yaml)), (ssize_t)strlen(yaml));
    close(fd);
    dup2(fileno(captured), STDERR_FILENO);
    struct setup *setup = setup_open(setup_config(path), store, baseline_file);
    fflush(stderr);
    dup2(kept, STDERR_FILENO);
    close(kept);
    unlink(path);
    rewind(captured);
    complained[fread(complained, 1, sizeof complained - 1, captured)] = '\0';
    fclose(captured);
    return setup;
}

Test(setup, good)
{
    struct store *store = world_store();
    struct setup *setup = setup_of(WORLD_YAML, store, NULL);
    cr_assert_not_null(setup, "%s", complained);
    cr_assert_str_eq(complained, "");
    cr_assert_eq(setup->monitor_count, 1);
    cr_assert_str_eq(setup->monitors[0].tracks[0].label, "baseline@1");
    cr_assert_eq(setup->monitors[0].pane_ms, 5 * MINUTE_MS);
    cr_assert_eq(strlen(setup->monitors[0].tracks[0].generation), 64);
    cr_assert_geq(setup->monitors[0].unknown_counter, 0);
    cr_assert_eq(setup->ruleset.count, 1, "the built-in one");
    setup_free(setup);
    setup_free(NULL);
    store_close(store);
}

Test(setup, a_generation_is_of_config_and_baseline)
{
    struct store *store = world_store();
    struct setup *one = setup_of(WORLD_YAML, store, NULL);
    struct setup *same = setup_of(WORLD_YAML, store, NULL);
    struct setup *other = setup_of(WORLD_MONITOR "    windows: [1h, 4h]\n", store, NULL);
    cr_assert(one && same && other, "%s", complained);
    cr_assert_str_eq(one->monitors[0].tracks[0].generation, same->monitors[0].tracks[0].generation);
    cr_assert_str_neq(one->monitors[0].tracks[0].generation,
                      other->monitors[0].tracks[0].generation);
    setup_free(one);
    setup_free(same);
    setup_free(other);
    store_close(store);
}

Test(setup, problems_are_printed)
{
    static const struct {
        const char *yaml, *expected;
    } cases[] = {
        {"monitors: [", "leeway: "},
        {"", "leeway: "},
        {WORLD_MONITOR "    windows: [1h]\n    colour: red\n", "colour"},
        {WORLD_MONITOR "    windows: [1h]\n    fields: { amuont: { min: 0 } }\n", "amount"},
        {WORLD_MONITOR "    windows: [1h]\n    fields: { channel: { min: 0 } }\n", "channel"},
        {WORLD_MONITOR "    windows: [1h]\nrules: [missing.yaml]\n", "missing.yaml"},
    };
    struct store *store = world_store();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cr_expect_null(setup_of(cases[i].yaml, store, NULL), "case %zu", i);
        cr_expect(strstr(complained, cases[i].expected), "case %zu: %s", i, complained);
    }
    store_close(store);
}

Test(setup, every_problem_is_printed)
{
    struct store *store = world_store();
    const char *yaml = WORLD_MONITOR "    windows: [1h]\n"
                                     "  - { monitor: b, topics: [b], baseline: gone }\n"
                                     "  - { monitor: c, topics: [c], baseline: lost@3 }\n"
                                     "rules: [missing.yaml]\n";
    cr_assert_null(setup_of(yaml, store, NULL));
    cr_assert(strstr(complained, "gone") && strstr(complained, "lost") &&
                  strstr(complained, "missing.yaml"),
              "%s", complained);
    cr_assert(strstr(complained, "leeway baseline create"), "%s", complained);
    store_close(store);
}

Test(setup, no_config)
{
    cr_assert_null(setup_config("/tmp/leeway-there-is-no-such-file.yaml"));
    cr_assert_null(setup_open(NULL, NULL, NULL));
}

Test(setup, baseline_from_a_file)
{
    char path[] = "/tmp/leeway-baseline-XXXXXX";
    struct baseline *baseline = world_baseline();
    char *document = baseline_format(baseline);
    int fd = mkstemp(path);
    cr_assert_eq(write(fd, document, strlen(document)), (ssize_t)strlen(document));
    struct setup *setup = setup_of(WORLD_YAML, NULL, path);
    cr_assert_not_null(setup, "%s", complained);
    cr_assert_eq(setup->monitors[0].tracks[0].baseline->field_count, 4);
    setup_free(setup);
    cr_assert_null(setup_of(WORLD_YAML, NULL, NULL));
    cr_assert(strstr(complained, "no store"), "%s", complained);
    cr_assert_eq(ftruncate(fd, (off_t)strlen(document) / 2), 0);
    cr_assert_null(setup_of(WORLD_YAML, NULL, path));
    cr_assert(strstr(complained, "leeway: "), "%s", complained);
    close(fd);
    unlink(path);
    free(document);
    baseline_free(baseline);
}
