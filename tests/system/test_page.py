"""The agent as people and Prometheus see it: page, API, health, metrics."""
import datetime
import html
import json
import re
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request

import pytest

from conftest import Workspace, wait_for

CHROMIUM, PROMTOOL = shutil.which("chromium") or "chromium", shutil.which("promtool")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]
FIELDS = ["origin", "dest", "carrier", "distance", "hour", "dep_delay", "score", "class"]


def fetch(url, method="GET", headers=None):
    """(status, headers, text), also of errors."""
    request = urllib.request.Request(url, method=method, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=20) as reply:
            return reply.status, reply.headers, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read().decode()


class Agent:
    def __init__(self, space, *arguments):
        self.space = space
        self.process = space.start("run", "--listen", "127.0.0.1:0", *arguments)
        self.process.wait_log("msg=listening")
        port = re.search(r"msg=listening .*port=(\d+)", self.process.err)[1]
        self.url = f"http://127.0.0.1:{port}"

    def get(self, path, code=200, **options):
        status, headers, text = fetch(self.url + path, **options)
        assert status == code, (path, status, text[:500])
        return headers, text

    def json(self, path, code=200):
        headers, text = self.get(path, code)
        assert headers["Content-Type"].startswith("application/json")
        return json.loads(text)


@pytest.fixture(scope="module")
def agent(cut, store, tmp_path_factory):
    """One that has read the cut to its end."""
    space = Workspace(tmp_path_factory.mktemp("page"), store)
    lines = cut.read_text().splitlines(True)
    space.write("events.ndjson", "".join(lines) + '{"topic":"flights","partition":0,"offset":999999,"value":{"id":"secret\n')
    try:
        agent = Agent(space, "--file", "events.ndjson")
        wait_for(lambda: agent.json("/api/v1/status")["source"] == "ended", "the end of the input")
        yield agent
    finally:
        space.close()


def instant(text):
    assert text.endswith("Z")
    return datetime.datetime.fromisoformat(text[:-1] + "+00:00")


# ---- page and health ----

def test_page_is_served(agent):
    headers, text = agent.get("/")
    assert headers["Content-Type"].startswith("text/html") and "<title>leeway" in text
    assert "default-src" in headers["Content-Security-Policy"] and headers["X-Content-Type-Options"] == "nosniff"
    for path in sorted(set(re.findall(r'(?:href|src)="(/page/[^"]+)"', text))):
        headers, _ = agent.get(path)
        kind = {"js": "javascript", "css": "text/css", "svg": "image/svg+xml"}[path.rsplit(".", 1)[1]]
        assert kind in headers["Content-Type"]
    assert not re.search(r"""(?:src|href)=["']https?://""", text), "the page needs another host"


@pytest.mark.parametrize("path", ["/livez", "/healthz", "/-/healthy", "/readyz", "/-/ready", "/readyz?verbose"])
def test_health(agent, path):
    agent.get(path)


def test_refusals(agent):
    agent.get("/nowhere", 404)
    agent.get("/page/../../etc/passwd", 404)
    assert "error" in agent.json("/api/v1/nowhere", 404)
    assert "error" in agent.json("/api/v1/monitors/nobody/fields", 404)
    assert "error" in agent.json("/api/v1/monitors/flights/fields/nobody", 404)
    assert "error" in agent.json("/api/v1/incidents/nobody", 404)
    assert "error" in agent.json("/api/v1/incidents?limit=0", 400)
    assert "error" in agent.json("/api/v1/incidents?limit=10001", 400)
    assert "error" in agent.json("/api/v1/incidents?since=yesterday", 400)
    assert "error" in agent.json("/api/v1/monitors/flights/fields?window=banana", 400)
    agent.get("/api/v1/status", 405, method="POST")
    agent.get("/-/reload", 403, method="POST", headers={"Origin": "http://evil.example"})
    agent.get("/", 400, headers={"X-Long": "x" * 9000})
    agent.get("/livez")


def test_head(agent):
    headers, text = agent.get("/api/v1/status", method="HEAD")
    assert text == "" and headers["Content-Type"].startswith("application/json")


# ---- API ----

def test_status(agent, cut):
    status = agent.json("/api/v1/status")
    assert status["version"] and instant(status["now"]) and status["source"] == "ended"
    assert status["records"]["counted"] == sum(1 for _ in open(cut))
    assert status["records"]["quarantined"] == 1
    assert status["monitors"][0]["monitor"] == "flights" and status["monitors"][0]["baseline"] == "flights@1"


def test_monitors(agent):
    monitor, = agent.json("/api/v1/monitors")
    assert monitor["monitor"] == "flights" and monitor["configured"] is True and monitor["baseline"] == "flights"
    assert monitor["versions"] == ["1"] and monitor["windows"] == [86400000, 604800000]
    assert set(monitor["segments"]) == {"", "origin=EWR", "origin=JFK", "origin=LGA"}
    assert monitor["fields"] >= len(FIELDS) and instant(monitor["last_window_end"])
    assert monitor["severity"] in ("none", "notice", "low", "medium", "high") and sum(monitor["states"].values()) > 0


def test_fields(agent):
    rows = agent.json("/api/v1/monitors/flights/fields")
    assert {r["field"] for r in rows} >= set(FIELDS)
    assert len({(r["version"], r["segment"], r["field"], r["window"]) for r in rows}) == len(rows)
    row = rows[0]
    assert row.keys() >= {"id", "monitor", "version", "segment", "field", "generation", "window", "window_ms", "start", "end", "n",
                          "baseline_n", "state", "severity", "significant", "provisional", "detail", "p", "effect", "psi", "js", "ks",
                          "wasserstein", "g", "missing_rate", "document"}
    assert (instant(row["end"]) - instant(row["start"])).total_seconds() * 1000 == row["window_ms"]
    assert {r["segment"] for r in agent.json("/api/v1/monitors/flights/fields?segment=")} == {""}
    assert {r["window"] for r in agent.json("/api/v1/monitors/flights/fields?window=7d")} == {"7d"}
    assert all("document" not in r for r in agent.json("/api/v1/monitors/flights/fields?document=0"))
    headers, text = agent.get("/api/v1/monitors/flights/fields?limit=2")
    assert len(json.loads(text)) == 2 and headers["Leeway-Truncated"] == "true"


@pytest.mark.parametrize("field", FIELDS)
def test_field(agent, field):
    data = agent.json(f"/api/v1/monitors/flights/fields/{field}")
    assert data["field"] == field and data["window"] == "24h" and data["segment"] == "" and data["version"] == "1"
    histogram = data["histogram"]
    assert len(histogram["labels"]) == len(histogram["baseline"]) == len(histogram["live"]) > 1
    assert abs(sum(histogram["live"]) - 1) < 0.01 and abs(sum(histogram["baseline"]) - 1) < 0.01
    ends = [row["end"] for row in data["history"]]
    assert len(ends) > 10 and ends == sorted(ends) and all("document" not in row for row in data["history"])
    assert data["latest"]["end"] == ends[-1] and data["latest"]["document"]["field"] == field
    if field == "origin":
        return  # the segments are its own values
    jfk = agent.json(f"/api/v1/monitors/flights/fields/{field}?segment={urllib.parse.quote('origin=JFK')}&limit=3")
    assert jfk["segment"] == "origin=JFK" and len(jfk["history"]) == 3


def test_incidents(agent):
    incidents = agent.json("/api/v1/incidents")
    assert len(incidents) == 4 and [i["opened"] for i in incidents] == sorted((i["opened"] for i in incidents), reverse=True)
    storm = incidents[-1]
    assert storm["state"] == "resolved" and storm["rule"] == "inputs-drift" and instant(storm["resolved"]) > instant(storm["opened"])
    assert {m["field"] for m in storm["evidence"]["members"]} >= {"dep_delay", "score"}
    assert agent.json(f"/api/v1/incidents/{storm['id']}") == storm
    assert [i["id"] for i in agent.json("/api/v1/incidents?state=open")] == [incidents[0]["id"]]
    assert all("evidence" not in i for i in agent.json("/api/v1/incidents?evidence=0"))


def test_command_of_the_evidence_reproduces_it(agent):
    """What an incident says can be typed: the verdicts it names come out again."""
    for incident in agent.json("/api/v1/incidents"):
        command = incident["evidence"]["reproduce"].split()
        assert command[:2] == ["leeway", "replay"]
        out = {v["id"]: v for v in map(json.loads, agent.space.run(*command[1:]).stdout.splitlines())}
        for member in incident["evidence"]["members"]:
            verdict = out.get(member["verdict"])
            assert verdict, f"{command} does not give verdict {member['verdict']} of {member['field']} {member['end']}"
            assert verdict["field"] == member["field"] and verdict["detail"] == member["detail"]


def test_baselines(agent):
    baseline, = agent.json("/api/v1/baselines")
    assert baseline["name"] == "flights" and baseline["version"] == 1 and baseline["promoted"] and baseline["rows"] > 25000
    document = agent.json("/api/v1/baselines/flights")
    assert {f["name"] for f in document["fields"]} >= set(FIELDS)
    agent.json("/api/v1/baselines/flights?version=2", 404)


def test_quarantine_without_content(agent):
    row, = agent.json("/api/v1/quarantine")
    assert row["topic"] == "flights" and row["offset"] == 999999 and row["reason"] == "truncated"
    assert "secret" not in json.dumps(row)


# ---- metrics ----

def test_metrics(agent, cut):
    headers, text = agent.get("/metrics")
    assert headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert f'leeway_records_total{{disposition="counted"}} {sum(1 for _ in open(cut))}\n' in text
    assert 'leeway_decode_errors_total{reason="truncated"} 1\n' in text
    for name in ("leeway_build_info", "leeway_incidents_opened_total", "leeway_store_up", "process_resident_memory_bytes"):
        assert re.search(rf"^{name}(\{{| )", text, re.M), name


def test_metrics_please_promtool(agent):
    if not PROMTOOL:
        pytest.fail("promtool is not installed; script/test installs it")
    _, text = agent.get("/metrics")
    done = subprocess.run([PROMTOOL, "check", "metrics"], input=text, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


# ---- while it runs ----

def test_answers_while_reading(work, cut):
    agent = Agent(work, "--file", cut, "--pace", "2d")
    status = agent.json("/api/v1/status")
    assert status["source"] == "reading"
    agent.get("/readyz")
    before = status["records"]["counted"]
    wait_for(lambda: agent.json("/api/v1/status")["records"]["counted"] > before, "progress")
    assert agent.process.stop() == 0


# ---- browser ----

def dump(url, directory):
    done = subprocess.run([CHROMIUM, *FLAGS, f"--user-data-dir={directory}", "--virtual-time-budget=5000", "--dump-dom", url],
                          capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def words(dom):
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", dom)))


def test_page_in_a_browser(agent, tmp_path):
    text = words(dump(agent.url + "/", tmp_path / "profile"))
    for field in FIELDS:
        assert re.search(rf"\b{field}\b", text), field
    for incident in agent.json("/api/v1/incidents?evidence=0"):
        assert incident["title"] in text
    assert "resolved" in text and "flights@1" in text and "truncated" in text
    assert "cannot be reached" not in text and "cannot answer" not in text


def test_open_incident_in_a_browser(work, storm, tmp_path):
    agent = Agent(work, "--file", storm)
    agent.process.wait_log("everything is judged")
    text = words(dump(agent.url + "/", tmp_path / "profile"))
    incident, = agent.json("/api/v1/incidents?state=open")
    assert incident["title"] in text and "critical" in text and "high" in text and "1 open incident" in text.lower()
    for member in incident["evidence"]["members"]:
        assert member["field"] in text and member["detail"] in text


def test_field_in_a_browser(agent, tmp_path):
    dom = dump(agent.url + "/#m=flights&f=dep_delay", tmp_path / "profile")
    text = words(dom)
    assert "dep_delay" in text and re.search(r"\bPSI\b", text, re.I) and dom.count("<svg") + dom.count("<canvas") >= 1
