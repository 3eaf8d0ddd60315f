/* leeway migrate: makes the tables and roles of a PostgreSQL store, or brings them up to date. It
 * needs more rights than the agent, hence an URL of its own. */
#include <stdio.h>
#include <string.h>

#include "app/commands.h"
#include "app/options.h"
#include "app/setup.h"
#include "store/migrate.h"

static int failed(const struct err *err)
{
    char line[1024];
    fprintf(stderr, "leeway: %s\n", err_line(err, line, sizeof line));
    return EXIT_FAILED;
}

static int migrate(const char *url, const struct store_migration *what)
{
    struct err err = {0};
    struct text report = {0};
    int code = store_migrate(url, what, &report, &err);
    if (!code)
        fputs(report.data, stdout);
    text_release(&report);
    return code ? failed(&err) : EXIT_OK;
}

/* A password among the arguments can be seen by everybody on the machine. */
static bool has_password(const char *url)
{
    const char *authority = strstr(url, "://");
    const char *start = authority ? authority + 3 : url;
    size_t size = strcspn(start, "/?");
    const char *at = memchr(start, '@', size);
    return (at && memchr(start, ':', (size_t)(at - start))) || strstr(url, "&password=") ||
           strstr(url, "?password=");
}

int command_migrate(int argc, char **argv)
{
    const char *path = "leeway.yaml", *url = NULL;
    struct store_migration what = {0};
    const struct option options[] = {
        {"config", 'c', OPTION_TEXT, &path, "FILE", "configuration (leeway.yaml)"},
        {"store", 's', OPTION_TEXT, &url, "URL",
         "PostgreSQL URL of a user who may create tables; default: the configuration's store"},
        {"agent", 'a', OPTION_TEXT, &what.agent, "LOGIN",
         "existing login role that the agent uses: becomes a member of leeway_agent"},
        {"reader", 'r', OPTION_TEXT, &what.reader, "LOGIN",
         "existing login role for Grafana and people: becomes a member of leeway_reader"},
        {"no-roles", 0, OPTION_FLAG, &what.no_roles, NULL,
         "only the tables; they belong to the user who runs this"},
        {0}};
    int code =
        options_parse(argc, argv, "leeway migrate [--config FILE | --store URL] [--agent LOGIN]",
                      "Creates or upgrades the tables of a PostgreSQL store (schema leeway) and "
                      "three roles that\n"
                      "cannot log in: leeway_owner, leeway_agent (reads and writes), leeway_reader "
                      "(reads). May be\n"
                      "run again at any time; agents go on working. The password comes from "
                      "PGPASSFILE, ~/.pgpass\n"
                      "or password_file=/path in the URL.",
                      options, NULL);
    if (code >= 0)
        return code;
    if (url && has_password(url)) {
        fprintf(stderr, "leeway: --store must not hold a password: other users can read it\n"
                        "  Use PGPASSFILE, ~/.pgpass or password_file=/path in the URL.\n");
        return EXIT_USAGE;
    }
    if (url)
        return migrate(url, &what);
    struct config *config = setup_config(path);
    if (!config)
        return EXIT_FAILED;
    code = migrate(config->store, &what);
    config_free(config);
    return code;
}
