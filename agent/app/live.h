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
    void (*soon)(void *context);           /* step the pump and tick soon */
};

/* All borrowed. Topics are those of all monitors. `failed` is called once if the source cannot go
 * on. NULL on failure. */
struct live *live_new(const struct config *config, struct store *store, struct ingest *ingest,
                      struct pump *pump, struct event_base *base, const struct live_hooks *hooks,
                      struct err *reterr);
/* Leaves the group; commit before. Takes NULL. */
void live_free(struct live *live);

/* After each turn of the pump: takes over what was offered, gives up what is committed, goes on
 * reading if there is room, and marks partitions idle that are drained and have been silent for a
 * minute. */
void live_tick(struct live *live, struct loop_time now);

/* The store says that somebody else counts our partitions: drops them, and joins again unless they
 * were being given up anyway. */
void live_fenced(struct live *live);

/* True if no call to the store is under way. */
bool live_is_quiet(const struct live *live);

/* No more records, before an orderly end. */
void live_stop(struct live *live);

/* "ok", or what it waits for. */
const char *live_state(struct live *live);

/* For its counters. */
struct kafka *live_kafka(struct live *live);

#endif
