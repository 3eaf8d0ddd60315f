/* What the tests of the store share: a directory that goes away, a callback that remembers, rows
 * as text, and ready-made things to write. */
#ifndef LEEWAY_TEST_STORE_FIXTURE_H
#define LEEWAY_TEST_STORE_FIXTURE_H

#include <criterion/criterion.h>
#include <dirent.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/check.h"
#include "store/sqlite_sql.h"
#include "store/sync.h"

struct fixture {
    char directory[64], path[96], url[112];
};

static inline void fixture_init(struct fixture *fixture)
{
    /* In memory if possible: every commit is synced, which a disk takes its time for. */
    snprintf(fixture->directory, sizeof fixture->directory, "%s/leeway-store-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    cr_assert_not_null(mkdtemp(fixture->directory));
    snprintf(fixture->path, sizeof fixture->path, "%s/a.db", fixture->directory);
    snprintf(fixture->url, sizeof fixture->url, "sqlite:%s", fixture->path);
}

static inline void fixture_release(struct fixture *fixture)
{
    DIR *directory = opendir(fixture->directory);
    struct dirent *entry;
    while (directory && (entry = readdir(directory)))
        if (entry->d_name[0] != '.')
            unlinkat(dirfd(directory), entry->d_name, 0);
    if (directory)
        closedir(directory);
    rmdir(fixture->directory);
}

static inline struct store *open_or_fail(const char *url)
{
    struct err err = {0};
    struct store *store = store_open(url, &(struct store_options){.agent = "a"}, &err);
    cr_assert_not_null(store, "%s: %s", err.place, err.text);
    return store;
}

static inline struct store *fixture_open(struct fixture *fixture)
{
    return open_or_fail(fixture->url);
}

/* The connection inside, to look at tables and to break things. */
static inline sqlite3 *handle_of(struct store *store)
{
    return sqlite_store_of(store)->db;
}

static inline void execute(struct store *store, const char *sql)
{
    char *message = NULL;
    int code = sqlite3_exec(handle_of(store), sql, NULL, NULL, &message);
    cr_assert_eq(code, SQLITE_OK, "%s: %s", sql, message);
}

static inline int64_t number_of(struct store *store, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    cr_assert_eq(sqlite3_prepare_v2(handle_of(store), sql, -1, &statement, NULL), SQLITE_OK, "%s",
                 sqlite3_errmsg(handle_of(store)));
    cr_assert_eq(sqlite3_step(statement), SQLITE_ROW);
    int64_t number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return number;
}

/* All rows of all tables: equal before and after means that nothing was written. */
static inline int64_t row_total(struct store *store)
{
    static const char *const tables[] = {
        "generation", "partition_state", "ledger",      "quarantine", "pane_delta",
        "pane",       "pane_set_aside",  "judge_state", "verdict",    "window_histogram",
        "incident",   "outbox",          "delivery",    "baseline",   "audit"};
    int64_t total = 0;
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        char sql[64];
        snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", tables[i]);
        total += number_of(store, sql);
    }
    return total;
}

/* The callback of a write. */
struct told {
    int calls;
    enum store_result result;
    struct err err;
};

static inline void tell(void *context, enum store_result result, const struct err *err)
{
    struct told *told = context;
    told->calls++;
    told->result = result;
    cr_assert_eq(err == NULL, result == STORE_DONE);
    told->err = err ? *err : (struct err){0};
}

static inline void expect_told(const struct told *told, enum store_result result, int line)
{
    cr_assert_eq(told->calls, 1, "line %d: told %d times", line, told->calls);
    cr_assert_eq(told->result, result, "line %d: result %d, %s", line, (int)told->result,
                 told->err.text);
}

static inline enum store_result commit_now(struct store *store, const struct store_commit *commit)
{
    struct told told = {0};
    store_commit(store, commit, tell, &told);
    cr_assert_eq(told.calls, 1);
    return told.result;
}

#define expect_commit(store, commit, wanted)                                                       \
    do {                                                                                           \
        struct told told_ = {0};                                                                   \
        store_commit(store, commit, tell, &told_);                                                 \
        expect_told(&told_, wanted, __LINE__);                                                     \
    } while (0)

#define expect_judged(store, judged, wanted)                                                       \
    do {                                                                                           \
        struct told told_ = {0};                                                                   \
        store_judged(store, judged, tell, &told_);                                                 \
        expect_told(&told_, wanted, __LINE__);                                                     \
    } while (0)

#define expect_late(store, monitor, panes, count, mark, wanted)                                    \
    do {                                                                                           \
        struct told told_ = {0};                                                                   \
        store_merge_late(store, monitor, panes, count, mark, tell, &told_);                        \
        expect_told(&told_, wanted, __LINE__);                                                     \
    } while (0)

#define expect_delivered(store, delivered, wanted)                                                 \
    do {                                                                                           \
        struct told told_ = {0};                                                                   \
        store_delivered(store, delivered, tell, &told_);                                           \
        expect_told(&told_, wanted, __LINE__);                                                     \
    } while (0)

#define expect_ok(call)                                                                            \
    do {                                                                                           \
        struct err why = {0};                                                                      \
        int code_ = (call);                                                                        \
        cr_assert_eq(code_, 0, "line %d: %d %s", __LINE__, code_, why.text);                       \
    } while (0)

static inline void expect_text(struct text *text, const char *wanted, int line)
{
    cr_assert_str_eq(text->data ? text->data : "", wanted, "line %d:\n%s", line, text->data);
    text_release(text);
}

/* Takes the text over. */
#define expect_rows(text, wanted) expect_text(text, wanted, __LINE__)

/* Rows as lines of a text. */
static inline int note_pane(void *context, const struct store_pane *pane)
{
    text_printf(context, "%" PRId64 " %s %s %.*s %" PRId64 " r%" PRIu32 "\n", pane->start_ms,
                pane->version, pane->generation, (int)pane->counts.size, pane->counts.data,
                pane->rows, pane->revision);
    return 0;
}

static inline int note_partition(void *context, const struct store_partition *p,
                                 const int64_t *records)
{
    text_printf(context, "%s/%" PRId32 " e%" PRId64 " %" PRId64 "..%" PRId64, p->topic,
                p->partition, p->epoch, p->start_offset, p->next_offset);
    if (p->max_event_ms != INT64_MIN)
        text_printf(context, " t%" PRId64, p->max_event_ms);
    if (p->idle)
        text_puts(context, " idle");
    for (int i = 0; i <= DISPOSITIONS; i++)
        text_printf(context, " %" PRId64, records[i]);
    text_puts(context, "\n");
    return 0;
}

static inline int note_due(void *context, const struct store_delivery *d)
{
    text_printf(context, "%s %s %" PRIu32 " %s %s a%" PRIu32 "\n", d->receiver, d->incident,
                d->sequence, d->event, d->message_id, d->attempts);
    return 0;
}

static inline int note_verdict(void *context, const struct store_verdict *v)
{
    text_printf(context, "%s %s %s [%s] %s %" PRId64 " %" PRId64 " %s\n", v->id, v->monitor,
                v->version, v->segment, v->field, v->window_ms, v->end_ms, v->state);
    return 0;
}

static inline int note_incident(void *context, const struct store_incident *i)
{
    text_printf(context, "%s %s %s %s %s %s %" PRId64 " %" PRId64 " %" PRId64 " #%" PRIu32 "\n",
                i->id, i->monitor, i->version, i->rule, i->state, i->title, i->opened_ms,
                i->updated_ms, i->resolved_ms, i->sequence);
    return 0;
}

/* Ready-made things. */
static inline struct store_advance make_advance(const char *topic, int32_t partition, int64_t epoch,
                                                int64_t old_offset, int64_t counted)
{
    struct store_advance advance = {.topic = topic,
                                    .partition = partition,
                                    .epoch = epoch,
                                    .old_offset = old_offset,
                                    .new_offset = old_offset + counted,
                                    .max_event_ms = INT64_MIN};
    advance.records[DISPOSED_COUNTED] = counted;
    return advance;
}

static inline struct store_delta make_delta(const char *monitor, int64_t start_ms, const char *text)
{
    return (struct store_delta){.monitor = monitor,
                                .version = "1",
                                .generation = "g",
                                .pane_start_ms = start_ms,
                                .pane_ms = 10,
                                .rows = (int64_t)strlen(text),
                                .counts = bytes_of(text)};
}

static inline struct store_pane make_pane(int64_t start_ms, const char *text, uint32_t revision)
{
    return (struct store_pane){.start_ms = start_ms,
                               .version = "1",
                               .generation = "g",
                               .rows = (int64_t)strlen(text),
                               .counts = bytes_of(text),
                               .revision = revision};
}

static inline struct store_verdict make_verdict(const char *id, const char *field, int64_t end_ms)
{
    return (struct store_verdict){.id = id,
                                  .monitor = "m",
                                  .version = "1",
                                  .segment = "",
                                  .field = field,
                                  .generation = "g",
                                  .window_ms = 100,
                                  .start_ms = end_ms - 100,
                                  .end_ms = end_ms,
                                  .n = 7,
                                  .baseline_n = 1000,
                                  .state = "ok",
                                  .severity = "none",
                                  .p = 1,
                                  .detail = "",
                                  .document = "{}"};
}

static inline struct store_incident make_incident(const char *id, const char *state,
                                                  uint32_t sequence)
{
    return (struct store_incident){.id = id,
                                   .monitor = "m",
                                   .version = "1",
                                   .rule = "r",
                                   .state = state,
                                   .severity = "warning",
                                   .title = "t",
                                   .evidence = "{}",
                                   .opened_ms = 100,
                                   .updated_ms = 200,
                                   .sequence = sequence};
}

static inline struct store_outbox make_message(const char *receiver, const char *incident,
                                               uint32_t sequence, const char *message_id)
{
    return (struct store_outbox){.receiver = receiver,
                                 .incident = incident,
                                 .event = "opened",
                                 .sequence = sequence,
                                 .message_id = message_id,
                                 .payload = "{}"};
}

/* Puts deltas into the store through topic "d", partition 0. */
static inline void put_deltas(struct store *store, struct store_delta *deltas, uint32_t count)
{
    struct store_partition taken;
    expect_ok(store_sync_take_partition(store, "d", 0, 0, &taken, &why));
    struct store_advance advance = make_advance("d", 0, taken.epoch, taken.next_offset, 1);
    struct store_commit commit = {
        .advances = &advance, .advance_count = 1, .deltas = deltas, .delta_count = count};
    expect_commit(store, &commit, STORE_DONE);
}

static inline void put_delta(struct store *store, const char *monitor, int64_t start_ms,
                             const char *text)
{
    struct store_delta delta = make_delta(monitor, start_ms, text);
    put_deltas(store, &delta, 1);
}

static inline int register_now(struct store *store, const char *monitor, const char *version,
                               const char *hash, const char *baseline_hash, int64_t first_pane_ms,
                               struct err *reterr)
{
    struct store_register one = {monitor, version, hash, baseline_hash, first_pane_ms};
    struct store_commit commit = {.registers = &one, .register_count = 1};
    return store_sync_commit(store, &commit, reterr);
}

static inline int put_baseline(struct store *store, const char *name, const char *hash,
                               const char *created, int64_t rows, const char *document,
                               bool promote, uint32_t *ret_version, struct err *reterr)
{
    const struct store_baseline baseline = {
        .name = name, .hash = hash, .created = created, .rows = rows, .document = document};
    return store_sync_baseline_put(store, &baseline, promote, ret_version, reterr);
}

/* Moves the judge of "m" on with nothing else to say than what `judged` holds. */
static inline struct store_judged make_judged(int64_t old_position_ms, int64_t new_position_ms)
{
    return (struct store_judged){.monitor = "m",
                                 .old_position_ms = old_position_ms,
                                 .new_position_ms = new_position_ms,
                                 .state = "{\"s\":1}"};
}

#endif
