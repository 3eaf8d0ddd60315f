"""Metrics, dashboards and rules with a real Prometheus: two agents are scraped in both formats, and every expression that is
shipped is asked for through Prometheus' own API."""
import http.server
import json
import pathlib
import re
import shutil
import signal
import subprocess
import threading
import urllib.error
import urllib.parse
import urllib.request

import pytest

from conftest import ROOT, Collector, Process, Workspace, free_port, wait_for
from test_page import Agent, fetch

PROMETHEUS, PROMTOOL = shutil.which("prometheus"), shutil.which("promtool")
DASHBOARDS = sorted((ROOT / "dashboards").glob("*.json"))
RULES = ROOT / "rules/prometheus"
METRIC = re.compile(r"\b(?:[a-z_]+:)?(?:leeway|process)_[a-z0-9_]+(?::[a-z0-9_]+)?")
OPEN_METRICS = "application/openmetrics-text;version=1.0.0"

# Metrics that these two agents cannot have, and why. tests/unit/app has each of them.
ABSENT = {
    "leeway_kafka_consumer_lag": "there is no broker, so no partition is assigned",
    "leeway_metrics_series_missing": "there is room for all series",
}

# Expressions without an answer as long as nothing is wrong, by the reason.
QUIET = {
    "sum by (topic) (leeway_kafka_consumer_lag": "there is no broker, so no partition is assigned",
    "topk(5, max by (topic, partition) (leeway_kafka_consumer_lag": "there is no broker, so no partition is assigned",
    "topic:leeway_kafka_consumer_lag:sum": "there is no broker, so no partition is assigned",
    "sum(increase(leeway_incidents_opened_total": "a mark, only where an incident was opened between two scrapes",
}


def is_quiet(expression):
    return next((reason for start, reason in QUIET.items() if expression.startswith(start)), None)


# ---- the servers ----

class Plain:
    """Passes scrapes on to an agent as a Prometheus does that knows text 0.0.4 only; 2.42 has no setting for that."""

    def __init__(self, url):
        plain = self
        self.types = set()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                _, headers, text = fetch(url + self.path, headers={"Accept": "text/plain;version=0.0.4"})
                plain.types.add(headers["Content-Type"])
                self.send_response(200)
                self.send_header("Content-Type", headers["Content-Type"])
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class Prometheus:
    def __init__(self, path, jobs):
        self.port = free_port()
        config = {"global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}, "rule_files": [str(RULES / "*.yaml")],
                  "scrape_configs": [{"job_name": job, "static_configs": [{"targets": targets}]} for job, targets in jobs.items()]}
        (path / "prometheus.yaml").write_text(json.dumps(config))
        self.process = Process([PROMETHEUS, "--config.file=prometheus.yaml", "--storage.tsdb.path=data", "--web.listen-address",
                                f"127.0.0.1:{self.port}", "--log.level=warn"], path, "prometheus")

    def ask(self, what, **parameters):
        query = urllib.parse.urlencode(parameters, doseq=True)
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/{what}?{query}", timeout=20) as reply:
                return json.load(reply)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{parameters}: {error.read().decode()}") from error

    def query(self, expression):
        return self.ask("query", query=expression)["result"]

    def value(self, expression):
        result = self.query(expression)
        return float(result[0]["value"][1]) if len(result) == 1 else None

    def is_up(self):
        assert self.process.running(), self.process.err
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=5).status == 200
        except OSError:
            return False


@pytest.fixture(scope="module")
def agents(binary, storm, store, tmp_path_factory):
    """One that reads a storm, a late record and a broken one within some ten seconds, so that there is something to make rates of, and has a
    receiver that listens and one that does not; and one that waits for a Kafka broker."""
    collectors = [Collector(), Collector(answer=lambda request: 503)]
    busy, lonely = (Workspace(tmp_path_factory.mktemp(name), store) for name in ("busy", "lonely"))
    late = next(line for line in open(storm, encoding="utf-8"))
    late = late.replace('"offset":0,', '"offset":999998,')
    busy.write("events.ndjson", storm.read_text() + late + '{"topic":"flights","partition":1,"offset":999999,"value":{"id":"secret\n')
    busy.configure(receivers=[{"name": name, "webhook": {"url": one.url}} for name, one in zip(("listens", "does-not"), collectors)])
    lonely.configure(kafka={"bootstrap.servers": f"127.0.0.1:{free_port()}"})
    try:
        yield {"busy": Agent(busy, "--file", "events.ndjson", "--pace", "1d"), "lonely": Agent(lonely)}
    finally:
        for one in (busy, lonely, *collectors):
            one.close()


@pytest.fixture(scope="module")
def prometheus(agents, tmp_path_factory):
    if not PROMETHEUS:
        pytest.fail("prometheus is not installed; script/test installs it")
    plain = Plain(agents["busy"].url)
    targets = [agent.url.removeprefix("http://") for agent in agents.values()]
    server = Prometheus(tmp_path_factory.mktemp("prometheus"), {"leeway": targets, "plain": [f"127.0.0.1:{plain.port}"]})
    server.plain = plain
    try:
        wait_for(server.is_up, "Prometheus")
        wait_for(lambda: agents["busy"].json("/api/v1/status")["source"] == "ended", "the end of the input")
        # The store has been asked after it.
        wait_for(lambda: server.value('max(leeway_incidents_open{job="leeway",severity="critical"})') == 1, "an open incident")
        wait_for(lambda: server.value('leeway_notification_messages{job="leeway",receiver="listens",state="delivered"}') == 1, "a message")
        wait_for(lambda: server.query('leeway_records_total{disposition="quarantined"} == 1'), "the last record")
        wait_for(lambda: server.query("leeway_kafka_errors_total"), "an error of librdkafka")
        yield server
    finally:
        server.process.popen.send_signal(signal.SIGTERM)
        server.process.wait()
        plain.close()


# ---- the two formats ----

def parse(text):
    """Strict OpenMetrics: {family: (type, unit, {sample name: [labels]})}. The agent writes no histograms, times or exemplars."""
    assert text.endswith("\n# EOF\n") and "\n\n" not in text and "\r" not in text
    families, current, seen, keys = {}, None, set(), []
    for line in text.splitlines()[:-1]:
        if line.startswith("#"):
            _, key, name, rest = line.split(" ", 3)
            if key == "TYPE":
                assert name not in families, f"{name} comes twice"
                current, keys = families.setdefault(name, [rest, "", {}]), []
            assert name in families and families[name] is current and not current[2], f"{line} is not where it belongs"
            keys.append(key)
            assert keys == sorted(keys, key=("TYPE", "UNIT", "HELP").index) and len(set(keys)) == len(keys), line
            if key == "UNIT":
                assert name.endswith("_" + rest), line
                current[1] = rest
            continue
        name, labels, value = re.fullmatch(r'([a-z_]+)(?:\{(.*)\})? (\S+)', line).groups()
        pairs = re.findall(r'([a-z_]+)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)', labels or "")
        assert ",".join(f'{k}="{v}"' for k, v in pairs) == (labels or ""), line
        assert (name, labels) not in seen, f"{line} comes twice"
        seen.add((name, labels))
        suffix = {"counter": "_total", "info": "_info"}.get(current[0], "")
        assert families.get(name.removesuffix(suffix) if suffix else name) is current and name.endswith(suffix), line
        assert float(value) >= 0 or current[0] == "gauge", line
        current[2].setdefault(name, []).append(dict(pairs))
    return families


@pytest.fixture(scope="module")
def exposed(agents, prometheus):
    """{sample name: (type, unit, label names)} of both agents together."""
    found = {}
    for agent in agents.values():
        for kind, unit, samples in parse(agent.get("/metrics", headers={"Accept": OPEN_METRICS})[1]).values():
            for name, rows in samples.items():
                labels = found.setdefault(name, (kind, unit, set()))[2]
                labels.update(*rows)
    return found


def test_both_formats_say_the_same(agents, prometheus):
    def samples(text):
        # What changes from one request to the next.
        return [line for line in text.splitlines() if line[:1] not in "#" and not line.startswith(("process_", "leeway_web_", "leeway_store_re"))]
    headers, text = agents["busy"].get("/metrics")
    assert headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    headers, open_text = agents["busy"].get("/metrics", headers={"Accept": OPEN_METRICS + ",*/*;q=0.1"})
    assert headers["Content-Type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert samples(text) == samples(open_text) and len(samples(text)) > 500
    assert parse(open_text)


@pytest.mark.parametrize("name", ["busy", "lonely"])
def test_promtool_accepts_the_text(agents, prometheus, name):
    _, text = agents[name].get("/metrics")
    done = subprocess.run([PROMTOOL, "check", "metrics"], input=text, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_reads_both(prometheus):
    targets = prometheus.ask("targets")["activeTargets"]
    assert {(t["labels"]["job"], t["health"], t["lastError"]) for t in targets} == {("leeway", "up", ""), ("plain", "up", "")}
    assert prometheus.plain.types == {"text/plain; version=0.0.4; charset=utf-8"}
    agree = 'count(leeway_field_score{job="plain"} == on (monitor, version, segment, field, window, method) leeway_field_score{job="leeway"})'
    assert prometheus.value(agree) == prometheus.value('count(leeway_field_score{job="leeway"})') > 100
    metadata = prometheus.ask("metadata")  # units and types come from the OpenMetrics scrape
    assert metadata["leeway_watermark_timestamp_seconds"][0]["unit"] in ("seconds", "") and metadata["leeway_build"][0]["type"] == "info"


def test_what_was_judged(prometheus, agents, storm):
    """The storm in numbers, against the API."""
    row = next(r for r in agents["busy"].json("/api/v1/monitors/flights/fields?segment=&window=24h") if r["field"] == "dep_delay")
    selector = '{job="leeway",monitor="flights",version="1",segment="",field="dep_delay",window="24h"%s}'
    for metric, value in (("effect", row["effect"]), ("p_value", row["p"]), ("missing_ratio", row["missing_rate"]), ("records", row["n"]),
                          ("state", 1), ("severity", 4), ("effect_lower", row["document"]["effect_low"])):
        assert prometheus.value(f"leeway_field_{metric}" + selector % "") == pytest.approx(value), metric
    for method in ("psi", "js", "ks", "wasserstein"):
        assert prometheus.value("leeway_field_score" + selector % f',method="{method}"') == pytest.approx(row[method])
        assert prometheus.value("leeway_field_score_noise_floor" + selector % f',method="{method}"') == \
            pytest.approx(row["document"]["scores"][method]["noise_floor"])
    lines = sum(1 for _ in open(storm, encoding="utf-8"))
    for disposition, count in (("counted", lines), ("late", 1), ("quarantined", 1)):
        assert prometheus.value(f'leeway_records_total{{job="leeway",disposition="{disposition}"}} > 0') == count
    assert prometheus.value('max(leeway_ledger_mismatch{job="leeway"})') == 0
    assert prometheus.value('leeway_decode_errors_total{job="leeway",reason="truncated"} > 0') == 1


def test_a_restart_says_the_same(agents, prometheus):
    """Values do not vanish until the next windows are judged."""
    def fields(agent):
        return sorted(line for line in agent.get("/metrics")[1].splitlines() if line.startswith("leeway_field_"))
    space = agents["busy"].space
    again = Agent(space, "--file", "events.ndjson")
    try:
        wait_for(lambda: fields(again) == fields(agents["busy"]), "the same fields")
        assert len(fields(again)) > 500
    finally:
        again.process.stop()


# ---- documents ----

def documented():
    """{name: (type, unit, labels)} of docs/METRICS.md."""
    kinds, rows = {"c": "counter", "g": "gauge", "i": "info"}, {}
    for line in (ROOT / "docs/METRICS.md").read_text(encoding="utf-8").splitlines():
        found = re.match(r"\| `([a-z0-9_]+)` \| ([cgi]) \| ([a-z, _]*)\| (\S+) \|", line)
        if found:
            name, kind, labels, unit = found.groups()
            assert name not in rows, f"{name} is described twice"
            rows[name] = kinds[kind], "" if unit == "—" else unit, set(filter(None, labels.strip().split(", ")))
    return rows


def test_every_metric_is_documented(exposed):
    rows = {name: row for name, row in documented().items() if not name.startswith("leeway_http_")}  # test_http.py looks at these
    assert set(exposed) - set(rows) == set(), "not in docs/METRICS.md"
    assert set(rows) - set(exposed) == set(ABSENT), "in docs/METRICS.md only"
    for name, told in exposed.items():
        assert rows[name] == told, name


def known_names():
    recorded = set(re.findall(r"record: (\S+)", (RULES / "leeway-recording.yaml").read_text()))
    return set(documented()) | recorded


def test_recording_rules_are_documented():
    text = (ROOT / "docs/METRICS.md").read_text(encoding="utf-8")
    recorded = known_names() - set(documented())
    assert recorded and set(re.findall(r"^\| `([^`]*:[^`]*)` \|", text, re.M)) == recorded


@pytest.mark.parametrize("path", [*DASHBOARDS, *sorted(RULES.glob("**/*.yaml")), *(ROOT / "docs" / n for n in ("METRICS.md", "RUNBOOKS.md", "API.md"))],
                         ids=lambda path: str(path.relative_to(ROOT)))
def test_only_metrics_that_exist_are_named(path):
    text = re.sub(r"\b(?:file|leeway)_[a-z]+\.(?:c|h|py)\b", "", path.read_text(encoding="utf-8"))
    roles = {"leeway_agent", "leeway_reader", "leeway_owner"}  # of PostgreSQL
    strange = set(METRIC.findall(text)) - known_names() - roles
    assert not {name for name in strange if not name.endswith("_")}  # "leeway_field_*"


def test_every_alert_has_a_chapter():
    text = (ROOT / "docs/RUNBOOKS.md").read_text(encoding="utf-8")
    alerts = set(re.findall(r"alert: (\w+)", (RULES / "leeway-alerts.yaml").read_text()))
    assert alerts == set(re.findall(r"^## (\w+)$", text, re.M))
    assert set(re.findall(r"\]\(#(\w+)\)", text)) <= {alert.lower() for alert in alerts}
    for chapter in re.split(r"^## ", text, flags=re.M)[1:]:
        assert "**First look.**" in chapter or chapter.startswith("LeewayFieldDriftHigh"), chapter
        assert "**Do.**" in chapter, chapter


# ---- rules ----

def promtool(*arguments):
    return subprocess.run([PROMTOOL, *map(str, arguments)], capture_output=True, text=True, timeout=120)


def test_rules_are_well_formed():
    done = promtool("check", "rules", "--lint-fatal", *sorted(RULES.glob("*.yaml")))
    assert done.returncode == 0, done.stdout + done.stderr


def test_rules_do_what_their_tests_say():
    done = promtool("test", "rules", *sorted((RULES / "tests").glob("*.yaml")))
    assert done.returncode == 0, done.stdout + done.stderr


def test_broken_rules_fail_their_tests(tmp_path):
    """Each alert is seen to fire and not to fire: if its expression always holds, or never, some test fails."""
    text = (RULES / "leeway-alerts.yaml").read_text()
    shutil.copy(RULES / "leeway-recording.yaml", tmp_path)
    shutil.copytree(RULES / "tests", tmp_path / "tests")
    alerts = re.findall(r"alert: (\w+)", text)
    for expression in ("vector(1)", "vector(1) > 2"):
        broken, count = re.subn(r"(\n +expr:) (?:\|\n(?: {10,}.*\n)+|.*\n)", rf"\1 {expression}\n", text)
        assert count == len(alerts)
        (tmp_path / "leeway-alerts.yaml").write_text(broken)
        done = promtool("test", "rules", *sorted((tmp_path / "tests").glob("*.yaml")))
        failed = set(re.findall(r"alertname: (\w+), time", done.stdout + done.stderr))
        assert done.returncode == 1 and failed == set(alerts), f"{expression}: {set(alerts) - failed}"


def test_rules_in_prometheus(prometheus):
    groups = prometheus.ask("rules")["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert len(rules) == len(re.findall(r"- (?:alert|record):", "".join(p.read_text() for p in RULES.glob("*.yaml"))))
    for rule in rules:
        assert rule["health"] == "ok" and not rule.get("lastError"), rule
        if rule["type"] == "recording" and not is_quiet(rule["query"]):
            assert prometheus.query(rule["name"]), f"{rule['name']} has no data"
        if rule["type"] == "alerting":
            assert rule["labels"]["severity"] in ("critical", "warning", "info")
            assert rule["annotations"].keys() == {"summary", "description", "runbook_url"} and rule["name"].startswith("Leeway")
            assert rule["annotations"]["runbook_url"] == f"docs/RUNBOOKS.md#{rule['name'].lower()}"
    firing = {rule["name"] for rule in rules if rule["type"] == "alerting" and rule["state"] == "firing"}
    # The storm, and nothing that is wrong with the agents: what is takes longer to fire.
    assert firing == {"LeewayIncidentCritical", "LeewayFieldDriftHigh"}
    pending = {rule["name"] for rule in rules if rule["type"] == "alerting" and rule["state"] == "pending"}
    assert "LeewayDown" not in pending and "LeewayAbsent" not in pending


def test_metrics_of_alerts_have_data(prometheus):
    """An alert is mostly silent; what it looks at must be there all the same."""
    for rule in (rule for group in prometheus.ask("rules", type="alert")["groups"] for rule in group["rules"]):
        for name in METRIC.findall(rule["query"]):
            assert is_quiet(name) or prometheus.query(name), f"{rule['name']}: {name}"


# ---- dashboards ----

def panels(board):
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def is_postgresql(board):
    return board["templating"]["list"][0]["query"] != "prometheus"


def expressions():
    for path in DASHBOARDS:
        board = json.loads(path.read_text())
        if is_postgresql(board):
            continue
        for panel in panels(board):
            for target in panel["targets"]:
                yield pytest.param(target["expr"], id=f"{path.stem}: {panel['title']} {target['refId']}")
        for annotation in board["annotations"]["list"]:
            if "expr" in annotation:
                yield pytest.param(annotation["expr"], id=f"{path.stem}: {annotation['name']}")


def filled(expression):
    """As Grafana does with everything chosen."""
    for name, value in (("$job", "leeway"), ("$__rate_interval", "10m")):
        expression = expression.replace(name, value)
    return re.sub(r"\$[a-z]+", ".+", expression)


@pytest.mark.parametrize("expression", expressions())
def test_expression_has_data(prometheus, expression):
    result = prometheus.query(filled(expression))
    if is_quiet(expression):
        assert set(METRIC.findall(expression)) <= known_names()
        return
    assert result, filled(expression)
    assert any(row["value"][1] != "NaN" for row in result), f"{filled(expression)}: nothing but NaN"


@pytest.mark.parametrize("path", [p for p in DASHBOARDS if p.stem != "history"], ids=lambda path: path.stem)
def test_variables_have_values(prometheus, path):
    for variable in json.loads(path.read_text())["templating"]["list"][1:]:
        found = re.fullmatch(r"label_values\((.*), ([a-z]+)\)", variable["query"]["query"])
        rows = prometheus.ask("series", **{"match[]": filled(found[1])})
        assert any(row.get(found[2]) for row in rows), variable["query"]["query"]


UNITS = {"short", "none", "percentunit", "s", "bytes", "Bps", "ops", "reqps", "sci", "dateTimeAsIso"}


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_dashboard_is_sound(path):
    """What Grafana's dashboard-linter asks for, and that panels do not lie over one another."""
    board = json.loads(path.read_text())
    assert board["uid"] == f"leeway-{path.stem}" and board["id"] is None and board["editable"] is False and board["schemaVersion"] >= 39
    assert board["title"] and board["description"] and "leeway" in board["tags"] and board["links"]
    first, *variables = board["templating"]["list"]
    assert first["type"] == "datasource" and first["name"] == "datasource" and first["label"] == "Data source"
    for variable in variables:
        assert variable["refresh"] == 2 and variable["datasource"]["uid"] == "${datasource}"
    if not is_postgresql(board):
        for variable in variables[:2]:
            assert variable["name"] in ("job", "instance") and variable["multi"] and variable["allValue"] == ".+"
    ids, taken, titles = [panel["id"] for panel in board["panels"]], set(), [panel["title"] for panel in panels(board)]
    assert len(set(ids)) == len(ids) and len(set(titles)) == len(titles)
    for panel in board["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24 and not cells & taken, panel["title"]
        taken |= cells
    for panel in panels(board):
        assert panel["title"] and panel["description"].endswith("."), panel["title"]
        assert panel["targets"] and panel["datasource"]["uid"] == "${datasource}" and panel["fieldConfig"]["defaults"]["unit"] in UNITS
        for override in panel["fieldConfig"]["overrides"]:
            assert all(p["value"] in UNITS for p in override["properties"] if p["id"] == "unit")
        for target in panel["targets"]:
            assert target["datasource"]["uid"] == "${datasource}"
            if "expr" in target:
                sound_expression(target["expr"])


def sound_expression(expression):
    for name, selector in re.findall(r"((?:leeway|process)_[a-z0-9_]+)(\{[^}]*\})?", expression):
        assert selector and 'job=~"$job"' in selector and 'instance=~"$instance"' in selector, f"{name} in {expression}"
        if name.endswith("_total"):
            assert re.search(rf"(?:rate|increase)\({name}\{{[^}}]*\}}\[\$__rate_interval\]\)", expression), f"{name} in {expression}"
