/* The decoder against jansson, on the same bytes.
 *
 * What the decoder takes and jansson does not (NaN, infinities, numbers out of range) is replaced
 * by 0 for jansson; after that both must accept and refuse the same documents, but for the
 * decoder's limits. From what jansson read come the paths that the decoder is asked for, so that
 * every value is compared. Besides: a decoder that has seen other records decides like a fresh one,
 * also on a record that differs from one before in a byte or in a scalar, and a prefix of a good
 * document is always called truncated. */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "decode/decode.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

enum { MAX_INPUT = 16384, MAX_PATHS = 48, MAX_COUNTED = 16, PATH_LEVELS = 8 };

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static const struct decode_limits limits = {
    .event_bytes = MAX_INPUT, .depth = 64, .keys = 256, .key_bytes = 200, .string_bytes = 2000};

struct path {
    char *pointer;
    const json_t *value; /* what jansson has there */
};

struct request {
    struct path wanted[MAX_PATHS], counted[MAX_COUNTED];
    unsigned wanted_count, counted_count, leaves;
};

struct outcome {
    enum decode_result result;
    struct value values[MAX_PATHS];
    uint32_t unknown[MAX_COUNTED];
};

/* --- what jansson is given --- */

static size_t word_at(const char *p, const char *end, const char *word)
{
    size_t size = strlen(word);
    return (size_t)(end - p) >= size && memcmp(p, word, size) == 0 ? size : 0;
}

static size_t digits_at(const char *p, const char *end)
{
    size_t count = 0;
    while (p + count < end && p[count] >= '0' && p[count] <= '9')
        count++;
    return count;
}

/* The size of the JSON number at p, or 0; written again from the grammar on purpose. */
static size_t number_at(const char *p, const char *end, bool *ret_integer)
{
    const char *start = p;
    *ret_integer = true;
    p += p < end && *p == '-';
    size_t count = digits_at(p, end);
    if (count == 0 || (count > 1 && *p == '0'))
        return 0;
    p += count;
    if (p < end && *p == '.') {
        *ret_integer = false;
        count = digits_at(p + 1, end);
        if (count == 0)
            return 0;
        p += 1 + count;
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        *ret_integer = false;
        p++;
        p += p < end && (*p == '+' || *p == '-');
        count = digits_at(p, end);
        if (count == 0)
            return 0;
        p += count;
    }
    return (size_t)(p - start);
}

static bool out_of_range(const char *p, size_t size, bool integer)
{
    char *copy = mem_text(bytes_make(p, size));
    errno = 0;
    bool out = integer ? (strtoll(copy, NULL, 10), errno == ERANGE) : isinf(strtod(copy, NULL));
    free(copy);
    return out;
}

/* The size of a token at p that the decoder tolerates and jansson refuses, or 0. */
static size_t tolerated_at(const char *p, const char *end)
{
    static const char *const words[] = {"NaN", "-NaN", "Infinity", "-Infinity"};
    for (unsigned i = 0; i < 4; i++)
        if (word_at(p, end, words[i]))
            return strlen(words[i]);
    bool integer;
    size_t size = number_at(p, end, &integer);
    return size && out_of_range(p, size, integer) ? size : 0;
}

/* The blanks keep a token apart from what it touches. Every replaced token has three bytes or more,
 * so that the text never grows. */
static struct bytes strict_copy(struct bytes text, char *buffer)
{
    const char *p = text.data, *end = p + text.size;
    char *out = buffer;
    bool in_string = false;
    while (p < end) {
        bool integer;
        size_t size = in_string ? 0 : tolerated_at(p, end);
        if (size) {
            memcpy(out, " 0 ", 3);
            out += 3;
            p += size;
            continue;
        }
        size = in_string ? 0 : number_at(p, end, &integer);
        if (size == 0)
            size = in_string && *p == '\\' && p + 1 < end ? 2 : 1;
        if (*p == '"')
            in_string = !in_string;
        memcpy(out, p, size);
        /* jansson 2.14 swallows a NUL behind a number or word (its issue 331); no other control
         * character. */
        for (size_t i = 0; i < size; i++)
            if (out[i] == '\0')
                out[i] = '\1';
        out += size;
        p += size;
    }
    return bytes_make(buffer, (size_t)(out - buffer));
}

static json_t *strict_parse(struct bytes text, size_t flags, json_error_t *error)
{
    char *buffer = mem_new(text.size + 1, 1);
    struct bytes strict = strict_copy(text, buffer);
    json_t *tree = json_loadb(strict.data, strict.size, flags, error);
    free(buffer);
    return tree;
}

/* --- which paths are asked for --- */

static char *pointer_join(const char *parent, const char *key)
{
    struct text text = {0};
    text_puts(&text, parent);
    text_puts(&text, "/");
    for (; *key; key++) {
        if (*key == '~')
            text_puts(&text, "~0");
        else if (*key == '/')
            text_puts(&text, "~1");
        else
            text_add(&text, key, 1);
    }
    return text.data;
}

static void request_collect(struct request *request, const char *pointer, json_t *value,
                            unsigned level);

static void request_visit(struct request *request, const char *parent, const char *key,
                          json_t *value, unsigned level)
{
    if (strlen(key) > limits.key_bytes) /* the plan would refuse it, as the record will be */
        return;
    char *pointer = pointer_join(parent, key);
    /* Some stay unknown. */
    if (request->leaves++ % 5 != 3 && request->wanted_count < MAX_PATHS)
        request->wanted[request->wanted_count++] = (struct path){mem_copy(pointer), value};
    if (level < PATH_LEVELS)
        request_collect(request, pointer, value, level + 1);
    free(pointer);
}

static void request_collect(struct request *request, const char *pointer, json_t *value,
                            unsigned level)
{
    const char *key;
    json_t *member;
    size_t index;
    if (json_is_object(value)) {
        if (request->counted_count < MAX_COUNTED)
            request->counted[request->counted_count++] = (struct path){mem_copy(pointer), value};
        json_object_foreach(value, key, member) request_visit(request, pointer, key, member, level);
    } else if (json_is_array(value)) {
        json_array_foreach(value, index, member)
        {
            char text[24];
            snprintf(text, sizeof text, "%zu", index);
            request_visit(request, pointer, text, member, level);
        }
    }
}

static void request_release(struct request *request)
{
    for (unsigned i = 0; i < request->wanted_count; i++)
        free(request->wanted[i].pointer);
    for (unsigned i = 0; i < request->counted_count; i++)
        free(request->counted[i].pointer);
}

/* Last first, so that the expected order of keys is wrong to begin with. */
static struct decode_plan *plan_make(const struct request *request)
{
    struct decode_plan *plan = decode_plan_new(&limits);
    for (unsigned i = request->wanted_count; i-- > 0;) {
        int slot = decode_plan_want(plan, bytes_of(request->wanted[i].pointer), NULL);
        CHECK(slot == (int)(request->wanted_count - 1 - i));
    }
    for (unsigned i = 0; i < request->counted_count; i++)
        CHECK(decode_plan_count_unknown(plan, bytes_of(request->counted[i].pointer), NULL) ==
              (int)i);
    decode_plan_compile(plan);
    return plan;
}

/* --- comparing --- */

static bool is_named(const struct request *request, const char *pointer)
{
    size_t size = strlen(pointer);
    for (unsigned i = 0; i < request->wanted_count + request->counted_count; i++) {
        const char *path = i < request->wanted_count
                               ? request->wanted[i].pointer
                               : request->counted[i - request->wanted_count].pointer;
        if (strncmp(path, pointer, size) == 0 && (path[size] == '\0' || path[size] == '/'))
            return true;
    }
    return false;
}

static void check_unknown(const struct request *request, const struct outcome *outcome)
{
    for (unsigned i = 0; i < request->counted_count; i++) {
        uint32_t expected = 0;
        const char *key;
        json_t *object = (json_t *)(uintptr_t)request->counted[i].value, *member;
        json_object_foreach(object, key, member)
        {
            char *pointer = pointer_join(request->counted[i].pointer, key);
            expected += !is_named(request, pointer);
            free(pointer);
        }
        CHECK(outcome->unknown[i] == expected);
    }
}

static void check_number(const struct value *value, const json_t *expected)
{
    bool integer;
    struct bytes text = value->text;
    if (value->kind == VALUE_NAN) {
        CHECK(isnan(value->number));
        CHECK(bytes_equal(text, bytes_of("NaN")) || bytes_equal(text, bytes_of("-NaN")));
        return;
    }
    CHECK(value->kind == VALUE_NUMBER || value->kind == VALUE_INFINITE);
    char *copy = mem_text(text);
    double exact = strtod(copy, NULL);
    CHECK(memcmp(&exact, &value->number, sizeof exact) == 0);
    CHECK(!!isinf(exact) == (value->kind == VALUE_INFINITE));
    if (number_at(text.data, text.data + text.size, &integer) != text.size) {
        CHECK(bytes_equal(text, bytes_of("Infinity")) || bytes_equal(text, bytes_of("-Infinity")));
    } else {
        CHECK(integer == value->integral);
        if (out_of_range(text.data, text.size, integer))
            CHECK(json_is_integer(expected) && json_integer_value(expected) == 0);
        else if (integer)
            CHECK(json_is_integer(expected) &&
                  json_integer_value(expected) == strtoll(copy, NULL, 10));
        else
            CHECK(json_is_real(expected) && !(json_real_value(expected) < exact) &&
                  !(json_real_value(expected) > exact));
    }
    free(copy);
}

static void check_value(const struct value *value, const json_t *expected)
{
    json_t *tree;
    switch (json_typeof(expected)) {
    case JSON_NULL:
        CHECK(value->kind == VALUE_NULL && bytes_equal(value->text, bytes_of("null")));
        break;
    case JSON_TRUE:
        CHECK(value->kind == VALUE_TRUE && bytes_equal(value->text, bytes_of("true")));
        break;
    case JSON_FALSE:
        CHECK(value->kind == VALUE_FALSE && bytes_equal(value->text, bytes_of("false")));
        break;
    case JSON_STRING:
        CHECK(value->kind == VALUE_STRING);
        CHECK(bytes_equal(value->text,
                          bytes_make(json_string_value(expected), json_string_length(expected))));
        break;
    case JSON_OBJECT:
    case JSON_ARRAY:
        CHECK(value->kind == (json_is_object(expected) ? VALUE_OBJECT : VALUE_ARRAY));
        tree = strict_parse(value->text, JSON_REJECT_DUPLICATES, NULL);
        CHECK(tree && json_equal(tree, expected));
        json_decref(tree);
        break;
    default:
        check_number(value, expected);
    }
}

static bool is_limit(enum decode_result result)
{
    return result == DECODE_TOO_LARGE || result == DECODE_TOO_DEEP ||
           result == DECODE_TOO_MANY_KEYS || result == DECODE_KEY_TOO_LONG ||
           result == DECODE_STRING_TOO_LONG;
}

static void check_result(enum decode_result result, const json_t *tree, const json_error_t *error)
{
    CHECK((result == DECODE_OK) == json_is_object(tree) || is_limit(result));
    bool duplicate = !tree && json_error_code(error) == json_error_duplicate_key;
    /* In an array at the top, or where jansson's own limits come first, reasons can differ. */
    CHECK(result != DECODE_DUPLICATE_KEY || duplicate);
    CHECK(!duplicate || result == DECODE_DUPLICATE_KEY || is_limit(result));
}

static void outcome_check_same(const struct outcome *a, const struct outcome *b,
                               const struct request *request)
{
    CHECK(a->result == b->result);
    if (a->result != DECODE_OK)
        return;
    CHECK(memcmp(a->unknown, b->unknown, request->counted_count * sizeof a->unknown[0]) == 0);
    for (unsigned i = 0; i < request->wanted_count; i++) {
        const struct value *x = &a->values[i], *y = &b->values[i];
        CHECK(x->kind == y->kind && x->integral == y->integral &&
              memcmp(&x->number, &y->number, sizeof x->number) == 0 &&
              x->text.size == y->text.size);
    }
}

/* Views of the outcome are valid until the next call. */
static struct outcome run(struct decode_plan *plan, struct bytes event)
{
    struct outcome outcome = {0};
    /* The copy has no byte more than it should, so that reading beyond it is seen. */
    char *exact = malloc(event.size ? event.size : 1);
    CHECK(exact);
    if (event.size)
        memcpy(exact, event.data, event.size);
    outcome.result =
        decode_event(plan, bytes_make(exact, event.size), outcome.values, outcome.unknown);
    free(exact);
    return outcome;
}

static void pollute(struct decode_plan *plan)
{
    char noise[MAX_INPUT];
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = "]}\":1,e0"[i % 8];
    run(plan, bytes_make(noise, sizeof noise));
}

static void check_prefix(struct decode_plan *plan, struct bytes event)
{
    size_t last = event.size;
    while (event.data[last - 1] != '}')
        last--;
    size_t seed = event.size * 2654435761u + (unsigned char)event.data[event.size / 2] * 40503u;
    for (unsigned i = 0; i < 4; i++, seed = seed * 31 + 17) {
        enum decode_result result = run(plan, bytes_make(event.data, seed % last)).result;
        CHECK(result == DECODE_TRUNCATED || result == DECODE_EMPTY);
    }
    CHECK(run(plan, bytes_make(event.data, last)).result == DECODE_OK);
    CHECK(run(plan, bytes_make(event.data, last - 1)).result == DECODE_TRUNCATED);
}

/* A record like the one that `plan` has just read: one byte is another, or one or two are left out.
 */
static void check_neighbour(struct decode_plan *plan, const struct request *request,
                            struct bytes event)
{
    static const char others[] = "\"\\,:{}[] 0123456789-.eNIt\x80";
    char copy[MAX_INPUT];
    size_t seed = event.size * 2654435761u + (unsigned char)event.data[event.size / 3] * 40503u;
    for (unsigned i = 0; i < 3; i++, seed = seed * 31 + 17) {
        size_t at = seed / 7 % event.size, skip = seed % 3, size = event.size - at;
        memcpy(copy, event.data, event.size);
        skip = skip < size ? skip : 0;
        memmove(copy + at, event.data + at + skip, size - skip);
        if (skip == 0)
            copy[at] = others[seed / 11 % (sizeof others - 1)];
        struct bytes neighbour = bytes_make(copy, event.size - skip);
        struct decode_plan *fresh = plan_make(request);
        struct outcome expected = run(fresh, neighbour);
        CHECK(run(plan, event).result == DECODE_OK);
        struct outcome outcome = run(plan, neighbour);
        outcome_check_same(&expected, &outcome, request);
        decode_plan_free(fresh);
    }
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    if (size > MAX_INPUT)
        return 0;
    struct bytes event = bytes_make(data, size);
    struct request request = {0};
    json_error_t error;
    json_t *tree = strict_parse(event, JSON_REJECT_DUPLICATES, &error);
    /* With duplicates there is no tree to compare with, but the paths to them must be asked for. */
    json_t *paths = tree ? json_incref(tree) : strict_parse(event, 0, NULL);
    if (paths)
        request_collect(&request, "", paths, 1);
    struct decode_plan *plan = plan_make(&request);
    struct outcome fresh = run(plan, event);
    check_result(fresh.result, tree, &error);
    pollute(plan);
    struct outcome outcome = {0};
    outcome.result = decode_event(plan, event, outcome.values, outcome.unknown);
    outcome_check_same(&fresh, &outcome, &request);
    if (outcome.result == DECODE_OK) {
        for (unsigned i = 0; i < request.wanted_count; i++)
            check_value(&outcome.values[request.wanted_count - 1 - i], request.wanted[i].value);
        check_unknown(&request, &outcome);
        check_neighbour(plan, &request, event);
        check_prefix(plan, event);
    }
    decode_plan_free(plan);
    request_release(&request);
    json_decref(paths);
    json_decref(tree);
    return 0;
}
