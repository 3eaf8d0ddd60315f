#!/bin/sh
# cppcheck finds nothing.
set -eu
cd "$(dirname "$0")/../.."
exec cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,performance,portability \
  --suppress=missingIncludeSystem --suppress=normalCheckLevelMaxBranches -I agent -j 2 agent
