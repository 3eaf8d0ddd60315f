/* leeway: one binary, one table of commands. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "app/commands.h"
#include "app/options.h"

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *about;
} commands[] = {
    {"init", command_init, "look at a sample of events, write a commented configuration"},
    {"check", command_check, "check configuration, rules, baselines and store"},
    {"run", command_run, "the agent: count, judge, tell"},
    {"baseline", command_baseline, "create, list, show, promote, export, import baselines"},
    {"replay", command_replay, "run recorded events through the pipeline and print every verdict"},
    {"status", command_status, "monitors, their worst fields and open incidents"},
    {"migrate", command_migrate, "make or upgrade the tables and roles of a PostgreSQL store"},
    {"demo", command_demo, "a recorded year of flights through the whole agent"},
    {"version", command_version, "version and libraries"},
};
enum { COMMAND_COUNT = sizeof commands / sizeof *commands };

static void print_commands(FILE *out)
{
    fprintf(out, "leeway watches machine-learning models while they serve.\n\n"
                 "usage: leeway COMMAND [OPTIONS]\n\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].about);
    fprintf(out,
            "\n`leeway COMMAND --help` tells more. Exit codes: 0 done, 1 failed, 2 wrong usage, "
            "3 drift found.\n");
}

/* A command whose output was lost has failed, whatever it thinks itself. */
static int output_is_written(int code)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    fprintf(stderr, "leeway: could not write to standard output: %s\n", strerror(errno));
    return EXIT_FAILED;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    if (!strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help")) {
        print_commands(stdout);
        return EXIT_OK;
    }
    if (!strcmp(name, "--version"))
        name = "version";
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (!strcmp(name, commands[i].name))
            return output_is_written(commands[i].run(argc - 1, argv + 1));
    if (name[0])
        fprintf(stderr, "leeway: unknown command: %s\n\n", name);
    print_commands(stderr);
    return EXIT_USAGE;
}
