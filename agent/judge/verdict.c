/* Names, ids and the JSON form of verdicts. */
#include "judge/verdict.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "judge/judge.h"

static const char *const state_names[] = {"ok",         "drift",    "insufficient",
                                          "incomplete", "learning", "silent"};
static const char *const severity_names[] = {"none", "notice", "low", "medium", "high"};
static const char *const reason_names[REASONS] = {"location", "shape",      "cells", "missing",
                                                  "invalid",  "below",      "above", "unseen",
                                                  "range",    "not_allowed"};

static const char *const method_names[VERDICT_METHODS] = {"window", "edetector"};

const char *verdict_method_name(enum verdict_method method)
{
    return method_names[method];
}

const char *verdict_state_name(enum verdict_state state)
{
    return state_names[state];
}

const char *severity_name(enum severity severity)
{
    return severity_names[severity];
}

bool severity_parse(struct bytes name, enum severity *ret_severity)
{
    for (int i = 0; i <= SEVERITY_HIGH; i++) {
        if (bytes_equal(name, bytes_of(severity_names[i]))) {
            *ret_severity = (enum severity)i;
            return true;
        }
    }
    return false;
}

const char *reason_name(enum reason reason)
{
    return reason_names[reason];
}

/* JSON has no NaN: a score that is not defined is null. */
static json_t *real_or_null(double number)
{
    return isfinite(number) ? json_real(number) : json_null();
}

static json_t *rate_json(int64_t live, int64_t total)
{
    return total > 0 ? json_real((double)live / (double)total) : json_null();
}

static json_t *scores_json(const struct comparison *c)
{
    json_t *scores = json_object();
    for (int i = 0; i < SCORE_KINDS; i++) {
        const struct score *score = &c->scores[i];
        json_object_set_new(scores, score_name((enum score_kind)i),
                            json_pack("{s:o,s:o,s:o}", "value", real_or_null(score->value),
                                      "noise_floor", real_or_null(score->noise_floor), "debiased",
                                      real_or_null(score->debiased)));
    }
    json_object_set_new(scores, "g",
                        json_pack("{s:o,s:f,s:o}", "value", real_or_null(c->g.statistic),
                                  "noise_floor", c->g.df, "debiased",
                                  real_or_null(c->g.statistic - c->g.df)));
    return scores;
}

static json_t *components_json(const struct comparison *c)
{
    static const char *const names[COMPONENTS] = {"location", "scale", "skew", "tails"};
    json_t *components = json_object();
    for (uint32_t i = 0; i < c->smooth_count; i++)
        json_object_set_new(components, names[i], real_or_null(c->smooth[i].z));
    return components;
}

static json_t *rates_json(const struct comparison *c)
{
    int64_t values = c->n + c->unseen;
    return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "missing", rate_json(c->missing, c->total),
                     "invalid", rate_json(c->invalid, c->total), "below",
                     rate_json(c->below, values), "above", rate_json(c->above, values), "unseen",
                     rate_json(c->unseen, values), "out_of_range",
                     rate_json(c->below_min + c->above_max, values), "not_allowed",
                     rate_json(c->not_allowed, values));
}

static json_t *reasons_json(uint32_t reasons)
{
    json_t *list = json_array();
    for (int i = 0; i < REASONS; i++)
        if (reasons >> i & 1)
            json_array_append_new(list, json_string(reason_names[i]));
    return list;
}

void verdict_format(const struct verdict *v, struct text *text)
{
    char start[32], end[32], window[24];
    const struct comparison *c = &v->comparison;
    json_t *json = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:s, s:s, s:b, s:b, s:b}", "id",
        v->id, "monitor", v->monitor, "version", v->version, "generation", v->generation, "segment",
        v->segment, "field", v->field, "window", duration_format(v->window_ms, window), "start",
        event_time_format(v->start, start), "end", event_time_format(v->end, end), "n",
        (json_int_t)c->total, "baseline_n", (json_int_t)c->m, "state", verdict_state_name(v->state),
        "severity", severity_name(v->severity), "significant", v->significant, "urgent", v->urgent,
        "provisional", v->provisional);
    json_object_set_new(json, "method", json_string(method_names[v->method]));
    if (v->method == METHOD_EDETECTOR) {
        json_object_set_new(json, "log_evidence", real_or_null(v->log_evidence));
        json_object_set_new(json, "log_threshold", real_or_null(v->log_threshold));
    }
    json_object_set_new(json, "p", json_real(v->p));
    json_object_set_new(json, "log10_p", real_or_null(v->log10_p));
    json_object_set_new(json, "effect", real_or_null(v->effect));
    json_object_set_new(json, "effect_low", real_or_null(v->effect_low));
    json_object_set_new(json, "mean_shift_sd", real_or_null(c->mean_shift_sd));
    json_object_set_new(json, "scores", scores_json(c));
    json_object_set_new(json, "components", components_json(c));
    json_object_set_new(json, "rates", rates_json(c));
    json_object_set_new(json, "reasons", reasons_json(v->reasons));
    json_object_set_new(json, "detail", json_string(v->detail));
    char *dump = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(10));
    text_puts(text, dump ? dump : "{}");
    free(dump);
    json_decref(json);
}
