/* Problem: a listener on loopback trusts whoever reaches it, and a page of any site reaches it
 * through the browser of somebody on this machine, once the site lets its own name point to
 * 127.0.0.1 (DNS rebinding). To the browser that is one site, so it hands the answer over. What
 * the page cannot change is the name in the Host header. It refuses to resolve anything. */
#include "expose/host.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/bytes.h"

/* "host:port", "[::1]:port", "host." -> the host alone. */
static struct bytes host_of(const char *authority, size_t size)
{
    const char *bracket = size && authority[0] == '[' ? memchr(authority, ']', size) : NULL;
    size_t inside = bracket ? (size_t)(bracket - authority) + 1 : 0;
    if (inside && (inside == size || bracket[1] == ':'))
        return bytes_make(authority + 1, (size_t)(bracket - authority) - 1);
    const char *colon = memchr(authority, ':', size);
    size = colon ? (size_t)(colon - authority) : size;
    return bytes_make(authority, size && authority[size - 1] == '.' ? size - 1 : size);
}

static bool same(struct bytes host, const char *name)
{
    return host.size == strlen(name) && strncasecmp(host.data, name, host.size) == 0;
}

static bool is_loopback(struct bytes host)
{
    static const char digits[] = "0123456789.";
    if (same(host, "::1"))
        return true;
    /* A browser writes an IPv4 address with four numbers, so a name cannot look like one. */
    for (size_t i = 0; i < host.size; i++)
        if (!memchr(digits, host.data[i], sizeof digits - 1))
            return false;
    return host.size > 4 && memcmp(host.data, "127.", 4) == 0;
}

bool host_is_loopback(const char *address)
{
    return is_loopback(bytes_of(address));
}

static bool is_localhost(struct bytes host)
{
    static const char ending[] = ".localhost";
    size_t size = sizeof ending - 1;
    return same(host, "localhost") ||
           (host.size > size && strncasecmp(host.data + host.size - size, ending, size) == 0);
}

bool host_is_ours(const char *header, const char *listen_host, const char *external_url)
{
    if (!header)
        return true;
    struct bytes host = host_of(header, strlen(header));
    if (is_loopback(host) || is_localhost(host) || same(host, listen_host))
        return true;
    const char *authority = external_url ? strstr(external_url, "://") : NULL;
    if (!authority)
        return false;
    authority += 3;
    struct bytes external = host_of(authority, strcspn(authority, "/?#"));
    return host.size && host.size == external.size &&
           strncasecmp(host.data, external.data, host.size) == 0;
}
