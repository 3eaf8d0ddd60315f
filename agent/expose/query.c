/* The only place that undoes percent escapes. Strict: what does not decode to clean UTF-8 is
 * refused rather than repaired, so nothing behind it meets a NUL or a control character. It knows
 * no route and no parameter by name. */
#include "expose/query.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/when.h"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Bytes of the UTF-8 sequence at `s`, 0 if it is none (overlong, surrogate, cut off). */
static size_t utf8_length(const unsigned char *s, size_t size)
{
    if (s[0] < 0x80)
        return 1;
    size_t length = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    if (s[0] < 0xc2 || s[0] > 0xf4 || length > size)
        return 0;
    for (size_t i = 1; i < length; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    }
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
        (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
        return 0;
    return length;
}

static bool is_clean(const char *text, size_t size)
{
    const unsigned char *s = (const unsigned char *)text;
    for (size_t i = 0; i < size;) {
        size_t length = utf8_length(s + i, size - i);
        if (length == 0 || s[i] < 0x20 || s[i] == 0x7f)
            return false;
        i += length;
    }
    return true;
}

bool query_decode(const char *raw, size_t size, bool plus, char *ret_text)
{
    size_t used = 0;
    for (size_t i = 0; i < size; i++) {
        if (used + 1 >= QUERY_TEXT_MAX)
            return false;
        char c = raw[i];
        if (c == '%') {
            int high = i + 2 < size ? hex_digit(raw[i + 1]) : -1;
            int low = i + 2 < size ? hex_digit(raw[i + 2]) : -1;
            if (high < 0 || low < 0)
                return false;
            c = (char)(high * 16 + low);
            i += 2;
        } else if (plus && c == '+') {
            c = ' ';
        }
        ret_text[used++] = c;
    }
    ret_text[used] = '\0';
    return is_clean(ret_text, used);
}

static int parse_pair(const char *raw, size_t size, struct query *query, struct err *reterr)
{
    const char *equals = memchr(raw, '=', size);
    size_t name_size = equals ? (size_t)(equals - raw) : size;
    char name[QUERY_TEXT_MAX];
    struct query_pair *pair = &query->pairs[query->count];
    if (!query_decode(raw, name_size, true, name) || strlen(name) >= sizeof pair->name)
        return err_set(reterr, ERR_INVALID, "bad name of a query parameter");
    if (query_get(query, name))
        return err_set(reterr, ERR_INVALID, "query parameter %s is given twice", name);
    memcpy(pair->name, name, strlen(name) + 1);
    pair->value[0] = '\0';
    if (equals && !query_decode(equals + 1, size - name_size - 1, true, pair->value))
        return err_set(reterr, ERR_INVALID, "bad value of query parameter %s", name);
    query->count++;
    return 0;
}

int query_parse(const char *raw, struct query *ret_query, struct err *reterr)
{
    ret_query->count = 0;
    while (raw && *raw) {
        size_t size = strcspn(raw, "&");
        if (size > 0 && ret_query->count == QUERY_PAIRS_MAX)
            return err_set(reterr, ERR_LIMIT, "more than %d query parameters", QUERY_PAIRS_MAX);
        int result = size > 0 ? parse_pair(raw, size, ret_query, reterr) : 0;
        if (result < 0)
            return result;
        raw += size + (raw[size] == '&');
    }
    return 0;
}

const char *query_get(const struct query *query, const char *name)
{
    for (uint32_t i = 0; i < query->count; i++) {
        if (!strcmp(query->pairs[i].name, name))
            return query->pairs[i].value;
    }
    return NULL;
}

static bool parse_whole(const char *text, int64_t *ret_number)
{
    if (text[0] < '0' || text[0] > '9')
        return false;
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (*end || errno)
        return false;
    *ret_number = number;
    return true;
}

int query_limit(const struct query *query, const char *name, uint32_t preset, uint32_t max,
                uint32_t *ret_limit, struct err *reterr)
{
    const char *value = query_get(query, name);
    int64_t number = preset;
    if (value && *value && !parse_whole(value, &number))
        return err_set(reterr, ERR_INVALID, "%s is not a whole number", name);
    if (number < 1 || number > max)
        return err_set(reterr, ERR_INVALID, "%s must be from 1 to %u", name, max);
    *ret_limit = (uint32_t)number;
    return 0;
}

int query_duration(const struct query *query, const char *name, int64_t *ret_ms, struct err *reterr)
{
    const char *value = query_get(query, name);
    int64_t ms = 0;
    if (value && *value && !parse_whole(value, &ms) && !duration_parse(bytes_of(value), &ms))
        return err_set(reterr, ERR_INVALID, "%s is not a duration such as 1h", name);
    *ret_ms = ms;
    return 0;
}

int query_instant(const struct query *query, const char *name, int64_t *ret_ms, struct err *reterr)
{
    const char *value = query_get(query, name);
    struct event_time time = {0};
    if (value && *value && !parse_whole(value, &time.ms) &&
        !event_time_parse(bytes_of(value), &time))
        return err_set(reterr, ERR_INVALID, "%s is not an instant such as 2026-11-23T06:42:12Z",
                       name);
    *ret_ms = time.ms;
    return 0;
}

bool path_parse(const char *raw, struct path *ret_path)
{
    ret_path->count = 0;
    if (!raw || raw[0] != '/')
        return false;
    for (raw++; *raw;) {
        size_t size = strcspn(raw, "/");
        if (size == 0 || ret_path->count == PATH_PARTS_MAX ||
            !query_decode(raw, size, false, ret_path->parts[ret_path->count]))
            return false;
        ret_path->count++;
        raw += size;
        if (raw[0] == '/' && raw[1] == '\0')
            return false;
        raw += *raw == '/';
    }
    return true;
}
