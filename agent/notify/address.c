/* Guard against being used to reach what only this machine can reach: cloud metadata services above
 * all. Receivers inside a private network are normal, so private ranges are allowed; link-local
 * ones never are. */
#include "notify/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct range4 {
    uint32_t network;
    int bits;
};

static const struct range4 refused4[] = {
    {0x00000000, 8},  /* this network; 0.0.0.0 connects to loopback */
    {0xa9fe0000, 16}, /* link-local, 169.254.169.254 and 169.254.170.2 among them */
    {0x646464c8, 32}, /* 100.100.100.200, metadata of Alibaba Cloud */
    {0xc0000000, 24}, /* 192.0.0.0/24, IETF protocols; 192.0.0.192 is metadata of Oracle Cloud */
    {0xa83f8110, 32}, /* 168.63.129.16, Azure's host agent */
    {0xe0000000, 3}   /* multicast, reserved, broadcast */
};

static enum address_kind kind4(uint32_t address)
{
    if (address >> 24 == 127)
        return ADDRESS_LOOPBACK;
    for (size_t i = 0; i < sizeof refused4 / sizeof refused4[0]; i++) {
        int shift = 32 - refused4[i].bits;
        if (address >> shift == refused4[i].network >> shift)
            return ADDRESS_REFUSED;
    }
    return ADDRESS_OTHER;
}

static uint32_t word(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* Finds the IPv4 address that an IPv6 address is another spelling of. */
static bool embedded4(const unsigned char *a, uint32_t *ret_address)
{
    static const unsigned char zeros[12];
    static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    static const unsigned char nat64[12] = {0, 0x64, 0xff, 0x9b};
    bool last = !memcmp(a, mapped, 12) || !memcmp(a, nat64, 12) ||
                (!memcmp(a, zeros, 12) && word(a + 12) > 1);
    if (last)
        *ret_address = word(a + 12);
    else if (a[0] == 0x20 && a[1] == 0x02)
        *ret_address = word(a + 2);
    else
        return false;
    return true;
}

static enum address_kind kind6(const unsigned char *a)
{
    static const unsigned char unspecified[16];
    static const unsigned char loopback[16] = {[15] = 1};
    static const unsigned char gce[16] = {
        [0] = 0xfd, [1] = 0x20, [3] = 0xce, [14] = 2, [15] = 0x54};
    uint32_t inner;
    if (embedded4(a, &inner))
        return kind4(inner);
    if (!memcmp(a, loopback, sizeof loopback))
        return ADDRESS_LOOPBACK;
    bool local = a[0] == 0xfe && (a[1] & 0x80) != 0; /* fe80::/10 and the old fec0::/10 */
    bool metadata = word(a) == 0xfd000ec2 || !memcmp(a, gce, sizeof gce); /* fd00:ec2::/32 */
    bool multicast = a[0] == 0xff;
    return local || metadata || multicast || !memcmp(a, unspecified, sizeof unspecified)
               ? ADDRESS_REFUSED
               : ADDRESS_OTHER;
}

enum address_kind address_kind(const struct sockaddr *address)
{
    /* Copied out: the caller's bytes need not be aligned for the larger structs. */
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof in);
        return kind4(ntohl(in.sin_addr.s_addr));
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, address, sizeof in6);
        return kind6(in6.sin6_addr.s6_addr);
    }
    return ADDRESS_REFUSED;
}

enum address_kind address_kind_of_host(const char *host)
{
    char bare[64];
    size_t size = strlen(host);
    bool bracketed = size > 2 && host[0] == '[' && host[size - 1] == ']';
    struct in_addr in;
    struct in6_addr in6;
    if (!strcmp(host, "localhost"))
        return ADDRESS_LOOPBACK;
    if (size >= sizeof bare)
        return ADDRESS_OTHER;
    snprintf(bare, sizeof bare, "%.*s", (int)(bracketed ? size - 2 : size), host + bracketed);
    if (inet_pton(AF_INET, bare, &in) == 1)
        return kind4(ntohl(in.s_addr));
    if (inet_pton(AF_INET6, bare, &in6) == 1)
        return kind6(in6.s6_addr);
    return ADDRESS_OTHER;
}
