/* A listener on a free port with a store in memory, and a client on the same loop. */
#ifndef TEST_EXPOSE_SUPPORT_H
#define TEST_EXPOSE_SUPPORT_H

#include <jansson.h>

#include "expose/internal.h"

struct site {
    struct event_base *base;
    struct store *store;
    struct config config;
    struct config_monitor monitors[2];
    struct web *web;
    bool ready, reload_fails, reload_later;
    int reloads;
    struct web_reload *token; /* of the last one */
};

/* Starts with these limits (NULL: the default ones); the store is empty. */
void site_start(struct site *site, const struct web_limits *limits);
void site_stop(struct site *site);

/* Answers the last reload: well, or not if `reload_fails`. */
void site_reloaded(struct site *site);

/* Fills the store with one made-up monitor: "fraud", versions 6 and 7, three windows, a segment,
 * two days of history, incidents, baselines, quarantine. */
void site_fill(struct store *store);

/* What came back, until the server closed. */
struct answer {
    int status;       /* 0: nothing that looks like HTTP */
    struct text head; /* with the status line */
    const char *body; /* in `all` */
    struct text all;
    bool closed; /* by the server; else the deadline of the test passed */
};

/* Sends the bytes and runs the loop until the server has closed the connection. */
void site_exchange(struct site *site, const char *bytes, size_t size, struct answer *ret_answer);
void answer_release(struct answer *answer);

/* The same in two steps: what is sent may still be under way after the first, and the connection
 * may simply be closed instead of the second. */
struct client {
    int fd;
    const char *bytes; /* left to send */
    size_t left;
    struct text request;
};
struct client site_ask(struct site *site, const char *path); /* GET */
struct client site_post(struct site *site, const char *path);
void site_receive(struct site *site, struct client *client, struct answer *ret_answer);
void client_close(struct client *client);

/* "GET path". */
void site_get(struct site *site, const char *path, struct answer *ret_answer);
/* GET, must be 200 with valid JSON. Caller decrefs. */
json_t *site_json(struct site *site, const char *path);
/* The value of a header, "" if it is not there. Valid until the next call. */
const char *answer_header(const struct answer *answer, const char *name);

/* Runs the loop until `condition` holds; false when 20 s have passed. */
bool site_wait(struct site *site, bool (*condition)(struct site *site, void *context),
               void *context);

/* A connected, non-blocking socket to the listener. */
int site_connect(struct site *site);

#endif
