/* Which addresses may be connected to. Pure; checked for each connection at the moment it is made,
 * so that a name that resolves differently the second time gains nothing. */
#ifndef LEEWAY_NOTIFY_ADDRESS_H
#define LEEWAY_NOTIFY_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

enum address_kind {
    ADDRESS_REFUSED,  /* link-local, metadata services, unspecified, multicast, not IP */
    ADDRESS_LOOPBACK, /* 127.0.0.0/8, ::1 */
    ADDRESS_OTHER
};

/* IPv4 inside IPv6 (mapped, compatible, 6to4, NAT64) is judged as the IPv4 address. */
enum address_kind address_kind(const struct sockaddr *address);

/* The same for a host as it stands in a URL, if it is a numeric address ("[::1]" with or without
 * brackets); "localhost" is loopback, every other name ADDRESS_OTHER. */
enum address_kind address_kind_of_host(const char *host);

#endif
