/* Under which names a listener on this machine may be asked. */
#ifndef LEEWAY_EXPOSE_HOST_H
#define LEEWAY_EXPOSE_HOST_H

#include <stdbool.h>

/* True for addresses that only this machine reaches: "127.x.y.z", "::1", without brackets. */
bool host_is_loopback(const char *address);

/* True if a request with this Host header ("localhost:9464", "[::1]", NULL: it had none, as
 * HTTP/1.0 may) may be answered by a listener on loopback: it names this machine, the host that is
 * listened on (without brackets), or that of `external_url` (NULL: none). */
bool host_is_ours(const char *header, const char *listen_host, const char *external_url);

#endif
