/* Setup: a configuration made ready to run. Config, rules, baselines, layouts, validators and one
 * decode plan for all monitors; built whole or not at all, immutable afterwards. A reload builds a
 * new one. */
#ifndef LEEWAY_APP_SETUP_H
#define LEEWAY_APP_SETUP_H

#include "app/shelf.h"
#include "config/config.h"
#include "decode/decode.h"
#include "incident/incident.h"
#include "store/store.h"
#include "validate/validate.h"
#include "window/panes.h"

/* A baseline and all that follows from it. Records of the model versions that map to it are counted
 * in its cells and judged against it. */
struct track {
    const char *reference; /* as in the configuration */
    struct baseline *baseline;
    char label[NAME_MAX_BYTES + 16]; /* "flights@1" */
    char generation[HASH_HEX_BYTES]; /* of config and baseline */
    struct layout *layout;
    struct validator *validator;
    bool *ignored; /* one for each baseline field */
    int *slots;    /* decode slot of each baseline field */
};

struct monitor {
    const struct config_monitor *config;
    struct track *tracks; /* [0]: of config->baseline; then those of config->versions, each once */
    uint32_t track_count;
    uint32_t *version_tracks; /* index of the track of each of config->versions */
    struct judge_policy policy;
    int64_t pane_ms;
    int time_slot, version_slot, unknown_counter; /* -1: not mapped */
    int *match_slots;                             /* config->match_count */
};

/* Index of the track of a model version: its own, or 0. */
uint32_t monitor_track(const struct monitor *monitor, const char *version);
/* False if some versions have baselines of their own, but this one is not named. */
bool monitor_knows(const struct monitor *monitor, const char *version);

struct setup {
    struct config *config;
    struct ruleset ruleset;
    struct arena *arena; /* rules and messages */
    struct monitor *monitors;
    uint32_t monitor_count;
    struct decode_plan *plan;
};

/* Reads and checks everything. Problems are printed to standard error, one after the other with
 * place and hint, and NULL is returned. */
struct config *setup_config(const char *path);

/* Baselines are those on the shelf, or, for all monitors, the document in `baseline_file` (may be
 * NULL). `config` is taken, also on failure; the shelf is free to go afterwards. `ret_missing` (may
 * be NULL) is set if all that is wrong is that baselines are not there (yet). */
struct setup *setup_new(struct config *config, const struct shelf *shelf, const char *baseline_file,
                        bool *ret_missing);
void setup_free(struct setup *setup); /* takes NULL */

/* The same for those who may wait: with the baselines of a store (NULL: only `baseline_file`). */
struct setup *setup_open(struct config *config, struct store *store, const char *baseline_file);

#endif
