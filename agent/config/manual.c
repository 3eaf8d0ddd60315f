/* The settings table as docs/CONFIG.md. Prose that belongs to no single setting is here; all else
 * is in the table. */
#include "config/kinds.h"

static const char beginning[] =
    "# Configuration\n"
    "\n"
    "<!-- Made from agent/config/settings.c. Change it there. -->\n"
    "\n"
    "One YAML file, by default `leeway.yaml`. Everything that is not written has a default that "
    "works. `leeway check` reports\n"
    "every problem with file, line, column and a hint. Editors complete and check with "
    "[config.schema.json](config.schema.json).\n"
    "\n"
    "```yaml\n"
    "kafka: { bootstrap.servers: \"kafka:9092\" }\n"
    "monitors:\n"
    "  - monitor: fraud\n"
    "    topics: [predictions]\n"
    "    match: { /model: fraud }\n"
    "    event: { id: /id, time: /ts, version: /version }\n"
    "    features: /features/*\n"
    "    prediction: { score: /prediction/score, class: /prediction/class }\n"
    "    segments: [/features/country]\n"
    "    fields:\n"
    "      amount: { min: 0, max: 50000 }\n"
    "      channel: { allowed: [web, ios, android, partner] }\n"
    "receivers:\n"
    "  - name: oncall\n"
    "    slack: { webhook_url_file: /run/secrets/slack }\n"
    "  - name: am\n"
    "    alertmanager: { urls: [\"https://alertmanager.example:9093\"] }\n"
    "  - name: fraud-pipeline\n"
    "    retrain: { url: \"https://jobs.example/retrain\", token_file: /run/secrets/jobs }\n"
    "```\n"
    "\n"
    "## How values are written\n"
    "\n"
    "- **Duration**: `250ms`, `90s`, `15m`, `1h30m`, `24h`, `7d`, `2w`, `90 days`.\n"
    "- **Size**: bytes, or with a unit: `512`, `256KiB`, `8MiB`; `KB` and `MB` are powers of "
    "1000.\n"
    "- **Path**: a JSON Pointer (RFC 6901) to a value in the event: `/features/amount`.\n"
    "- **Name**: `a-z`, `0-9`, `_`, `.` and `-`, beginning with a letter or digit; at most 128 "
    "bytes.\n"
    "- **File**: relative to the directory of the configuration file.\n"
    "- **URL**: `https`, or `http` to this machine (`localhost`, `127.0.0.0/8`, `[::1]`). No user "
    "or password.\n"
    "- **Variables**: in any value, `${VAR}` is replaced by the environment variable, and "
    "`${VAR:-default}` by the default if\n"
    "  it is unset or empty. `$${` is a literal `${`. What a variable holds is text and never "
    "becomes structure. Inside\n"
    "  `{}` and `[]`, YAML wants quotes around it: `{ depth: \"${DEPTH:-16}\" }`.\n"
    "\n"
    "Anchors, aliases, tags and several documents are refused, and so is a key that is given "
    "twice. A file has at most 1 MiB.\n"
    "An unknown key is an error.\n";

static bool has_leaves(const char *section)
{
    for (uint32_t i = 0; i < settings_count; i++)
        if (strcmp(settings_table[i].section, section) == 0 &&
            !setting_is_container(&settings_table[i]))
            return true;
    return false;
}

static void add_type(struct text *text, const struct setting *setting)
{
    const char *choices = setting->choices;
    text_puts(text, setting->flags & SETTING_LIST ? "list of " : "");
    if (!choices)
        text_puts(text, kind_of(setting->kind)->word);
    while (choices && *choices) {
        size_t size = strcspn(choices, " ");
        text_printf(text, "`%.*s`%s", (int)size, choices, choices[size] ? ", " : "");
        choices += size + (choices[size] == ' ');
    }
}

static void add_default(struct text *text, const struct setting *setting)
{
    if (setting->flags & SETTING_REQUIRED)
        text_puts(text, "**required**");
    else if (setting->flags & SETTING_EITHER)
        text_puts(text, "**one of these**");
    else if (setting->preset)
        text_printf(text, "`%s`", setting->preset);
    else
        text_puts(text, setting->no_preset ? setting->no_preset : "—");
}

static void add_range(struct text *text, const struct setting *setting)
{
    char range[SETTING_RANGE_BYTES];
    setting_range(setting, range);
    text_puts(text, range);
    if (!setting->most)
        return;
    text_puts(text, range[0] ? "; " : "");
    if (setting->least)
        text_printf(text, "%u to %u entries", setting->least, setting->most);
    else
        text_printf(text, "at most %u entries", setting->most);
}

static void add_row(struct text *text, const struct setting *setting)
{
    text_printf(text, "| `%s` | ", setting->key);
    add_type(text, setting);
    text_puts(text, " | ");
    add_default(text, setting);
    text_puts(text, " | ");
    add_range(text, setting);
    text_printf(text, " | %s |\n", setting->help);
}

static void add_section(struct text *text, const char *section)
{
    if (has_leaves(section))
        text_puts(text,
                  "\n| setting | type | default | range | meaning |\n|---|---|---|---|---|\n");
    for (uint32_t i = 0; i < settings_count; i++)
        if (strcmp(settings_table[i].section, section) == 0 &&
            !setting_is_container(&settings_table[i]))
            add_row(text, &settings_table[i]);
    for (uint32_t i = 0; i < settings_count; i++) {
        const struct setting *setting = &settings_table[i];
        char inside[SETTING_PATH_BYTES];
        if (strcmp(setting->section, section) != 0 || !setting_is_container(setting))
            continue;
        setting_inside(setting, inside);
        text_printf(text, "\n%s `%s`\n\n%s\n", section[0] ? "###" : "##", inside, setting->help);
        add_section(text, inside);
    }
}

void config_manual(struct text *text)
{
    text_puts(text, beginning);
    text_puts(text, "\n## Top of the file\n");
    add_section(text, "");
}
