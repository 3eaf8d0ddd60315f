/* Numbers come from splitmix64 of (seed, event number), so that any event can be made by itself.
 * The id takes up what the values leave of the 459 bytes. */
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

static double random_decimal(struct random *random, unsigned bound, double scale)
{
    return random_below(random, bound) / scale;
}

/* `{"id":"` and the id itself come in front. */
static void event_tail(struct random *r, uint64_t number, struct text *text)
{
    static const char *const channels[] = {"web", "ios", "android", "partner"};
    static const char *const countries[] = {"MX", "US", "DE", "FR", "BR", "JP"};
    static const char *const currencies[] = {"MXN", "USD", "EUR", "BRL", "JPY"};
    static const char *const devices[] = {"phone", "tablet", "desktop"};
    text_printf(text,
                "\",\"ts\":\"2026-11-23T06:%02u:%02u.%03uZ\",\"model\":\"fraud\",\"version\":\"7\","
                "\"features\":{\"amount\":%.2f,",
                (unsigned)(number / 60000 % 60), (unsigned)(number / 1000 % 60),
                (unsigned)(number % 1000), random_decimal(r, 100000, 100));
    text_printf(text, "\"balance\":%.2f,\"velocity\":%.3f,", random_decimal(r, 1000000, 100),
                random_decimal(r, 10000, 1000));
    text_printf(text, "\"distance\":%.1f,\"risk\":%.4f,", random_decimal(r, 20000, 10),
                random_decimal(r, 10000, 10000));
    text_printf(text, "\"age_days\":%u,\"n_1h\":%u,", random_below(r, 4000), random_below(r, 9));
    text_printf(text, "\"n_24h\":%u,\"avg_7d\":%.2f,", random_below(r, 60),
                random_decimal(r, 50000, 100));
    text_printf(text, "\"std_7d\":%.3f,\"ratio\":%.4f,", random_decimal(r, 90000, 1000),
                random_decimal(r, 30000, 10000));
    text_printf(text, "\"hour\":%u,\"mcc\":%u,", random_below(r, 24), random_below(r, 9000) + 1000);
    text_printf(text, "\"limit\":%u,\"ip_score\":%.3f,", random_below(r, 20) * 500,
                random_decimal(r, 1000, 1000));
    text_printf(text, "\"new_dev\":%s,\"channel\":\"%s\",", random_below(r, 10) ? "false" : "true",
                channels[random_below(r, 4)]);
    text_printf(text, "\"country\":\"%s\",\"currency\":\"%s\",", countries[random_below(r, 6)],
                currencies[random_below(r, 5)]);
    text_printf(text, "\"device\":\"%s\"},", devices[random_below(r, 3)]);
    text_printf(text, "\"prediction\":{\"score\":%.4f,\"class\":\"%s\"}}",
                random_decimal(r, 10000, 10000), random_below(r, 50) ? "ok" : "fraud");
}

void event_write(uint64_t seed, uint64_t number, char *ret_event)
{
    struct random random = {seed * 0xD1342543DE82EF95u + number};
    struct text tail = {0};
    event_tail(&random, number, &tail);
    size_t front = EVENT_BYTES - tail.size;
    if (front < 8 || front > 80) { /* the fields above were changed without looking at the size */
        fprintf(stderr, "bench: %zu bytes are left for the id\n", front);
        abort();
    }
    memcpy(ret_event, "{\"id\":\"", 7);
    for (size_t i = 7; i < front; i++)
        ret_event[i] = "0123456789abcdef"[random_next(&random) & 15];
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
