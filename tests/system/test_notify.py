"""Who is told what: once for each change, signed, again after trouble, and not at all where that was asked for."""
import base64
import hashlib
import hmac
import json
import shutil
import urllib.request

import pytest

from conftest import RULE, free_port, wait_for

ALERTMANAGER = shutil.which("prometheus-alertmanager")
ONCE = ("run", "--once", "--file")
STATES = "SELECT receiver, event, state, attempts, http_status FROM outbox ORDER BY id"


def told(requests):
    """(status, incident) of each message, in order."""
    return [(m["status"], m["groupLabels"]["incident"]) for m in (json.loads(r["body"]) for r in requests)]


def pending(space):
    return space.rows("SELECT count(*) FROM outbox WHERE state IN ('pending', 'parked')")[0][0]


def test_opened_and_closed_once_each(work, cut, collector):
    hook = collector()
    work.configure(receivers=[{"name": "hook", "webhook": {"url": hook.url}}])
    work.run(*ONCE, cut)
    incidents = work.rows("SELECT id, state FROM incident ORDER BY opened_ms")
    assert [state for _, state in incidents] == ["resolved"] * 3 + ["firing"], "the last storm is not over when the file ends"
    for incident, state in incidents:
        statuses = [s for s, i in told(hook.requests) if i == incident]
        assert statuses[0] == "firing" and statuses[-1] == state and statuses.count("resolved") == (state == "resolved")
    ids = [r["headers"]["webhook-id"] for r in hook.requests]
    assert sorted(ids) == sorted(i for i, in work.rows("SELECT message_id FROM outbox")) and len(set(ids)) == len(ids)
    assert {row[2] for row in work.rows(STATES)} == {"delivered"}
    work.run(*ONCE, cut)
    assert len(hook.requests) == len(ids), "a second run told it again"


def test_body_is_alertmanagers(work, storm, collector):
    hook = collector()
    work.configure(receivers=[{"name": "hook", "webhook": {"url": hook.url}}],
                   web={"listen": "", "external_url": "https://leeway.example/x"})
    work.run(*ONCE, storm)
    request = hook.requests[0]
    body = json.loads(request["body"])
    assert request["headers"]["content-type"].startswith("application/json")
    assert body.keys() == {"receiver", "status", "alerts", "groupLabels", "commonLabels", "commonAnnotations", "externalURL",
                           "version", "groupKey", "truncatedAlerts"}
    assert body["version"] == "4" and body["receiver"] == "hook" and body["externalURL"] == "https://leeway.example/x"
    assert {a["labels"]["field"] for a in body["alerts"]} == {"class"}
    assert all(a["startsAt"].startswith("2013-02-0") and a["status"] == "firing" for a in body["alerts"])
    assert body["commonLabels"]["monitor"] == "flights" and body["commonLabels"]["rule"] == "inputs-drift"


def signature(secret, request):
    key = base64.b64decode(secret.removeprefix("whsec_")) if secret.startswith("whsec_") else secret.encode()
    headers = request["headers"]
    signed = f'{headers["webhook-id"]}.{headers["webhook-timestamp"]}.'.encode() + request["body"]
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


@pytest.mark.parametrize("secret", ["whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode(), "plain secret"])
def test_signature(work, cut, collector, secret):
    hook = collector()
    work.write("secret", secret + "\n", mode=0o600)
    work.write("token", "bearer-token\n", mode=0o600)
    work.write("url", hook.url + "\n", mode=0o600)
    work.configure(receivers=[{"name": "hook", "webhook": {"url_file": "url", "secret_file": "secret", "token_file": "token"}}])
    done = work.run(*ONCE, cut)
    assert hook.requests
    for request in hook.requests:
        assert request["headers"]["webhook-signature"] == signature(secret, request)
        assert abs(int(request["headers"]["webhook-timestamp"]) - request["time"]) < 60
        assert request["headers"]["authorization"] == "Bearer bearer-token"
    for hidden in (secret, "bearer-token", hook.url):
        assert hidden not in done.stderr and hidden.encode() not in (work.path / "leeway.db").read_bytes()


def test_again_after_503(work, cut, collector):
    """Each message is refused once. Same id and body again; order within an incident is kept."""
    seen = set()

    def answer(request):
        first = request["headers"]["webhook-id"] not in seen
        seen.add(request["headers"]["webhook-id"])
        return 503 if first else 200
    hook = collector(answer=answer)
    work.configure(receivers=[{"name": "hook", "webhook": {"url": hook.url}}])
    work.run(*ONCE, cut)
    accepted = hook.accepted()
    ids = [r["headers"]["webhook-id"] for r in accepted]
    assert len(ids) == len(set(ids)) and set(ids) == seen and len(hook.requests) == 2 * len(ids)
    for request in accepted:
        same = [r for r in hook.requests if r["headers"]["webhook-id"] == request["headers"]["webhook-id"]]
        assert len({r["body"] for r in same}) == 1
        assert same[1]["time"] - same[0]["time"] >= 0.4, "tried again without a pause"
    for incident, state in work.rows("SELECT id, state FROM incident"):
        order = [s for s, i in told(accepted) if i == incident]
        assert order[-1] == state and "resolved" not in order[:-1]
    assert {row[2:] for row in work.rows(STATES)} == {("delivered", 2, 200)}


def test_retry_after_is_kept(work, storm, collector):
    hook = collector(answer=lambda r: 200 if hook.requests else (429, {"Retry-After": "2"}))
    work.configure(receivers=[{"name": "hook", "webhook": {"url": hook.url}}])
    work.run(*ONCE, storm)
    assert [r["status"] for r in hook.requests][:2] == [429, 200]
    assert hook.requests[1]["time"] - hook.requests[0]["time"] >= 1.9


@pytest.mark.parametrize("status, state", [(401, "parked"), (404, "parked"), (302, "parked")])
def test_wrong_receiver_is_parked(work, storm, collector, status, state):
    hook = collector(answer=lambda r: (status, {"Location": "http://127.0.0.1:1/"}))
    work.configure(receivers=[{"name": "hook", "webhook": {"url": hook.url}}])
    agent = work.start("run", "--file", storm)
    wait_for(lambda: [row for row in work.rows(STATES) if row[2] == state and row[4] == status], f"state {state}")
    assert agent.stop() == 0
    assert len(hook.requests) == 1


def test_message_that_is_refused_dies(work, storm, collector):
    hook = collector(answer=lambda r: 422)
    work.configure(receivers=[{"name": "hook", "webhook": {"url": hook.url}}])
    work.run(*ONCE, storm)
    assert [row[2:] for row in work.rows(STATES)] == [("dead", 3, 422)]
    assert len(hook.requests) == 3


def test_end_is_not_told_if_not_wanted(work, cut, collector):
    hook = collector()
    work.configure(receivers=[{"name": "hook", "webhook": {"url": hook.url, "send_resolved": False}}])
    work.run(*ONCE, cut)
    assert hook.requests and {s for s, _ in told(hook.requests)} == {"firing"}


def test_receiver_that_is_down(work, cut, collector):
    """Messages wait in the outbox, over a restart too; another receiver is not held up."""
    port, other = free_port(), collector()
    work.configure(receivers=[{"name": "down", "webhook": {"url": f"http://127.0.0.1:{port}/"}},
                              {"name": "up", "webhook": {"url": other.url}}])
    agent = work.start("run", "--file", cut)
    agent.wait_log("everything is judged")
    messages = work.rows("SELECT count(*) FROM outbox WHERE receiver = 'down'")[0][0]
    wait_for(lambda: len(other.requests) == messages, "the other receiver's messages")
    assert agent.stop() == 0, agent.err
    assert pending(work) == messages > 0
    late = collector(port=port)
    work.run(*ONCE, cut)
    assert pending(work) == 0 and len(late.requests) == messages and len(other.requests) == messages
    assert [r["headers"]["webhook-id"] for r in late.requests if r["status"] != 200] == []


def test_killed_while_telling(work, cut, collector):
    """At least once, and the same id if it is told twice."""
    hook = collector()
    work.configure(receivers=[{"name": "hook", "webhook": {"url": hook.url}}])
    agent = work.start(*ONCE, cut)
    wait_for(lambda: hook.requests or not agent.running(), "the first message")
    agent.end()
    work.run(*ONCE, cut)
    ids = [r["headers"]["webhook-id"] for r in hook.requests]
    wanted = {i for i, in work.rows("SELECT message_id FROM outbox")}
    assert set(ids) == wanted and len(ids) <= len(wanted) + 1


def test_slack(work, storm, collector):
    slack = collector()
    work.write("slack", slack.url + "\n", mode=0o600)
    work.configure(receivers=[{"name": "slack", "slack": {"webhook_url_file": "slack"}}])
    agent = work.start("run", "--file", storm)
    wait_for(lambda: slack.requests, "a message")
    assert agent.stop() == 0
    body = json.loads(slack.requests[0]["body"])
    text = json.dumps(body, ensure_ascii=False)
    assert body["text"].startswith("Drift: flights 1") and body["attachments"][0]["color"].startswith("#")
    assert [b["type"] for b in body["blocks"]] == ["header"] and len(body["blocks"][0]["text"]["text"]) <= 150
    assert "class" in text and "missing" in text and "leeway replay" in text and "█" in text
    assert len(body["attachments"]) == 1 and len(text) < 13000


# ---- retraining ----

def retrain_setup(work, collector, **options):
    jobs = collector()
    work.configure(rules=[{**RULE, "retrain": "pipeline"}],
                   receivers=[{"name": "pipeline", "retrain": {"url": jobs.url, **options}}])
    return jobs


def test_retraining_is_a_dry_run(work, cut, collector):
    jobs = retrain_setup(work, collector)
    work.run(*ONCE, cut)
    assert jobs.requests == []
    assert {row[1:4] for row in work.rows(STATES)} == {("retrain", "dry_run", 0)}


def test_retraining_once_then_cooldown(work, cut, collector):
    jobs = retrain_setup(work, collector, enabled=True)
    work.run(*ONCE, cut)
    assert len(jobs.requests) == 1
    request = jobs.requests[0]
    body = json.loads(request["body"])
    assert request["headers"]["idempotency-key"] == request["headers"]["webhook-id"] == body["id"]
    assert body["type"] == "io.leeway.retrain.requested" and body["monitor"] == "flights" and "class" in body["fields"]
    assert [row[2] for row in work.rows(STATES)] == ["delivered"] + ["suppressed"] * 3
    assert "cooldown" in work.rows("SELECT error FROM outbox WHERE state = 'suppressed'")[0][0]


def test_retraining_again_with_the_same_key(work, storm, collector):
    jobs = retrain_setup(work, collector, enabled=True)
    jobs.answer = lambda r: 200 if jobs.requests else 500
    work.run(*ONCE, storm)
    assert [r["status"] for r in jobs.requests] == [500, 200]
    assert len({r["headers"]["idempotency-key"] for r in jobs.requests}) == 1


# ---- the real Alertmanager ----

@pytest.fixture
def alertmanager(work):
    if not ALERTMANAGER:
        pytest.fail("prometheus-alertmanager is not installed; script/test installs it")
    port = free_port()
    work.write("alertmanager.yml", "route: { receiver: none }\nreceivers: [{ name: none }]\n")
    process = work.start("--config.file=alertmanager.yml", f"--storage.path={work.path / 'am'}", f"--web.listen-address=127.0.0.1:{port}",
                         "--cluster.listen-address=", program=ALERTMANAGER, name="alertmanager")

    def ready():
        assert process.running(), process.err
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=2) as reply:
                return reply.status == 200
        except OSError:
            return False
    wait_for(ready, "Alertmanager")
    return f"http://127.0.0.1:{port}"


def alerts(url):
    with urllib.request.urlopen(f"{url}/api/v2/alerts", timeout=5) as reply:
        return json.load(reply)


def test_alertmanager(work, storm, cut, alertmanager):
    work.configure(receivers=[{"name": "am", "alertmanager": {"urls": [alertmanager]}}])
    work.write("events.ndjson", storm.read_bytes())
    work.run(*ONCE, "events.ndjson")
    found = wait_for(lambda: alerts(alertmanager), "an alert")
    incident, = work.rows("SELECT id, severity, title FROM incident")
    assert len(found) == 1 and found[0]["status"]["state"] == "active"
    labels = found[0]["labels"]
    assert labels["monitor"] == "flights" and labels["version"] == "1" and labels["rule"] == "inputs-drift"
    assert labels["incident"] == incident[0] and labels["severity"] == incident[1] and labels["alertname"]
    assert found[0]["annotations"]["summary"].startswith("flights 1: class drifts")
    assert found[0]["startsAt"].startswith("2013-02-0")
    work.write("events.ndjson", cut.read_bytes())  # goes on to the end of the storm
    work.run(*ONCE, "events.ndjson")
    wait_for(lambda: incident[0] not in {a["labels"]["incident"] for a in alerts(alertmanager)}, "the end of the alert")
    assert {row[2] for row in work.rows(STATES)} == {"delivered"}
