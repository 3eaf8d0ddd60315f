/* A row's strings live only while the store reads it, so it is copied; its stages are checked here,
 * so that no mistake elsewhere can send a row twice or record it without an attempt. */
#include "notify/delivery.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "sys/log.h"

struct delivery *delivery_new(const struct store_delivery *row, struct lane *lane)
{
    struct delivery *delivery = mem_new(1, sizeof *delivery);
    delivery->stage = STAGE_TAKEN;
    delivery->row = *row;
    delivery->row.receiver = mem_copy(row->receiver);
    delivery->row.incident = mem_copy(row->incident);
    delivery->row.event = mem_copy(row->event);
    delivery->row.message_id = mem_copy(row->message_id);
    delivery->row.payload = mem_copy(row->payload);
    delivery->lane = lane;
    delivery->result = (struct store_delivery_result){.id = row->id, .attempts = row->attempts};
    return delivery;
}

void delivery_free(struct delivery *delivery)
{
    if (!delivery)
        return;
    const char *strings[] = {delivery->row.receiver, delivery->row.incident, delivery->row.event,
                             delivery->row.message_id, delivery->row.payload};
    attempt_free(delivery->attempt);
    for (size_t i = 0; i < sizeof strings / sizeof strings[0]; i++)
        free((void *)(uintptr_t)strings[i]);
    free(delivery);
}

bool delivery_may_enter(const struct delivery *delivery, enum delivery_stage stage)
{
    switch (delivery->stage) {
    case STAGE_TAKEN:
        return stage == STAGE_ASKING || stage == STAGE_SENDING || stage == STAGE_SETTLED;
    case STAGE_ASKING:
        return stage == STAGE_SENDING || stage == STAGE_SETTLED;
    case STAGE_SENDING:
        return stage == STAGE_SETTLED;
    case STAGE_SETTLED:
    case STAGE_RECORDING:
        return stage == STAGE_RECORDING;
    }
    return false;
}

void delivery_enter(struct delivery *delivery, enum delivery_stage stage)
{
    if (!delivery_may_enter(delivery, stage)) {
        log_error("a notification went a way that is not there", "receiver",
                  delivery->row.receiver);
        abort();
    }
    delivery->stage = stage;
}

void delivery_log(const struct delivery *delivery)
{
    static const char *const states[] = {
        [DELIVERY_PENDING] = "pending", [DELIVERY_DELIVERED] = "delivered",
        [DELIVERY_PARKED] = "parked",   [DELIVERY_DEAD] = "dead",
        [DELIVERY_DRY_RUN] = "dry run", [DELIVERY_SUPPRESSED] = "suppressed"};
    enum delivery_state state = delivery->result.state;
    bool lost = state == DELIVERY_DEAD || state == DELIVERY_PARKED;
    enum log_level level = lost                        ? LOG_ERROR_LEVEL
                           : state == DELIVERY_PENDING ? LOG_WARNING_LEVEL
                                                       : LOG_INFO_LEVEL;
    char attempts[16];
    snprintf(attempts, sizeof attempts, "%" PRIu32, delivery->result.attempts);
    log_line(level, "notification", "receiver", delivery->row.receiver, "event",
             delivery->row.event, "incident", delivery->row.incident, "state", states[state],
             "attempts", attempts, "error", delivery->error, (char *)0);
}

static uint32_t partial_at(const struct partials *partials, int64_t id)
{
    uint32_t i = 0;
    while (i < PARTIALS_MAX && !(partials->rows[i].id == id && partials->rows[i].accepted))
        i++;
    return i;
}

uint64_t partials_get(const struct partials *partials, int64_t id)
{
    uint32_t at = partial_at(partials, id);
    return at < PARTIALS_MAX ? partials->rows[at].accepted : 0;
}

void partials_set(struct partials *partials, int64_t id, uint64_t accepted)
{
    uint32_t at = partial_at(partials, id);
    if (at == PARTIALS_MAX && accepted)
        at = partials->next++ % PARTIALS_MAX;
    if (at == PARTIALS_MAX)
        return;
    partials->rows[at].id = id;
    partials->rows[at].accepted = accepted;
}
