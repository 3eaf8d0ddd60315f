/* One line that says what changed, for people. */
#ifndef LEEWAY_JUDGE_DETAIL_H
#define LEEWAY_JUDGE_DETAIL_H

#include "judge/tests.h"

/* "missing 1.9 % → 50.8 %, location up 0.31 sd": the reasons of `verdict`, strongest first, cut to
 * `size` bytes at a character. Empty if there are none. */
void detail_format(const struct verdict *verdict, const struct baseline_field *field,
                   const struct tested *tested, char *ret, size_t size);

#endif
