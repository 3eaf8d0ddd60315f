#include <criterion/criterion.h>
#include <string.h>

#include "expose/address.h"

static void is(const char *text, const char *host, uint16_t port)
{
    struct address address;
    struct err err;
    cr_assert_eq(address_parse(text, &address, &err), 0, "%s", text);
    cr_assert_str_eq(address.host, host);
    cr_assert_eq(address.port, port);
}

Test(address, forms)
{
    is("127.0.0.1:9464", "127.0.0.1", 9464);
    is("[::1]:0", "::1", 0);
    is("[fe80::1%eth0]:80", "fe80::1%eth0", 80);
    is("localhost:65535", "localhost", 65535);
    is("0.0.0.0:1", "0.0.0.0", 1);
}

Test(address, refusals)
{
    char longest[400];
    memset(longest, 'h', sizeof longest);
    memcpy(longest + sizeof longest - 4, ":80", 4);
    const char *bad[] = {"",          "127.0.0.1",  ":9464",      "host:",    "host:x",
                         "host:-1",   "host:65536", "host:99999", "host:80 ", "::1:80",
                         "[::1:80",   "[]:80",      "::1]:80",    "a]b:80",   "[::1]",
                         "host:0x50", "[::1]80",    "[:80",       longest,    NULL};
    for (int i = 0; bad[i]; i++) {
        struct address address;
        struct err err;
        cr_assert_eq(address_parse(bad[i], &address, &err), ERR_INVALID, "%s", bad[i]);
        cr_assert(err.text[0] && err.hint[0]);
    }
}
