/* Trees cost too much for every event, but a sample may have them: what to look for is not known
 * yet. */
#include "app/sample.h"

#include <stdlib.h>
#include <string.h>

#include "app/input.h"
#include "decode/decode.h"
#include "source/source.h"

json_t *sample_read(const char *path, uint32_t max, struct err *reterr)
{
    json_t *events = json_array();
    struct record record;
    struct replay *replay = replay_open(path, "sample", decode_limits_default.event_bytes, reterr);
    enum replay_result result = replay ? REPLAY_RECORD : REPLAY_ERROR;
    while (result == REPLAY_RECORD && json_array_size(events) < max) {
        result = replay_next(replay, &record, reterr);
        if (result != REPLAY_RECORD)
            break;
        json_t *event = json_loadb(record.value.data, record.value.size, 0, NULL);
        if (json_is_object(event))
            json_array_append(events, event);
        json_decref(event);
    }
    replay_close(replay);
    if (result != REPLAY_ERROR && json_array_size(events) > 0)
        return events;
    if (result != REPLAY_ERROR) {
        err_set(reterr, ERR_INVALID, "no line of %s is a JSON object", path);
        err_hint(reterr, "One event a line is wanted; of one JSON array, jq -c '.[]' makes lines.");
    }
    json_decref(events);
    return NULL;
}

static json_t *step(json_t *at, struct bytes part)
{
    struct text pointer = {0}, key = {0};
    text_puts(&pointer, "/");
    text_add(&pointer, part.data, part.size);
    pointer_last(pointer.data, &key);
    const char *name = key.data ? key.data : "";
    json_t *next = json_object_get(at, name);
    if (json_is_array(at) && key.size && strspn(name, "0123456789") == key.size)
        next = json_array_get(at, (size_t)strtoull(name, NULL, 10));
    text_release(&pointer);
    text_release(&key);
    return next;
}

json_t *sample_at(json_t *root, const char *pointer)
{
    while (root && *pointer == '/') {
        size_t size = strcspn(++pointer, "/");
        root = step(root, bytes_make(pointer, size));
        pointer += size;
    }
    return root;
}

static bool is_scalar(const json_t *value)
{
    return value && !json_is_object(value) && !json_is_array(value);
}

uint32_t sample_count(json_t *events, const char *pointer)
{
    uint32_t count = 0;
    for (size_t i = 0; i < json_array_size(events); i++)
        count += is_scalar(sample_at(json_array_get(events, i), pointer));
    return count;
}

void sample_keys(json_t *events, const char *pointer,
                 void (*found)(void *context, const char *key, const char *path), void *context)
{
    json_t *seen = json_object(), *value;
    const char *key;
    for (size_t i = 0; i < json_array_size(events); i++) {
        json_t *object = sample_at(json_array_get(events, i), pointer);
        if (!json_is_object(object))
            continue;
        json_object_foreach(object, key, value)
        {
            if (!is_scalar(value) || json_object_get(seen, key))
                continue;
            struct text path = {0};
            text_printf(&path, "%s/", pointer);
            pointer_escape(&path, bytes_of(key));
            json_object_set_new(seen, key, json_true());
            found(context, key, path.data);
            text_release(&path);
        }
    }
    json_decref(seen);
}
