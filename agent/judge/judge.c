/* judge(state, window) -> (state', verdicts). One look at one window of one model version: compare
 * every field, test it, choose among all tests at once, remember the answers. Refuses to know where
 * counts come from and whom verdicts are told. */
#include "judge/judge.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "judge/conclude.h"
#include "judge/detail.h"
#include "judge/rings.h"
#include "stats/evidence.h"

#define LINGERING_P .05

enum { BASELINE_ROWS_MIN = 200, HITS = 2, OF_WINDOWS = 3 };

struct judge_policy judge_policy_of(int sensitivity, int64_t min_count, uint32_t alarms,
                                    int64_t alarm_period_ms, uint32_t window_count)
{
    /* normal, high, low: statistics.md 7.2 */
    static const double delta_0[] = {.005, .001, .02}, delta_1[] = {.02, .005, .1};
    return (struct judge_policy){.delta_0 = delta_0[sensitivity],
                                 .delta_1 = delta_1[sensitivity],
                                 .rate_delta = .005,
                                 .tail_delta = .002,
                                 .gamma = 1e-3,
                                 .min_count = min_count,
                                 .alarms = alarms,
                                 .alarm_period_ms = alarm_period_ms,
                                 .window_count = window_count};
}

static struct judge_levels levels_beside(const struct judge_policy *policy, int64_t window_ms,
                                         uint32_t tests, uint32_t version_count)
{
    double looks = (double)policy->alarm_period_ms / ((double)window_ms / RING_HOPS);
    /* Half of the budget is the e-detector's; each length has two ways to alarm. */
    double share = policy->alarms / 2 / policy->window_count / 2;
    double per_look = share / fmax(looks, 1) / version_count;
    return (struct judge_levels){.urgent = per_look / tests, .q = fmin(.05, sqrt(per_look / 2))};
}

struct judge_levels judge_levels_of(const struct judge_policy *policy, int64_t window_ms,
                                    uint32_t tests)
{
    return levels_beside(policy, window_ms, tests, 1);
}

struct judge_state *judge_state_new(void)
{
    struct judge_state *state = mem_new(1, sizeof *state);
    state->rings = rings_new();
    return state;
}

void judge_state_free(struct judge_state *state)
{
    if (state) {
        rings_free(state->rings);
        watches_release(&state->watches);
    }
    free(state);
}

void judge_state_format(const struct judge_state *state, struct text *text)
{
    json_t *json = json_pack("{s:i,s:o,s:o}", "format", 1, "rings", rings_to_json(state->rings),
                             "watches", watches_to_json(&state->watches));
    char *dump = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
    text_puts(text, dump ? dump : "{}");
    free(dump);
    json_decref(json);
}

/* A state without e-detectors, from before there were any, lets them begin. */
static struct judge_state *state_from_json(const json_t *json, struct err *reterr)
{
    const json_t *watches = json_object_get(json, "watches");
    struct judge_state state = {0};
    if (json_integer_value(json_object_get(json, "format")) != 1) {
        err_set(reterr, ERR_INVALID, "judge state has an unknown format");
        return NULL;
    }
    if (watches && watches_from_json(watches, &state.watches, reterr) != 0)
        return NULL;
    state.rings = rings_from_json(json_object_get(json, "rings"), reterr);
    if (!state.rings) {
        watches_release(&state.watches);
        return NULL;
    }
    struct judge_state *parsed = mem_new(1, sizeof *parsed);
    *parsed = state;
    return parsed;
}

struct judge_state *judge_state_parse(struct bytes text, struct err *reterr)
{
    json_t *json = json_loadb(text.data, text.size, JSON_REJECT_DUPLICATES, NULL);
    struct judge_state *state = state_from_json(json, reterr);
    json_decref(json);
    return state;
}

void judge_state_prune(struct judge_state *state, int64_t before_ms)
{
    rings_prune(state->rings, before_ms);
    watches_prune(&state->watches, before_ms);
}

void verdict_list_release(struct verdict_list *list)
{
    free(list->items);
    *list = (struct verdict_list){0};
}

/* One test waiting for the choice among all of the look. */
struct pending {
    uint32_t verdict; /* index in the list */
    const struct baseline_field *field;
    struct tested tested;
    bool judged; /* took part in the tests */
};

struct look {
    const struct judge_policy *policy;
    const struct judge_input *input;
    struct arena *names;
    struct verdict_list *verdicts;
    struct pending *pending;
    uint32_t count, capacity;
};

static struct verdict *look_add(struct look *look, const struct baseline_field *field,
                                const char *segment, struct pending **ret_pending)
{
    const struct judge_input *input = look->input;
    struct verdict *verdict = verdict_append(look->verdicts);
    verdict->monitor = input->monitor;
    verdict->version = input->version;
    verdict->segment = segment;
    verdict->field = arena_text(look->names, bytes_of(field->name));
    memcpy(verdict->generation, input->generation, sizeof verdict->generation);
    verdict->start = input->start;
    verdict->end = input->end;
    verdict->window_ms = input->window_ms;
    verdict->provisional = input->provisional;
    verdict->p = 1;
    if (look->count == look->capacity) {
        look->capacity = look->capacity ? look->capacity * 2 : 64;
        look->pending = mem_resize(look->pending, look->capacity, sizeof *look->pending);
    }
    *ret_pending = &look->pending[look->count++];
    memset(*ret_pending, 0, sizeof **ret_pending);
    (*ret_pending)->verdict = look->verdicts->count - 1;
    (*ret_pending)->field = field;
    return verdict;
}

static enum verdict_state state_before_tests(const struct look *look, int64_t records,
                                             const struct comparison *comparison)
{
    if (records == 0)
        return STATE_SILENT;
    if (records < look->policy->min_count)
        return STATE_INSUFFICIENT;
    return comparison->m < BASELINE_ROWS_MIN ? STATE_LEARNING : STATE_OK;
}

static void look_test(struct look *look, struct verdict *verdict, struct pending *pending,
                      bool is_segment)
{
    const struct comparison *comparison = &verdict->comparison;
    struct design_effect effect = baseline_effect(pending->field, look->input->window_ms);
    verdict->state = state_before_tests(look, comparison->total, comparison);
    test_comparison(look->policy, pending->field, &effect, comparison, is_segment,
                    &pending->tested);
    verdict->effect = pending->tested.effect;
    verdict->effect_low = pending->tested.effect_low;
    pending->judged = verdict->state == STATE_OK;
    if (pending->judged) {
        verdict->p = exp(pending->tested.log_p);
        verdict->log10_p = pending->tested.log_p / M_LN10;
    }
}

static bool is_monitored(const struct look *look, uint32_t field)
{
    enum field_role role = look->input->counts->layout->baseline->fields[field].role;
    return (role == ROLE_FEATURE || role == ROLE_PREDICTION) &&
           !(look->input->ignored && look->input->ignored[field]);
}

static void look_fields(struct look *look)
{
    const struct counts *counts = look->input->counts;
    const struct baseline *baseline = counts->layout->baseline;
    for (uint32_t i = 0; i < baseline->field_count; i++) {
        struct pending *pending;
        if (!is_monitored(look, i))
            continue;
        struct verdict *verdict = look_add(look, &baseline->fields[i], "", &pending);
        compare_field(counts, i, &verdict->comparison);
        look_test(look, verdict, pending, false);
    }
}

static const char *segment_name(struct look *look, uint32_t segment, uint32_t value)
{
    const struct baseline *baseline = look->input->counts->layout->baseline;
    const struct baseline_segment *s = &baseline->segments[segment];
    const struct baseline_field *field = &baseline->fields[s->field];
    return arena_printf(look->names, "%s=%s", field->name,
                        value < s->value_count ? field->levels[value] : "(other)");
}

/* Segment values with too few records say nothing at all: there may be a hundred of them. */
static void look_segment_value(struct look *look, uint32_t segment, uint32_t value)
{
    const struct counts *counts = look->input->counts;
    const struct baseline *baseline = counts->layout->baseline;
    if (counts->cells[counts->layout->segments[segment].rows + value] < look->policy->min_count)
        return;
    const char *name = segment_name(look, segment, value);
    for (uint32_t i = 0; i < baseline->field_count; i++) {
        struct pending *pending;
        if (!is_monitored(look, i) || i == baseline->segments[segment].field)
            continue;
        struct verdict *verdict = look_add(look, &baseline->fields[i], name, &pending);
        compare_segment(counts, segment, value, i, &verdict->comparison);
        look_test(look, verdict, pending, true);
    }
}

static void look_segments(struct look *look)
{
    const struct layout *layout = look->input->counts->layout;
    for (uint32_t s = 0; s < layout->segment_count; s++)
        for (uint32_t v = 0; v < layout->segments[s].value_count; v++)
            look_segment_value(look, s, v);
}

static struct ring *ring_of(struct judge_state *state, const struct verdict *verdict)
{
    struct text name = {0};
    char window[24];
    text_printf(&name, "%s|%s|%s|%s", verdict->version, duration_format(verdict->window_ms, window),
                verdict->segment, verdict->field);
    struct ring *ring = rings_at(state->rings, bytes_make(name.data, name.size));
    text_release(&name);
    return ring;
}

/* The verdicts of the shortest window carry on what the e-detector began (judge_pane). */
static void follow_alarm(const struct look *look, const struct judge_state *state,
                         const struct pending *pending, struct verdict *verdict)
{
    const struct baseline *baseline = look->input->counts->layout->baseline;
    const struct watch *watch = verdict->segment[0]
                                    ? NULL
                                    : watches_find(&state->watches, verdict->version,
                                                   (uint32_t)(pending->field - baseline->fields));
    if (!watch || watch->episode.window_ms != verdict->window_ms)
        return;
    if (watch_holds(watch))
        verdict->lingering = true;
    else if (watch_is_over(watch) && verdict->state == STATE_INSUFFICIENT)
        verdict->state = STATE_OK;
}

static void conclude(struct look *look, struct judge_state *state, struct pending *pending,
                     bool rejected, const struct judge_levels *levels)
{
    struct verdict *verdict = &look->verdicts->items[pending->verdict];
    verdict_set_id(verdict);
    struct ring *ring = ring_of(state, verdict);
    verdict->urgent = pending->judged && pending->tested.log_p <= log(levels->urgent);
    verdict->significant = pending->judged && (rejected || verdict->urgent);
    verdict->lingering = pending->judged && pending->tested.log_p <= log(LINGERING_P);
    follow_alarm(look, state, pending, verdict);
    ring_push(ring, verdict->end.ms, verdict->window_ms / RING_HOPS, verdict->significant);
    if (!verdict->significant)
        return;
    verdict->reasons = reasons_at(&pending->tested, levels->q);
    verdict->severity = severity_of(verdict, &pending->tested);
    detail_format(verdict, pending->field, &pending->tested, verdict->detail,
                  sizeof verdict->detail);
    if (verdict->urgent || ring_hits(ring, OF_WINDOWS) >= HITS)
        verdict->state = STATE_DRIFT;
}

static void look_conclude(struct look *look, struct judge_state *state)
{
    double *log_p = mem_new(look->count, sizeof *log_p);
    bool *reject = mem_new(look->count, sizeof *reject);
    uint32_t tests = 0;
    for (uint32_t i = 0; i < look->count; i++)
        if (look->pending[i].judged)
            log_p[tests++] = look->pending[i].tested.log_p;
    uint32_t versions = look->input->version_count ? look->input->version_count : 1;
    struct judge_levels levels =
        levels_beside(look->policy, look->input->window_ms, tests ? tests : 1, versions);
    benjamini_hochberg(log_p, tests, levels.q, reject);
    for (uint32_t i = 0, test = 0; i < look->count; i++) {
        bool rejected = look->pending[i].judged && reject[test++];
        conclude(look, state, &look->pending[i], rejected, &levels);
    }
    free(log_p);
    free(reject);
}

void judge_window(const struct judge_policy *policy, const struct judge_input *input,
                  struct judge_state *state, struct arena *names, struct verdict_list *verdicts)
{
    struct look look = {.policy = policy, .input = input, .names = names, .verdicts = verdicts};
    look_fields(&look);
    look_segments(&look);
    look_conclude(&look, state);
    free(look.pending);
}
