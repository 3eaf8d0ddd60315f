#!/usr/bin/env python3
"""No banned call, no variable-length array, no I/O in the core, no hidden global in the core, no unfinished work."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
CORE = ("base", "stats", "config", "baseline", "decode", "validate", "window", "compare", "judge", "incident")
BANNED = re.compile(r"(?<![\w.>])(strcpy|strcat|sprintf|vsprintf|strtok|atoi|atol|atof|gets|gmtime|localtime|rand|srand|"
                    r"alloca|setlocale|system|popen)\s*\(")
EXIT = re.compile(r"(?<![\w.>])(exit|_exit|_Exit|quick_exit)\s*\(")
CORE_IO = re.compile(r"(?<![\w.>])(v?f?d?printf|f?puts|f?putc|putchar|perror|v?f?scanf|f(?:open|close|read|write|gets|getc|flush|seek)|"
                     r"getline|open|close|read|write|mmap|socket|send|recv|time|clock|clock_gettime|gettimeofday|nanosleep|"
                     r"usleep|sleep|(?:secure_)?getenv|log_(?:debug|info|warning|error|line|err|setup))\s*\(")
GLOBAL = re.compile(r"^static\s+(?!const\b|inline\b|_Noreturn\b)[\w\s*]+\b\w+(\[[^\]]*\])?\s*(=[^=]|;)")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK|NOLINT\w*|cppcheck-suppress)\b|#if 0")
WRITABLE = re.compile(r"^\.(data(?!\.rel\.ro)|bss|tdata|tbss)")


def strip_comments(text):
    """Blanks comments and string contents, keeping line numbers."""
    pattern = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
    return pattern.sub(lambda m: re.sub(r"[^\n]", " ", m.group(0)), text)


def check_objects(problems):
    """What the compiler made of the core has nothing writable: finds the globals that a pattern does not see."""
    for folder in CORE:
        archive = ROOT / f"build/release/libleeway_{folder}.a"
        if not archive.exists():
            problems.append(f"{archive.relative_to(ROOT)} is not there: build the preset release first")
            continue
        name = "?"
        for line in subprocess.run(["size", "-A", archive], capture_output=True, text=True, check=True).stdout.splitlines():
            words = line.split()
            if "(ex " in line:
                name = words[0].removesuffix(".o")
            elif len(words) == 3 and WRITABLE.match(words[0]) and words[1] != "0":
                problems.append(f"agent/{folder}/{name}: {words[1]} bytes of global state in the core ({words[0]})")


def main():
    problems = []
    check_objects(problems)
    files = sorted((ROOT / "agent").glob("*/*.[ch]"))
    for path in files:
        folder, raw = path.parent.name, path.read_text()
        for number, (line, bare) in enumerate(zip(raw.splitlines(), strip_comments(raw).splitlines()), 1):
            place = f"{path.relative_to(ROOT)}:{number}"
            match = BANNED.search(bare)
            if match:
                problems.append(f"{place}: {match.group(1)} is banned")
            if EXIT.search(bare) and path.name != "main.c":
                problems.append(f"{place}: exit outside main")
            if folder in CORE:
                match = CORE_IO.search(bare)
                if match and not (folder == "base" and path.name == "mem.c"):
                    problems.append(f"{place}: the core does no input or output ({match.group(1)})")
                if GLOBAL.match(bare):
                    problems.append(f"{place}: global state in the core: {line.strip()}")
            if UNFINISHED.search(line):
                problems.append(f"{place}: unfinished: {line.strip()}")
    print("\n".join(problems) or f"{len(files)} files are clean")
    return 1 if problems or not files else 0


sys.exit(main())
