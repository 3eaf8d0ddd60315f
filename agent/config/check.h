/* What one setting alone cannot say. */
#ifndef LEEWAY_CONFIG_CHECK_H
#define LEEWAY_CONFIG_CHECK_H

#include "config/read.h"

/* Checks what read_section made of `root` across settings, and fills in defaults that depend on
 * other settings. Problems are added to reader->problems. */
void check_config(struct reader *reader, const struct node *root, struct config *config);

#endif
