/* Content negotiation for two representations. A client's header is hostile input: it is read once
 * from left to right, and what is not understood is skipped up to the next comma. */
#include "expose/accept.h"

#include <strings.h>

/* Weights in thousandths; of the ranges that match, the most specific one counts. */
struct weight {
    int specificity; /* 0: none matched; 1: any; 2: any subtype; 3: the type; 4: with a version */
    int thousandths;
};

struct media_range {
    struct bytes type, version;
    int thousandths;
};

static bool same(struct bytes a, const char *b)
{
    return a.size == strlen(b) && !strncasecmp(a.data, b, a.size);
}

/* Up to `end` or one of two stops, which do not stop inside quotes. */
static struct bytes part(const char **at, char stop, char other)
{
    const char *from = *at, *to = from;
    for (bool quoted = false; *to && (quoted || (*to != stop && *to != other)); to++) {
        if (*to == '"')
            quoted = !quoted;
        else if (*to == '\\' && quoted && to[1])
            to++;
    }
    *at = to;
    return bytes_trim(bytes_make(from, (size_t)(to - from)));
}

/* "0.5" is 500; what is no weight is 0. */
static int weight_parse(struct bytes text)
{
    int thousandths = 0, unit = 100;
    if (text.size == 0 || (text.data[0] != '0' && text.data[0] != '1'))
        return 0;
    thousandths = text.data[0] == '1' ? 1000 : 0;
    for (size_t i = 2; i < text.size && text.data[1] == '.'; i++, unit /= 10) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return 0;
        thousandths += unit * (text.data[i] - '0');
    }
    return thousandths > 1000 ? 1000 : thousandths;
}

static struct bytes unquote(struct bytes text)
{
    if (text.size >= 2 && text.data[0] == '"' && text.data[text.size - 1] == '"')
        return bytes_make(text.data + 1, text.size - 2);
    return text;
}

static struct media_range range_parse(const char **at)
{
    struct media_range range = {.type = part(at, ';', ','), .thousandths = 1000};
    while (**at == ';') {
        ++*at;
        struct bytes parameter = part(at, ';', ',');
        const char *equals = parameter.size ? memchr(parameter.data, '=', parameter.size) : NULL;
        if (!equals)
            continue;
        struct bytes name =
            bytes_trim(bytes_make(parameter.data, (size_t)(equals - parameter.data)));
        size_t behind = (size_t)(equals + 1 - parameter.data);
        struct bytes value = bytes_trim(bytes_make(equals + 1, parameter.size - behind));
        if (same(name, "q"))
            range.thousandths = weight_parse(value);
        else if (same(name, "version"))
            range.version = unquote(value);
    }
    return range;
}

static void weight_raise(struct weight *weight, int specificity, int thousandths)
{
    if (specificity < weight->specificity ||
        (specificity == weight->specificity && thousandths < weight->thousandths))
        return;
    *weight = (struct weight){specificity, thousandths};
}

/* `version`: what the client has to ask for if it asks for one: the same, up to the length given.
 */
static void range_weigh(const struct media_range *range, const char *type, const char *any_subtype,
                        struct bytes version, struct weight *weight)
{
    struct bytes asked = range->version;
    if (same(range->type, "*/*"))
        weight_raise(weight, 1, range->thousandths);
    else if (same(range->type, any_subtype))
        weight_raise(weight, 2, range->thousandths);
    else if (!same(range->type, type))
        return;
    else if (!asked.data)
        weight_raise(weight, 3, range->thousandths);
    else if (asked.size >= version.size && !memcmp(asked.data, version.data, version.size))
        weight_raise(weight, 4, range->thousandths);
}

enum families_format accept_metrics(const char *accept)
{
    struct weight text = {0}, open = {0};
    const char *at = accept ? accept : "";
    while (*at) {
        struct media_range range = range_parse(&at);
        range_weigh(&range, "text/plain", "text/*", bytes_of("0.0.4"), &text);
        range_weigh(&range, "application/openmetrics-text", "application/*", bytes_of("1."), &open);
        at += *at == ',';
    }
    bool named = open.specificity >= 3;
    if (open.thousandths == 0 || open.specificity < 2)
        return FAMILIES_TEXT;
    return open.thousandths > text.thousandths || (named && open.thousandths == text.thousandths)
               ? FAMILIES_OPENMETRICS
               : FAMILIES_TEXT;
}
