/* "host:port" as people write it. */
#ifndef LEEWAY_EXPOSE_ADDRESS_H
#define LEEWAY_EXPOSE_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum { ADDRESS_HOST_MAX = 256 };

struct address {
    char host[ADDRESS_HOST_MAX]; /* without brackets */
    uint16_t port;
};

/* "127.0.0.1:9464", "[::1]:0", "localhost:9464". ERR_INVALID with a hint for everything else: no
 * port, no host, brackets that do not match, an IPv6 address without brackets, a port above 65535.
 */
int address_parse(const char *text, struct address *ret_address, struct err *reterr);

#endif
