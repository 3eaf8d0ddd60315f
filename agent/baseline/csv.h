/* CSV (RFC 4180) from chunks of bytes, row by row.
 *
 *     csv_feed(csv, chunk);
 *     while ((result = csv_next(csv, &row, err)) == CSV_ROW) …
 *     CSV_MORE: feed the next chunk, or csv_end once there is none, and go on.
 *
 * Cells may be quoted, with separators, line ends and doubled quotes inside. Lines end with LF or
 * CRLF; a byte order mark is skipped, blank lines too. The first row is the header; every other row
 * must have as many cells. A quote inside a bare cell, or anything but a separator after a closing
 * quote, is an error: a file that is read wrongly makes a wrong baseline. */
#ifndef LEEWAY_BASELINE_CSV_H
#define LEEWAY_BASELINE_CSV_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"

enum { CSV_ROW_BYTES_MAX = 4 * 1024 * 1024, CSV_CELLS_MAX = 16384 };

struct csv;

struct csv_row {
    const struct bytes *cells; /* size 0: empty, quoted or not */
    uint32_t count;
    uint64_t line; /* on which the row begins, from 1 */
};

enum csv_result { CSV_ROW, CSV_MORE, CSV_END, CSV_ERROR };

struct csv *csv_new(char separator);
void csv_free(struct csv *csv); /* takes NULL */

/* Gives the next bytes, which must stay valid until csv_next returns CSV_MORE. Only then, or at the
 * start. */
void csv_feed(struct csv *csv, struct bytes chunk);
void csv_end(struct csv *csv); /* there are no more bytes */

/* The next row; a view until the next call. CSV_ERROR: ERR_INVALID (grammar, number of cells, end
 * inside quotes) or ERR_LIMIT, the line in the place; then every further call is CSV_ERROR. */
enum csv_result csv_next(struct csv *csv, struct csv_row *ret_row, struct err *reterr);

/* The separator of a file that begins like this: the most frequent of comma, semicolon, tab and bar
 * in the first line outside quotes; comma if there is none. */
char csv_separator(struct bytes head);

#endif
