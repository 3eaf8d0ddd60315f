/* The commands. Each takes its own argv (argv[0] is the command's name) and returns the process's
 * exit code. */
#ifndef LEEWAY_APP_COMMANDS_H
#define LEEWAY_APP_COMMANDS_H

int command_init(int argc, char **argv);
int command_check(int argc, char **argv);
int command_run(int argc, char **argv);
int command_demo(int argc, char **argv);
int command_baseline(int argc, char **argv);
int command_replay(int argc, char **argv);
int command_status(int argc, char **argv);
int command_migrate(int argc, char **argv);
int command_version(int argc, char **argv);

#endif
