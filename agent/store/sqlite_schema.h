/* The tables of the SQLite store, and how a file gets from any earlier version to the present one.
 */
#ifndef LEEWAY_STORE_SQLITE_SCHEMA_H
#define LEEWAY_STORE_SQLITE_SCHEMA_H

#include "store/sqlite_sql.h"

enum { SQLITE_APPLICATION_ID = 0x4c656577 }; /* "Leew", in the file's header */

/* What makes version N out of version N - 1. */
struct sqlite_step {
    const char *const *statements; /* ended by NULL */
};

/* Brings the file to version `count`, in one transaction. ERR_UNSUPPORTED if it is newer;
 * ERR_INVALID if it is somebody else's. On failure the file is unchanged. */
int sqlite_migrate(struct sqlite_store *store, const struct sqlite_step *steps, int count,
                   struct err *reterr);

/* The same with the steps that this program knows. */
int sqlite_schema_update(struct sqlite_store *store, struct err *reterr);

#endif
