/* Name, reasons and severity. A rate has no size on the PSI scale that means much to people; what
 * passed its gate in points is worth telling. */
#include "judge/conclude.h"

#include <math.h>
#include <string.h>

/* All others are rates. */
#define SHAPE_REASONS (1u << REASON_LOCATION | 1u << REASON_SHAPE | 1u << REASON_CELLS)

struct verdict *verdict_append(struct verdict_list *list)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? list->capacity * 2 : 64;
        list->items = mem_resize(list->items, list->capacity, sizeof *list->items);
    }
    struct verdict *verdict = &list->items[list->count++];
    memset(verdict, 0, sizeof *verdict);
    return verdict;
}

void verdict_set_id(struct verdict *verdict)
{
    struct text name = {0};
    text_printf(&name, "%s|%s|%s|%s|%s|%lld|%lld", verdict->monitor, verdict->generation,
                verdict->version, verdict->segment, verdict->field, (long long)verdict->window_ms,
                (long long)verdict->end.ms);
    if (verdict->method != METHOD_WINDOW)
        text_printf(&name, "|%s", verdict_method_name(verdict->method));
    id_from_name(bytes_make(name.data, name.size), verdict->id);
    text_release(&name);
}

uint32_t reasons_at(const struct tested *tested, double level)
{
    uint32_t reasons = 0;
    for (int i = 0; i < REASONS; i++)
        if (tested->reason_log_p[i] < 0 && tested->reason_log_p[i] <= log(level))
            reasons |= 1u << i;
    return reasons;
}

enum severity severity_of(const struct verdict *verdict, const struct tested *tested)
{
    if (verdict->effect_low >= .25 || verdict->reasons & tested->large_rates)
        return SEVERITY_HIGH;
    if (verdict->effect_low >= .1)
        return SEVERITY_MEDIUM;
    return verdict->effect >= .02 || verdict->reasons & ~SHAPE_REASONS ? SEVERITY_LOW
                                                                       : SEVERITY_NOTICE;
}
