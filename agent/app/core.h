/* The core: one setup at work. Sources, ingest, evaluate and the pump between them; made whole, and
 * replaced whole by a reload. */
#ifndef LEEWAY_APP_CORE_H
#define LEEWAY_APP_CORE_H

#include "app/pump.h"

struct event_base;
struct core;

struct core_options {
    const char *config_path; /* for the command that reproduces an incident */
    const char *file;        /* replay source: path or "-"; NULL: the configured sources */
    const char *topic;       /* of lines that name none; NULL: the first monitor's first topic */
    double pace;             /* event time per wall time; 0: as fast as it goes */
    void *context;           /* of the functions */
    void (*soon)(void *context);                                         /* call core_step soon */
    void (*failed)(void *context, int exit_code, const struct err *err); /* a source is at its end
                                                                            for good */
    void (*verdict)(void *context, const struct verdict *verdict);
    void (*change)(void *context, const struct incident_change *change);
    void (*lost)(void *context, uint32_t monitor); /* another agent judges it from now on */
};

/* `setup` is taken, also on failure; `store` and `base` are borrowed. NULL on failure. */
struct core *core_new(struct setup *setup, struct store *store, struct event_base *base,
                      const struct core_options *options, struct err *reterr);
/* Leaves the group. What is not committed is read again by the next one. Takes NULL. */
void core_free(struct core *core);
/* The setup is the caller's from now on, who frees the core next, and the setup not before that. */
struct setup *core_take_setup(struct core *core);

/* Some work, at most about 8 ms; PUMP_AGAIN: call again at once, PUMP_WAIT: after `ret_wait_ms`,
 * PUMP_END: all is judged, or it was stopped. */
enum pump_result core_step(struct core *core, int64_t *ret_wait_ms, struct err *reterr);

/* Commits, judges what is final, ends. */
void core_stop(struct core *core);

/* True if no call to the store is under way: only then may it be freed before the store. */
bool core_is_quiet(const struct core *core);

/* "ok", "reading", "ended", or what the source waits for. */
const char *core_source_state(const struct core *core);
const char *core_store_trouble(const struct core *core);
/* Readiness does not wait for servers that a sidecar does without. */
bool core_is_ready(const struct core *core);
double core_share_read(const struct core *core); /* -1: not known */

/* Whether an incident of that rule is told to the receiver. A rule that is gone tells nobody. */
bool core_tells(const struct core *core, const char *rule_name, const char *receiver);

const struct setup *core_setup(const struct core *core);
struct ingest *core_ingest(struct core *core);
struct evaluate *core_evaluate(struct core *core);
struct pump *core_pump(struct core *core);
const struct replay *core_replay(const struct core *core); /* NULL: no file */
struct live *core_live(struct core *core);                 /* NULL: no Kafka */
struct http_input *core_http(struct core *core);           /* NULL: no HTTP source */

#endif
