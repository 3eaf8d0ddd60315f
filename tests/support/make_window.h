/* Windows by hand: counts drawn from a baseline's own distribution, moved on purpose. */
#ifndef LEEWAY_SUPPORT_MAKE_WINDOW_H
#define LEEWAY_SUPPORT_MAKE_WINDOW_H

#include "support/random.h"
#include "window/counts.h"

struct window_recipe {
    int64_t rows;
    double shift;   /* added to "amount", in its sd of 20 */
    double scale;   /* of "amount"; 0 means 1 */
    double missing; /* share of "amount" that is missing */
    double partner; /* share of records whose channel becomes "partner" */
    double unseen;  /* share of records whose channel was never seen */
};

/* Records for make_baseline_sample's fields. Free with counts_free. */
struct counts *make_window(const struct layout *layout, const struct window_recipe *recipe,
                           struct random *random);

#endif
