/* Setup: a configuration made ready to run. Config, rules, baselines, layouts, validators and one
 * decode plan for all monitors; built whole or not at all, immutable afterwards. A reload builds a
 * new one. */
#ifndef LEEWAY_APP_SETUP_H
#define LEEWAY_APP_SETUP_H

#include "config/config.h"
#include "decode/decode.h"
#include "incident/incident.h"
#include "store/store.h"
#include "validate/validate.h"
#include "window/panes.h"

struct monitor {
    const struct config_monitor *config;
    struct baseline *baseline;
    char baseline_label[NAME_MAX_BYTES + 16]; /* "flights@1" */
    char generation[HASH_HEX_BYTES];          /* of config and baseline */
    struct layout *layout;
    struct validator *validator;
    struct judge_policy policy;
    bool *ignored; /* one for each baseline field */
    int64_t pane_ms;
    int *slots;                                   /* decode slot of each baseline field */
    int time_slot, version_slot, unknown_counter; /* -1: not mapped */
    int *match_slots;                             /* config->match_count */
};

struct setup {
    struct config *config;
    struct ruleset ruleset;
    struct arena *arena; /* rules and messages */
    struct monitor *monitors;
    uint32_t monitor_count;
    struct decode_plan *plan;
};

/* Reads and checks everything. Problems are printed to standard error, one after the other with
 * place and hint, and NULL is returned. The store must hold the baselines that monitors name;
 * `store` may be NULL, then a file BASELINE.json given by `baseline_file` (may be NULL) is used for
 * all. */
struct config *setup_config(const char *path);
struct setup *setup_new(struct config *config /* taken, also on failure */, struct store *store,
                        const char *baseline_file);
void setup_free(struct setup *setup); /* takes NULL */

#endif
