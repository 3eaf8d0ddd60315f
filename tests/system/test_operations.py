"""Servers that are not there, at the start and in the middle: the agent says so in /readyz and in its log, stays alive, and goes on
by itself once they are; nothing is lost. A configuration that changes while it runs."""
import json
import signal
import urllib.error
import urllib.request

import pytest

from conftest import free_port, wait_for
from kafka import broker, topic  # noqa: F401
from postgres import PASSWORD, Proxy, database, migrate, postgres, server  # noqa: F401
from test_cluster import COUNTED, LEDGER, check, configure, expected_of, give_baseline, rows, VERDICTS
from test_kafka_agent import produce


@pytest.fixture
def proxy(server):
    one = Proxy(server.port)
    yield one
    one.close()


class Agent:
    def __init__(self, work, name="agent"):
        config = json.loads((work.path / "leeway.yaml").read_text())
        self.port = free_port()
        config["web"] = {"listen": f"127.0.0.1:{self.port}"}
        self.work = work
        work.write("leeway.yaml", json.dumps(config))
        self.process = work.start("run", "--config", "leeway.yaml", name=name)
        self.process.wait_log("listening")

    def get(self, path, data=None):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", data=data, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.read().decode()

    def wait_ready(self, seconds=60):
        wait_for(lambda: self.get("/readyz")[0] == 200, "ready", seconds)

    def wait_reason(self, *words):
        def said():
            code, text = self.get("/readyz?verbose")
            assert self.get("/livez")[0] == 200
            return code == 503 and all(word in text for word in words)
        wait_for(said, f"/readyz says {words}")


def finish(agent, postgres, expected, incidents, total):
    wait_for(lambda: int(postgres.value(COUNTED)) == total, "all records are counted")
    wait_for(lambda: len(postgres.psql(VERDICTS)) >= len(expected), "all final panes are judged")
    assert agent.process.stop() == 0
    check(postgres, expected, incidents, total)


def test_database_comes_late_and_goes_away(work, broker, topic, cut, training, postgres, proxy):
    expected, incidents = expected_of(work, broker, topic, cut)
    configure(work, broker, topic, postgres.url())
    give_baseline(work, postgres.url(), training)
    configure(work, broker, topic, postgres.url(port=proxy.port))
    proxy.hold = True
    agent = Agent(work)
    agent.wait_reason("store", "setup waiting")
    assert PASSWORD not in agent.process.err
    total = produce(broker, topic, cut)
    proxy.hold = False
    agent.wait_ready()
    for _ in range(3):
        proxy.hold = True
        proxy.sever()
        agent.wait_reason("store")
        proxy.hold = False
        agent.wait_ready()
    finish(agent, postgres, expected, incidents, total)


def test_wrong_password(work, broker, topic, training, postgres):
    configure(work, broker, topic, postgres.url())
    give_baseline(work, postgres.url(), training)
    postgres.password.write_text("not-this\n")
    agent = Agent(work)
    agent.wait_reason("store", "password")
    postgres.password.write_text(PASSWORD + "\n")
    broker.create(topic, 1)
    agent.wait_ready()
    assert agent.process.stop() == 0
    assert PASSWORD not in agent.process.err and "not-this" not in agent.process.err


def test_no_schema_yet(work, broker, topic, training, database):
    configure(work, broker, topic, database.url())
    broker.create(topic, 1)
    agent = Agent(work)
    agent.wait_reason("store database: the tables of leeway are not there")
    agent.process.wait_log("leeway migrate")
    done = migrate(database.server.uri(database.name, "postgres", tcp=False), "leeway", "grafana")
    assert done.returncode == 0, done.stderr
    agent.wait_reason("waiting for a baseline")
    give_baseline(work, database.url(), training)
    agent.wait_ready()
    assert agent.process.stop() == 0


def test_missing_topic(work, broker, topic, training, postgres):
    configure(work, broker, topic, postgres.url())
    give_baseline(work, postgres.url(), training)
    agent = Agent(work)
    agent.wait_reason("source", topic)
    broker.create(topic, 2)
    agent.wait_ready()
    assert agent.process.stop() == 0


def test_reload(work, broker, topic, cut, training, postgres):
    """The whole configuration or nothing of it; counting goes on where it was."""
    configure(work, broker, topic, postgres.url())
    give_baseline(work, postgres.url(), training)
    total = produce(broker, topic, cut)
    agent = Agent(work)
    wait_for(lambda: int(postgres.value(COUNTED)) > total // 10, "records are counted")
    good = (work.path / "leeway.yaml").read_text()

    work.write("leeway.yaml", good.replace("24h", "24 hourz"))
    code, text = agent.get("/-/reload", b"")
    assert code == 500 and "problems" in text, text
    work.write("leeway.yaml", good.replace('"baseline": "flights"', '"baseline": "nothing"'))
    code, text = agent.get("/-/reload", b"")
    assert code == 500, text
    work.write("leeway.yaml", good.replace(f"127.0.0.1:{agent.port}", f"127.0.0.1:{free_port()}"))
    code, text = agent.get("/-/reload", b"")
    assert code == 500 and "web.listen" in text, text

    changed = json.loads(good)
    changed["monitors"][0]["sensitivity"] = "low"
    work.write("leeway.yaml", json.dumps(changed))
    code, text = agent.get("/-/reload", b"")
    assert code == 200, text
    wait_for(lambda: postgres.value("select count(distinct hash) from leeway.generation") == "2", "a second generation is counted")
    agent.process.popen.send_signal(signal.SIGHUP)
    wait_for(lambda: agent.process.err.count("the new configuration is at work") == 2, "a signal does the same")
    wait_for(lambda: int(postgres.value(COUNTED)) == total, "all records are counted")
    agent.wait_ready()
    assert agent.process.stop() == 0
    assert int(postgres.value(LEDGER)) == total
    assert rows(postgres, "select 1, count(*) from leeway.pane_delta where start_ms <"
                          " (select position_ms from leeway.judge_state)") in ([["1", "0"]], [])
