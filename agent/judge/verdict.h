/* A verdict: what is said of one field (or segment of a field) in one window. */
#ifndef LEEWAY_JUDGE_VERDICT_H
#define LEEWAY_JUDGE_VERDICT_H

#include <stdbool.h>

#include "base/hash.h"
#include "base/when.h"
#include "compare/compare.h"

enum verdict_state {
    STATE_OK,
    STATE_DRIFT,
    STATE_INSUFFICIENT, /* too few records to say anything */
    STATE_INCOMPLETE,   /* records are known to be lacking */
    STATE_LEARNING,     /* no baseline to compare with yet */
    STATE_SILENT        /* no records at all */
};
const char *verdict_state_name(enum verdict_state state);

enum severity { SEVERITY_NONE, SEVERITY_NOTICE, SEVERITY_LOW, SEVERITY_MEDIUM, SEVERITY_HIGH };
const char *severity_name(enum severity severity); /* "none", "notice", "low", "medium", "high" */
bool severity_parse(struct bytes name, enum severity *ret_severity);

/* Why: which tests are behind a verdict. */
enum reason {
    REASON_LOCATION, /* the distribution moved */
    REASON_SHAPE,    /* its scale, skew or tails changed */
    REASON_CELLS,    /* mass moved between cells or levels */
    REASON_MISSING,  /* missing or null rate changed */
    REASON_INVALID,  /* wrong type or infinite rate changed */
    REASON_BELOW,    /* more values below the baseline's minimum */
    REASON_ABOVE,
    REASON_UNSEEN,      /* more categories never seen */
    REASON_RANGE,       /* values outside the configured range */
    REASON_NOT_ALLOWED, /* values outside the configured set */
    REASONS
};
const char *reason_name(enum reason reason); /* "location", "shape", … */

/* Which test says it. */
enum verdict_method {
    METHOD_WINDOW,    /* all records of the window against the baseline */
    METHOD_EDETECTOR, /* pane after pane, for ever: the counts since something began to change */
    VERDICT_METHODS
};
const char *verdict_method_name(enum verdict_method method); /* "window", "edetector" */

struct verdict {
    char id[ID_BYTES]; /* deterministic: monitor, generation, version, segment, field, window, end;
                          for the e-detector the method, too */
    const char *monitor, *version, *segment,
        *field;          /* borrowed from the caller of the judge; segment "" is all */
    char generation[17]; /* first 16 hex digits of the generation's hash */
    enum verdict_method method;
    struct event_time start, end; /* the window, end exclusive. E-detector: from where the change
                                     began, most likely, to the end of the pane that alarmed */
    int64_t window_ms; /* its length. E-detector: the shortest window's, whose pace it is told at */
    bool provisional;
    enum verdict_state state;
    enum severity severity; /* of this window alone */
    bool significant;       /* this window alone, after Benjamini-Hochberg */
    bool urgent;            /* so small a p that one window is enough */
    bool
        lingering; /* p <= 0.05 by itself: not worth opening an incident, enough to keep one open */
    double p; /* weighted Bonferroni over the field's tests; 1 if none applied; may be as small as
                 1e-300 */
    double log10_p;
    double log_evidence, log_threshold; /* e-detector: ln M and what it had to reach; then p is 1/M,
                                           the rate at which panes without drift reach M */
    double effect, effect_low;          /* debiased, PSI scale; lower 95 % limit */
    uint32_t reasons;                   /* bit (1 << enum reason) */
    char detail[160]; /* one line for people: "location up 0.31 sd, missing 2.1 % -> 50.8 %" */
    struct comparison comparison;
    const char *histogram; /* histogram_format's JSON if the caller wants it kept as evidence; NULL
                              from the judge */
};

#endif
