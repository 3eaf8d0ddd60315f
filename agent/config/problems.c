/* The list of what is wrong with a configuration, so that one run of `leeway check` shows all of
 * it. Bounded: a file of a hundred thousand mistakes is one mistake. */
#include <stdio.h>
#include <stdlib.h>

#include "config/config.h"

enum { FILE_SHOWN_MAX = 120 };

void config_problems_add(struct config_problems *problems, struct place place,
                         const struct err *what)
{
    if (problems->count >= CONFIG_PROBLEMS_MAX)
        return;
    if (problems->count == problems->capacity) {
        problems->capacity = problems->capacity ? problems->capacity * 2 : 8;
        problems->items = mem_resize(problems->items, problems->capacity, sizeof(struct err));
    }
    struct err *item = &problems->items[problems->count++];
    *item = *what;
    if (problems->count == CONFIG_PROBLEMS_MAX)
        err_set(item, ERR_LIMIT, "too many problems; those after the first %d are not listed",
                CONFIG_PROBLEMS_MAX - 1);
    const char *file = place.file ? place.file : "config";
    size_t size = strlen(file);
    bool cut = size > FILE_SHOWN_MAX;
    err_place(item, "%s%s:%u:%u", cut ? "…" : "", cut ? file + size - FILE_SHOWN_MAX : file,
              place.line, place.column);
}

void config_problems_release(struct config_problems *problems)
{
    free(problems->items);
    *problems = (struct config_problems){0};
}
