/* Servers restart, fail over and are not there yet, tables are missing until somebody makes them,
 * passwords change; the agent goes on through all of it. So the connection is a state machine that
 * always has a next attempt and can always say in one line what is wrong. Assumes one thread. Knows
 * no statement but the look at the schema. */
#include "store/postgres_link.h"

#include <event2/event.h>
#include <event2/util.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/postgres_error.h"
#include "store/postgres_name.h"
#include "store/postgres_schema.h"
#include "store/postgres_traffic.h"
#include "sys/file.h"
#include "sys/log.h"

enum { BACKOFF_FIRST_MS = 100, BACKOFF_LAST_MS = 5000, CONNECT_MS = 5000, TICK_MS = 250 };

static void on_io(evutil_socket_t fd, short what, void *context);

/* ---- events */

static struct timeval duration(int64_t ms)
{
    return (struct timeval){.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000};
}

static void unwatch(struct postgres_link *link)
{
    if (link->io)
        event_free(link->io);
    link->io = NULL;
    link->watched = 0;
}

void link_watch(struct postgres_link *link, short what)
{
    if (link->io && link->watched == what)
        return;
    unwatch(link);
    link->io = event_new(link->base, PQsocket(link->conn), (short)(what | EV_PERSIST), on_io, link);
    if (!link->io || event_add(link->io, NULL))
        mem_fail(0);
    link->watched = what;
}

static void set_timer(struct postgres_link *link, int64_t ms)
{
    struct timeval when = duration(ms);
    event_add(link->timer, &when);
}

static int64_t backoff_ms(struct postgres_link *link)
{
    unsigned shift = link->attempts < 10 ? link->attempts : 10;
    int64_t ms = (int64_t)BACKOFF_FIRST_MS << shift;
    uint32_t random;
    evutil_secure_rng_get_bytes(&random, sizeof random);
    ms = ms < BACKOFF_LAST_MS ? ms : BACKOFF_LAST_MS;
    link->attempts++;
    return ms / 2 + random % (ms / 2 + 1);
}

/* ---- losing the server */

/* Around all that the loop calls. Callbacks may free the link: it lives until they have returned.
 */
static void enter(struct postgres_link *link)
{
    link->depth++;
}

static void destroy(struct postgres_link *link);

static void leave(struct postgres_link *link)
{
    if (!--link->depth && link->freed)
        destroy(link);
}

static void say_lost(struct postgres_link *link)
{
    if (link->useful && link->agent[0])
        log_warning("database lost", "reason", link->why.text);
    link->missed |= link->useful;
    link->useful = false;
}

static void drop_connection(struct postgres_link *link)
{
    unwatch(link);
    postgres_name_free(link->name);
    link->name = NULL;
    if (link->conn)
        PQfinish(link->conn);
    link->conn = NULL;
    link->lost = false;
    link->state = LINK_WAITING;
}

/* `link->why` says why. */
static void go_down(struct postgres_link *link, bool final)
{
    int length = (int)sizeof link->why.text - 1;
    snprintf(link->state_text, sizeof link->state_text, "database: %.*s", length, link->why.text);
    say_lost(link);
    drop_connection(link);
    set_timer(link, backoff_ms(link));
    traffic_return(link);
    traffic_time_out(link, final);
}

static void lose(struct postgres_link *link, const char *why)
{
    err_set(&link->why, ERR_UNAVAILABLE, "%s", why);
    go_down(link, false);
}

static void refuse_connection(struct postgres_link *link)
{
    bool final;
    postgres_connect_err(PQerrorMessage(link->conn), &final, &link->why);
    go_down(link, final);
}

/* ---- connecting */

static void advance_connecting(struct postgres_link *link);

static void start_connecting(struct postgres_link *link, const char *addresses)
{
    struct err err = {0};
    link->conn = postgres_target_connect(link->target, addresses, false, &err);
    if (!link->conn) { /* the password file */
        err_set(&link->why, ERR_UNAVAILABLE, "the password file cannot be used");
        err_hint(&link->why, "It must be a file that only leeway's user can read.");
        go_down(link, true);
    } else if (PQstatus(link->conn) == CONNECTION_BAD) {
        refuse_connection(link);
    } else {
        PQsetNoticeProcessor(link->conn, postgres_ignore_notice, NULL);
        link->state = LINK_CONNECTING;
        set_timer(link, (int64_t)CONNECT_MS * link->target->host_count);
        link_watch(link, EV_WRITE); /* as libpq wants it: as if it had just asked to write */
    }
}

static void on_named(void *context, const char *addresses)
{
    struct postgres_link *link = context;
    enter(link);
    if (addresses) {
        start_connecting(link, addresses);
    } else {
        err_set(&link->why, ERR_UNAVAILABLE, "the host name is not known");
        go_down(link, false);
    }
    leave(link);
}

static void start_attempt(struct postgres_link *link)
{
    if (!link->target->names) {
        start_connecting(link, NULL);
        return;
    }
    link->state = LINK_NAMING;
    set_timer(link, CONNECT_MS);
    link->name = postgres_name_new(link->target->names, link->base, on_named, link);
}

static void start_check(struct postgres_link *link)
{
    link->state = LINK_CHECKING;
    link->checked = false;
    link->check = (struct err){0};
    PQsetnonblocking(link->conn, 1);
    if (PQsendQueryParams(link->conn, postgres_schema_query, 0, NULL, NULL, NULL, NULL, 1) != 1)
        refuse_connection(link);
    else
        link_watch(link, PQflush(link->conn) ? EV_READ | EV_WRITE : EV_READ);
}

static void advance_connecting(struct postgres_link *link)
{
    unwatch(link); /* libpq may go on with another socket */
    switch (PQconnectPoll(link->conn)) {
    case PGRES_POLLING_READING:
        link_watch(link, EV_READ);
        break;
    case PGRES_POLLING_WRITING:
        link_watch(link, EV_WRITE);
        break;
    case PGRES_POLLING_OK:
        start_check(link);
        break;
    default:
        refuse_connection(link);
    }
}

/* ---- looking at the schema */

static void take_check(struct postgres_link *link, const PGresult *result)
{
    struct row row = {.result = result};
    if (PQresultStatus(result) != PGRES_TUPLES_OK) {
        postgres_check_err(result, &link->check_final, &link->check);
        return;
    }
    int64_t version = row_int(&row);
    bool read_only = row_bool(&row);
    link->checked = postgres_schema_fits(version, &link->check) == 0;
    link->check_final = !link->checked;
    if (link->checked && read_only && link->agent[0]) {
        link->checked = false;
        err_set(&link->check, ERR_UNAVAILABLE, "the server is read-only");
        err_hint(&link->check,
                 "Name the primary in the store's URL, or target_session_attrs=read-write.");
    }
}

static void become_ready(struct postgres_link *link)
{
    if (PQenterPipelineMode(link->conn) != 1) {
        lose(link, "the connection cannot be used");
        return;
    }
    if (link->agent[0] && link->missed)
        log_info("database is back");
    link->missed = false;
    event_del(link->timer);
    link->state = LINK_READY;
    link->useful = true;
    link->attempts = 0;
    link->heard = clock_loop();
    snprintf(link->state_text, sizeof link->state_text, "ok");
    traffic_send(link);
}

static void advance_check(struct postgres_link *link)
{
    int alive = PQconsumeInput(link->conn), unsent = PQflush(link->conn);
    while (!PQisBusy(link->conn)) {
        PGresult *result = PQgetResult(link->conn);
        if (!result && link->checked) {
            become_ready(link);
            return;
        }
        if (!result) {
            link->why = link->check;
            go_down(link, link->check_final);
            return;
        }
        take_check(link, result);
        PQclear(result);
    }
    if (alive && unsent >= 0)
        link_watch(link, unsent ? EV_READ | EV_WRITE : EV_READ);
    else
        refuse_connection(link);
}

/* ---- the loop's calls */

static void exchange(struct postgres_link *link)
{
    bool alive = PQconsumeInput(link->conn) == 1;
    link->heard = clock_loop();
    traffic_receive(link);
    if (link->freed)
        return;
    if (!alive || link->lost)
        lose(link, "the connection was lost");
    else
        traffic_send(link);
}

static void on_io(evutil_socket_t fd, short what, void *context)
{
    struct postgres_link *link = context;
    (void)fd;
    (void)what;
    enter(link);
    if (link->state == LINK_CONNECTING)
        advance_connecting(link);
    else if (link->state == LINK_CHECKING)
        advance_check(link);
    else if (link->state == LINK_READY)
        exchange(link);
    leave(link);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
    struct postgres_link *link = context;
    (void)fd;
    (void)what;
    enter(link);
    if (link->state == LINK_WAITING)
        start_attempt(link);
    else if (link->state == LINK_READY) /* `why` says it */
        go_down(link, false);
    else
        lose(link, "no answer");
    leave(link);
}

static void on_wake(evutil_socket_t fd, short what, void *context)
{
    struct postgres_link *link = context;
    (void)fd;
    (void)what;
    enter(link);
    if (link->state == LINK_READY && link->lost)
        exchange(link);
    else
        traffic_send(link);
    leave(link);
}

static void on_tick(evutil_socket_t fd, short what, void *context)
{
    struct postgres_link *link = context;
    bool sent = link->head && link->head->sent;
    (void)fd;
    (void)what;
    enter(link);
    if (link->state == LINK_READY && sent &&
        clock_loop().ms - link->heard.ms >= POSTGRES_SILENCE_MS)
        lose(link, "no answer");
    traffic_time_out(link, false);
    if (!link->freed && !link->head)
        event_del(link->tick);
    leave(link);
}

/* ---- life */

struct postgres_link *postgres_link_new(struct postgres_target *target, struct event_base *base,
                                        bool *busy, const char *agent)
{
    struct postgres_link *link = mem_new(1, sizeof *link);
    link->target = target;
    link->base = base;
    link->busy = busy;
    link->agent = agent;
    link->end = &link->head;
    link->timer = event_new(base, -1, 0, on_timer, link);
    link->wake = event_new(base, -1, 0, on_wake, link);
    link->tick = event_new(base, -1, EV_PERSIST, on_tick, link);
    if (!link->timer || !link->wake || !link->tick)
        mem_fail(0);
    err_set(&link->why, ERR_UNAVAILABLE, "connecting");
    snprintf(link->state_text, sizeof link->state_text, "database: connecting");
    set_timer(link, 0);
    return link;
}

static void destroy(struct postgres_link *link)
{
    drop_connection(link);
    traffic_drop(link);
    event_free(link->timer);
    event_free(link->wake);
    event_free(link->tick);
    postgres_target_free(link->target);
    free(link);
}

void postgres_link_free(struct postgres_link *link)
{
    if (!link)
        return;
    link->freed = true;
    if (!link->depth)
        destroy(link);
}

void postgres_link_send(struct postgres_link *link, struct call *call)
{
    struct timeval tick = duration(TICK_MS);
    call->since = clock_loop();
    *link->end = call;
    link->end = &call->next;
    if (!event_pending(link->tick, EV_TIMEOUT, NULL))
        event_add(link->tick, &tick);
    event_active(link->wake, EV_TIMEOUT, 0);
}

const char *postgres_link_state(const struct postgres_link *link)
{
    return link->state_text;
}
