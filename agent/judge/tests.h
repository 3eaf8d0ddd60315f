/* The tests of one field: from a comparison to p-values, effect and reasons. Weights and gates:
 * statistics.md 7.2. */
#ifndef LEEWAY_JUDGE_TESTS_H
#define LEEWAY_JUDGE_TESTS_H

#include "judge/judge.h"

struct tested {
    double log_p; /* ln of the weighted Bonferroni p over all tests; 0 if none applied */
    double effect,
        effect_low; /* of the test with the smallest p that passed its gate; else of the cells */
    double reason_log_p[REASONS]; /* ln of each reason's own weighted p; 0: did not apply or no
                                     worthwhile effect */
    double rate_live, rate_base;  /* of the strongest rate reason */
    uint32_t large_rates; /* bit (1 << enum reason): the rate is at least 5 % and three times the
                             baseline's */
};

/* `field` is the baseline's; `effect` its design effect for this window length. For segments pass
 * is_segment. */
void test_comparison(const struct judge_policy *policy, const struct baseline_field *field,
                     const struct design_effect *effect, const struct comparison *comparison,
                     bool is_segment, struct tested *ret);

#endif
