#include <criterion/criterion.h>
#include <math.h>

#include "judge/tables.h"
#include "judge/watches.h"
#include "support/make_baseline.h"
#include "support/make_window.h"

#define PANE_MS   ((int64_t)300000)
#define WINDOW_MS ((int64_t)3600000)

struct fixture {
    struct baseline *baseline;
    struct layout *layout;
    struct random random;
    struct judge_state *state;
    struct judge_policy policy;
    struct judge_tables *tables;
    struct arena *arena;
    struct verdict_list verdicts;
    int64_t pane_ms;
};

static struct fixture open_fixture(void)
{
    struct fixture f = {
        .baseline = make_baseline_sample(), .random = random_new(6), .pane_ms = PANE_MS};
    f.layout = layout_new(f.baseline);
    f.state = judge_state_new();
    f.policy = judge_policy_of(0, 200, 1, 90 * DAY_MS, 1);
    f.arena = arena_new();
    return f;
}

static void use_tables(struct fixture *f)
{
    f->tables = judge_tables_new(&f->policy, f->baseline, NULL, f->pane_ms);
}

static void close_fixture(struct fixture *f)
{
    verdict_list_release(&f->verdicts);
    judge_tables_free(f->tables);
    judge_state_free(f->state);
    layout_free(f->layout);
    baseline_free(f->baseline);
    arena_free(f->arena);
}

/* Judges pane number `index` with these counts; returns how many verdicts it brought. */
static uint32_t judge_counts(struct fixture *f, const struct counts *counts, int64_t index,
                             uint32_t versions)
{
    struct judge_pane_input input = {.monitor = "shop",
                                     .version = "7",
                                     .generation = "0123456789abcdef",
                                     .start = {index * f->pane_ms},
                                     .end = {(index + 1) * f->pane_ms},
                                     .window_ms = WINDOW_MS,
                                     .counts = counts,
                                     .version_count = versions};
    f->verdicts.count = 0;
    judge_pane(&f->policy, &input, f->tables, f->state, f->arena, &f->verdicts);
    return f->verdicts.count;
}

static uint32_t pane(struct fixture *f, struct window_recipe recipe, int64_t index)
{
    struct counts *counts = make_window(f->layout, &recipe, &f->random);
    uint32_t found = judge_counts(f, counts, index, 1);
    counts_free(counts);
    return found;
}

/* Panes until the first verdict; -1 if there is none in `most`. */
static int64_t until_alarm(struct fixture *f, struct window_recipe recipe, int64_t first,
                           int64_t most)
{
    for (int64_t i = 0; i < most; i++)
        if (pane(f, recipe, first + i))
            return i;
    return -1;
}

static struct verdict window(struct fixture *f, struct window_recipe recipe, int64_t end_pane)
{
    struct counts *counts = make_window(f->layout, &recipe, &f->random);
    struct judge_input input = {.monitor = "shop",
                                .version = "7",
                                .generation = "0123456789abcdef",
                                .start = {end_pane * f->pane_ms - WINDOW_MS},
                                .end = {end_pane * f->pane_ms},
                                .window_ms = WINDOW_MS,
                                .counts = counts};
    f->verdicts.count = 0;
    judge_window(&f->policy, &input, f->state, f->arena, &f->verdicts);
    counts_free(counts);
    return f->verdicts.items[0]; /* of "amount" */
}

Test(pane, quiet_panes_say_nothing)
{
    struct fixture f = open_fixture();
    use_tables(&f);
    cr_expect_eq(until_alarm(&f, (struct window_recipe){.rows = 100}, 0, 600), -1);
    cr_expect_eq(until_alarm(&f, (struct window_recipe){.rows = 20000}, 600, 5), -1);
    close_fixture(&f);
}

Test(pane, shift_alarms_and_says_since_when)
{
    struct fixture f = open_fixture();
    use_tables(&f);
    cr_assert_eq(until_alarm(&f, (struct window_recipe){.rows = 100}, 0, 40), -1);
    int64_t delay = until_alarm(&f, (struct window_recipe){.rows = 100, .shift = .5}, 40, 40);
    cr_assert(delay >= 1 && delay < 12, "%d", (int)delay);
    cr_assert_eq(f.verdicts.count, 1);
    const struct verdict *v = &f.verdicts.items[0];
    cr_expect_str_eq(v->field, "amount");
    cr_expect_str_eq(v->segment, "");
    cr_expect_eq(v->method, METHOD_EDETECTOR);
    cr_expect_eq(v->state, STATE_DRIFT);
    cr_expect(v->significant && v->urgent && v->lingering);
    cr_expect_geq(v->severity, SEVERITY_MEDIUM, "%g", v->effect_low);
    cr_expect(v->reasons & 1u << REASON_LOCATION);
    cr_expect(!strncmp(v->detail, "location up", 11), "%s", v->detail);
    cr_expect_not_null(strstr(v->detail, " since 1970-01-01T03:"), "%s", v->detail);
    cr_expect_eq(v->window_ms, WINDOW_MS);
    cr_expect_eq(v->end.ms, (40 + delay + 1) * PANE_MS);
    cr_expect(llabs(v->start.ms - 40 * PANE_MS) <= 3 * PANE_MS, "%lld", (long long)v->start.ms);
    cr_expect(v->effect > .1 && v->effect < .5, "%g", v->effect);
    cr_expect_geq(v->log_evidence, v->log_threshold);
    cr_expect(fabs(log(v->p) + v->log_evidence) < 1e-9);
    /* 4 fields, 25,920 panes, half an alarm */
    cr_expect(fabs(v->log_threshold - log(4 * 25920 / .5)) < 1e-9);
    close_fixture(&f);
}

Test(pane, rates_are_bets_of_their_own)
{
    struct fixture f = open_fixture();
    use_tables(&f);
    int64_t delay = until_alarm(&f, (struct window_recipe){.rows = 100, .missing = .03}, 0, 20);
    cr_assert(delay >= 0 && delay < 8, "%d", (int)delay);
    const struct verdict *v = &f.verdicts.items[0];
    cr_expect(v->reasons & 1u << REASON_MISSING);
    cr_expect_not_null(strstr(v->detail, "missing 0 % → "), "%s", v->detail);
    cr_expect_geq(v->severity, SEVERITY_LOW);
    close_fixture(&f);
}

Test(pane, unseen_levels_alarm)
{
    struct fixture f = open_fixture();
    f.baseline->fields[2].others_complete = true;
    use_tables(&f);
    cr_assert_geq(until_alarm(&f, (struct window_recipe){.rows = 200, .unseen = .02}, 0, 20), 0);
    cr_expect_str_eq(f.verdicts.items[0].field, "channel");
    cr_expect(f.verdicts.items[0].reasons & 1u << REASON_UNSEEN);
    close_fixture(&f);
}

/* 0.3 % missing is certain and not worth an alarm; nor does it hide what is. */
Test(pane, trifles_are_silent_and_hide_nothing)
{
    struct fixture f = open_fixture();
    use_tables(&f);
    struct window_recipe trifle = {.rows = 20000, .missing = .003};
    cr_expect_eq(until_alarm(&f, trifle, 0, 10), -1);
    trifle.shift = .3;
    cr_expect_eq(until_alarm(&f, trifle, 10, 2), 0);
    cr_expect(f.verdicts.items[0].reasons & 1u << REASON_LOCATION);
    close_fixture(&f);
}

Test(pane, empty_panes_change_nothing)
{
    struct fixture f = open_fixture();
    struct text before = {0}, after = {0};
    use_tables(&f);
    pane(&f, (struct window_recipe){.rows = 100, .shift = .3}, 0);
    judge_state_format(f.state, &before);
    judge_counts(&f, NULL, 1, 1);
    judge_state_format(f.state, &after);
    cr_expect_str_eq(before.data, after.data);
    text_release(&before);
    text_release(&after);
    close_fixture(&f);
}

/* judge(state, pane) -> (state', verdicts): a state that goes through text after every pane says
 * and is the same, through alarms, too. */
Test(pane, state_survives_its_text)
{
    struct fixture a = open_fixture(), b = open_fixture();
    use_tables(&a);
    use_tables(&b);
    int alarms = 0;
    for (int i = 0; i < 120; i++) {
        struct text text = {0}, again = {0};
        struct err err;
        struct window_recipe recipe = {.rows = 60, .shift = i / 30 % 2 ? .6 : 0};
        struct counts *counts = make_window(a.layout, &recipe, &a.random);
        alarms += judge_counts(&a, counts, i, 1) > 0;
        judge_counts(&b, counts, i, 1);
        cr_assert_eq(a.verdicts.count, b.verdicts.count);
        for (uint32_t k = 0; k < a.verdicts.count; k++)
            cr_assert(!strcmp(a.verdicts.items[k].detail, b.verdicts.items[k].detail));
        judge_state_format(b.state, &text);
        judge_state_free(b.state);
        b.state = judge_state_parse(bytes_make(text.data, text.size), &err);
        cr_assert_not_null(b.state);
        judge_state_format(a.state, &again);
        cr_assert_str_eq(text.data, again.data, "pane %d", i);
        text_release(&text);
        text_release(&again);
        counts_free(counts);
    }
    cr_expect_geq(alarms, 2);
    close_fixture(&a);
    close_fixture(&b);
}

/* While the alarm holds the windows linger; when twice as many records have come, they do not, and
 * too few records are enough to say so. */
Test(pane, alarm_holds_and_ends)
{
    struct fixture f = open_fixture();
    const struct window_recipe quiet = {.rows = 100}, few = {.rows = 100};
    use_tables(&f);
    cr_assert_not(window(&f, (struct window_recipe){.rows = 1000}, 0).lingering);
    cr_assert_geq(until_alarm(&f, (struct window_recipe){.rows = 100, .shift = 1}, 0, 10), 0);
    cr_expect(window(&f, (struct window_recipe){.rows = 1000}, 10).lingering);
    cr_expect_eq(window(&f, few, 11).state, STATE_INSUFFICIENT);
    cr_assert_eq(until_alarm(&f, quiet, 10, 14), -1);
    cr_expect_not(window(&f, (struct window_recipe){.rows = 1000}, 24).lingering);
    cr_expect_eq(window(&f, few, 24).state, STATE_OK);
    cr_assert_eq(until_alarm(&f, quiet, 24, 80), -1);
    cr_expect_eq(window(&f, few, 104).state, STATE_INSUFFICIENT, "forgotten");
    close_fixture(&f);
}

/* With panes of a minute a large drift alarms every minute, and is told every five. */
Test(pane, lasting_drift_is_told_once_a_hop)
{
    struct fixture f = open_fixture();
    f.pane_ms = MINUTE_MS;
    use_tables(&f);
    uint32_t told = 0;
    int64_t since = -1;
    for (int i = 0; i < 60; i++) {
        told += pane(&f, (struct window_recipe){.rows = 1000, .shift = 1}, i);
        if (f.verdicts.count && since < 0)
            since = f.verdicts.items[0].start.ms;
        if (f.verdicts.count)
            cr_expect_eq(f.verdicts.items[0].start.ms, since, "one episode, one beginning");
    }
    cr_expect_eq(told, 12);
    close_fixture(&f);
}

Test(pane, versions_share_the_budget_and_keep_their_share)
{
    struct fixture f = open_fixture();
    double thresholds[3];
    const uint32_t beside[3] = {1, 3, 1};
    struct window_recipe recipe = {.rows = 2000, .shift = 1};
    use_tables(&f);
    for (int i = 0; i < 3; i++) {
        struct counts *counts = make_window(f.layout, &recipe, &f.random);
        cr_assert_eq(judge_counts(&f, counts, 100 * i, beside[i]), 1);
        thresholds[i] = f.verdicts.items[0].log_threshold;
        counts_free(counts);
    }
    cr_expect(fabs(thresholds[1] - thresholds[0] - log(3)) < 1e-12);
    cr_expect_eq(thresholds[2], thresholds[1]);
    close_fixture(&f);
}

Test(pane, design_effect_tempers)
{
    struct fixture f = open_fixture();
    f.baseline->fields[0].effects[0] = (struct design_effect){.window_ms = WINDOW_MS,
                                                              .windows = 30,
                                                              .components = {20, 20, 20, 20},
                                                              .rest = 20,
                                                              .missing = 20};
    f.baseline->fields[0].effect_count = 1;
    use_tables(&f);
    cr_expect_eq(until_alarm(&f, (struct window_recipe){.rows = 100, .shift = .5}, 0, 30), -1);
    cr_expect_eq(tables_field(f.tables, 0)->phi, 20);
    close_fixture(&f);
}

/* Nobody watches a label, what is ignored, or what the baseline hardly knows; and they take no
 * share of the budget. */
Test(pane, only_monitored_fields_are_watched)
{
    struct fixture f = open_fixture();
    const bool ignored[4] = {false, true, false, false};
    f.baseline->fields[2].role = ROLE_LABEL;
    f.baseline->fields[3].valid = 199;
    f.tables = judge_tables_new(&f.policy, f.baseline, ignored, PANE_MS);
    cr_expect_eq(f.tables->watched, 1);
    cr_assert_eq(pane(&f, (struct window_recipe){.rows = 2000, .shift = 1, .unseen = .5}, 0), 1);
    cr_expect(fabs(f.verdicts.items[0].log_threshold - log(25920 / .5)) < 1e-9);
    close_fixture(&f);
}

Test(pane, tables_are_built_a_few_at_a_time)
{
    struct fixture f = open_fixture();
    use_tables(&f);
    cr_expect_not(judge_tables_build(f.tables, 3));
    cr_expect(judge_tables_build(f.tables, 1));
    cr_expect(judge_tables_build(f.tables, 0));
    const struct field_table *amount = tables_field(f.tables, 0);
    cr_expect_eq(amount->cells, 20);
    cr_expect_eq(amount->cell_of[0], 0);
    cr_expect_eq(amount->cell_of[f.baseline->fields[0].cell_count - 1], 17);
    int64_t sum = 0;
    for (uint32_t i = 0; i < amount->cells; i++)
        sum += amount->base[i];
    cr_expect_eq(sum, f.baseline->fields[0].valid);
    close_fixture(&f);
}

Test(pane, versions_of_long_ago_are_forgotten)
{
    struct fixture f = open_fixture();
    struct text text = {0};
    use_tables(&f);
    pane(&f, (struct window_recipe){.rows = 100}, 9);
    judge_state_prune(f.state, 10 * PANE_MS);
    judge_state_format(f.state, &text);
    cr_expect_not_null(strstr(text.data, "\"7\""));
    judge_state_prune(f.state, 10 * PANE_MS + 1);
    text_clear(&text);
    judge_state_format(f.state, &text);
    cr_expect_null(strstr(text.data, "\"7\""));
    text_release(&text);
    close_fixture(&f);
}

Test(pane, damaged_text_is_refused)
{
    static const char *const bad[] = {
        "[]",
        "{\"7\":1}",
        "{\"7\":[1,1]}",
        "{\"7\":[1,0,[]]}",
        "{\"7\":[1,1,[1]]}",
        "{\"7\":[1,1,[\"x\"]]}",
        "{\"7\":[1,1,[\"3,2,0\"]]}",
        "{\"7\":[1,1,[\"3,2,0;;z2,;z2,\"]]}",
        "{\"7\":[1,1,[\"3,2,0;;z2,;z4,\"]]}",
        "{\"7\":[1,1,[\"3,2,0;;z2,;z3,0\"]]}",
        "{\"7\":[1,1,[\"3,2,0;;z2,;z2,7f800000\"]]}",
        "{\"7\":[1,1,[\"3,2,0;;z2,;z2,ffc00000\"]]}",
        "{\"7\":[1,1,[\"3,2,0;;z2,;z2,3f80000\"]]}",
        "{\"7\":[1,1,[\"3,99,0;;z99,;z3,\"]]}",
        "{\"7\":[1,1,[\"9999,2,0;;z2,;z9999,\"]]}",
        "{\"7\":[1,1,[\"3,2,0;1,2,3;z2,;z3,\"]]}",
        "{\"7\":[1,1,[\"3,2,99999999999999999999;;z2,;z3,\"]]}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct watches watches = {0};
        struct err err = {0};
        json_t *json = json_loads(bad[i], 0, NULL);
        cr_assert_not_null(json, "%s", bad[i]);
        cr_expect_eq(watches_from_json(json, &watches, &err), ERR_INVALID, "%s", bad[i]);
        cr_expect_eq(watches.count, 0);
        json_decref(json);
    }
    struct watches watches = {0};
    json_t *json = json_loads("{\"7\":[1,1,[\"\",\"3,2,-5;;z2,;z2,3f800000\"]]}", 0, NULL);
    cr_expect_eq(watches_from_json(json, &watches, NULL), 0);
    cr_expect_eq(watches.versions[0].fields[1]->detector.r[2], 1);
    json_t *again = watches_to_json(&watches);
    cr_expect(json_equal(json, again));
    json_decref(json);
    json_decref(again);
    watches_release(&watches);
}
