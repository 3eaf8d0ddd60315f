#include <criterion/criterion.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

/* Calls `check` for every occurrence of `before`NAME`after` in text. */
static int each_name(const char *text, const char *before, char after,
                     void (*check)(struct site *site, const char *name), struct site *site)
{
    int count = 0;
    for (const char *at = strstr(text, before); at; at = strstr(at, before)) {
        char name[128];
        at += strlen(before);
        size_t size = strcspn(at, (char[]){after, '\0'});
        cr_assert(size < sizeof name);
        memcpy(name, at, size);
        name[size] = '\0';
        check(site, name);
        count++;
    }
    return count;
}

static void is_served(struct site *site, const char *path)
{
    struct answer answer;
    site_get(site, path, &answer);
    cr_assert_eq(answer.status, 200, "%s", path);
    cr_assert(strlen(answer.body) > 50, "%s", path);
    cr_assert_str_eq(answer_header(&answer, "Cache-Control"), "no-cache");
    answer_release(&answer);
}

static void module_is_served(struct site *site, const char *name)
{
    char path[160];
    snprintf(path, sizeof path, "/page/%s", name);
    is_served(site, path);
}

Test(page, what_the_page_asks_for_is_there)
{
    static const char *const scripts[] = {"app", "chart", "field", "health", "overview"};
    struct site site;
    struct answer answer;
    site_start(&site, NULL);
    site_get(&site, "/", &answer);
    cr_assert(!strncmp(answer.body, "<!doctype html>", 15));
    cr_assert(each_name(answer.body, "=\"/page/", '"', module_is_served, &site) >= 4);
    answer_release(&answer);
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
        char path[64];
        snprintf(path, sizeof path, "/page/%s.js", scripts[i]);
        site_get(&site, path, &answer);
        cr_assert(each_name(answer.body, "from \"./", '"', module_is_served, &site) >= 1, "%s",
                  path);
        answer_release(&answer);
    }
    site_stop(&site);
}

/* The page works without network and cannot be made to run what is in the data. */
Test(page, nothing_foreign_and_no_markup_from_data)
{
    static const char *const paths[] = {"/",
                                        "/page/app.js",
                                        "/page/chart.js",
                                        "/page/dom.js",
                                        "/page/field.js",
                                        "/page/health.js",
                                        "/page/overview.js",
                                        "/page/style.css"};
    static const char *const banned[] = {"innerHTML",      "outerHTML", "insertAdjacentHTML",
                                         "document.write", "eval(",     "new Function",
                                         "https://",       "//cdn",     "@import",
                                         " onclick=",      "<style",    " style=\""};
    struct site site;
    site_start(&site, NULL);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct answer answer;
        site_get(&site, paths[i], &answer);
        cr_assert_eq(answer.status, 200);
        for (size_t j = 0; j < sizeof banned / sizeof *banned; j++)
            cr_assert_null(strstr(answer.body, banned[j]), "%s in %s", banned[j], paths[i]);
        answer_release(&answer);
    }
    site_stop(&site);
}
