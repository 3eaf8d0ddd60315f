/* Everything runs on one loop, server and client, so nothing waits for a thread or a sleep. */
#include "support.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "base/when.h"
#include "store/sync.h"
#include "sys/file.h"

enum { PATIENCE_MS = 20000 };

static bool hook_ready(void *context, struct text *reasons)
{
    struct site *site = context;
    text_puts(reasons, "store ok\nsource waiting for broker\n");
    return site->ready;
}

static void hook_metrics(void *context, struct families *families)
{
    static const struct family family = {"leeway_records_total", FAMILY_COUNTER, NULL,
                                         "Records read."};
    (void)context;
    families_one_whole(families, &family, 42);
}

static void hook_reload(void *context, struct web_reload *token)
{
    struct site *site = context;
    site->reloads++;
    site->token = token;
    if (!site->reload_later)
        site_reloaded(site);
}

void site_reloaded(struct site *site)
{
    struct err err;
    err_set(&err, ERR_INVALID, "unknown setting widnows");
    err_place(&err, "leeway.yaml:12:5");
    web_reload_done(site->token, site->reload_fails ? &err : NULL);
}

static void hook_status(void *context, struct text *json)
{
    struct site *site = context;
    text_printf(json,
                "{\"ready\":%s,\"uptime_seconds\":93784,\"records\":{\"counted\":184220911,"
                "\"late\":1204,\"bad_time\":3,\"quarantined\":17},\"open_incidents\":1,"
                "\"store\":{\"size_bytes\":48234496},\"sources\":[{\"topic\":\"predictions\","
                "\"partition\":0,\"next_offset\":92110455,\"lag\":12},{\"topic\":\"predictions\","
                "\"partition\":1,\"next_offset\":92111660,\"lag\":0}]}",
                site->ready ? "true" : "false");
}

void site_start(struct site *site, const struct web_limits *limits)
{
    static int64_t windows[] = {900000, 3600000, 86400000};
    struct err err;
    signal(SIGPIPE, SIG_IGN);
    *site = (struct site){.ready = true};
    site->monitors[0] = (struct config_monitor){
        .name = "fraud", .baseline = "fraud", .windows_ms = windows, .window_count = 3};
    site->monitors[1] = (struct config_monitor){
        .name = "pricing", .baseline = "pricing@2", .windows_ms = windows, .window_count = 2};
    site->config.monitors = site->monitors;
    site->config.monitor_count = 2;
    site->base = event_base_new();
    site->store = store_open("sqlite::memory:", NULL, &err);
    cr_assert(site->store, "%s", err.text);
    struct web_hooks hooks = {site, hook_ready, hook_metrics, hook_reload, hook_status};
    site->web = web_new_limited(site->base, "127.0.0.1:0", &site->config, site->store, &hooks,
                                limits ? limits : &web_limits_default, &err);
    cr_assert(site->web, "%s", err.text);
}

void site_stop(struct site *site)
{
    web_free(site->web);
    store_close(site->store);
    event_base_free(site->base);
}

/* ---- made-up data ---- */

enum { FIELDS = 14, NUMERIC = 9, HOURS = 48, CELLS = 24 };
static const int64_t end_ms = 1794614400000; /* 2026-11-14T00:00:00Z */
static const char *const names[FIELDS] = {
    "amount", "age_days", "velocity_1h", "velocity_24h", "distance_km", "basket_items", "score",
    "hour",   "balance",  "channel",     "country",      "device",      "card_type",    "class"};
static const char *const levels[] = {"web",   "ios",   "android", "partner",
                                     "kiosk", "other", "unseen"};

/* How far a field is off at an hour: only three ever are. */
static double shift_of(int field, int hour)
{
    double ramp = hour < 36 ? 0 : (hour - 36) / 12.0;
    return field == 0 ? 1.1 * ramp : field == 9 ? 0.5 * ramp : field == 3 ? .2 * ramp : 0;
}

static void add_shares(struct text *text, int field, double shift, bool live)
{
    double shares[CELLS + 1], sum = 0;
    int cells = field < NUMERIC ? CELLS : 7;
    for (int i = 0; i < cells; i++) {
        double x = (i - cells / 2.0) / (cells / 5.0) - (live ? shift : 0);
        shares[i] = field < NUMERIC ? 1 + .8 * sin(i + field) * .1 + (live ? shift * x * .3 : 0)
                                    : 1.0 / (i + 1.0) + (live && i == 3 ? shift : 0);
        shares[i] = shares[i] < .01 ? .01 : shares[i];
        sum += shares[i];
    }
    double missing = live && field == 0 ? .019 + .44 * shift : .019;
    for (int i = 0; i < cells; i++)
        text_printf(text, "%s%.5f", i ? "," : "", shares[i] / sum * (1 - missing));
    text_printf(text, ",%.5f", missing);
}

static void add_histogram(struct text *text, int field, double shift)
{
    text_puts(text, "{\"labels\":[");
    for (int i = 0; field < NUMERIC && i < CELLS; i++) {
        if (i == 0)
            text_puts(text, "\"< 2.5\",");
        else if (i == CELLS - 1)
            text_printf(text, "\">= %.4g\",", 2.5 * exp(i * .25));
        else
            text_printf(text, "\"%.4g – %.4g\",", 2.5 * exp(i * .25), 2.5 * exp(i * .25 + .25));
    }
    for (int i = 0; field >= NUMERIC && i < 7; i++)
        text_printf(text, "\"%s\",", levels[i]);
    text_puts(text, "\"missing\"],\"baseline\":[");
    add_shares(text, field, shift, false);
    text_puts(text, "],\"live\":[");
    add_shares(text, field, shift, true);
    text_puts(text, "]}");
}

static const char *severity_of(double psi)
{
    return psi > .5 ? "high" : psi > .2 ? "medium" : psi > .08 ? "low" : "none";
}

static void add_detail(struct text *text, int field, double shift, double psi)
{
    if (psi <= .08)
        return;
    if (field == 0)
        text_printf(text, "missing 1.9 %% → %.1f %%, location up, mean +%.2f sd", 1.9 + 44 * shift,
                    shift);
    else
        text_printf(text, "\"partner\" share 11.9 %% → %.1f %%", 11.9 + 40 * shift);
}

static void add_document(struct text *text, const struct store_verdict *v)
{
    text_printf(text,
                "{\"id\":\"%s\",\"monitor\":\"fraud\",\"field\":\"%s\",\"n\":%lld,\"p\":%.6g,"
                "\"log10_p\":%.4g,\"effect\":%.6g,\"effect_low\":%.6g,\"mean_shift_sd\":%.4g,"
                "\"scores\":{",
                v->id, v->field, (long long)v->n, v->p, log10(v->p), v->effect, v->effect * .9,
                v->effect);
    const char *scores[] = {"psi", "js", "ks", "wasserstein"};
    double values[] = {v->psi, v->js, v->ks, v->wasserstein};
    for (int i = 0; i < 4; i++) {
        if (isfinite(values[i]))
            text_printf(text, "\"%s\":{\"value\":%.6g,\"noise_floor\":%.6g,\"debiased\":%.6g},",
                        scores[i], values[i], .012 + .01 * i, values[i] - .012 - .01 * i);
    }
    text_printf(text,
                "\"g\":{\"statistic\":%.6g,\"df\":31}},\"rates\":{\"missing\":%.6g,\"invalid\":0,"
                "\"below\":0,\"above\":%.6g},\"reasons\":[%s],\"detail\":\"\"}",
                v->g, v->missing_rate, v->effect / 100,
                v->psi > .08 ? "\"missing\",\"location\"" : "");
}

struct batch {
    struct arena *arena;
    struct store_verdict verdicts[4096];
    uint32_t count;
};

static void add_verdict(struct batch *batch, const char *version, const char *segment, int field,
                        int64_t window_ms, int hour)
{
    struct store_verdict *v = &batch->verdicts[batch->count++];
    double shift = window_ms == 86400000 ? shift_of(field, hour) * .6 : shift_of(field, hour);
    double noise = .004 * (1 + sin(hour * 1.7 + field * 3)) + .01;
    struct text text = {0};
    if (!strcmp(version, "6"))
        shift = 0;
    *v = (struct store_verdict){.monitor = "fraud",
                                .version = version,
                                .segment = segment,
                                .generation = "7f3ac91d20b4e655",
                                .field = names[field],
                                .window_ms = window_ms,
                                .end_ms = end_ms - (HOURS - 1 - hour) * 3600000LL};
    v->id = arena_printf(batch->arena, "v-%u-%s-%s", batch->count, version, names[field]);
    v->start_ms = v->end_ms - window_ms;
    v->n = field == 5 && window_ms == 900000 ? 83 : window_ms / 3600 * 11 + 137 * (hour % 7);
    v->baseline_n = 250000;
    v->psi = noise + shift * .55;
    v->js = sqrt(noise / 4) + shift * .3;
    v->ks = field < NUMERIC ? noise + shift * .25 : (double)NAN;
    v->wasserstein = field < NUMERIC ? noise + shift : (double)NAN;
    v->g = 40 + shift * 4000;
    v->missing_rate = field == 0 ? .019 + .44 * shift : .019;
    v->severity = severity_of(v->psi);
    v->state = v->n < 200 ? "insufficient" : v->psi > .08 ? "drift" : "ok";
    v->significant = v->psi > .05;
    v->p = v->psi > .08 ? exp(-v->psi * 120) : .4;
    v->effect = v->psi - noise;
    add_detail(&text, field, shift, v->psi);
    v->detail = arena_text(batch->arena, bytes_make(text.data, text.size));
    text_clear(&text);
    add_document(&text, v);
    v->document = arena_text(batch->arena, bytes_make(text.data, text.size));
    text_clear(&text);
    add_histogram(&text, field, shift);
    v->histogram = arena_text(batch->arena, bytes_make(text.data, text.size));
    text_release(&text);
}

static void add_evidence(struct text *text)
{
    static const int fields[] = {0, 9, 3};
    text_puts(text, "{\"condition\":\"drift >= low\",\"baseline\":\"fraud@7\",\"member_count\":3,"
                    "\"members\":[");
    for (int i = 0; i < 3; i++) {
        double shift = shift_of(fields[i], HOURS - 1), psi = .01 + .55 * shift;
        text_printf(text,
                    "%s{\"field\":\"%s\",\"segment\":\"\",\"window\":\"1h\",\"severity\":\"%s\","
                    "\"effect\":%.4g,\"p\":%.4g,\"n\":11500,\"detail\":\"",
                    i ? "," : "", names[fields[i]], severity_of(psi), psi, exp(-psi * 120));
        struct text detail = {0};
        add_detail(&detail, fields[i], shift, psi);
        for (const char *c = detail.data; c && *c; c++)
            text_printf(text, *c == '"' ? "\\%c" : "%c", *c);
        text_release(&detail);
        text_puts(text, "\",\"histogram\":");
        add_histogram(text, fields[i], shift);
        text_puts(text, "}");
    }
    text_puts(text, "],\"reproduce\":\"leeway replay --config leeway.yaml --since "
                    "2026-11-13T12:00:00Z --until 2026-11-14T00:00:00Z\"}");
}

static void fill_judged(struct store *store)
{
    struct batch *batch = mem_new(1, sizeof *batch);
    struct text evidence = {0};
    batch->arena = arena_new();
    for (int hour = 0; hour < HOURS; hour++)
        for (int field = 0; field < FIELDS; field++) {
            add_verdict(batch, "7", "", field, 3600000, hour);
            if (hour % 8 == 7)
                add_verdict(batch, "7", "", field, 86400000, hour);
            if (hour == HOURS - 1)
                add_verdict(batch, "7", "", field, 900000, hour);
            if (hour == HOURS - 2)
                add_verdict(batch, "6", "", field, 3600000, hour);
            if (hour == HOURS - 1 && field < 3)
                add_verdict(batch, "7", "country=MX", field, 3600000, hour);
        }
    add_evidence(&evidence);
    struct store_incident incidents[] = {
        {"i-open", "fraud", "7", "inputs-drift", "firing", "critical",
         "fraud 7: 3 fields drift, most of all amount (high): missing 1.9 % → 46.3 %",
         evidence.data, end_ms - 9 * 3600000, end_ms, 0, 3},
        {"i-closed", "fraud", "7", "inputs-drift", "resolved", "warning",
         "fraud 7: all fields are back to normal", "{\"members\":[]}", end_ms - 40 * 3600000LL,
         end_ms - 30 * 3600000LL, end_ms - 30 * 3600000LL, 2}};
    struct store_judged judged = {.monitor = "fraud",
                                  .old_position_ms = INT64_MIN,
                                  .new_position_ms = end_ms,
                                  .state = "{}",
                                  .verdicts = batch->verdicts,
                                  .verdict_count = batch->count,
                                  .incidents = incidents,
                                  .incident_count = 2};
    struct err err;
    cr_assert_eq(store_sync_judged(store, &judged, &err), 0, "%s", err.text);
    text_release(&evidence);
    arena_free(batch->arena);
    free(batch);
}

static void fill_quarantine(struct store *store)
{
    struct err err;
    struct store_partition partition;
    cr_assert_eq(store_sync_take_partition(store, "predictions", 0, 0, &partition, &err), 0, "%s",
                 err.text);
    struct store_advance advance = {.topic = "predictions",
                                    .epoch = partition.epoch,
                                    .new_offset = 1000,
                                    .max_event_ms = end_ms,
                                    .records = {997, 0, 0, 3, 0}};
    struct store_quarantine items[] = {{"predictions", 0, 17, "not JSON", 311, "aa11"},
                                       {"predictions", 0, 412, "deeper than 16", 9120, "bb22"},
                                       {"predictions", 0, 780, "no event time", 452, "cc33"}};
    struct store_commit commit = {
        .advances = &advance, .advance_count = 1, .quarantine = items, .quarantine_count = 3};
    cr_assert_eq(store_sync_commit(store, &commit, &err), 0, "%s", err.text);
}

static void fill_baseline(struct store *store, struct store_baseline baseline, bool promote)
{
    uint32_t version;
    struct err err;
    cr_assert_eq(store_sync_baseline_put(store, &baseline, promote, &version, &err), 0, "%s",
                 err.text);
}

void site_fill(struct store *store)
{
    fill_judged(store);
    fill_quarantine(store);
    fill_baseline(store,
                  (struct store_baseline){.name = "fraud",
                                          .hash = "0011aabbccddeeff",
                                          .created = "2026-10-01T08:00:00Z",
                                          .document = "{\"name\":\"fraud\",\"fields\":[]}",
                                          .rows = 250000},
                  false);
    fill_baseline(store,
                  (struct store_baseline){.name = "fraud",
                                          .hash = "1122aabbccddeeff",
                                          .created = "2026-11-01T08:00:00Z",
                                          .document = "{\"name\":\"fraud\",\"fields\":[1]}",
                                          .rows = 251300},
                  true);
}

/* ---- the client ---- */

static int64_t deadline_from_now(void)
{
    return clock_loop().ms + PATIENCE_MS;
}

int site_connect(struct site *site)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(web_port(site->web)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    cr_assert(fd >= 0);
    int result = connect(fd, (struct sockaddr *)&address, sizeof address);
    cr_assert(result == 0 || errno == EINPROGRESS);
    return fd;
}

bool site_wait(struct site *site, bool (*condition)(struct site *site, void *context),
               void *context)
{
    int64_t deadline = deadline_from_now();
    while (!condition(site, context)) {
        struct timeval tick = {0, 5000};
        event_base_loopexit(site->base, &tick);
        event_base_loop(site->base, EVLOOP_ONCE);
        if (clock_loop().ms > deadline)
            return false;
    }
    return true;
}

struct exchange {
    struct client *client;
    struct answer *answer;
};

static void client_send(struct client *client)
{
    ssize_t sent = client->left ? write(client->fd, client->bytes, client->left) : 0;
    if (sent > 0) {
        client->bytes += sent;
        client->left -= (size_t)sent;
    }
}

static bool exchange_step(struct site *site, void *context)
{
    struct exchange *exchange = context;
    char buffer[65536];
    (void)site;
    client_send(exchange->client);
    for (;;) {
        ssize_t size = read(exchange->client->fd, buffer, sizeof buffer);
        if (size > 0)
            text_add(&exchange->answer->all, buffer, (size_t)size);
        else if (size < 0 && (errno == EAGAIN || errno == ENOTCONN))
            return false;
        else
            return exchange->answer->closed = true; /* end, or reset */
    }
}

void site_receive(struct site *site, struct client *client, struct answer *ret_answer)
{
    *ret_answer = (struct answer){0};
    struct exchange exchange = {client, ret_answer};
    site_wait(site, exchange_step, &exchange);
    client_close(client);
    const char *end = ret_answer->all.data ? strstr(ret_answer->all.data, "\r\n\r\n") : NULL;
    if (!end)
        return;
    text_add(&ret_answer->head, ret_answer->all.data, (size_t)(end - ret_answer->all.data + 2));
    ret_answer->body = end + 4;
    sscanf(ret_answer->all.data, "HTTP/1.%*d %d", &ret_answer->status);
}

void site_exchange(struct site *site, const char *bytes, size_t size, struct answer *ret_answer)
{
    struct client client = {site_connect(site), bytes, size, {0}};
    site_receive(site, &client, ret_answer);
}

static bool is_sent(struct site *site, void *context)
{
    struct client *client = context;
    (void)site;
    client_send(client);
    return client->left == 0;
}

static struct client client_begin(struct site *site, const char *method, const char *path)
{
    struct client client = {.fd = site_connect(site)};
    text_printf(&client.request, "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", method, path);
    client.bytes = client.request.data;
    client.left = client.request.size;
    cr_assert(site_wait(site, is_sent, &client));
    return client;
}

struct client site_ask(struct site *site, const char *path)
{
    return client_begin(site, "GET", path);
}

struct client site_post(struct site *site, const char *path)
{
    return client_begin(site, "POST", path);
}

void client_close(struct client *client)
{
    close(client->fd);
    text_release(&client->request);
}

void answer_release(struct answer *answer)
{
    text_release(&answer->head);
    text_release(&answer->all);
}

void site_get(struct site *site, const char *path, struct answer *ret_answer)
{
    struct text request = {0};
    text_printf(&request, "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", path);
    site_exchange(site, request.data, request.size, ret_answer);
    text_release(&request);
}

json_t *site_json(struct site *site, const char *path)
{
    struct answer answer;
    json_error_t error;
    site_get(site, path, &answer);
    cr_assert_eq(answer.status, 200, "%s: %d %s", path, answer.status, answer.body);
    cr_assert_str_eq(answer_header(&answer, "Content-Type"), "application/json");
    json_t *value = json_loads(answer.body, JSON_REJECT_DUPLICATES, &error);
    cr_assert(value, "%s: %s", path, error.text);
    answer_release(&answer);
    return value;
}

const char *answer_header(const struct answer *answer, const char *name)
{
    static char value[512];
    size_t length = strlen(name);
    value[0] = '\0';
    for (const char *line = answer->head.data; line && *line;) {
        size_t size = strcspn(line, "\r");
        if (size > length && !strncasecmp(line, name, length) && line[length] == ':') {
            const char *start = line + length + 1;
            while (*start == ' ')
                start++;
            snprintf(value, sizeof value, "%.*s", (int)(line + size - start), start);
        }
        line += size;
        line += strspn(line, "\r\n");
    }
    return value;
}
