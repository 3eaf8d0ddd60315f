/* What strangers send to the HTTP source, part by part: heads, chunks, gzip, bodies. The first byte
 * of the input says which part; buffers have exactly their size, so that reading beyond is seen.
 *
 * Besides not crashing: views stay inside, chunks and gzip give the same however they are cut, and
 * an array that is accepted is refused when its end is missing. */
#include <stdlib.h>

#include "base/mem.h"
#include "source/http_ask.h"
#include "source/http_chunks.h"
#include "source/http_inflate.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

enum { PART_HEAD, PART_CHUNKS, PART_GZIP, PART_BODY, PARTS, OUTPUT_MAX = 1 << 20 };

static void check(bool condition)
{
    if (!condition)
        abort();
}

static bool inside(struct bytes view, struct bytes all)
{
    return view.size == 0 ||
           (view.data >= all.data && view.data + view.size <= all.data + all.size);
}

static void fuzz_head(struct bytes input)
{
    static const char *const names[] = {"a", "b"};
    static const struct http_topics topics = {names, 2};
    struct http_head head;
    struct http_ask ask;
    struct err err = {0};
    size_t size = http_head_size(input);
    check(size <= input.size);
    if (!size)
        return;
    struct http_refusal refusal = http_head_parse(input, &head);
    check(!refusal.status == !refusal.why);
    if (refusal.status)
        return;
    check(inside(head.path, input) && inside(head.query, input) && inside(head.method, input));
    check(head.length >= -1 && !(head.chunked && head.length >= 0));
    for (uint32_t i = 0; i < head.header_count; i++)
        check(inside(head.headers[i].name, input) && inside(head.headers[i].value, input));
    int status = http_ask_read(&head, &topics, 1000, &ask, &err);
    check(status == 0 || (status >= 400 && status < 500 && err.text[0]));
    check(status != 0 || (ask.partition < 0) == (ask.offset < 0));
}

static enum chunk_result feed_chunks(struct http_chunks *chunks, struct bytes *input,
                                     struct text *ret_data)
{
    struct bytes piece, all = *input;
    enum chunk_result result;
    while ((result = http_chunks_next(chunks, input, &piece)) == CHUNK_BYTES) {
        check(piece.size && inside(piece, all));
        text_add(ret_data, piece.data, piece.size);
    }
    return result;
}

static void fuzz_chunks(struct bytes input, size_t cut)
{
    struct http_chunks whole = {0}, parts = {0};
    struct text a = {0}, b = {0};
    struct bytes rest = input, first = bytes_make(input.data, cut);
    enum chunk_result result = feed_chunks(&whole, &rest, &a);
    enum chunk_result again = feed_chunks(&parts, &first, &b);
    if (again == CHUNK_MORE) {
        struct bytes second = bytes_make(input.data + cut, input.size - cut);
        again = feed_chunks(&parts, &second, &b);
    }
    check(result == again && a.size == b.size && (!a.size || !memcmp(a.data, b.data, a.size)));
    text_release(&a);
    text_release(&b);
}

/* True: all of it was taken. */
static bool feed_gzip(struct http_inflate *zipped, struct bytes input, struct text *ret_data)
{
    struct bytes piece;
    enum inflate_result result;
    while ((result = http_inflate_next(zipped, &input, &piece)) == INFLATE_BYTES) {
        text_add(ret_data, piece.data, piece.size);
        if (ret_data->size > OUTPUT_MAX)
            return false;
    }
    return result == INFLATE_MORE;
}

static void fuzz_gzip(struct bytes input, size_t cut)
{
    struct http_inflate *whole = http_inflate_new(), *parts = http_inflate_new();
    struct text a = {0}, b = {0};
    bool good = feed_gzip(whole, input, &a);
    bool again = feed_gzip(parts, bytes_make(input.data, cut), &b) &&
                 feed_gzip(parts, bytes_make(input.data + cut, input.size - cut), &b);
    check(good == again && http_inflate_ended(whole) == http_inflate_ended(parts));
    check(!good || (a.size == b.size && (!a.size || !memcmp(a.data, b.data, a.size))));
    http_inflate_free(whole);
    http_inflate_free(parts);
    text_release(&a);
    text_release(&b);
}

/* A body with its padding; free with free(). */
static int split(struct bytes input, enum http_format format, char **ret_body,
                 struct http_events *ret_events)
{
    static const struct http_split_limits limits = {.event_bytes = 200, .events = 100};
    struct err err = {0};
    *ret_body = calloc(input.size + HTTP_BODY_PADDING, 1);
    check(*ret_body != NULL);
    memcpy(*ret_body, input.data, input.size);
    *ret_events = (struct http_events){0};
    int code = http_body_split(*ret_body, input.size, format, &limits, ret_events, &err);
    check(code == 0 || code == ERR_INVALID || code == ERR_LIMIT);
    check((code == 0) == (err.text[0] == '\0'));
    check(ret_events->count <= limits.events);
    return code;
}

static void check_events(const struct http_events *events, size_t size, enum http_format format)
{
    uint32_t last = 0;
    for (uint32_t i = 0; i < events->count; i++) {
        const struct http_event *event = &events->items[i];
        check(event->size <= 201 && (size_t)event->start + event->size <= size);
        check(!event->size || event->start >= last);
        check(format == HTTP_DATA || format >= HTTP_CLOUD || event->size > 0);
        if (event->size)
            last = event->start + event->size;
    }
}

static void fuzz_body(struct bytes input, enum http_format format)
{
    struct http_events events, again;
    char *body, *other;
    int code = split(input, format, &body, &events);
    check_events(&events, input.size, format);
    size_t size = input.size;
    while (size && strchr(" \t\r\n", input.data[size - 1]) && input.data[size - 1])
        size--;
    bool array = size && input.data[size - 1] == ']' && format == HTTP_JSON && events.count > 1;
    if (!code && array) {
        check(split(bytes_make(input.data, size - 1), format, &other, &again) == ERR_INVALID);
        free(other);
        free(again.items);
    }
    free(body);
    free(events.items);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    if (size < 2)
        return 0;
    char *copy = malloc(size - 2 ? size - 2 : 1);
    check(copy != NULL);
    memcpy(copy, data + 2, size - 2);
    struct bytes input = bytes_make(copy, size - 2);
    size_t cut = input.size ? data[1] % input.size : 0;
    switch (data[0] % PARTS) {
    case PART_HEAD:
        fuzz_head(input);
        break;
    case PART_CHUNKS:
        fuzz_chunks(input, cut);
        break;
    case PART_GZIP:
        fuzz_gzip(input, cut);
        break;
    default:
        fuzz_body(input, (enum http_format)(data[1] % (HTTP_CLOUD_BATCH + 1)));
    }
    free(copy);
    return 0;
}
