/* The tables in PostgreSQL: the steps that make them, and whether what is there fits this program.
 */
#ifndef LEEWAY_STORE_POSTGRES_SCHEMA_H
#define LEEWAY_STORE_POSTGRES_SCHEMA_H

#include <stdint.h>

#include "base/err.h"

/* A list of steps that only grows; a step that was released is never changed. Each works with the
 * program that knew only the steps before it, so that agents can be replaced one by one after the
 * schema. Each step is a list of statements that ends with NULL. */
extern const char *const *const postgres_steps[];
extern const int postgres_step_count;

/* One row: version (null: none), whether the server is read-only now. Fails if there is no schema.
 */
extern const char postgres_schema_query[];

/* 0 if this program works with a schema of that version, which is its own or the next one. Else
 * ERR_UNAVAILABLE with a hint: it fits as soon as somebody has run `leeway migrate`, or a newer
 * program. */
int postgres_schema_fits(int64_t version, struct err *reterr);

/* Rights of leeway_agent and leeway_reader; may be run again at any time. */
extern const char postgres_grants[];

#endif
