/* The PostgreSQL store: a link, and the calls that go over it. It knows neither SQL nor the network
 * itself; see postgres_link.h for when calls are answered, and the other files for what is asked.
 */
#include "store/postgres.h"

#include <event2/event.h>
#include <stdlib.h>

#include "store/postgres_link.h"
#include "store/postgres_ops.h"

void postgres_start(struct store *store, struct call *call)
{
    postgres_link_send(postgres_store_of(store)->link, call);
}

static void postgres_close(struct store *base)
{
    struct postgres_store *store = postgres_store_of(base);
    postgres_link_free(store->link);
    postgres_marks_free(store);
    if (store->own_loop)
        event_base_free(store->loop);
    free(store->agent);
    free(store);
}

static const char *postgres_state(const struct store *store)
{
    return postgres_link_state(((const struct postgres_store *)store)->link);
}

static int postgres_turn(struct store *base, struct err *reterr)
{
    struct postgres_store *store = postgres_store_of(base);
    if (event_base_loop(store->loop, EVLOOP_ONCE) != 0)
        return err_set(reterr, ERR_INVALID, "cannot wait for the store here");
    return 0;
}

static const struct store_ops postgres_ops = {
    .close = postgres_close,
    .state = postgres_state,
    .turn = postgres_turn,
    .take = postgres_take,
    .expect = postgres_expect,
    .partitions = postgres_partitions,
    .commit = postgres_commit,
    .generations = postgres_generations,
    .claim = postgres_claim,
    .judge_load = postgres_judge_load,
    .first_delta = postgres_first_delta,
    .deltas = postgres_deltas,
    .panes = postgres_panes,
    .judged = postgres_judged,
    .merge_late = postgres_merge_late,
    .set_aside = postgres_set_aside,
    .due = postgres_due,
    .next_due = postgres_next_due,
    .delivered = postgres_delivered,
    .delivery_counts = postgres_delivery_counts,
    .baseline_put = postgres_baseline_put,
    .baseline_get = postgres_baseline_get,
    .baseline_list = postgres_baseline_list,
    .baseline_promote = postgres_baseline_promote,
    .verdicts = postgres_verdicts,
    .latest = postgres_latest,
    .incidents = postgres_incidents,
    .quarantine_list = postgres_quarantine_list,
    .prune = postgres_prune,
    .stats = postgres_stats,
};

struct store *postgres_store_open(const char *url, const struct store_options *options,
                                  struct err *reterr)
{
    struct postgres_target *target = postgres_target_new(url, reterr);
    if (!target)
        return NULL;
    struct postgres_store *store = mem_new(1, sizeof *store);
    store->base.ops = &postgres_ops;
    store->agent = mem_copy(options && options->agent ? options->agent : "");
    store->own_loop = !options || !options->base;
    store->loop = store->own_loop ? event_base_new() : options->base;
    if (!store->loop)
        mem_fail(0);
    store->link = postgres_link_new(target, store->loop, &store->base.busy, store->agent);
    return &store->base;
}
