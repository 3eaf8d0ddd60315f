"""Promise 4: the same records give the same verdicts, to the byte, however their partitions are interleaved."""
import json
import random

import pytest

from conftest import partitions_of

MEMBERS = {"id", "monitor", "version", "generation", "segment", "field", "window", "start", "end", "n", "baseline_n", "state",
           "severity", "significant", "provisional", "p", "effect", "scores", "rates", "reasons", "detail"}
STATES = {"ok", "drift", "insufficient", "incomplete", "learning", "silent"}
SEVERITIES = {"none", "notice", "low", "medium", "high"}


def test_same_records_same_bytes(work, cut, replayed):
    assert len(replayed) > 1_000_000
    assert work.run("replay", "--file", cut).stdout == replayed


def test_standard_input_is_like_a_file(work, cut, replayed):
    assert work.run("replay", "--file", "-", stdin=cut.read_text()).stdout == replayed


def merged(parts, random_source):
    """An arbitrary merge; runs of one partition are long or short by chance."""
    left = {part: iter(lines) for part, lines in parts.items()}
    while left:
        part = random_source.choice(sorted(left))
        for _ in range(int(random_source.paretovariate(0.5)) % 5000 + 1):
            line = next(left[part], None)
            if line is None:
                del left[part]
                break
            yield line


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_interleaving_does_not_matter(work, cut, replayed, seed):
    work.write("mixed.ndjson", "".join(merged(partitions_of(cut), random.Random(seed))))
    assert work.run("replay", "--file", "mixed.ndjson").stdout == replayed


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 1, 0, 2)])
def test_one_partition_after_the_other(work, cut, replayed, order):
    parts = partitions_of(cut)
    work.write("sorted.ndjson", "".join(line for part in order for line in parts[part]))
    assert work.run("replay", "--file", "sorted.ndjson").stdout == replayed
    assert work.run("replay", "--file", "-", stdin=(work.path / "sorted.ndjson").read_text()).stdout == replayed


def test_commits_do_not_matter(work, cut, replayed):
    work.configure(limits={"commit_interval": "5m", "commit_bytes": "64KiB"})
    assert work.run("replay", "--file", cut).stdout == replayed


def test_exported_baseline_judges_alike(work, cut, replayed):
    work.run("baseline", "export", "flights", "--output", "flights.json")
    assert work.run("replay", "--file", cut, "--baseline", "flights.json").stdout == replayed


def test_members_of_a_verdict(replayed):
    fields, segments, windows = set(), set(), set()
    for line in replayed.splitlines():
        verdict = json.loads(line)
        assert MEMBERS <= verdict.keys()
        assert verdict["state"] in STATES and verdict["severity"] in SEVERITIES
        assert verdict["monitor"] == "flights" and verdict["version"] == "1" and verdict["n"] >= 0
        assert verdict["start"] < verdict["end"] and isinstance(verdict["reasons"], list)
        assert verdict["p"] is None or 0 <= verdict["p"] <= 1
        assert {"psi", "js", "ks", "wasserstein"} <= verdict["scores"].keys()
        for score in verdict["scores"].values():
            assert score.keys() == {"value", "noise_floor", "debiased"}
        fields.add(verdict["field"])
        segments.add(verdict["segment"])
        windows.add(verdict["window"])
    assert {"origin", "dest", "carrier", "distance", "hour", "dep_delay", "score", "class"} <= fields
    assert {"", "origin=JFK", "origin=LGA", "origin=EWR"} <= segments and windows == {"24h", "7d"}


def test_ids_are_unique(replayed):
    ids = [json.loads(line)["id"] for line in replayed.splitlines()]
    assert len(ids) == len(set(ids))


def test_storm_is_found(work, cut):
    changes = [json.loads(line) for line in work.run("replay", "--file", cut, "--incidents").stdout.splitlines()]
    opened = [c for c in changes if c["event"] == "opened"]
    first = opened[0]
    assert "2013-02-08T00:00:00Z" <= first["opened"] <= "2013-02-09T12:00:00Z"
    assert "class" in {m["field"] for m in first["evidence"]["members"]}, "cancelled flights have no predicted class"
    story = [c for c in changes if c["id"] == first["id"]]
    assert story[-1]["event"] == "closed"
    members = {m["field"]: m for m in story[-1]["evidence"]["members"]}
    assert {"dep_delay", "score"} <= members.keys()
    assert all("missing" in members[f]["detail"] and "missing" in members[f]["reasons"] for f in ("dep_delay", "score"))
    # The other storms: late on 27 February, cancellations on 6 March, late on 18 March.
    assert [c["opened"][:10] for c in opened[1:]] == ["2013-02-27", "2013-03-06", "2013-03-19"]
    for change in changes:
        assert change["severity"] in ("info", "warning", "critical") and change["title"].startswith("flights 1: ")


def test_distance_is_calm_until_april(work, year):
    out = work.run("replay", "--file", year, "--field", "distance", "--until", "2013-03-31T23:59:59Z").stdout
    verdicts = [json.loads(line) for line in out.splitlines()]
    assert len(verdicts) > 1000
    assert [v for v in verdicts if v["state"] == "drift"] == []


def test_year_opens_few_incidents(work, year):
    changes = [json.loads(line) for line in work.run("replay", "--file", year, "--incidents").stdout.splitlines()]
    opened = [c for c in changes if c["event"] == "opened"]
    assert 2 <= len(opened) <= 12, [c["title"] for c in opened]


def test_since_until_field_monitor(work, cut, replayed):
    since, until = "2013-02-08T12:00:00Z", "2013-02-10T00:00:00Z"
    out = work.run("replay", "--file", cut, "--since", since, "--until", until, "--field", "dep_delay").stdout
    wanted = [line for line in replayed.splitlines() for v in [json.loads(line)]
              if since <= v["end"] <= until and v["field"] == "dep_delay"]
    assert wanted and out.splitlines() == wanted
    assert work.run("replay", "--file", cut, "--monitor", "nobody").stdout == ""


def test_table(work, cut, replayed):
    lines = work.run("replay", "--file", cut, "--output", "table").stdout.splitlines()
    assert lines[0].split()[:5] == ["END", "WINDOW", "MONITOR", "VERSION", "FIELD"]
    assert len(lines) == 1 + len(replayed.splitlines())
    assert any("drift" in line and "dep_delay" in line and "missing" in line for line in lines)
    state = lines[0].index("STATE")
    assert sum(line[state - 1] == " " and line[state] != " " for line in lines[1:]) == len(lines) - 1, "columns are not aligned"
    incidents = work.run("replay", "--file", cut, "--output", "table", "--incidents").stdout
    assert "opened" in incidents and "closed" in incidents


def test_fail_on_drift(work, cut):
    assert work.run("replay", "--file", cut, "--fail-on-drift", code=3).returncode == 3
    calm = [line for line in cut.read_text().splitlines(True) if '"ts":"2013-02-0' in line and line.split('"ts":"2013-02-0')[1][0] < "7"]
    work.write("calm.ndjson", "".join(calm))
    work.run("replay", "--file", "calm.ndjson", "--fail-on-drift", code=0)


def test_nothing_is_stored(work, cut):
    work.run("replay", "--file", cut)
    assert work.rows("SELECT count(*) FROM verdict") == [(0,)]
    assert work.rows("SELECT count(*) FROM partition_state") == [(0,)]


# ---- windows of records, versions ----

def test_windows_of_records(work, cut):
    out = work.run("replay", "--file", cut, "--window", "6000 events").stdout
    verdicts = [json.loads(line) for line in out.splitlines()]
    windows = [v for v in verdicts if v["method"] == "window" and v["field"] == "distance" and not v["segment"]]
    assert windows and all(v["window"] == "6000 events" and v["n"] == 6000 for v in windows)
    assert all("2013-02" <= v["start"] < v["end"] < "2013-04" for v in windows), "times are those of the records"
    assert [v["end"] for v in windows] == sorted(v["end"] for v in windows)
    lines = sum(1 for _ in open(cut, encoding="utf-8"))
    assert len(windows) == (lines - 6000) // 500 + 1, "a hop is a twelfth of the window"
    assert work.run("replay", "--file", cut, "--window", "6000 events").stdout == out
    incidents = [json.loads(line) for line in work.run("replay", "--file", cut, "--window", "6000 events", "--incidents").stdout.splitlines()]
    assert "2013-02-08" <= incidents[0]["opened"] < "2013-02-10" and incidents[0]["evidence"]["members"][0]["window"] == "6000 events"
    table = work.run("replay", "--file", cut, "--window", "6000 events", "--field", "distance", "--output", "table").stdout
    assert "6000 events" in table


@pytest.mark.parametrize("arguments, word", [
    (["--window", "6000"], "--window"), (["--window", "3 events"], "--window"), (["--window", "1h"], "--window"),
    (["--window", "6000 events", "--since", "2013-02-01"], "--since"),
])
def test_windows_of_records_refused(work, cut, arguments, word):
    done = work.run("replay", "--file", cut, *arguments, code=2)
    assert word in done.stderr


def test_a_version_has_a_baseline_of_its_own(work, cut, training):
    """Version 2 is trained on flights of JFK alone, and sees no others."""
    jfk = [line for line in open(training, encoding="utf-8") if '"origin":"JFK"' in line]
    work.write("jfk.ndjson", "".join(jfk))
    work.run("baseline", "create", "--config", "leeway.yaml", "--monitor", "flights", "--name", "jfk", "--file", "jfk.ndjson")
    with open(cut, encoding="utf-8") as source, open(work.path / "events.ndjson", "w", encoding="utf-8") as target:
        for line in source:
            if '"ts":"2013-02-08' in line:
                break
            target.write(line.replace('"version":"1"', '"version":"2"') if '"origin":"JFK"' in line else line)
    monitor = json.loads((work.path / "leeway.yaml").read_text())["monitors"][0]

    def drifting(**changes):
        work.configure(monitors=[{**monitor, **changes}])
        verdicts = map(json.loads, work.run("replay", "--file", "events.ndjson", "--field", "origin").stdout.splitlines())
        return {v["version"] for v in verdicts if v["state"] == "drift"}
    assert drifting() == {"1", "2"}, "neither has the mix of all airports"
    assert drifting(versions={"1": "flights", "2": "jfk"}) == {"1"}
    done = work.run("check", "--config", "leeway.yaml")
    assert "jfk@1" in done.stdout
    done = work.run("replay", "--file", "events.ndjson")
    work.configure(monitors=[{**monitor, "versions": {"2": "nothing"}}])
    failed = work.run("replay", "--file", "events.ndjson", code=1)
    assert "nothing" in failed.stderr and "leeway baseline create" in failed.stderr
    work.configure(monitors=[{**monitor, "versions": {"2": "Not A Name"}}])
    assert "names no baseline" in work.run("check", "--config", "leeway.yaml", code=1).stderr
