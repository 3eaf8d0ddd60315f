/* What the renderers share; their contract is in notify.h. */
#ifndef LEEWAY_NOTIFY_RENDER_H
#define LEEWAY_NOTIFY_RENDER_H

#include <jansson.h>

#include "base/mem.h"

/* Appends `json` in compact form, and releases it. */
void render_json(json_t *json, struct text *text);

#endif
