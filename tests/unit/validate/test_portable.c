/* The search without SSE2. */
#undef __SSE2__
#include "unit/validate/searches.h"

Test(portable, finds_what_cells_find_finds)
{
    check_all_spreads();
}
