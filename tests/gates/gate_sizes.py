#!/usr/bin/env python3
"""Functions stay under 60 lines, files under 700 (docs: half of all functions under 12 lines, files about 400)."""
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def main():
    files = sorted(str(p) for p in (ROOT / "agent").glob("*/*.c"))
    problems = []
    for name in files + sorted(str(p) for p in (ROOT / "agent").glob("*/*.h")):
        lines = sum(1 for _ in open(name, encoding="utf-8"))
        if lines > 700:
            problems.append(f"{name}: {lines} lines")
    output = subprocess.run(["ctags", "-x", "--c-kinds=f", "--fields=+e", "--_xformat=%N %n %e %F", *files],
                            capture_output=True, text=True, check=True).stdout
    lengths = []
    for line in output.splitlines():
        function, first, last, file = line.split(" ", 3)
        lengths.append(int(last) - int(first) + 1)
        if lengths[-1] > 60:
            problems.append(f"{file}:{first}: {function} has {lengths[-1]} lines")
    lengths.sort()
    print("\n".join(problems) or
          f"{len(lengths)} functions, median {lengths[len(lengths) // 2]} lines, longest {lengths[-1]}")
    return 1 if problems or not lengths else 0


sys.exit(main())
