#!/usr/bin/env python3
"""The tree speaks of the project alone: no path of a build machine, no third-party source, a licence at the top."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PATHS = re.compile(r"(?<![\w.])/(work|root|home/\w+)/")
TEXT = {".c", ".h", ".py", ".sh", ".md", ".yaml", ".yml", ".json", ".txt", ".cmake", ".js", ".css", ".html", ""}


def main():
    problems = []
    files = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True,
                           check=True).stdout.split("\n")
    for name in filter(None, files):
        path = ROOT / name
        if path.suffix not in TEXT or not path.is_file() or path.stat().st_size > 1 << 20:
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if PATHS.search(line) and not name.endswith("gate_words.py"):
                problems.append(f"{name}:{number}: a path of one machine: {line.strip()[:80]}")
    if "Apache License" not in (ROOT / "LICENSE").read_text():
        problems.append("LICENSE is not the Apache License")
    print("\n".join(problems) or f"{len(files)} files")
    return 1 if problems else 0


sys.exit(main())
