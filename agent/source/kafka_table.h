/* The partitions that this member owns. Private to this folder. */
#ifndef LEEWAY_SOURCE_KAFKA_TABLE_H
#define LEEWAY_SOURCE_KAFKA_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "source/kafka_stall.h"

/*   RESOLVING ─offsets known─► ASKED ─offset given─► READY ─assign()─► FLOWING
 *       ▲  ▲                     │ it does not exist?                    │
 *       │  └─────────────────────┘                                      │
 *       └───────────────── the broker does not have the offset ─────────┘  */
enum part_state { PART_RESOLVING, PART_ASKED, PART_READY, PART_FLOWING };

struct part {
    char *topic;
    int32_t partition;
    enum part_state state;
    bool offered;      /* the receiver was told of it */
    bool jumped;       /* the receiver was told that the offset does not exist */
    bool rewind;       /* librdkafka went on while the receiver was stopped */
    bool at_end;       /* nothing came since its end was reached */
    int64_t next;      /* expected offset; -1: not yet known */
    int64_t start;     /* by the start policy */
    int64_t low, end;  /* as the broker last said */
    int64_t reached;   /* the end that was reached, also behind the last record; -1: none */
    int64_t beyond_ms; /* loop time since when `next` is beyond the end; 0: it is not */
    struct stall stall;
};

struct table {
    struct part *parts; /* ascending by topic, partition */
    uint32_t count;
    uint32_t last; /* the one found last */
};

/* Adds to an unsorted table; table_sort before anything else. */
struct part *table_add(struct table *table, const char *topic, int32_t partition);
void table_sort(struct table *table);
struct part *table_find(struct table *table, const char *topic, int32_t partition);
void table_clear(struct table *table);

/* The next offset that can hold a record. */
int64_t part_position(const struct part *part);

#endif
