/* The partitions of an HTTP input: which there are, whether this agent has taken them, and where
 * they go on. Private to http_input.c. */
#ifndef LEEWAY_APP_HTTP_SLOTS_H
#define LEEWAY_APP_HTTP_SLOTS_H

#include "app/http_input.h"

enum slot_state { SLOT_WANTED, SLOT_TAKING, SLOT_TAKEN };

struct slot {
    const char *topic; /* one of slots.topics */
    int32_t partition;
    enum slot_state state;
    int64_t start_offset; /* where it begins if the store does not know it */
    int64_t next_offset;  /* once it is taken */
    struct loop_time last_record;
    bool idle;
};

struct slots {
    struct http_input_hooks hooks;
    void *context;
    void (*changed)(void *context); /* an answer of the store has come */
    int32_t own;                    /* number of the partitions that are not numbered */
    char **topics;
    uint32_t topic_count;
    struct slot *items;
    uint32_t count;
    struct ingest_want *wants; /* being taken */
    uint32_t *want_items, want_count;
    bool listing, listed;   /* what the store knows */
    bool failed;            /* to list or to take, the last time */
    bool ready;             /* hooks.ready was called */
    struct loop_time again; /* asks not before */
};

/* Topics of all monitors, copied. Before anything else the store has to be asked what it knows. */
void slots_init(struct slots *slots, const struct config *config,
                const struct http_input_hooks *hooks, void (*changed)(void *context),
                void *context);
void slots_release(struct slots *slots);

/* The index of the partition, wanted from now on if it is new; it then begins at `start_offset` if
 * the store does not know it either. -1: nobody's topic, or there are too many. Slots may move. */
int64_t slots_want(struct slots *slots, const char *topic, int32_t partition, int64_t start_offset);

/* Asks the store what has to be asked, one thing at a time. */
void slots_ask(struct slots *slots, struct loop_time now);
bool slots_is_asking(const struct slots *slots);

/* Milliseconds until there is something to ask; `most_ms` if that is sooner. */
int64_t slots_wait_ms(const struct slots *slots, struct loop_time now, int64_t most_ms);

/* It was given up by somebody else in this process: it is taken again, a little later. */
void slots_lose(struct slots *slots, struct slot *slot);
/* The same for all, at once. */
void slots_lose_all(struct slots *slots);

/* Says which partitions have been silent for too long. */
void slots_mark_idle(struct slots *slots, struct loop_time now);

#endif
