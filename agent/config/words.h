/* Words of the user in messages. */
#ifndef LEEWAY_CONFIG_WORDS_H
#define LEEWAY_CONFIG_WORDS_H

/* A text as a message may show it, by value so that it can stand in an argument list. */
struct shown {
    char text[64];
};

/* `word` in quotes, cut to a line's worth at a character, control characters as "?"; anything that
 * contains "://" is shown only as "a URL", since a URL can be a credential. */
struct shown word_shown(const char *word);

#endif
