/* The store in a PostgreSQL server, for any number of agents. */
#ifndef LEEWAY_STORE_POSTGRES_H
#define LEEWAY_STORE_POSTGRES_H

#include "store/store.h"

/* As store_open: looks at the URI only. NULL: ERR_INVALID for what is no URI or not a safe one
 * (postgres_target.h). */
struct store *postgres_store_open(const char *url, const struct store_options *options,
                                  struct err *reterr);

#endif
