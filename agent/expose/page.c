/* Serves the bytes that deploy/cmake/embed.cmake made of agent/expose/page, by a table of names.
 * The page is static; all it shows it asks the API for. */
#include "expose/page.h"

#include <string.h>

#include "expose/routes.h"
#include "page_data.h"

static const char script[] = "text/javascript; charset=utf-8";

static const struct file {
    const char *name, *type;
    const void *data;
    size_t size;
} files[] = {
    {"app.js", script, page_app_js, sizeof page_app_js - 1},
    {"chart.js", script, page_chart_js, sizeof page_chart_js - 1},
    {"dom.js", script, page_dom_js, sizeof page_dom_js - 1},
    {"field.js", script, page_field_js, sizeof page_field_js - 1},
    {"health.js", script, page_health_js, sizeof page_health_js - 1},
    {"overview.js", script, page_overview_js, sizeof page_overview_js - 1},
    {"style.css", "text/css; charset=utf-8", page_style_css, sizeof page_style_css - 1},
    {"icon.svg", "image/svg+xml", page_icon_svg, sizeof page_icon_svg - 1},
};

static void send_file(struct reply *reply, const char *type, const void *data, size_t size)
{
    reply->type = type;
    reply->fixed = bytes_make(data, size);
    reply->cacheable = true;
}

void page_index(const struct request *request, struct reply *reply)
{
    (void)request;
    send_file(reply, "text/html; charset=utf-8", page_index_html, page_index_html_size);
}

void page_file(const struct request *request, struct reply *reply)
{
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        if (!strcmp(files[i].name, request->names[0])) {
            send_file(reply, files[i].type, files[i].data, files[i].size);
            return;
        }
    }
    reply_error(reply, 404, "not found");
}
