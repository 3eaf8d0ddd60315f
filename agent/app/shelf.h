/* The shelf: the baseline documents that a configuration names, brought from the store before it is
 * set up, so that setting up needs no store and cannot wait. */
#ifndef LEEWAY_APP_SHELF_H
#define LEEWAY_APP_SHELF_H

#include "config/config.h"
#include "store/store.h"

struct shelf;

/* Everything that the configuration's monitors and their model versions name. */
struct shelf *shelf_new(const struct config *config);
void shelf_free(struct shelf *shelf); /* takes NULL */

/* Brings all documents. One that the store does not have is no failure here, but for shelf_find.
 * `done` gets STORE_DONE, or the first other result. Both borrowed until then. */
void shelf_fetch(struct shelf *shelf, struct store *store, store_done_fn done, void *context);

/* What was brought for a reference ("fraud@7", "fraud"). ERR_NOT_FOUND if there is none. The view
 * lives as long as the shelf. */
int shelf_find(const struct shelf *shelf, const char *reference, struct bytes *ret_document,
               uint32_t *ret_version, struct err *reterr);

#endif
