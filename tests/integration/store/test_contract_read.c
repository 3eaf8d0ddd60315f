/* The contract of tests/unit/store/test_sqlite_read.c, kept by PostgreSQL. */
#include "integration/store/fixture.h"

#include "unit/store/test_sqlite_read.c"
