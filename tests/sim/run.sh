#!/bin/sh
# The simulation of the alarm budget: false alarms and detection delay, next to other tools' rules.
#
#   tests/sim/run.sh [--all] [-k WORD]
#
# Every cell is a process of its own, one for each core. LEEWAY_SEED sets the seed (1), LEEWAY_BUILD another build
# directory; it must be a release build. Exit 0 only if no budget is breached and no detection is late.
set -eu
cd "$(dirname "$0")/../.."
build=${LEEWAY_BUILD:-build/release}
all= word=
while [ $# -gt 0 ]; do
  case $1 in
    --all) all=--all ;;
    -k) word=$2; shift ;;
    *) sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
  shift
done
{
  [ -f "$build/build.ninja" ] || cmake --preset release -B "$build"
  cmake --build "$build" --target sim_judge
} >&2
program=$(find "$build" -name sim_judge -type f | head -1)
rows=$(mktemp -d)
trap 'rm -rf "$rows"' EXIT
export LEEWAY_SEED="${LEEWAY_SEED:-1}" program rows
"$program" --list $all | grep -- "$word" >"$rows/list" || { echo "no such cell: $word" >&2; exit 2; }
echo "seed $LEEWAY_SEED"
cut -d' ' -f2 "$rows/list" | xargs -P "$(nproc)" -I NAME sh -c \
  '"$program" --cell NAME >"$rows/NAME" || echo "NAME" >>"$rows/failed"'
for kind in null power; do
  grep -q "^$kind " "$rows/list" || continue
  "$program" --head "$kind"
  for name in $(sed -n "s/^$kind //p" "$rows/list"); do cat "$rows/$name"; done
  case $kind in
    null) echo "alarms and worst (of 20 baselines): incidents without cause; upper95: of the rate per 90 days, allowed 1; other columns: windows"
          echo "per 90 days (2,160 in all) in which a rule of other tools would have alarmed" ;;
    power) echo "median delays in windows, in brackets the reference's; other columns: share of single windows in which the rule flags the field" ;;
  esac
done
failed=0
[ ! -f "$rows/failed" ] || failed=$(wc -l <"$rows/failed")
echo "sim: $(($(wc -l <"$rows/list") - failed)) passed, $failed failed"
[ "$failed" = 0 ]
