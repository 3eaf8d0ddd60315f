/* What PostgreSQL's failures mean for the caller of the store. */
#ifndef LEEWAY_STORE_POSTGRES_ERROR_H
#define LEEWAY_STORE_POSTGRES_ERROR_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "base/err.h"

/* The SQLSTATE that our own SQL raises when a compare-and-set is lost in the middle. */
#define POSTGRES_FENCED "LW409"

enum postgres_after {
    POSTGRES_GO_ON,
    POSTGRES_RECONNECT, /* the answer is final, but this server is of no use (read-only) */
    POSTGRES_LOST       /* the connection ends; what became of the statement is not known */
};

/* Fills the error for a failed result: ERR_UNAVAILABLE if trying again can help (connection,
 * deadlock, time limits, resources, shutdown, read-only server), ERR_CONFLICT for POSTGRES_FENCED,
 * ERR_INVALID for data and constraints, ERR_IO for the rest (tables missing, no privilege). The
 * server's details, which quote values, are left out. */
enum postgres_after postgres_result_err(const PGresult *result, const char *doing,
                                        struct err *reterr);

/* Why a connection could not be made: one line without host, user and password, "connection
 * refused", and a hint. `ret_final` (may be NULL): somebody has to change something first, so
 * nobody should wait for the next attempt. `message` is libpq's; NULL is "no answer". */
void postgres_connect_err(const char *message, bool *ret_final, struct err *reterr);

/* The same for the result of the first statement (no schema, no privilege). */
void postgres_check_err(const PGresult *result, bool *ret_final, struct err *reterr);

/* A notice processor: what the server remarks is not for our log. */
void postgres_ignore_notice(void *context, const char *message);

#endif
