#!/usr/bin/env python3
"""Every #include under agent/ is allowed by the dependency table of docs/ARCHITECTURE.md."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
CORE = {"base", "stats", "config", "baseline", "decode", "validate", "window", "compare", "judge", "incident"}
SYSTEM = {"xxhash": r"xxhash\.h", "openssl": r"openssl/", "yaml": r"yaml\.h", "jansson": r"jansson\.h",
          "sqlite3": r"sqlite3\.h", "curl": r"curl/", "event2": r"event2/", "rdkafka": r"librdkafka/",
          "libpq": r"libpq-fe\.h", "zlib": r"zlib\.h"}
STANDARD = re.compile(r"^(arpa/inet|assert|ctype|dirent|emmintrin|errno|fcntl|float|getopt|inttypes|limits|locale|math|netdb|"
                      r"netinet/\w+|poll|pthread|sched|signal|stdalign|stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdlib|"
                      r"string|strings|sys/\w+|syslog|threads|time|unistd)\.h$")
NOT_IN_CORE = re.compile(r"^(time|unistd|fcntl|signal|locale|pthread|threads)\.h$|^sys/")


def read_table():
    text = (ROOT / "docs/ARCHITECTURE.md").read_text()
    body = text.split("<!-- dependency-table -->")[1].split("<!-- /dependency-table -->")[0]
    table = {}
    for line in body.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) == 3 and cells[0] not in ("folder", "") and not cells[0].startswith("-"):
            table[cells[0]] = (set(cells[1].split()), set(cells[2].split()))
    return table


def check(path, folder, allowed, system, problems):
    known = set(pathlib.Path(p).name for p in (ROOT / "agent").iterdir() if p.is_dir())
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = re.match(r'\s*#\s*include\s+([<"])([^>"]+)[>"]', line)
        if not match:
            continue
        place, (quote, name) = f"{path.relative_to(ROOT)}:{number}", match.groups()
        if quote == '"':
            target = name.split("/")[0]
            if name in ("page_data.h",) and folder == "expose":
                continue
            if "/" not in name or target not in known:
                problems.append(f"{place}: include by folder and file, not {name}")
            elif target != folder and target not in allowed:
                problems.append(f"{place}: {folder} may not include {target}")
            continue
        for library, pattern in SYSTEM.items():
            if re.match(pattern, name) and library not in system:
                problems.append(f"{place}: {folder} may not include <{name}>")
        if not STANDARD.match(name) and not any(re.match(pattern, name) for pattern in SYSTEM.values()):
            problems.append(f"{place}: <{name}> is of a library that the table does not know")
        if folder in CORE and NOT_IN_CORE.match(name):
            problems.append(f"{place}: the core may not include <{name}>")


def main():
    table, problems = read_table(), []
    folders = {p.name for p in (ROOT / "agent").iterdir() if p.is_dir()}
    for folder in sorted(folders ^ set(table)):
        problems.append(f"docs/ARCHITECTURE.md: table and agent/ disagree about {folder}")
    files = sorted((ROOT / "agent").glob("*/*.[ch]"))
    for path in files:
        if path.parent.name in table:
            check(path, path.parent.name, *table[path.parent.name], problems)
    for core in CORE & set(table):
        for target in table[core][0] - CORE:
            problems.append(f"docs/ARCHITECTURE.md: {core} is core and may not depend on {target}")
    print("\n".join(problems) or f"{len(files)} files keep to the table")
    return 1 if problems or len(files) < 20 else 0


sys.exit(main())
