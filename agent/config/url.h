/* Which URLs may be sent to. */
#ifndef LEEWAY_CONFIG_URL_H
#define LEEWAY_CONFIG_URL_H

#include <stdbool.h>
#include <stddef.h>

/* NULL if requests may go to `url`; else what is wrong with it as the end of a sentence that begins
 * with what it is ("must begin with https://"), which never contains any part of it, since a URL
 * can be a credential. Accepted are https, and http to this machine ("localhost", 127.0.0.0/8,
 * [::1]) or, with `insecure_http`, to any host; with a host of letters, digits, ".", "-" and "_" or
 * an IPv6 address in brackets; without user and password, white space, control characters,
 * backslashes and bytes beyond ASCII. For URLs from the configuration and from its url_files. */
const char *url_refuse(const char *url, bool insecure_http);

/* Host and port of "host:port", "[::1]:port"; the port is 0 to 65535. */
bool host_port_valid(const char *text);

#endif
