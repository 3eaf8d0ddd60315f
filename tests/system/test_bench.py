"""bench/ingest on a topic so small that its figures mean nothing: that it runs, says what it should, and cleans up."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import pytest

from conftest import ROOT

READER = {"events_per_second", "cpu_us_per_event", "rss_mib"}


@pytest.fixture
def place():
    """A directory for temporary files that the database's user may enter."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="leeway-bench-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


def run(place, *command, code=0, **environment):
    done = subprocess.run(list(map(str, command)), env={**os.environ, "TMPDIR": str(place), **environment}, cwd=ROOT, text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=600, check=False)
    assert done.returncode == code, done.stderr[-3000:]
    assert not list(place.iterdir()), "something was left behind"
    return done


@pytest.mark.parametrize("features", [5, 20, 200])
def test_ingest(binary, place, features):
    done = run(place, "bench/ingest", "--json", "--pairs", 1, "--events", 3000, "--features", features, LEEWAY_BUILD=str(binary.parent))
    result = json.loads(done.stdout)
    assert result["bench"] == "ingest" and result["features"] == features and result["events"] == 3000
    assert features != 20 or result["event_bytes"] == 459
    for name in ("cpu_ratio", "throughput_ratio", "poll_cpu_ratio", "poll_throughput_ratio", *READER, "bare_events_per_second",
                 "bare_cpu_us_per_event", "bare_rss_mib"):
        assert result[name] > 0, name
    assert re.fullmatch(r"\d+\.\d+\.\d+", result["librdkafka"]) and re.fullmatch(r"\d{4}-\d\d-\d\d", result["date"])
    assert "CPUs" in result["machine"]
    pair, = result["pairs"]
    assert {name: set(pair[name]) for name in ("agent", "bare", "bare_poll")} == dict.fromkeys(("agent", "bare", "bare_poll"), READER)
    assert pair["cpu_ratio"] == result["cpu_ratio"] == pytest.approx(
        pair["agent"]["cpu_us_per_event"] / pair["bare"]["cpu_us_per_event"], rel=0.01)


def test_ingest_that_fails_leaves_nothing(binary, place):
    done = run(place, sys.executable, "bench/ingest.py", "--build", binary.parent, "--fill", "/bin/false", "--json", code=1)
    assert "/bin/false failed" in done.stderr and done.stdout == ""


def test_ingest_refuses_nonsense(binary, place):
    done = run(place, "bench/ingest", "--pairs", 0, code=2, LEEWAY_BUILD=str(binary.parent))
    assert "at least 1 pair" in done.stderr
