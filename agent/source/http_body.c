/* Cutting a body into events without decoding them. All or nothing: a body that was cut off on its
 * way must not count in part, since it will come again. Below that, an event that is damaged is
 * only its own problem. */
#include "source/http_body.h"

#include <inttypes.h>

#include "source/http_skim.h"

struct split {
    char *body;
    const char *end;
    const struct http_split_limits *limits;
    struct http_events *events;
    struct err *err;
};

static int refuse(struct split *split, const char *at, const char *why)
{
    return err_set(split->err, ERR_INVALID, "%s at byte %td of the body", why, at - split->body);
}

static int add_event(struct split *split, struct bytes value, int64_t time_ms)
{
    struct http_events *events = split->events;
    if (events->count == split->limits->events)
        return err_set(split->err, ERR_LIMIT, "more than %" PRIu32 " events in one body",
                       split->limits->events);
    if (events->count == events->capacity) {
        events->capacity = events->capacity ? events->capacity * 2 : 16;
        events->items = mem_resize(events->items, events->capacity, sizeof *events->items);
    }
    size_t most = (size_t)split->limits->event_bytes + 1;
    events->items[events->count++] = (struct http_event){
        .start = value.size ? (uint32_t)(value.data - split->body) : 0,
        .size = (uint32_t)(value.size < most ? value.size : most),
        .time_ms = time_ms,
    };
    return 0;
}

static int add_value(struct split *split, const char *start, const char *end, bool wrapped)
{
    size_t size = (size_t)(end - start);
    if (!wrapped)
        return add_event(split, bytes_make(start, size), INT64_MIN);
    struct cloud_event event = cloud_unwrap(split->body + (start - split->body), size);
    return add_event(split, event.value, event.time_ms);
}

static int split_lines(struct split *split, const char *p)
{
    int code = 0;
    while (p < split->end && !code) {
        const char *stop = memchr(p, '\n', (size_t)(split->end - p));
        if (!stop)
            stop = split->end;
        struct bytes line = bytes_trim(bytes_make(p, (size_t)(stop - p)));
        if (line.size)
            code = add_event(split, line, INT64_MIN);
        p = stop + (stop < split->end);
    }
    return code;
}

/* `p` is behind the opening bracket. */
static int split_array(struct split *split, const char *p, bool wrapped)
{
    const char *end = split->end;
    p = skim_space(p, end);
    bool more = p == end || *p != ']';
    while (more) {
        const char *stop = skim_value(p, end);
        if (!stop)
            return refuse(split, p, "the array is cut off: there is no end of the element");
        if (stop == p)
            return p < end ? refuse(split, p, "an element of the array is missing")
                           : refuse(split, p, "the array is cut off");
        const char *next = skim_space(stop, end);
        int code = add_value(split, p, stop, wrapped);
        if (code)
            return code;
        if (next == end)
            return refuse(split, next, "the array is cut off");
        if (*next != ',' && *next != ']')
            return refuse(split, next, "there is no comma between two elements of the array");
        more = *next == ',';
        p = more ? skim_space(next + 1, end) : next;
    }
    p = skim_space(p + 1, end);
    return p == end ? 0 : refuse(split, p, "something stands behind the array");
}

static int split_value(struct split *split, const char *p, bool wrapped)
{
    const char *stop = skim_value(p, split->end);
    if (!stop)
        return refuse(split, p, "the event is cut off: there is no end of what begins");
    if (stop == p)
        return refuse(split, p, "there is no event");
    const char *rest = skim_space(stop, split->end);
    if (rest == split->end)
        return add_value(split, p, stop, wrapped);
    int code = refuse(split, rest, "something stands behind the event");
    err_hint(split->err, "Events on lines are application/x-ndjson; or send an array.");
    return code;
}

int http_body_split(char *body, size_t size, enum http_format format,
                    const struct http_split_limits *limits, struct http_events *ret_events,
                    struct err *reterr)
{
    static const char mark[] = "\xef\xbb\xbf";
    struct split split = {body, body + size, limits, ret_events, reterr};
    const char *p = body;
    if (format == HTTP_DATA)
        return add_event(&split, bytes_make(body, size), INT64_MIN);
    if (size >= 3 && memcmp(body, mark, 3) == 0)
        p += 3;
    if (format == HTTP_LINES)
        return split_lines(&split, p);
    p = skim_space(p, split.end);
    bool array = p < split.end && *p == '[';
    if (format == HTTP_CLOUD_BATCH && !array)
        return refuse(&split, p, "there is no array of envelopes");
    if (array && format != HTTP_CLOUD)
        return split_array(&split, p + 1, format == HTTP_CLOUD_BATCH);
    return split_value(&split, p, format == HTTP_CLOUD);
}
