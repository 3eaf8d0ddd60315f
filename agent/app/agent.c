/* One event loop drives the core, the deliveries and the listener.
 *
 *     starting ──► running ──► stopping ──► the end
 *        │  ▲         │  ▲
 *        ▼  └─ retry  ▼  └── a new core in place of the old one
 *     fetch baselines  reload
 *
 * Starting waits for the store and for baselines that are not there yet, with the listener up, so
 * that servers may come in any order. Signals end the agent in order: stop reading, commit, judge
 * what is final, close. */
#include "app/agent.h"

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/complaint.h"
#include "app/core.h"
#include "app/http_input.h"
#include "app/live.h"
#include "app/metrics.h"
#include "app/metrics_kafka.h"
#include "app/options.h"
#include "app/progress.h"
#include "app/retention.h"
#include "app/sampler.h"
#include "expose/web.h"
#include "notify/notify.h"
#include "sys/file.h"
#include "sys/log.h"

enum {
    DRAIN_CHECK_MS = 20,
    QUIET_CHECK_MS = 10,
    DRAIN_MAX_MS = 60000,
    STOP_MAX_MS = 10000,
    START_AGAIN_MS = 1000,
    BASELINE_AGAIN_MS = 15000
};

/* A setup on its way: at the start, and for a reload. */
struct coming {
    struct config *config;
    struct shelf *shelf;
    struct setup *setup;      /* ready; waits for the old core to end */
    struct web_reload *token; /* who asked; NULL: a signal, or the start */
    bool under_way;
};

struct agent {
    const struct agent_options *options;
    char name[96];
    struct event_base *base;
    struct event *core_event, *start_event, *term_event, *int_event, *hup_event, *drain_event,
        *prune_event, *sample_event;
    struct config *config; /* as first read: for what is there before a setup is */
    struct store *store;
    struct core *core;
    struct notify *notify;
    struct web *web;
    struct progress progress;
    struct coming coming;
    struct metrics *metrics;
    struct sampler *sampler;
    bool pruning;
    char waiting[256];              /* why there is no core yet */
    bool ended, stopping, troubled; /* the store could not be used; that is said once */
    struct loop_time drain_since, stop_since;
    int exit_code;
};

static void agent_fail(struct agent *agent, const char *what, const struct err *err)
{
    log_err(LOG_ERROR_LEVEL, what, err);
    agent->exit_code = EXIT_FAILED;
    event_base_loopbreak(agent->base);
}

static void schedule(struct event *event, int64_t wait_ms)
{
    struct timeval wait = {wait_ms / 1000, (wait_ms % 1000) * 1000};
    event_add(event, &wait);
}

/* ---- the end of the input, and of the process ---- */

/* The input has ended: stay for the page, or end once everything is told. */
static void input_ended(struct agent *agent)
{
    agent->ended = true;
    progress_finish(&agent->progress, core_ingest(agent->core), core_evaluate(agent->core));
    notify_wake(agent->notify);
    if (agent->stopping) {
        event_base_loopbreak(agent->base);
        return;
    }
    log_info("input has ended, everything is judged");
    struct err odd;
    if (complaint(ingest_totals(core_ingest(agent->core)), &odd) != 0)
        log_err(LOG_WARNING_LEVEL, "little was counted", &odd);
    agent->drain_since = clock_loop();
    if (agent->options->once)
        schedule(agent->drain_event, DRAIN_CHECK_MS);
}

static void on_drain(evutil_socket_t fd, short what, void *context)
{
    struct agent *agent = context;
    bool waiting = false;
    (void)fd;
    (void)what;
    bool idle = notify_idle(agent->notify, &waiting);
    bool waited = clock_loop().ms - agent->drain_since.ms > DRAIN_MAX_MS;
    if ((idle && !waiting) || waited) {
        if (waiting)
            log_warning("messages are still waiting for their receivers; the next run goes on with "
                        "them");
        event_base_loopbreak(agent->base);
        return;
    }
    schedule(agent->drain_event, DRAIN_CHECK_MS);
}

/* Says once when the store stops and starts to work. An agent that was told to stop does not wait
 * for it for ever: what is not committed is read again by the next one. */
static int64_t mind_store(struct agent *agent, int64_t wait_ms)
{
    const char *trouble = core_store_trouble(agent->core);
    bool troubled = strcmp(trouble, "ok") != 0;
    if (troubled && !agent->troubled)
        log_warning("the store cannot be used; it is tried again", "error", trouble);
    else if (agent->troubled && !troubled)
        log_info("the store can be used again");
    agent->troubled = troubled;
    if (!agent->stopping)
        return wait_ms;
    if (clock_loop().ms - agent->stop_since.ms < STOP_MAX_MS)
        return wait_ms < SECOND_MS ? wait_ms : SECOND_MS;
    log_warning("ends without the last commit; the next run reads these records again");
    agent->exit_code = EXIT_FAILED;
    event_base_loopbreak(agent->base);
    return wait_ms;
}

static void switch_core(struct agent *agent);

static void on_core(evutil_socket_t fd, short what, void *context)
{
    struct agent *agent = context;
    int64_t wait_ms = 0;
    struct err err = {0};
    (void)fd;
    (void)what;
    if (!agent->core || agent->ended)
        return;
    enum pump_result result = core_step(agent->core, &wait_ms, &err);
    progress_show(&agent->progress, core_ingest(agent->core), core_replay(agent->core),
                  clock_loop());
    notify_wake(agent->notify);
    if (result == PUMP_FAILED)
        agent_fail(agent, "agent stopped", &err);
    else if (result == PUMP_END && agent->coming.setup && !agent->stopping)
        core_is_quiet(agent->core) ? switch_core(agent)
                                   : schedule(agent->core_event, QUIET_CHECK_MS);
    else if (result == PUMP_END)
        input_ended(agent);
    else
        schedule(agent->core_event, result == PUMP_AGAIN ? 0 : mind_store(agent, wait_ms));
}

static void on_soon(void *context)
{
    struct agent *agent = context;
    schedule(agent->core_event, 0);
}

static void on_source_failed(void *context, int exit_code, const struct err *err)
{
    struct agent *agent = context;
    agent_fail(agent, "the source cannot go on", err);
    agent->exit_code = exit_code;
}

static void on_signal(evutil_socket_t signal_number, short what, void *context)
{
    struct agent *agent = context;
    (void)what;
    if (agent->stopping || agent->ended || !agent->core) {
        event_base_loopbreak(agent->base);
        return;
    }
    log_info("stopping", "signal", signal_number == SIGTERM ? "SIGTERM" : "SIGINT");
    agent->stopping = true;
    agent->stop_since = clock_loop();
    core_stop(agent->core);
    schedule(agent->core_event, 0);
}

/* ---- incidents and deliveries ---- */

static void on_change(void *context, const struct incident_change *change)
{
    struct agent *agent = context;
    progress_incident(&agent->progress, change);
    if (change->event == INCIDENT_CHANGED)
        return;
    char opened[32];
    log_info(change->event == INCIDENT_OPENED   ? "incident opened"
             : change->event == INCIDENT_CLOSED ? "incident closed"
                                                : "incident worsened",
             "id", change->incident.id, "title", change->incident.title, "severity",
             rule_severity_name(change->incident.severity), "opened",
             event_time_format(change->incident.opened, opened));
}

static void on_delivery(void *context, const struct store_delivery *delivery,
                        const struct store_delivery_result *result)
{
    struct agent *agent = context;
    agent->progress.delivered += result->state == DELIVERY_DELIVERED;
    if (agent->metrics)
        metrics_delivery(agent->metrics, delivery, result);
}

static bool route(void *context, const char *monitor, const char *rule, const char *receiver)
{
    const struct agent *agent = context;
    (void)monitor;
    return agent->core && core_tells(agent->core, rule, receiver);
}

static struct notify *make_notify(struct agent *agent, const struct config *config,
                                  struct err *reterr)
{
    struct notify *notify = notify_new(agent->base, config, agent->store, reterr);
    if (notify) {
        notify_watch(notify, on_delivery, agent);
        notify_route(notify, route, agent);
    }
    return notify;
}

/* ---- what is asked by others ---- */

static bool web_ready(void *context, struct text *reasons)
{
    const struct agent *agent = context;
    if (!agent->core) {
        text_printf(reasons, "store %s\nsetup %s\n", store_state(agent->store), agent->waiting);
        return false;
    }
    text_printf(reasons, "store %s\nsource %s\n", core_store_trouble(agent->core),
                core_source_state(agent->core));
    return core_is_ready(agent->core);
}

static void web_metrics(void *context, struct families *families)
{
    const struct agent *agent = context;
    if (!agent->core) {
        metrics_write_starting(store_state(agent->store), families);
        return;
    }
    metrics_write(agent->metrics, core_ingest(agent->core), core_evaluate(agent->core),
                  pump_watermarks(core_pump(agent->core)), families);
    if (core_live(agent->core))
        metrics_kafka(live_kafka(core_live(agent->core)), families);
    if (core_http(agent->core))
        http_input_metrics(core_http(agent->core), families);
}

static void web_status(void *context, struct text *json)
{
    const struct agent *agent = context;
    if (agent->core)
        metrics_status(core_setup(agent->core), core_ingest(agent->core),
                       core_evaluate(agent->core), pump_watermarks(core_pump(agent->core)),
                       agent->name, core_source_state(agent->core), core_share_read(agent->core),
                       json);
}

/* ---- housekeeping ---- */

static void on_pruned(void *context, enum store_result result, const struct err *err)
{
    struct agent *agent = context;
    agent->pruning = false;
    if (result != STORE_DONE)
        log_err(LOG_WARNING_LEVEL, "could not delete what is older than the retention", err);
}

static void on_prune(evutil_socket_t fd, short what, void *context)
{
    struct agent *agent = context;
    (void)fd;
    (void)what;
    if (agent->core && !agent->pruning) {
        agent->pruning = true;
        retention_prune(core_setup(agent->core), core_evaluate(agent->core), agent->store,
                        on_pruned, agent);
    }
    schedule(agent->prune_event, RETENTION_PERIOD_MS);
}

static void on_sample(evutil_socket_t fd, short what, void *context)
{
    struct agent *agent = context;
    (void)fd;
    (void)what;
    sampler_look(agent->sampler);
    schedule(agent->sample_event, SAMPLER_PERIOD_MS);
}

static void on_verdict(void *context, const struct verdict *verdict)
{
    struct agent *agent = context;
    metrics_verdict(agent->metrics, verdict);
}

static void on_lost(void *context, uint32_t monitor)
{
    struct agent *agent = context;
    if (agent->metrics)
        metrics_forget(agent->metrics, monitor);
}

/* ---- a setup, at the start and for a reload ---- */

static void coming_release(struct coming *coming)
{
    shelf_free(coming->shelf);
    config_free(coming->config);
    *coming = (struct coming){0};
}

/* Page, metrics and samples are of this setup from now on. */
static void observe(struct agent *agent, const struct setup *setup)
{
    if (agent->web)
        web_set_config(agent->web, setup->config);
    if (agent->sampler) {
        metrics_reload(agent->metrics, setup);
        sampler_reload(agent->sampler, setup);
        return;
    }
    agent->metrics = metrics_new(setup);
    agent->sampler = sampler_new(agent->metrics, setup, agent->store);
    schedule(agent->sample_event, 0);
}

static int start_core(struct agent *agent, struct setup *setup, struct err *reterr)
{
    const struct core_options options = {.config_path = agent->options->config_path,
                                         .file = agent->options->file,
                                         .topic = agent->options->topic,
                                         .pace = agent->options->pace,
                                         .context = agent,
                                         .soon = on_soon,
                                         .failed = on_source_failed,
                                         .verdict = on_verdict,
                                         .lost = on_lost,
                                         .change = on_change};
    agent->core = core_new(setup, agent->store, agent->base, &options, reterr);
    if (!agent->core)
        return reterr->code;
    schedule(agent->core_event, 0);
    return 0;
}

/* Whoever asked for the reload gets to know; `err` NULL: it is done. */
static void reload_answer(struct agent *agent, const struct err *err)
{
    struct web_reload *token = agent->coming.token;
    if (err && agent->metrics)
        metrics_reload(agent->metrics, NULL);
    if (err)
        log_err(LOG_ERROR_LEVEL, "the configuration was not applied; the old one stays", err);
    else
        log_info("the new configuration is at work");
    coming_release(&agent->coming);
    if (token)
        web_reload_done(token, err);
}

/* Takes the setup, also on failure: for a property of Kafka that is wrong, or a secret. */
static int start_setup(struct agent *agent, struct setup *setup, struct err *reterr)
{
    if (start_core(agent, setup, reterr) != 0)
        return reterr->code;
    struct notify *notify = make_notify(agent, setup->config, reterr);
    if (!notify) {
        core_free(agent->core);
        agent->core = NULL;
        return reterr->code;
    }
    notify_free(agent->notify);
    agent->notify = notify;
    observe(agent, setup);
    return 0;
}

/* The old core has committed and judged what it could. If there cannot be a new one, there is
 * another of the old setup. */
static void switch_core(struct agent *agent)
{
    struct setup *next = agent->coming.setup, *former = core_take_setup(agent->core);
    struct err err = {0}, own = {0};
    core_free(agent->core);
    agent->core = NULL;
    agent->coming.setup = NULL;
    if (start_setup(agent, next, &err) == 0) {
        setup_free(former);
        reload_answer(agent, NULL);
    } else if (start_core(agent, former, &own) == 0) {
        reload_answer(agent, &err);
    } else {
        agent_fail(agent, "neither the new nor the old configuration can be started", &own);
    }
}

static bool is_live(const struct agent *agent)
{
    return !agent->options->file;
}

static void start_again(struct agent *agent, const char *why, const struct err *err,
                        int64_t wait_ms)
{
    bool said = !strcmp(agent->waiting, why);
    if (!said && err)
        log_err(LOG_WARNING_LEVEL, why, err);
    else if (!said)
        log_warning(why);
    snprintf(agent->waiting, sizeof agent->waiting, "%s", why);
    schedule(agent->start_event, wait_ms);
}

/* Baselines are here, or not. */
static void start_fetched(struct agent *agent, enum store_result result, const struct err *err)
{
    struct coming *coming = &agent->coming;
    struct err own = {0};
    bool missing = false;
    if (result == STORE_UNAVAILABLE && is_live(agent)) {
        coming_release(coming);
        start_again(agent, "waiting for the store", err, START_AGAIN_MS);
        return;
    }
    if (result != STORE_DONE) {
        coming_release(coming);
        agent_fail(agent, "agent stopped", err);
        return;
    }
    struct setup *setup = setup_new(coming->config, coming->shelf, NULL, &missing);
    coming->config = NULL;
    coming_release(coming);
    if (!setup && missing && is_live(agent)) {
        start_again(agent, "waiting for a baseline", NULL, BASELINE_AGAIN_MS);
        return;
    }
    if (!setup || start_core(agent, setup, &own) != 0) {
        if (own.code)
            agent_fail(agent, "agent stopped", &own);
        agent->exit_code = EXIT_FAILED;
        event_base_loopbreak(agent->base);
        return;
    }
    observe(agent, core_setup(agent->core));
}

static void reload_fetched(struct agent *agent, enum store_result result, const struct err *err)
{
    struct coming *coming = &agent->coming;
    struct err own = {0};
    if (result != STORE_DONE) {
        reload_answer(agent, err);
        return;
    }
    coming->setup = setup_new(coming->config, coming->shelf, NULL, NULL);
    coming->config = NULL;
    if (!coming->setup) {
        err_set(&own, ERR_INVALID, "the configuration has problems; the log names them");
        reload_answer(agent, &own);
        return;
    }
    core_stop(agent->core);
    schedule(agent->core_event, 0);
}

static void on_fetched(void *context, enum store_result result, const struct err *err)
{
    struct agent *agent = context;
    if (agent->core)
        reload_fetched(agent, result, err);
    else
        start_fetched(agent, result, err);
}

/* Reads the configuration and fetches the baselines that it names. */
static int fetch(struct agent *agent)
{
    struct coming *coming = &agent->coming;
    coming->under_way = true;
    coming->config = setup_config(agent->options->config_path);
    if (!coming->config)
        return ERR_INVALID;
    coming->shelf = shelf_new(coming->config);
    return 0;
}

static void on_start(evutil_socket_t fd, short what, void *context)
{
    struct agent *agent = context;
    (void)fd;
    (void)what;
    if (fetch(agent) != 0) { /* it was good a moment ago: somebody is editing it */
        coming_release(&agent->coming);
        start_again(agent, "waiting for a configuration without problems", NULL, BASELINE_AGAIN_MS);
        return;
    }
    shelf_fetch(agent->coming.shelf, agent->store, on_fetched, agent);
}

/* What a running process cannot change. */
static int check_change(const struct agent *agent, struct err *reterr)
{
    const struct config *now = agent->config, *next = agent->coming.config;
    const char *what = strcmp(now->store, next->store) != 0     ? "store"
                       : strcmp(now->listen, next->listen) != 0 ? "web.listen"
                                                                : NULL;
    if (!what)
        return 0;
    err_set(reterr, ERR_INVALID, "%s cannot be changed while the agent runs", what);
    err_hint(reterr, "Restart it.");
    return ERR_INVALID;
}

static void reload(struct agent *agent, struct web_reload *token)
{
    struct err err = {0};
    if (agent->coming.under_way || !agent->core || agent->stopping || !is_live(agent)) {
        err_set(&err, ERR_UNAVAILABLE, "%s",
                is_live(agent) ? "the agent is starting, stopping or reloading"
                               : "a file is being replayed; that is done with one configuration");
        log_err(LOG_WARNING_LEVEL, "the configuration is not read again", &err);
        if (token)
            web_reload_done(token, &err);
        return;
    }
    int code = fetch(agent);
    agent->coming.token = token;
    if (code)
        err_set(&err, ERR_INVALID, "the configuration has problems; the log names them");
    if (code || check_change(agent, &err) != 0) {
        reload_answer(agent, &err);
        return;
    }
    shelf_fetch(agent->coming.shelf, agent->store, on_fetched, agent);
}

static void web_reload_asked(void *context, struct web_reload *token)
{
    reload(context, token);
}

static void on_hangup(evutil_socket_t signal_number, short what, void *context)
{
    (void)signal_number;
    (void)what;
    reload(context, NULL);
}

/* ---- opening and closing ---- */

static int open_web(struct agent *agent, struct err *reterr)
{
    const struct config *config = agent->config;
    const char *listen = agent->options->listen ? agent->options->listen : config->listen;
    const struct web_hooks hooks = {.context = agent,
                                    .ready = web_ready,
                                    .metrics = web_metrics,
                                    .reload = web_reload_asked,
                                    .status = web_status};
    if (!listen[0])
        return 0;
    agent->web = web_new(agent->base, listen, config, agent->store, &hooks, reterr);
    if (!agent->web)
        return reterr->code;
    char port[8];
    snprintf(port, sizeof port, "%u", web_port(agent->web));
    log_info("listening", "address", listen, "port", port);
    if (!web_is_local(agent->web))
        log_warning("whoever reaches this address can read everything; there is no password",
                    "address", listen, "hint", "Put a proxy in front, or listen on 127.0.0.1.");
    progress_listening(&agent->progress, listen, web_port(agent->web));
    return 0;
}

static int open_loop(struct agent *agent, struct err *reterr)
{
    agent->base = event_base_new();
    if (!agent->base)
        return err_set(reterr, ERR_IO, "could not make an event loop");
    agent->core_event = event_new(agent->base, -1, 0, on_core, agent);
    agent->start_event = event_new(agent->base, -1, 0, on_start, agent);
    agent->drain_event = event_new(agent->base, -1, 0, on_drain, agent);
    agent->term_event = evsignal_new(agent->base, SIGTERM, on_signal, agent);
    agent->int_event = evsignal_new(agent->base, SIGINT, on_signal, agent);
    agent->hup_event = evsignal_new(agent->base, SIGHUP, on_hangup, agent);
    agent->prune_event = event_new(agent->base, -1, 0, on_prune, agent);
    agent->sample_event = event_new(agent->base, -1, 0, on_sample, agent);
    event_add(agent->hup_event, NULL);
    event_add(agent->term_event, NULL);
    event_add(agent->int_event, NULL);
    return 0;
}

static void close_event(struct event *event)
{
    if (event)
        event_free(event);
}

/* The store goes first: after it nobody is called back. */
static void agent_close(struct agent *agent)
{
    store_close(agent->store);
    web_store_closed(agent->web);
    if (agent->coming.token) {
        struct err err;
        err_set(&err, ERR_UNAVAILABLE, "the agent ends");
        web_reload_done(agent->coming.token, &err);
    }
    notify_store_closed(agent->notify);
    web_free(agent->web);
    notify_free(agent->notify);
    sampler_free(agent->sampler);
    metrics_free(agent->metrics);
    core_free(agent->core);
    setup_free(agent->coming.setup);
    coming_release(&agent->coming);
    close_event(agent->core_event);
    close_event(agent->start_event);
    close_event(agent->drain_event);
    close_event(agent->term_event);
    close_event(agent->int_event);
    close_event(agent->hup_event);
    close_event(agent->prune_event);
    close_event(agent->sample_event);
    if (agent->base)
        event_base_free(agent->base);
    config_free(agent->config);
}

static int agent_open(struct agent *agent, struct err *reterr)
{
    agent->config = setup_config(agent->options->config_path);
    if (!agent->config)
        return ERR_INVALID;
    log_setup(agent->config->log_level, agent->config->log_format);
    if (open_loop(agent, reterr) != 0)
        return reterr->code;
    const struct store_options options = {.agent = agent->name, .base = agent->base};
    agent->store = store_open(agent->config->store, &options, reterr);
    agent->notify = agent->store ? make_notify(agent, agent->config, reterr) : NULL;
    if (!agent->notify)
        return reterr->code;
    return open_web(agent, reterr);
}

int agent_run(const struct agent_options *options)
{
    struct agent agent = {.options = options, .waiting = "starting"};
    signal(SIGPIPE, SIG_IGN); /* clients and receivers hang up */
    struct err err = {0};
    /* Host and process are not enough: containers may share a host's name, and each has a 1. */
    char host[65] = "";
    uint32_t random;
    evutil_secure_rng_get_bytes(&random, sizeof random);
    gethostname(host, sizeof host - 1);
    snprintf(agent.name, sizeof agent.name, "%s-%08x-%ld", host, random, (long)getpid());
    progress_init(&agent.progress, options->show_progress);
    if (agent_open(&agent, &err) != 0) {
        char line[1024];
        if (err.code)
            fprintf(stderr, "leeway: %s\n", err_line(&err, line, sizeof line));
        agent_close(&agent);
        return EXIT_FAILED;
    }
    schedule(agent.start_event, 0);
    schedule(agent.prune_event, RETENTION_PERIOD_MS);
    event_base_dispatch(agent.base);
    if (agent.core)
        progress_summary(&agent.progress, core_ingest(agent.core), core_evaluate(agent.core));
    agent_close(&agent);
    return agent.exit_code;
}
