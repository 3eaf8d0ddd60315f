/* Which URLs may be sent to. The hostile ones are after the lists of bypasses that server-side
 * request forgery advisories name. */
#include "config/url.h"

#include <criterion/criterion.h>
#include <string.h>

Test(url, accepted)
{
    static const char *const urls[] = {
        "https://example.com",      "https://example.com/",  "HTTPS://Example.com:443/a?b#c",
        "https://10.0.0.1:8443/x",  "https://[2001:db8::1]", "https://[::ffff:1.2.3.4]:1/",
        "https://a_b.example?x=@y", "http://localhost",      "http://LOCALHOST:9093/x",
        "http://127.0.0.1:1/",      "http://127.255.0.1",    "http://[::1]:8080/hook",
        "https://a.example/@user",  "https://a#b",
    };
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++)
        cr_expect_null(url_refuse(urls[i], false), "%s: %s", urls[i], url_refuse(urls[i], false));
}

Test(url, plain_http_only_to_this_machine)
{
    static const char *const urls[] = {
        "http://example.com",
        "http://alertmanager:9093",
        "http://127.0.0.1.example.com",
        "http://127.1",
        "http://127.0.0.256",
        "http://127.0.0.01",
        "http://127.0.0.1.",
        "http://2130706433",
        "http://0x7f.0.0.1",
        "http://localhost.example",
        "http://localhost.",
        "http://[::ffff:127.0.0.1]",
        "http://[::]",
        "http://0.0.0.0",
        "http://169.254.169.254/latest",
        "http://127.0.0",
        "http://127.0.0.1.1",
        "http://127..0.1",
        "http://localhos",
        "http://xlocalhost",
        "http://128.0.0.1",
    };
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        const char *refusal = url_refuse(urls[i], false);
        cr_expect(refusal && strstr(refusal, "https"), "%s: %s", urls[i], refusal);
        cr_expect_null(url_refuse(urls[i], true), "%s", urls[i]);
    }
}

Test(url, refused)
{
    static const char *const urls[] = {
        "",
        "example.com",
        "//example.com",
        "ftp://example.com",
        "file:///etc/passwd",
        "gopher://127.0.0.1",
        "https:/example.com",
        "https://",
        "https:///x",
        "https://?x",
        "https://:80/",
        "https://user@example.com",
        "https://user:pass@example.com/",
        "http://localhost@example.com",
        "http://localhost:80@example.com",
        "http://example.com\\@localhost",
        "http://localhost%2eexample.com",
        "https://example.com:",
        "https://example.com:x",
        "https://example.com:65536",
        "https://example.com:999999999999999999999",
        "https://example.com:80x/",
        "https://exa mple.com",
        "https://example.com/\r\nX: y",
        " https://example.com",
        "https://example.com ",
        "https://ex\xc3\xa4mple.com",
        "https://[::1",
        "https://[]",
        "https://[::1]x",
        "https://[fe80::1%25eth0]",
        "https://.example.com",
        "https://-x",
        "https://a,b",
    };
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++)
        cr_expect(url_refuse(urls[i], true), "%s", urls[i]);
}

Test(url, too_long)
{
    char url[5000];
    memset(url, 'a', sizeof url);
    url[sizeof url - 1] = '\0';
    memcpy(url, "https://", 8);
    cr_expect(url_refuse(url, false));
    memset(url + 100, '/', sizeof url - 101);
    url[4096] = '\0';
    cr_expect_null(url_refuse(url, false));
    url[4096] = '/';
    url[4097] = '\0';
    cr_expect(url_refuse(url, false));
}

Test(url, host_and_port)
{
    static const char *const good[] = {"127.0.0.1:9464", "[::]:1", "localhost:0", "a:65535"};
    static const char *const bad[] = {"",        ":1",     "a",     "a:",        "a:b",
                                      "a:65536", "a:1x",   "[::1]", "::1:80",    "a b:1",
                                      "a:1:2",   "[::1]1", "[x]:1", "http://a:1"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        cr_expect(host_port_valid(good[i]), "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect(!host_port_valid(bad[i]), "%s", bad[i]);
}
