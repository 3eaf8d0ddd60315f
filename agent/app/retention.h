/* Retention: what is old enough to forget, in event time. */
#ifndef LEEWAY_APP_RETENTION_H
#define LEEWAY_APP_RETENTION_H

#include "app/evaluate.h"

enum { RETENTION_PERIOD_MS = 10 * MINUTE_MS };

/* Asks the store to delete panes, verdicts, resolved incidents and quarantine rows that the
 * settings let go. Panes are kept at least twice the longest window of any monitor, since windows
 * are rebuilt from them after a restart. Nothing happens before this process knows where the
 * judging of every monitor stands; `done` (may be NULL) is called all the same. */
void retention_prune(const struct setup *setup, const struct evaluate *evaluate,
                     struct store *store, store_done_fn done, void *context);

#endif
