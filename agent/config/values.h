/* From a node of the tree to the value of a setting. */
#ifndef LEEWAY_CONFIG_VALUES_H
#define LEEWAY_CONFIG_VALUES_H

#include "config/settings.h"
#include "config/tree.h"

/* Each reads `node` as the setting's kind and checks its range. On failure ERR_INVALID with text
 * and hint, without a place, in words that begin with the setting's path; the value of a
 * SETTING_SECRET and of anything that looks like a URL is not in them. */
int value_text(const struct setting *setting, const struct node *node, const char **ret_text,
               struct err *reterr); /* every kind that is stored as text; a view of the node's */
int value_choice(const struct setting *setting, const struct node *node, uint32_t *ret_index,
                 struct err *reterr); /* also KIND_WORD */
int value_bool(const struct setting *setting, const struct node *node, bool *ret_value,
               struct err *reterr);
int value_number(const struct setting *setting, const struct node *node, double *ret_value,
                 struct err *reterr);
int value_amount(const struct setting *setting, const struct node *node, int64_t *ret_value,
                 struct err *reterr); /* INTEGER, SIZE, DURATION */
int value_rate(const struct setting *setting, const struct node *node, uint32_t *ret_count,
               int64_t *ret_period_ms, struct err *reterr);

/* Says that `node` is not what the setting wants, with the kind's hint. */
int value_refuse(const struct setting *setting, const struct node *node, struct err *reterr);

#endif
