/* Model versions with baselines of their own: cells, generations and incidents apart. */
#include "unit/app/world.h"

#define WINDOWS "    windows: [1h, 2h]\n"
#define MAPPED  "    versions: { \"7\": test, \"8\": moved }\n"
#define ONLY_8  "    versions: { \"8\": moved@1 }\n"

enum { RECORDS = 2400, HOURS = 8 };

static struct world world;
static struct stream stream;
static struct text found;

/* What version 8 was trained on: amounts are 30 more, and there is no field `vip`. */
static struct baseline *moved_baseline(void)
{
    static const char *const channels[] = {"web", "ios", "android", "partner"};
    const struct builder_field fields[] = {
        {.name = "amount", .path = "/features/amount"},
        {.name = "age", .path = "/features/age", .has_type = true, .type = FIELD_INTEGER},
        {.name = "channel", .path = "/features/channel"}};
    const struct builder_spec spec = {.fields = fields, .field_count = 3};
    struct err err = {0};
    struct baseline_builder *builder = baseline_builder_new(&spec, &err);
    cr_assert_not_null(builder, "%s", err.text);
    for (int pass = 0; pass < 2; pass++) {
        struct random random = {2014};
        for (int i = 0; i < 10000; i++) {
            const struct builder_value row[] = {
                {.kind = BUILDER_NUMBER, .number = 130 + 20 * random_normal(&random)},
                {.kind = BUILDER_NUMBER, .number = 18 + random_below(&random, 63)},
                {.kind = BUILDER_TEXT, .text = bytes_of(channels[random_below(&random, 4)])}};
            baseline_builder_add(builder, row, NULL);
        }
        if (!pass)
            cr_assert_eq(baseline_builder_cells(builder, &err), 0, "%s", err.text);
    }
    struct baseline *baseline = baseline_builder_finish(builder, NULL, &err);
    cr_assert_not_null(baseline, "%s", err.text);
    baseline_builder_free(builder);
    return baseline;
}

static void put_moved(void)
{
    struct baseline *baseline = moved_baseline();
    char *document = baseline_format(baseline);
    uint32_t version;
    const struct store_baseline row = {.name = "moved",
                                       .hash = baseline->hash,
                                       .created = "2013-01-01T00:00:00Z",
                                       .rows = 10000,
                                       .document = document};
    cr_assert_eq(store_sync_baseline_put(world.store, &row, true, &version, NULL), 0);
    free(document);
    baseline_free(baseline);
}

static void use(const char *yaml)
{
    setup_free(world.setup);
    world.setup = setup_open(world_config(yaml), world.store, NULL);
    cr_assert_not_null(world.setup);
}

static void set_up(void)
{
    world_open(&world, WORLD_YAML, 0);
    world_stop(&world);
    put_moved();
    stream = stream_make(31, RECORDS, HOURS, 1);
}

static void tear_down(void)
{
    world_close(&world);
    stream_release(&stream);
    text_release(&found);
}

TestSuite(versions, .init = set_up, .fini = tear_down);

static void offer(uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++)
        cr_assert_eq(ingest_record(world.ingest, &stream.records[i]), INGEST_TAKEN);
    cr_assert_eq(world_commit(&world), STORE_DONE);
}

static int note_drift(void *context, const struct store_verdict *v)
{
    if (!strcmp(v->state, "drift"))
        text_printf(context, "%s %s;", v->version, v->field);
    return 0;
}

static const char *drifting(void)
{
    const struct store_query all = {.limit = 100000, .segment = ""};
    text_clear(&found);
    text_puts(&found, ";");
    cr_assert_eq(store_sync_verdicts(world.store, &all, note_drift, &found, NULL), 0);
    return found.data;
}

static void run(const char *yaml)
{
    use(yaml);
    world_start(&world, 1);
    offer(0, RECORDS);
    world_finish(&world);
}

Test(versions, each_is_judged_against_its_own_baseline)
{
    run(WORLD_MONITOR WINDOWS MAPPED);
    const struct monitor *monitor = &world.setup->monitors[0];
    cr_assert_eq(monitor->track_count, 2);
    cr_assert_eq(monitor_track(monitor, "7"), 0);
    cr_assert_eq(monitor_track(monitor, "8"), 1);
    cr_assert_str_neq(monitor->tracks[0].generation, monitor->tracks[1].generation);
    cr_assert(strstr(drifting(), ";7 amount;"), "%s", found.data);
    cr_assert_null(strstr(found.data, ";8 "), "%s", found.data);
    cr_assert_eq(ingest_totals(world.ingest)->unknown_versions, 0);
}

Test(versions, without_a_mapping_all_are_judged_against_the_same)
{
    run(WORLD_MONITOR WINDOWS);
    cr_assert(strstr(drifting(), ";7 amount;"), "%s", found.data);
    cr_assert(strstr(found.data, ";8 amount;"), "%s", found.data);
    cr_assert_eq(ingest_totals(world.ingest)->unknown_versions, 0);
}

static int note_generation(void *context, const struct store_generation *g)
{
    const struct monitor *monitor = &world.setup->monitors[0];
    text_printf(context, "%s %d;", g->version,
                strcmp(g->hash, monitor->tracks[0].generation) == 0 ? 0 : 1);
    return 0;
}

Test(versions, an_unknown_one_is_counted_under_the_default_and_reported)
{
    run(WORLD_MONITOR WINDOWS ONLY_8);
    int64_t sevens = 0;
    for (uint32_t i = 0; i < RECORDS; i++)
        sevens += strstr(stream.records[i].value.data, "\"version\":\"7\"") != NULL;
    cr_assert_eq(ingest_totals(world.ingest)->unknown_versions, sevens);
    cr_assert_not(monitor_knows(&world.setup->monitors[0], "7"));
    cr_assert(strstr(drifting(), ";7 amount;"), "%s", found.data);
    cr_assert_null(strstr(found.data, ";8 "), "%s", found.data);
    text_clear(&found);
    cr_assert_eq(store_sync_generations(world.store, "fraud", NULL, note_generation, &found, NULL),
                 0);
    cr_assert_str_eq(found.data, "7 0;8 1;", "with its own baseline's generation");
}

static int note_incident(void *context, const struct store_incident *i)
{
    text_printf(context, "%s %s %s;", i->version, i->state, i->title);
    return 0;
}

static const char *incidents(void)
{
    const struct store_query all = {.limit = 100};
    text_clear(&found);
    cr_assert_eq(store_sync_incidents(world.store, &all, note_incident, &found, NULL), 0);
    return found.data;
}

/* Version 7 goes on as if nothing had happened; what was open of version 8 is closed. */
Test(versions, another_baseline_restarts_only_its_version)
{
    const uint32_t half = RECORDS * 3 / 4;
    use(WORLD_MONITOR WINDOWS);
    world_start(&world, 1);
    offer(0, half);
    cr_assert_eq(world_judge(&world, world_final(&world), world_watermark(&world)), STORE_DONE);
    cr_assert(strstr(incidents(), "7 firing"), "%s", found.data);
    cr_assert(strstr(found.data, "8 firing"), "%s", found.data);
    cr_assert_eq(evaluate_live_versions(world.evaluate, 0), 2);
    world_stop(&world);

    use(WORLD_MONITOR WINDOWS MAPPED);
    world_start(&world, 1);
    offer(half, RECORDS);
    world_finish(&world);
    cr_assert(strstr(incidents(), "7 firing"), "%s", found.data);
    cr_assert(strstr(found.data, "8 resolved fraud 8: ended by a new configuration or baseline"),
              "%s", found.data);
    cr_assert_null(strstr(found.data, "7 resolved"), "%s", found.data);
    cr_assert_null(strstr(found.data, "8 firing"), "%s", found.data);
}

Test(versions, the_same_baseline_by_another_name_is_the_same_generation)
{
    use(WORLD_MONITOR WINDOWS "    versions: { \"8\": test@1 }\n");
    const struct monitor *monitor = &world.setup->monitors[0];
    cr_assert_eq(monitor->track_count, 2);
    cr_assert_str_eq(monitor->tracks[0].generation, monitor->tracks[1].generation);
}
