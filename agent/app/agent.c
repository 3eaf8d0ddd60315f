/* One event loop drives the pump, the deliveries and the listener. The pump works in short steps
 * between the loop's other events; signals end the agent in order: stop reading, commit, judge what
 * is final, close. */
#include "app/agent.h"

#include <event2/event.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/live.h"
#include "app/complaint.h"
#include "app/metrics.h"
#include "app/options.h"
#include "app/progress.h"
#include "app/pump.h"
#include "app/retention.h"
#include "expose/web.h"
#include "notify/notify.h"
#include "sys/file.h"
#include "sys/log.h"

enum { STEP_BUDGET_MS = 8, DRAIN_CHECK_MS = 20, DRAIN_MAX_MS = 60000, STOP_MAX_MS = 10000 };

struct agent {
    const struct agent_options *options;
    char name[64];
    struct event_base *base;
    struct event *pump_event, *term_event, *int_event, *hup_event, *drain_event, *prune_event;
    struct store *store;
    struct setup *setup;
    struct ingest *ingest;
    struct evaluate *evaluate;
    struct replay *replay; /* a file, or NULL */
    struct live *live;     /* Kafka, or NULL */
    struct pump *pump;
    struct notify *notify;
    struct web *web;
    struct progress progress;
    bool ended, stopping, troubled; /* the store could not be written; that is said once */
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

/* The input has ended: stay for the page, or end once everything is told. */
static void input_ended(struct agent *agent)
{
    agent->ended = true;
    progress_finish(&agent->progress, agent->ingest, agent->evaluate);
    notify_wake(agent->notify);
    if (agent->stopping) {
        event_base_loopbreak(agent->base);
        return;
    }
    log_info("input has ended, everything is judged");
    struct err odd;
    if (complaint(ingest_totals(agent->ingest), &odd) != 0)
        log_err(LOG_WARNING_LEVEL, "little was counted", &odd);
    agent->drain_since = clock_loop();
    if (agent->options->once)
        schedule(agent->drain_event, DRAIN_CHECK_MS);
}

static void on_drain(evutil_socket_t fd, short what, void *context)
{
    struct agent *agent = context;
    int64_t waiting = 0;
    (void)fd;
    (void)what;
    bool idle = notify_idle(agent->notify, &waiting);
    bool waited = clock_loop().ms - agent->drain_since.ms > DRAIN_MAX_MS;
    if ((idle && waiting == 0) || waited) {
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
static int64_t mind_store(struct agent *agent, struct loop_time now, int64_t wait_ms)
{
    const char *trouble = pump_trouble(agent->pump);
    bool troubled = strcmp(trouble, "ok") != 0;
    if (troubled && !agent->troubled)
        log_warning("the store cannot be written; it is tried again", "error", trouble);
    else if (agent->troubled && !troubled)
        log_info("the store can be written again");
    agent->troubled = troubled;
    if (!agent->stopping || !troubled)
        return wait_ms;
    if (now.ms - agent->stop_since.ms < STOP_MAX_MS)
        return wait_ms < SECOND_MS ? wait_ms : SECOND_MS;
    log_warning("ends without the last commit; the next run reads these records again");
    agent->exit_code = EXIT_FAILED;
    event_base_loopbreak(agent->base);
    return wait_ms;
}

static void on_pump(evutil_socket_t fd, short what, void *context)
{
    struct agent *agent = context;
    struct loop_time start = clock_loop(), now = start;
    int64_t wait_ms = 0;
    enum pump_result result = PUMP_AGAIN;
    struct err err = {0};
    (void)fd;
    (void)what;
    while (result == PUMP_AGAIN && now.ms - start.ms < STEP_BUDGET_MS) {
        result = pump_step(agent->pump, now, &wait_ms, &err);
        now = clock_loop();
    }
    progress_show(&agent->progress, agent->ingest, agent->replay, now);
    if (agent->live)
        live_tick(agent->live, now);
    notify_wake(agent->notify);
    if (result == PUMP_FAILED)
        agent_fail(agent, "agent stopped", &err);
    else if (result == PUMP_END)
        input_ended(agent);
    else
        schedule(agent->pump_event, result == PUMP_AGAIN ? 0 : mind_store(agent, now, wait_ms));
}

static void on_signal(evutil_socket_t signal_number, short what, void *context)
{
    struct agent *agent = context;
    (void)what;
    if (agent->stopping || agent->ended) {
        event_base_loopbreak(agent->base);
        return;
    }
    log_info("stopping", "signal", signal_number == SIGTERM ? "SIGTERM" : "SIGINT");
    agent->stopping = true;
    agent->stop_since = clock_loop();
    if (agent->live)
        live_stop(agent->live);
    pump_stop(agent->pump);
    schedule(agent->pump_event, 0);
}

/* Without a handler the signal would end the process. */
static void on_hangup(evutil_socket_t signal_number, short what, void *context)
{
    (void)signal_number;
    (void)what;
    (void)context;
    log_warning("the configuration is read at start only; restart to apply a new one", "signal",
                "SIGHUP");
}

static void on_prune(evutil_socket_t fd, short what, void *context)
{
    struct agent *agent = context;
    struct err err = {0};
    (void)fd;
    (void)what;
    if (retention_prune(agent->setup, agent->evaluate, agent->store, &err) != 0)
        log_err(LOG_WARNING_LEVEL, "could not delete what is older than the retention", &err);
    schedule(agent->prune_event, RETENTION_PERIOD_MS);
}

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
    (void)delivery;
    agent->progress.delivered += result->state == DELIVERY_DELIVERED;
}

/* Which receivers an incident of that rule is told to. */
static bool route(void *context, const char *monitor, const char *rule_name, const char *receiver)
{
    const struct agent *agent = context;
    const struct ruleset *ruleset = &agent->setup->ruleset;
    (void)monitor;
    for (uint32_t i = 0; i < ruleset->count; i++) {
        const struct rule *rule = &ruleset->rules[i];
        if (strcmp(rule->name, rule_name) != 0)
            continue;
        for (uint32_t k = 0; k < rule->notify_count; k++)
            if (!strcmp(rule->notify[k], receiver))
                return true;
        return rule->notify_count == 0;
    }
    return false; /* a rule that is gone tells nobody */
}

static const char *source_state(const struct agent *agent)
{
    if (agent->live)
        return live_state(agent->live);
    return agent->ended ? "ended" : "reading";
}

static bool web_ready(void *context, struct text *reasons)
{
    const struct agent *agent = context;
    const char *trouble = pump_trouble(agent->pump), *source = source_state(agent);
    text_printf(reasons, "store %s\nsource %s\n", trouble, source);
    return !strcmp(trouble, "ok") && (!agent->live || !strcmp(source, "ok"));
}

static void web_metrics(void *context, struct text *text)
{
    const struct agent *agent = context;
    metrics_write(agent->setup, agent->ingest, agent->evaluate, agent->store, text);
    if (agent->live)
        live_metrics(agent->live, text);
}

static void web_status(void *context, struct text *json)
{
    const struct agent *agent = context;
    int64_t read = 0, total = -1;
    if (agent->replay)
        replay_progress(agent->replay, &read, &total);
    metrics_status(agent->setup, agent->ingest, agent->evaluate, agent->name, source_state(agent),
                   total > 0 ? (double)read / (double)total : -1, json);
}

static void on_live_failed(void *context, enum kafka_failure failure, const struct err *err)
{
    struct agent *agent = context;
    agent_fail(agent, "the source cannot go on", err);
    agent->exit_code = failure == KAFKA_FENCED ? EXIT_FENCED : EXIT_STALLED;
}

static void on_live_full(void *context)
{
    struct agent *agent = context;
    schedule(agent->pump_event, 0);
}

/* A file if one was given, else Kafka if it is configured. */
static int open_replay(struct agent *agent, struct err *reterr)
{
    const struct agent_options *options = agent->options;
    const struct config *config = agent->setup->config;
    const char *topic = options->topic;
    struct text reproduce = {0};
    if (!options->file && !config->kafka_count) {
        err_set(reterr, ERR_INVALID, "there is nothing to read");
        err_hint(reterr, "Give events with --file FILE, or set kafka in the configuration.");
        return ERR_INVALID;
    }
    if (!options->file)
        return 0;
    if (!topic)
        topic = config->monitor_count ? config->monitors[0].topics[0] : "events";
    text_printf(&reproduce, "leeway replay --config %s --file %s", options->config_path,
                options->file);
    agent->progress.reproduce = reproduce.data;
    agent->replay = replay_open(options->file, topic, config->limits.event_bytes + 4096, reterr);
    return agent->replay ? 0 : reterr->code;
}

static int open_live(struct agent *agent, struct err *reterr)
{
    const struct live_hooks hooks = {
        .context = agent, .failed = on_live_failed, .full = on_live_full};
    agent->live =
        live_new(agent->setup->config, agent->ingest, agent->pump, agent->base, &hooks, reterr);
    return agent->live ? 0 : reterr->code;
}

static int open_core(struct agent *agent, struct err *reterr)
{
    const struct agent_options *options = agent->options;
    const struct config *config = agent->setup->config;
    if (open_replay(agent, reterr) != 0)
        return reterr->code;
    struct evaluate_hooks hooks = {.context = agent,
                                   .change = on_change,
                                   .keep_verdicts = true,
                                   .keep_outbox = true,
                                   .reproduce = agent->progress.reproduce};
    struct pump_options pump_options = {.pace = options->pace,
                                        .judge_at_end =
                                            options->file && !strcmp(options->file, "-"),
                                        .commit_interval_ms = config->limits.commit_interval_ms};
    agent->ingest = ingest_new(agent->setup, agent->store, agent->name);
    agent->evaluate = evaluate_new(agent->setup, agent->store, &hooks, reterr);
    if (!agent->evaluate)
        return reterr->code;
    agent->pump = pump_new(agent->ingest, agent->evaluate, agent->setup, agent->replay,
                           &pump_options, reterr);
    if (!agent->pump)
        return reterr->code;
    return agent->replay ? 0 : open_live(agent, reterr);
}

static int open_web(struct agent *agent, struct err *reterr)
{
    const struct config *config = agent->setup->config;
    const char *listen = agent->options->listen ? agent->options->listen : config->listen;
    const struct web_hooks hooks = {
        .context = agent, .ready = web_ready, .metrics = web_metrics, .status = web_status};
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
    agent->pump_event = event_new(agent->base, -1, 0, on_pump, agent);
    agent->drain_event = event_new(agent->base, -1, 0, on_drain, agent);
    agent->term_event = evsignal_new(agent->base, SIGTERM, on_signal, agent);
    agent->int_event = evsignal_new(agent->base, SIGINT, on_signal, agent);
    agent->hup_event = evsignal_new(agent->base, SIGHUP, on_hangup, agent);
    agent->prune_event = event_new(agent->base, -1, 0, on_prune, agent);
    event_add(agent->hup_event, NULL);
    event_add(agent->term_event, NULL);
    event_add(agent->int_event, NULL);
    agent->notify = notify_new(agent->base, agent->setup->config, agent->store, reterr);
    if (!agent->notify)
        return reterr->code;
    notify_watch(agent->notify, on_delivery, agent);
    notify_route(agent->notify, route, agent);
    return 0;
}

static void close_event(struct event *event)
{
    if (event)
        event_free(event);
}

static void agent_close(struct agent *agent)
{
    web_free(agent->web);
    if (agent->notify)
        notify_free(agent->notify);
    live_free(agent->live);
    pump_free(agent->pump);
    evaluate_free(agent->evaluate);
    ingest_free(agent->ingest);
    replay_close(agent->replay);
    close_event(agent->pump_event);
    close_event(agent->drain_event);
    close_event(agent->term_event);
    close_event(agent->int_event);
    close_event(agent->hup_event);
    close_event(agent->prune_event);
    if (agent->base)
        event_base_free(agent->base);
    setup_free(agent->setup);
    store_close(agent->store);
    free(agent->progress.reproduce);
}

static int agent_open(struct agent *agent, struct err *reterr)
{
    struct config *config = setup_config(agent->options->config_path);
    if (!config)
        return ERR_INVALID;
    log_setup(config->log_level, config->log_format);
    agent->store = store_open(config->store, reterr);
    if (!agent->store) {
        config_free(config);
        return reterr->code;
    }
    agent->setup = setup_new(config, agent->store, NULL);
    if (!agent->setup)
        return ERR_INVALID;
    int code = open_loop(agent, reterr);
    if (!code)
        code = open_core(agent, reterr);
    return code ? code : open_web(agent, reterr);
}

int agent_run(const struct agent_options *options)
{
    struct agent agent = {.options = options};
    signal(SIGPIPE, SIG_IGN); /* clients and receivers hang up */
    struct err err = {0};
    char host[32] = "";
    gethostname(host, sizeof host - 1);
    snprintf(agent.name, sizeof agent.name, "%s-%ld", host, (long)getpid());
    progress_init(&agent.progress, options->show_progress);
    if (agent_open(&agent, &err) != 0) {
        char line[1024];
        if (err.code)
            fprintf(stderr, "leeway: %s\n", err_line(&err, line, sizeof line));
        agent_close(&agent);
        return EXIT_FAILED;
    }
    schedule(agent.pump_event, 0);
    schedule(agent.prune_event, RETENTION_PERIOD_MS);
    event_base_dispatch(agent.base);
    progress_summary(&agent.progress, agent.ingest, agent.evaluate);
    agent_close(&agent);
    return agent.exit_code;
}
