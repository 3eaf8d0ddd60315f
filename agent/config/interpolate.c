/* Variables in values, so that one file serves several machines and secrets stay out of it.
 *
 * Works on the value of a scalar after YAML has been read, not on the file: a variable that holds
 * ": " or a line end is data and cannot become structure. Assumes nothing about who answers
 * `getvar`, and refuses to evaluate anything else that a shell would ($VAR, $(…), nesting). */
#include "config/interpolate.h"

enum { VARIABLE_NAME_MAX = 64 };

static bool is_name_byte(char c, bool first)
{
    return c == '_' || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (!first && c >= '0' && c <= '9');
}

static int add_limited(struct text *text, struct bytes piece, size_t size_max, struct err *reterr)
{
    if (piece.size > size_max || text->size > size_max - piece.size)
        return err_set(reterr, ERR_LIMIT,
                       "the values with their variables take more than %zu bytes", size_max);
    text_add(text, piece.data, piece.size);
    return 0;
}

/* Replaces what stands between "${" and "}". */
static int add_variable(struct bytes inside, config_getvar_fn getvar, size_t size_max,
                        struct text *text, struct err *reterr)
{
    size_t size = 0;
    while (size < inside.size && is_name_byte(inside.data[size], size == 0))
        size++;
    bool has_default = inside.size >= size + 2 && memcmp(inside.data + size, ":-", 2) == 0;
    if (size == 0 || size > VARIABLE_NAME_MAX || (size < inside.size && !has_default)) {
        err_set(reterr, ERR_INVALID, "what stands in ${…} is not the name of a variable");
        err_hint(reterr, "Write ${NAME} or ${NAME:-default}; $${ is a literal ${.");
        return ERR_INVALID;
    }
    char name[VARIABLE_NAME_MAX + 1] = {0};
    memcpy(name, inside.data, size);
    const char *value = getvar ? getvar(name) : NULL;
    if (value && (*value || !has_default))
        return add_limited(text, bytes_of(value), size_max, reterr);
    if (has_default)
        return add_limited(text, bytes_make(inside.data + size + 2, inside.size - size - 2),
                           size_max, reterr);
    err_set(reterr, ERR_INVALID, "variable %s is not set", name);
    err_hint(reterr, "Set it in the environment, or write ${%s:-default}.", name);
    return ERR_INVALID;
}

static bool starts_with(struct bytes text, const char *start)
{
    size_t size = strlen(start);
    return text.size >= size && memcmp(text.data, start, size) == 0;
}

/* How many bytes stand before the next "${" or "$${". */
static size_t literal_size(struct bytes raw)
{
    for (size_t at = 0; at < raw.size; at++) {
        const char *dollar = memchr(raw.data + at, '$', raw.size - at);
        if (!dollar)
            break;
        at = (size_t)(dollar - raw.data);
        struct bytes rest = bytes_make(dollar, raw.size - at);
        if (starts_with(rest, "${") || starts_with(rest, "$${"))
            return at;
    }
    return raw.size;
}

/* Replaces the "${…}" or "$${" at the start of `raw`; `ret_used` is how long it is. */
static int add_marked(struct bytes raw, config_getvar_fn getvar, size_t size_max, struct text *text,
                      size_t *ret_used, struct err *reterr)
{
    if (starts_with(raw, "$${")) {
        *ret_used = 3;
        return add_limited(text, bytes_make("${", 2), size_max, reterr);
    }
    const char *end = memchr(raw.data, '}', raw.size);
    if (!end) {
        err_set(reterr, ERR_INVALID, "${ is not closed by }");
        err_hint(reterr, "Write $${ for a literal ${.");
        return ERR_INVALID;
    }
    *ret_used = (size_t)(end - raw.data) + 1;
    return add_variable(bytes_make(raw.data + 2, *ret_used - 3), getvar, size_max, text, reterr);
}

int interpolate(struct bytes raw, config_getvar_fn getvar, size_t size_max, struct text *text,
                struct err *reterr)
{
    while (raw.size) {
        size_t used = literal_size(raw);
        int code = used ? add_limited(text, bytes_make(raw.data, used), size_max, reterr)
                        : add_marked(raw, getvar, size_max, text, &used, reterr);
        if (code)
            return code;
        raw = bytes_make(raw.data + used, raw.size - used);
    }
    return 0;
}

/* The length of the UTF-8 character at the start of `text`, 0 if there is none. Overlong forms,
 * surrogates and what lies beyond U+10FFFF are no characters. */
static size_t utf8_size(struct bytes text)
{
    const unsigned char *c = (const unsigned char *)text.data;
    if (c[0] < 0x80)
        return 1;
    size_t size = c[0] >= 0xf0 ? 4 : c[0] >= 0xe0 ? 3 : 2;
    if (c[0] < 0xc2 || c[0] > 0xf4 || text.size < size)
        return 0;
    for (size_t i = 1; i < size; i++)
        if ((c[i] & 0xc0) != 0x80)
            return 0;
    bool overlong = (c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xf0 && c[1] < 0x90);
    bool outside = (c[0] == 0xed && c[1] > 0x9f) || (c[0] == 0xf4 && c[1] > 0x8f);
    return overlong || outside ? 0 : size;
}

int text_acceptable(struct bytes bytes, struct err *reterr)
{
    for (size_t at = 0; at < bytes.size;) {
        unsigned char c = (unsigned char)bytes.data[at];
        if ((c < 0x20 && c != '\n' && c != '\r' && c != '\t') || c == 0x7f)
            return err_set(reterr, ERR_INVALID, "control characters are not allowed in a value");
        size_t size = utf8_size(bytes_make(bytes.data + at, bytes.size - at));
        if (!size)
            return err_set(reterr, ERR_INVALID, "a value is not valid UTF-8");
        at += size;
    }
    return 0;
}
