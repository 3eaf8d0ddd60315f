/* simdjson's tree of an event: one parser for all events, input with its padding behind it and
 * without a copy, the implementation that the machine is best at. */
#include "decode_contest.h"

#include <cstring>
#include <simdjson.h>

namespace
{

struct state {
    char *const *paths;
    unsigned path_count;
    simdjson::dom::parser parser;
};

void *start(char *const *paths, unsigned path_count, const struct event_set *)
{
    return new state{paths, path_count, simdjson::dom::parser{}};
}

void read_all(const struct state &state, simdjson::dom::element root, struct reading *reading)
{
    for (unsigned i = 0; i < state.path_count; i++) {
        simdjson::dom::element value;
        if (root.at_pointer(state.paths[i]).get(value))
            contest_fail("a path is missing for simdjson");
        if (value.is_number())
            reading->numbers += double(value);
        else if (value.is_string())
            reading->text_bytes += value.get_string_length();
        else
            reading->numbers += bool(value);
    }
}

void run(void *pointer, const char *data, size_t size, struct reading *reading)
{
    auto *state = static_cast<struct state *>(pointer);
    simdjson::dom::element root;
    if (state->parser.parse(data, size, false).get(root))
        contest_fail("event refused by simdjson");
    if (reading)
        read_all(*state, root, reading);
}

void stop(void *pointer)
{
    delete static_cast<struct state *>(pointer);
}

} // namespace

extern const struct contestant contest_simdjson = {
    "simdjson", "simdjson's tree, nothing read from it", start, run, stop};
