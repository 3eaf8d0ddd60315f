/* The contract of tests/unit/store/test_sqlite_judged.c, kept by PostgreSQL. */
#include "integration/store/fixture.h"

#include "unit/store/test_sqlite_judged.c"
