/* The read-only API below /api/v1; docs/API.md is its reference. */
#ifndef LEEWAY_EXPOSE_API_H
#define LEEWAY_EXPOSE_API_H

#include "expose/internal.h"

void api_status(const struct request *request, struct reply *reply);
void api_monitors(struct request *request);
void api_fields(struct request *request);
void api_field(struct request *request);
void api_incidents(struct request *request);
void api_incident(struct request *request);
void api_baselines(struct request *request);
void api_baseline(struct request *request);
void api_quarantine(struct request *request);

/* Turns the line of an error reply into {"error": line}. */
void api_error(struct reply *reply);

#endif
