/* The parts of `leeway baseline`, each with its own argv (argv[0] is the part's name). Each returns
 * the exit code. */
#ifndef LEEWAY_APP_BASELINE_COMMAND_H
#define LEEWAY_APP_BASELINE_COMMAND_H

#include "baseline/baseline.h"
#include "config/config.h"
#include "store/sync.h"

int baseline_create(int argc, char **argv);
int baseline_show(int argc, char **argv);

/* Prints "leeway: …" with place and hint to standard error; returns EXIT_FAILED. */
int baseline_fail(const struct err *err);

/* Opens the store at `url`; NULL: the one of the configuration at `config_path`; NULL as well: the
 * default. NULL on failure, which was printed. */
struct store *baseline_open_store(const char *url, const char *config_path);

/* "fraud" or "fraud@7"; version 0 without one. */
int baseline_reference(const char *text, char *ret_name, uint32_t *ret_version, struct err *reterr);

/* Reads a baseline and sets its version. NULL on failure. */
struct baseline *baseline_load(struct store *store, const char *reference, struct err *reterr);

/* Puts a baseline (name, hash and creation time set) into the store; sets its version. */
int baseline_save(struct store *store, struct baseline *baseline, bool promote, struct err *reterr);

#endif
