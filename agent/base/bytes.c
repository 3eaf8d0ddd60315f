/* The few operations on borrowed bytes that more than one stage needs. */
#include "base/bytes.h"

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct bytes bytes_trim(struct bytes bytes)
{
    while (bytes.size && is_space(bytes.data[0])) {
        bytes.data++;
        bytes.size--;
    }
    while (bytes.size && is_space(bytes.data[bytes.size - 1]))
        bytes.size--;
    return bytes;
}
