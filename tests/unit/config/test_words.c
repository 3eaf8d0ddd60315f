#include "config/words.h"

#include <criterion/criterion.h>
#include <string.h>

#include "config/tree.h"

static const char *const known[] = {"topics", "topic", "windows", "url", "sensitivity"};

static const char *near(const char *word)
{
    const char *found = nearest_word(word, known, 5);
    return found ? found : "";
}

Test(words, nearest)
{
    cr_expect_str_eq(near("topcis"), "topics");
    cr_expect_str_eq(near("topic"), "topic");
    cr_expect_str_eq(near("topicss"), "topics");
    cr_expect_str_eq(near("windws"), "windows");
    cr_expect_str_eq(near("sensitvty"), "sensitivity");
    cr_expect_str_eq(near("uri"), "url");
}

Test(words, nothing_near)
{
    cr_expect_str_eq(near(""), "");
    cr_expect_str_eq(near("ur"), ""); /* a third of two is nothing */
    cr_expect_str_eq(near("tpcs"), "");
    cr_expect_str_eq(near("completely"), "");
    cr_expect_null(nearest_word("a", NULL, 0));
    char huge[5000];
    memset(huge, 'x', sizeof huge);
    huge[sizeof huge - 1] = '\0';
    const char *const long_ones[] = {huge};
    cr_expect_str_eq(near(huge), "");
    cr_expect_null(nearest_word("topics", long_ones, 1));
}

Test(words, nearest_of_two_and_first_of_equals)
{
    const char *const equals[] = {"abcx", "abcy", "abcdefgh"};
    cr_expect_str_eq(nearest_word("abcz", equals, 3), "abcx");
    cr_expect_str_eq(nearest_word("abcy", equals, 3), "abcy");
}

Test(words, shown)
{
    cr_expect_str_eq(word_shown("amount").text, "\"amount\"");
    cr_expect_str_eq(word_shown("").text, "\"\"");
    cr_expect_str_eq(word_shown("a\nb\x1b").text, "\"a?b?\"");
    cr_expect_str_eq(word_shown("https://x.example/token").text, "a URL");
    cr_expect_str_eq(word_shown("see postgresql://me:pw@db").text, "a URL");
}

Test(words, shown_cuts_at_a_character)
{
    char word[200] = "x";
    for (int i = 0; i < 40; i++)
        strncat(word, "ä", 3);
    struct shown shown = word_shown(word);
    cr_expect_eq(strlen(shown.text), 1 + 47 + 3 + 1); /* quotes, x and 23 ä, the ellipsis */
    cr_expect_str_eq(shown.text + strlen(shown.text) - 6, "ä…\"");
}
