#include <criterion/criterion.h>
#include <jansson.h>
#include <math.h>

#include "judge/histogram.h"
#include "judge/judge.h"
#include "stats/evidence.h"
#include "support/make_baseline.h"
#include "support/make_window.h"

#define WINDOW_MS ((int64_t)3600000)

struct fixture {
    struct baseline *baseline;
    struct layout *layout;
    struct random random;
    struct judge_state *state;
    struct judge_policy policy;
    struct arena *arena;
    struct verdict_list verdicts;
};

static struct fixture open_fixture(void)
{
    struct fixture f = {.baseline = make_baseline_sample(), .random = random_new(5)};
    f.layout = layout_new(f.baseline);
    f.state = judge_state_new();
    f.policy = judge_policy_of(0, 200, 1, 90 * DAY_MS, 1);
    f.arena = arena_new();
    return f;
}

static void close_fixture(struct fixture *f)
{
    verdict_list_release(&f->verdicts);
    judge_state_free(f->state);
    layout_free(f->layout);
    baseline_free(f->baseline);
    arena_free(f->arena);
}

/* Judges one window that ends after `windows` whole windows. */
static void look(struct fixture *f, struct window_recipe recipe, int64_t windows,
                 const bool *ignored)
{
    struct counts *counts = make_window(f->layout, &recipe, &f->random);
    struct judge_input input = {.monitor = "shop",
                                .version = "7",
                                .generation = "0123456789abcdef",
                                .start = {(windows - 1) * WINDOW_MS},
                                .end = {windows * WINDOW_MS},
                                .window_ms = WINDOW_MS,
                                .counts = counts,
                                .ignored = ignored};
    f->verdicts.count = 0;
    judge_window(&f->policy, &input, f->state, f->arena, &f->verdicts);
    counts_free(counts);
}

static const struct verdict *verdict_of(const struct fixture *f, const char *field,
                                        const char *segment)
{
    for (uint32_t i = 0; i < f->verdicts.count; i++)
        if (!strcmp(f->verdicts.items[i].field, field) &&
            !strcmp(f->verdicts.items[i].segment, segment))
            return &f->verdicts.items[i];
    return NULL;
}

Test(judge, quiet_data_are_ok)
{
    struct fixture f = open_fixture();
    for (int i = 1; i <= 50; i++) {
        look(&f, (struct window_recipe){.rows = 1000}, i, NULL);
        cr_assert_geq(f.verdicts.count, 4);
        for (uint32_t k = 0; k < f.verdicts.count; k++)
            /* The sample's segment marginals are made up; only whole windows come from the
             * baseline. */
            cr_assert(f.verdicts.items[k].segment[0] || f.verdicts.items[k].state != STATE_DRIFT,
                      "window %d %s %s", i, f.verdicts.items[k].field, f.verdicts.items[k].detail);
    }
    close_fixture(&f);
}

Test(judge, large_shift_is_urgent_and_says_so)
{
    struct fixture f = open_fixture();
    look(&f, (struct window_recipe){.rows = 2000, .shift = 1}, 1, NULL);
    const struct verdict *v = verdict_of(&f, "amount", "");
    cr_assert_eq(v->state, STATE_DRIFT);
    cr_assert(v->urgent && v->significant);
    cr_assert_eq(v->severity, SEVERITY_HIGH);
    cr_assert(v->reasons & 1u << REASON_LOCATION);
    cr_assert_not_null(strstr(v->detail, "location up"), "%s", v->detail);
    cr_assert_lt(v->log10_p, -20);
    cr_assert_eq(verdict_of(&f, "age", "")->state, STATE_OK);
    close_fixture(&f);
}

/* 0.18 sd at n = 1000 is beyond the gate and not urgent: one window is not enough, two of three
 * are. */
Test(judge, moderate_shift_needs_two_windows)
{
    struct fixture f = open_fixture();
    f.policy.alarms = 1e-3; /* urgent only far out */
    f.policy.delta_0 = 0;
    int first = 0;
    for (int i = 1; i <= 12 && !first; i++) {
        look(&f, (struct window_recipe){.rows = 1000, .shift = .3}, i, NULL);
        const struct verdict *v = verdict_of(&f, "amount", "");
        if (v->state == STATE_DRIFT && !v->urgent)
            first = i;
        if (i == 1)
            cr_assert_neq(v->state == STATE_DRIFT && !v->urgent, 1, "one window was enough");
    }
    cr_assert_geq(first, 2);
    close_fixture(&f);
}

Test(judge, missing_values_are_seen_at_once)
{
    struct fixture f = open_fixture();
    look(&f, (struct window_recipe){.rows = 1000, .missing = .5}, 1, NULL);
    const struct verdict *v = verdict_of(&f, "amount", "");
    cr_assert_eq(v->state, STATE_DRIFT);
    cr_assert_eq(v->severity, SEVERITY_HIGH);
    cr_assert(v->reasons & 1u << REASON_MISSING);
    cr_assert_eq(v->reasons & 1u << REASON_LOCATION, 0);
    cr_assert_not_null(strstr(v->detail, "missing 0 %"), "%s", v->detail);
    close_fixture(&f);
}

Test(judge, unseen_categories_and_moved_levels)
{
    struct fixture f = open_fixture();
    look(&f, (struct window_recipe){.rows = 2000, .unseen = .05}, 1, NULL);
    cr_assert(verdict_of(&f, "channel", "")->reasons & 1u << REASON_UNSEEN);
    look(&f, (struct window_recipe){.rows = 2000, .partner = .3}, 2, NULL);
    const struct verdict *v = verdict_of(&f, "channel", "");
    cr_assert(v->reasons & 1u << REASON_CELLS);
    cr_assert_not_null(strstr(v->detail, "partner"), "%s", v->detail);
    close_fixture(&f);
}

Test(judge, too_few_records_are_insufficient_and_none_are_silent)
{
    struct fixture f = open_fixture();
    look(&f, (struct window_recipe){.rows = 199, .shift = 3}, 1, NULL);
    cr_assert_eq(verdict_of(&f, "amount", "")->state, STATE_INSUFFICIENT);
    cr_assert_not(verdict_of(&f, "amount", "")->significant);
    look(&f, (struct window_recipe){.rows = 0}, 2, NULL);
    cr_assert_eq(verdict_of(&f, "amount", "")->state, STATE_SILENT);
    close_fixture(&f);
}

Test(judge, trifles_do_not_alarm_at_any_size)
{
    struct fixture f = open_fixture();
    look(&f, (struct window_recipe){.rows = 100000, .shift = .04}, 1, NULL);
    cr_assert_not(verdict_of(&f, "amount", "")->significant);
    close_fixture(&f);
}

Test(judge, segments_are_judged_by_their_own_marginal)
{
    struct fixture f = open_fixture();
    look(&f, (struct window_recipe){.rows = 4000}, 1, NULL);
    cr_assert_not_null(verdict_of(&f, "amount", "channel=web"));
    cr_assert_null(verdict_of(&f, "channel", "channel=web"));
    close_fixture(&f);
}

Test(judge, ignored_fields_have_no_verdict)
{
    struct fixture f = open_fixture();
    const bool ignored[4] = {true, false, false, false};
    look(&f, (struct window_recipe){.rows = 1000, .shift = 3}, 1, ignored);
    cr_assert_null(verdict_of(&f, "amount", ""));
    cr_assert_not_null(verdict_of(&f, "age", ""));
    close_fixture(&f);
}

Test(judge, design_effect_silences_clustered_data)
{
    struct fixture f = open_fixture();
    struct baseline_field *amount = &f.baseline->fields[0];
    amount->effects[0] = (struct design_effect){.window_ms = WINDOW_MS,
                                                .windows = 30,
                                                .components = {400, 400, 400, 400},
                                                .rest = 400,
                                                .missing = 400};
    amount->effect_count = 1;
    look(&f, (struct window_recipe){.rows = 2000, .shift = .4}, 1, NULL);
    cr_assert_not(verdict_of(&f, "amount", "")->significant);
    close_fixture(&f);
}

/* judge(state, window) -> (state', verdicts): state as text in between changes nothing. */
Test(judge, state_survives_its_text)
{
    struct fixture a = open_fixture(), b = open_fixture();
    for (int i = 1; i <= 6; i++) {
        struct window_recipe recipe = {.rows = 1000, .shift = i % 2 ? .35 : 0};
        look(&a, recipe, i, NULL);
        struct text text = {0}, again = {0};
        judge_state_format(b.state, &text);
        judge_state_free(b.state);
        struct err err;
        b.state = judge_state_parse(bytes_make(text.data, text.size), &err);
        cr_assert_not_null(b.state);
        judge_state_format(b.state, &again);
        cr_assert_str_eq(text.data, again.data);
        look(&b, recipe, i, NULL);
        text_release(&text);
        text_release(&again);
        for (uint32_t k = 0; k < a.verdicts.count; k++) {
            struct text x = {0}, y = {0};
            verdict_format(&a.verdicts.items[k], &x);
            verdict_format(&b.verdicts.items[k], &y);
            cr_assert_str_eq(x.data, y.data);
            text_release(&x);
            text_release(&y);
        }
    }
    close_fixture(&a);
    close_fixture(&b);
}

Test(judge, damaged_state_is_refused)
{
    static const char *const bad[] = {
        "", "{", "[]", "{}", "{\"format\":2,\"rings\":{}}", "{\"format\":1}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct err err = {0};
        cr_assert_null(judge_state_parse(bytes_of(bad[i]), &err), "%s", bad[i]);
        cr_assert_eq(err.code, ERR_INVALID);
    }
}

Test(judge, ids_are_unique_and_stable)
{
    struct fixture f = open_fixture();
    look(&f, (struct window_recipe){.rows = 4000}, 1, NULL);
    for (uint32_t i = 0; i < f.verdicts.count; i++)
        for (uint32_t k = 0; k < i; k++)
            cr_assert_str_neq(f.verdicts.items[i].id, f.verdicts.items[k].id);
    /* sha256 of "shop|0123456789abcdef|7||amount|3600000|3600000", as a UUID of version 8
     * (coreutils' sha256sum) */
    cr_assert_eq(f.verdicts.items[0].id[14], '8');
    char id[ID_BYTES];
    id_from_name(bytes_of("shop|0123456789abcdef|7||amount|3600000|3600000"), id);
    cr_assert_str_eq(f.verdicts.items[0].id, id);
    close_fixture(&f);
}

Test(judge, verdicts_are_json_with_null_for_what_is_not_defined)
{
    struct fixture f = open_fixture();
    look(&f, (struct window_recipe){.rows = 0}, 1, NULL);
    for (uint32_t i = 0; i < f.verdicts.count; i++) {
        struct text text = {0};
        verdict_format(&f.verdicts.items[i], &text);
        json_t *json = json_loads(text.data, JSON_REJECT_DUPLICATES, NULL);
        cr_assert_not_null(json);
        cr_assert(json_is_null(
            json_object_get(json_object_get(json_object_get(json, "scores"), "psi"), "value")));
        cr_assert_str_eq(json_string_value(json_object_get(json, "state")), "silent");
        json_decref(json);
        text_release(&text);
    }
    close_fixture(&f);
}

Test(judge, levels_keep_the_budget)
{
    struct judge_policy policy = judge_policy_of(0, 200, 1, 90 * DAY_MS, 2);
    double spent = 0;
    for (int w = 0; w < 2; w++) {
        int64_t window_ms = w ? DAY_MS : WINDOW_MS;
        double looks = (double)(90 * DAY_MS) / (double)(window_ms / 12);
        for (uint32_t tests = 1; tests <= 500; tests *= 5) {
            struct judge_levels levels = judge_levels_of(&policy, window_ms, tests);
            double expected = looks * (tests * levels.urgent + 2 * levels.q * levels.q);
            cr_assert_leq(expected, .25 + 1e-9, "%d %u", w, tests);
            cr_assert_leq(levels.q, .05);
            spent = expected;
        }
    }
    cr_assert_gt(spent, 0);
}

Test(judge, histogram_adds_up_to_one)
{
    struct fixture f = open_fixture();
    struct window_recipe recipe = {.rows = 1000, .missing = .25, .unseen = .1};
    struct counts *counts = make_window(f.layout, &recipe, &f.random);
    for (uint32_t field = 0; field < 4; field++) {
        struct text text = {0};
        histogram_format(counts, field, &text);
        json_t *json = json_loads(text.data, 0, NULL), *share;
        const char *sides[] = {"baseline", "live"};
        for (int s = 0; s < 2; s++) {
            double sum = 0;
            size_t i;
            json_array_foreach(json_object_get(json, sides[s]), i, share) sum +=
                json_number_value(share);
            cr_assert_float_eq(sum, 1, 1e-3, "%u %s %g", field, sides[s], sum);
            cr_assert_eq(json_array_size(json_object_get(json, "labels")), i);
        }
        json_decref(json);
        text_release(&text);
    }
    counts_free(counts);
    close_fixture(&f);
}

/* statistics.md 7.2: significant below 0.02 is a notice. */
Test(judge, severity_of_small_effects)
{
    struct fixture f = open_fixture();
    f.policy = judge_policy_of(1, 200, 1, 90 * DAY_MS, 1); /* sensitivity: high */
    look(&f, (struct window_recipe){.rows = 50000, .partner = .03}, 1, NULL);
    const struct verdict *v = verdict_of(&f, "channel", "");
    cr_assert(v->significant && v->effect < .02, "%g", v->effect);
    cr_assert_eq(v->severity, SEVERITY_NOTICE);
    look(&f, (struct window_recipe){.rows = 50000, .partner = .05}, 2, NULL);
    v = verdict_of(&f, "channel", "");
    cr_assert(v->significant && v->effect > .02 && v->effect_low < .1, "%g", v->effect);
    cr_assert_eq(v->severity, SEVERITY_LOW);
    close_fixture(&f);
}

/* A rate that passed its gate in points is worth telling, however small on the PSI scale; it is
 * high from 5 % and three times the baseline's. */
Test(judge, severity_of_rates)
{
    struct fixture f = open_fixture();
    f.baseline->fields[0].missing = 2500; /* of 12,500 */
    look(&f, (struct window_recipe){.rows = 50000, .missing = .23}, 1, NULL);
    const struct verdict *v = verdict_of(&f, "amount", "");
    cr_assert(v->significant && v->effect < .02, "%g", v->effect);
    cr_assert_eq(v->severity, SEVERITY_LOW);
    f.baseline->fields[0].missing = 204; /* 2 % */
    look(&f, (struct window_recipe){.rows = 8000, .missing = .068}, 2, NULL);
    v = verdict_of(&f, "amount", "");
    cr_assert(v->effect_low < .1, "%g", v->effect_low);
    cr_assert_eq(v->severity, SEVERITY_HIGH);
    look(&f, (struct window_recipe){.rows = 8000, .missing = .045}, 3, NULL);
    v = verdict_of(&f, "amount", "");
    cr_assert(v->significant && v->effect_low < .1, "%g", v->effect_low);
    cr_assert_eq(v->severity, SEVERITY_LOW);
    close_fixture(&f);
}

Test(judge, clustered_records_say_less_about_the_effect)
{
    struct fixture f = open_fixture();
    struct baseline_field *amount = &f.baseline->fields[0];
    amount->effects[0] = (struct design_effect){
        .window_ms = WINDOW_MS, .windows = 60, .components = {9, 9, 9, 9}, .rest = 9, .missing = 9};
    amount->effect_count = 1;
    look(&f, (struct window_recipe){.rows = 2000, .shift = .57}, 1, NULL);
    const struct verdict *v = verdict_of(&f, "amount", "");
    double independent = v->comparison.n_effective / 9;
    cr_assert(v->significant && v->reasons & 1u << REASON_LOCATION);
    cr_assert_leq(v->effect_low, effect_low(v->effect, 1, independent) + 1e-12);
    cr_assert_gt(effect_low(v->effect, 1, v->comparison.n_effective), .25);
    cr_assert_eq(v->severity, SEVERITY_MEDIUM, "%g", v->effect_low);
    close_fixture(&f);
}

Test(judge, answers_that_no_window_looks_back_to_are_forgotten)
{
    struct fixture f = open_fixture();
    struct text text = {0};
    look(&f, (struct window_recipe){.rows = 2000, .shift = 1}, 3, NULL);
    judge_state_prune(f.state, 3 * WINDOW_MS);
    judge_state_format(f.state, &text);
    cr_assert(strstr(text.data, "7|1h||amount"), "%s", text.data);
    judge_state_prune(f.state, 3 * WINDOW_MS + 1);
    text_clear(&text);
    judge_state_format(f.state, &text);
    cr_assert_null(strstr(text.data, "amount"), "%s", text.data);
    text_release(&text);
    close_fixture(&f);
}
