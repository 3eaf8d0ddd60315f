/* Two languages of failure, SQLSTATE and libpq's sentences, become the store's four results. A
 * state that is not listed is final: better to be told than to be tried for ever. Assumes English
 * messages where libpq gives no code (connecting); others are told in general terms. Knows no
 * table. */
#include "store/postgres_error.h"

#include <string.h>

static const char migrate_hint[] = "Run: leeway migrate";

static const struct {
    const char *prefix;
    int code;
    enum postgres_after after;
    const char *hint;
} states[] = {
    {POSTGRES_FENCED, ERR_CONFLICT, POSTGRES_GO_ON, NULL},
    {"08", ERR_UNAVAILABLE, POSTGRES_LOST, NULL},
    {"22", ERR_INVALID, POSTGRES_GO_ON, NULL},
    {"23", ERR_INVALID, POSTGRES_GO_ON, NULL},
    {"25006", ERR_UNAVAILABLE, POSTGRES_RECONNECT,
     "The server is read-only (a standby?); name the primary, or target_session_attrs=read-write."},
    {"28", ERR_IO, POSTGRES_GO_ON, NULL},
    {"3D000", ERR_IO, POSTGRES_GO_ON, NULL},
    {"3F000", ERR_IO, POSTGRES_GO_ON, migrate_hint},
    {"40", ERR_UNAVAILABLE, POSTGRES_GO_ON, NULL},
    {"42501", ERR_IO, POSTGRES_GO_ON, "Grant leeway_agent to the user that leeway logs in as."},
    {"42P01", ERR_IO, POSTGRES_GO_ON, migrate_hint},
    {"42703", ERR_IO, POSTGRES_GO_ON, migrate_hint},
    {"42883", ERR_IO, POSTGRES_GO_ON, migrate_hint},
    {"53100", ERR_UNAVAILABLE, POSTGRES_GO_ON,
     "Free some space on the server: nothing is lost, work goes on from what is stored."},
    {"53", ERR_UNAVAILABLE, POSTGRES_GO_ON, NULL},
    {"55", ERR_UNAVAILABLE, POSTGRES_GO_ON, NULL},
    {"57014", ERR_UNAVAILABLE, POSTGRES_GO_ON, NULL},
    {"57P", ERR_UNAVAILABLE, POSTGRES_LOST, NULL},
    {"57", ERR_UNAVAILABLE, POSTGRES_GO_ON, NULL},
    {"58", ERR_UNAVAILABLE, POSTGRES_GO_ON, NULL},
};

enum postgres_after postgres_result_err(const PGresult *result, const char *doing,
                                        struct err *reterr)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (!state) { /* libpq's own: the connection is gone */
        err_set(reterr, ERR_UNAVAILABLE, "could not %s: the connection was lost", doing);
        return POSTGRES_LOST;
    }
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (!strncmp(state, states[i].prefix, strlen(states[i].prefix))) {
            err_set(reterr, states[i].code, "could not %s: %s", doing, message ? message : state);
            if (states[i].hint)
                err_hint(reterr, "%s", states[i].hint);
            return states[i].after;
        }
    err_set(reterr, ERR_IO, "could not %s: %s (%s)", doing, message ? message : "it failed", state);
    return POSTGRES_GO_ON;
}

/* The first that fits; the more particular ones stand first. */
static const struct {
    const char *part, *text, *hint;
    bool final;
} refusals[] = {
    {"password authentication failed", "password authentication failed",
     "Check user and password (password_file, passfile or PGPASSFILE).", true},
    {"no password supplied", "the server asks for a password",
     "Give password_file=/path in the store's URL, or a passfile.", true},
    {"pg_hba.conf", "the server refuses this client (pg_hba.conf)",
     "Allow user, database and address in the server's pg_hba.conf.", true},
    {"authentication failed", "authentication failed", "Check user and password.", true},
    {"SASL", "the server does not know our password, or is not who it says", NULL, true},
    {"root certificate file", "there is no certificate to check the server with",
     "Give sslrootcert=FILE in the store's URL.", true},
    {"certificate", "the server's certificate is not trusted",
     "Give sslrootcert=FILE in the store's URL, and the host name that is in the certificate.",
     true},
    {"does not support SSL", "the server has no TLS",
     "Switch TLS on at the server; in a network that you trust write sslmode=disable.", true},
    {"SSL", "TLS failed", NULL, false},
    {"\" does not exist", "no such database or user", "Create it, or correct the store's URL.",
     true},
    {"no such database", "no such database", "Correct the store's URL or the pooler.", true},
    {"no such user", "no such user", "Correct the store's URL or the pooler.", true},
    {"permission denied for database", "the user may not connect to the database",
     "Grant CONNECT on the database.", true},
    {"starting up", "the server is starting", NULL, false},
    {"shutting down", "the server is shutting down", NULL, false},
    {"recovery", "the server is recovering", NULL, false},
    {"read-only", "the server is read-only", NULL, false},
    {"hot standby", "the server is a standby", NULL, false},
    {"too many", "the server has too many connections", NULL, false},
    {"remaining connection slots", "the server has too many connections", NULL, false},
    {"Connection refused", "connection refused", NULL, false},
    {"No such file or directory", "there is no server at this socket", NULL, false},
    {"could not translate host name", "the host name is not known", NULL, false},
    {"timeout expired", "no answer", NULL, false},
    {"Network is unreachable", "the network is unreachable", NULL, false},
    {"No route to host", "no route to the server", NULL, false},
    {"closed the connection", "the server closed the connection", NULL, false},
};

void postgres_connect_err(const char *message, bool *ret_final, struct err *reterr)
{
    if (ret_final)
        *ret_final = false;
    err_set(reterr, ERR_UNAVAILABLE, "%s", message ? "it cannot be connected to" : "no answer");
    for (size_t i = 0; message && i < sizeof refusals / sizeof *refusals; i++)
        if (strstr(message, refusals[i].part)) {
            err_set(reterr, ERR_UNAVAILABLE, "%s", refusals[i].text);
            if (refusals[i].hint)
                err_hint(reterr, "%s", refusals[i].hint);
            if (ret_final)
                *ret_final = refusals[i].final;
            return;
        }
}

void postgres_check_err(const PGresult *result, bool *ret_final, struct err *reterr)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    *ret_final = true;
    if (state && (!strcmp(state, "42P01") || !strcmp(state, "3F000"))) {
        err_set(reterr, ERR_UNAVAILABLE, "the tables of leeway are not there");
        err_hint(reterr, "%s", migrate_hint);
    } else if (state && !strcmp(state, "42501")) {
        err_set(reterr, ERR_UNAVAILABLE, "the user may not use the schema leeway");
        err_hint(reterr, "Grant leeway_agent to the user that leeway logs in as.");
    } else {
        postgres_connect_err(PQresultErrorMessage(result), ret_final, reterr);
    }
}

void postgres_ignore_notice(void *context, const char *message)
{
    (void)context;
    (void)message;
}
