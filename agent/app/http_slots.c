/* Taking partitions over, in calls that may be answered late or fail. What the store knows is asked
 * first, so that a partition whose client does not come back is found and becomes idle; one that
 * the store does not know is not made before it is needed, since it would hold up the others. */
#include "app/http_slots.h"

#include <stdlib.h>

#include "sys/file.h"
#include "sys/log.h"

enum { AGAIN_MS = 1000, LOST_MS = 100 };

/* Our own string, or NULL: nobody's topic. */
static const char *own_topic(const struct slots *slots, const char *topic)
{
    for (uint32_t i = 0; i < slots->topic_count; i++)
        if (!strcmp(slots->topics[i], topic))
            return slots->topics[i];
    return NULL;
}

void slots_init(struct slots *slots, const struct config *config,
                const struct http_input_hooks *hooks, void (*changed)(void *context), void *context)
{
    uint32_t total = 0;
    *slots = (struct slots){.hooks = *hooks,
                            .changed = changed,
                            .context = context,
                            .own = (int32_t)config->http.partition};
    for (uint32_t i = 0; i < config->monitor_count; i++)
        total += config->monitors[i].topic_count;
    slots->topics = mem_new(total, sizeof *slots->topics);
    for (uint32_t i = 0; i < config->monitor_count; i++)
        for (uint32_t k = 0; k < config->monitors[i].topic_count; k++)
            if (!own_topic(slots, config->monitors[i].topics[k]))
                slots->topics[slots->topic_count++] = mem_copy(config->monitors[i].topics[k]);
}

static void forget_wants(struct slots *slots)
{
    free(slots->wants);
    free(slots->want_items);
    slots->wants = NULL;
    slots->want_items = NULL;
    slots->want_count = 0;
}

void slots_release(struct slots *slots)
{
    forget_wants(slots);
    for (uint32_t i = 0; i < slots->topic_count; i++)
        free(slots->topics[i]);
    free(slots->topics);
    free(slots->items);
}

int64_t slots_want(struct slots *slots, const char *topic, int32_t partition, int64_t start_offset)
{
    const char *own = own_topic(slots, topic);
    for (uint32_t i = 0; i < slots->count; i++)
        if (slots->items[i].partition == partition && slots->items[i].topic == own)
            return i;
    if (!own || slots->count == HTTP_INPUT_PARTITIONS_MAX)
        return -1;
    slots->items = mem_resize(slots->items, slots->count + 1, sizeof *slots->items);
    slots->items[slots->count] = (struct slot){
        .topic = own, .partition = partition, .start_offset = start_offset > 0 ? start_offset : 0};
    return slots->count++;
}

/* After a call: it is tried again later if it failed. */
static void called(struct slots *slots, enum store_result result, const struct err *err)
{
    bool failed = result != STORE_DONE;
    if (failed && !slots->failed)
        log_err(LOG_WARNING_LEVEL, "could not take over partitions; it is tried again", err);
    slots->failed = failed;
    slots->again.ms = failed ? clock_loop().ms + AGAIN_MS : 0;
    slots->changed(slots->context);
}

static void say_ready(struct slots *slots)
{
    bool again = slots->ready;
    slots->ready = true;
    if (!again)
        slots->hooks.ready(slots->hooks.context);
}

static void on_taken(void *context, enum store_result result, const struct err *err)
{
    struct slots *slots = context;
    struct loop_time now = clock_loop();
    for (uint32_t i = 0; i < slots->want_count; i++) {
        struct slot *slot = &slots->items[slots->want_items[i]];
        slot->state = result == STORE_DONE ? SLOT_TAKEN : SLOT_WANTED;
        slot->next_offset = slots->wants[i].next_offset;
        /* What never had a record is not waited for. */
        slot->last_record.ms = slot->next_offset ? now.ms : now.ms - HTTP_INPUT_SILENT_MS;
        slot->idle = false;
    }
    forget_wants(slots);
    if (result == STORE_DONE)
        say_ready(slots);
    called(slots, result, err);
}

static void take(struct slots *slots)
{
    slots->wants = mem_new(slots->count, sizeof *slots->wants);
    slots->want_items = mem_new(slots->count, sizeof *slots->want_items);
    for (uint32_t i = 0; i < slots->count; i++) {
        struct slot *slot = &slots->items[i];
        if (slot->state != SLOT_WANTED)
            continue;
        slot->state = SLOT_TAKING;
        slots->want_items[slots->want_count] = i;
        slots->wants[slots->want_count++] = (struct ingest_want){
            .topic = slot->topic, .partition = slot->partition, .start_offset = slot->start_offset};
    }
    slots->hooks.take(slots->hooks.context, slots->wants, slots->want_count, on_taken, slots);
}

static int on_row(void *context, const struct store_partition *row, const int64_t *records)
{
    struct slots *slots = context;
    (void)records;
    if (row->partition == slots->own || slots->hooks.alone)
        slots_want(slots, row->topic, row->partition, 0);
    return 0;
}

static void on_listed(void *context, enum store_result result, const struct err *err)
{
    struct slots *slots = context;
    slots->listing = false;
    slots->listed = result == STORE_DONE;
    if (slots->listed && !slots->count)
        say_ready(slots);
    called(slots, result, err);
}

static bool is_wanting(const struct slots *slots)
{
    for (uint32_t i = 0; i < slots->count; i++)
        if (slots->items[i].state == SLOT_WANTED)
            return true;
    return false;
}

bool slots_is_asking(const struct slots *slots)
{
    return slots->listing || slots->want_count;
}

void slots_ask(struct slots *slots, struct loop_time now)
{
    if (slots_is_asking(slots) || now.ms < slots->again.ms)
        return;
    if (!slots->listed) {
        slots->listing = true;
        slots->hooks.list(slots->hooks.context, on_row, slots, on_listed, slots);
    } else if (is_wanting(slots)) {
        take(slots);
    }
}

int64_t slots_wait_ms(const struct slots *slots, struct loop_time now, int64_t most_ms)
{
    int64_t wait_ms = slots->again.ms > now.ms ? slots->again.ms - now.ms : 0;
    if (slots_is_asking(slots) || wait_ms >= most_ms || (slots->listed && !is_wanting(slots)))
        return most_ms;
    return wait_ms;
}

void slots_lose(struct slots *slots, struct slot *slot)
{
    slot->state = SLOT_WANTED;
    slots->again.ms = clock_loop().ms + LOST_MS;
}

void slots_lose_all(struct slots *slots)
{
    for (uint32_t i = 0; i < slots->count; i++)
        if (slots->items[i].state == SLOT_TAKEN)
            slots->items[i].state = SLOT_WANTED;
}

void slots_mark_idle(struct slots *slots, struct loop_time now)
{
    for (uint32_t i = 0; i < slots->count; i++) {
        struct slot *slot = &slots->items[i];
        if (slot->state != SLOT_TAKEN || slot->idle ||
            now.ms - slot->last_record.ms < HTTP_INPUT_SILENT_MS)
            continue;
        slot->idle = true;
        slots->hooks.idle(slots->hooks.context, slot->topic, slot->partition);
    }
}
