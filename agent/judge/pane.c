/* One pane under the e-detectors: each field's counts go through its table, and what crosses the
 * threshold becomes a verdict. Refuses to know windows, segments and what came before but for the
 * state. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "judge/conclude.h"
#include "judge/detail.h"

/* The level at which a reason is worth naming beside the one that bet highest. */
#define REASON_LEVEL .05

struct pane {
    const struct judge_policy *policy;
    const struct judge_pane_input *input;
    struct judge_tables *tables;
    struct arena *names;
    struct verdict_list *verdicts;
    double log_threshold;
};

/* ln(F V A): half of the budget, shared by the fields of all versions. A version keeps the largest
 * V it has lived with: shares that are handed out may not grow again while their bets run. */
static double threshold_of(const struct pane *pane, uint32_t version_count)
{
    const struct judge_policy *policy = pane->policy;
    double panes = (double)policy->alarm_period_ms / (double)pane->tables->pane_ms;
    return edetector_threshold((double)pane->tables->watched * version_count, fmax(panes, 1),
                               policy->alarms / 2);
}

/* The alternative's reason is told first, whatever the tests of the counts say. */
static void test_counts(const struct pane *pane, const struct field_table *table,
                        const struct baseline_field *field, const struct alarm *alarm,
                        struct verdict *verdict, struct tested *ret)
{
    struct design_effect effect = baseline_effect(field, pane->tables->pane_ms);
    enum reason bet = alarm->reason;
    field_table_compare(table, alarm->counts, &verdict->comparison);
    test_comparison(pane->policy, field, &effect, &verdict->comparison, false, ret);
    ret->reason_log_p[bet] = fmin(ret->reason_log_p[bet] - 1, ret->log_p - 1);
    verdict->effect = ret->effect;
    verdict->effect_low = ret->effect_low;
    verdict->reasons = reasons_at(ret, REASON_LEVEL) | 1u << bet;
}

static void add_since(const struct pane *pane, struct verdict *verdict)
{
    char since[32], detail[sizeof verdict->detail];
    int64_t seconds = verdict->start.ms / SECOND_MS * SECOND_MS;
    if (verdict->start.ms + pane->tables->pane_ms >= verdict->end.ms)
        return;
    snprintf(detail, sizeof detail, "%s", verdict->detail);
    snprintf(verdict->detail, sizeof verdict->detail, "%.120s since %s", detail,
             event_time_format((struct event_time){seconds}, since));
}

static void tell(const struct pane *pane, uint32_t index, const struct alarm *alarm)
{
    const struct judge_pane_input *input = pane->input;
    const struct baseline_field *field = &pane->tables->baseline->fields[index];
    struct verdict *verdict = verdict_append(pane->verdicts);
    struct tested tested;
    verdict->monitor = input->monitor;
    verdict->version = input->version;
    verdict->segment = "";
    verdict->field = arena_text(pane->names, bytes_of(field->name));
    memcpy(verdict->generation, input->generation, sizeof verdict->generation);
    verdict->method = METHOD_EDETECTOR;
    verdict->start.ms = alarm->since_ms;
    verdict->end = input->end;
    verdict->window_ms = input->window_ms;
    verdict->provisional = input->provisional;
    verdict->state = STATE_DRIFT;
    verdict->significant = verdict->urgent = verdict->lingering = true;
    verdict->log_evidence = alarm->log_evidence;
    verdict->log_threshold = pane->log_threshold;
    verdict->p = exp(-alarm->log_evidence);
    verdict->log10_p = -alarm->log_evidence / M_LN10;
    test_counts(pane, &pane->tables->fields[index], field, alarm, verdict, &tested);
    verdict->severity = severity_of(verdict, &tested);
    detail_format(verdict, field, &tested, verdict->detail, sizeof verdict->detail);
    add_since(pane, verdict);
    verdict_set_id(verdict);
}

static void step_field(const struct pane *pane, struct watched_version *version, uint32_t index)
{
    const struct field_table *table = tables_field(pane->tables, index);
    int64_t counts[TABLE_CELLS_MAX];
    struct alarm alarm;
    if (!table->table || !table->table->count)
        return;
    int64_t n = field_table_counts(table, pane->input->counts, index, counts);
    if (!n)
        return;
    if (!version->fields[index])
        version->fields[index] = mem_new(1, sizeof(**version->fields));
    if (watch_step(version->fields[index], table, counts, n, pane->input, pane->log_threshold,
                   &alarm) &&
        alarm.is_told)
        tell(pane, index, &alarm);
}

void judge_pane(const struct judge_policy *policy, const struct judge_pane_input *input,
                struct judge_tables *tables, struct judge_state *state, struct arena *names,
                struct verdict_list *verdicts)
{
    struct pane pane = {policy, input, tables, names, verdicts, 0};
    if (!input->counts || !tables->watched)
        return;
    struct watched_version *version =
        watches_at(&state->watches, input->version, tables->field_count);
    uint32_t beside = input->version_count ? input->version_count : 1;
    if (version->version_count < beside)
        version->version_count = beside;
    version->end_ms = input->end.ms;
    pane.log_threshold = threshold_of(&pane, version->version_count);
    for (uint32_t i = 0; i < tables->field_count; i++)
        if (tables->fields[i].is_watched)
            step_field(&pane, version, i);
}
