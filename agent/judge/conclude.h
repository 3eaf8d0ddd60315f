/* What both ways of judging say in the same words: name, reasons, severity of a verdict. */
#ifndef LEEWAY_JUDGE_CONCLUDE_H
#define LEEWAY_JUDGE_CONCLUDE_H

#include "judge/tests.h"
#include "judge/watches.h"

struct judge_state {
    struct rings *rings; /* "version|window|segment|field": was it significant? */
    struct watches watches;
};

/* An empty verdict at the end of the list. Valid until the next. */
struct verdict *verdict_append(struct verdict_list *list);

/* Sets the id from all that the verdict is about. */
void verdict_set_id(struct verdict *verdict);

/* Every reason that would have been enough by itself at `level`. */
uint32_t reasons_at(const struct tested *tested, double level);

/* Of a significant verdict with its reasons (statistics.md 7.2). */
enum severity severity_of(const struct verdict *verdict, const struct tested *tested);

#endif
