"""Runs `leeway replay` on the demo's events and a bare reader (wc -l) on the same file, in turns, and prints medians.

Times are user plus system time of the process as the kernel counts them, since others may use the machine;
events per second are by that, too. The baseline is made first, in a directory of its own.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

EVENTS = pathlib.Path("build/demo/events.ndjson")
TRAINING = pathlib.Path("build/demo/training.ndjson")
CONFIG = pathlib.Path("deploy/demo/leeway.yaml")
RUNS = 5


def run(command):
    """Output lines, CPU seconds and peak resident bytes of one process."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    lines = sum(1 for _ in process.stdout)
    said = process.stderr.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{command[0]} failed: {said}")
    return lines, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def prepare(leeway, directory):
    """The demo's configuration with a store and rules in `directory`, and its baseline made."""
    config = directory / "leeway.yaml"
    text = CONFIG.read_text().replace("sqlite:build/demo/leeway.db", f"sqlite:{directory}/leeway.db")
    config.write_text(text)
    (directory / "rules.yaml").write_bytes((CONFIG.parent / "rules.yaml").read_bytes())
    subprocess.run([leeway, "baseline", "create", "--config", config, "--monitor", "flights", "--file", TRAINING],
                   check=True, stdout=subprocess.DEVNULL)
    return config


def measure(leeway):
    with tempfile.TemporaryDirectory() as name:
        config = prepare(leeway, pathlib.Path(name))
        replay = [leeway, "replay", "--config", config, "--file", EVENTS]
        runs, bare = [], []
        for _ in range(RUNS):
            bare.append(run(["wc", "-l", EVENTS])[1])
            runs.append(run(replay))
    with EVENTS.open("rb") as file:
        events = sum(1 for _ in file)
    verdicts = {lines for lines, _, _ in runs}
    if len(verdicts) != 1:
        sys.exit(f"runs differ: {sorted(verdicts)} verdicts")
    seconds = statistics.median(cpu for _, cpu, _ in runs)
    reader = statistics.median(bare)
    return {
        "bench": "replay",
        "events_per_second": round(events / seconds),
        "cpu_us_per_event": round(seconds / events * 1e6, 3),
        "rss_mib": round(statistics.median(rss for _, _, rss in runs) / 2**20, 1),
        "events": events,
        "verdicts": verdicts.pop(),
        "runs": RUNS,
        "bare_reader_us_per_event": round(reader / events * 1e6, 3),
        "bare_reader_ratio": round(seconds / reader, 1) if reader else None,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--leeway", required=True)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    result = measure(options.leeway)
    if options.json:
        print(json.dumps(result))
        return
    for name, value in result.items():
        print(f"{name:26} {value}")


main()
