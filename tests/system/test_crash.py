"""Promise 1: killed at any moment, the counts, verdicts and incidents are those of an undisturbed run."""
import signal
import subprocess

import pytest

from conftest import Workspace, ledger, seed_of, wait_for

RUN = ("run", "--file", "events.ndjson", "--once")
VERDICTS = ("SELECT id, monitor, version, segment, field, generation, window_ms, start_ms, end_ms, n, baseline_n, state, severity,"
            " significant, p, effect, psi, js, ks, wasserstein, g, missing_rate, detail, document, counts"
            " FROM verdict LEFT JOIN window_histogram ON verdict = verdict.sequence ORDER BY id")
INCIDENTS = ("SELECT id, rule, state, severity, title, evidence, opened_ms, updated_ms, resolved_ms, sequence"
             " FROM incident ORDER BY id")
OUTBOX = "SELECT receiver, incident, sequence, event, message_id, payload FROM outbox ORDER BY receiver, message_id"
PANES = "SELECT monitor, version, generation, start_ms, row_count, counts FROM pane ORDER BY 1, 2, 3, 4"


def place_events(space, cut):
    (space.path / "events.ndjson").symlink_to(cut)
    dry = [{"name": "pipeline", "retrain": {"url": "http://127.0.0.1:9/"}}]  # dry run: fills the outbox, sends nothing
    space.configure(rules=[{"rule": "inputs-drift", "when": "drift >= low", "window": "24h", "retrain": "pipeline"}],
                    receivers=dry)


@pytest.fixture(scope="session")
def undisturbed(cut, store, tmp_path_factory):
    space = Workspace(tmp_path_factory.mktemp("undisturbed"), store)
    place_events(space, cut)
    space.run(*RUN)
    return space


def same_as(space, other):
    for query in (PANES, VERDICTS, INCIDENTS, OUTBOX):
        mine, theirs = space.rows(query), other.rows(query)
        assert len(mine) == len(theirs) and theirs, query
        different = [(a, b) for a, b in zip(mine, theirs) if a != b]
        assert not different, f"{len(different)} rows differ, the first:\n{different[0][0]}\n{different[0][1]}"
    for query in ("SELECT * FROM ledger ORDER BY 1, 2, 3",
                  "SELECT topic, part, start_offset, next_offset, max_event_ms FROM partition_state ORDER BY 1, 2"):
        assert space.rows(query) == other.rows(query)


def ledger_is_exact(space):
    sums = ledger(space)
    assert all(told == length for told, length in sums.values()), sums
    return sum(told for told, _ in sums.values())


def test_stored_run_equals_replay(undisturbed, cut, replayed):
    documents = {d for d, in undisturbed.rows("SELECT document FROM verdict")}
    assert documents == set(replayed.splitlines())
    assert ledger_is_exact(undisturbed) == len(cut.read_text().splitlines())


def kill_after(space, seconds, arguments=RUN):
    """True if the kill hit; the moment is meant to be arbitrary."""
    process = space.start(*arguments)
    try:
        code = process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.end()
        return True
    assert code == 0, process.err
    return False


@pytest.mark.parametrize("series", range(4))
def test_killed_at_random_moments(work, cut, undisturbed, request, series):
    random_source = seed_of(request)
    place_events(work, cut)
    hits = 0
    while hits < 8:
        moment = random_source.uniform(0.02, 1.0 if series and hits else 0.25)
        print(f"kill after {moment:.3f} s")
        if not kill_after(work, moment):
            break
        hits += 1
        ledger_is_exact(work)
    work.run(*RUN)
    assert hits > 0
    same_as(work, undisturbed)


def test_killed_while_committing(work, cut, undisturbed, request):
    """The write-ahead log has just grown: a transaction is under way or just done."""
    random_source = seed_of(request)
    place_events(work, cut)
    wal = work.path / "leeway.db-wal"
    hits = 0
    for _ in range(6):
        process = work.start(*RUN)
        wanted = random_source.randrange(40_000, 4_000_000)
        wait_for(lambda: not process.running() or (wal.exists() and wal.stat().st_size >= wanted) or len(process.err) > 0
                 and "everything is judged" in process.err, "growth of the log")
        hits += process.running()
        process.end()
        ledger_is_exact(work)
    work.run(*RUN)
    same_as(work, undisturbed)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_orderly_stop_and_resume(work, cut, undisturbed, number):
    place_events(work, cut)
    paced = (*RUN, "--pace", "5d")
    for day in (3, 9):
        process = work.start(*paced)
        wait_for(lambda: work.rows("SELECT coalesce(sum(records), 0) FROM ledger")[0][0] > day * 800 or not process.running(),
                 "some commits")
        assert process.stop(number) == 0, process.err
        assert "stopping" in process.err
        told = ledger_is_exact(work)
        assert 0 < told < 42000
    work.run(*RUN)
    same_as(work, undisturbed)


def test_run_after_the_end_changes_nothing(work, cut, undisturbed):
    place_events(work, cut)
    work.run(*RUN)
    work.run(*RUN)
    same_as(work, undisturbed)


def test_more_events_later(work, cut, undisturbed):
    """The file grows between runs, as a recording does; what the first run closed at its end is late for nobody."""
    place_events(work, cut)
    (work.path / "events.ndjson").unlink()
    lines = cut.read_text().splitlines(True)
    work.write("events.ndjson", "".join(lines[:20000]))
    first = work.start(*RUN, "--pace", "30d")
    wait_for(lambda: work.rows("SELECT coalesce(sum(records), 0) FROM ledger")[0][0] > 5000 or not first.running(), "some commits")
    assert first.stop() == 0
    work.write("events.ndjson", "".join(lines))
    work.run(*RUN)
    same_as(work, undisturbed)


def test_second_agent_takes_over(work, cut, undisturbed):
    place_events(work, cut)
    first = work.start(*RUN, "--pace", "3d")
    wait_for(lambda: work.rows("SELECT coalesce(sum(records), 0) FROM ledger")[0][0] > 1000 or not first.running(), "some commits")
    assert first.running(), first.err
    second = work.start(*RUN)
    assert second.wait() == 0, second.err
    assert first.wait() == 1, first.err
    assert "another agent has taken over" in first.err and "nothing was counted twice" in first.err
    assert ledger_is_exact(work) == sum(1 for _ in open(cut))
    same_as(work, undisturbed)
