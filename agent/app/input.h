/* A file of training data or samples, CSV or NDJSON, as rows of values at wanted paths.
 *
 * Reading twice is normal (a baseline needs two passes), so standard input is copied to a temporary
 * file without a name first. NDJSON lines may be envelopes with a position, as for
 * replay. A CSV column stands for the path that ends in its name. */
#ifndef LEEWAY_APP_INPUT_H
#define LEEWAY_APP_INPUT_H

#include "base/mem.h"
#include "baseline/build.h"

struct input;

/* `path` "-" is standard input. The format follows from the name (.csv, .tsv; .ndjson, .jsonl,
 * .json) or else from the first byte. `missing` are texts that mean a missing value in CSV besides
 * the empty one (borrowed). NULL on failure. */
struct input *input_open(const char *path, const char *const *missing, uint32_t missing_count,
                         struct err *reterr);
void input_close(struct input *input); /* takes NULL */

bool input_is_csv(const struct input *input);

/* The file itself, for other readers. */
const char *input_file(const struct input *input);

/* CSV: the names of the columns, in order. */
const char *const *input_columns(const struct input *input, uint32_t *ret_count);

/* CSV: the column for a path: the one with this name or else the one that is its last part. -1 if
 * there is none. */
int input_column_for(const struct input *input, const char *path);

/* Wants the value at `path`; returns its place in the rows. Before the first input_rewind. CSV
 * without such a column: ERR_NOT_FOUND. */
int input_want(struct input *input, const char *path, struct err *reterr);

/* Goes to the first row, at the start and for each further pass. */
int input_rewind(struct input *input, struct err *reterr);

/* INPUT_REJECTED: a line that is no event; `ret_reason` says why. Values are views until the next
 * call. */
enum input_result { INPUT_ROW, INPUT_REJECTED, INPUT_END, INPUT_ERROR };
enum input_result input_next(struct input *input, const struct builder_value **ret_values,
                             const char **ret_reason, struct err *reterr);

/* Bytes read of how many in this pass. */
void input_progress(const struct input *input, int64_t *ret_read, int64_t *ret_total);

/* SHA-256 of the whole file, in hex. Buffer of HASH_HEX_BYTES. */
int input_sha256(const struct input *input, char *ret_hex, struct err *reterr);

/* The instant that a value says, as text or as a number. */
bool input_time(const struct builder_value *value, struct event_time *ret_time);

/* Last part of a JSON Pointer, unescaped, and the escaped form of a key. Both appended. */
void pointer_last(const char *pointer, struct text *text);
void pointer_escape(struct text *text, struct bytes key);

#endif
