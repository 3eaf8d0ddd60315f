/* The shapes of texts, and the words for all kinds. A check accepts no more than the pattern beside
 * it, which is what editors have; refuses to know what the text is for. */
#include "config/kinds.h"

#include "base/when.h"
#include "config/url.h"

enum { POINTER_BYTES_MAX = 1024, TOPIC_BYTES_MAX = 249 };

static bool is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
}

/* The size of the name at the start of `text`. */
static size_t name_size(const char *text)
{
    size_t size = 0;
    if (*text == '_' || *text == '.' || *text == '-')
        return 0;
    while (is_name_byte(text[size]))
        size++;
    return size;
}

bool name_valid(const char *text)
{
    size_t size = name_size(text);
    return size && size <= NAME_BYTES_MAX && text[size] == '\0';
}

/* RFC 6901, not empty. */
static bool pointer_valid(const char *text)
{
    if (text[0] != '/' || strlen(text) > POINTER_BYTES_MAX)
        return false;
    for (const char *c = text; *c; c++)
        if (*c == '~' && c[1] != '0' && c[1] != '1')
            return false;
    return true;
}

static bool ends_in_asterisk(const char *text)
{
    size_t size = strlen(text);
    return size >= 2 && strcmp(text + size - 2, "/*") == 0;
}

static bool path_valid(const char *text)
{
    return pointer_valid(text) && !ends_in_asterisk(text);
}

static bool features_valid(const char *text)
{
    return pointer_valid(text) && ends_in_asterisk(text);
}

static bool topic_valid(const char *text)
{
    size_t size = 0;
    while (is_name_byte(text[size]) || (text[size] >= 'A' && text[size] <= 'Z'))
        size++;
    return size && size <= TOPIC_BYTES_MAX && text[size] == '\0' && strcmp(text, ".") != 0 &&
           strcmp(text, "..") != 0;
}

bool reference_valid(const char *text)
{
    size_t size = name_size(text);
    if (!size || size > NAME_BYTES_MAX)
        return false;
    const char *rest = text + size;
    if (*rest == '\0')
        return true;
    size_t digits = strspn(rest + 1, "0123456789");
    return rest[0] == '@' && rest[1] != '0' && digits && digits <= 9 && rest[1 + digits] == '\0';
}

static bool listen_valid(const char *text)
{
    return text[0] == '\0' || host_port_valid(text);
}

static bool start_valid(const char *text)
{
    struct event_time time;
    return !strcmp(text, "earliest") || !strcmp(text, "latest") ||
           (event_time_parse(bytes_of(text), &time) && time.ms >= 0);
}

static bool store_valid(const char *text)
{
    return (strncmp(text, "sqlite:", 7) == 0 && text[7]) || strncmp(text, "postgresql://", 13) == 0;
}

static bool link_valid(const char *text)
{
    return url_refuse(text, true) == NULL;
}

static bool not_empty(const char *text)
{
    return text[0] != '\0';
}

#define NAME_PATTERN "[a-z0-9][a-z0-9_.-]*"
#define URL_PATTERN  "^[Hh][Tt][Tt][Pp][Ss]?://"

static const struct kind kinds[KIND_COUNT] = {
    [KIND_TEXT] = {"text", "", "text", NULL, NULL},
    [KIND_NAME] = {"a name", "Use a-z, 0-9, _, . and -, beginning with a letter or digit.", "name",
                   "^" NAME_PATTERN "$", name_valid},
    [KIND_POINTER] = {"a JSON Pointer such as /features/amount",
                      "Begin with a slash; ~0 is a ~ in a key and ~1 a slash.", "path",
                      "^(?!.*/\\*$)/([^~]|~[01])*$", path_valid},
    [KIND_FEATURES] = {"a JSON Pointer that ends in /*, such as /features/*",
                       "Name the object whose keys are the features, then /*.", "path",
                       "^(/([^~]|~[01])*)?/\\*$", features_valid},
    [KIND_TOPIC] = {"the name of a topic", "Kafka allows a-z, A-Z, 0-9, _, . and -.", "topic",
                    "^[a-zA-Z0-9_.-]+$", topic_valid},
    [KIND_BASELINE] = {"a baseline such as fraud or fraud@7", "", "baseline",
                       "^" NAME_PATTERN "(@[1-9][0-9]{0,8})?$", reference_valid},
    [KIND_START] = {"earliest, latest or a time such as 2026-11-23T06:00:00Z", "", "start",
                    "^(earliest|latest|[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].*)?)$", start_valid},
    [KIND_LISTEN] = {"an address and a port such as 127.0.0.1:9464",
                     "0.0.0.0:9464 listens on every interface, \"\" on none.", "host:port",
                     "^$|^[^:].*:[0-9]{1,5}$", listen_valid},
    [KIND_STORE] = {"sqlite:FILE, sqlite::memory: or postgresql://…", "", "store",
                    "^(sqlite:.|postgresql://)", store_valid},
    [KIND_FILE] = {"the path of a file", "", "file", "^.", not_empty},
    [KIND_LINK] = {"an http or https URL without user and password", "", "URL", URL_PATTERN,
                   link_valid},
    [KIND_WORD] = {"one of the known words", "", "word", NULL, NULL},
    [KIND_URL] = {"a URL", "", "URL", URL_PATTERN, not_empty},
    [KIND_CHOICE] = {"one of the known words", "", "word", NULL, NULL},
    [KIND_BOOL] = {"true or false", "", "true or false", NULL, NULL},
    [KIND_NUMBER] = {"a number", "", "number", NULL, NULL},
    [KIND_INTEGER] = {"a whole number", "", "whole number", NULL, NULL},
    [KIND_SIZE] = {"a size such as 512, 256KiB or 8MiB", "", "size",
                   "^[0-9]+ *(B|KiB|MiB|GiB|KB|MB|GB)?$", NULL},
    [KIND_DURATION] = {"a duration such as 90s, 15m, 24h or 7d", "", "duration",
                       "^([0-9]+ *(ms|s|m|min|h|d|w|(second|minute|hour|day|week)s?) *)+$|^0s?$",
                       NULL},
    [KIND_RATE] = {"a rate such as 1 per 90 days", "", "rate", "^[0-9]+ +per +[0-9a-z ]+$", NULL},
    [KIND_SECTION] = {"a map of settings", "", "map", NULL, NULL},
    [KIND_VARIANT] = {"a map of settings", "", "map", NULL, NULL},
    [KIND_ITEMS] = {"a list of maps", "", "list of maps", NULL, NULL},
    [KIND_ENTRIES] = {"a map of maps", "", "map of maps", NULL, NULL},
    [KIND_PAIRS] = {"a map of texts", "", "map of texts", NULL, NULL},
};

const struct kind *kind_of(enum setting_kind kind)
{
    return &kinds[kind];
}

const struct kind *kind_of_keys(const struct setting *setting)
{
    return &kinds[setting->flags & SETTING_POINTER_KEYS ? KIND_POINTER : KIND_TEXT];
}
