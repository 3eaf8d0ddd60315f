/* Looks host names up without stopping the loop: the system's resolver has no asynchronous form, so
 * each look-up has a thread of its own, which may outlive it. */
#ifndef LEEWAY_STORE_POSTGRES_NAME_H
#define LEEWAY_STORE_POSTGRES_NAME_H

struct event_base;
struct postgres_name;

/* Looks `hosts` (comma-separated; addresses, socket directories and empty ones stay as they are) up
 * and calls `found` from the loop, once, with as many comma-separated addresses, for libpq's
 * hostaddr (empty for a socket); a name that is not known is left out as empty, too. NULL if none
 * of them is known. `addresses` lives during the call, in which the look-up may be freed. */
struct postgres_name *postgres_name_new(const char *hosts, struct event_base *base,
                                        void (*found)(void *context, const char *addresses),
                                        void *context);
/* `found` is not called any more. Takes NULL. */
void postgres_name_free(struct postgres_name *name);

#endif
