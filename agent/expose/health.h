/* What machines ask: alive, ready, metrics. */
#ifndef LEEWAY_EXPOSE_HEALTH_H
#define LEEWAY_EXPOSE_HEALTH_H

#include "expose/internal.h"

void health_live(const struct request *request,
                 struct reply *reply); /* 200 whenever the loop turns */
void health_ready(const struct request *request, struct reply *reply); /* 200 or 503; ?verbose */
void health_metrics(const struct request *request, struct reply *reply);

#endif
