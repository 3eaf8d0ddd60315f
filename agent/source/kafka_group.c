/* Membership: from a rebalance to partitions that flow, and back. Diagrams: kafka_internal.h for
 * the member, kafka_table.h for a partition.
 *
 * librdkafka waits for assign() after each rebalance, and the group waits for it, so the answers of
 * brokers and of the receiver are waited for only KAFKA_ASSIGN_PATIENCE_MS; what comes later is
 * assigned later, together with the rest at its present position. Positions are always concrete
 * offsets in assign(): no committed offset is read and no seek is made.
 *
 * An offset beyond the end is believed only after BEYOND_CONFIRM_MS: a leader that was just elected
 * can answer with an end that is too low. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "source/kafka_internal.h"
#include "sys/file.h"
#include "sys/log.h"

enum { ASK_AGAIN_MS = 1000, ASSIGN_AGAIN_MS = 1000, BEYOND_CONFIRM_MS = 10000 };

void group_set_phase(struct kafka *kafka, enum phase phase)
{
    kafka->phase = phase;
    kafka->phase_since = clock_loop();
}

static uint32_t count_state(const struct table *table, enum part_state state)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < table->count; i++)
        count += table->parts[i].state == state;
    return count;
}

/* ---- offsets ---- */

static void ask_offsets(struct kafka *kafka, struct loop_time now)
{
    uint32_t count = count_state(&kafka->table, PART_RESOLVING), at = 0;
    if (!count || kafka->asking_offsets || now.ms < kafka->ask_offsets_at.ms)
        return;
    struct job *job = job_new(JOB_OFFSETS, kafka->serial, count);
    for (uint32_t i = 0; i < kafka->table.count; i++) {
        const struct part *part = &kafka->table.parts[i];
        if (part->state == PART_RESOLVING)
            job_set(job, at++, part->topic, part->partition, kafka->start_time);
    }
    kafka->asking_offsets = true;
    kafka->ask_offsets_at.ms = now.ms + ASK_AGAIN_MS;
    client_ask(kafka->client, job);
}

static void jump(struct kafka *kafka, struct part *part, enum kafka_jump_reason reason)
{
    struct kafka_jump jump = {part->topic, part->partition, reason, part->next, part->low};
    int64_t offset = part->low;
    kafka->counters.jumps++;
    if (reason == KAFKA_JUMP_TRIMMED)
        kafka->counters.lost_offsets += part->low - part->next;
    log_warning(reason == KAFKA_JUMP_TRIMMED ? "offsets were deleted before they were read"
                                             : "topic was recreated or truncated",
                "topic", part->topic);
    part->jumped = true;
    part->beyond_ms = 0;
    part->state = PART_ASKED;
    if (!kafka->hooks.jumped || kafka->hooks.jumped(kafka->hooks.context, &jump, &offset)) {
        part->next = offset;
        part->state = PART_READY;
    }
}

/* `part->next` is said; does it exist? */
static void settle(struct kafka *kafka, struct part *part)
{
    struct loop_time now = clock_loop();
    part->state = PART_READY;
    if (part->jumped)
        return;
    if (part->next < part->low) {
        jump(kafka, part, KAFKA_JUMP_TRIMMED);
        return;
    }
    if (part->next <= part->end) {
        part->beyond_ms = 0;
        return;
    }
    if (!part->beyond_ms)
        part->beyond_ms = now.ms;
    if (now.ms - part->beyond_ms >= BEYOND_CONFIRM_MS)
        jump(kafka, part, KAFKA_JUMP_RECREATED);
    else
        part->state = PART_RESOLVING;
}

static void offer(struct kafka *kafka, struct part *part)
{
    struct kafka_offer offer = {part->topic, part->partition, part->start, part->low, part->end};
    int64_t offset;
    part->state = PART_ASKED;
    part->offered = true;
    if (!kafka->hooks.assigned(kafka->hooks.context, &offer, &offset))
        return;
    part->next = offset;
    settle(kafka, part);
}

void group_on_offsets(struct kafka *kafka, const struct job *job)
{
    if (job->serial != kafka->serial)
        return;
    kafka->asking_offsets = false;
    for (uint32_t i = 0; i < job->count; i++) {
        const struct job_item *item = &job->items[i];
        struct part *part = table_find(&kafka->table, item->topic, item->partition);
        if (!part || part->state != PART_RESOLVING || !item->known)
            continue;
        kafka->down = false;
        part->low = item->low;
        part->end = item->end;
        part->start = item->start;
        if (part->next >= 0)
            settle(kafka, part);
        else if (part->offered)
            part->state = PART_ASKED;
        else
            offer(kafka, part);
    }
    poll_soon(kafka);
}

int kafka_assign_ready(struct kafka *kafka, const char *topic, int32_t partition, int64_t offset)
{
    struct part *part = table_find(&kafka->table, topic, partition);
    if (!part || part->state != PART_ASKED || kafka->phase == PHASE_REVOKING)
        return ERR_NOT_FOUND;
    part->next = offset;
    settle(kafka, part);
    poll_soon(kafka);
    return 0;
}

void group_resolve_again(struct kafka *kafka, struct part *part)
{
    part->state = PART_RESOLVING;
    part->jumped = false;
    part->at_end = false;
    poll_soon(kafka);
}

/* ---- assign ---- */

static rd_kafka_topic_partition_list_t *flowing(struct kafka *kafka)
{
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new((int)kafka->table.count);
    struct loop_time now = clock_loop();
    for (uint32_t i = 0; i < kafka->table.count; i++) {
        struct part *part = &kafka->table.parts[i];
        if (part->state != PART_READY && part->state != PART_FLOWING)
            continue;
        part->state = PART_FLOWING;
        part->jumped = part->rewind = part->at_end = false;
        part->reached = -1;
        stall_excuse(&part->stall, now);
        rd_kafka_topic_partition_list_add(list, part->topic, part->partition)->offset = part->next;
    }
    return list;
}

void group_assign(struct kafka *kafka)
{
    rd_kafka_topic_partition_list_t *list = flowing(kafka);
    rd_kafka_resp_err_t code = rd_kafka_assign(kafka->client->rk, list);
    if (code)
        poll_note_error(kafka, code, NULL);
    if (kafka->paused)
        rd_kafka_pause_partitions(kafka->client->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    kafka->assigned_at = clock_loop();
    if (kafka->phase == PHASE_ASSIGNING)
        group_set_phase(kafka, PHASE_STEADY);
}

static void assign_if_due(struct kafka *kafka, struct loop_time now)
{
    uint32_t ready = count_state(&kafka->table, PART_READY);
    uint32_t open =
        count_state(&kafka->table, PART_RESOLVING) + count_state(&kafka->table, PART_ASKED);
    if (kafka->phase == PHASE_ASSIGNING) {
        if (!open || now.ms - kafka->phase_since.ms >= KAFKA_ASSIGN_PATIENCE_MS)
            group_assign(kafka);
    } else if (kafka->phase == PHASE_STEADY && ready) {
        if (!open || now.ms - kafka->assigned_at.ms >= ASSIGN_AGAIN_MS)
            group_assign(kafka);
    }
}

static uint32_t strikes_of(const struct kafka *kafka, const char *topic, int32_t partition)
{
    const struct suspect *suspect = &kafka->suspect;
    bool same = suspect->topic && suspect->partition == partition && !strcmp(suspect->topic, topic);
    return same ? suspect->strikes : 0;
}

void group_on_assigned(void *context, const rd_kafka_topic_partition_list_t *partitions)
{
    struct kafka *kafka = context;
    struct loop_time now = clock_loop();
    table_clear(&kafka->table);
    for (int i = 0; i < partitions->cnt; i++) {
        const rd_kafka_topic_partition_t *one = &partitions->elems[i];
        struct part *part = table_add(&kafka->table, one->topic, one->partition);
        stall_init(&part->stall, now, strikes_of(kafka, one->topic, one->partition));
    }
    table_sort(&kafka->table);
    free(kafka->suspect.topic);
    kafka->suspect = (struct suspect){0};
    kafka->counters.rebalances++;
    kafka->serial++;
    kafka->asking_offsets = kafka->asking_ends = false;
    kafka->ask_offsets_at = now;
    kafka->refusal = RD_KAFKA_RESP_ERR_NO_ERROR;
    kafka->down = false;
    group_set_phase(kafka, PHASE_ASSIGNING);
    ask_offsets(kafka, now);
    assign_if_due(kafka, now);
}

/* ---- revoke ---- */

/* True if the receiver is done with everything that it was offered. */
static bool tell_revoked(struct kafka *kafka, bool lost)
{
    uint32_t count = 0;
    poll_drop_held(kafka);
    struct kafka_span *spans = mem_new(kafka->table.count + 1, sizeof *spans);
    for (uint32_t i = 0; i < kafka->table.count; i++) {
        const struct part *part = &kafka->table.parts[i];
        if (part->offered)
            spans[count++] = (struct kafka_span){part->topic, part->partition};
    }
    bool done = count == 0;
    if (count)
        done = kafka->hooks.revoked(kafka->hooks.context, spans, count, lost) || lost;
    free(spans);
    return done;
}

static void forget(struct kafka *kafka)
{
    table_clear(&kafka->table);
    kafka->serial++;
    kafka->asking_offsets = kafka->asking_ends = false;
    kafka->revoke_done = false;
    group_set_phase(kafka, PHASE_JOINING);
}

static void finish_revoke(struct kafka *kafka)
{
    rd_kafka_resp_err_t code = rd_kafka_assign(kafka->client->rk, NULL);
    if (code)
        poll_note_error(kafka, code, NULL);
    forget(kafka);
}

void group_on_revoked(void *context, const rd_kafka_topic_partition_list_t *partitions)
{
    (void)partitions; /* the eager protocol takes all */
    struct kafka *kafka = context;
    bool lost = rd_kafka_assignment_lost(kafka->client->rk) != 0;
    kafka->counters.lost_assignments += lost;
    kafka->revoke_done = false;
    group_set_phase(kafka, PHASE_REVOKING);
    if (tell_revoked(kafka, lost) || kafka->revoke_done)
        finish_revoke(kafka);
}

void group_drop(struct kafka *kafka)
{
    kafka->counters.lost_assignments++;
    group_set_phase(kafka, PHASE_REVOKING);
    tell_revoked(kafka, true);
    forget(kafka);
}

void kafka_revoke_done(struct kafka *kafka)
{
    kafka->revoke_done = kafka->phase == PHASE_REVOKING;
    poll_soon(kafka);
}

static void watch_revoke(struct kafka *kafka, struct loop_time now)
{
    bool late = now.ms - kafka->phase_since.ms >= KAFKA_REVOKE_WAIT_MS;
    if (late && !kafka->revoke_done) {
        kafka->counters.revoke_timeouts++;
        log_warning("partitions were given back before their counts were committed");
    }
    if (kafka->revoke_done || late)
        finish_revoke(kafka);
}

void group_tick(struct kafka *kafka, struct loop_time now)
{
    if (kafka->phase == PHASE_REVOKING) {
        watch_revoke(kafka, now);
        return;
    }
    if (kafka->phase != PHASE_ASSIGNING && kafka->phase != PHASE_STEADY)
        return;
    ask_offsets(kafka, now);
    assign_if_due(kafka, now);
}
