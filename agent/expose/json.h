/* Rows of the store as JSON values, and what all API replies share. */
#ifndef LEEWAY_EXPOSE_JSON_H
#define LEEWAY_EXPOSE_JSON_H

#include <jansson.h>

#include "expose/internal.h"

/* Text as a JSON string; NULL is null; bytes that are not UTF-8 become "?". */
json_t *json_from_text(const char *text);

/* null for NaN and infinities. */
json_t *json_from_real(double number);

/* An instant as RFC 3339 text; 0 and INT64_MIN are null. */
json_t *json_from_ms(int64_t ms);

/* The JSON in `text`; null if it is NULL, empty or damaged. */
json_t *json_from_document(const char *text);

/* Appends `value` (taken) unless the list has an equal one. */
void json_add_once(json_t *list, json_t *value);

/* Sorts a list of whole numbers, or of strings by their bytes, ascending. */
void json_sort(json_t *list);

enum verdict_parts {
    VERDICT_ROW = 0,        /* only the columns */
    VERDICT_DOCUMENT = 1,   /* member "document": what the judge wrote */
    VERDICT_NOISE_FLOOR = 2 /* member "noise_floor": {"psi": …}, taken from the document */
};

json_t *json_from_verdict(const struct store_verdict *verdict, unsigned parts);
json_t *json_from_incident(const struct store_incident *incident, bool evidence);
json_t *json_from_baseline(const struct store_baseline *baseline);
json_t *json_from_quarantine(const struct store_quarantine *quarantine);

/* Makes `value` (taken) the body of the reply. */
void reply_json(struct reply *reply, json_t *value);

/* For a store that did not answer: logs why, replies 503 or 500 without saying it. */
void reply_store_error(struct reply *reply, const struct err *err);

#endif
