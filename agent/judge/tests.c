/* Which tests a field gets, with which weight, and what they say. Each test's p-value is divided by
 * its weight and the smallest counts (weighted Bonferroni: valid whatever their dependence). A test
 * whose effect is not worth an alarm says p = 1. */
#include "judge/tests.h"

#include <math.h>
#include <string.h>

#include "stats/evidence.h"

/* Weights sum to 1 within numbers and within categories. */
static const struct weights {
    double location, shape, cells, missing, invalid, below, above, unseen, range, allowed;
} number_weights = {.location = .30,
                    .shape = .20,
                    .cells = .15,
                    .missing = .15,
                    .invalid = .05,
                    .below = .05,
                    .above = .05,
                    .range = .05},
  category_weights = {.cells = .50, .missing = .20, .invalid = .05, .unseen = .20, .allowed = .05},
  segment_weights = {.cells = 1};

/* Records that come in clusters say less about the effect: `n_independent` is N / phi. */
static void add_test(struct tested *tested, enum reason reason, double weight, double log_p,
                     double effect, double df, double n_independent)
{
    double weighted = log_p - log(weight);
    if (log_p >= 0 || weighted >= 0)
        return;
    if (weighted < tested->reason_log_p[reason])
        tested->reason_log_p[reason] = weighted;
    if (weighted < tested->log_p) {
        tested->log_p = weighted;
        tested->effect = effect;
        tested->effect_low = effect_low(effect, df, n_independent);
    }
}

struct shape {
    enum reason reason;
    double weight;
    double statistic; /* the sum of its parts, each divided by its design effect */
    double raw, bias; /* the same sum undivided, and what it is expected to be if nothing moved */
    double df;
    double phi_min,
        phi_max; /* of the parts: the smallest decides significance, the largest severity */
};

static void add_shape(struct tested *tested, const struct judge_policy *policy,
                      const struct shape *shape, uint32_t windows, double n_effective)
{
    double effect = (shape->raw - shape->bias) / n_effective;
    if (effect < policy->delta_1)
        return;
    double log_p = effect_log_p(shape->statistic * shape->phi_min, shape->df, n_effective,
                                policy->delta_0, shape->phi_min, windows);
    add_test(tested, shape->reason, shape->weight, log_p, effect, shape->df,
             n_effective / shape->phi_max);
}

static void test_shape(const struct judge_policy *policy, const struct design_effect *phi,
                       const struct comparison *c, double weight_location, double weight_shape,
                       double weight_cells, struct tested *ret)
{
    double scaled = 0, raw = 0, bias = 0, phi_min = phi->rest, phi_max = 1;
    for (uint32_t j = 0; j < c->smooth_count; j++) {
        scaled += c->smooth[j].statistic / phi->components[j];
        raw += c->smooth[j].statistic;
        bias += phi->components[j];
        phi_min = fmin(phi_min, phi->components[j]);
        phi_max = fmax(phi_max, phi->components[j]);
    }
    if (c->smooth_count) {
        double z2 = c->smooth[0].statistic, phi_1 = phi->components[0];
        const struct shape location = {
            REASON_LOCATION, weight_location, z2 / phi_1, z2, phi_1, 1, phi_1, phi_1};
        const struct shape shape = {REASON_SHAPE, weight_shape,    scaled,  raw,
                                    bias,         c->smooth_count, phi_min, phi_max};
        add_shape(ret, policy, &location, phi->windows, c->n_effective);
        add_shape(ret, policy, &shape, phi->windows, c->n_effective);
    }
    if (c->test_cells >= 2) {
        double rest = fmax(0, c->g.statistic - raw), rest_df = c->g.df - c->smooth_count;
        const struct shape cells = {.reason = REASON_CELLS,
                                    .weight = weight_cells,
                                    .statistic = scaled + rest / phi->rest,
                                    .raw = c->g.statistic,
                                    .bias = bias + phi->rest * rest_df,
                                    .df = c->g.df,
                                    .phi_min = phi_min,
                                    .phi_max = fmax(phi_max, phi->rest)};
        add_shape(ret, policy, &cells, phi->windows, c->n_effective);
    }
}

/* The PSI of two rates, each count with 1/2 added, less its bias. */
static double rate_effect(double k, double n, double k0, double n0)
{
    double q = (k + .5) / (n + 1), p = (k0 + .5) / (n0 + 1);
    double psi = (q - p) * (log(q / p) - log((1 - q) / (1 - p)));
    return psi - (n + n0) / (n * n0);
}

struct rate {
    enum reason reason;
    double weight, k, n, k0, n0, delta, phi;
    bool two_sided;
};

static void note_rate(struct tested *ret, const struct rate *rate, double log_p)
{
    if (log_p >= 0)
        return;
    double live = rate->k / rate->n, base = rate->n0 > 0 ? rate->k0 / rate->n0 : 0;
    double n_effective = rate->n * rate->n0 / (rate->n + rate->n0);
    add_test(ret, rate->reason, rate->weight, log_p,
             rate_effect(rate->k, rate->n, rate->k0, rate->n0), 1, n_effective / rate->phi);
    if (live >= fmax(.05, 3 * base))
        ret->large_rates |= 1u << rate->reason;
}

static void test_rate(const struct judge_policy *policy, const struct rate *rate,
                      struct tested *ret)
{
    if (rate->weight > 0 && rate->n > 0 && rate->n0 > 0)
        note_rate(ret, rate,
                  rate_log_p(rate->k, rate->n, rate->k0, rate->n0, policy->gamma, rate->delta,
                             rate->two_sided, rate->phi));
}

static double largest_phi(const struct design_effect *phi)
{
    double largest = fmax(phi->rest, phi->missing);
    for (int j = 0; j < COMPONENTS; j++)
        largest = fmax(largest, phi->components[j]);
    return largest;
}

static void test_rates(const struct judge_policy *policy, const struct baseline_field *field,
                       const struct design_effect *phi, const struct comparison *c,
                       const struct weights *w, struct tested *ret)
{
    double total = (double)c->total, values = (double)(c->n + c->unseen), m = (double)field->valid;
    double rows = (double)(field->valid + field->missing + field->invalid);
    double phi_max = largest_phi(phi);
    const struct rate rates[] = {
        {REASON_MISSING, w->missing, (double)c->missing, total, (double)field->missing, rows,
         policy->rate_delta, phi->missing, true},
        {REASON_INVALID, w->invalid, (double)c->invalid, total, (double)field->invalid, rows,
         policy->tail_delta, 1, false},
        /* The extreme itself is one exceedance of the others, so each tail had one. */
        {REASON_BELOW, w->below, (double)c->below, values, 1, m, policy->tail_delta, phi_max,
         false},
        {REASON_ABOVE, w->above, (double)c->above, values, 1, m, policy->tail_delta, phi_max,
         false},
        /* What the configuration forbids needs no precedent in the baseline. */
        {REASON_RANGE, w->range, (double)(c->below_min + c->above_max), values, 0, m,
         policy->tail_delta, 1, false},
        {REASON_NOT_ALLOWED, w->allowed, (double)c->not_allowed, values, 0, m, policy->tail_delta,
         1, false},
    };
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++)
        test_rate(policy, &rates[i], ret);
    if (w->unseen > 0 && values > 0 && m > 0) {
        struct rate unseen = {REASON_UNSEEN,
                              w->unseen,
                              (double)c->unseen,
                              values,
                              (double)field->singletons,
                              m,
                              policy->tail_delta,
                              phi_max,
                              false};
        note_rate(ret, &unseen,
                  unseen_log_p(unseen.k, unseen.n, unseen.k0, (double)field->doubletons, m,
                               policy->gamma, unseen.delta, unseen.phi));
    }
}

void test_comparison(const struct judge_policy *policy, const struct baseline_field *field,
                     const struct design_effect *effect, const struct comparison *comparison,
                     bool is_segment, struct tested *ret)
{
    memset(ret, 0, sizeof *ret);
    bool is_number = field->type == FIELD_NUMBER || field->type == FIELD_INTEGER;
    const struct weights *w = is_segment  ? &segment_weights
                              : is_number ? &number_weights
                                          : &category_weights;
    double bias = comparison->g.df;
    ret->effect = comparison->n_effective > 0
                      ? (comparison->g.statistic - bias) / comparison->n_effective
                      : 0;
    ret->effect_low =
        comparison->n_effective > 0
            ? effect_low(ret->effect, bias, comparison->n_effective / largest_phi(effect))
            : 0;
    if (comparison->n >= 50)
        test_shape(policy, effect, comparison, w->location, w->shape, w->cells, ret);
    if (!is_segment)
        test_rates(policy, field, effect, comparison, w, ret);
}
