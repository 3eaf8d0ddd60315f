/* leeway version: what is running, and on what. */
#include <event2/event.h>
#include <jansson.h>
#include <stdio.h>

#include "app/commands.h"
#include "app/options.h"

int command_version(int argc, char **argv)
{
    const struct option options[] = {{0}};
    int code = options_parse(argc, argv, "leeway version",
                             "Version of leeway and of its libraries.", options, NULL);
    if (code >= 0)
        return code;
    printf("leeway %s\nlibevent %s\njansson %s\n", LEEWAY_VERSION, event_get_version(),
           jansson_version_str());
    return EXIT_OK;
}
