/* The meaning of path, query and headers. Everything a client can get wrong before it has sent a
 * body ends here, with a line that says what would be right. A header that matters and is there
 * twice is refused: which of the two was meant cannot be known. */
#include "source/http_ask.h"

#include <inttypes.h>

#include "base/when.h"

static const char events_path[] = "/v1/events";

static int refuse(struct err *reterr, int status, const char *text)
{
    err_set(reterr, ERR_INVALID, "%s", text);
    return status;
}

/* ---- where to ---- */

static void list_topics(const struct http_topics *topics, struct err *reterr)
{
    struct text list = {0};
    for (uint32_t i = 0; i < topics->count && list.size < 160; i++)
        text_printf(&list, "%s%s", i ? ", " : "", topics->names[i]);
    err_hint(reterr, "Topics: %.180s%s.", list.data ? list.data : "none",
             list.size > 180 ? "…" : "");
    text_release(&list);
}

static int read_topic(struct bytes name, const struct http_topics *topics, struct http_ask *ask,
                      struct err *reterr)
{
    if (!name.size && topics->count == 1) {
        ask->topic = topics->names[0];
        return 0;
    }
    for (uint32_t i = 0; i < topics->count && name.size; i++)
        if (bytes_equal(name, bytes_of(topics->names[i]))) {
            ask->topic = topics->names[i];
            return 0;
        }
    if (name.size)
        err_set(reterr, ERR_NOT_FOUND, "no monitor has the topic \"%.*s\"",
                (int)(name.size < 100 ? name.size : 100), name.data);
    else
        err_set(reterr, ERR_INVALID, "there are %" PRIu32 " topics: name one, as in %s/TOPIC",
                topics->count, events_path);
    list_topics(topics, reterr);
    return name.size ? 404 : 400;
}

static int read_path(struct bytes path, const struct http_topics *topics, struct http_ask *ask,
                     struct err *reterr)
{
    size_t size = sizeof events_path - 1;
    bool found = path.size >= size && memcmp(path.data, events_path, size) == 0 &&
                 (path.size == size || path.data[size] == '/');
    if (!found)
        return refuse(reterr, 404, "not found; events go to /v1/events or /v1/events/TOPIC");
    struct bytes name = bytes_make(path.data + size, path.size - size);
    if (name.size)
        name = bytes_make(name.data + 1, name.size - 1);
    return read_topic(name, topics, ask, reterr);
}

static int read_query(struct bytes query, struct http_ask *ask, struct err *reterr)
{
    while (query.size) {
        const char *stop = memchr(query.data, '&', query.size);
        struct bytes item = bytes_make(query.data, stop ? (size_t)(stop - query.data) : query.size);
        query.data += item.size + (stop != NULL);
        query.size -= item.size + (stop != NULL);
        if (bytes_equal(item, bytes_of("wait=none")))
            ask->wait = false;
        else if (bytes_equal(item, bytes_of("gap=skip")))
            ask->skip = true;
        else if (item.size)
            return refuse(reterr, 400, "the parameters that are known are wait=none and gap=skip");
    }
    return 0;
}

/* ---- what of ---- */

/* 1: there is one; 0: none; -1: several. */
static int single(const struct http_head *head, const char *name, struct bytes *ret_value)
{
    uint32_t count = http_head_find(head, name, ret_value);
    return count > 1 ? -1 : (int)count;
}

static bool charset_is_known(struct bytes parameters)
{
    static const char name[] = "charset=";
    const size_t size = sizeof name - 1;
    while (parameters.size) {
        const char *stop = memchr(parameters.data, ';', parameters.size);
        size_t taken = stop ? (size_t)(stop - parameters.data) + 1 : parameters.size;
        struct bytes item = bytes_trim(bytes_make(parameters.data, taken - (stop != NULL)));
        parameters = bytes_make(parameters.data + taken, parameters.size - taken);
        if (item.size < size || !http_same(bytes_make(item.data, size), name))
            continue;
        item = bytes_make(item.data + size, item.size - size);
        if (!http_same(item, "utf-8") && !http_same(item, "\"utf-8\"") &&
            !http_same(item, "us-ascii"))
            return false;
    }
    return true;
}

static const struct media {
    const char *type;
    enum http_format format;
} media[] = {
    {"application/x-ndjson", HTTP_LINES},
    {"application/ndjson", HTTP_LINES},
    {"application/jsonl", HTTP_LINES},
    {"text/plain", HTTP_LINES},
    {"application/json", HTTP_JSON},
    {"application/cloudevents+json", HTTP_CLOUD},
    {"application/cloudevents-batch+json", HTTP_CLOUD_BATCH},
};

static int read_type(const struct http_head *head, struct http_ask *ask, struct err *reterr)
{
    struct bytes value = bytes_make("", 0), ignored;
    bool binary = http_head_find(head, "ce-specversion", &ignored) > 0;
    int count = single(head, "Content-Type", &value);
    const char *stop = memchr(value.data, ';', value.size);
    size_t size = stop ? (size_t)(stop - value.data) : value.size;
    struct bytes type = bytes_trim(bytes_make(value.data, size));
    if (count < 0)
        return refuse(reterr, 400, "Content-Type is given twice");
    if (!charset_is_known(bytes_make(value.data + size, value.size - size)))
        return refuse(reterr, 415, "JSON is UTF-8; another charset is not understood");
    for (size_t i = 0; i < sizeof media / sizeof *media; i++)
        if (http_same(type, media[i].type)) {
            bool wrapped = media[i].format == HTTP_CLOUD || media[i].format == HTTP_CLOUD_BATCH;
            ask->format = binary && !wrapped ? HTTP_DATA : media[i].format;
            return 0;
        }
    /* Loggers give a response the type of its request; the pipeline sees what it really is. */
    bool cloud = type.size >= 23 && http_same(bytes_make(type.data, 23), "application/cloudevents");
    if (binary && !cloud) {
        ask->format = HTTP_DATA;
        return 0;
    }
    return refuse(reterr, 415,
                  "Content-Type must be application/x-ndjson, application/json, "
                  "application/cloudevents+json or application/cloudevents-batch+json");
}

static int read_coding(const struct http_head *head, struct http_ask *ask, struct err *reterr)
{
    struct bytes coding;
    int count = single(head, "Content-Encoding", &coding);
    if (count < 0)
        return refuse(reterr, 400, "Content-Encoding is given twice");
    ask->gzip = count && (http_same(coding, "gzip") || http_same(coding, "x-gzip"));
    if (count && !ask->gzip && coding.size && !http_same(coding, "identity"))
        return refuse(reterr, 415, "the only Content-Encoding that is understood is gzip");
    return 0;
}

/* ---- numbered batches ---- */

static bool read_number(struct bytes text, int64_t most, int64_t *ret_number)
{
    int64_t number = 0;
    if (!text.size || text.size > 18)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        number = number * 10 + (text.data[i] - '0');
    }
    *ret_number = number;
    return number <= most;
}

static int read_position(const struct http_head *head, struct http_ask *ask, struct err *reterr)
{
    struct bytes text = bytes_make("", 0);
    int64_t partition = -1;
    int partitions = single(head, "Leeway-Partition", &text);
    if (partitions < 0 ||
        (partitions &&
         (!read_number(text, HTTP_CLIENT_PARTITION_MAX, &partition) || partition == 0)))
        return refuse(reterr, 400, "Leeway-Partition must be one number from 1 to 1023");
    int offsets = single(head, "Leeway-Offset", &text);
    if (offsets < 0 || (offsets && !read_number(text, INT64_MAX, &ask->offset)))
        return refuse(reterr, 400, "Leeway-Offset must be one number of at most 18 digits");
    if (partitions != offsets)
        return refuse(reterr, 400, "Leeway-Partition and Leeway-Offset go together");
    if (offsets && !ask->wait)
        return refuse(reterr, 400,
                      "wait=none does not go with numbered batches, whose answer says what was "
                      "counted");
    if (!offsets && ask->skip)
        return refuse(reterr, 400, "gap=skip is for numbered batches");
    ask->partition = (int32_t)partition;
    return 0;
}

static int read_headers(const struct http_head *head, uint32_t body_bytes, struct http_ask *ask,
                        struct err *reterr)
{
    struct bytes value;
    struct event_time time;
    int status = read_type(head, ask, reterr);
    if (!status)
        status = read_coding(head, ask, reterr);
    if (!status)
        status = read_position(head, ask, reterr);
    if (status)
        return status;
    if (!head->chunked && head->length < 0)
        return refuse(reterr, 411, "Content-Length is missing");
    if (head->length > (int64_t)body_bytes) {
        err_set(reterr, ERR_LIMIT, "a body has at most %" PRIu32 " bytes", body_bytes);
        return 413;
    }
    if (ask->format == HTTP_DATA && http_head_find(head, "ce-time", &value) == 1 &&
        event_time_parse(value, &time))
        ask->time_ms = time.ms;
    return 0;
}

int http_ask_read(const struct http_head *head, const struct http_topics *topics,
                  uint32_t body_bytes, struct http_ask *ret_ask, struct err *reterr)
{
    struct bytes value;
    struct http_ask ask = {.wait = true, .partition = -1, .offset = -1, .time_ms = INT64_MIN};
    int status = read_path(head->path, topics, &ask, reterr);
    if (status)
        return status;
    if (!bytes_equal(head->method, bytes_of("POST")))
        return refuse(reterr, 405, "method not allowed; use POST");
    /* Browsers send it with every POST; whoever serves a model does not. */
    if (http_head_find(head, "Origin", &value))
        return refuse(reterr, 403, "requests of web pages are refused");
    status = read_query(head->query, &ask, reterr);
    if (!status)
        status = read_headers(head, body_bytes, &ask, reterr);
    if (!status)
        *ret_ask = ask;
    return status;
}
