/* Live: records from Kafka into the pump. Answers the source's questions (where a partition starts,
 * whether it may be given up) from the store's positions, holds it back while the pump is full, and
 * says which partitions are idle. */
#ifndef LEEWAY_APP_LIVE_H
#define LEEWAY_APP_LIVE_H

#include "app/ingest.h"
#include "app/pump.h"
#include "source/kafka.h"

struct live;

struct live_hooks {
    void *context;
    void (*failed)(void *context, enum kafka_failure failure,
                   const struct err *err); /* once; nothing comes any more */
    void (*full)(void *context);           /* a record waits for a commit: step the pump soon */
};

/* All borrowed. Topics are those of all monitors. `failed` is called once if the source cannot go
 * on. NULL on failure. */
struct live *live_new(const struct config *config, struct ingest *ingest, struct pump *pump,
                      struct event_base *base, const struct live_hooks *hooks, struct err *reterr);
/* Leaves the group; commit before. Takes NULL. */
void live_free(struct live *live);

/* After each turn of the pump: goes on reading if there is room, and marks partitions idle that are
 * drained and have been silent for a minute. */
void live_tick(struct live *live, struct loop_time now);

/* No more records, before an orderly end. */
void live_stop(struct live *live);

/* "ok", or what it waits for. */
const char *live_state(struct live *live);

/* Families of Prometheus text: lag, rebalances, dropped and lost records. */
void live_metrics(struct live *live, struct text *text);

#endif
