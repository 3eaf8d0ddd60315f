/* Reading as much of a damaged envelope as stands before the damage.
 *
 * Problem: a recorded event that is not JSON makes its whole line no JSON, yet it must reach
 * quarantine at its own offset, or a replay would not be what the consumer saw. It knows only as
 * much of JSON as is needed to step over members: quotes, backslashes and brackets. It refuses to
 * repair anything. */
#include "source/salvage.h"

static void drop(struct bytes *line, size_t size)
{
    line->data += size;
    line->size -= size;
}

static void drop_space(struct bytes *line)
{
    while (line->size && (line->data[0] == ' ' || (line->data[0] >= '\t' && line->data[0] <= '\r')))
        drop(line, 1);
}

static bool take_char(struct bytes *line, char wanted)
{
    drop_space(line);
    if (!line->size || line->data[0] != wanted)
        return false;
    drop(line, 1);
    return true;
}

/* A string; `ret` is what stands between its quotes, escapes as they are. Unchanged if there is
 * none or it has no end. */
static bool take_string(struct bytes *line, struct bytes *ret)
{
    struct bytes rest = *line;
    if (!take_char(&rest, '"'))
        return false;
    for (size_t i = 0; i < rest.size; i++) {
        if (rest.data[i] == '\\') {
            i++;
        } else if (rest.data[i] == '"') {
            *ret = bytes_make(rest.data, i);
            drop(&rest, i + 1);
            *line = rest;
            return true;
        }
    }
    return false;
}

/* Steps over an object or array: brackets are counted, not matched. */
static bool drop_nested(struct bytes *line)
{
    size_t depth = 0;
    struct bytes text;
    while (line->size) {
        char c = line->data[0];
        if (c == '"') {
            if (!take_string(line, &text))
                return false;
            continue;
        }
        drop(line, 1);
        depth += c == '{' || c == '[';
        if ((c == '}' || c == ']') && --depth == 0)
            return true;
    }
    return false;
}

/* A number, or a word like null; only integers are looked at. */
static void take_scalar(struct bytes *line, struct value *ret)
{
    size_t size = 0, digits = 0;
    while (size < line->size && !strchr(",]} \t\r\n", line->data[size])) {
        digits += line->data[size] >= '0' && line->data[size] <= '9';
        size++;
    }
    ret->text = bytes_make(line->data, size);
    drop(line, size);
    if (digits > 0 && digits <= 19 && digits + (ret->text.data[0] == '-') == size) {
        ret->kind = VALUE_NUMBER;
        ret->integral = true;
        for (size_t i = size - digits; i < size; i++)
            ret->number = ret->number * 10 + (ret->text.data[i] - '0');
        if (digits < size)
            ret->number = -ret->number;
    } else if (bytes_equal(ret->text, bytes_of("null"))) {
        ret->kind = VALUE_NULL;
    }
}

/* A member's value; absent if it is of a kind that is of no use. */
static bool take_member(struct bytes *line, struct value *ret)
{
    drop_space(line);
    if (!line->size)
        return false;
    if (line->data[0] == '{' || line->data[0] == '[')
        return drop_nested(line);
    if (line->data[0] != '"') {
        take_scalar(line, ret);
        return true;
    }
    if (!take_string(line, &ret->text))
        return false;
    ret->kind = memchr(ret->text.data, '\\', ret->text.size) ? VALUE_OBJECT : VALUE_STRING;
    return true;
}

static int slot_named(struct bytes key)
{
    for (int i = 0; i < ENVELOPE_SLOTS; i++)
        if (bytes_equal(key, bytes_of(envelope_paths[i] + 1)))
            return i;
    return -1;
}

int salvage_envelope(struct bytes line, struct value *values)
{
    struct bytes key;
    if (!take_char(&line, '{'))
        return -1;
    do {
        if (!take_string(&line, &key) || !take_char(&line, ':'))
            return -1;
        int slot = slot_named(key);
        if (slot == SLOT_VALUE || slot == SLOT_PAYLOAD) {
            line = bytes_trim(line);
            if (line.size && line.data[line.size - 1] == '}')
                line.size--;
            values[slot] = (struct value){.kind = VALUE_OBJECT, .text = line};
            return slot;
        }
        struct value member = {0};
        if (!take_member(&line, &member))
            return -1;
        if (slot >= 0)
            values[slot] = member;
    } while (take_char(&line, ','));
    return -1;
}
