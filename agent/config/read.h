/* The tree read into the structs of config.h, as the settings table says. */
#ifndef LEEWAY_CONFIG_READ_H
#define LEEWAY_CONFIG_READ_H

#include "config/settings.h"
#include "config/tree.h"

struct reader {
    struct arena *arena; /* for everything that is read */
    struct config_problems *problems;
    struct bytes directory; /* of the config file, with its last slash; empty: none */
};

/* Fills the zeroed struct at `base` from the map `node`: defaults first, then what is given. Every
 * problem is added to reader->problems and the default (or nothing) stays. Lists and maps of maps
 * get one struct for each element of the node, in its order, also for those with problems. */
void read_section(struct reader *reader, const char *section, const struct node *node, void *base);

/* Adds the problem. The hint is a format or NULL. */
void reader_problem(struct reader *reader, struct place place, const char *hint, const char *format,
                    ...) __attribute__((format(printf, 4, 5)));

#endif
