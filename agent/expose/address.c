/* Only the form is judged here; whether the host exists is found out by listening. An empty host is
 * refused on purpose: elsewhere it means "all interfaces", which nobody should get by leaving
 * something out. */
#include "expose/address.h"

#include <string.h>

static int refuse(const char *text, const char *why, struct err *reterr)
{
    err_set(reterr, ERR_INVALID, "cannot listen on \"%.200s\": %s", text, why);
    err_hint(reterr, "Write host:port, such as 127.0.0.1:9464 or [::1]:9464; 0.0.0.0:9464 is every "
                     "interface.");
    return ERR_INVALID;
}

static bool parse_port(const char *text, uint16_t *ret_port)
{
    uint32_t port = 0;
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 5 || text[digits])
        return false;
    for (size_t i = 0; i < digits; i++)
        port = port * 10 + (uint32_t)(text[i] - '0');
    *ret_port = (uint16_t)port;
    return port <= UINT16_MAX;
}

int address_parse(const char *text, struct address *ret_address, struct err *reterr)
{
    const char *host = text;
    const char *end = strrchr(text, ':');
    if (!end)
        return refuse(text, "it has no port", reterr);
    uint16_t port = 0;
    if (!parse_port(end + 1, &port))
        return refuse(text, "the port is not a number from 0 to 65535", reterr);
    size_t size = (size_t)(end - text);
    if (text[0] == '[') {
        if (size < 3 || text[size - 1] != ']')
            return refuse(text, "the bracket is not closed", reterr);
        host++;
        size -= 2;
    } else if (memchr(text, ':', size)) {
        return refuse(text, "an IPv6 address needs brackets", reterr);
    }
    if (size == 0)
        return refuse(text, "it has no host", reterr);
    if (size >= ADDRESS_HOST_MAX || memchr(host, '[', size) || memchr(host, ']', size))
        return refuse(text, "the host is not one", reterr);
    memcpy(ret_address->host, host, size);
    ret_address->host[size] = '\0';
    ret_address->port = port;
    return 0;
}
