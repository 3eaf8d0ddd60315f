#!/bin/sh
# Sources are formatted as .clang-format says. Another major version of the tool formats differently, so only 14 decides.
set -eu
cd "$(dirname "$0")/../.."
tool=$(command -v clang-format-14 || command -v clang-format)
case $("$tool" --version) in
  *"version 14."*) ;;
  *) echo "skipped: $("$tool" --version) is not version 14"; exit 0 ;;
esac
find agent tests bench -name '*.[ch]' -print0 | xargs -0 "$tool" --dry-run -Werror
