/* Rules: what is worth telling whom. Parsed from the YAML files under rules/.
 *
 *     - rule: inputs-drift
 *       when: drift >= low           # or psi > 0.25, missing_rate > 2%, drifted_share > 30%
 *       monitor: fraud               # glob; default "*"
 *       fields: [amount, "card_*"]   # globs; default all
 *       segments: all                # or none, the default
 *       window: 1h                   # default every window
 *       for: 2 of 3                  # non-overlapping windows; default as judged for drift, else 1
 * of 1 clear_after: 3               # quiet non-overlapping windows; default 3 severity: critical
 * # info, warning, critical; default by the verdict's severity notify: [oncall]             #
 * receivers; default all that are not retrain retrain: fraud-pipeline      # a retrain receiver;
 * default none
 */
#ifndef LEEWAY_INCIDENT_RULE_H
#define LEEWAY_INCIDENT_RULE_H

#include "config/config.h"
#include "judge/verdict.h"

enum rule_subject {
    RULE_DRIFT,
    RULE_PSI,
    RULE_JS,
    RULE_KS,
    RULE_WASSERSTEIN,
    RULE_MISSING_RATE,
    RULE_INVALID_RATE,
    RULE_UNSEEN_RATE,
    RULE_DRIFTED_SHARE
};
enum rule_operator { RULE_AT_LEAST, RULE_ABOVE };
enum rule_severity { RULE_SEVERITY_AUTO, RULE_INFO, RULE_WARNING, RULE_CRITICAL };
const char *rule_severity_name(enum rule_severity severity);

struct rule {
    const char *name;
    enum rule_subject subject;
    enum rule_operator operator;
    double threshold;               /* rates as ratios; drift: enum severity */
    const char *condition;          /* as written */
    const char *monitor;            /* glob */
    const char **fields;            /* globs */
    uint32_t field_count;           /* 0: all */
    bool segments;                  /* also verdicts of segments */
    int64_t window_ms;              /* 0: every window */
    uint32_t for_hits, for_windows; /* 0, 0: as judged (drift) */
    uint32_t clear_after;
    enum rule_severity severity;
    const char **notify;   /* receiver names */
    uint32_t notify_count; /* 0: all that are not retrain */
    const char *retrain;   /* receiver name or NULL */
    struct place place;
};

struct ruleset {
    struct rule *rules;
    uint32_t count;
};

/* Parses one rules file (a YAML list) into `ruleset` (appended; memory in `arena`). Problems as in
 * config_parse, appended. Receivers and monitors named must exist in `config`. Returns 0 or
 * ERR_INVALID. */
int ruleset_parse(struct arena *arena, const struct config *config, struct bytes yaml,
                  const char *file, struct ruleset *ruleset, struct config_problems *ret_problems);

/* The built-in set when the config names no file: drift >= low, all monitors, all receivers. */
void ruleset_default(struct arena *arena, struct ruleset *ruleset);

/* Shell glob with * and ? only. */
bool glob_match(const char *pattern, const char *text);

#endif
