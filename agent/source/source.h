/* Sources of records: a thin shell that hands bytes with their position to the pipeline. */
#ifndef LEEWAY_SOURCE_SOURCE_H
#define LEEWAY_SOURCE_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"

/* One record as it came. Views are valid until the callback returns (replay: until the next call).
 */
struct record {
    const char *topic;
    int32_t partition;
    int64_t offset;
    int64_t broker_ms;  /* INT64_MIN: none */
    struct bytes value; /* size 0: a tombstone */
};

/* Replay: newline-delimited JSON from a file or standard input.
 *
 * A line is an event, or an envelope with its position: an object with "partition" and "offset"
 * numbers and either "value" or "payload", optionally "topic" (text) and "ts" or "timestamp"
 * (broker time, ms; negative is none). "value" or "payload" is the event itself or its text, as
 * `kcat -J` writes; null is a tombstone. Plain events get partition 0 and the line number (from 0)
 * as offset; blank lines are skipped but have a number. So a file should hold envelopes or events,
 * not both. An object with "partition" but not the rest is an event.
 *
 * Lines that are not JSON are passed on as they are: the pipeline quarantines them. A damaged
 * envelope whose position stands before its event keeps it; if the event itself is whole,
 * it is as good as any. A carriage return before the newline and a missing newline at the end are
 * tolerated. */
struct replay;

/* `path` "-" is standard input; files ending in .gz are refused with a hint. Topic for lines
 * without one: `topic` (borrowed until replay_close). A line of more than `line_max_bytes` (of an
 * envelope: with the envelope) is cut to one byte more than that, so that decoding with the same
 * limit says that it is too large. NULL on failure: ERR_NOT_FOUND, ERR_UNSUPPORTED (.gz),
 * ERR_INVALID (a directory), ERR_IO. Memory: about three times line_max_bytes and 1 MiB. */
struct replay *replay_open(const char *path, const char *topic, uint32_t line_max_bytes,
                           struct err *reterr);
void replay_close(struct replay *replay); /* takes NULL */

/* Reads the whole file once for the partitions in it (ascending by topic, then partition); rewinds
 * to the first line. ERR_UNSUPPORTED on standard input and other streams that cannot be rewound,
 * ERR_LIMIT beyond REPLAY_PARTITIONS_MAX partitions. Free with replay_partitions_free. */
enum { REPLAY_PARTITIONS_MAX = 16384 };

struct replay_partition {
    char *topic;
    int32_t partition;
    int64_t first_offset, last_offset, records; /* lowest and highest offset */
};
int replay_scan(struct replay *replay, struct replay_partition **ret, uint32_t *ret_count,
                struct err *reterr);
void replay_partitions_free(struct replay_partition *partitions, uint32_t count); /* takes NULL */

/* The next record. After REPLAY_END or REPLAY_ERROR (reading failed; `reterr` says why) `ret` is
 * unchanged, and further calls say the same. */
enum replay_result { REPLAY_RECORD, REPLAY_END, REPLAY_ERROR };
enum replay_result replay_next(struct replay *replay, struct record *ret, struct err *reterr);

/* For progress: bytes of the lines handed out, and the size of the file or -1. */
void replay_progress(const struct replay *replay, int64_t *ret_read_bytes,
                     int64_t *ret_total_bytes);

#endif
