/* Envelopes: a recorded event together with where it stood. Private to this folder. */
#ifndef LEEWAY_SOURCE_ENVELOPE_H
#define LEEWAY_SOURCE_ENVELOPE_H

#include "base/mem.h"
#include "decode/decode.h"
#include "source/source.h"

/* The paths of an envelope, in the order in which they are wanted from the plan. */
enum envelope_slot {
    SLOT_PARTITION,
    SLOT_OFFSET,
    SLOT_TOPIC,
    SLOT_TS,
    SLOT_TIMESTAMP,
    SLOT_VALUE,
    SLOT_PAYLOAD,
    ENVELOPE_SLOTS
};

extern const char *const envelope_paths[ENVELOPE_SLOTS]; /* "/partition", … */

struct envelope_reader {
    struct decode_plan *plan;
    struct text topic; /* of the last envelope that had one */
    struct text rest;  /* of a damaged line, to be decoded by itself */
};

void envelope_reader_init(struct envelope_reader *reader, uint32_t line_max_bytes);
void envelope_reader_release(struct envelope_reader *reader);

/* True if `line` is an envelope, whole or damaged but with a position before its event: then all of
 * `ret_record` except a missing topic is set; the caller sets that first. Else `ret_record` is
 * unchanged. Views are into the line and the reader, until its next call. */
bool envelope_read(struct envelope_reader *reader, struct bytes line, struct record *ret_record);

#endif
