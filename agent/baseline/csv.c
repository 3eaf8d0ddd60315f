/* The CSV tokenizer.
 *
 *     START ──quote──► QUOTED ◄──quote──► CLOSED
 *       │ other           (a second quote is one quote; separator or line end leaves)
 *       └──────► BARE
 *
 * separator: cell ends, START. Line end: cell and row end. A CR is held back until the next byte
 * says whether it was part of the line end. The cells of a row lie one after the other in one
 * buffer. */
#include "baseline/csv.h"

#include <stdlib.h>

#include "base/mem.h"

enum state { START, BARE, QUOTED, CLOSED };

struct csv {
    char separator;
    enum state state;
    bool held_cr, ended, failed;
    unsigned mark_bytes; /* of a byte order mark seen; 3: past it */
    struct bytes chunk;
    struct text bytes;
    size_t *ends; /* of each cell in `bytes` */
    struct bytes *cells;
    uint32_t count, capacity, header_count;
    uint64_t line, row_line;
    bool row_done;
};

struct csv *csv_new(char separator)
{
    struct csv *csv = mem_new(1, sizeof(*csv));
    csv->separator = separator;
    csv->line = csv->row_line = 1;
    return csv;
}

void csv_free(struct csv *csv)
{
    if (!csv)
        return;
    text_release(&csv->bytes);
    free(csv->ends);
    free(csv->cells);
    free(csv);
}

void csv_feed(struct csv *csv, struct bytes chunk)
{
    csv->chunk = chunk;
}

void csv_end(struct csv *csv)
{
    csv->ended = true;
}

static int csv_fail(struct csv *csv, int code, const char *problem, struct err *reterr)
{
    csv->failed = true;
    err_set(reterr, code, "CSV: %s", problem);
    err_place(reterr, "line %llu", (unsigned long long)csv->line);
    return code;
}

static int end_cell(struct csv *csv, struct err *reterr)
{
    if (csv->count == CSV_CELLS_MAX)
        return csv_fail(csv, ERR_LIMIT, "a row has more than 16384 cells", reterr);
    if (csv->count == csv->capacity) {
        csv->capacity = csv->capacity ? 2 * csv->capacity : 64;
        csv->ends = mem_resize(csv->ends, csv->capacity, sizeof(*csv->ends));
        csv->cells = mem_resize(csv->cells, csv->capacity, sizeof(*csv->cells));
    }
    csv->ends[csv->count++] = csv->bytes.size;
    csv->state = START;
    return 0;
}

static int end_row(struct csv *csv, struct err *reterr)
{
    bool blank = csv->count == 0 && csv->state == START;
    csv->held_cr = false;
    if (blank)
        return 0;
    int code = end_cell(csv, reterr);
    if (code)
        return code;
    if (csv->header_count == 0)
        csv->header_count = csv->count;
    if (csv->count != csv->header_count)
        return csv_fail(csv, ERR_INVALID, "a row has not as many cells as the header", reterr);
    csv->row_done = true;
    return 0;
}

static int add_byte(struct csv *csv, char byte, struct err *reterr)
{
    if (csv->bytes.size >= CSV_ROW_BYTES_MAX)
        return csv_fail(csv, ERR_LIMIT, "a row is longer than 4 MiB", reterr);
    text_add(&csv->bytes, &byte, 1);
    return 0;
}

static int step_outside(struct csv *csv, char byte, struct err *reterr)
{
    if (byte == csv->separator)
        return end_cell(csv, reterr);
    if (byte == '\n')
        return end_row(csv, reterr);
    if (byte == '\r') {
        csv->held_cr = true;
        return 0;
    }
    if (csv->state == CLOSED && byte != '"')
        return csv_fail(csv, ERR_INVALID, "there is text after a closing quote", reterr);
    if (csv->state == BARE && byte == '"')
        return csv_fail(csv, ERR_INVALID, "there is a quote inside a cell without quotes", reterr);
    if (byte == '"') {
        bool doubled = csv->state == CLOSED;
        csv->state = QUOTED;
        return doubled ? add_byte(csv, byte, reterr) : 0;
    }
    csv->state = BARE;
    return add_byte(csv, byte, reterr);
}

static int step(struct csv *csv, char byte, struct err *reterr)
{
    if (csv->state == QUOTED) {
        if (byte == '"')
            csv->state = CLOSED;
        return byte == '"' ? 0 : add_byte(csv, byte, reterr);
    }
    if (csv->held_cr && byte != '\n')
        return csv_fail(csv, ERR_INVALID, "there is a carriage return inside a line", reterr);
    return step_outside(csv, byte, reterr);
}

/* Copies what cannot be special in one go; most bytes of a file go this way. */
static int take_plain(struct csv *csv, struct err *reterr)
{
    size_t size = 0;
    const char *data = csv->chunk.data;
    while (size < csv->chunk.size && data[size] != csv->separator && data[size] != '"' &&
           data[size] != '\n' && data[size] != '\r')
        size++;
    if (csv->bytes.size + size > CSV_ROW_BYTES_MAX)
        return csv_fail(csv, ERR_LIMIT, "a row is longer than 4 MiB", reterr);
    text_add(&csv->bytes, data, size);
    csv->chunk.data += size;
    csv->chunk.size -= size;
    return 0;
}

static int take(struct csv *csv, struct err *reterr)
{
    if ((csv->state == BARE || csv->state == QUOTED) && !csv->held_cr && take_plain(csv, reterr))
        return ERR_LIMIT;
    if (csv->chunk.size == 0)
        return 0;
    char byte = *csv->chunk.data++;
    csv->chunk.size--;
    int code = step(csv, byte, reterr);
    csv->line += byte == '\n';
    return code;
}

/* A byte order mark, which a chunk's end may cut; bytes that only looked like one are put back. */
static void skip_mark(struct csv *csv)
{
    static const char mark[] = "\xef\xbb\xbf";
    while (csv->mark_bytes < 3 && csv->chunk.size) {
        if (*csv->chunk.data != mark[csv->mark_bytes]) {
            text_add(&csv->bytes, mark, csv->mark_bytes);
            csv->state = csv->mark_bytes ? BARE : START;
            csv->mark_bytes = 3;
            return;
        }
        csv->mark_bytes++;
        csv->chunk.data++;
        csv->chunk.size--;
    }
}

static void give_row(struct csv *csv, struct csv_row *ret_row)
{
    size_t start = 0;
    for (uint32_t i = 0; i < csv->count; i++) {
        csv->cells[i] =
            bytes_make(csv->bytes.data ? csv->bytes.data + start : "", csv->ends[i] - start);
        start = csv->ends[i];
    }
    *ret_row = (struct csv_row){csv->cells, csv->count, csv->row_line};
}

static void start_row(struct csv *csv)
{
    csv->row_done = false;
    csv->count = 0;
    text_clear(&csv->bytes);
}

enum csv_result csv_next(struct csv *csv, struct csv_row *ret_row, struct err *reterr)
{
    if (csv->failed)
        return CSV_ERROR;
    if (csv->row_done)
        start_row(csv);
    skip_mark(csv);
    while (!csv->row_done && csv->chunk.size) {
        if (csv->count == 0 && csv->state == START)
            csv->row_line = csv->line;
        if (take(csv, reterr))
            return CSV_ERROR;
    }
    if (!csv->row_done && !csv->ended)
        return CSV_MORE;
    if (!csv->row_done && csv->state == QUOTED) {
        csv_fail(csv, ERR_INVALID, "the file ends inside quotes", reterr);
        return CSV_ERROR;
    }
    if (!csv->row_done && end_row(csv, reterr))
        return CSV_ERROR;
    if (!csv->row_done)
        return CSV_END;
    give_row(csv, ret_row);
    return CSV_ROW;
}

char csv_separator(struct bytes head)
{
    static const char separators[] = {',', ';', '\t', '|'};
    size_t counts[4] = {0};
    bool quoted = false;
    int best = 0;
    for (size_t i = 0; i < head.size && (quoted || head.data[i] != '\n'); i++) {
        if (head.data[i] == '"')
            quoted = !quoted;
        for (int s = 0; s < 4 && !quoted; s++)
            counts[s] += head.data[i] == separators[s];
    }
    for (int s = 1; s < 4; s++) {
        if (counts[s] > counts[best])
            best = s;
    }
    return separators[best];
}
