/* The fake store, and what it must have in common with a real one. */
#include "unit/notify/fake_store.h"

#include <criterion/criterion.h>
#include <stdio.h>

struct fake_row *fake_store_add(struct store *store, const char *receiver, const char *incident,
                                const char *event, uint32_t sequence, const char *payload)
{
    static char ids[FAKE_ROWS][32];
    struct fake_row *row = &store->rows[store->row_count];
    snprintf(ids[store->row_count], sizeof ids[0], "message-%u", store->row_count + 1);
    row->delivery = (struct store_delivery){.id = ++store->row_count,
                                            .receiver = receiver,
                                            .incident = incident,
                                            .event = event,
                                            .message_id = ids[store->row_count - 1],
                                            .payload = payload,
                                            .sequence = sequence};
    return row;
}

static bool waits(const struct fake_row *row)
{
    return row->state == DELIVERY_PENDING || row->state == DELIVERY_PARKED;
}

static bool is_first(const struct store *store, const struct fake_row *row)
{
    for (uint32_t i = 0; i < store->row_count; i++) {
        const struct fake_row *other = &store->rows[i];
        if (waits(other) && !strcmp(other->delivery.receiver, row->delivery.receiver) &&
            !strcmp(other->delivery.incident, row->delivery.incident) &&
            other->delivery.sequence < row->delivery.sequence)
            return false;
    }
    return waits(row);
}

int store_due(struct store *store, int64_t now_unix_ms, uint32_t limit,
              int (*row)(void *context, const struct store_delivery *d), void *context,
              struct err *reterr)
{
    store->due_calls++;
    if (store->cannot_read)
        return err_set(reterr, ERR_UNAVAILABLE, "the fake store is away");
    for (uint32_t i = 0; i < store->row_count && limit; i++) {
        const struct fake_row *at = &store->rows[i];
        if (!is_first(store, at) || at->next_unix_ms > now_unix_ms)
            continue;
        limit--;
        if (row(context, &at->delivery))
            break;
    }
    return 0;
}

int store_next_due(struct store *store, int64_t *ret_unix_ms, struct err *reterr)
{
    if (store->cannot_read)
        return err_set(reterr, ERR_UNAVAILABLE, "the fake store is away");
    *ret_unix_ms = INT64_MAX;
    for (uint32_t i = 0; i < store->row_count; i++) {
        const struct fake_row *at = &store->rows[i];
        if (is_first(store, at) && at->next_unix_ms < *ret_unix_ms)
            *ret_unix_ms = at->next_unix_ms;
    }
    return 0;
}

void store_delivered(struct store *store, const struct store_delivery_result *result,
                     store_done_fn done, void *context)
{
    if (store->record_failures) {
        store->record_failures--;
        done(context, store->record_result, NULL);
        return;
    }
    struct fake_row *row = &store->rows[result->id - 1];
    row->state = result->state;
    row->delivery.attempts = result->attempts;
    row->next_unix_ms = result->next_attempt_unix_ms;
    row->http_status = result->http_status;
    row->records++;
    snprintf(row->error, sizeof row->error, "%s", result->error ? result->error : "");
    done(context, STORE_DONE, NULL);
}

int store_delivery_counts(struct store *store, const char *receiver, int64_t since_unix_ms,
                          int64_t ret_counts[DELIVERY_STATES], struct err *reterr)
{
    if (store->cannot_count)
        return err_set(reterr, ERR_UNAVAILABLE, "the fake store cannot count");
    memset(ret_counts, 0, DELIVERY_STATES * sizeof ret_counts[0]);
    for (uint32_t i = 0; i < store->row_count; i++) {
        const struct fake_row *row = &store->rows[i];
        if (!strcmp(row->delivery.receiver, receiver) && row->created_unix_ms >= since_unix_ms)
            ret_counts[row->state]++;
    }
    return 0;
}

int store_incidents(struct store *store, const struct store_query *query,
                    int (*row)(void *context, const struct store_incident *i), void *context,
                    struct err *reterr)
{
    uint32_t left = query->limit;
    if (store->cannot_read)
        return err_set(reterr, ERR_UNAVAILABLE, "the fake store is away");
    for (uint32_t i = 0; i < store->incident_count && left; i++) {
        if (query->state && strcmp(query->state, store->incidents[i].state) != 0)
            continue;
        left--;
        if (row(context, &store->incidents[i]))
            break;
    }
    return 0;
}

static int collect(void *context, const struct store_delivery *delivery)
{
    text_printf(context, "%s/%s/%u ", delivery->receiver, delivery->incident, delivery->sequence);
    return 0;
}

Test(fake_store, gives_the_first_waiting_row_of_each_pair)
{
    static struct store store;
    struct text seen = {0};
    fake_store_add(&store, "a", "i", "opened", 1, "{}");
    fake_store_add(&store, "a", "i", "closed", 2, "{}");
    fake_store_add(&store, "b", "i", "opened", 1, "{}");
    fake_store_add(&store, "a", "j", "opened", 1, "{}")->next_unix_ms = 11;
    cr_assert_eq(store_due(&store, 10, 100, collect, &seen, NULL), 0);
    cr_assert_str_eq(seen.data, "a/i/1 b/i/1 ");
    store.rows[0].state = DELIVERY_DEAD;
    text_clear(&seen);
    cr_assert_eq(store_due(&store, 11, 100, collect, &seen, NULL), 0);
    cr_assert_str_eq(seen.data, "a/i/2 b/i/1 a/j/1 ");
    text_release(&seen);
}
