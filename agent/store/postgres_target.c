/* A connection is as safe as its least careful setting, and most of libpq's defaults are careless:
 * no TLS if the server says so, no check of its name, no end to waiting. Here a URI gets defaults
 * that fail closed. Assumes that libpq reads URIs as it documents. Knows no server and no SQL.
 *
 * No message repeats the URI, as it may hold a password. */
#include "store/postgres_target.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sys/file.h"

enum { PARAMETERS_MAX = 64 };

static const char own_parameter[] = "password_file=";

static int refuse(struct err *reterr, const char *what, const char *hint)
{
    err_set(reterr, ERR_INVALID, "%s", what);
    err_hint(reterr, "%s", hint);
    return ERR_INVALID;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static char *percent_decoded(struct bytes text)
{
    struct text result = {0};
    text_puts(&result, "");
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (c == '%' && i + 2 < text.size && hex_value(text.data[i + 1]) >= 0 &&
            hex_value(text.data[i + 2]) >= 0) {
            c = (char)(hex_value(text.data[i + 1]) * 16 + hex_value(text.data[i + 2]));
            i += 2;
        }
        text_add(&result, &c, 1);
    }
    return result.data;
}

/* The URI without our own parameter, whose value is kept. */
static char *take_password_file(struct postgres_target *target, const char *url)
{
    struct text rest = {0};
    const char *query = strchr(url, '?');
    char separator = '?';
    text_add(&rest, url, query ? (size_t)(query - url) : strlen(url));
    for (const char *at = query ? query + 1 : NULL; at && *at;) {
        size_t size = strcspn(at, "&"), own = sizeof own_parameter - 1;
        if (size >= own && !strncmp(at, own_parameter, own)) {
            free(target->password_file);
            target->password_file = percent_decoded(bytes_make(at + own, size - own));
        } else {
            text_add(&rest, &separator, 1);
            text_add(&rest, at, size);
            separator = '&';
        }
        at += size;
        at += *at == '&';
    }
    return rest.data;
}

static const char *value_of(const struct postgres_target *target, const char *key)
{
    for (uint32_t i = 0; i < target->count; i++)
        if (!strcmp(target->keys[i], key))
            return target->values[i];
    return NULL;
}

static void add(struct postgres_target *target, const char *key, const char *value)
{
    if (target->count + 4 >= PARAMETERS_MAX) /* room for password, addresses, end */
        return;
    target->keys[target->count] = mem_copy(key);
    target->values[target->count++] = mem_copy(value);
}

static void add_default(struct postgres_target *target, const char *key, const char *value)
{
    if (!value_of(target, key))
        add(target, key, value);
}

static int parse(struct postgres_target *target, const char *url, struct err *reterr)
{
    static const char unknown[] = "invalid URI query parameter";
    char *message = NULL;
    PQconninfoOption *options = PQconninfoParse(url, &message);
    if (!options) {
        bool named = message && !strncmp(message, unknown, sizeof unknown - 1);
        refuse(reterr, "the store's URL is not a PostgreSQL URI",
               "Write postgresql://USER@HOST/DATABASE, with % before special characters in hex.");
        if (named) {
            err_set(reterr, ERR_INVALID, "the store's URL has an %.*s", (int)strcspn(message, "\n"),
                    message);
            err_hint(reterr, "Known are libpq's connection parameters, and password_file.");
        }
        PQfreemem(message);
        return ERR_INVALID;
    }
    for (const PQconninfoOption *option = options; option->keyword; option++)
        if (option->val)
            add(target, option->keyword, option->val);
    PQconninfoFree(options);
    return 0;
}

static bool is_address(const char *host)
{
    unsigned char address[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

static bool is_socket(const char *host)
{
    return !host[0] || host[0] == '/' || host[0] == '@';
}

static bool is_local(const char *host)
{
    struct in_addr address;
    if (is_socket(host) || !strcmp(host, "localhost") || !strcmp(host, "::1"))
        return true;
    return inet_pton(AF_INET, host, &address) == 1 && (ntohl(address.s_addr) >> 24) == 127;
}

/* Looks at each of the comma-separated hosts. */
static void look_at_hosts(const char *hosts, uint32_t *ret_count, bool *ret_local,
                          bool *ret_unnamed)
{
    *ret_local = *ret_unnamed = true;
    *ret_count = 0;
    for (const char *at = hosts;; at++) {
        char host[256] = "";
        size_t size = strcspn(at, ",");
        memcpy(host, at, size < sizeof host ? size : sizeof host - 1);
        *ret_local &= is_local(host);
        *ret_unnamed &= is_socket(host) || is_address(host);
        ++*ret_count;
        at += size;
        if (!*at)
            return;
    }
}

/* Where libpq will connect to, wherever it has that from. */
static void find_hosts(struct postgres_target *target)
{
    const char *addresses = value_of(target, "hostaddr"), *hosts = value_of(target, "host");
    bool local, unnamed;
    if (!addresses)
        addresses = getenv("PGHOSTADDR");
    if (!hosts)
        hosts = getenv("PGHOST");
    look_at_hosts(addresses && addresses[0] ? addresses
                  : hosts                   ? hosts
                                            : "",
                  &target->host_count, &target->local, &unnamed);
    if (hosts) { /* the name counts for TLS, and is not this machine's if it says otherwise */
        look_at_hosts(hosts, &target->host_count, &local, &unnamed);
        target->local &= local;
        if (!unnamed && !(addresses && addresses[0]))
            target->names = mem_copy(hosts);
    }
    if (value_of(target, "service") || (getenv("PGSERVICE") && !hosts))
        target->local = false; /* a file that we do not read says where */
}

static const char *system_authorities(void)
{
    static const char *const files[] = {"/etc/ssl/certs/ca-certificates.crt",
                                        "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"};
    if (PQlibVersion() >= 160000)
        return "system";
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (access(files[i], R_OK) == 0)
            return files[i];
    return NULL; /* libpq looks for ~/.postgresql/root.crt, and refuses to connect without */
}

static int secure(struct postgres_target *target, struct err *reterr)
{
    const char *mode = value_of(target, "sslmode");
    add_default(target, "gssencmode", "disable");
    if (target->local)
        return 0;
    if (mode && (!strcmp(mode, "allow") || !strcmp(mode, "prefer")))
        return refuse(reterr, "sslmode=allow and sslmode=prefer do not protect the store",
                      "Leave sslmode out (verify-full), or write which protection is not needed: "
                      "verify-ca, require or disable.");
    if (!mode)
        add(target, "sslmode", "verify-full");
    if ((!mode || !strcmp(mode, "verify-full")) && !getenv("PGSSLROOTCERT") && system_authorities())
        add_default(target, "sslrootcert", system_authorities());
    return 0;
}

static int complete(struct postgres_target *target, struct err *reterr)
{
    static const char *const defaults[][2] = {
        {"application_name", "leeway"}, {"client_encoding", "UTF8"}, {"connect_timeout", "5"},
        {"tcp_user_timeout", "10000"},  {"keepalives_idle", "5"},    {"keepalives_interval", "2"},
        {"keepalives_count", "3"}};
    if (target->password_file && target->password_file[0] != '/')
        return refuse(reterr, "password_file in the store's URL is no absolute path",
                      "Write for example password_file=/run/secrets/postgres.");
    target->password_in_url = value_of(target, "password") != NULL;
    if (target->password_in_url && target->password_file)
        return refuse(reterr, "the store's URL has a password and a password_file",
                      "Take the password out of the URL.");
    find_hosts(target);
    for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++)
        add_default(target, defaults[i][0], defaults[i][1]);
    return secure(target, reterr);
}

struct postgres_target *postgres_target_new(const char *url, struct err *reterr)
{
    struct postgres_target *target = mem_new(1, sizeof *target);
    target->keys = mem_new(PARAMETERS_MAX, sizeof *target->keys);
    target->values = mem_new(PARAMETERS_MAX, sizeof *target->values);
    char *rest = take_password_file(target, url);
    int code = parse(target, rest, reterr);
    if (!code)
        code = complete(target, reterr);
    free(rest);
    if (!code)
        return target;
    postgres_target_free(target);
    return NULL;
}

void postgres_target_free(struct postgres_target *target)
{
    if (!target)
        return;
    for (uint32_t i = 0; i < target->count; i++) {
        explicit_bzero(target->values[i], strlen(target->values[i]));
        free(target->keys[i]);
        free(target->values[i]);
    }
    free(target->keys);
    free(target->values);
    free(target->password_file);
    free(target->names);
    free(target);
}

PGconn *postgres_target_connect(const struct postgres_target *target, const char *addresses,
                                bool wait, struct err *reterr)
{
    const char *keys[PARAMETERS_MAX] = {NULL}, *values[PARAMETERS_MAX] = {NULL};
    struct text password = {0};
    uint32_t count = target->count;
    memcpy(keys, target->keys, count * sizeof *keys);
    memcpy(values, target->values, count * sizeof *values);
    if (target->password_file) {
        if (secret_read(target->password_file, &password, reterr)) {
            text_release(&password);
            return NULL;
        }
        keys[count] = "password";
        values[count++] = password.data;
    }
    if (addresses) {
        keys[count] = "hostaddr";
        values[count++] = addresses;
    }
    PGconn *conn =
        wait ? PQconnectdbParams(keys, values, 0) : PQconnectStartParams(keys, values, 0);
    if (password.data)
        explicit_bzero(password.data, password.size);
    text_release(&password);
    if (!conn)
        mem_fail(sizeof keys);
    return conn;
}
