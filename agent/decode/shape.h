/* The shape of a record: the bytes between its scalars, which are the same from one record of a
 * producer to the next.
 *
 * A record that has the same bytes there, and a scalar in each gap, is JSON because the one before
 * was: the same objects with the same keys, in the same depth, and as many of them. So nothing of
 * that has to be looked at again. What differs in any way is left to the walk over the record, and
 * only the walk names a fault. Private to this folder. */
#ifndef LEEWAY_DECODE_SHAPE_H
#define LEEWAY_DECODE_SHAPE_H

#include <stdbool.h>
#include <stdint.h>

#include "decode/decode.h"

enum { SHAPE_GAPS = 1024, SHAPE_BYTES = 32768 };

struct shape_gap;

/* Where a scalar stood in the record that is learned from. */
struct shape_mark {
    uint32_t start, end;
    int32_t slot; /* or PLAN_NONE */
};

struct shape {
    struct shape_gap *gaps;
    uint32_t gap_count; /* 0: no shape is known */
    uint32_t lead_size; /* bytes before the first scalar */
    bool fills_all;     /* every slot has a scalar */
    char *text;         /* the record that was learned from */
    uint32_t *unknown;  /* what its counters were */
    uint32_t counters;

    struct shape_mark *marks;
    uint32_t mark_count; /* may be beyond what there is room for */
    bool learning;       /* the walk is to mark scalars */
    bool unfit;          /* it met something that a shape cannot hold */

    uint32_t score; /* rises with records of the shape, falls with others */
    bool was_good;  /* the score was full once */
    uint32_t pause; /* walks to let pass before learning */
    uint32_t next_pause;
};

/* For plans with so many counters; about 100 KiB. Release with shape_release. */
void shape_init(struct shape *shape, uint32_t counters);
void shape_release(struct shape *shape);

/* Reads the record in `buffer` (scan.h), which ends at `end`, if it is of the shape that is known;
 * if that does not fill all slots, the others are left alone. False, and buffer and values are
 * spoilt, if it is not. */
bool shape_read(struct shape *shape, char *buffer, const char *end, uint32_t string_bytes,
                struct value *ret_values, uint32_t *ret_unknown);

/* Before the walk over a record that was not read by its shape. */
void shape_start(struct shape *shape);

/* A scalar that the walk found at these offsets, while `learning`. */
static inline void shape_mark(struct shape *shape, size_t start, size_t end, int32_t slot)
{
    if (shape->mark_count < SHAPE_GAPS)
        shape->marks[shape->mark_count] = (struct shape_mark){(uint32_t)start, (uint32_t)end, slot};
    shape->mark_count++;
}

/* After a walk that found no fault: takes the record's shape if one is to be learned. `slots` is
 * the plan's number of them. */
void shape_learn(struct shape *shape, struct bytes event, const uint32_t *unknown, uint32_t slots);

#endif
