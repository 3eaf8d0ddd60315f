/* Puts one setup together and turns the pump for the event loop. Knows no signals, no listener and
 * no receivers. */
#include "app/core.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/http_input.h"
#include "app/live.h"
#include "app/options.h"
#include "sys/file.h"
#include "sys/log.h"

enum { STEP_BUDGET_MS = 8 };

struct core {
    struct core_options options;
    struct setup *setup;
    struct store *store;
    struct ingest *ingest;
    struct evaluate *evaluate;
    struct replay *replay;   /* a file, or NULL */
    struct live *live;       /* Kafka, or NULL */
    struct http_input *http; /* or NULL */
    struct pump *pump;
    struct text reproduce;
    bool ended;
    bool wanted; /* another step, while one was under way: its wait must not put that off */
};

static void on_live_failed(void *context, enum kafka_failure failure, const struct err *err)
{
    struct core *core = context;
    core->options.failed(core->options.context,
                         failure == KAFKA_FENCED ? EXIT_FENCED : EXIT_STALLED, err);
}

static void on_soon(void *context)
{
    struct core *core = context;
    core->wanted = true;
    core->options.soon(core->options.context);
}

static void on_fenced(void *context)
{
    struct core *core = context;
    if (core->live)
        live_fenced(core->live);
    if (core->http)
        http_input_fenced(core->http);
}

static void on_committed(void *context)
{
    struct core *core = context;
    if (core->http)
        http_input_committed(core->http);
}

static void on_lost(void *context, uint32_t monitor)
{
    struct core *core = context;
    if (core->options.lost)
        core->options.lost(core->options.context, monitor);
}

static bool has_http(const struct config *config)
{
    return config->http.listen && config->http.listen[0];
}

/* A file if one was given, else what is configured. */
static int open_replay(struct core *core, struct err *reterr)
{
    const struct core_options *options = &core->options;
    const struct config *config = core->setup->config;
    const char *topic = options->topic;
    if (!options->file && !config->kafka_count && !has_http(config)) {
        err_set(reterr, ERR_INVALID, "there is nothing to read");
        err_hint(reterr, "Give events with --file FILE, or set kafka or http.listen in the "
                         "configuration.");
        return ERR_INVALID;
    }
    if (!options->file)
        return 0;
    if (!topic)
        topic = config->monitor_count ? config->monitors[0].topics[0] : "events";
    text_printf(&core->reproduce, "leeway replay --config %s --file %s", options->config_path,
                options->file);
    core->replay = replay_open(options->file, topic, config->limits.event_bytes + 4096, reterr);
    return core->replay ? 0 : reterr->code;
}

static int open_live(struct core *core, struct event_base *base, struct err *reterr)
{
    const struct live_hooks hooks = {.context = core, .failed = on_live_failed, .soon = on_soon};
    if (core->replay || !core->setup->config->kafka_count)
        return 0;
    core->live =
        live_new(core->setup->config, core->store, core->ingest, core->pump, base, &hooks, reterr);
    return core->live ? 0 : reterr->code;
}

/* ---- what the HTTP input needs ---- */

static void http_list(void *context, store_partition_fn row, void *row_context, store_done_fn done,
                      void *done_context)
{
    struct core *core = context;
    store_partitions(core->store, row, row_context, done, done_context);
}

static void http_take(void *context, struct ingest_want *wants, uint32_t count, store_done_fn done,
                      void *done_context)
{
    struct core *core = context;
    ingest_take(core->ingest, wants, count, done, done_context);
}

static enum ingest_result http_offer(void *context, const struct record *record)
{
    struct core *core = context;
    return pump_offer(core->pump, record);
}

static void http_idle(void *context, const char *topic, int32_t partition)
{
    struct core *core = context;
    ingest_idle(core->ingest, topic, partition);
}

static void http_release(void *context)
{
    struct core *core = context;
    ingest_release(core->ingest);
}

static bool http_flushed(void *context)
{
    struct core *core = context;
    return pump_is_flushed(core->pump);
}

static void http_commit_soon(void *context)
{
    struct core *core = context;
    pump_hurry(core->pump);
    on_soon(core);
}

static void http_ready(void *context)
{
    struct core *core = context;
    pump_allow_judging(core->pump, true);
}

static int open_http(struct core *core, struct event_base *base, struct err *reterr)
{
    const struct config *config = core->setup->config;
    const struct http_input_hooks hooks = {.context = core,
                                           .alone = !strncmp(config->store, "sqlite:", 7),
                                           .list = http_list,
                                           .take = http_take,
                                           .offer = http_offer,
                                           .idle = http_idle,
                                           .release = http_release,
                                           .flushed = http_flushed,
                                           .soon = on_soon,
                                           .commit_soon = http_commit_soon,
                                           .ready = http_ready};
    if (core->replay || !has_http(config))
        return 0;
    core->http = http_input_new(config, base, &hooks, reterr);
    if (!core->http)
        return reterr->code;
    char port[8];
    snprintf(port, sizeof port, "%u", http_input_port(core->http));
    log_info("events are taken by HTTP", "address", config->http.listen, "port", port);
    if (!http_input_is_local(core->http))
        log_warning("whoever reaches this address can send events; there is no password", "address",
                    config->http.listen, "hint", "Put a proxy in front, or listen on 127.0.0.1.");
    return 0;
}

struct core *core_new(struct setup *setup, struct store *store, struct event_base *base,
                      const struct core_options *options, struct err *reterr)
{
    struct core *core = mem_new(1, sizeof *core);
    core->options = *options;
    core->setup = setup;
    core->store = store;
    if (open_replay(core, reterr) != 0) {
        core_free(core);
        return NULL;
    }
    const struct evaluate_hooks evaluate_hooks = {.context = options->context,
                                                  .verdict = options->verdict,
                                                  .change = options->change,
                                                  .keep_verdicts = true,
                                                  .keep_outbox = true,
                                                  .reproduce = core->reproduce.data};
    const struct pump_options pump_options = {
        .pace = options->pace,
        .judge_at_end = options->file && !strcmp(options->file, "-"),
        .commit_interval_ms = setup->config->limits.commit_interval_ms,
        .context = core,
        .wake = on_soon,
        .committed = on_committed,
        .lost = on_lost,
        .fenced = core->replay ? NULL : on_fenced};
    core->ingest = ingest_new(setup, store);
    core->evaluate = evaluate_new(setup, store, &evaluate_hooks);
    core->pump = pump_new(core->ingest, core->evaluate, setup, store, core->replay, &pump_options);
    if (open_live(core, base, reterr) == 0 && open_http(core, base, reterr) == 0)
        return core;
    core_free(core);
    return NULL;
}

void core_free(struct core *core)
{
    if (!core)
        return;
    live_free(core->live);
    http_input_free(core->http);
    pump_free(core->pump);
    evaluate_free(core->evaluate);
    ingest_free(core->ingest);
    replay_close(core->replay);
    setup_free(core->setup);
    text_release(&core->reproduce);
    free(core);
}

struct setup *core_take_setup(struct core *core)
{
    struct setup *setup = core->setup;
    core->setup = NULL;
    return setup;
}

enum pump_result core_step(struct core *core, int64_t *ret_wait_ms, struct err *reterr)
{
    struct loop_time start = clock_loop(), now = start;
    enum pump_result result = PUMP_AGAIN;
    core->wanted = false;
    while (result == PUMP_AGAIN && now.ms - start.ms < STEP_BUDGET_MS) {
        result = pump_step(core->pump, now, ret_wait_ms, reterr);
        now = clock_loop();
    }
    if (core->live)
        live_tick(core->live, now);
    if (core->http)
        http_input_tick(core->http, now);
    if (core->wanted)
        *ret_wait_ms = 0;
    core->ended = core->ended || result == PUMP_END;
    return result;
}

void core_stop(struct core *core)
{
    if (core->live)
        live_stop(core->live);
    if (core->http)
        http_input_stop(core->http);
    pump_stop(core->pump);
}

bool core_is_quiet(const struct core *core)
{
    return pump_is_quiet(core->pump) && (!core->live || live_is_quiet(core->live)) &&
           (!core->http || http_input_is_quiet(core->http));
}

const char *core_source_state(const struct core *core)
{
    if (core->live)
        return live_state(core->live);
    if (core->http)
        return http_input_state(core->http);
    return core->ended ? "ended" : "reading";
}

const char *core_store_trouble(const struct core *core)
{
    const char *state = store_state(core->store);
    return strcmp(state, "ok") != 0 ? state : pump_trouble(core->pump);
}

bool core_is_ready(const struct core *core)
{
    if (core->http)
        return true;
    return !strcmp(core_store_trouble(core), "ok") &&
           (!core->live || !strcmp(live_state(core->live), "ok"));
}

double core_share_read(const struct core *core)
{
    int64_t read = 0, total = -1;
    if (core->replay)
        replay_progress(core->replay, &read, &total);
    return total > 0 ? (double)read / (double)total : -1;
}

bool core_tells(const struct core *core, const char *rule_name, const char *receiver)
{
    const struct ruleset *ruleset = &core->setup->ruleset;
    for (uint32_t i = 0; i < ruleset->count; i++) {
        const struct rule *rule = &ruleset->rules[i];
        if (strcmp(rule->name, rule_name) != 0)
            continue;
        for (uint32_t k = 0; k < rule->notify_count; k++)
            if (!strcmp(rule->notify[k], receiver))
                return true;
        return rule->notify_count == 0;
    }
    return false;
}

const struct setup *core_setup(const struct core *core)
{
    return core->setup;
}

struct ingest *core_ingest(struct core *core)
{
    return core->ingest;
}

struct evaluate *core_evaluate(struct core *core)
{
    return core->evaluate;
}

struct pump *core_pump(struct core *core)
{
    return core->pump;
}

const struct replay *core_replay(const struct core *core)
{
    return core->replay;
}

struct live *core_live(struct core *core)
{
    return core->live;
}

struct http_input *core_http(struct core *core)
{
    return core->http;
}
