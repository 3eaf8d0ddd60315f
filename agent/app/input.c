/* Opening, spooling and hashing of input files, and rows from CSV or NDJSON.
 *
 * Both formats end in the same values, so that a baseline from a CSV and one from the events
 * themselves agree. What the values mean is not known here. */
#include "app/input.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "baseline/csv.h"
#include "decode/decode.h"
#include "source/source.h"

enum { CHUNK_BYTES = 256 * 1024 };

struct input {
    char *file;
    int spool_fd; /* -1: a file of the user */
    bool is_csv;
    const char *const *missing;
    uint32_t missing_count;
    int64_t total_bytes, read_bytes;
    struct builder_value *row; /* a value for each wanted path */
    uint32_t wanted;
    /* CSV */
    int fd;
    char separator;
    struct csv *csv;
    char *chunk;
    char **columns;
    uint32_t column_count;
    uint32_t *slots; /* column of each wanted path */
    /* NDJSON */
    struct replay *replay;
    struct decode_plan *plan;
    bool compiled;
    struct value *values;
};

static int fail_errno(struct err *reterr, const char *what, const char *path)
{
    int number = errno;
    return err_set(reterr, number == ENOENT ? ERR_NOT_FOUND : ERR_IO, "could not %s %s: %s", what,
                   path, strerror(number));
}

static int copy_all(int from, int to, struct err *reterr)
{
    char *chunk __attribute__((cleanup(mem_cleanup))) = mem_new(CHUNK_BYTES, 1);
    for (;;) {
        ssize_t size = read(from, chunk, CHUNK_BYTES);
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0)
            return fail_errno(reterr, "read", "standard input");
        if (size == 0)
            return 0;
        for (ssize_t done = 0; done < size;) {
            ssize_t written = write(to, chunk + done, (size_t)(size - done));
            if (written < 0 && errno != EINTR)
                return fail_errno(reterr, "write", "the temporary copy of standard input");
            done += written > 0 ? written : 0;
        }
    }
}

/* The copy has no name from the start, so that nothing is left behind however the process ends; it
 * is opened again through /proc. */
static int input_spool(struct input *input, struct err *reterr)
{
    const char *directory = getenv("TMPDIR");
    struct text path = {0};
    directory = directory && *directory ? directory : "/tmp";
    text_printf(&path, "%s/leeway-input-XXXXXX", directory);
    input->spool_fd = mkstemp(path.data);
    if (input->spool_fd >= 0)
        unlink(path.data);
    text_clear(&path);
    text_printf(&path, "/proc/self/fd/%d", input->spool_fd);
    input->file = path.data;
    if (input->spool_fd < 0)
        return fail_errno(reterr, "make a temporary file in", directory);
    return copy_all(STDIN_FILENO, input->spool_fd, reterr);
}

static bool ends_with(const char *path, const char *ending)
{
    size_t size = strlen(path), end = strlen(ending);
    return size >= end && strcasecmp(path + size - end, ending) == 0;
}

static int input_detect(struct input *input, const char *path, struct err *reterr)
{
    char head[4096];
    struct stat status;
    int fd = open(input->file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail_errno(reterr, "open", path);
    ssize_t size = read(fd, head, sizeof head);
    int failed = size < 0 || fstat(fd, &status) != 0;
    int code = failed ? fail_errno(reterr, "read", path) : 0;
    close(fd);
    if (failed)
        return code;
    if (ends_with(path, ".gz") || ends_with(path, ".parquet"))
        return err_set(reterr, ERR_UNSUPPORTED, "%s: only CSV and NDJSON can be read", path);
    struct bytes first = bytes_trim(bytes_make(head, (size_t)size));
    input->total_bytes = (int64_t)status.st_size;
    input->is_csv = ends_with(path, ".csv") || ends_with(path, ".tsv");
    if (!input->is_csv && !ends_with(path, ".ndjson") && !ends_with(path, ".jsonl") &&
        !ends_with(path, ".json"))
        input->is_csv = first.size > 0 && first.data[0] != '{' && first.data[0] != '[';
    input->separator = csv_separator(bytes_make(head, (size_t)size));
    return 0;
}

static int csv_start(struct input *input, struct err *reterr)
{
    if (input->fd < 0)
        input->fd = open(input->file, O_RDONLY | O_CLOEXEC);
    if (input->fd < 0 || lseek(input->fd, 0, SEEK_SET) < 0)
        return fail_errno(reterr, "read", input->file);
    csv_free(input->csv);
    input->csv = csv_new(input->separator);
    input->read_bytes = 0;
    return 0;
}

static enum csv_result csv_row(struct input *input, struct csv_row *ret_row, struct err *reterr)
{
    for (;;) {
        enum csv_result result = csv_next(input->csv, ret_row, reterr);
        if (result != CSV_MORE)
            return result;
        ssize_t size = read(input->fd, input->chunk, CHUNK_BYTES);
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0) {
            fail_errno(reterr, "read", input->file);
            return CSV_ERROR;
        }
        input->read_bytes += size;
        if (size)
            csv_feed(input->csv, bytes_make(input->chunk, (size_t)size));
        else
            csv_end(input->csv);
    }
}

static int csv_header(struct input *input, struct err *reterr)
{
    struct csv_row row;
    input->chunk = mem_new(CHUNK_BYTES, 1);
    if (csv_start(input, reterr))
        return ERR_IO;
    enum csv_result result = csv_row(input, &row, reterr);
    if (result == CSV_END)
        return err_set(reterr, ERR_INVALID, "the file is empty");
    if (result != CSV_ROW)
        return ERR_INVALID;
    input->columns = mem_new(row.count, sizeof *input->columns);
    input->column_count = row.count;
    for (uint32_t i = 0; i < row.count; i++) {
        input->columns[i] = mem_text(bytes_trim(row.cells[i]));
        for (uint32_t k = 0; k < i; k++)
            if (!strcmp(input->columns[k], input->columns[i]))
                return err_set(reterr, ERR_INVALID,
                               "line 1: CSV: columns %u and %u are both \"%.64s\"", k + 1, i + 1,
                               input->columns[i]);
    }
    return 0;
}

struct input *input_open(const char *path, const char *const *missing, uint32_t missing_count,
                         struct err *reterr)
{
    struct input *input = mem_new(1, sizeof *input);
    input->missing = missing;
    input->missing_count = missing_count;
    input->fd = input->spool_fd = -1;
    int code = 0;
    if (strcmp(path, "-") == 0)
        code = input_spool(input, reterr);
    else
        input->file = mem_copy(path);
    if (code == 0)
        code = input_detect(input, path, reterr);
    if (code == 0 && input->is_csv)
        code = csv_header(input, reterr);
    if (code == 0 && !input->is_csv)
        input->plan = decode_plan_new(&decode_limits_default);
    if (code) {
        input_close(input);
        return NULL;
    }
    return input;
}

void input_close(struct input *input)
{
    if (!input)
        return;
    if (input->spool_fd >= 0)
        close(input->spool_fd);
    if (input->fd >= 0)
        close(input->fd);
    for (uint32_t i = 0; i < input->column_count; i++)
        free(input->columns[i]);
    free(input->columns);
    free(input->slots);
    free(input->chunk);
    csv_free(input->csv);
    replay_close(input->replay);
    decode_plan_free(input->plan);
    free(input->values);
    free(input->row);
    free(input->file);
    free(input);
}

bool input_is_csv(const struct input *input)
{
    return input->is_csv;
}

const char *input_file(const struct input *input)
{
    return input->file;
}

const char *const *input_columns(const struct input *input, uint32_t *ret_count)
{
    *ret_count = input->column_count;
    return (const char *const *)input->columns;
}

void pointer_last(const char *pointer, struct text *text)
{
    const char *slash = strrchr(pointer, '/');
    for (const char *at = slash ? slash + 1 : pointer; *at; at++) {
        bool escaped = at[0] == '~' && (at[1] == '0' || at[1] == '1');
        text_add(text, escaped ? (at[1] == '0' ? "~" : "/") : at, 1);
        at += escaped;
    }
}

void pointer_escape(struct text *text, struct bytes key)
{
    for (size_t i = 0; i < key.size; i++) {
        if (key.data[i] == '~' || key.data[i] == '/')
            text_puts(text, key.data[i] == '~' ? "~0" : "~1");
        else
            text_add(text, key.data + i, 1);
    }
}

static int column_named(const struct input *input, const char *name)
{
    for (uint32_t i = 0; i < input->column_count; i++) {
        if (strcmp(input->columns[i], name) == 0)
            return (int)i;
    }
    return -1;
}

int input_column_for(const struct input *input, const char *path)
{
    struct text last = {0};
    int column = column_named(input, path);
    pointer_last(path, &last);
    if (column < 0 && last.size)
        column = column_named(input, last.data);
    text_release(&last);
    return column;
}

int input_want(struct input *input, const char *path, struct err *reterr)
{
    if (!input->is_csv) {
        int slot = decode_plan_want(input->plan, bytes_of(path), reterr);
        if (slot >= 0 && (uint32_t)slot >= input->wanted)
            input->wanted = (uint32_t)slot + 1;
        return slot;
    }
    int column = input_column_for(input, path);
    if (column < 0)
        return err_set(reterr, ERR_NOT_FOUND, "there is no column for %s", path);
    input->slots = mem_resize(input->slots, input->wanted + 1, sizeof *input->slots);
    input->slots[input->wanted] = (uint32_t)column;
    return (int)input->wanted++;
}

int input_rewind(struct input *input, struct err *reterr)
{
    struct csv_row header;
    if (!input->row)
        input->row = mem_new(input->wanted, sizeof *input->row);
    if (input->is_csv) {
        int code = csv_start(input, reterr);
        if (code == 0 && csv_row(input, &header, reterr) != CSV_ROW)
            code = ERR_INVALID;
        return code;
    }
    if (!input->compiled) {
        decode_plan_compile(input->plan);
        input->values = mem_new(input->wanted, sizeof *input->values);
        input->compiled = true;
    }
    replay_close(input->replay);
    input->replay = replay_open(input->file, "input", decode_limits_default.event_bytes, reterr);
    return input->replay ? 0 : ERR_IO;
}

static struct builder_value csv_value(const struct input *input, struct bytes cell)
{
    struct builder_value value = {.kind = BUILDER_TEXT, .text = bytes_trim(cell)};
    if (value.text.size == 0)
        value.kind = BUILDER_ABSENT;
    if (value.text.size == 3 && strncasecmp(value.text.data, "nan", 3) == 0)
        value.kind = BUILDER_NAN;
    for (uint32_t i = 0; i < input->missing_count; i++) {
        if (bytes_equal(value.text, bytes_of(input->missing[i])))
            value.kind = BUILDER_ABSENT;
    }
    return value;
}

static struct builder_value json_value(const struct value *from)
{
    struct builder_value value = {
        .kind = BUILDER_OTHER, .number = from->number, .text = from->text};
    switch (from->kind) {
    case VALUE_ABSENT:
        value.kind = BUILDER_ABSENT;
        break;
    case VALUE_NULL:
        value.kind = BUILDER_NULL;
        break;
    case VALUE_FALSE:
        value.kind = BUILDER_FALSE;
        break;
    case VALUE_TRUE:
        value.kind = BUILDER_TRUE;
        break;
    case VALUE_NUMBER:
        value.kind = BUILDER_NUMBER;
        break;
    case VALUE_NAN:
        value.kind = BUILDER_NAN;
        break;
    case VALUE_INFINITE:
        value.kind = BUILDER_INFINITE;
        break;
    case VALUE_STRING:
        value.kind = BUILDER_TEXT;
        break;
    case VALUE_OBJECT:
    case VALUE_ARRAY:
        break;
    }
    return value;
}

static enum input_result next_csv(struct input *input, struct err *reterr)
{
    struct csv_row row;
    enum csv_result result = csv_row(input, &row, reterr);
    if (result != CSV_ROW)
        return result == CSV_END ? INPUT_END : INPUT_ERROR;
    for (uint32_t i = 0; i < input->wanted; i++)
        input->row[i] = csv_value(input, row.cells[input->slots[i]]);
    return INPUT_ROW;
}

static enum input_result next_json(struct input *input, const char **ret_reason, struct err *reterr)
{
    struct record record;
    enum replay_result result = replay_next(input->replay, &record, reterr);
    if (result != REPLAY_RECORD)
        return result == REPLAY_END ? INPUT_END : INPUT_ERROR;
    enum decode_result decoded = decode_event(input->plan, record.value, input->values, NULL);
    if (decoded != DECODE_OK) {
        *ret_reason = decode_result_name(decoded);
        return INPUT_REJECTED;
    }
    for (uint32_t i = 0; i < input->wanted; i++)
        input->row[i] = json_value(&input->values[i]);
    return INPUT_ROW;
}

enum input_result input_next(struct input *input, const struct builder_value **ret_values,
                             const char **ret_reason, struct err *reterr)
{
    *ret_values = input->row;
    return input->is_csv ? next_csv(input, reterr) : next_json(input, ret_reason, reterr);
}

void input_progress(const struct input *input, int64_t *ret_read, int64_t *ret_total)
{
    *ret_read = input->read_bytes;
    *ret_total = input->total_bytes;
    if (input->replay)
        replay_progress(input->replay, ret_read, ret_total);
}

int input_sha256(const struct input *input, char *ret_hex, struct err *reterr)
{
    char *chunk __attribute__((cleanup(mem_cleanup))) = mem_new(CHUNK_BYTES, 1);
    int fd = open(input->file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail_errno(reterr, "open", input->file);
    struct sha256 *sha = sha256_new();
    ssize_t size;
    while ((size = read(fd, chunk, CHUNK_BYTES)) > 0 || (size < 0 && errno == EINTR)) {
        if (size > 0)
            sha256_add(sha, bytes_make(chunk, (size_t)size));
    }
    int code = size < 0 ? fail_errno(reterr, "read", input->file) : 0;
    sha256_finish(sha, ret_hex);
    close(fd);
    return code;
}

bool input_time(const struct builder_value *value, struct event_time *ret_time)
{
    double number = value->number;
    if (value->kind == BUILDER_TEXT) {
        if (event_time_parse(value->text, ret_time))
            return true;
        if (!number_from_text(value->text, &number))
            return false;
    } else if (value->kind != BUILDER_NUMBER) {
        return false;
    }
    return event_time_from_number(number, ret_time);
}
