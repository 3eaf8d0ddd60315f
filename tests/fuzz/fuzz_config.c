/* Any bytes as a configuration: never a crash or a leak, and either a configuration or problems,
 * each with a place and a text. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *getvar(const char *name)
{
    return strcmp(name, "A") == 0 ? "value: {" : strcmp(name, "E") == 0 ? "" : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config_problems problems;
    struct config *config = config_parse(bytes_make(data, size), "fuzz/f.yaml", getvar, &problems);
    if ((config == NULL) != (problems.count > 0))
        abort();
    for (uint32_t i = 0; i < problems.count; i++)
        if (!problems.items[i].code || !problems.items[i].text[0] || !problems.items[i].place[0])
            abort();
    for (uint32_t i = 0; config && i < config->monitor_count; i++) {
        char hex[HASH_HEX_BYTES];
        if (strlen(config_monitor_hash(&config->monitors[i], hex)) != HASH_HEX_BYTES - 1)
            abort();
    }
    config_problems_release(&problems);
    config_free(config);
    return 0;
}
