/* Judging: judge(state, window) -> (state', verdicts), a pure function. Two ways, each with half of
 * the alarm budget.
 *
 * Per window and monitor version: every field gets tests that know both sample sizes and take
 * "effect <= delta_0" as the null; the smallest weighted p-value goes through Benjamini-Hochberg
 * over the fields; a field drifts if it is significant with effect >= delta_1 in 2 of its last 3
 * non-overlapping windows, or at once if p is tiny. statistics.md 3.3, 7.2.
 *
 * Per pane: an e-detector for each field, which may be looked at for ever (stats/edetector.h). */
#ifndef LEEWAY_JUDGE_JUDGE_H
#define LEEWAY_JUDGE_JUDGE_H

#include "base/err.h"
#include "base/mem.h"
#include "judge/verdict.h"

struct judge_policy {
    double delta_0;    /* effect that is negligible, PSI scale */
    double delta_1;    /* effect worth an alarm, PSI scale */
    double rate_delta; /* the same for missing and invalid rates, as a ratio */
    double tail_delta; /* the same for out-of-range and unseen rates */
    double gamma;      /* 1 - confidence of the baseline's own rates */
    int64_t min_count; /* fewer records: insufficient */
    /* The alarm budget: at most `alarms` incidents without cause in `alarm_period_ms`. Half of it
     * is kept for the e-detector; the window tests share the other half among `window_count`
     * lengths (judge_levels). */
    double alarms;
    int64_t alarm_period_ms;
    uint32_t window_count;
};

/* `sensitivity` is an enum sensitivity of config; the other numbers are the monitor's. */
struct judge_policy judge_policy_of(int sensitivity, int64_t min_count, uint32_t alarms,
                                    int64_t alarm_period_ms, uint32_t window_count);

/* Levels of the window tests for one window length that is looked at every twelfth of itself, with
 * `tests` tests a look, so that under the null the expected alarms stay inside this length's share
 * of the budget: urgent: p of one test that is an alarm at once; a union bound over all looks and
 * tests, whatever their dependence. q: Benjamini-Hochberg level for 2 of 3 non-overlapping windows:
 * if nothing changed, any test of a window is rejected with probability q at most, and windows that
 * do not overlap are taken as independent, so looks * 2 q^2 <= share. At most 0.05. Decision 004.
 */
struct judge_levels {
    double urgent, q;
};
struct judge_levels judge_levels_of(const struct judge_policy *policy, int64_t window_ms,
                                    uint32_t tests);

/* All that is sequential. Explicit, copyable as text, the same on every machine. */
struct judge_state;
struct judge_state *judge_state_new(void);
void judge_state_free(struct judge_state *state);
/* JSON text appended; parse gives an equal state. ERR_INVALID for damaged text. */
void judge_state_format(const struct judge_state *state, struct text *text);
struct judge_state *judge_state_parse(struct bytes text, struct err *reterr);

/* Forgets answers of windows, and e-detectors of versions, that ended before `before_ms`. With a
 * bound of RING_WINDOWS_MAX times the longest window behind the newest one this changes no verdict.
 */
void judge_state_prune(struct judge_state *state, int64_t before_ms);

/* What is judged: one window of one version of one monitor. */
struct judge_input {
    const char *monitor, *version;
    char generation[17];
    struct event_time start, end;
    int64_t window_ms;
    const struct counts *counts; /* knows layout and baseline */
    const bool *ignored;         /* one for each baseline field: not judged; NULL: judge all */
    bool provisional;
    uint32_t version_count; /* versions that are judged at this time; they share the budget. 0: 1 */
};

/* Appends one verdict for each monitored field (roles feature and prediction), and for each field
 * of each segment value that has data, to `verdicts` (grown; caller frees items). Advances `state`.
 * Verdict strings live in `names`. */
struct verdict_list {
    struct verdict *items;
    uint32_t count, capacity;
};
void judge_window(const struct judge_policy *policy, const struct judge_input *input,
                  struct judge_state *state, struct arena *names, struct verdict_list *verdicts);
void verdict_list_release(struct verdict_list *verdicts);

/* Score tables of the e-detectors of a baseline's monitored fields: no state, made again from
 * policy, baseline and pane length whenever wanted. All borrowed; `ignored` as in judge_input, read
 * only here. A field whose baseline has fewer than 200 values has no e-detector. */
struct judge_tables;
struct judge_tables *judge_tables_new(const struct judge_policy *policy,
                                      const struct baseline *baseline, const bool *ignored,
                                      int64_t pane_ms);
void judge_tables_free(struct judge_tables *tables); /* takes NULL */

/* Builds at most `most` of the tables that are lacking (about 0.2 ms each), so that no pane has to
 * wait for all at once; judge_pane builds what it needs and does not find. True if none is lacking.
 */
bool judge_tables_build(struct judge_tables *tables, uint32_t most);

/* One final pane of one version. */
struct judge_pane_input {
    const char *monitor, *version;
    char generation[17];
    struct event_time start, end;
    int64_t window_ms;           /* the shortest window's */
    const struct counts *counts; /* of the pane; NULL: nothing in it, which changes nothing */
    bool provisional;
    uint32_t version_count; /* versions that are judged in this pane, this one among them. 0: 1 */
};

/* Advances the e-detectors of all fields (whole fields, no segments) and appends a verdict for each
 * that alarms: state drift, method edetector, with the counts since the most likely beginning of
 * the change. The alarm starts the statistic again; what alarms again while the first alarm still
 * holds is told once a hop of window_ms. Once for each pane with records, in ascending order,
 * before the judge_window of windows that end with the pane: while an alarm holds (until twice the
 * records it took have come without another, and at least a window), their verdicts linger, and
 * where they have too few records to say anything, they say ok after it.
 *
 * Budget: threshold F V A for each of F fields of V versions, A = panes of the budget's period over
 * half of its alarms; V is the largest number of versions seen beside this one. E[alarms] of T
 * panes is at most T / A, whatever the dependence between fields (docs/STATISTICS.md). */
void judge_pane(const struct judge_policy *policy, const struct judge_pane_input *input,
                struct judge_tables *tables, struct judge_state *state, struct arena *names,
                struct verdict_list *verdicts);

/* The verdict as the JSON object that `leeway replay --output json` prints and the store keeps; one
 * line, no newline. */
void verdict_format(const struct verdict *verdict, struct text *text);

#endif
