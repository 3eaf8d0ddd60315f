"""The Kafka source alone against a real broker: no record is lost or handed over twice, whatever happens to it.

tests/system/kafka_probe.c appends a line for each record to a log that all probes of a test share and that says where a
partition goes on, so the log must hold every offset exactly once, in order."""
import collections
import os
import pathlib
import signal
import subprocess
import threading
import time

import pytest

from kafka import ROOT, broker, dies_with_parent, topic, until  # noqa: F401

PROBE = pathlib.Path(os.environ.get("LEEWAY_KAFKA_PROBE", ROOT / "build/release/tests/kafka_probe"))
SANITIZER = ("AddressSanitizer", "LeakSanitizer", "ThreadSanitizer", "runtime error:")
FAST = {"session.timeout.ms": "6000", "heartbeat.interval.ms": "500", "topic.metadata.refresh.interval.ms": "1000"}


class Probe:
    """A running kafka_probe. `said` grows while it runs."""

    def __init__(self, log, bootstrap, topics, group="leeway", start="earliest", at=(), **properties):
        pairs = {"bootstrap.servers": bootstrap, **FAST, **properties}
        arguments = [PROBE, log, group, start, ",".join(topics), *(f"{k}={v}" for k, v in pairs.items())]
        for partition, offset in dict(at).items():
            arguments += ["--at", f"{partition}={offset}"]
        self.errors = open(log.parent / f"probe-{time.monotonic_ns()}.err", "w+")
        self.process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.errors,
                                        text=True, preexec_fn=dies_with_parent)
        self.said = []
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.said.append(line.rstrip("\n"))

    def waits_for(self, start, seconds=60, after=0):
        """The first line that begins so."""
        def found():
            lines = [line for line in list(self.said)[after:] if line.startswith(start)]
            assert lines or self.process.poll() is None, f"ended: {self.said[-5:]} {self.stderr()[-2000:]}"
            return lines and lines[0]
        return until(found, f"{start!r} in {self.said[-8:]}", seconds)

    def is_drained(self, topic, ends):
        """Until every partition was read to the end."""
        want = {f"{topic}/{partition}@{end}" for partition, end in ends.items()}
        until(lambda: any(line.startswith("drained") and want <= set(line.split()) for line in self.said[-3:]),
              f"{want} in {self.said[-5:]}")

    def stderr(self):
        self.errors.seek(0)
        return self.errors.read()

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.reader.join()

    def end(self, code=0):
        """Ends it in an orderly way and returns its totals."""
        if code == 0:
            self.process.terminate()
        assert self.process.wait(30) == code, self.stderr()[-2000:]
        self.reader.join()
        print(*self.said, self.stderr()[-3000:], sep="\n")
        assert not any(word in self.stderr() for word in SANITIZER), self.stderr()[-4000:]
        totals = next(line for line in self.said if line.startswith("totals")).split()[1:]
        return dict(zip(totals[::2], map(int, totals[1::2])))


@pytest.fixture
def probes(tmp_path, broker):
    """Starts probes on one log; those that a test leaves running are killed."""
    started = []

    def start(topics, **more):
        started.append(Probe(tmp_path / "log", broker.bootstrap, topics, **more))
        return started[-1]
    yield start
    for one in started:
        one.kill()
        one.errors.close()


@pytest.fixture
def lines(tmp_path):
    """The log: offsets in the order of their lines, by partition; and the values."""
    def read(values=False):
        found = collections.defaultdict(list)
        text = (tmp_path / "log").read_text()
        for line in text[:text.rfind("\n") + 1].splitlines():  # the last may be half written
            _, partition, offset, _, value = line.split(" ", 4)
            found[int(partition)].append(value if values else int(offset))
        return found
    return read


def numbers(first, count):
    return [f"v{i}" for i in range(first, first + count)]


def assert_whole(found, ends, start=0):
    for partition, end in ends.items():
        assert found[partition] == list(range(start, end)), f"partition {partition}"


def test_goes_on_after_kill(broker, topic, probes, lines):
    broker.create(topic, 4)
    for partition in range(4):
        broker.produce(topic, partition, numbers(0, 20000))
    first = probes([topic], group=topic)
    until(lambda: sum(map(len, lines().values())) > 5000 if first.said else False, "some records")
    first.kill()
    partial = sum(map(len, lines().values()))
    assert partial < 80000, "killed too late to show anything"
    second = probes([topic], group=topic)
    second.is_drained(topic, dict.fromkeys(range(4), 20000))
    totals = second.end()
    assert_whole(lines(), dict.fromkeys(range(4), 20000))
    assert totals["records"] == 80000 - partial and totals["repeated"] == 0
    assert lines(values=True)[3] == numbers(0, 20000)
    assert broker.committed(topic, topic, 4) == [-1001] * 4, "offsets are not kept in Kafka"


def test_starts_where_it_is_told(broker, topic, probes, lines):
    broker.create(topic, 3)
    for partition in range(3):
        broker.produce(topic, partition, numbers(0, 100))
    probe = probes([topic], group=topic, start=str(1_700_000_000_000 + 40_500), at={2: 77})
    probe.is_drained(topic, dict.fromkeys(range(3), 100))
    probe.end()
    assert lines()[0] == lines()[1] == list(range(41, 100))
    assert lines()[2] == list(range(77, 100))


def test_a_time_after_the_last_record_is_the_end(broker, topic, probes, lines):
    broker.create(topic, 1)
    broker.produce(topic, 0, numbers(0, 10))
    probe = probes([topic], group=topic, start="1900000000000")
    assert probe.waits_for("assigned").split()[3:5] == ["start", "10"]
    probe.is_drained(topic, {0: 10})
    broker.produce(topic, 0, numbers(10, 5))
    probe.is_drained(topic, {0: 15})
    probe.end()
    assert lines()[0] == list(range(10, 15))


def test_members_come_and_go(broker, topic, probes, lines):
    broker.create(topic, 4)
    ends = dict.fromkeys(range(4), 6000)

    def produce(first):
        for partition in range(4):
            broker.produce(topic, partition, numbers(first, 2000))
    produce(0)
    a = probes([topic], group=topic)
    a.waits_for("assigned")
    b = probes([topic], group=topic)
    b.waits_for("assigned")
    a.waits_for("revoked")
    produce(2000)
    until(lambda: sum(map(len, lines().values())) == 16000, "both read")
    b.kill()  # its partitions come back after the session timeout
    produce(4000)
    a.is_drained(topic, ends)
    c = probes([topic], group=topic)
    c.waits_for("assigned")
    c.end()
    a.waits_for("state ok")
    a.end()
    assert_whole(lines(), ends)


def test_stopped_keeps_its_membership(broker, topic, probes, lines):
    broker.create(topic, 2)
    for partition in range(2):
        broker.produce(topic, partition, numbers(0, 3000))
    limits = {"max.poll.interval.ms": "6000", "queued.min.messages": "100"}
    probe = probes([topic], group=topic, **limits)
    probe.is_drained(topic, dict.fromkeys(range(2), 3000))
    probe.signal(signal.SIGUSR1)
    for partition in range(2):
        broker.produce(topic, partition, numbers(3000, 3000))
    time.sleep(9)  # longer than max.poll.interval.ms: the time itself is what is tested
    assert sum(map(len, lines().values())) == 6000
    probe.signal(signal.SIGUSR2)
    probe.is_drained(topic, dict.fromkeys(range(2), 6000))
    totals = probe.end()
    assert totals["pauses"] == 1 and totals["rebalances"] == 1 and totals["lost"] == 0
    assert_whole(lines(), dict.fromkeys(range(2), 6000))


def test_many_short_and_long_stops(broker, topic, probes, lines):
    broker.create(topic, 2)
    probe = probes([topic], group=topic)
    probe.is_drained(topic, {0: 0, 1: 0})
    for turn in range(12):
        probe.signal(signal.SIGUSR1)
        for partition in range(2):
            broker.produce(topic, partition, numbers(turn * 500, 500))
        if turn % 4 == 3:
            time.sleep(1.5)  # long enough to be paused in librdkafka
        probe.signal(signal.SIGUSR2)
        until(lambda: sum(map(len, lines().values())) >= (turn + 1) * 1000, f"turn {turn} is read")
    probe.is_drained(topic, dict.fromkeys(range(2), 6000))
    totals = probe.end()
    assert totals["pauses"] >= 3
    assert_whole(lines(), dict.fromkeys(range(2), 6000))


def test_topic_that_comes_later(broker, topic, probes, lines):
    probe = probes([topic], group=topic)
    probe.waits_for(f"state topic {topic} is missing")
    assert topic not in broker.admin_client.list_topics(timeout=5).topics, "it must not be made by looking for it"
    broker.create(topic, 2)
    broker.produce(topic, 1, numbers(0, 50))
    probe.is_drained(topic, {0: 0, 1: 50})
    probe.waits_for("state ok")
    broker.delete(topic)
    probe.waits_for(f"state topic {topic} is missing", after=len(probe.said))
    probe.end()
    assert_whole(lines(), {1: 50})


def test_one_missing_topic_does_not_stop_the_other(broker, topic, probes, lines):
    broker.create(topic, 1)
    broker.produce(topic, 0, numbers(0, 50))
    probe = probes([topic, topic + "-missing"], group=topic)
    probe.is_drained(topic, {0: 50})
    probe.waits_for(f"state topic {topic}-missing is missing")
    probe.end()
    assert_whole(lines(), {0: 50})


def test_partitions_that_are_added(broker, topic, probes, lines):
    broker.create(topic, 1)
    probe = probes([topic], group=topic)
    probe.is_drained(topic, {0: 0})
    broker.add_partitions(topic, 3)
    broker.produce(topic, 2, numbers(0, 50))
    probe.is_drained(topic, {0: 0, 1: 0, 2: 50})
    probe.end()
    assert_whole(lines(), {2: 50})


def test_broker_dies_and_comes_back(broker, topic, probes, lines):
    broker.create(topic, 2)
    for partition in range(2):
        broker.produce(topic, partition, numbers(0, 3000))
    probe = probes([topic], group=topic)
    probe.is_drained(topic, dict.fromkeys(range(2), 3000))
    said = len(probe.said)
    broker.stop(signal.SIGKILL)
    probe.waits_for("state no kafka broker answers", after=said)
    broker.start()
    for partition in range(2):
        broker.produce(topic, partition, numbers(3000, 3000))
    probe.is_drained(topic, dict.fromkeys(range(2), 6000))
    probe.waits_for("state ok", after=said)
    totals = probe.end()
    assert totals["stalls"] == 0
    assert_whole(lines(), dict.fromkeys(range(2), 6000))


def test_ends_while_the_broker_is_gone(broker, topic, probes):
    broker.create(topic, 1)
    probe = probes([topic], group=topic)
    probe.is_drained(topic, {0: 0})
    broker.stop(signal.SIGKILL)
    probe.waits_for("state no kafka broker answers")
    probe.end()
    broker.start()


def test_records_deleted_before_the_start(broker, topic, probes, lines):
    broker.create(topic, 1)
    broker.produce(topic, 0, numbers(0, 500))
    broker.delete_records(topic, 0, 300)
    probe = probes([topic], group=topic, at={0: 100})
    assert probe.waits_for("jumped") == f"jumped {topic} 0 trimmed 100 300"
    probe.is_drained(topic, {0: 500})
    assert probe.end()["lost_offsets"] == 200
    assert_whole(lines(), {0: 500}, start=300)


def test_records_deleted_while_it_reads(broker, topic, probes, lines):
    broker.create(topic, 2)
    broker.produce(topic, 0, numbers(0, 100))
    broker.produce(topic, 1, numbers(0, 100))
    probe = probes([topic], group=topic)
    probe.is_drained(topic, {0: 100, 1: 100})
    probe.signal(signal.SIGUSR1)
    time.sleep(1.5)  # until it is paused in librdkafka, so that nothing of it waits in the local queue
    broker.produce(topic, 0, numbers(100, 400))
    broker.produce(topic, 1, numbers(100, 400))
    broker.delete_records(topic, 0, 300)
    probe.signal(signal.SIGUSR2)
    assert probe.waits_for("jumped") == f"jumped {topic} 0 trimmed 100 300"
    probe.is_drained(topic, {0: 500, 1: 500})
    totals = probe.end()
    assert totals["lost_offsets"] == 200
    assert lines()[0] == list(range(100)) + list(range(300, 500))
    assert_whole(lines(), {1: 500})


def test_topic_made_anew(broker, topic, probes, lines):
    broker.create(topic, 1)
    broker.produce(topic, 0, numbers(0, 20))
    probe = probes([topic], group=topic, at={0: 100})
    assert probe.waits_for("jumped") == f"jumped {topic} 0 recreated 100 0"
    probe.is_drained(topic, {0: 20})
    assert probe.end()["lost_offsets"] == 0
    assert_whole(lines(), {0: 20})


def test_only_committed_records(broker, topic, probes, lines):
    broker.create(topic, 1)
    broker.transaction(topic, 0, ["a1", "a2"])
    broker.transaction(topic, 0, ["bad1", "bad2", "bad3"], commit=False)
    broker.transaction(topic, 0, ["b1"])
    probe = probes([topic], group=topic)
    probe.is_drained(topic, {0: 8})  # 0 1 C | 3 4 5 A | 7 C: next expected is 8, the end is 9
    probe.end()
    assert lines()[0] == [0, 1, 7]
    assert lines(values=True)[0] == ["a1", "a2", "b1"]


def test_two_members_of_one_name(broker, topic, probes, lines):
    broker.create(topic, 1)
    broker.produce(topic, 0, numbers(0, 10))
    properties = {"group.instance.id": "sensor-1"}
    first = probes([topic], group=topic, **properties)
    first.is_drained(topic, {0: 10})
    second = probes([topic], group=topic, **properties)
    assert first.waits_for("failed").startswith("failed fenced")
    first.end(code=70)
    broker.produce(topic, 0, numbers(10, 10))
    second.is_drained(topic, {0: 20})
    second.end()
    assert_whole(lines(), {0: 20})


def test_static_member_restarts_without_a_rebalance(broker, topic, probes, lines):
    broker.create(topic, 2)
    broker.produce(topic, 0, numbers(0, 10))
    a = probes([topic], group=topic, **{"group.instance.id": "a"})
    a.is_drained(topic, {0: 10, 1: 0})
    b = probes([topic], group=topic, **{"group.instance.id": "b", "session.timeout.ms": "45000"})
    b.waits_for("assigned")
    a.waits_for("revoked")
    until(lambda: sum(line.startswith("assigned") for line in a.said) == 3, "a has one of two")
    b.kill()
    b = probes([topic], group=topic, **{"group.instance.id": "b", "session.timeout.ms": "45000"})
    b.waits_for("assigned")
    broker.produce(topic, 0, numbers(10, 10))
    broker.produce(topic, 1, numbers(0, 10))
    until(lambda: len(lines()[0]) == 20 and len(lines()[1]) == 10, "all are read")
    assert a.end()["rebalances"] == 2
    b.end()
    assert_whole(lines(), {0: 20, 1: 10})


def test_secrets_stay_secret(broker, topic, probes, tmp_path):
    secret = tmp_path / "password"
    secret.write_text("canary-hunter2\n")
    secret.chmod(0o600)
    probe = probes([topic], group=topic, **{"security.protocol": "sasl_plaintext", "sasl.mechanism": "SCRAM-SHA-256",
                                            "sasl.username": "leeway", "sasl.password_file": str(secret), "debug": "all"})
    until(lambda: any(line.startswith("state ") and "joining" not in line for line in probe.said), "it is refused")
    command = pathlib.Path(f"/proc/{probe.process.pid}/cmdline").read_text()
    probe.end()
    assert "canary" not in command and "canary" not in probe.stderr() and "canary" not in "\n".join(probe.said)
    assert "kafka client" in probe.stderr(), "debug lines of librdkafka were looked at"
