/* The store with late answers, and that it gives those of the store behind. */
#include "later_store.h"

#include <stdlib.h>

#include <criterion/criterion.h>

#include "base/mem.h"

enum kind { VERDICTS, LATEST, INCIDENTS, BASELINES, BASELINE, QUARANTINE };

struct later_call {
    enum kind kind;
    const struct store_query *query;
    store_verdict_fn verdict;
    store_incident_fn incident;
    store_baseline_fn baseline;
    store_quarantine_fn quarantine;
    void *row_context;
    const char *name;
    uint32_t version, limit, *ret_version;
    struct text *ret_document;
    store_done_fn done;
    void *context;
    struct later_call *next;
};

static void keep(struct store *store, struct later_call call, store_done_fn done, void *context)
{
    struct later_store *later = (struct later_store *)store;
    struct later_call *kept = mem_new(1, sizeof *kept), **end = &later->calls;
    call.done = done;
    call.context = context;
    *kept = call;
    while (*end)
        end = &(*end)->next;
    *end = kept;
    later->waiting++;
    later->asked++;
}

static void keep_verdicts(struct store *store, const struct store_query *query,
                          store_verdict_fn row, void *row_context, store_done_fn done,
                          void *context)
{
    keep(store,
         (struct later_call){
             .kind = VERDICTS, .query = query, .verdict = row, .row_context = row_context},
         done, context);
}

static void keep_latest(struct store *store, const struct store_query *query, store_verdict_fn row,
                        void *row_context, store_done_fn done, void *context)
{
    keep(store,
         (struct later_call){
             .kind = LATEST, .query = query, .verdict = row, .row_context = row_context},
         done, context);
}

static void keep_incidents(struct store *store, const struct store_query *query,
                           store_incident_fn row, void *row_context, store_done_fn done,
                           void *context)
{
    keep(store,
         (struct later_call){
             .kind = INCIDENTS, .query = query, .incident = row, .row_context = row_context},
         done, context);
}

static void keep_baselines(struct store *store, store_baseline_fn row, void *row_context,
                           store_done_fn done, void *context)
{
    keep(store, (struct later_call){.kind = BASELINES, .baseline = row, .row_context = row_context},
         done, context);
}

static void keep_baseline(struct store *store, const char *name, uint32_t version,
                          struct text *ret_document, uint32_t *ret_version, store_done_fn done,
                          void *context)
{
    keep(store,
         (struct later_call){.kind = BASELINE,
                             .name = name,
                             .version = version,
                             .ret_document = ret_document,
                             .ret_version = ret_version},
         done, context);
}

static void keep_quarantine(struct store *store, uint32_t limit, store_quarantine_fn row,
                            void *row_context, store_done_fn done, void *context)
{
    keep(store,
         (struct later_call){
             .kind = QUARANTINE, .limit = limit, .quarantine = row, .row_context = row_context},
         done, context);
}

static void hand_on(struct store *behind, const struct later_call *c)
{
    switch (c->kind) {
    case VERDICTS:
        store_verdicts(behind, c->query, c->verdict, c->row_context, c->done, c->context);
        break;
    case LATEST:
        store_latest(behind, c->query, c->verdict, c->row_context, c->done, c->context);
        break;
    case INCIDENTS:
        store_incidents(behind, c->query, c->incident, c->row_context, c->done, c->context);
        break;
    case BASELINES:
        store_baseline_list(behind, c->baseline, c->row_context, c->done, c->context);
        break;
    case BASELINE:
        store_baseline_get(behind, c->name, c->version, c->ret_document, c->ret_version, c->done,
                           c->context);
        break;
    case QUARANTINE:
        store_quarantine_list(behind, c->limit, c->quarantine, c->row_context, c->done, c->context);
        break;
    }
}

static struct later_call *take(struct later_store *later)
{
    struct later_call *call = later->calls;
    later->calls = call->next;
    later->waiting--;
    return call;
}

void later_start(struct later_store *later, struct store *behind)
{
    static const struct store_ops ops = {.verdicts = keep_verdicts,
                                         .latest = keep_latest,
                                         .incidents = keep_incidents,
                                         .baseline_list = keep_baselines,
                                         .baseline_get = keep_baseline,
                                         .quarantine_list = keep_quarantine};
    *later = (struct later_store){.store.ops = &ops, .behind = behind};
}

void later_answer(struct later_store *later)
{
    for (uint32_t left = later->waiting; left; left--) {
        struct later_call *call = take(later);
        hand_on(later->behind, call);
        free(call);
    }
}

void later_fail(struct later_store *later, enum store_result result, int code)
{
    struct err err;
    err_set(&err, code, "SELECT secret FROM somewhere: no answer");
    for (uint32_t left = later->waiting; left; left--) {
        struct later_call *call = take(later);
        call->done(call->context, result, &err);
        free(call);
    }
}

void later_drop(struct later_store *later)
{
    while (later->calls)
        free(take(later));
}

bool later_waits(struct site *site, void *later)
{
    (void)site;
    return ((struct later_store *)later)->waiting > 0;
}

static int count_row(void *context, const struct store_baseline *baseline)
{
    (void)baseline;
    ++*(int *)context;
    return 0;
}

static void on_done(void *context, enum store_result result, const struct err *err)
{
    (void)err;
    *(enum store_result *)context = result;
}

Test(later_store, answers_when_told)
{
    struct later_store later;
    enum store_result result = STORE_FENCED;
    int rows = 0;
    struct store *behind = store_open("sqlite::memory:", NULL, NULL);
    later_start(&later, behind);
    store_baseline_list(&later.store, count_row, &rows, on_done, &result);
    cr_assert(later.waiting == 1 && result == STORE_FENCED);
    later_answer(&later);
    cr_assert(later.waiting == 0 && result == STORE_DONE);
    store_baseline_list(&later.store, count_row, &rows, on_done, &result);
    later_fail(&later, STORE_UNAVAILABLE, ERR_UNAVAILABLE);
    cr_assert(later.waiting == 0 && result == STORE_UNAVAILABLE);
    store_baseline_list(&later.store, count_row, &rows, on_done, &result);
    later_drop(&later);
    cr_assert(later.waiting == 0 && later.asked == 3 && result == STORE_UNAVAILABLE);
    store_close(behind);
}
