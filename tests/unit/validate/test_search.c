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

/* Edges that no scale can tell apart, alone between the ends: more are searched than there are. */
Test(search, a_cluster_without_neighbours)
{
    struct random random = random_new(83);
    for (uint32_t size = 2; size < 40; size++) {
        double edges[64] = {-1.7e308};
        edges[1] = 1;
        for (uint32_t i = 2; i <= size; i++)
            edges[i] = nextafter(edges[i - 1], HUGE_VAL);
        edges[size + 1] = 1.7e308;
        edges[size + 2] = nextafter(1.7e308, HUGE_VAL);
        check_edges(edges, size + 3, &random);
        check_edges(edges, size + 2, &random);
        check_edges(edges + 1, size, &random);
    }
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

Test(search, bits_are_in_the_order_of_numbers)
{
    static const double ascending[] = {-INFINITY, -1.7e308, -2, -1,  -5e-324, 0,
                                       5e-324,    1,        2,  1e9, 1.7e308, INFINITY};
    for (unsigned i = 1; i < sizeof ascending / sizeof ascending[0]; i++)
        cr_assert_lt(search_bits(ascending[i - 1]), search_bits(ascending[i]));
    cr_assert_eq(search_bits(-0.0), search_bits(0.0));
}
