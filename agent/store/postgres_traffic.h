/* The calls on a link that is there: sending, receiving, and what becomes of them when it is lost.
 * For postgres_link.c, which makes the connection; the two share the link. */
#ifndef LEEWAY_STORE_POSTGRES_TRAFFIC_H
#define LEEWAY_STORE_POSTGRES_TRAFFIC_H

#include "store/postgres_link.h"

struct event;
struct postgres_name;

enum link_state { LINK_WAITING, LINK_NAMING, LINK_CONNECTING, LINK_CHECKING, LINK_READY };

struct postgres_link {
    struct postgres_target *target;
    struct event_base *base;
    const char *agent;
    bool *busy;

    enum link_state state;
    PGconn *conn;
    struct postgres_name *name;
    struct event *io, *timer, *wake, *tick;
    short watched;
    bool lost;           /* found while reading; acted upon afterwards */
    bool useful, missed; /* has been ready; its loss has been said */
    unsigned attempts;
    struct err why; /* it is not ready */
    struct err check;
    bool check_final, checked;
    char state_text[sizeof((struct err *)0)->text + 16];
    struct loop_time heard;

    struct call *head, **end; /* in the order of the calls; those that were sent come first */
    int depth;                /* callbacks under way: they may free the link, which then goes */
    bool freed;               /* when the last of them has returned */
};

/* Sends what waits, up to a call that is or was in doubt: what comes behind it may depend on what
 * it has become. */
void traffic_send(struct postgres_link *link);

/* Answers the calls whose results have come. Sets `lost` if the connection is of no use any more.
 */
void traffic_receive(struct postgres_link *link);

/* The connection is gone: what was sent goes back to waiting, is to be asked about, or is given up.
 */
void traffic_return(struct postgres_link *link);

/* Answers those who have waited for a connection long enough, or all who wait for one. */
void traffic_time_out(struct postgres_link *link, bool all);

/* Nobody is told. */
void traffic_drop(struct postgres_link *link);

/* postgres_link.c: waits for EV_READ, EV_WRITE on the connection. */
void link_watch(struct postgres_link *link, short what);

#endif
