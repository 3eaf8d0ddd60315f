/* What the agent tells about itself: Prometheus text and the status object. */
#ifndef LEEWAY_APP_METRICS_H
#define LEEWAY_APP_METRICS_H

#include "app/evaluate.h"
#include "app/ingest.h"

/* Appends whole families of text format 0.0.4. */
void metrics_write(const struct setup *setup, const struct ingest *ingest,
                   const struct evaluate *evaluate, struct store *store, struct text *text);

/* Appends a JSON object: agent, source, share read (-1: unknown), totals, and each monitor's
 * position. */
void metrics_status(const struct setup *setup, const struct ingest *ingest,
                    const struct evaluate *evaluate, const char *agent, const char *source,
                    double share_read, struct text *json);

#endif
