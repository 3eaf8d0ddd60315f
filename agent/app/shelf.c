/* One document after the other; references are few and each is asked for once. Assumes that the
 * configuration's strings outlive the shelf. */
#include "app/shelf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "baseline/baseline.h"

struct volume {
    const char *reference;
    struct text document;
    uint32_t version;
    struct err missing; /* code 0: it is there */
};

struct shelf {
    struct volume *volumes;
    uint32_t count, next;
    char name[NAME_MAX_BYTES + 1]; /* of the one that is being fetched */
    struct store *store;
    store_done_fn done;
    void *context;
};

static struct volume *find(const struct shelf *shelf, const char *reference)
{
    for (uint32_t i = 0; i < shelf->count; i++)
        if (!strcmp(shelf->volumes[i].reference, reference))
            return &shelf->volumes[i];
    return NULL;
}

static void add(struct shelf *shelf, const char *reference)
{
    if (find(shelf, reference))
        return;
    shelf->volumes = mem_resize(shelf->volumes, shelf->count + 1, sizeof *shelf->volumes);
    shelf->volumes[shelf->count++] = (struct volume){.reference = reference};
}

struct shelf *shelf_new(const struct config *config)
{
    struct shelf *shelf = mem_new(1, sizeof *shelf);
    for (uint32_t i = 0; i < config->monitor_count; i++) {
        const struct config_monitor *monitor = &config->monitors[i];
        add(shelf, monitor->baseline);
        for (uint32_t k = 0; k < monitor->version_count; k++)
            add(shelf, monitor->versions[k].baseline);
    }
    return shelf;
}

void shelf_free(struct shelf *shelf)
{
    if (!shelf)
        return;
    for (uint32_t i = 0; i < shelf->count; i++)
        text_release(&shelf->volumes[i].document);
    free(shelf->volumes);
    free(shelf);
}

/* "fraud@7" -> "fraud", 7; "fraud" -> "fraud", 0 (newest promoted). */
static uint32_t split(const char *reference, char *ret_name, size_t size)
{
    const char *at = strchr(reference, '@');
    snprintf(ret_name, size, "%.*s", at ? (int)(at - reference) : (int)strlen(reference),
             reference);
    return at ? (uint32_t)strtoul(at + 1, NULL, 10) : 0;
}

static void fetch_next(struct shelf *shelf);

static void fetched(void *context, enum store_result result, const struct err *err)
{
    struct shelf *shelf = context;
    bool missing = result == STORE_FAILED && err->code == ERR_NOT_FOUND;
    if (result != STORE_DONE && !missing) {
        shelf->done(shelf->context, result, err);
        return;
    }
    shelf->volumes[shelf->next++].missing = missing ? *err : (struct err){0};
    fetch_next(shelf);
}

static void fetch_next(struct shelf *shelf)
{
    if (shelf->next == shelf->count) {
        shelf->done(shelf->context, STORE_DONE, NULL);
        return;
    }
    struct volume *volume = &shelf->volumes[shelf->next];
    uint32_t version = split(volume->reference, shelf->name, sizeof shelf->name);
    text_clear(&volume->document);
    store_baseline_get(shelf->store, shelf->name, version, &volume->document, &volume->version,
                       fetched, shelf);
}

void shelf_fetch(struct shelf *shelf, struct store *store, store_done_fn done, void *context)
{
    shelf->store = store;
    shelf->done = done;
    shelf->context = context;
    shelf->next = 0;
    fetch_next(shelf);
}

int shelf_find(const struct shelf *shelf, const char *reference, struct bytes *ret_document,
               uint32_t *ret_version, struct err *reterr)
{
    const struct volume *volume = find(shelf, reference);
    if (!volume || volume->missing.code) {
        *reterr = volume ? volume->missing : (struct err){.code = ERR_NOT_FOUND};
        return ERR_NOT_FOUND;
    }
    *ret_document = bytes_make(volume->document.data, volume->document.size);
    *ret_version = volume->version;
    return 0;
}
