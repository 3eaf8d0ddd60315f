/* Numbers come from splitmix64 of (seed, event number), so that any event can be made by itself.
 * The reference event's id takes up what the values leave of the 459 bytes. */
#include "event.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

const char *const event_paths[EVENT_PATHS] = {
    "/id",
    "/ts",
    "/model",
    "/version",
    "/features/amount",
    "/features/balance",
    "/features/velocity",
    "/features/distance",
    "/features/risk",
    "/features/age_days",
    "/features/n_1h",
    "/features/n_24h",
    "/features/avg_7d",
    "/features/std_7d",
    "/features/ratio",
    "/features/hour",
    "/features/mcc",
    "/features/limit",
    "/features/ip_score",
    "/features/new_dev",
    "/features/channel",
    "/features/country",
    "/features/currency",
    "/features/device",
    "/prediction/score",
    "/prediction/class",
};

struct random {
    uint64_t state;
};

static uint64_t random_next(struct random *random)
{
    uint64_t z = random->state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static unsigned random_below(struct random *random, unsigned bound)
{
    return (unsigned)(random_next(random) >> 32) % bound;
}

enum feature_kind { DECIMAL, INTEGER, TRUTH, LEVEL };

struct feature {
    enum feature_kind kind;
    unsigned bound;      /* of the random number it is made from */
    int decimals;        /* DECIMAL: the number divided by so many tens */
    unsigned step, base; /* INTEGER: base + number * step */
    const char *const *levels;
};

static const char *const channels[] = {"web", "ios", "android", "partner"};
static const char *const countries[] = {"MX", "US", "DE", "FR", "BR", "JP"};
static const char *const currencies[] = {"MXN", "USD", "EUR", "BRL", "JPY"};
static const char *const devices[] = {"phone", "tablet", "desktop"};

/* In the order of event_paths. */
static const struct feature features[EVENT_FEATURES] = {
    {DECIMAL, 100000, 2, 0, 0, NULL}, /* amount */
    {DECIMAL, 1000000, 2, 0, 0, NULL}, {DECIMAL, 10000, 3, 0, 0, NULL},
    {DECIMAL, 20000, 1, 0, 0, NULL},   {DECIMAL, 10000, 4, 0, 0, NULL},
    {INTEGER, 4000, 0, 1, 0, NULL}, /* age_days */
    {INTEGER, 9, 0, 1, 0, NULL},       {INTEGER, 60, 0, 1, 0, NULL},
    {DECIMAL, 50000, 2, 0, 0, NULL},   {DECIMAL, 90000, 3, 0, 0, NULL},
    {DECIMAL, 30000, 4, 0, 0, NULL}, /* ratio */
    {INTEGER, 24, 0, 1, 0, NULL},      {INTEGER, 9000, 0, 1, 1000, NULL},
    {INTEGER, 20, 0, 500, 0, NULL},    {DECIMAL, 1000, 3, 0, 0, NULL},
    {TRUTH, 10, 0, 0, 0, NULL}, /* new_dev */
    {LEVEL, 4, 0, 0, 0, channels},     {LEVEL, 6, 0, 0, 0, countries},
    {LEVEL, 5, 0, 0, 0, currencies},   {LEVEL, 3, 0, 0, 0, devices},
};

/* With few features the categories, which stand last, have their part all the same. */
static unsigned feature_at(unsigned i, unsigned count)
{
    if (count >= EVENT_FEATURES)
        return i % EVENT_FEATURES;
    return i % 4 == 3 ? 16 + i / 4 % 4 : i / 4 * 3 + i % 4;
}

static void feature_name(unsigned i, unsigned count, char *ret_name, size_t size)
{
    const char *name = strrchr(event_paths[EVENT_HEAD + feature_at(i, count)], '/') + 1;
    if (i < EVENT_FEATURES)
        snprintf(ret_name, size, "%s", name);
    else
        snprintf(ret_name, size, "%s_%u", name, i / EVENT_FEATURES + 1);
}

static void feature_write(const struct feature *feature, struct random *r, struct text *text)
{
    static const double tens[] = {1, 10, 100, 1000, 10000};
    unsigned number = random_below(r, feature->bound);
    switch (feature->kind) {
    case DECIMAL:
        text_printf(text, "%.*f", feature->decimals, number / tens[feature->decimals]);
        break;
    case INTEGER:
        text_printf(text, "%u", number * feature->step + feature->base);
        break;
    case TRUTH:
        text_puts(text, number ? "false" : "true");
        break;
    case LEVEL:
        text_printf(text, "\"%s\"", feature->levels[number]);
        break;
    }
}

/* `{"id":"` and the id itself come in front. */
static void event_tail(struct random *r, uint64_t number, unsigned count, struct text *text)
{
    text_printf(text,
                "\",\"ts\":\"2026-11-23T06:%02u:%02u.%03uZ\",\"model\":\"fraud\",\"version\":\"7\","
                "\"features\":{",
                (unsigned)(number / 60000 % 60), (unsigned)(number / 1000 % 60),
                (unsigned)(number % 1000));
    for (unsigned i = 0; i < count; i++) {
        char name[64];
        feature_name(i, count, name, sizeof name);
        text_printf(text, "%s\"%s\":", i ? "," : "", name);
        feature_write(&features[feature_at(i, count)], r, text);
    }
    text_printf(text, "},\"prediction\":{\"score\":%.4f,", random_below(r, 10000) / 1e4);
    text_printf(text, "\"class\":\"%s\"}}", random_below(r, 50) ? "ok" : "fraud");
}

static struct random random_start(uint64_t seed, uint64_t number)
{
    return (struct random){seed * 0xD1342543DE82EF95u + number};
}

static void id_write(struct random *r, char *at, size_t size)
{
    for (size_t i = 0; i < size; i++)
        at[i] = "0123456789abcdef"[random_next(r) & 15];
}

enum { ID_START = 7 }; /* behind {"id":" */

void event_write(uint64_t seed, uint64_t number, char *ret_event)
{
    struct random random = random_start(seed, number);
    struct text tail = {0};
    event_tail(&random, number, EVENT_FEATURES, &tail);
    size_t front = EVENT_BYTES - tail.size;
    if (front < 8 || front > 80) { /* the fields above were changed without looking at the size */
        fprintf(stderr, "bench: %zu bytes are left for the id\n", front);
        abort();
    }
    memcpy(ret_event, "{\"id\":\"", ID_START);
    id_write(&random, ret_event + ID_START, front - ID_START);
    memcpy(ret_event + front, tail.data, tail.size + 1);
    text_release(&tail);
}

char *event_stream(uint64_t seed, size_t count)
{
    char *stream = mem_new(count * EVENT_BYTES + 1, 1);
    for (size_t i = 0; i < count; i++)
        event_write(seed, i, stream + i * EVENT_BYTES);
    return stream;
}

/* ---- other sizes ---- */

static void set_paths(struct event_set *set)
{
    char name[64];
    struct text path = {0};
    set->path_count = EVENT_HEAD + set->features + 2;
    set->paths = mem_new(set->path_count, sizeof(char *));
    for (unsigned i = 0; i < set->path_count; i++) {
        text_clear(&path);
        if (i < EVENT_HEAD) {
            text_puts(&path, event_paths[i]);
        } else if (i < EVENT_HEAD + set->features) {
            feature_name(i - EVENT_HEAD, set->features, name, sizeof name);
            text_printf(&path, "/features/%s", name);
        } else {
            text_puts(&path, event_paths[i - set->features + EVENT_FEATURES]);
        }
        set->paths[i] = mem_copy(path.data);
    }
    text_release(&path);
}

static void add_event(const struct event_set *set, uint64_t seed, uint64_t number,
                      struct text *text)
{
    enum { ID_BYTES_OTHER = 16 };
    struct random random = random_start(seed, number);
    char id[ID_BYTES_OTHER], reference[EVENT_BYTES + 1];
    if (set->features == EVENT_FEATURES) {
        event_write(seed, number, reference);
        text_puts(text, reference);
        return;
    }
    id_write(&random, id, sizeof id);
    text_printf(text, "{\"id\":\"%.*s", ID_BYTES_OTHER, id);
    event_tail(&random, number, set->features, text);
}

void event_set_init(struct event_set *set, uint64_t seed, uint32_t feature_count, size_t count)
{
    static const char padding[EVENT_PADDING];
    struct text text = {0};
    *set = (struct event_set){.features = feature_count, .count = count};
    set_paths(set);
    set->events = mem_new(count, sizeof *set->events);
    for (size_t i = 0; i < count; i++) {
        size_t start = text.size;
        add_event(set, seed, i, &text);
        set->events[i].size = text.size - start;
    }
    set->bytes = text.size;
    text_add(&text, padding, sizeof padding);
    set->data = text.data;
    const char *p = text.data;
    for (size_t i = 0; i < count; i++) {
        set->events[i].data = p;
        p += set->events[i].size;
    }
}

void event_set_release(struct event_set *set)
{
    for (unsigned i = 0; i < set->path_count; i++)
        free(set->paths[i]);
    free(set->paths);
    free(set->events);
    free(set->data);
}
