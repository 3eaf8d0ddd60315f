#!/usr/bin/env python3
"""Pages that are made from the settings table are as it would make them now."""
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
LEEWAY = ROOT / "build/release/leeway"


def main():
    problems = []
    for kind, page in (("manual", "docs/CONFIG.md"), ("schema", "docs/config.schema.json")):
        made = subprocess.run([LEEWAY, "check", "--print", kind], capture_output=True, check=True).stdout
        if made != (ROOT / page).read_bytes():
            problems.append(f"{page} is stale: build/release/leeway check --print {kind} > {page}")
    print("\n".join(problems) or "generated pages are fresh")
    return 1 if problems else 0


sys.exit(main())
