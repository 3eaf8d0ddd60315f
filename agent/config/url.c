/* A deliberately narrow reading of URLs: what curl and this file could understand differently is
 * refused, so that a URL which looks local here is local there. Refuses to know who resolves names;
 * what a name resolves to is checked where the connection is made. */
#include "config/url.h"

#include <string.h>
#include <strings.h>

enum { URL_MAX = 4096, HOST_MAX = 255 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_host_byte(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == '-' || c == '_';
}

static bool is_address_byte(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' || c == '.';
}

/* The host at the start of `text`: its size, brackets included, or 0 if there is none. */
static size_t host_size(const char *text)
{
    size_t size = 0;
    if (text[0] == '[') {
        for (size = 1; is_address_byte(text[size]); size++)
            ;
        return text[size] == ']' && size > 2 ? size + 1 : 0;
    }
    while (is_host_byte(text[size]))
        size++;
    return size <= HOST_MAX && text[0] != '.' && text[0] != '-' ? size : 0;
}

/* The size of the port's digits at the start of `text`, 0 if it is no number up to 65535. */
static size_t port_size(const char *text)
{
    unsigned number = 0;
    size_t size = 0;
    for (; size < 6 && is_digit(text[size]); size++)
        number = number * 10 + (unsigned)(text[size] - '0');
    return number <= 65535 && size < 6 ? size : 0;
}

bool host_port_valid(const char *text)
{
    size_t host = host_size(text);
    if (!host || text[host] != ':')
        return false;
    size_t port = port_size(text + host + 1);
    return port && text[host + 1 + port] == '\0';
}

/* Strictly four decimal numbers: "127.1" and "127.0.0.1.example" are names for somebody else. */
static bool is_loopback_address(const char *host, size_t size)
{
    if (size < 9 || size > 15 || strncmp(host, "127.", 4) != 0)
        return false;
    unsigned dots = 0, digits = 0, number = 0;
    for (size_t i = 0; i <= size; i++) {
        if (i == size || host[i] == '.') {
            if (!digits || digits > 3 || number > 255)
                return false;
            dots += i < size;
            digits = number = 0;
            continue;
        }
        if (!is_digit(host[i]) || (digits && !number)) /* a leading zero may mean octal */
            return false;
        number = number * 10 + (unsigned)(host[i] - '0');
        digits++;
    }
    return dots == 3;
}

static bool is_loopback(const char *host, size_t size)
{
    return (size == 9 && strncasecmp(host, "localhost", 9) == 0) ||
           (size == 5 && strncmp(host, "[::1]", 5) == 0) || is_loopback_address(host, size);
}

static bool has_odd_byte(const char *url)
{
    for (; *url; url++)
        if ((unsigned char)*url <= 0x20 || (unsigned char)*url >= 0x7f || *url == '\\')
            return true;
    return false;
}

const char *url_refuse(const char *url, bool insecure_http)
{
    bool plain = strncasecmp(url, "http://", 7) == 0;
    if (!plain && strncasecmp(url, "https://", 8) != 0)
        return "must begin with https:// (or http://)";
    if (strlen(url) > URL_MAX)
        return "must have at most 4096 bytes";
    if (has_odd_byte(url))
        return "must not contain white space, backslashes or bytes beyond ASCII";
    const char *host = url + (plain ? 7 : 8);
    size_t authority = strcspn(host, "/?#");
    if (memchr(host, '@', authority))
        return "must not contain a user or password";
    size_t size = host_size(host), end = size;
    if (!size || size > authority)
        return "must have a host name or address";
    if (host[end] == ':') {
        size_t port = port_size(host + end + 1);
        if (!port)
            return "must have a port from 0 to 65535";
        end += 1 + port;
    }
    if (end != authority)
        return "must have a host name or address";
    if (plain && !insecure_http && !is_loopback(host, size))
        return "must use https, since plain http is for this machine only";
    return NULL;
}
