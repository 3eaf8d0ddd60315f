/* An alert as the Prometheus family has it: labels are its identity and never hold a value that
 * changes, values are annotations. */
#ifndef LEEWAY_NOTIFY_ALERT_H
#define LEEWAY_NOTIFY_ALERT_H

#include "notify/message.h"

enum { ALERT_LABEL_BYTES = 128, ALERT_FINGERPRINT_BYTES = 17 };

/* New object: alertname, incident, monitor, rule, severity, version, and of `member` (may be NULL)
 * field, segment, window; ascending by name, without empty ones. A value over ALERT_LABEL_BYTES is
 * cut and ends in a hash of the whole, so that two long names stay two. */
json_t *alert_labels(const struct message *message, const struct member *member);

/* The fingerprint that Prometheus gives such labels (FNV-1a over the sorted pairs), 16 hex. */
const char *alert_fingerprint(const json_t *labels, char *ret_hex);

/* New object of annotations: summary, description and what is known of member or incident. */
json_t *alert_annotations(const struct message *message, const struct member *member);

/* One alert of Alertmanager's API v2 for the whole incident, still without endsAt. */
json_t *alert_make(const struct message *message, const char *external_url);

/* Sets endsAt, which must not be before startsAt `opened_at`. */
void alert_set_end(json_t *alert, struct event_time opened_at, int64_t ends_ms);

#endif
