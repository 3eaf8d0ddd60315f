/* Before and after as a person sees them: coarse shares with labels. */
#ifndef LEEWAY_JUDGE_HISTOGRAM_H
#define LEEWAY_JUDGE_HISTOGRAM_H

#include "base/mem.h"
#include "window/counts.h"

/* Appends {"labels":[…],"baseline":[shares],"live":[shares]} of one field to `text`: at most
 * BASELINE_COARSE_CELLS cells and one for missing. Shares are of all records; one line, no newline.
 */
void histogram_format(const struct counts *window, uint32_t field, struct text *text);

/* The same for one value of a segment. */
void histogram_format_segment(const struct counts *window, uint32_t segment, uint32_t value,
                              uint32_t field, struct text *text);

#endif
