/* Rows for one judged batch: the store's plain form of panes, verdicts, incidents and messages. */
#ifndef LEEWAY_APP_ROWS_H
#define LEEWAY_APP_ROWS_H

#include "incident/incident.h"
#include "store/store.h"
#include "window/counts.h"

/* Strings live in the arena given to the functions. `{0}` is an empty one. */
struct rows {
    struct store_pane *panes;
    uint32_t pane_count, pane_capacity;
    struct store_verdict *verdicts;
    uint32_t verdict_count, verdict_capacity;
    struct store_incident *incidents;
    uint32_t incident_count, incident_capacity;
    struct store_outbox *outbox;
    uint32_t outbox_count, outbox_capacity;
};

void rows_clear(struct rows *rows);
void rows_release(struct rows *rows);

/* Valid until the next rows_add_pane. */
struct store_pane *rows_add_pane(struct rows *rows, struct arena *arena, const char *generation,
                                 const char *version, int64_t start_ms,
                                 const struct counts *counts);
void rows_add_verdict(struct rows *rows, struct arena *arena, const struct verdict *verdict);
/* One row an incident: a later change in the same batch replaces an earlier one. */
void rows_add_incident(struct rows *rows, struct arena *arena, const struct incident *incident);
/* A message for each receiver of the rule (all that can be told, if it is gone), and one that asks
 * for retraining when the incident opens; none for changes that are not told. */
void rows_add_messages(struct rows *rows, struct arena *arena, const struct config *config,
                       const struct incident_change *change);

#endif
