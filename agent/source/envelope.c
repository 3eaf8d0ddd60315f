/* Recognising envelopes.
 *
 * Problem: most lines are plain events, which must cost next to nothing, and an event may itself
 * have a key "partition". So only lines that contain that word are decoded, and only those that
 * have a whole position and a value are envelopes. The decoder judges the whole line, also the
 * event in it; if that is damaged, the position usually stands before the damage and is read there
 * (salvage.c). It refuses to judge the event: a bad one must
 * reach quarantine at its own offset. */
#include "source/envelope.h"

#include "source/salvage.h"

enum { TOPIC_BYTES_MAX = 249, DEPTH_MAX = 64, KEYS_MAX = 4096 };

const char *const envelope_paths[ENVELOPE_SLOTS] = {
    [SLOT_PARTITION] = "/partition", [SLOT_OFFSET] = "/offset",
    [SLOT_TOPIC] = "/topic",         [SLOT_TS] = "/ts",
    [SLOT_TIMESTAMP] = "/timestamp", [SLOT_VALUE] = "/value",
    [SLOT_PAYLOAD] = "/payload",
};

void envelope_reader_init(struct envelope_reader *reader, uint32_t line_max_bytes)
{
    /* The event's own limits are the pipeline's business; here only the line's length counts. */
    struct decode_limits limits = {.event_bytes = line_max_bytes,
                                   .depth = DEPTH_MAX,
                                   .keys = KEYS_MAX,
                                   .key_bytes = line_max_bytes,
                                   .string_bytes = line_max_bytes};
    *reader = (struct envelope_reader){.plan = decode_plan_new(&limits)};
    for (unsigned i = 0; i < ENVELOPE_SLOTS; i++)
        decode_plan_want(reader->plan, bytes_of(envelope_paths[i]), NULL);
    decode_plan_compile(reader->plan);
}

void envelope_reader_release(struct envelope_reader *reader)
{
    decode_plan_free(reader->plan);
    text_release(&reader->topic);
    text_release(&reader->rest);
}

/* ---- from values to a record ---- */

/* An integer as written, since offsets may be beyond what a double holds. */
static bool integer_of(const struct value *value, int64_t max, int64_t *ret)
{
    int64_t number = 0;
    size_t i = value->text.size && value->text.data[0] == '-';
    if (value->kind != VALUE_NUMBER || !value->integral)
        return false;
    for (; i < value->text.size; i++)
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, value->text.data[i] - '0', &number))
            return false;
    if (value->text.size && value->text.data[0] == '-')
        number = -number;
    if (number > max)
        return false;
    *ret = number;
    return true;
}

/* A time may be written with a fraction or an exponent; it is cut to whole milliseconds. */
static int64_t broker_time(const struct value *ts, const struct value *timestamp)
{
    const struct value *value = ts->kind == VALUE_NUMBER ? ts : timestamp;
    if (value->kind != VALUE_NUMBER || !(value->number >= 0 && value->number < 1e18))
        return INT64_MIN;
    return (int64_t)value->number;
}

static struct bytes event_of(const struct value *values)
{
    const struct value *value = &values[SLOT_VALUE];
    if (value->kind == VALUE_ABSENT)
        value = &values[SLOT_PAYLOAD];
    return value->kind == VALUE_NULL ? bytes_make("", 0) : value->text;
}

/* The reader keeps one topic: the same one usually comes again and again. */
static const char *keep_topic(struct envelope_reader *reader, struct bytes topic)
{
    if (!reader->topic.data ||
        !bytes_equal(topic, bytes_make(reader->topic.data, reader->topic.size))) {
        text_clear(&reader->topic);
        text_add(&reader->topic, topic.data, topic.size);
    }
    return reader->topic.data;
}

static bool record_of(struct envelope_reader *reader, const struct value *values,
                      struct record *ret_record)
{
    int64_t partition, offset;
    const struct value *topic = &values[SLOT_TOPIC];
    if (!integer_of(&values[SLOT_PARTITION], INT32_MAX, &partition) || partition < 0 ||
        !integer_of(&values[SLOT_OFFSET], INT64_MAX - 1, &offset) || offset < 0)
        return false;
    if (values[SLOT_VALUE].kind == VALUE_ABSENT && values[SLOT_PAYLOAD].kind == VALUE_ABSENT)
        return false;
    if (topic->kind != VALUE_ABSENT && topic->kind != VALUE_NULL) {
        if (topic->kind != VALUE_STRING || !topic->text.size || topic->text.size > TOPIC_BYTES_MAX)
            return false;
        ret_record->topic = keep_topic(reader, topic->text);
    }
    ret_record->partition = (int32_t)partition;
    ret_record->offset = offset;
    ret_record->broker_ms = broker_time(&values[SLOT_TS], &values[SLOT_TIMESTAMP]);
    ret_record->value = event_of(values);
    return true;
}

/* ---- damaged lines ---- */

/* What follows the position may be whole: kcat writes binary keys as they are, before the payload.
 * So the event and the members behind it are read again by themselves; if that fails, all the rest
 * of the line is the event. */
static bool salvage(struct envelope_reader *reader, struct bytes line, struct record *ret_record)
{
    struct value values[ENVELOPE_SLOTS] = {{0}}, again[ENVELOPE_SLOTS];
    int slot = salvage_envelope(line, values);
    if (slot < 0)
        return false;
    struct text *rest = &reader->rest;
    text_clear(rest);
    text_puts(rest, slot == SLOT_VALUE ? "{\"value\":" : "{\"payload\":");
    text_add(rest, values[slot].text.data, values[slot].text.size);
    text_puts(rest, "}");
    if (decode_event(reader->plan, bytes_make(rest->data, rest->size), again, NULL) == DECODE_OK)
        for (int i = 0; i < ENVELOPE_SLOTS; i++)
            if (i == slot || values[i].kind == VALUE_ABSENT)
                values[i] = again[i];
    return record_of(reader, values, ret_record);
}

bool envelope_read(struct envelope_reader *reader, struct bytes line, struct record *ret_record)
{
    struct value values[ENVELOPE_SLOTS];
    static const char word[] = "\"partition\"";
    if (!memmem(line.data, line.size, word, sizeof word - 1))
        return false;
    if (decode_event(reader->plan, line, values, NULL) == DECODE_OK)
        return record_of(reader, values, ret_record);
    return salvage(reader, line, ret_record);
}
