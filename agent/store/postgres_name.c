/* getaddrinfo waits for name servers, for seconds if they are away, and libpq calls it in the
 * middle of connecting. Done beforehand in a thread, which shares nothing with the program but the
 * memory of this one look-up and one end of a pipe: whoever of the two is later frees it. Assumes
 * that the first address of a name is as good as the others. Knows no database. */
#include "store/postgres_name.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"

/* What the thread and the loop share. */
struct shared {
    atomic_int users;
    char *hosts;
    struct text addresses;
    bool known;
    int written; /* end of the pipe */
};

struct postgres_name {
    struct shared *shared;
    struct event *event;
    int readable;
    void (*found)(void *context, const char *addresses);
    void *context;
};

static void shared_unref(struct shared *shared)
{
    if (atomic_fetch_sub(&shared->users, 1) != 1)
        return;
    close(shared->written);
    free(shared->hosts);
    text_release(&shared->addresses);
    free(shared);
}

static void look_up(struct shared *shared, const char *host)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;
    char address[NI_MAXHOST] = "";
    if (!host[0] || host[0] == '/' || host[0] == '@') {
        shared->known = true;
        return;
    }
    if (getaddrinfo(host, NULL, &hints, &list) == 0 &&
        getnameinfo(list->ai_addr, list->ai_addrlen, address, sizeof address, NULL, 0,
                    NI_NUMERICHOST) == 0) {
        text_puts(&shared->addresses, address);
        shared->known = true;
    }
    if (list)
        freeaddrinfo(list);
}

static void *run(void *context)
{
    struct shared *shared = context;
    char *rest = shared->hosts;
    for (const char *host; (host = strsep(&rest, ","));) {
        look_up(shared, host);
        if (rest)
            text_puts(&shared->addresses, ",");
    }
    /* The pipe's other end may be gone: then nobody wants to know. */
    ssize_t size = write(shared->written, "", 1);
    (void)size;
    shared_unref(shared);
    return NULL;
}

static void on_found(evutil_socket_t fd, short what, void *context)
{
    struct postgres_name *name = context;
    char byte;
    (void)what;
    struct text addresses = {0};
    bool known = read(fd, &byte, 1) == 1 && name->shared->known;
    if (known)
        text_add(&addresses, name->shared->addresses.data, name->shared->addresses.size);
    name->found(name->context, known ? addresses.data : NULL);
    text_release(&addresses);
}

/* Without signals: they are the loop's. */
static bool start(struct shared *shared)
{
    pthread_t thread;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started = pthread_create(&thread, NULL, run, shared) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (started)
        pthread_detach(thread);
    return started;
}

struct postgres_name *postgres_name_new(const char *hosts, struct event_base *base,
                                        void (*found)(void *context, const char *addresses),
                                        void *context)
{
    struct postgres_name *name = mem_new(1, sizeof *name);
    int ends[2] = {-1, -1};
    name->shared = mem_new(1, sizeof *name->shared);
    name->shared->hosts = mem_copy(hosts);
    text_puts(&name->shared->addresses, "");
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
        ends[0] = ends[1] = -1; /* no descriptors left: the caller's time limit ends this */
    name->readable = ends[0];
    name->shared->written = ends[1];
    name->found = found;
    name->context = context;
    atomic_store(&name->shared->users, 2);
    if (ends[0] >= 0) {
        name->event = event_new(base, ends[0], EV_READ, on_found, name);
        if (!name->event || event_add(name->event, NULL))
            mem_fail(0);
    }
    if (!start(name->shared))
        shared_unref(name->shared); /* the thread's share */
    return name;
}

void postgres_name_free(struct postgres_name *name)
{
    if (!name)
        return;
    if (name->event)
        event_free(name->event);
    if (name->readable >= 0)
        close(name->readable);
    shared_unref(name->shared);
    free(name);
}
