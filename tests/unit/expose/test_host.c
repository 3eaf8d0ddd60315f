#include <criterion/criterion.h>

#include "expose/host.h"

Test(host, names_of_this_machine)
{
    static const char *const ours[] = {"localhost",        "LOCALHOST:9464",
                                       "localhost.:80",    "app.localhost",
                                       "127.0.0.1",        "127.0.0.1:9464",
                                       "127.1.2.3:1",      "[::1]",
                                       "[::1]:9464",       "box.lan:9464",
                                       "leeway.example:1", "LEEWAY.example",
                                       "leeway.example.",  NULL};
    for (int i = 0; ours[i]; i++)
        cr_assert(host_is_ours(ours[i], "box.lan", "https://leeway.example:8443/base"), "%s",
                  ours[i]);
    cr_assert(host_is_ours(NULL, "box.lan", NULL), "HTTP/1.0");
    cr_assert(host_is_ours("[2001:db8::1]:1", "box.lan", "http://[2001:db8::1]/"));
}

Test(host, other_names)
{
    static const char *const others[] = {"",
                                         ":9464",
                                         "rebound.example",
                                         "rebound.example:9464",
                                         "127.0.0.1.rebound.example",
                                         "127.rebound.example",
                                         "localhost.rebound.example",
                                         "notlocalhost",
                                         "rebound.example#localhost",
                                         "[::1].rebound.example]",
                                         "[",
                                         "[]",
                                         "127.",
                                         "10.0.0.1",
                                         "leeway.example.rebound.example",
                                         "xleeway.example",
                                         NULL};
    for (int i = 0; others[i]; i++)
        cr_assert_not(host_is_ours(others[i], "box.lan", "https://leeway.example/"), "%s",
                      others[i]);
    cr_assert_not(host_is_ours("leeway.example", "box.lan", NULL));
    cr_assert_not(host_is_ours("", "box.lan", "https:///"));
}

Test(host, loopback_addresses)
{
    cr_assert(host_is_loopback("127.0.0.1"));
    cr_assert(host_is_loopback("127.9.9.9"));
    cr_assert(host_is_loopback("::1"));
    cr_assert_not(host_is_loopback("0.0.0.0"));
    cr_assert_not(host_is_loopback("::"));
    cr_assert_not(host_is_loopback("10.0.0.1"));
    cr_assert_not(host_is_loopback("::ffff:10.0.0.1"));
}
