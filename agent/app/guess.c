/* Guessing from a sample. A name alone decides nothing: a time must read as a time, an id must not
 * repeat. */
#include "app/guess.h"

#include <math.h>
#include <stdlib.h>
#include <strings.h>

#include "app/sample.h"

enum { SAMPLE_EVENTS = 1000, PATHS_MAX = 1024, DEPTH_MAX = 3, VALUE_MAX_BYTES = 64 };

static void add_path(void *context, const char *key, const char *path)
{
    struct guess *guess = context;
    (void)key;
    if (guess->path_count == PATHS_MAX)
        return;
    struct text name = {0};
    struct guess_path *added = &guess->paths[guess->path_count++];
    pointer_last(path, &name);
    added->path = arena_text(guess->arena, bytes_of(path));
    added->name = arena_text(guess->arena, bytes_make(name.data, name.size));
    text_release(&name);
}

/* The scalars of this object, then those of the objects in it. */
static void add_object(struct guess *guess, json_t *events, const char *pointer, int depth)
{
    json_t *seen = json_object();
    sample_keys(events, pointer, add_path, guess);
    for (size_t i = 0; i < json_array_size(events) && depth < DEPTH_MAX; i++) {
        const char *key;
        json_t *value;
        json_object_foreach(sample_at(json_array_get(events, i), pointer), key, value)
        {
            if (!json_is_object(value) || json_object_get(seen, key))
                continue;
            struct text below = {0};
            json_object_set_new(seen, key, json_true());
            text_printf(&below, "%s/", pointer);
            pointer_escape(&below, bytes_of(key));
            add_object(guess, events, below.data, depth + 1);
            text_release(&below);
        }
    }
    json_decref(seen);
}

static bool is_one_of(const char *name, const char *const *words)
{
    for (; *words; words++) {
        if (strcasecmp(name, *words) == 0)
            return true;
    }
    return false;
}

static const char *const time_words[] = {"ts",         "time",      "timestamp", "event_time",
                                         "datetime",   "date",      "at",        "created_at",
                                         "@timestamp", "time_hour", NULL};
static const char *const id_words[] = {"id",           "event_id", "request_id", "uuid",
                                       "inference_id", "trace_id", NULL};
static const char *const version_words[] = {"version", "model_version", NULL};
static const char *const model_words[] = {"model", "model_name", "model_id", NULL};
static const char *const prediction_words[] = {
    "prediction", "score", "probability", "proba", "y_pred", "predicted", "class", "output", NULL};
static const char *const prediction_objects[] = {"prediction", "predictions", "output", "outputs",
                                                 NULL};
static const char *const label_words[] = {"label",   "target",       "y", "y_true",
                                          "outcome", "ground_truth", NULL};

/* A training file says nothing of how events are laid out, so its columns get the places of the
 * canonical event. */
static int add_columns(struct guess *guess, const struct input *input)
{
    uint32_t count;
    const char *const *columns = input_columns(input, &count);
    for (uint32_t i = 0; i < count; i++) {
        struct text path = {0};
        bool outside = is_one_of(columns[i], time_words) || is_one_of(columns[i], id_words) ||
                       is_one_of(columns[i], version_words) || is_one_of(columns[i], model_words) ||
                       is_one_of(columns[i], label_words);
        bool predicted = is_one_of(columns[i], prediction_words);
        text_puts(&path, outside ? "/" : predicted ? "/prediction/" : "/features/");
        pointer_escape(&path, bytes_of(columns[i]));
        if (columns[i][0])
            add_path(guess, columns[i], path.data);
        text_release(&path);
    }
    return 0;
}

static int compare_value(const void *a, const void *b)
{
    return strcmp(a, *(const char *const *)b);
}

/* Keeps the distinct values sorted, so that finding one is a binary search. */
static void note_value(struct guess *guess, struct guess_path *path, struct bytes text)
{
    char copy[VALUE_MAX_BYTES + 1];
    size_t size = text.size < VALUE_MAX_BYTES ? text.size : VALUE_MAX_BYTES;
    if (path->distinct > GUESS_DISTINCT_MAX)
        return;
    if (size)
        memcpy(copy, text.data, size);
    copy[size] = '\0';
    if (!path->values)
        path->values = arena_alloc(guess->arena, GUESS_DISTINCT_MAX, sizeof *path->values);
    if (bsearch(copy, path->values, path->distinct, sizeof *path->values, compare_value))
        return;
    if (path->distinct++ == GUESS_DISTINCT_MAX)
        return;
    uint32_t at = path->distinct - 1;
    for (; at > 0 && strcmp(path->values[at - 1], copy) > 0; at--)
        path->values[at] = path->values[at - 1];
    path->values[at] = arena_text(guess->arena, bytes_of(copy));
}

static void note_number(struct guess_path *path, double number)
{
    if (path->numbers == 0)
        path->minimum = path->maximum = number;
    path->numbers++;
    path->minimum = fmin(path->minimum, number);
    path->maximum = fmax(path->maximum, number);
    path->integral += !(fabs(number - trunc(number)) > 0);
}

static void note(struct guess *guess, struct guess_path *path, const struct builder_value *value)
{
    double number = value->number;
    struct event_time time;
    if (value->kind == BUILDER_FALSE || value->kind == BUILDER_TRUE) {
        path->booleans++;
        note_value(guess, path, bytes_of(value->kind == BUILDER_TRUE ? "true" : "false"));
    } else if (value->kind == BUILDER_NUMBER ||
               (value->kind == BUILDER_TEXT && number_from_text(value->text, &number) &&
                isfinite(number))) {
        note_number(path, number);
        note_value(guess, path, value->text);
    } else if (value->kind == BUILDER_TEXT) {
        path->texts++;
        path->times += event_time_parse(value->text, &time);
        note_value(guess, path, value->text);
    } else {
        return;
    }
    path->present++;
}

static bool mostly(int64_t count, const struct guess_path *path)
{
    return path->present > 0 && count * 100 >= path->present * 99;
}

static bool is_time(const struct guess_path *path)
{
    bool epoch = mostly(path->numbers, path) && path->minimum >= 9.4e8 && path->maximum < 5e18;
    return mostly(path->times, path) || (epoch && is_one_of(path->name, time_words));
}

static bool is_id(const struct guess *guess, const struct guess_path *path)
{
    int64_t wanted = guess->rows <= GUESS_DISTINCT_MAX ? path->present : GUESS_DISTINCT_MAX + 1;
    return is_one_of(path->name, id_words) && path->present == guess->rows &&
           (int64_t)path->distinct >= wanted;
}

static bool is_predicted(const struct guess_path *path)
{
    const char *slash = strchr(path->path + 1, '/');
    char first[32] = "";
    if (slash && (size_t)(slash - path->path - 1) < sizeof first)
        memcpy(first, path->path + 1, (size_t)(slash - path->path - 1));
    return is_one_of(first, prediction_objects) || is_one_of(path->name, prediction_words);
}

bool guess_is_category(const struct guess_path *path)
{
    return path->texts + path->booleans > 0 && !mostly(path->numbers, path);
}

static void take(struct guess *guess, int *role, uint32_t index)
{
    if (*role >= 0)
        return;
    *role = (int)index;
    guess->paths[index].special = true;
}

static void choose_prediction(struct guess *guess, uint32_t index)
{
    const struct guess_path *path = &guess->paths[index];
    if (mostly(path->numbers, path) && path->integral < path->numbers && path->minimum >= 0 &&
        path->maximum <= 1)
        take(guess, &guess->score, index);
    else if (guess_is_category(path) || (mostly(path->integral, path) && path->distinct <= 20))
        take(guess, &guess->class, index);
    else if (mostly(path->numbers, path))
        take(guess, &guess->value, index);
}

static void choose_roles(struct guess *guess)
{
    for (uint32_t i = 0; i < guess->path_count; i++) {
        const struct guess_path *path = &guess->paths[i];
        bool inside = strncmp(path->path, "/features/", 10) == 0;
        if (path->present == 0)
            continue;
        if (is_one_of(path->name, time_words) && is_time(path))
            take(guess, &guess->time, i);
        else if (!inside && is_id(guess, path))
            take(guess, &guess->id, i);
        else if (!inside && is_one_of(path->name, version_words))
            take(guess, &guess->version, i);
        else if (!inside && is_one_of(path->name, model_words) && path->distinct == 1)
            take(guess, &guess->model, i);
        else if (!inside && is_one_of(path->name, label_words))
            take(guess, &guess->label, i);
        else if (!inside && is_predicted(path))
            choose_prediction(guess, i);
    }
    for (uint32_t i = 0; i < guess->path_count && guess->time < 0; i++) {
        if (is_time(&guess->paths[i]))
            take(guess, &guess->time, i);
    }
}

static size_t parent_size(const char *path)
{
    return (size_t)(strrchr(path, '/') - path);
}

static bool is_under(const struct guess_path *path, const char *parent, size_t size)
{
    return parent_size(path->path) == size && memcmp(path->path, parent, size) == 0;
}

/* "features" if there is such an object, else the object with most keys. */
static void choose_features(struct guess *guess)
{
    const char *best = "";
    size_t best_size = 0;
    uint32_t most = 0;
    for (uint32_t i = 0; i < guess->path_count; i++) {
        const char *parent = guess->paths[i].path;
        size_t size = parent_size(parent);
        uint32_t keys = 0;
        for (uint32_t k = 0; k < guess->path_count; k++)
            keys += !guess->paths[k].special && is_under(&guess->paths[k], parent, size);
        if (size >= 9 && memcmp(parent + size - 9, "/features", 9) == 0)
            keys += PATHS_MAX;
        if (keys > most) {
            most = keys;
            best = parent;
            best_size = size;
        }
    }
    char *features = arena_alloc(guess->arena, best_size + 3, 1);
    memcpy(features, best, best_size);
    memcpy(features + best_size, "/*", 3);
    guess->features = features;
}

bool guess_is_feature(const struct guess *guess, const struct guess_path *path)
{
    return !path->special && path->present > 0 &&
           is_under(path, guess->features, strlen(guess->features) - 2);
}

static int read_rows(struct guess *guess, struct input *input, struct err *reterr)
{
    int *slots __attribute__((cleanup(mem_cleanup))) = mem_new(guess->path_count, sizeof *slots);
    const struct builder_value *row;
    const char *reason;
    enum input_result result = INPUT_ROW;
    for (uint32_t i = 0; i < guess->path_count; i++) {
        slots[i] = input_want(input, guess->paths[i].path, reterr);
        if (slots[i] < 0)
            return slots[i];
    }
    int code = input_rewind(input, reterr);
    while (code == 0 && result != INPUT_END && guess->rows + guess->rejected < GUESS_ROWS) {
        result = input_next(input, &row, &reason, reterr);
        if (result == INPUT_ERROR)
            return ERR_INVALID;
        guess->rejected += result == INPUT_REJECTED;
        guess->rows += result == INPUT_ROW;
        for (uint32_t i = 0; i < guess->path_count && result == INPUT_ROW; i++)
            note(guess, &guess->paths[i], &row[slots[i]]);
    }
    if (code == 0 && guess->rows == 0)
        code = err_set(reterr, ERR_INVALID, "there are no events in the sample");
    return code;
}

int guess_make(const char *file, struct guess *ret_guess, struct err *reterr)
{
    struct guess *guess = ret_guess;
    *guess = (struct guess){.arena = arena_new()};
    guess->id = guess->time = guess->version = guess->model = -1;
    guess->score = guess->class = guess->value = guess->label = -1;
    guess->paths = arena_alloc(guess->arena, PATHS_MAX, sizeof *guess->paths);
    struct input *input = input_open(file, NULL, 0, reterr);
    if (!input)
        return ERR_IO;
    int code = 0;
    guess->is_csv = input_is_csv(input);
    if (guess->is_csv) {
        code = add_columns(guess, input);
    } else {
        json_t *events = sample_read(input_file(input), SAMPLE_EVENTS, reterr);
        code = events ? 0 : ERR_INVALID;
        if (events)
            add_object(guess, events, "", 1);
        json_decref(events);
    }
    if (code == 0)
        code = read_rows(guess, input, reterr);
    if (code == 0) {
        choose_roles(guess);
        choose_features(guess);
    }
    input_close(input);
    return code;
}

void guess_release(struct guess *guess)
{
    arena_free(guess->arena);
    guess->arena = NULL;
}
