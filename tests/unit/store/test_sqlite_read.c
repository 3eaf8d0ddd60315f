/* Reading for people: filters, order, limits. */
#include "unit/store/fixture.h"

static struct fixture fixture;
static struct store *store;

static void start(void)
{
    fixture_init(&fixture);
    store = fixture_open(&fixture);
}

static void stop(void)
{
    store_close(store);
    fixture_release(&fixture);
}

TestSuite(sqlite_read, .init = start, .fini = stop);

static void put(struct store_verdict *verdicts, uint32_t count, struct store_incident *incidents,
                uint32_t incident_count)
{
    static int64_t position = INT64_MIN;
    struct store_judged judged = make_judged(position, 10);
    position = 10;
    judged.verdicts = verdicts;
    judged.verdict_count = count;
    judged.incidents = incidents;
    judged.incident_count = incident_count;
    expect_judged(store, &judged, STORE_DONE);
}

static void expect_verdicts(struct store_query query, const char *wanted, int line)
{
    struct text text = {0};
    query.limit = query.limit ? query.limit : 100;
    expect_ok(store_sync_verdicts(store, &query, note_verdict, &text, &why));
    expect_text(&text, wanted, line);
}

static void expect_latest(struct store_query query, const char *wanted, int line)
{
    struct text text = {0};
    query.limit = query.limit ? query.limit : 100;
    expect_ok(store_sync_latest(store, &query, note_verdict, &text, &why));
    expect_text(&text, wanted, line);
}

/* Two monitors, two versions, segments, windows; ends 100, 200, 300. */
static void put_series(void)
{
    struct store_verdict verdicts[] = {
        make_verdict("a1", "amount", 100),  make_verdict("a2", "amount", 200),
        make_verdict("a3", "amount", 300),  make_verdict("age", "age", 200),
        make_verdict("mx", "amount", 200),  make_verdict("v2", "amount", 100),
        make_verdict("day", "amount", 250), make_verdict("n1", "amount", 300)};
    verdicts[2].state = "drift";
    verdicts[4].segment = "country=MX";
    verdicts[5].version = "2";
    verdicts[6].window_ms = 1000;
    verdicts[7].monitor = "n";
    put(verdicts, 8, NULL, 0);
}

Test(sqlite_read, verdicts_newest_first)
{
    put_series();
    expect_verdicts((struct store_query){0},
                    "n1 n 1 [] amount 100 300 ok\na3 m 1 [] amount 100 300 drift\n"
                    "day m 1 [] amount 1000 250 ok\nmx m 1 [country=MX] amount 100 200 ok\n"
                    "age m 1 [] age 100 200 ok\na2 m 1 [] amount 100 200 ok\n"
                    "v2 m 2 [] amount 100 100 ok\na1 m 1 [] amount 100 100 ok\n",
                    __LINE__);
    expect_verdicts((struct store_query){.limit = 1}, "n1 n 1 [] amount 100 300 ok\n", __LINE__);
}

Test(sqlite_read, each_filter_alone)
{
    put_series();
    expect_verdicts((struct store_query){.monitor = "n"}, "n1 n 1 [] amount 100 300 ok\n",
                    __LINE__);
    expect_verdicts((struct store_query){.version = "2"}, "v2 m 2 [] amount 100 100 ok\n",
                    __LINE__);
    expect_verdicts((struct store_query){.segment = "country=MX"},
                    "mx m 1 [country=MX] amount 100 200 ok\n", __LINE__);
    expect_verdicts((struct store_query){.field = "age"}, "age m 1 [] age 100 200 ok\n", __LINE__);
    expect_verdicts((struct store_query){.state = "drift"}, "a3 m 1 [] amount 100 300 drift\n",
                    __LINE__);
    expect_verdicts((struct store_query){.window_ms = 1000}, "day m 1 [] amount 1000 250 ok\n",
                    __LINE__);
    expect_verdicts((struct store_query){.since_ms = 300, .monitor = "m"},
                    "a3 m 1 [] amount 100 300 drift\n", __LINE__);
    expect_verdicts((struct store_query){.until_ms = 200, .version = "1"},
                    "a1 m 1 [] amount 100 100 ok\n", __LINE__);
    expect_verdicts((struct store_query){.monitor = "nobody"}, "", __LINE__);
}

Test(sqlite_read, all_filters_together)
{
    put_series();
    struct store_query query = {.monitor = "m",
                                .version = "1",
                                .segment = "",
                                .field = "amount",
                                .state = "ok",
                                .window_ms = 100,
                                .since_ms = 100,
                                .until_ms = 201};
    expect_verdicts(query, "a2 m 1 [] amount 100 200 ok\na1 m 1 [] amount 100 100 ok\n", __LINE__);
    query.limit = 1;
    expect_verdicts(query, "a2 m 1 [] amount 100 200 ok\n", __LINE__);
    query.limit = 0;
    query.state = "drift";
    expect_verdicts(query, "", __LINE__);
}

Test(sqlite_read, values_are_never_part_of_the_statement)
{
    put_series();
    expect_verdicts((struct store_query){.monitor = "m' OR '1'='1"}, "", __LINE__);
    expect_verdicts((struct store_query){.field = "\"; DROP TABLE verdict; --"}, "", __LINE__);
    expect_latest((struct store_query){.monitor = "m' OR '1'='1"}, "", __LINE__);
    cr_assert_eq(number_of(store, "SELECT count(*) FROM verdict"), 8);
}

static int check_all(void *context, const struct store_verdict *v)
{
    const struct store_verdict *wanted = context;
    const char *const texts[][2] = {
        {v->id, wanted->id},           {v->monitor, wanted->monitor},
        {v->version, wanted->version}, {v->segment, wanted->segment},
        {v->field, wanted->field},     {v->generation, wanted->generation},
        {v->state, wanted->state},     {v->severity, wanted->severity},
        {v->detail, wanted->detail},   {v->document, wanted->document}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        cr_assert_str_eq(texts[i][0], texts[i][1]);
    cr_assert(v->window_ms == wanted->window_ms && v->start_ms == wanted->start_ms &&
              v->end_ms == wanted->end_ms && v->n == wanted->n &&
              v->baseline_n == wanted->baseline_n);
    cr_assert(v->significant == wanted->significant && v->provisional == wanted->provisional);
    const double scores[][2] = {{v->p, wanted->p},     {v->effect, wanted->effect},
                                {v->psi, wanted->psi}, {v->js, wanted->js},
                                {v->ks, wanted->ks},   {v->wasserstein, wanted->wasserstein},
                                {v->g, wanted->g},     {v->missing_rate, wanted->missing_rate}};
    for (size_t i = 0; i < sizeof scores / sizeof *scores; i++)
        cr_assert((isnan(scores[i][0]) && isnan(scores[i][1])) ||
                      memcmp(&scores[i][0], &scores[i][1], sizeof(double)) == 0,
                  "score %zu", i);
    cr_assert_eq(v->histogram == NULL, wanted->histogram == NULL);
    if (v->histogram)
        cr_assert_str_eq(v->histogram, wanted->histogram);
    return 0;
}

Test(sqlite_read, a_verdict_comes_back_to_the_bit)
{
    struct store_verdict verdict = {.id = "v1",
                                    .monitor = "m\xc3\xa9",
                                    .version = "1",
                                    .segment = "country=\xe6\x97\xa5\xe6\x9c\xac",
                                    .field = "'\"\\\n\xf0\x9f\x9a\x80",
                                    .generation = "g",
                                    .window_ms = 3,
                                    .start_ms = -9007199254740993,
                                    .end_ms = 9007199254740993,
                                    .n = INT64_MAX,
                                    .baseline_n = 4,
                                    .state = "drift",
                                    .severity = "high",
                                    .significant = true,
                                    .provisional = true,
                                    .p = 1e-300,
                                    .effect = 0.1,
                                    .psi = 0.2,
                                    .js = 0.3,
                                    .ks = 0.4,
                                    .wasserstein = 0.5,
                                    .g = 0.6,
                                    .missing_rate = 1.0 / 3,
                                    .detail = "missing 2 % -> 50 %",
                                    .document = "{\"a\":[1,2]}",
                                    .histogram = "[1,2,3]"};
    struct store_query query = {.limit = 1};
    put(&verdict, 1, NULL, 0);
    expect_ok(store_sync_verdicts(store, &query, check_all, &verdict, &why));
    expect_ok(store_sync_latest(store, &query, check_all, &verdict, &why));
    verdict.id = "v2";
    verdict.end_ms++;
    verdict.p = verdict.effect = verdict.psi = verdict.js = verdict.ks = NAN;
    verdict.wasserstein = verdict.g = verdict.missing_rate = NAN;
    verdict.significant = verdict.provisional = false;
    verdict.histogram = NULL;
    put(&verdict, 1, NULL, 0);
    expect_ok(store_sync_verdicts(store, &query, check_all, &verdict, &why));
    cr_assert_eq(number_of(store, "SELECT count(*) FROM verdict WHERE p IS NULL AND g IS NULL"), 1);
}

Test(sqlite_read, words_that_are_left_out_are_empty)
{
    struct store_verdict verdict = make_verdict("v1", "amount", 100);
    verdict.severity = verdict.detail = verdict.document = NULL;
    put(&verdict, 1, NULL, 0);
    verdict.severity = verdict.detail = verdict.document = "";
    struct store_query query = {.limit = 1};
    expect_ok(store_sync_verdicts(store, &query, check_all, &verdict, &why));
}

Test(sqlite_read, the_latest_of_each_series)
{
    put_series();
    expect_latest((struct store_query){0},
                  "n1 n 1 [] amount 100 300 ok\na3 m 1 [] amount 100 300 drift\n"
                  "day m 1 [] amount 1000 250 ok\nmx m 1 [country=MX] amount 100 200 ok\n"
                  "age m 1 [] age 100 200 ok\nv2 m 2 [] amount 100 100 ok\n",
                  __LINE__);
    expect_latest((struct store_query){.monitor = "m", .version = "1", .segment = ""},
                  "a3 m 1 [] amount 100 300 drift\nday m 1 [] amount 1000 250 ok\n"
                  "age m 1 [] age 100 200 ok\n",
                  __LINE__);
    expect_latest((struct store_query){.monitor = "n"}, "n1 n 1 [] amount 100 300 ok\n", __LINE__);
    expect_latest((struct store_query){.monitor = "m", .limit = 2},
                  "a3 m 1 [] amount 100 300 drift\nday m 1 [] amount 1000 250 ok\n", __LINE__);
    expect_latest((struct store_query){.monitor = "nobody"}, "", __LINE__);
}

Test(sqlite_read, filters_choose_among_the_latest)
{
    put_series();
    expect_latest((struct store_query){.field = "amount", .state = "ok", .window_ms = 100},
                  "n1 n 1 [] amount 100 300 ok\nmx m 1 [country=MX] amount 100 200 ok\n"
                  "v2 m 2 [] amount 100 100 ok\n",
                  __LINE__);
    expect_latest((struct store_query){.monitor = "m", .since_ms = 201, .until_ms = 300},
                  "day m 1 [] amount 1000 250 ok\n", __LINE__);
}

Test(sqlite_read, of_two_with_one_end_the_later_written)
{
    struct store_verdict verdicts[] = {make_verdict("old", "amount", 100),
                                       make_verdict("new", "amount", 100)};
    verdicts[1].generation = "h";
    put(verdicts, 2, NULL, 0);
    expect_latest((struct store_query){.monitor = "m"}, "new m 1 [] amount 100 100 ok\n", __LINE__);
    expect_verdicts((struct store_query){.limit = 1}, "new m 1 [] amount 100 100 ok\n", __LINE__);
}

/* Against the plain way to say it: the largest (end, sequence) of each series. */
Test(sqlite_read, latest_agrees_with_grouping)
{
    execute(store,
            "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 3999)"
            " INSERT INTO verdict (id, monitor, version, segment, field, generation,"
            " window_ms, start_ms, end_ms, n, baseline_n, state, severity, significant,"
            " provisional, detail, document)"
            " SELECT i, 'm' || (i % 2), i / 2 % 3, char(97 + i / 6 % 5), 'f' || (i / 30 % 11),"
            " 'g', 100 + i / 330 % 2, 0, i * 7919 % 1009, 1, 1, 'ok', '', 0, 0, '', ''"
            " FROM n");
    struct text text = {0};
    struct store_query query = {.limit = 100000};
    expect_ok(store_sync_latest(store, &query, note_verdict, &text, &why));
    int64_t lines = 0;
    for (size_t i = 0; i < text.size; i++)
        lines += text.data[i] == '\n';
    cr_assert_eq(lines, number_of(store, "SELECT count(*) FROM (SELECT 1 FROM verdict GROUP BY"
                                         " monitor, version, segment, field, window_ms)"));
    struct text wanted = {0};
    struct sql sql = sql_once(
        sqlite_store_of(store),
        "SELECT id || ' ' || monitor || ' ' || version || ' [' || segment || '] ' || field || ' ' "
        "||"
        " window_ms || ' ' || end_ms || ' ok' FROM (SELECT *, row_number() OVER (PARTITION BY"
        " monitor, version, segment, field, window_ms ORDER BY end_ms DESC, sequence DESC) AS nth"
        " FROM verdict) WHERE nth = 1 ORDER BY end_ms DESC, sequence DESC");
    while (sql_next(&sql, NULL) == 1)
        text_printf(&wanted, "%s\n", sql_get_text(&sql));
    sql_end(&sql);
    cr_assert_str_eq(text.data, wanted.data);
    text_release(&text);
    text_release(&wanted);
}

static void expect_incidents(struct store_query query, const char *wanted, int line)
{
    struct text text = {0};
    query.limit = query.limit ? query.limit : 100;
    expect_ok(store_sync_incidents(store, &query, note_incident, &text, &why));
    expect_text(&text, wanted, line);
}

Test(sqlite_read, incidents)
{
    struct store_incident incidents[] = {make_incident("i1", "resolved", 3),
                                         make_incident("i2", "firing", 1),
                                         make_incident("i3", "firing", 1)};
    incidents[0].resolved_ms = 250;
    incidents[1].opened_ms = 300;
    incidents[2].monitor = "n";
    incidents[2].version = "2";
    incidents[2].opened_ms = 200;
    put(NULL, 0, incidents, 3);
    static const char i1[] = "i1 m 1 r resolved t 100 200 250 #3\n";
    static const char i2[] = "i2 m 1 r firing t 300 200 0 #1\n";
    static const char i3[] = "i3 n 2 r firing t 200 200 0 #1\n";
    char all[256], open[256];
    snprintf(all, sizeof all, "%s%s%s", i2, i3, i1);
    snprintf(open, sizeof open, "%s%s", i2, i3);
    expect_incidents((struct store_query){0}, all, __LINE__);
    expect_incidents((struct store_query){.limit = 2}, open, __LINE__);
    expect_incidents((struct store_query){.state = "firing"}, open, __LINE__);
    expect_incidents((struct store_query){.monitor = "n"}, i3, __LINE__);
    expect_incidents((struct store_query){.version = "2"}, i3, __LINE__);
    expect_incidents((struct store_query){.since_ms = 251}, open, __LINE__);
    expect_incidents((struct store_query){.since_ms = 250}, all, __LINE__);
    expect_incidents((struct store_query){.until_ms = 200}, i1, __LINE__);
    expect_incidents((struct store_query){.since_ms = 251, .until_ms = 201}, i3, __LINE__);
    expect_incidents((struct store_query){.state = "nothing"}, "", __LINE__);
    expect_incidents((struct store_query){.incident = "i3"}, i3, __LINE__);
    expect_incidents((struct store_query){.incident = "i3", .monitor = "m"}, "", __LINE__);
    expect_incidents((struct store_query){.incident = "i"}, "", __LINE__);
    expect_incidents((struct store_query){.incident = ""}, "", __LINE__);
}
