/* One question after the other. A round that fails is left; the next begins anew. */
#include "app/sampler.h"

#include <stdlib.h>

#include "sys/file.h"

enum { VERDICTS_MAX = 20000, INCIDENTS_MAX = 1000 };

#define FAR_FUTURE_MS INT64_C(253402300799000) /* incidents open then are not resolved */

enum question { ASK_VERDICTS, ASK_STATS, ASK_INCIDENTS, ASK_MESSAGES, ASKED_ALL };

struct sampler {
    struct metrics *metrics;
    const struct setup *setup;
    struct store *store;
    bool has_verdicts;
    /* the round under way */
    bool asking, stale; /* stale: begun with another setup */
    enum question question;
    uint32_t receiver;
    struct loop_time began;
    struct store_stats stats;
    int64_t counts[DELIVERY_STATES];
    struct store_query query;
};

static void ask(struct sampler *sampler);

static int take_verdict(void *context, const struct store_verdict *row)
{
    const struct sampler *sampler = context;
    if (!sampler->stale)
        metrics_verdict_row(sampler->metrics, row);
    return sampler->stale;
}

static int take_incident(void *context, const struct store_incident *row)
{
    const struct sampler *sampler = context;
    if (!sampler->stale)
        metrics_incident_row(sampler->metrics, row);
    return sampler->stale;
}

static void take_answer(struct sampler *sampler)
{
    switch (sampler->question) {
    case ASK_VERDICTS:
        sampler->has_verdicts = true;
        break;
    case ASK_STATS:
        metrics_store_sample(sampler->metrics, &sampler->stats,
                             clock_loop().ms - sampler->began.ms);
        break;
    case ASK_INCIDENTS:
        metrics_incidents_end(sampler->metrics);
        break;
    case ASK_MESSAGES:
        metrics_messages(sampler->metrics,
                         sampler->setup->config->receivers[sampler->receiver].name,
                         sampler->counts);
        sampler->receiver++;
        return; /* the same of the next receiver */
    case ASKED_ALL:
        break;
    }
    sampler->question++;
}

static void on_answer(void *context, enum store_result result, const struct err *err)
{
    struct sampler *sampler = context;
    (void)err; /* whoever writes to the store tells of its troubles */
    if (result == STORE_DONE && !sampler->stale) {
        take_answer(sampler);
        ask(sampler);
        return;
    }
    if (!sampler->stale)
        metrics_store_sample(sampler->metrics, NULL, clock_loop().ms - sampler->began.ms);
    sampler->asking = false;
}

static void ask(struct sampler *sampler)
{
    const struct config *config = sampler->setup->config;
    sampler->began = clock_loop();
    if (sampler->question == ASK_MESSAGES && sampler->receiver == config->receiver_count)
        sampler->question = ASKED_ALL;
    switch (sampler->question) {
    case ASK_VERDICTS:
        sampler->query = (struct store_query){.limit = VERDICTS_MAX};
        store_latest(sampler->store, &sampler->query, take_verdict, sampler, on_answer, sampler);
        break;
    case ASK_STATS:
        store_stats(sampler->store, &sampler->stats, on_answer, sampler);
        break;
    case ASK_INCIDENTS:
        sampler->query = (struct store_query){.limit = INCIDENTS_MAX, .since_ms = FAR_FUTURE_MS};
        metrics_incidents_begin(sampler->metrics);
        store_incidents(sampler->store, &sampler->query, take_incident, sampler, on_answer,
                        sampler);
        break;
    case ASK_MESSAGES:
        store_delivery_counts(sampler->store, config->receivers[sampler->receiver].name, 0,
                              sampler->counts, on_answer, sampler);
        break;
    case ASKED_ALL:
        sampler->asking = false;
        break;
    }
}

struct sampler *sampler_new(struct metrics *metrics, const struct setup *setup, struct store *store)
{
    struct sampler *sampler = mem_new(1, sizeof *sampler);
    *sampler = (struct sampler){.metrics = metrics, .setup = setup, .store = store};
    return sampler;
}

void sampler_free(struct sampler *sampler)
{
    free(sampler);
}

void sampler_reload(struct sampler *sampler, const struct setup *setup)
{
    sampler->setup = setup;
    sampler->has_verdicts = false;
    sampler->stale = sampler->asking;
}

void sampler_look(struct sampler *sampler)
{
    if (sampler->asking)
        return;
    sampler->asking = true;
    sampler->stale = false;
    sampler->receiver = 0;
    sampler->question = sampler->has_verdicts ? ASK_STATS : ASK_VERDICTS;
    ask(sampler);
}
