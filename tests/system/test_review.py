"""What happens when several things go wrong at once: a group that moves on while the database is away, a reload that cannot be."""
import json

from confluent_kafka import Consumer

from conftest import wait_for
from kafka import QUIET, broker, topic  # noqa: F401
from postgres import postgres, server  # noqa: F401
from test_cluster import COUNTED, LEDGER, configure, give_baseline
from test_kafka_agent import produce
from test_operations import Agent, proxy  # noqa: F401


def metric(agent, name):
    return sum(float(line.rsplit(" ", 1)[1]) for line in agent.get("/metrics")[1].splitlines() if line.startswith(name))


def lose_database(agent, proxy):
    proxy.hold = True
    proxy.sever()
    agent.wait_reason("store")


def test_no_records_asked_for_in_vain(work, broker, topic, cut, training, postgres, proxy):
    """While nothing can be committed the source waits: what was refused is not offered again and again, and the group still
    hears of the agent."""
    configure(work, broker, topic, postgres.url())
    give_baseline(work, postgres.url(), training)
    configure(work, broker, topic, postgres.url(port=proxy.port), limits={"commit_interval": "100ms", "commit_bytes": "1MiB"})
    broker.create(topic, 4)
    agent = Agent(work)
    agent.wait_ready()
    lose_database(agent, proxy)
    total = produce_into(broker, topic, cut)
    wait_for(lambda: metric(agent, "leeway_kafka_pauses_total") > 0, "the source is paused")
    proxy.hold = False
    wait_for(lambda: int(postgres.value(COUNTED)) == total, "all records are counted")
    assert agent.process.stop() == 0
    assert int(postgres.value(LEDGER)) == total


def produce_into(broker, topic, path):
    values = {}
    for line in open(path, encoding="utf-8"):
        record = json.loads(line)
        values.setdefault(record["partition"], []).append(json.dumps(record["value"], separators=(",", ":")))
    for partition, lines in values.items():
        broker.produce(topic, partition, lines)
    return sum(map(len, values.values()))


def other_member(broker, topic):
    """Of the group; it counts nothing."""
    other = Consumer({"bootstrap.servers": broker.bootstrap, "group.id": topic, "session.timeout.ms": 6000, **QUIET})
    other.subscribe([topic])
    wait_for(lambda: other.poll(0.1) is not None or other.assignment(), "partitions for the other member")
    return other


def test_given_back_before_the_commit(work, broker, topic, cut, training, postgres, proxy):
    """The database is away while the partitions leave and come back. What could not be committed in time is still the agent's."""
    configure(work, broker, topic, postgres.url())
    give_baseline(work, postgres.url(), training)
    configure(work, broker, topic, postgres.url(port=proxy.port))
    broker.create(topic, 4)
    agent = Agent(work)
    agent.wait_ready()
    lose_database(agent, proxy)
    total = produce_into(broker, topic, cut)
    wait_for(lambda: metric(agent, "leeway_records_total") > 0, "records wait to be committed")
    other_member(broker, topic).close()
    assert "partitions were given back before their counts were committed" in agent.process.err
    proxy.hold = False
    wait_for(lambda: int(postgres.value(COUNTED)) == total, "all records are counted")
    agent.wait_ready()
    assert agent.process.stop() == 0
    assert int(postgres.value(LEDGER)) == total


def test_a_partition_that_is_added(work, broker, topic, cut, training, postgres):
    """`start: latest` is where counting began; what is written to a partition that was added later came after it."""
    configure(work, broker, topic, postgres.url())
    give_baseline(work, postgres.url(), training)
    config = json.loads((work.path / "leeway.yaml").read_text())
    config["start"] = "latest"
    config["kafka"]["topic.metadata.refresh.interval.ms"] = "1000"
    work.write("leeway.yaml", json.dumps(config))
    broker.create(topic, 2)
    broker.produce(topic, 0, ["{}"] * 10)
    other = other_member(broker, topic)
    agent = Agent(work)
    known = "select count(*) from leeway.partition_state"
    taken = known + " where epoch > 0"
    wait_for(lambda: (other.poll(0.05), postgres.value(known) == "2")[1], "the agent knows how many partitions there are")
    other.close()
    wait_for(lambda: postgres.value(taken) == "2", "both are taken over")
    broker.add_partitions(topic, 3)
    wait_for(lambda: broker.has(topic, 3), "the third is there")
    broker.produce(topic, 2, ["{}"] * 50)
    wait_for(lambda: postgres.value(taken) == "3", "it is taken over")
    wait_for(lambda: int(postgres.value(COUNTED)) == 50, "its records are counted")
    assert agent.process.stop() == 0


def test_the_old_configuration_stays(work, broker, topic, cut, training, postgres):
    """Also if only Kafka's client or a receiver finds out that the new one is wrong."""
    configure(work, broker, topic, postgres.url())
    give_baseline(work, postgres.url(), training)
    total = produce(broker, topic, cut)
    agent = Agent(work)
    agent.wait_ready()
    good = (work.path / "leeway.yaml").read_text()
    changed = json.loads(good)
    changed["kafka"]["no.such.property"] = "1"
    work.write("leeway.yaml", json.dumps(changed))
    code, text = agent.get("/-/reload", b"")
    assert code == 500 and "no.such.property" in text, text
    changed = json.loads(good)
    changed["receivers"] = [{"name": "hook", "webhook": {"url_file": "not-there"}}]
    work.write("leeway.yaml", json.dumps(changed))
    code, text = agent.get("/-/reload", b"")
    assert code == 500 and "hook" in text, text
    wait_for(lambda: int(postgres.value(COUNTED)) == total, "all records are counted")
    agent.wait_ready()
    work.write("leeway.yaml", good)
    code, text = agent.get("/-/reload", b"")
    assert code == 200, text
    agent.wait_ready()
    assert agent.process.stop() == 0
    assert int(postgres.value(LEDGER)) == total
