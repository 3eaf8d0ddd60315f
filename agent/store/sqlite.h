/* The store in one SQLite file, or in memory. */
#ifndef LEEWAY_STORE_SQLITE_H
#define LEEWAY_STORE_SQLITE_H

#include "base/err.h"

struct store;
struct store_options;

/* `path` is a file (never an SQLite URI, whatever it begins with) or ":memory:". As store_open. */
struct store *sqlite_store_open(const char *path, const struct store_options *options,
                                struct err *reterr);

#endif
