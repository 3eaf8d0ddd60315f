"""A real Kafka broker, started once for a pytest session, and what tests do with it: topics, producers, deleted records.

    from kafka import broker, topic          # fixtures

The broker is ended by its process id at the end of the session, and by the kernel if the session is killed."""
import atexit
import ctypes
import itertools
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time

import pytest

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "script/kafka"
DEADLINE = 60  # seconds; reached only by a failure
QUIET = {"log_level": 0}
PR_SET_PDEATHSIG = 1
libc = ctypes.CDLL(None)
names = itertools.count()


def free_ports(count):
    """Ports that nobody listens on now; all different."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def until(condition, what, seconds=DEADLINE):
    """The first true value of `condition`."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.02)


def dies_with_parent():
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Broker:
    """One node. Its data outlives stop and start."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.port, self.controller_port = free_ports(2)
        self.bootstrap = f"127.0.0.1:{self.port}"
        self.process = None
        self.admin_client = None

    def start(self):
        log = open(self.directory / "broker.log", "ab")
        self.process = subprocess.Popen([SCRIPT, "run", self.directory, str(self.port), str(self.controller_port)],
                                        stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=dies_with_parent)
        log.close()
        self.admin_client = AdminClient({"bootstrap.servers": self.bootstrap, **QUIET})
        until(self.answers, "the broker answers", 120)

    def answers(self):
        assert self.process.poll() is None, (self.directory / "broker.log").read_text()[-2000:]
        try:
            return bool(self.admin_client.list_topics(timeout=1).brokers)
        except KafkaException:
            return False

    def stop(self, number=signal.SIGTERM):
        if not self.process:
            return
        self.process.send_signal(number)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def admin(self, futures):
        """Waits for what an admin call returned."""
        for future in futures.values():
            future.result(DEADLINE)

    def create(self, topic, partitions=1, **config):
        self.admin(self.admin_client.create_topics([NewTopic(topic, partitions, 1, config=config)]))
        until(lambda: self.has(topic, partitions), f"topic {topic}")

    def has(self, topic, partitions=1):
        found = self.admin_client.list_topics(timeout=5).topics.get(topic)
        return found is not None and len(found.partitions) == partitions

    def delete(self, topic):
        self.admin(self.admin_client.delete_topics([topic]))
        until(lambda: topic not in self.admin_client.list_topics(timeout=5).topics, f"{topic} is gone")

    def add_partitions(self, topic, count):
        self.admin(self.admin_client.create_partitions([NewPartitions(topic, count)]))

    def delete_records(self, topic, partition, before):
        self.admin(self.admin_client.delete_records([TopicPartition(topic, partition, before)]))

    def produce(self, topic, partition, values, **config):
        """Writes the values in order; times are 1000 ms apart from 1,700,000,000 s on, by position."""
        producer = Producer({"bootstrap.servers": self.bootstrap, "enable.idempotence": True, "linger.ms": 1, **QUIET,
                             **config})
        failed = []
        for at, value in enumerate(values):
            while True:
                try:
                    producer.produce(topic, value, partition=partition, timestamp=1_700_000_000_000 + 1000 * at,
                                     on_delivery=lambda error, _: error and failed.append(error))
                    break
                except BufferError:
                    producer.poll(0.1)
        assert producer.flush(DEADLINE) == 0 and not failed, failed

    def transaction(self, topic, partition, values, commit=True):
        producer = Producer({"bootstrap.servers": self.bootstrap, "transactional.id": f"test-{next(names)}", **QUIET})
        producer.init_transactions(DEADLINE)
        producer.begin_transaction()
        for value in values:
            producer.produce(topic, value, partition=partition)
        assert producer.flush(DEADLINE) == 0
        if commit:
            producer.commit_transaction(DEADLINE)
        else:
            producer.abort_transaction(DEADLINE)

    def committed(self, group, topic, partitions):
        """Offsets that a group has committed to Kafka; -1001 is none."""
        consumer = Consumer({"bootstrap.servers": self.bootstrap, "group.id": group, **QUIET})
        try:
            return [one.offset for one in consumer.committed([TopicPartition(topic, p) for p in range(partitions)], 10)]
        finally:
            consumer.close()


session = []


def session_broker(config):
    """The same one for every module that imports the fixture."""
    if not session:
        subprocess.run([SCRIPT, "prepare"], check=True)
        directory = tempfile.TemporaryDirectory(prefix="leeway-kafka-")
        one = Broker(directory.name)
        session.append(one)

        def end():
            one.stop(signal.SIGKILL)
            directory.cleanup()
        config.add_cleanup(end)
        atexit.register(one.stop, signal.SIGKILL)
        one.start()
    if session[0].process is None:
        session[0].start()  # a failed test left it stopped
    return session[0]


@pytest.fixture
def broker(request):
    return session_broker(request.config)


@pytest.fixture
def topic(broker):
    """A name that no other test has; not created."""
    return f"predictions-{os.getpid()}-{next(names)}"
