/* Creating and upgrading the tables of a PostgreSQL store, and the roles that may use them. For a
 * command: waits for the server. */
#ifndef LEEWAY_STORE_MIGRATE_H
#define LEEWAY_STORE_MIGRATE_H

#include <stdbool.h>

#include "base/err.h"
#include "base/mem.h"

struct store_migration {
    bool no_roles;     /* the schema belongs to whoever migrates, and nobody else gets rights */
    const char *agent; /* login roles that become members of leeway_agent, leeway_reader; NULL */
    const char *reader;
};

/* Makes schema `leeway`, its tables (those steps that are missing) and the group roles without
 * login leeway_owner (owns the schema), leeway_agent (reads and writes data), leeway_reader
 * (reads), in one transaction. May be run again, and by several at once. If roles are missing and
 * the user may not create them, the tables are made all the same and the report says what is left
 * to do.
 *
 * `ret_report` (appended): lines for people. A URL of SQLite: says that nothing is needed.
 * ERR_INVALID for a URL that is none or not safe, and for a database that is not in UTF-8;
 * ERR_UNSUPPORTED for a newer schema than this program knows; ERR_UNAVAILABLE without a server;
 * ERR_NOT_FOUND for a login role that is not there; ERR_IO for what the server refuses
 * (privileges). Nothing has changed then. */
int store_migrate(const char *url, const struct store_migration *what, struct text *ret_report,
                  struct err *reterr);

#endif
