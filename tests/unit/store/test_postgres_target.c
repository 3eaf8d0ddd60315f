/* A URI becomes a safe connection, or none. Nothing connects here. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "store/postgres_target.h"

static const char *value_of(const struct postgres_target *target, const char *key)
{
    for (uint32_t i = 0; i < target->count; i++)
        if (!strcmp(target->keys[i], key))
            return target->values[i];
    return "(none)";
}

static struct postgres_target *target_of(const char *url)
{
    struct err err = {0};
    static const char *const variables[] = {"PGHOST", "PGHOSTADDR", "PGSERVICE", "PGSSLROOTCERT"};
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        unsetenv(variables[i]);
    struct postgres_target *target = postgres_target_new(url, &err);
    cr_assert_not_null(target, "%s: %s", url, err.text);
    return target;
}

static void expect(const char *url, const char *key, const char *wanted)
{
    struct postgres_target *target = target_of(url);
    cr_assert_str_eq(value_of(target, key), wanted, "%s: %s", url, value_of(target, key));
    postgres_target_free(target);
}

Test(postgres_target, another_machine_is_verified)
{
    static const char *const elsewhere[] = {"postgresql://u@db/x",
                                            "postgresql://u@db.example:6432/x",
                                            "postgresql://u@10.0.0.7/x",
                                            "postgresql://u@localhost,db/x",
                                            "postgresql://u@[fe80::1]/x",
                                            "postgresql:///x?host=db",
                                            "postgresql:///x?hostaddr=192.0.2.1",
                                            "postgresql://u@localhost/x?hostaddr=192.0.2.1",
                                            "postgresql://u@127.0.0.1.evil.example/x",
                                            "postgresql:///x?service=prod"};
    for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++) {
        expect(elsewhere[i], "sslmode", "verify-full");
        expect(elsewhere[i], "gssencmode", "disable");
    }
}

Test(postgres_target, this_machine_needs_no_tls)
{
    static const char *const here[] = {"postgresql:///x",
                                       "postgresql://u@localhost/x",
                                       "postgresql://u@127.0.0.1:5433/x",
                                       "postgresql://u@127.9.9.9/x",
                                       "postgresql://u@[::1]/x",
                                       "postgresql:///x?host=/run/postgresql",
                                       "postgresql://%2Frun%2Fpostgresql/x"};
    for (size_t i = 0; i < sizeof here / sizeof *here; i++)
        expect(here[i], "sslmode", "(none)");
}

Test(postgres_target, the_environment_does_not_weaken)
{
    struct err err = {0};
    setenv("PGSSLMODE", "disable", 1);
    expect("postgresql://u@db/x", "sslmode", "verify-full");
    setenv("PGHOST", "db.example", 1);
    struct postgres_target *target = postgres_target_new("postgresql:///x", &err);
    cr_assert_str_eq(value_of(target, "sslmode"), "verify-full");
    cr_assert_not(target->local);
    cr_assert_str_eq(target->names, "db.example");
    postgres_target_free(target);
}

Test(postgres_target, what_is_written_counts)
{
    expect("postgresql://u@db/x?sslmode=require", "sslmode", "require");
    expect("postgresql://u@db/x?sslmode=disable", "sslmode", "disable");
    expect("postgresql://u@db/x?sslrootcert=/etc/ca.pem", "sslrootcert", "/etc/ca.pem");
    expect("postgresql://u@db/x?connect_timeout=9&application_name=mine", "connect_timeout", "9");
    expect("postgresql://u@db/x", "connect_timeout", "5");
    expect("postgresql://u@db/x", "client_encoding", "UTF8");
    expect("postgres://u%40home@db/x", "user", "u@home");
}

Test(postgres_target, secrets_come_from_files)
{
    struct postgres_target *target =
        target_of("postgresql://u@db/x?connect_timeout=3&password_file=/run/a%20b%2Fc&port=7");
    cr_assert_str_eq(target->password_file, "/run/a b/c");
    cr_assert_str_eq(value_of(target, "connect_timeout"), "3");
    cr_assert_str_eq(value_of(target, "port"), "7");
    cr_assert_not(target->password_in_url);
    struct err err = {0};
    cr_assert_null(postgres_target_connect(target, NULL, false, &err), "the file is not there");
    cr_assert_neq(err.code, 0);
    postgres_target_free(target);
    target = target_of("postgresql://u:canary@db/x");
    cr_assert(target->password_in_url);
    postgres_target_free(target);
}

Test(postgres_target, only_names_are_looked_up)
{
    static const char *const cases[][2] = {
        {"postgresql://db/x", "db"},         {"postgresql://a,10.0.0.1,b/x", "a,10.0.0.1,b"},
        {"postgresql://10.0.0.1/x", NULL},   {"postgresql:///x", NULL},
        {"postgresql:///x?host=/tmp", NULL}, {"postgresql://db/x?hostaddr=10.0.0.1", NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct postgres_target *target = target_of(cases[i][0]);
        if (cases[i][1])
            cr_assert_str_eq(target->names, cases[i][1]);
        else
            cr_assert_null(target->names, "%s", cases[i][0]);
        postgres_target_free(target);
    }
}

Test(postgres_target, what_is_refused_says_nothing_of_it)
{
    static const char *const urls[] = {"postgresql://u:canary@[db",
                                       "postgresql://u:canary@db/x?canary",
                                       "postgresql://u:%zzcanary@db/x",
                                       "postgresql://u:canary@db/x?sslmode=prefer",
                                       "postgresql://u:canary@db/x?sslmode=allow",
                                       "postgresql://u:canary@db/x?password_file=/a",
                                       "postgresql://u@db/x?password_file=canary",
                                       "postgresql://u@db/x?password_file=",
                                       "host=db password=canary user=u dbname=x =",
                                       "postgresql://u:canary@db/x?nonsense=canary"};
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        struct err err = {0};
        cr_assert_null(postgres_target_new(urls[i], &err), "%s", urls[i]);
        cr_assert_eq(err.code, ERR_INVALID);
        cr_assert_null(strstr(err.text, "canary"), "%s", err.text);
        cr_assert_null(strstr(err.hint, "canary"), "%s", err.hint);
        cr_assert(err.text[0] && err.hint[0]);
    }
}

Test(postgres_target, a_huge_url_is_cut_nowhere)
{
    struct text url = {0};
    text_puts(&url, "postgresql://");
    for (int i = 0; i < 5000; i++)
        text_puts(&url, "a");
    text_puts(&url, "/x");
    struct postgres_target *target = target_of(url.data);
    cr_assert_eq(strlen(target->names), 5000);
    cr_assert_not(target->local);
    postgres_target_free(target);
    text_release(&url);
}
