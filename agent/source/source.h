/* Sources of records: a thin shell that hands bytes with their position to the pipeline. */
#ifndef LEEWAY_SOURCE_SOURCE_H
#define LEEWAY_SOURCE_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"

/* One record as it came. Views are valid until the callback returns. */
struct record {
    const char *topic;
    int32_t partition;
    int64_t offset;
    int64_t broker_ms; /* INT64_MIN: none */
    struct bytes value;
};

/* Replay: newline-delimited JSON from a file or standard input.
 *
 * A line is an event, or an envelope with its position: an object with "partition" and "offset"
 * numbers and either "value" (the event) or "payload" (its text, as `kcat -J` writes), optionally
 * "topic" and "ts"/"timestamp" (broker time, ms). Plain events get partition 0 and the line number
 * (from 0) as offset. Lines that are not JSON are passed on as they are: the pipeline quarantines
 * them. */
struct replay;

/* `path` "-" is standard input; files ending in .gz are refused with a hint. Topic for lines
 * without one: `topic`. NULL on failure. */
struct replay *replay_open(const char *path, const char *topic, uint32_t line_max_bytes,
                           struct err *reterr);
void replay_close(struct replay *replay); /* takes NULL */

/* Reads the whole file once for the partitions in it (ascending, by topic); rewinds.
 * ERR_UNSUPPORTED on standard input. */
struct replay_partition {
    char *topic;
    int32_t partition;
    int64_t first_offset, last_offset, records;
};
int replay_scan(struct replay *replay, struct replay_partition **ret, uint32_t *ret_count,
                struct err *reterr);
void replay_partitions_free(struct replay_partition *partitions, uint32_t count);

enum replay_result { REPLAY_RECORD, REPLAY_END, REPLAY_ERROR };
enum replay_result replay_next(struct replay *replay, struct record *ret, struct err *reterr);

/* For progress: bytes read, and the size of the file or -1. */
void replay_progress(const struct replay *replay, int64_t *ret_read_bytes,
                     int64_t *ret_total_bytes);

#endif
