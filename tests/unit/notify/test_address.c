#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "notify/address.h"

static const struct {
    const char *host;
    enum address_kind kind;
} table[] = {
    {"127.0.0.1", ADDRESS_LOOPBACK},
    {"127.255.255.254", ADDRESS_LOOPBACK},
    {"::1", ADDRESS_LOOPBACK},
    {"::ffff:127.0.0.1", ADDRESS_LOOPBACK},
    {"10.0.0.1", ADDRESS_OTHER},
    {"192.168.1.1", ADDRESS_OTHER},
    {"172.16.0.1", ADDRESS_OTHER},
    {"8.8.8.8", ADDRESS_OTHER},
    {"192.0.1.1", ADDRESS_OTHER},
    {"168.63.129.17", ADDRESS_OTHER},
    {"169.253.255.255", ADDRESS_OTHER},
    {"2001:db8::1", ADDRESS_OTHER},
    {"fd00::1", ADDRESS_OTHER},
    {"fd00:ec3::254", ADDRESS_OTHER},
    {"::ffff:8.8.8.8", ADDRESS_OTHER},
    {"0.0.0.0", ADDRESS_REFUSED},
    {"0.1.2.3", ADDRESS_REFUSED},
    {"169.254.169.254", ADDRESS_REFUSED},
    {"169.254.170.2", ADDRESS_REFUSED},
    {"169.254.0.1", ADDRESS_REFUSED},
    {"100.100.100.200", ADDRESS_REFUSED},
    {"192.0.0.192", ADDRESS_REFUSED},
    {"168.63.129.16", ADDRESS_REFUSED},
    {"224.0.0.1", ADDRESS_REFUSED},
    {"240.0.0.1", ADDRESS_REFUSED},
    {"255.255.255.255", ADDRESS_REFUSED},
    {"::", ADDRESS_REFUSED},
    {"fe80::1", ADDRESS_REFUSED},
    {"febf::1", ADDRESS_REFUSED},
    {"fec0::1", ADDRESS_REFUSED},
    {"ff02::1", ADDRESS_REFUSED},
    {"fd00:ec2::254", ADDRESS_REFUSED},
    {"fd20:ce::254", ADDRESS_REFUSED},
    {"::ffff:169.254.169.254", ADDRESS_REFUSED},
    {"::169.254.169.254", ADDRESS_REFUSED},
    {"64:ff9b::169.254.169.254", ADDRESS_REFUSED},
    {"2002:a9fe:a9fe::1", ADDRESS_REFUSED},
    {"::ffff:0.0.0.0", ADDRESS_REFUSED},
};

static enum address_kind kind_of(const char *host)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, host, &in.sin_addr) == 1)
        return address_kind((struct sockaddr *)(void *)&in);
    cr_assert_eq(inet_pton(AF_INET6, host, &in6.sin6_addr), 1, "%s", host);
    return address_kind((struct sockaddr *)(void *)&in6);
}

Test(address, kinds)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        cr_assert_eq(kind_of(table[i].host), table[i].kind, "%s", table[i].host);
        cr_assert_eq(address_kind_of_host(table[i].host), table[i].kind, "%s", table[i].host);
    }
}

Test(address, other_families_are_refused)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    cr_assert_eq(address_kind((struct sockaddr *)(void *)&un), ADDRESS_REFUSED);
}

Test(address, hosts_of_urls)
{
    char longest[300];
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    cr_assert_eq(address_kind_of_host("localhost"), ADDRESS_LOOPBACK);
    cr_assert_eq(address_kind_of_host("[::1]"), ADDRESS_LOOPBACK);
    cr_assert_eq(address_kind_of_host("[fe80::1]"), ADDRESS_REFUSED);
    cr_assert_eq(address_kind_of_host("localhost.example"), ADDRESS_OTHER);
    cr_assert_eq(address_kind_of_host(""), ADDRESS_OTHER);
    cr_assert_eq(address_kind_of_host("[]"), ADDRESS_OTHER);
    cr_assert_eq(address_kind_of_host(longest), ADDRESS_OTHER);
}
