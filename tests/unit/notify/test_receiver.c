#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "notify/receiver.h"
#include "sys/file.h"

static char folder[] = "/tmp/leeway-receiver-XXXXXX";

static char *secret(const char *name, const char *content, mode_t mode)
{
    struct text path = {0};
    text_printf(&path, "%s/%s", folder, name);
    cr_assert_eq(file_write(path.data, bytes_of(content), NULL), 0);
    chmod(path.data, mode);
    return path.data;
}

static int open_url(const char *url, enum receiver_type type, bool insecure, struct receiver *ret,
                    struct err *reterr)
{
    static const char *urls[1];
    static struct config_receiver config;
    urls[0] = url;
    config = (struct config_receiver){
        .name = "r", .type = type, .urls = urls, .url_count = 1, .insecure_http = insecure};
    return receiver_open(ret, &config, reterr);
}

static void path_becomes(const char *url, const char *expected)
{
    struct receiver r;
    cr_assert_eq(open_url(url, RECEIVER_ALERTMANAGER, false, &r, NULL), 0, "%s", url);
    cr_assert_str_eq(r.urls[0].url, expected);
    receiver_close(&r);
}

Test(receiver, alertmanager_gets_its_path)
{
    path_becomes("https://am:9093", "https://am:9093/api/v2/alerts");
    path_becomes("https://am:9093/", "https://am:9093/api/v2/alerts");
    path_becomes("https://am/prefix//", "https://am/prefix/api/v2/alerts");
    path_becomes("https://am/api/v2/alerts", "https://am/api/v2/alerts");
    path_becomes("http://127.0.0.1:9093", "http://127.0.0.1:9093/api/v2/alerts");
}

/* What must never be sent to, however it is spelt. */
Test(receiver, hostile_urls)
{
    static const char *const bad[] = {"http://169.254.169.254/latest/CANARY",
                                      "https://169.254.169.254/CANARY",
                                      "https://2852039166/CANARY",
                                      "https://0xa9fea9fe/CANARY",
                                      "https://0251.0376.0251.0376/CANARY",
                                      "https://[::ffff:169.254.169.254]/CANARY",
                                      "https://[fe80::1]/CANARY",
                                      "https://[fd00:ec2::254]/CANARY",
                                      "https://[::]/CANARY",
                                      "https://0.0.0.0/CANARY",
                                      "https://0/CANARY",
                                      "https://224.0.0.1/CANARY",
                                      "http://10.0.0.1/CANARY",
                                      "http://example.org/CANARY",
                                      "http://localhost.example/CANARY",
                                      "http://127.0.0.1.example/CANARY",
                                      "ftp://example.org/CANARY",
                                      "file:///etc/CANARY",
                                      "gopher://example.org/CANARY",
                                      "dict://127.0.0.1:11211/CANARY",
                                      "javascript:CANARY",
                                      "//example.org/CANARY",
                                      "CANARY",
                                      "",
                                      "https://",
                                      "https:///CANARY",
                                      "https://user:CANARY@example.org/",
                                      "https://exa mple.org/CANARY",
                                      "https://example.org\r\nX-CANARY: 1",
                                      "https://example.org:99999/CANARY"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct receiver r;
        struct err err = {0};
        char line[1024];
        cr_assert_eq(open_url(bad[i], RECEIVER_WEBHOOK, false, &r, &err), ERR_INVALID, "%s",
                     bad[i]);
        cr_assert_null(strstr(err_line(&err, line, sizeof line), "CANARY"), "%s", line);
        cr_assert_not_null(strstr(line, "receiver r"), "%s", line);
    }
}

Test(receiver, http_elsewhere_must_be_allowed)
{
    struct receiver r;
    cr_assert_eq(open_url("http://10.0.0.1/", RECEIVER_WEBHOOK, true, &r, NULL), 0);
    cr_assert_str_eq(r.urls[0].host, "10.0.0.1");
    receiver_close(&r);
    cr_assert_eq(open_url("http://169.254.169.254/", RECEIVER_WEBHOOK, true, &r, NULL),
                 ERR_INVALID);
}

Test(receiver, reads_files)
{
    cr_assert_not_null(mkdtemp(folder));
    char *url = secret("url", "https://hooks.example/T/B/X\n", 0600);
    char *key = secret("key", "whsec_Zm9vYmFy\n", 0600);
    char *token = secret("token", "t0ken\n", 0600);
    char *open_to_all = secret("open", "x", 0644);
    char *lines = secret("lines", "a\r\nX-Evil: 1", 0600);
    struct config_receiver config = {
        .name = "r", .url_file = url, .secret_file = key, .token_file = token};
    struct receiver r;
    cr_assert_eq(receiver_open(&r, &config, NULL), 0);
    cr_assert_str_eq(r.urls[0].url, "https://hooks.example/T/B/X");
    cr_assert_str_eq(r.urls[0].host, "hooks.example");
    cr_assert_str_eq(r.key.data, "foobar");
    cr_assert_str_eq(r.bearer.data, "Bearer t0ken");
    receiver_close(&r);
    config.token_file = lines;
    cr_assert_eq(receiver_open(&r, &config, NULL), ERR_INVALID);
    config.token_file = open_to_all;
    cr_assert_eq(receiver_open(&r, &config, NULL), ERR_INVALID);
    config.token_file = "/nonexistent/token";
    cr_assert_eq(receiver_open(&r, &config, NULL), ERR_NOT_FOUND);
    config = (struct config_receiver){.name = "r"};
    cr_assert_eq(receiver_open(&r, &config, NULL), ERR_INVALID, "no URL at all");
    char *files[] = {url, key, token, open_to_all, lines};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        unlink(files[i]);
        free(files[i]);
    }
    rmdir(folder);
}

Test(receiver, more_urls_than_bits)
{
    static const char *urls[RECEIVER_URLS + 1];
    struct receiver r;
    for (size_t i = 0; i <= RECEIVER_URLS; i++)
        urls[i] = "https://am";
    struct config_receiver config = {.name = "r", .urls = urls, .url_count = RECEIVER_URLS};
    cr_assert_eq(receiver_open(&r, &config, NULL), 0);
    receiver_close(&r);
    config.url_count++;
    cr_assert_eq(receiver_open(&r, &config, NULL), ERR_INVALID);
}
