/* The read-only API below /api/v1; docs/API.md is its reference. */
#ifndef LEEWAY_EXPOSE_API_H
#define LEEWAY_EXPOSE_API_H

#include "expose/internal.h"

void api_status(const struct request *request, struct reply *reply);
void api_monitors(const struct request *request, struct reply *reply);
void api_fields(const struct request *request, struct reply *reply);
void api_field(const struct request *request, struct reply *reply);
void api_incidents(const struct request *request, struct reply *reply);
void api_incident(const struct request *request, struct reply *reply);
void api_baselines(const struct request *request, struct reply *reply);
void api_baseline(const struct request *request, struct reply *reply);
void api_quarantine(const struct request *request, struct reply *reply);

/* Turns the line of an error reply into {"error": line}. */
void api_error(struct reply *reply);

#endif
