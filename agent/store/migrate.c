/* The one thing that needs more rights than an agent has, so the agent never does it. One
 * transaction under one lock: two migrators follow each other, and a failure leaves what was there.
 * Roles belong to the whole server and not to the database, so they may be there already, and not
 * be ours to create. Assumes that whoever migrates may create a schema in the database. */
#include "store/migrate.h"

#include <stdlib.h>
#include <string.h>

#include "store/postgres_error.h"
#include "store/postgres_schema.h"
#include "store/postgres_target.h"

struct migration {
    const struct store_migration *what;
    PGconn *conn;
    struct text *report;
    struct err *reterr;
    char user[64];
    bool superuser, may_create_roles, roles; /* roles: they are there */
};

static int fail(struct migration *migration, const char *doing, const PGresult *result)
{
    struct err err = {0};
    postgres_result_err(result, doing, &err);
    if (migration->reterr)
        *migration->reterr = err;
    return err.code;
}

/* Runs one or several statements; `ret_text` (may be NULL) is the first column of the first row. */
static int run(struct migration *migration, const char *doing, const char *sql, char *ret_text,
               size_t size)
{
    PGresult *result = PQexec(migration->conn, sql);
    ExecStatusType status = PQresultStatus(result);
    int code = 0;
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        code = fail(migration, doing, result);
    } else if (ret_text) {
        const char *value = PQntuples(result) ? PQgetvalue(result, 0, 0) : "";
        size_t length = strnlen(value, size - 1);
        memcpy(ret_text, value, length);
        ret_text[length] = '\0';
    }
    PQclear(result);
    return code;
}

static int ask(struct migration *migration, const char *doing, const char *sql, bool *ret)
{
    char text[8] = "";
    int code = run(migration, doing, sql, text, sizeof text);
    *ret = text[0] == 't';
    return code;
}

static int look_around(struct migration *migration)
{
    static const char doing[] = "look at the database";
    char encoding[32] = "";
    int code = run(migration, doing,
                   "begin; set local lock_timeout = '60s'; set local client_min_messages = warning;"
                   " select pg_advisory_xact_lock(7813521, 0);"
                   " select current_setting('server_encoding')",
                   encoding, sizeof encoding);
    if (!code && strcmp(encoding, "UTF8")) {
        code = err_set(migration->reterr, ERR_INVALID, "the database has encoding %s, not UTF8",
                       encoding);
        err_hint(migration->reterr, "Run: createdb --encoding=UTF8 --template=template0 NAME");
    }
    if (!code)
        code =
            run(migration, doing, "select current_user", migration->user, sizeof migration->user);
    if (!code)
        code = ask(migration, doing, "select rolsuper from pg_roles where rolname = current_user",
                   &migration->superuser);
    if (!code)
        code = ask(migration, doing,
                   "select rolsuper or rolcreaterole from pg_roles where rolname = current_user",
                   &migration->may_create_roles);
    return code;
}

/* ---- roles */

static const char *const roles[] = {"leeway_owner", "leeway_agent", "leeway_reader"};

static int role_exists(struct migration *migration, const char *role, bool *ret)
{
    struct text sql = {0};
    char *name = PQescapeLiteral(migration->conn, role, strlen(role));
    text_printf(&sql, "select exists (select from pg_roles where rolname = %s)",
                name ? name : "''");
    int code = ask(migration, "look at the roles", sql.data, ret);
    PQfreemem(name);
    text_release(&sql);
    return code;
}

/* Another migrator, in another database of the same server, may be faster. */
static int create_role(struct migration *migration, const char *role)
{
    struct text sql = {0};
    text_printf(&sql,
                "do $$ begin create role %s nologin; exception when duplicate_object"
                " or unique_violation then null; end $$",
                role);
    int code = run(migration, "create the roles", sql.data, NULL, 0);
    text_release(&sql);
    if (!code)
        text_printf(migration->report, "role %s created\n", role);
    return code;
}

/* Who migrates has to be a member of the owner to act as it; whoever created a role may say so. */
static int join_owner(struct migration *migration)
{
    bool member = false;
    int code = ask(migration, "look at the roles",
                   "select pg_has_role(current_user, 'leeway_owner', 'member')", &member);
    if (!code && !member)
        code = run(migration, "become a member of leeway_owner",
                   "grant leeway_owner to current_user", NULL, 0);
    return code;
}

static void tell_about_roles(struct migration *migration)
{
    text_printf(migration->report,
                "roles are missing, and %s may not create them: the tables belong to %s\n"
                "  An administrator can add them: run leeway migrate as a user with CREATEROLE.\n",
                migration->user, migration->user);
}

static int make_roles(struct migration *migration)
{
    bool there[3] = {false, false, false};
    int code = 0;
    if (migration->what->no_roles)
        return 0;
    for (int i = 0; !code && i < 3; i++)
        code = role_exists(migration, roles[i], &there[i]);
    migration->roles = migration->may_create_roles || (there[0] && there[1] && there[2]);
    if (!code && !migration->roles)
        tell_about_roles(migration);
    for (int i = 0; !code && migration->roles && i < 3; i++)
        if (!there[i])
            code = create_role(migration, roles[i]);
    return code || !migration->roles ? code : join_owner(migration);
}

/* ---- the schema */

static int make_schema(struct migration *migration)
{
    bool there = false;
    int code = ask(migration, "look at the schema",
                   "select exists (select from pg_namespace where nspname = 'leeway')", &there);
    if (code)
        return code;
    if (!there)
        code = run(migration, "create the schema",
                   migration->roles ? "create schema leeway authorization leeway_owner"
                                    : "create schema leeway",
                   NULL, 0);
    /* What an earlier run without roles has made keeps its owner. */
    bool owned = false;
    if (!code && migration->roles)
        code = ask(migration, "look at the schema",
                   "select pg_get_userbyid(nspowner) = 'leeway_owner' from pg_namespace"
                   " where nspname = 'leeway'",
                   &owned);
    if (!code && owned)
        code = run(migration, "act as leeway_owner", "set local role leeway_owner", NULL, 0);
    return code ? code
                : run(migration, "create the tables",
                      "create table if not exists leeway.schema_version (version integer primary"
                      " key, applied_at timestamptz not null default now(), program text not null)",
                      NULL, 0);
}

static int read_version(struct migration *migration, int *ret_version)
{
    char text[16] = "";
    int code =
        run(migration, "read the schema version",
            "select coalesce(max(version), 0) from leeway.schema_version", text, sizeof text);
    *ret_version = (int)strtol(text, NULL, 10);
    if (!code && *ret_version > postgres_step_count) {
        code = err_set(migration->reterr, ERR_UNSUPPORTED,
                       "the tables of leeway have version %d, this program knows %d at most",
                       *ret_version, postgres_step_count);
        err_hint(migration->reterr, "A newer leeway has made them: use that one.");
    }
    return code;
}

static int take_step(struct migration *migration, int version)
{
    struct text sql = {0};
    int code = 0;
    for (const char *const *at = postgres_steps[version - 1]; !code && *at; at++)
        code = run(migration, "create the tables", *at, NULL, 0);
    text_printf(&sql, "insert into leeway.schema_version (version, program) values (%d, '%s')",
                version, LEEWAY_VERSION);
    if (!code)
        code = run(migration, "write the schema version", sql.data, NULL, 0);
    text_release(&sql);
    return code;
}

static int make_tables(struct migration *migration)
{
    int version = 0, code = read_version(migration, &version);
    for (int step = version + 1; !code && step <= postgres_step_count; step++)
        code = take_step(migration, step);
    if (!code && version == postgres_step_count)
        text_printf(migration->report, "tables are at version %d, nothing to do\n", version);
    else if (!code)
        text_printf(migration->report, "tables: version %d -> %d\n", version, postgres_step_count);
    if (!code && migration->roles)
        code = run(migration, "grant rights", postgres_grants, NULL, 0);
    return code;
}

/* ---- who may log in as what */

static int grant(struct migration *migration, const char *role, const char *login)
{
    bool there = false;
    struct text sql = {0};
    int code = role_exists(migration, login, &there);
    if (!code && !there) {
        code = err_set(migration->reterr, ERR_NOT_FOUND, "there is no role %s", login);
        err_hint(migration->reterr, "Run: createuser --pwprompt NAME");
    }
    if (!code && !migration->roles)
        code =
            err_set(migration->reterr, ERR_INVALID, "there is no role %s to be a member of", role);
    char *name = PQescapeIdentifier(migration->conn, login, strlen(login));
    text_printf(&sql, "grant %s to %s", role, name ? name : "\"\"");
    if (!code)
        code = run(migration, "grant membership", sql.data, NULL, 0);
    if (!code)
        text_printf(migration->report, "%s is a member of %s\n", login, role);
    PQfreemem(name);
    text_release(&sql);
    return code;
}

static int make_members(struct migration *migration)
{
    int code = run(migration, "act as oneself", "reset role", NULL, 0);
    if (!code && migration->what->agent)
        code = grant(migration, "leeway_agent", migration->what->agent);
    if (!code && migration->what->reader)
        code = grant(migration, "leeway_reader", migration->what->reader);
    return code;
}

static int migrate(struct migration *migration)
{
    int code = look_around(migration);
    if (!code)
        code = make_roles(migration);
    if (!code)
        code = make_schema(migration);
    if (!code)
        code = make_tables(migration);
    if (!code)
        code = make_members(migration);
    return code ? code : run(migration, "commit", "commit", NULL, 0);
}

static int connect_and_migrate(const struct postgres_target *target,
                               const struct store_migration *what, struct text *report,
                               struct err *reterr)
{
    struct migration migration = {.what = what, .report = report, .reterr = reterr};
    migration.conn = postgres_target_connect(target, NULL, true, reterr);
    if (!migration.conn)
        return ERR_INVALID;
    int code;
    if (PQstatus(migration.conn) == CONNECTION_OK) {
        PQsetNoticeProcessor(migration.conn, postgres_ignore_notice, NULL);
        code = migrate(&migration);
    } else {
        struct err why = {0};
        postgres_connect_err(PQerrorMessage(migration.conn), NULL, &why);
        code = err_set(reterr, ERR_UNAVAILABLE, "database: %s", why.text);
        if (why.hint[0])
            err_hint(reterr, "%s", why.hint);
    }
    PQfinish(migration.conn);
    return code;
}

int store_migrate(const char *url, const struct store_migration *what, struct text *ret_report,
                  struct err *reterr)
{
    if (!strncmp(url, "sqlite:", strlen("sqlite:"))) {
        text_puts(ret_report, "nothing to do: SQLite's tables are made when the store is opened\n");
        return 0;
    }
    struct postgres_target *target = postgres_target_new(url, reterr);
    if (!target)
        return reterr ? reterr->code : ERR_INVALID;
    struct text report = {0};
    int code = connect_and_migrate(target, what, &report, reterr);
    if (!code)
        text_puts(ret_report, report.data);
    text_release(&report);
    postgres_target_free(target);
    return code;
}
