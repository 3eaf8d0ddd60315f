/* Where the PostgreSQL server is and how to speak to it: a libpq URI made safe. */
#ifndef LEEWAY_STORE_POSTGRES_TARGET_H
#define LEEWAY_STORE_POSTGRES_TARGET_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* What is not in the URI is filled in so that a mistake cannot make it unsafe or endless:
 * - sslmode=verify-full against the system's authorities (or sslrootcert), unless every host is
 *   this machine (a socket, localhost, 127.0.0.0/8, ::1); environment variables do not weaken it.
 *   Another sslmode may be written, but none that falls back silently (allow, prefer) to a host
 *   elsewhere.
 * - gssencmode=disable, since GSS would take the place of TLS without looking at its settings.
 * - time limits for connecting, TCP keepalives, client_encoding=UTF8, application_name=leeway.
 * `password_file=/absolute/path` is leeway's own parameter: the file is read for each connection,
 * so that a new password needs no restart. Its mode must keep it from others (secret_read). */
struct postgres_target {
    char **keys, **values; /* for libpq, without password_file */
    uint32_t count;
    char *password_file;  /* NULL: password, passfile or PGPASSFILE, as libpq does it */
    bool password_in_url; /* which shows it to whoever may read the configuration */
    bool local;           /* every host is this machine */
    char *names;          /* comma-separated hosts to be looked up before connecting; NULL: none */
    uint32_t host_count;
};

/* ERR_INVALID without any part of the URI, except for the name of an unknown parameter. */
struct postgres_target *postgres_target_new(const char *url, struct err *reterr);
void postgres_target_free(struct postgres_target *target); /* takes NULL */

/* Begins to connect (PQconnectStartParams), or connects (`wait`). `addresses` (may be NULL): those
 * of `names`, in the same order, as libpq's hostaddr. NULL if the password file cannot be read
 * (secret_read); else the connection may still be a bad one (PQstatus). */
PGconn *postgres_target_connect(const struct postgres_target *target, const char *addresses,
                                bool wait, struct err *reterr);

#endif
