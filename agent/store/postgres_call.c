/* Values cross to the server in two ways: single ones as text parameters, many of a kind as one
 * JSON list, so that a statement's text never depends on what it carries. They come back in binary
 * form, which is exact and needs no parsing. Assumes a database in UTF-8. Knows no table. */
#include "store/postgres_call.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"

const char *row_text_or_null(struct row *row)
{
    int column = row->column++;
    if (PQgetisnull(row->result, row->row, column))
        return NULL;
    return PQgetvalue(row->result, row->row, column); /* libpq ends binary values with a zero too */
}

const char *row_text(struct row *row)
{
    const char *text = row_text_or_null(row);
    return text ? text : "";
}

/* Eight bytes as the network has them. */
static uint64_t read_wide(const char *bytes)
{
    uint32_t halves[2];
    memcpy(halves, bytes, sizeof halves);
    return (uint64_t)ntohl(halves[0]) << 32 | ntohl(halves[1]);
}

int64_t row_int_or(struct row *row, int64_t none)
{
    int column = row->column++;
    uint32_t narrow;
    if (PQgetisnull(row->result, row->row, column))
        return none;
    const char *value = PQgetvalue(row->result, row->row, column);
    if (PQgetlength(row->result, row->row, column) == sizeof narrow) {
        memcpy(&narrow, value, sizeof narrow);
        return (int32_t)ntohl(narrow);
    }
    if (PQgetlength(row->result, row->row, column) != sizeof(int64_t))
        return none;
    return (int64_t)read_wide(value);
}

int64_t row_int(struct row *row)
{
    return row_int_or(row, 0);
}

double row_real(struct row *row)
{
    int column = row->column++;
    uint64_t bits;
    double number;
    if (PQgetisnull(row->result, row->row, column) ||
        PQgetlength(row->result, row->row, column) != sizeof bits)
        return (double)NAN;
    bits = read_wide(PQgetvalue(row->result, row->row, column));
    memcpy(&number, &bits, sizeof number);
    return number;
}

bool row_bool(struct row *row)
{
    int column = row->column++;
    return !PQgetisnull(row->result, row->row, column) &&
           *PQgetvalue(row->result, row->row, column) != 0;
}

struct bytes row_bytes(struct row *row)
{
    int column = row->column++;
    return bytes_make(PQgetvalue(row->result, row->row, column),
                      (size_t)PQgetlength(row->result, row->row, column));
}

/* ---- lists */

static const char replacement[] = "\xEF\xBF\xBD"; /* U+FFFD */

struct list list_begin(void)
{
    struct list list = {0};
    text_puts(&list.text, "[");
    return list;
}

void list_row(struct list *list)
{
    text_puts(&list->text, list->text.size > 1 ? "},{" : "{");
}

static void name(struct list *list, const char *name)
{
    bool first = list->text.data[list->text.size - 1] == '{';
    text_printf(&list->text, "%s\"%s\":", first ? "" : ",", name);
}

static void put_character(struct text *text, const char *at, size_t size)
{
    unsigned char c = (unsigned char)*at;
    if (c < 0x20)
        text_printf(text, "\\u%04x", c);
    else if (c == '"' || c == '\\')
        text_printf(text, "\\%c", c);
    else
        text_add(text, at, size);
}

static bool is_plain(char c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

static void put_string(struct text *text, const char *value)
{
    size_t left = strlen(value);
    text_add(text, "\"", 1);
    while (left) {
        size_t plain = 0, size;
        while (plain < left && is_plain(value[plain]))
            plain++;
        text_add(text, value, plain);
        value += plain;
        left -= plain;
        if (!left)
            break;
        bool valid;
        size = utf8_character(value, left, &valid);
        if (valid)
            put_character(text, value, size);
        else
            text_add(text, replacement, sizeof replacement - 1);
        size = valid ? size : 1;
        value += size;
        left -= size;
    }
    text_add(text, "\"", 1);
}

void list_text(struct list *list, const char *key, const char *value)
{
    name(list, key);
    if (value)
        put_string(&list->text, value);
    else
        text_puts(&list->text, "null");
}

void list_int(struct list *list, const char *key, int64_t value)
{
    name(list, key);
    text_printf(&list->text, "%" PRId64, value);
}

void list_int_or_null(struct list *list, const char *key, int64_t value, int64_t none)
{
    if (value == none)
        list_text(list, key, NULL);
    else
        list_int(list, key, value);
}

void list_real(struct list *list, const char *key, double value)
{
    name(list, key);
    if (isnan(value))
        text_puts(&list->text, "null");
    else if (isinf(value))
        text_puts(&list->text, value > 0 ? "\"Infinity\"" : "\"-Infinity\"");
    else
        text_printf(&list->text, "%.17g", value);
}

void list_bool(struct list *list, const char *key, bool value)
{
    name(list, key);
    text_puts(&list->text, value ? "true" : "false");
}

/* ---- calls */

struct call *call_new(const char *doing, const char *sql, size_t what_size, store_done_fn done,
                      void *context)
{
    struct call *call = mem_new(1, sizeof *call);
    call->doing = doing;
    call->sql = sql;
    call->what = mem_new(1, what_size ? what_size : 1);
    call->done = done;
    call->context = context;
    return call;
}

void call_free(struct call *call)
{
    if (call->release)
        call->release(call);
    for (int i = 0; i < call->count; i++)
        free(call->owned[i]);
    text_release(&call->own_sql);
    free(call->what);
    free(call);
}

static void add(struct call *call, const char *value, void *owned, size_t size, bool binary)
{
    if (call->count == CALL_PARAMETERS)
        mem_fail(sizeof call->values); /* a statement of ours has more parameters than there are */
    call->values[call->count] = value;
    call->owned[call->count] = owned;
    call->sizes[call->count] = size > INT32_MAX ? INT32_MAX : (int)size;
    call->formats[call->count++] = binary;
}

void call_take_text(struct call *call, struct text *text)
{
    add(call, text->data, text->data, text->size, false);
    *text = (struct text){0};
}

/* Text is large (a baseline) and valid nearly always. */
static struct text made_valid(const char *value)
{
    struct text text = {0};
    size_t left = strlen(value);
    if (utf8_valid(bytes_make(value, left))) {
        text_add(&text, value, left);
        return text;
    }
    while (left) {
        bool valid;
        size_t size = utf8_character(value, left, &valid);
        text_add(&text, valid ? value : replacement, valid ? size : sizeof replacement - 1);
        size = valid ? size : 1;
        value += size;
        left -= size;
    }
    return text;
}

void call_text(struct call *call, const char *value)
{
    if (!value) {
        add(call, NULL, NULL, 0, false);
        return;
    }
    struct text text = made_valid(value);
    text_puts(&text, ""); /* allocates, also for an empty one */
    call_take_text(call, &text);
}

void call_int(struct call *call, int64_t number)
{
    struct text text = {0};
    text_printf(&text, "%" PRId64, number);
    call_take_text(call, &text);
}

void call_int_or_null(struct call *call, int64_t number, int64_t none)
{
    if (number == none)
        call_text(call, NULL);
    else
        call_int(call, number);
}

void call_bool(struct call *call, bool value)
{
    call_text(call, value ? "true" : "false");
}

void call_bytes(struct call *call, struct bytes bytes)
{
    add(call, bytes.size ? bytes.data : "", NULL, bytes.size, true);
}

void call_list(struct call *call, struct list *list)
{
    text_puts(&list->text, list->text.size > 1 ? "}]" : "]");
    call_take_text(call, &list->text);
}
