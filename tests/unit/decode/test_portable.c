/* What is written twice, for SSE2 and for everything else: here everything else. */
#undef __SSE2__
#include "decode/plan.h"
#include "unit/decode/scalars.h"

Test(portable, usual_scalars)
{
    check_usual_scalars();
}

Test(portable, unusual_scalars)
{
    check_unusual_scalars();
}

Test(portable, random_scalars)
{
    check_random_scalars();
}

Test(portable, quotes)
{
    check_quotes();
}

Test(portable, keys)
{
    struct decode_plan *plan = decode_plan_new(&decode_limits_default);
    char text[64] = "a key of some length\":1";
    decode_plan_want(plan, bytes_of("/a key of some length"), NULL);
    struct plan_node *node = plan_find(plan, plan->root, bytes_make(text, 20));
    cr_assert(plan_node_matches(node, text));
    text[19] = 'x';
    cr_assert(!plan_node_matches(node, text));
    decode_plan_free(plan);
}
