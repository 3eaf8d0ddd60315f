/* The sampler: asks the store now and then for what metrics tell of it, so that a scrape never
 * does.
 */
#ifndef LEEWAY_APP_SAMPLER_H
#define LEEWAY_APP_SAMPLER_H

#include "app/metrics.h"

enum { SAMPLER_PERIOD_MS = 10000 };

struct sampler;

/* All borrowed. */
struct sampler *sampler_new(struct metrics *metrics, const struct setup *setup,
                            struct store *store);
/* After store_close: a question may be under way. Takes NULL. */
void sampler_free(struct sampler *sampler);

/* Another setup from now on; answers to questions under way are dropped. */
void sampler_reload(struct sampler *sampler, const struct setup *setup);

/* Begins a round of questions unless one is under way; the first also reads the latest verdicts. */
void sampler_look(struct sampler *sampler);

#endif
