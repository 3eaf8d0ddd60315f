/* The schema is for three readers: the agent, which needs look-ups that do not grow with history;
 * people with SQL and Grafana, who need times as times and names that say what they are; and the
 * server's housekeeping, which must keep up with rows that are updated every few seconds.
 *
 * Times for people are timestamptz; *_ms is event time in milliseconds since 1970, where only the
 * agent looks. Keys are collated "C": same order as everywhere else in leeway, and an index that no
 * upgrade of the system's locales can break. Null is "none". Rows that change all the time
 * (partition_state, ledger, judge_state, claim) have room in their pages and no index on what
 * changes, so that an update stays in its page. There are no foreign keys: what belongs together is
 * written in one statement. */
#include "store/postgres_schema.h"

#include <stddef.h>

#define HOT                                                                                        \
    " with (fillfactor = 40, autovacuum_vacuum_scale_factor = 0.0,"                                \
    " autovacuum_vacuum_threshold = 2000)"
#define QUEUE                                                                                      \
    " with (autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 2000,"             \
    " autovacuum_analyze_scale_factor = 0.0, autovacuum_analyze_threshold = 2000)"
#define GROWING                                                                                    \
    " with (autovacuum_vacuum_insert_scale_factor = 0.05,"                                         \
    " autovacuum_analyze_scale_factor = 0.02)"
#define ID  "id bigint generated always as identity primary key, "
#define KEY " text collate \"C\" not null, "
#define NOW " timestamptz not null default now()"

static const char *const step_1[] = {
    /* Milliseconds to times and back. A time beyond the calendar becomes its end: it must not stop
     * what it comes with. */
    "create function leeway.time_of(ms bigint) returns timestamptz language sql immutable"
    " parallel safe as $$ select case when ms is not null then to_timestamp(greatest(least(ms,"
    " 253402300799999), -62135596800000) / 1000.0) end $$",
    "create function leeway.ms_of(at timestamptz) returns bigint language sql stable strict"
    " parallel safe as $$ select round(extract(epoch from at) * 1000)::bigint $$",
    /* A compare-and-set that was lost in the middle of a statement: nothing of it stays. */
    "create function leeway.fenced(what text) returns bigint language plpgsql volatile as"
    " $$ begin raise exception '%', what using errcode = 'LW409'; end $$",

    /* What is counted and from where. */
    "create table leeway.generation (id bigint generated always as identity, hash" KEY "monitor" KEY
    "version" KEY "baseline_hash text not null, first_pane_ms bigint not null, created_at" NOW
    ", primary key (hash, monitor, version))",
    "create index generation_monitor on leeway.generation (monitor, id)",

    "create table leeway.partition_state (topic" KEY "part integer not null, epoch bigint not null,"
    " owner text not null, start_offset bigint not null, next_offset bigint not null,"
    " max_event_ms bigint, idle boolean not null default false, updated_at" NOW
    ", primary key (topic, part))" HOT,

    "create table leeway.ledger (topic" KEY "part integer not null, disposition" KEY
    "records bigint not null, primary key (topic, part, disposition))" HOT,

    "create table leeway.quarantine (" ID "topic" KEY "part integer not null,"
    " record_offset bigint not null, reason text not null, size_bytes bigint not null,"
    " sha256 text not null, created_at" NOW ", unique (topic, part, record_offset))",

    "create table leeway.pane_delta (" ID "monitor" KEY "version" KEY "generation" KEY
    "start_ms bigint not null, pane_ms bigint not null, row_count bigint not null,"
    " counts bytea not null, agent text not null, created_at" NOW ")" QUEUE,
    "alter table leeway.pane_delta alter counts set storage external",
    "create index pane_delta_order on leeway.pane_delta (monitor, start_ms, version, generation,"
    " id)",

    "create table leeway.pane_set_aside (" ID "monitor" KEY "version" KEY "generation" KEY
    "start_ms bigint not null, pane_ms bigint not null, row_count bigint not null,"
    " counts bytea not null, agent text not null, created_at" NOW ")",
    "create index pane_set_aside_start on leeway.pane_set_aside (start_ms)",

    /* What is judged. */
    "create table leeway.pane (monitor" KEY "version" KEY "generation" KEY
    "start_ms bigint not null, row_count bigint not null, counts bytea not null,"
    " revision integer not null, updated_at" NOW
    ", primary key (monitor, start_ms, version, generation))",
    "create index pane_start on leeway.pane (start_ms)",

    "create table leeway.judge_state (monitor" KEY "position_ms bigint, state text not null,"
    " updated_at" NOW ", primary key (monitor))" HOT,

    "create table leeway.claim (kind" KEY "name" KEY "agent text not null,"
    " claimed_until timestamptz not null, primary key (kind, name))" HOT,

    "create table leeway.verdict (sequence bigint generated always as identity primary key,"
    " id" KEY "monitor" KEY "version" KEY "segment" KEY "field" KEY "generation" KEY
    "window_ms bigint not null, window_start timestamptz not null,"
    " window_end timestamptz not null, n bigint not null, baseline_n bigint not null,"
    " state text collate \"C\" not null, severity text not null, significant boolean not null,"
    " provisional boolean not null, p double precision, effect double precision,"
    " psi double precision, js double precision, ks double precision,"
    " wasserstein double precision, g double precision, missing_rate double precision,"
    " detail text not null, document text not null, created_at" NOW ", unique (id))" GROWING,
    /* The first entry of each series is its latest: the latest of all series are found by stepping
     * from one to the next. */
    "create index verdict_series on leeway.verdict (monitor, field, segment, window_ms, version,"
    " window_end desc, sequence desc)",
    "create index verdict_end on leeway.verdict (window_end, sequence)",

    "create table leeway.window_histogram (verdict bigint primary key, counts text not null)",

    /* What is told. */
    "create table leeway.incident (id" KEY "monitor" KEY "version" KEY "rule" KEY
    "state text collate \"C\" not null, severity text not null, title text not null,"
    " evidence text not null, opened_at timestamptz not null, updated_at timestamptz not null,"
    " resolved_at timestamptz, sequence bigint not null,"
    " number bigint generated always as identity, created_at" NOW ", primary key (id))",
    "create index incident_opened on leeway.incident (opened_at, number)",
    "create index incident_open on leeway.incident (monitor) where resolved_at is null",

    "create table leeway.outbox (" ID "receiver" KEY "incident" KEY "sequence bigint not null,"
    " event text not null, message_id" KEY "payload text not null, created_at" NOW ","
    " state text collate \"C\" not null default 'pending', attempts bigint not null default 0,"
    " next_attempt_at timestamptz default 'epoch', http_status integer, error text,"
    " updated_at" NOW ", unique (receiver, message_id))",
    "create index outbox_waiting on leeway.outbox (receiver, incident, sequence, id)"
    " where state in ('pending', 'parked')",
    "create index outbox_created on leeway.outbox (receiver, created_at, state)",
    "create index outbox_incident on leeway.outbox (incident)",

    "create table leeway.delivery (" ID "outbox bigint not null, attempted_at" NOW ","
    " attempt bigint not null, state text not null, http_status integer, error text)",

    /* What all is measured against. promoted_order: null, or higher the later it was promoted. */
    "create table leeway.baseline (name" KEY "version integer not null, hash" KEY
    "created text not null, row_count bigint not null, document text not null,"
    " promoted_order bigint, created_at" NOW ", primary key (name, version), unique (name, hash))",

    "create table leeway.audit (" ID "happened_at" NOW ", action text not null,"
    " subject text not null, detail text not null, agent text not null,"
    " login text not null default session_user)",
    NULL,
};

const char *const *const postgres_steps[] = {step_1};
const int postgres_step_count = sizeof postgres_steps / sizeof *postgres_steps;

const char postgres_schema_query[] =
    "select (select max(version)::bigint from leeway.schema_version),"
    " pg_is_in_recovery() or current_setting('transaction_read_only')::boolean";

const char postgres_grants[] =
    "revoke all on schema leeway from public;"
    "grant usage on schema leeway to leeway_agent, leeway_reader;"
    "grant select on all tables in schema leeway to leeway_agent, leeway_reader;"
    "grant insert, update, delete on all tables in schema leeway to leeway_agent;"
    "revoke insert, update, delete on leeway.schema_version from leeway_agent;"
    "revoke update, delete on leeway.audit, leeway.baseline from leeway_agent;"
    "grant update (promoted_order) on leeway.baseline to leeway_agent;";

int postgres_schema_fits(int64_t version, struct err *reterr)
{
    if (version >= postgres_step_count && version <= postgres_step_count + 1)
        return 0;
    if (version < postgres_step_count) {
        err_set(reterr, ERR_UNAVAILABLE,
                "the tables of leeway have version %lld, this program needs %d", (long long)version,
                postgres_step_count);
        err_hint(reterr, "Run: leeway migrate");
    } else {
        err_set(reterr, ERR_UNAVAILABLE,
                "the tables of leeway have version %lld, this program knows %d at most",
                (long long)version, postgres_step_count + 1);
        err_hint(reterr, "Run a newer leeway; tables are never made older.");
    }
    return ERR_UNAVAILABLE;
}
