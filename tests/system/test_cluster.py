"""Several agents of one consumer group on one PostgreSQL: the verdicts and incidents of one replay of the same records, whatever
the number of agents, and whoever of them is killed."""
import json
import signal
import time

import pytest

from conftest import seed_of, wait_for
from kafka import broker, topic  # noqa: F401
from postgres import postgres, server  # noqa: F401
from test_kafka_agent import produce, replay

VERDICTS = "select id, document from leeway.verdict where not provisional order by id"
COUNTED = "select coalesce(sum(next_offset - start_offset), 0) from leeway.partition_state where epoch > 0"
LEDGER = "select coalesce(sum(records), 0) from leeway.ledger"


def configure(work, broker, topic, store, partitions_of=6000, **changes):
    monitor = json.loads((work.path / "leeway.yaml").read_text())["monitors"][0]
    monitor["topics"] = [topic]
    work.configure(kafka={"bootstrap.servers": broker.bootstrap, "group.id": topic, "session.timeout.ms": str(partitions_of)},
                   start="earliest", store=store, monitors=[monitor], **changes)


def give_baseline(work, url, training):
    """The training data's baseline into the database, as a user would put it there."""
    work.write("baseline.yaml", (work.path / "leeway.yaml").read_text())
    work.run("baseline", "create", "--config", "baseline.yaml", "--monitor", "flights", "--name", "flights", "--file", training)


def expected_of(work, broker, topic, cut):
    configure(work, broker, topic, "sqlite:leeway.db")
    verdicts, incidents = replay(work, topic, cut)
    return [list(row) for row in verdicts], [row[0] for row in incidents]


def rows(postgres, sql):
    return [line.split("|", 1) for line in postgres.psql(sql)]


def start_agents(work, count, first=0):
    return [work.start("run", "--config", "leeway.yaml", name=f"agent-{first + i}") for i in range(count)]


def check(postgres, expected, incidents, total):
    assert rows(postgres, VERDICTS) == expected
    assert postgres.psql("select id from leeway.incident order by id") == sorted(incidents)
    assert int(postgres.value(LEDGER)) == int(postgres.value(COUNTED)) == total
    assert postgres.value("select count(*) from (select 1 from leeway.outbox group by receiver, message_id having count(*) > 1) d") == "0"
    assert postgres.value("select coalesce(sum(row_count), 0) from leeway.pane_set_aside") == "0"


def pieces_of(cut, count):
    """The file's records cut into pieces by time; the last piece is the first in time."""
    lines = open(cut, encoding="utf-8").readlines()
    pieces = []
    for i in range(count):
        piece = {}
        for line in lines[len(lines) * i // count:len(lines) * (i + 1) // count]:
            record = json.loads(line)
            piece.setdefault(record["partition"], []).append(json.dumps(record["value"], separators=(",", ":")))
        pieces.append(piece)
    return pieces[1:] + pieces[:1], len(lines)


@pytest.mark.parametrize("agents", [1, 2, 3])
def test_any_number_of_agents(work, broker, topic, cut, training, postgres, agents):
    expected, incidents = expected_of(work, broker, topic, cut)
    configure(work, broker, topic, postgres.url())
    give_baseline(work, postgres.url(), training)
    total = produce(broker, topic, cut)
    running = start_agents(work, agents)
    wait_for(lambda: int(postgres.value(COUNTED)) == total, "all records are counted")
    wait_for(lambda: len(postgres.psql(VERDICTS)) >= len(expected), "all final panes are judged")
    owners = int(postgres.value("select count(distinct owner) from leeway.partition_state"))
    assert 1 <= owners <= agents
    assert [process.stop() for process in running] == [0] * agents
    check(postgres, expected, incidents, total)


def test_killed_ten_times(work, broker, topic, cut, training, postgres, request):
    """One of two agents is killed ten times while the other goes on."""
    expected, incidents = expected_of(work, broker, topic, cut)
    configure(work, broker, topic, postgres.url())
    give_baseline(work, postgres.url(), training)
    pieces, total = pieces_of(cut, 11)
    broker.create(topic, 4)
    pause = seed_of(request)

    def produce_more(piece):
        for partition, lines in pieces[piece].items():
            broker.produce(topic, partition, lines)
    produce_more(10)
    stays = start_agents(work, 1, first=100)[0]
    for kill in range(10):
        victim = start_agents(work, 1, first=kill)[0]
        owned = f"select count(*) from leeway.partition_state where owner like '%-{victim.popen.pid}'"
        wait_for(lambda: int(postgres.value(owned)) > 0, "the second agent counts some of the partitions")
        produce_more(kill)
        time.sleep(pause.uniform(0, 0.3))
        victim.stop(signal.SIGKILL)
    wait_for(lambda: int(postgres.value(COUNTED)) == total, "all records are counted")
    wait_for(lambda: len(postgres.psql(VERDICTS)) >= len(expected), "all final panes are judged")
    assert stays.stop() == 0
    check(postgres, expected, incidents, total)
    assert postgres.value("select bool_and(d.records = p.next_offset - p.start_offset) from leeway.partition_state p join"
                          " (select topic, part, sum(records) as records from leeway.ledger group by 1, 2) d using (topic, part)") == "t"
