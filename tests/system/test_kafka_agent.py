"""The whole agent on a real broker: the same verdicts and incidents as a replay of the same records, also when it is killed."""
import itertools
import json
import signal

from conftest import free_port, wait_for
from kafka import broker, topic  # noqa: F401

VERDICTS = "SELECT id, document FROM verdict WHERE provisional = 0 ORDER BY id"
INCIDENTS = "SELECT id, state, severity, opened_ms, resolved_ms FROM incident ORDER BY id"
COUNTED = "SELECT coalesce(sum(next_offset - start_offset), 0) FROM partition_state"


def configure(work, broker, topic, **changes):
    monitor = json.loads((work.path / "leeway.yaml").read_text())["monitors"][0]
    monitor["topics"] = [topic]
    work.configure(kafka={"bootstrap.servers": broker.bootstrap, "group.id": topic, "session.timeout.ms": "6000"},
                   monitors=[monitor], **{"start": "earliest", **changes})


def produce(broker, topic, path):
    """The file's records into the partitions that it names; a new topic gives them the offsets that it names, too."""
    values = {}
    for line in open(path, encoding="utf-8"):
        record = json.loads(line)
        assert record["offset"] == len(values.setdefault(record["partition"], []))
        values[record["partition"]].append(json.dumps(record["value"], separators=(",", ":")))
    broker.create(topic, 4)
    for partition, lines in values.items():
        broker.produce(topic, partition, lines)
    return sum(map(len, values.values()))


def replay(work, topic, cut):
    """Verdicts and incidents of `leeway run` on the file, under the topic's name."""
    renamed = work.path / "records.ndjson"
    with open(cut, encoding="utf-8") as source, open(renamed, "w", encoding="utf-8") as target:
        for line in source:
            target.write(line.replace('"topic":"flights"', f'"topic":"{topic}"', 1))
    config = (work.path / "leeway.yaml").read_text()
    (work.path / "file.yaml").write_text(config.replace("sqlite:leeway.db", "sqlite:file.db"))
    (work.path / "file.db").write_bytes((work.path / "leeway.db").read_bytes())
    work.run("run", "--config", "file.yaml", "--file", renamed, "--once")
    return work.rows(VERDICTS, store="file.db"), work.rows(INCIDENTS, store="file.db")


def test_same_as_a_replay(work, broker, topic, cut):
    configure(work, broker, topic)
    expected, incidents = replay(work, topic, cut)
    total = produce(broker, topic, cut)
    process = work.start("run", "--config", "leeway.yaml")
    wait_for(lambda: work.rows(COUNTED)[0][0] == total, "all records are counted")
    wait_for(lambda: len(work.rows(VERDICTS)) >= len(expected), "all final panes are judged")
    assert process.stop() == 0
    assert work.rows(VERDICTS) == expected
    assert [row[0] for row in work.rows(INCIDENTS)] == [row[0] for row in incidents]


def test_killed_again_and_again(work, broker, topic, cut):
    configure(work, broker, topic)
    expected, _ = replay(work, topic, cut)
    total = produce(broker, topic, cut)
    for kill in range(3):
        goal = total * (kill + 1) // 5
        process = work.start("run", "--config", "leeway.yaml", name=f"run-{kill}")
        wait_for(lambda: work.rows(COUNTED)[0][0] >= goal, "records are counted")
        process.stop(signal.SIGKILL)
    process = work.start("run", "--config", "leeway.yaml", name="last")
    wait_for(lambda: work.rows(COUNTED)[0][0] == total, "all records are counted")
    wait_for(lambda: len(work.rows(VERDICTS)) >= len(expected), "all final panes are judged")
    assert process.stop() == 0
    assert work.rows(VERDICTS) == expected
    told = work.rows("SELECT sum(records) FROM ledger")[0][0]
    assert told == total


def test_start_at_a_time(work, broker, topic, cut):
    """A topic that was never read is begun with the first record at or after that time."""
    lines = [json.dumps(json.loads(line)["value"]) for line in itertools.islice(open(cut, encoding="utf-8"), 3000)]
    broker.create(topic, 1)
    broker.produce(topic, 0, lines)  # a record a second from 1,700,000,000 s on
    configure(work, broker, topic, start="2023-11-14T22:46:39.500Z")  # 1,999.5 s later
    process = work.start("run", "--config", "leeway.yaml")
    wait_for(lambda: work.rows("SELECT sum(next_offset) FROM partition_state")[0][0] == 3000, "the end is reached")
    assert process.stop() == 0
    assert work.rows("SELECT start_offset FROM partition_state") == [(2000,)]
    assert work.rows(COUNTED) == [(1000,)]


def test_broker_that_is_not_there(work, topic):
    port, web = free_port(), free_port()
    monitor = json.loads((work.path / "leeway.yaml").read_text())["monitors"][0]
    work.configure(kafka={"bootstrap.servers": f"127.0.0.1:{port}"}, web={"listen": f"127.0.0.1:{web}"},
                   monitors=[{**monitor, "topics": [topic]}])
    process = work.start("run", "--config", "leeway.yaml")
    process.wait_log("listening")
    import urllib.error
    import urllib.request

    def not_ready():
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{web}/readyz?verbose", timeout=5)
        except urllib.error.HTTPError as answer:
            return answer.code == 503 and b"source" in answer.read()
        return False
    wait_for(not_ready, "not ready, and it says why")
    assert urllib.request.urlopen(f"http://127.0.0.1:{web}/livez", timeout=5).status == 200
    assert process.stop() == 0
