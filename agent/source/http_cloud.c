/* Only the top of the envelope is read, by skimming, so that an event that is damaged, or has what
 * the envelope's decoder would refuse (NaN, a key twice), reaches quarantine by itself. Decoding
 * happens in place since neither text nor base64 is ever longer than what it was written as. */
#include "source/http_cloud.h"

#include "base/when.h"
#include "decode/text.h"
#include "source/http_skim.h"

_Static_assert((int)CLOUD_PADDING >= (int)SCAN_PADDING,
               "strings are read with room behind the body");

enum cloud_member { MEMBER_DATA, MEMBER_BASE64, MEMBER_TIME, MEMBER_OTHER };
static const char *const member_names[MEMBER_OTHER] = {
    [MEMBER_DATA] = "data", [MEMBER_BASE64] = "data_base64", [MEMBER_TIME] = "time"};

/* Values of the members that matter; data NULL: not there. */
struct envelope_view {
    struct bytes values[MEMBER_OTHER];
};

/* 64: not of the alphabet. */
static unsigned sextet_of(unsigned char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26u;
    if (c >= '0' && c <= '9')
        return c - '0' + 52u;
    return c == '+' ? 62 : c == '/' ? 63 : 64;
}

/* Whether all of it can be decoded: foreign characters, a single one at the end, stray bits. */
static bool is_base64(const char *text, size_t size)
{
    unsigned last = 0;
    for (size_t i = 0; i < size; i++) {
        last = sextet_of((unsigned char)text[i]);
        if (last == 64)
            return false;
    }
    switch (size % 4) {
    case 1:
        return false;
    case 2:
        return (last & 15) == 0;
    case 3:
        return (last & 3) == 0;
    default:
        return true;
    }
}

bool base64_in_place(char *text, size_t size, size_t *ret_size)
{
    unsigned bits = 0, held = 0;
    char *out = text;
    if (size && size % 4 == 0 && text[size - 1] == '=')
        size -= text[size - 2] == '=' ? 2 : 1;
    if (!is_base64(text, size))
        return false;
    for (size_t i = 0; i < size; i++) {
        held = (held << 6 | sextet_of((unsigned char)text[i])) & 0xffff;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            *out++ = (char)(held >> bits & 0xff);
        }
    }
    *ret_size = (size_t)(out - text);
    return true;
}

static enum cloud_member member_of(struct bytes key)
{
    enum cloud_member member = MEMBER_DATA;
    while (member < MEMBER_OTHER && !bytes_equal(key, bytes_of(member_names[member])))
        member++;
    return member;
}

/* One "key": value; the byte behind it, or NULL if there is none. */
static const char *read_member(const char *p, const char *end, struct bytes *ret_key,
                               struct bytes *ret_value)
{
    const char *start = skim_space(p, end);
    if (start == end || *start != '"')
        return NULL;
    p = skim_value(start, end);
    if (!p)
        return NULL;
    *ret_key = bytes_make(start + 1, (size_t)(p - start) - 2);
    p = skim_space(p, end);
    if (p == end || *p != ':')
        return NULL;
    start = skim_space(p + 1, end);
    p = skim_value(start, end);
    if (!p || p == start)
        return NULL;
    *ret_value = bytes_make(start, (size_t)(p - start));
    return p;
}

/* False: not an object, or a member twice. */
static bool read_envelope(const char *p, const char *end, struct envelope_view *ret_view)
{
    struct bytes key, value;
    *ret_view = (struct envelope_view){0};
    if (p == end || *p != '{')
        return false;
    const char *inside = skim_space(p + 1, end);
    if (inside + 1 == end && *inside == '}')
        return true;
    do {
        p = read_member(p + 1, end, &key, &value);
        if (!p)
            return false;
        enum cloud_member member = member_of(key);
        if (member != MEMBER_OTHER && ret_view->values[member].data)
            return false;
        if (member != MEMBER_OTHER)
            ret_view->values[member] = value;
        p = skim_space(p, end);
    } while (p < end && *p == ',');
    return p < end && *p == '}' && p + 1 == end;
}

/* The text of a string, in place; false if it is not one. What cannot be unescaped stays as it
 * stands, which no event does. */
static bool read_string(struct bytes value, char *text, const char *end, struct bytes *ret_text)
{
    enum decode_result fault;
    if (value.size < 2 || value.data[0] != '"')
        return false;
    char *body = text + (value.data - text) + 1;
    *ret_text = bytes_make(body, value.size - 2);
    text_read(body, end, ret_text, &fault);
    return true;
}

static struct bytes unwrap_base64(struct bytes value, char *text, const char *end)
{
    struct bytes encoded;
    size_t size;
    if (!read_string(value, text, end, &encoded))
        return bytes_make("", 0);
    char *body = text + (encoded.data - text);
    if (!base64_in_place(body, encoded.size, &size))
        return encoded;
    return bytes_make(body, size);
}

struct cloud_event cloud_unwrap(char *text, size_t size)
{
    struct cloud_event event = {.value = bytes_make(text, size), .time_ms = INT64_MIN};
    const char *end = text + size;
    struct envelope_view view;
    struct event_time time;
    if (!read_envelope(text, end, &view))
        return event;
    struct bytes data = view.values[MEMBER_DATA], base64 = view.values[MEMBER_BASE64];
    struct bytes when = view.values[MEMBER_TIME];
    if (when.size > 2 && event_time_parse(bytes_make(when.data + 1, when.size - 2), &time))
        event.time_ms = time.ms;
    event.value = data.data ? data : bytes_make("", 0);
    if (data.data)
        read_string(data, text, end, &event.value);
    else if (base64.data)
        event.value = unwrap_base64(base64, text, end);
    return event;
}
