/* How many events a second one connection brings through the HTTP source and its adapter, if
 * counting and committing cost nothing: the reference event (event.h), sent in batches by a client
 * that waits for each answer before it sends the next, on the same machine by another thread.
 *
 *   bench_http [--json] [--batch EVENTS] [--seconds N]
 *
 * Rows differ in how the events are written. cpu_us_per_event is the server's thread alone. */
#include <arpa/inet.h>
#include <event2/event.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "app/http_input.h"
#include "event.h"
#include "sys/file.h"

enum { SEED = 1, LINGER_MS = 50 };

enum form { FORM_LINES, FORM_ARRAY, FORM_CLOUD_BATCH, FORM_LINES_GZIP, FORMS };
static const char *const form_names[FORMS] = {"ndjson", "json_array", "cloudevents_batch",
                                              "ndjson_gzip"};

/* A request, and what sending it again and again has brought. */
struct load {
    struct text request;
    uint16_t port;
    uint32_t batch;
    int64_t seconds;
    struct event_base *base;
    int64_t answers;
    double elapsed_s;
};

struct null_pump {
    struct http_input *input;
    struct event *commit;
    int64_t records, bytes;
    bool pending;
};

static void fail(const char *what)
{
    fprintf(stderr, "bench_http: %s\n", what);
    abort();
}

static double seconds_of(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* ---- a pump that does nothing ---- */

static void list(void *context, store_partition_fn row, void *row_context, store_done_fn done,
                 void *done_context)
{
    (void)context;
    (void)row;
    (void)row_context;
    done(done_context, STORE_DONE, NULL);
}

static void take(void *context, struct ingest_want *wants, uint32_t count, store_done_fn done,
                 void *done_context)
{
    (void)context;
    for (uint32_t i = 0; i < count; i++)
        wants[i].next_offset = 0;
    done(done_context, STORE_DONE, NULL);
}

static enum ingest_result offer(void *context, const struct record *record)
{
    struct null_pump *pump = context;
    pump->records++;
    pump->bytes += (int64_t)record->value.size;
    pump->pending = true;
    return INGEST_TAKEN;
}

static void on_commit(evutil_socket_t fd, short what, void *context)
{
    struct null_pump *pump = context;
    (void)fd;
    (void)what;
    pump->pending = false;
    http_input_committed(pump->input);
}

static void commit_soon(void *context)
{
    struct null_pump *pump = context;
    event_active(pump->commit, EV_TIMEOUT, 0);
}

static bool flushed(void *context)
{
    const struct null_pump *pump = context;
    return !pump->pending;
}

static void nothing(void *context)
{
    (void)context;
}

static void no_idle(void *context, const char *topic, int32_t partition)
{
    (void)context;
    (void)topic;
    (void)partition;
}

/* ---- requests ---- */

static void add_events(enum form form, const char *stream, uint32_t count, struct text *body)
{
    bool array = form == FORM_ARRAY || form == FORM_CLOUD_BATCH;
    text_puts(body, array ? "[" : "");
    for (uint32_t i = 0; i < count; i++) {
        struct bytes event = event_at(stream, i);
        if (array && i)
            text_puts(body, ",");
        if (form == FORM_CLOUD_BATCH)
            text_printf(body,
                        "{\"specversion\":\"1.0\",\"type\":\"t\",\"source\":\"/s\",\"id\":\"%u\","
                        "\"time\":\"2026-11-23T06:42:12.123Z\",\"data\":%.*s}",
                        i, (int)event.size, event.data);
        else
            text_add(body, event.data, event.size);
        if (!array)
            text_puts(body, "\n");
    }
    text_puts(body, array ? "]" : "");
}

static void zip(struct text *body)
{
    z_stream stream = {0};
    if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY))
        fail("zlib does not start");
    uLong bound = deflateBound(&stream, body->size);
    char *packed = mem_new(bound, 1);
    stream.next_in = (Bytef *)body->data;
    stream.avail_in = (uInt)body->size;
    stream.next_out = (Bytef *)packed;
    stream.avail_out = (uInt)bound;
    if (deflate(&stream, Z_FINISH) != Z_STREAM_END)
        fail("zlib does not end");
    text_clear(body);
    text_add(body, packed, stream.total_out);
    deflateEnd(&stream);
    free(packed);
}

static void make_request(enum form form, uint32_t batch, struct text *ret_request)
{
    static const char *const types[FORMS] = {"application/x-ndjson", "application/json",
                                             "application/cloudevents-batch+json",
                                             "application/x-ndjson\r\nContent-Encoding: gzip"};
    struct text body = {0};
    char *stream = event_stream(SEED, batch);
    add_events(form, stream, batch, &body);
    if (form == FORM_LINES_GZIP)
        zip(&body);
    text_printf(ret_request,
                "POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\n"
                "Content-Length: %zu\r\n\r\n",
                types[form], body.size);
    text_add(ret_request, body.data, body.size);
    text_release(&body);
    free(stream);
}

/* ---- the client ---- */

static void send_all(int fd, const struct text *request)
{
    for (size_t sent = 0; sent < request->size;) {
        ssize_t size = send(fd, request->data + sent, request->size - sent, MSG_NOSIGNAL);
        if (size <= 0)
            fail("the server has closed the connection");
        sent += (size_t)size;
    }
}

static void read_answer(int fd, const char *wanted)
{
    char answer[1024];
    size_t size = 0;
    do {
        ssize_t more = recv(fd, answer + size, sizeof answer - 1 - size, 0);
        if (more <= 0)
            fail("the server has closed the connection");
        size += (size_t)more;
        answer[size] = '\0';
    } while (!strstr(answer, "}\n"));
    if (!strstr(answer, " 200 OK") || !strstr(answer, wanted))
        fail(answer);
}

static void *run_client(void *context)
{
    struct load *load = context;
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(load->port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char wanted[32];
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        fail("cannot connect");
    snprintf(wanted, sizeof wanted, "\"accepted\":%" PRIu32 ",", load->batch);
    double start = seconds_of(CLOCK_MONOTONIC);
    do {
        send_all(fd, &load->request);
        read_answer(fd, wanted);
        load->answers++;
        load->elapsed_s = seconds_of(CLOCK_MONOTONIC) - start;
    } while (load->elapsed_s < (double)load->seconds);
    close(fd);
    event_base_loopbreak(load->base);
    return NULL;
}

/* ---- one row ---- */

static struct http_input *start_input(struct event_base *base, struct null_pump *pump)
{
    static const char *topics[] = {"t"};
    static struct config_monitor monitor = {.topics = topics, .topic_count = 1};
    static struct config config = {.monitors = &monitor, .monitor_count = 1};
    const struct http_input_hooks hooks = {.context = pump,
                                           .list = list,
                                           .take = take,
                                           .offer = offer,
                                           .idle = no_idle,
                                           .release = nothing,
                                           .flushed = flushed,
                                           .soon = nothing,
                                           .commit_soon = commit_soon,
                                           .ready = nothing};
    struct err err;
    config.http = (struct config_http){"127.0.0.1:0", 0, LINGER_MS, 16 << 20};
    config.limits.event_bytes = 262144;
    pump->commit = event_new(base, -1, 0, on_commit, pump);
    pump->input = http_input_new(&config, base, &hooks, &err);
    if (!pump->input)
        fail(err.text);
    return pump->input;
}

static void run(enum form form, uint32_t batch, int64_t seconds, bool json)
{
    struct load load = {.batch = batch, .seconds = seconds};
    struct null_pump pump = {0};
    pthread_t client;
    make_request(form, batch, &load.request);
    load.base = event_base_new();
    load.port = http_input_port(start_input(load.base, &pump));
    double cpu = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    if (pthread_create(&client, NULL, run_client, &load) != 0)
        fail("cannot start a thread");
    event_base_loop(load.base, EVLOOP_NO_EXIT_ON_EMPTY);
    pthread_join(client, NULL);
    cpu = seconds_of(CLOCK_THREAD_CPUTIME_ID) - cpu;
    double events = (double)load.answers * batch;
    if (pump.records < load.answers * batch)
        fail("events are missing");
    if (json)
        printf("\"%s_events_per_second\":%.0f,\"%s_cpu_us_per_event\":%.3f", form_names[form],
               events / load.elapsed_s, form_names[form], cpu / events * 1e6);
    else
        printf("%-18s %9.0f events/s  %6.1f MB/s  %.3f us of CPU an event\n", form_names[form],
               events / load.elapsed_s, (double)pump.bytes / load.elapsed_s / 1e6,
               cpu / events * 1e6);
    http_input_free(pump.input);
    event_free(pump.commit);
    event_base_free(load.base);
    text_release(&load.request);
}

int main(int argc, char **argv)
{
    uint32_t batch = 1000;
    int64_t seconds = 2;
    bool json = false;
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--json"))
            json = true;
        else if (!strcmp(argv[i], "--batch") && i + 1 < argc)
            batch = (uint32_t)strtoul(argv[++i], NULL, 10);
        else if (!strcmp(argv[i], "--seconds") && i + 1 < argc)
            seconds = strtol(argv[++i], NULL, 10);
        else
            fail("usage: bench_http [--json] [--batch EVENTS] [--seconds N]");
    }
    printf("%s", json ? "{" : "");
    for (int form = 0; form < FORMS; form++) {
        run((enum form)form, batch, seconds, json);
        printf("%s", json ? form + 1 < FORMS ? "," : "}\n" : "");
        fflush(stdout);
    }
    return 0;
}
