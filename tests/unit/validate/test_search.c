/* The search from where a number must be, against the search through all edges. */
#include "unit/validate/searches.h"

Test(search, finds_what_cells_find_finds)
{
    check_all_spreads();
}

/* The whole range of doubles, whose width is infinite. */
Test(search, from_end_to_end)
{
    struct random random = random_new(82);
    double edges[] = {-1.7976931348623157e308, -1, 0, 1, nextafter(1.7976931348623157e308, 0),
                      1.7976931348623157e308};
    check_edges(edges, 6, &random);
    double close[] = {1, nextafter(1, 2)};
    check_edges(close, 2, &random);
}

/* Evenly spread edges are found by one comparison each, and so are powers, whatever the range. */
Test(search, is_short_where_it_can_be)
{
    struct arena *arena = arena_new();
    double even[129], powers[129];
    for (int i = 0; i < 128; i++) {
        even[i] = i * 0.37;
        powers[i] = ldexp(1, i - 60);
    }
    even[128] = nextafter(even[127], HUGE_VAL);
    powers[128] = nextafter(powers[127], HUGE_VAL);
    struct cells cells = {.count = 130, .edges = even};
    cr_assert_eq(search_make(&cells, arena).half, 1);
    cells.edges = powers;
    cr_assert_eq(search_make(&cells, arena).half, 1);
    arena_free(arena);
}
