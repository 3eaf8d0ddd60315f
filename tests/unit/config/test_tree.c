/* YAML to nodes, with places. What is refused is in tests/data/config/bad. */
#include "config/tree.h"

#include "unit/config/parse.h"

static struct arena *arena;

static void set_up(void)
{
    arena = arena_new();
}

static void tear_down(void)
{
    arena_free(arena);
}

TestSuite(tree, .init = set_up, .fini = tear_down);

static struct node *parse(const char *yaml)
{
    struct err err = {0};
    struct node *root = tree_parse(arena, bytes_of(yaml), "t.yaml", test_getvar, &err);
    cr_assert(root, "%s: %s", err.place, err.text);
    return root;
}

static struct err refused(struct bytes yaml)
{
    struct err err = {0};
    cr_assert_null(tree_parse(arena, yaml, "t.yaml", test_getvar, &err));
    cr_assert_neq(err.code, 0);
    return err;
}

Test(tree, places)
{
    struct node *root = parse("a:\n  - b\n  - {c: \"d\", ä: e}\nf: g\n");
    cr_assert_eq(root->kind, NODE_MAP);
    cr_assert_eq(root->child_count, 2);
    struct node *list = node_get(root, "a");
    cr_assert_eq(list->kind, NODE_LIST);
    cr_assert_eq(list->key_place.line, 1);
    cr_assert_eq(list->place.line, 2);
    cr_assert_eq(list->place.column, 3);
    cr_assert_str_eq(list->children[0]->text, "b");
    cr_assert_null(list->children[0]->key);
    struct node *map = list->children[1];
    cr_assert_eq(map->place.line, 3);
    cr_assert_eq(map->place.column, 5);
    cr_assert_eq(node_get(map, "c")->place.column, 9);
    cr_assert(node_get(map, "c")->quoted);
    struct node *last = node_get(map, "ä"); /* columns count characters */
    cr_assert_eq(last->key_place.column, 14);
    cr_assert_eq(last->place.column, 17);
    cr_assert(!last->quoted);
    cr_assert_str_eq(last->place.file, "t.yaml");
    cr_assert_null(node_get(map, "f"));
    cr_assert_null(node_get(list, "a"));
    cr_assert_null(node_get(NULL, "a"));
}

Test(tree, nulls)
{
    struct node *root =
        parse("a:\nb: ~\nc: null\nd: ''\ne: Null\nf: ${EMPTY}\ng: ${NULL_WORD}\nh: x");
    static const bool expected[] = {true, true, true, false, true, true, false, false};
    for (uint32_t i = 0; i < root->child_count; i++)
        cr_expect_eq(root->children[i]->is_null, expected[i], "%s", root->children[i]->key);
    cr_assert_eq(root->children[0]->place.line, 1);
}

Test(tree, quotes_around_a_variable)
{
    struct node *root = parse("a: \"${MODEL}\"\nb: \"${EMPTY}\"\nc: \"x\"\n");
    cr_assert(!node_get(root, "a")->quoted);
    cr_assert(!node_get(root, "b")->is_null);
    cr_assert_str_eq(node_get(root, "b")->text, "");
    cr_assert(node_get(root, "c")->quoted);
}

Test(tree, empty_documents)
{
    static const char *const empty[] = {"", "\n", "# comment", "---\n", "---\n...\n", "~"};
    for (size_t i = 0; i < sizeof empty / sizeof *empty; i++) {
        struct node *root = parse(empty[i]);
        cr_expect(root->kind == NODE_SCALAR && root->is_null, "%s", empty[i]);
    }
    struct node *root = tree_parse(arena, bytes_make(NULL, 0), "t", NULL, NULL);
    cr_assert(root && root->is_null);
    cr_assert_eq(root->place.line, 1);
}

Test(tree, scalar_styles)
{
    struct node *root = parse("a: |\n  x\n  y\nb: >\n  x\n  y\nc: 'it''s'\nd: \"\\u00e4\\t\"\n");
    cr_assert_str_eq(node_get(root, "a")->text, "x\ny\n");
    cr_assert_str_eq(node_get(root, "b")->text, "x y\n");
    cr_assert_str_eq(node_get(root, "c")->text, "it's");
    cr_assert_str_eq(node_get(root, "d")->text, "ä\t");
    cr_assert(node_get(root, "a")->quoted);
}

Test(tree, size_limit)
{
    struct text yaml = {0};
    text_puts(&yaml, "#");
    while (yaml.size < 1 << 20)
        text_add(&yaml, "xxxxxxxxxxxxxxx\n#xxxxxxxxxxxxxxx\n", 32);
    yaml.size = 1 << 20;
    cr_assert(tree_parse(arena, bytes_make(yaml.data, yaml.size), "t", NULL, NULL));
    cr_assert_eq(refused(bytes_make(yaml.data, yaml.size + 1)).code, ERR_LIMIT);
    text_release(&yaml);
}

Test(tree, node_limit)
{
    struct text yaml = {0};
    text_puts(&yaml, "[");
    for (int i = 0; i < 99999; i++)
        text_puts(&yaml, i ? ",\na" : "a");
    text_puts(&yaml, "]");
    cr_assert(tree_parse(arena, bytes_make(yaml.data, yaml.size), "t", NULL, NULL));
    yaml.data[yaml.size - 1] = ',';
    text_puts(&yaml, "a]");
    struct err err = refused(bytes_make(yaml.data, yaml.size));
    cr_assert_eq(err.code, ERR_LIMIT);
    cr_assert_str_eq(err.place, "t.yaml:99999:3");
    text_release(&yaml);
}

static struct text nested(int depth)
{
    struct text yaml = {0};
    for (int i = 0; i < depth; i++)
        text_puts(&yaml, i % 2 ? "[" : "{a: ");
    for (int i = depth; i-- > 0;)
        text_puts(&yaml, i % 2 ? "]" : "}");
    return yaml;
}

Test(tree, depth_limit)
{
    struct text fits = nested(32), deep = nested(33), very_deep = nested(200000);
    cr_assert(tree_parse(arena, bytes_of(fits.data), "t", NULL, NULL));
    cr_assert_eq(refused(bytes_of(deep.data)).code, ERR_LIMIT);
    cr_assert_eq(refused(bytes_of(very_deep.data)).code, ERR_LIMIT);
    text_release(&fits);
    text_release(&deep);
    text_release(&very_deep);
}

/* A variable of a kilobyte, a few thousand times. */
static const char *kilobyte(const char *name)
{
    static char value[1025];
    (void)name;
    memset(value, 'x', 1024);
    return value;
}

Test(tree, interpolation_limit)
{
    struct text yaml = {0};
    for (int i = 0; i < 1024; i++)
        text_puts(&yaml, "- ${X}\n");
    struct err err = {0};
    cr_assert(tree_parse(arena, bytes_of(yaml.data), "t", kilobyte, &err), "%s", err.text);
    text_puts(&yaml, "- ${X}\n");
    cr_assert_null(tree_parse(arena, bytes_of(yaml.data), "t", kilobyte, &err));
    cr_assert_eq(err.code, ERR_LIMIT);
    cr_assert_str_eq(err.place, "t:1025:3");
    text_release(&yaml);
}

Test(tree, many_keys_and_the_last_is_a_duplicate)
{
    struct text yaml = {0};
    for (int i = 0; i < 30000; i++)
        text_printf(&yaml, "k%d: 1\n", i);
    struct node *root = parse(yaml.data);
    cr_assert_eq(root->child_count, 30000);
    text_puts(&yaml, "k77: 1\n");
    struct err err = refused(bytes_of(yaml.data));
    cr_assert_str_eq(err.place, "t.yaml:30001:1");
    cr_assert_str_eq(err.text, "key \"k77\" is given twice, first at 78:1");
    text_release(&yaml);
}

Test(tree, bytes_that_are_not_text)
{
    struct err err = refused(bytes_of("a: b\nc: d\xff\n"));
    cr_assert_str_eq(err.place, "t.yaml:2:5");
    refused(bytes_of("a: ${BAD_UTF8}"));
    refused(bytes_make("a: b\0c", 6));
    refused(bytes_make("a: \"\\0\"", 7));
    refused(bytes_of("\"a\\nb\": 1"));
    refused(bytes_of("\"a\\u0007b\": 1"));
    refused(bytes_make("\xff\xfe"
                       "a\0:\0",
                       6)); /* UTF-16 */
}

Test(tree, errors_may_be_ignored)
{
    static const char *const bad[] = {"a: *b",        "[",           "a: 1\na: 2", "${",
                                      "- ${NOT_SET}", "--- a\n--- b"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_null(tree_parse(arena, bytes_of(bad[i]), "t", NULL, NULL), "%s", bad[i]);
}
