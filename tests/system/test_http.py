"""Events by HTTP, as a sidecar gets them: what is acknowledged is durable, numbered batches are counted exactly once."""
import gzip
import json
import re
import signal
import urllib.error
import urllib.request

import pytest

from conftest import ROOT, free_port, seed_of, wait_for

VERDICTS = "SELECT id, document FROM verdict WHERE provisional = 0 ORDER BY id"
COUNTED = "SELECT coalesce(sum(next_offset - start_offset), 0) FROM partition_state"
LEDGER = "SELECT disposition, records FROM ledger WHERE records > 0"


class Sidecar:
    def __init__(self, work, name="sidecar", **changes):
        self.port, self.web = free_port(), free_port()
        work.configure(http={"listen": f"127.0.0.1:{self.port}"}, web={"listen": f"127.0.0.1:{self.web}"}, **changes)
        self.process = work.start("run", "--config", "leeway.yaml", name=name)
        self.process.wait_log("events are taken by HTTP")

    def post(self, body, path="/v1/events", timeout=30, **headers):
        """Status and answer; status 0 if the connection broke."""
        names = {name.replace("_", "-"): str(value) for name, value in headers.items()}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", body, names, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as answer:
            return answer.code, json.load(answer)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return 0, {}


NDJSON = {"Content_Type": "application/x-ndjson"}


@pytest.fixture
def events(cut):
    """In order of time, as one producer sends them."""
    return [json.dumps(json.loads(line)["value"]).encode() for line in open(cut, encoding="utf-8")]


def test_a_stream_in_numbered_batches(work, events, cut):
    """The verdicts of a replay of the same records as one partition."""
    with open(work.path / "one.ndjson", "wb") as file:
        for offset, event in enumerate(events):
            file.write(b'{"topic":"flights","partition":7,"offset":%d,"value":%s}\n' % (offset, event))
    base = (work.path / "leeway.db").read_bytes()
    work.run("run", "--file", "one.ndjson", "--once")
    expected = work.rows(VERDICTS)
    (work.path / "leeway.db").write_bytes(base)
    sidecar = Sidecar(work)
    for first in range(0, len(events), 2000):
        batch = events[first:first + 2000]
        status, answer = sidecar.post(b"\n".join(batch), **NDJSON, Leeway_Partition=7, Leeway_Offset=first)
        assert status == 200 and answer == {"accepted": len(batch), "repeated": 0, "next_offset": first + len(batch)}
        assert work.rows(COUNTED)[0][0] == first + len(batch), "acknowledged is durable"
    status, answer = sidecar.post(b"\n".join(events[-10:]), **NDJSON, Leeway_Partition=7, Leeway_Offset=len(events) - 10)
    assert status == 200 and answer["accepted"] == 0 and answer["repeated"] == 10
    final = [row for row in expected]
    wait_for(lambda: len(work.rows(VERDICTS)) >= len(final), "all final panes are judged")
    assert sidecar.process.stop() == 0
    assert work.rows(VERDICTS) == final
    assert sum(n for _, n in work.rows(LEDGER)) == len(events)


def test_killed_while_it_counts(work, events, request):
    """The client sends again whatever was not acknowledged; nothing is lost or doubled."""
    pause = seed_of(request)
    sidecar = Sidecar(work, name="sidecar-0")
    at, kills = 0, 0
    while at < 20000:
        if kills < 5 and at >= (kills + 1) * 3000:
            kills += 1
            sidecar.post(b"\n".join(events[at:at + 500]), path="/v1/events?wait=none", **NDJSON, Leeway_Partition=1, Leeway_Offset=at)
            sidecar.process.stop(signal.SIGKILL)
            sidecar = Sidecar(work, name=f"sidecar-{kills}")
        count = pause.randint(1, 900)
        status, answer = sidecar.post(b"\n".join(events[at:at + count]), **NDJSON, Leeway_Partition=1, Leeway_Offset=at)
        assert status == 200, answer
        at = answer["next_offset"]
    assert sidecar.process.stop() == 0
    assert kills == 5 and work.rows(COUNTED)[0][0] == at == sum(n for _, n in work.rows(LEDGER))


def test_forms_of_a_body(work, events):
    sidecar = Sidecar(work)
    one, few = events[0], events[1:4]
    cloud = {"specversion": "1.0", "id": "a", "source": "/test", "type": "prediction", "data": json.loads(events[4])}
    sent = [
        (one, {"Content_Type": "application/json"}, 1),
        (b"[" + b",".join(few) + b"]", {"Content_Type": "application/json"}, 3),
        (b"\n".join(few), NDJSON, 3),
        (gzip.compress(b"\n".join(few)), {**NDJSON, "Content_Encoding": "gzip"}, 3),
        (json.dumps(cloud).encode(), {"Content_Type": "application/cloudevents+json"}, 1),
        (json.dumps([cloud, cloud]).encode(), {"Content_Type": "application/cloudevents-batch+json"}, 2),
        (one, {"Content_Type": "application/json", "ce_specversion": "1.0", "ce_id": "1", "ce_source": "/s", "ce_type": "t"}, 1),
        (b"", NDJSON, 0),
    ]
    for body, headers, count in sent:
        status, answer = sidecar.post(body, **headers)
        assert status == 200 and answer["accepted"] == count, (headers, answer)
    refused = [(b"{}", {"Content_Type": "text/html"}, 415), (b"x" * (9 << 20), NDJSON, 413),
               (b"not gzip", {**NDJSON, "Content_Encoding": "gzip"}, 400), (one, {**NDJSON, "Leeway_Offset": "-1"}, 400)]
    for body, headers, code in refused:
        status, answer = sidecar.post(body, **headers)
        assert status in (code, 0) and (status == 0 or answer["error"]), (headers, status, answer)
    assert sidecar.post(one, path="/v1/events/nobody", **NDJSON)[0] == 404
    assert sidecar.post(b"{broken\n" + one, **NDJSON)[0] == 200, "a bad event is quarantined, not refused"
    assert sidecar.process.stop() == 0
    ledger = dict(work.rows(LEDGER))
    assert ledger["quarantined"] == 1 and ledger["counted"] + ledger["late"] == 15, "times go back and forth here"


def test_ready_without_a_database(work):
    """A sidecar's readiness does not depend on servers; its answers say that nothing can be counted."""
    sidecar = Sidecar(work)
    url = f"http://127.0.0.1:{sidecar.web}"
    assert urllib.request.urlopen(url + "/readyz", timeout=5).status == 200
    text = urllib.request.urlopen(url + "/metrics", timeout=5).read().decode()
    told = dict(re.findall(r"^# TYPE (leeway_http_\w+) (\w)", text, re.M))
    rows = dict(re.findall(r"^\| `(leeway_http_\w+)` \| (\w)", (ROOT / "docs/METRICS.md").read_text(encoding="utf-8"), re.M))
    assert told.keys() <= rows.keys() and all(rows[name] == kind for name, kind in told.items())
    assert rows.keys() - told.keys() <= {"leeway_http_requests_total"}, "nothing was answered yet"
    assert sidecar.process.stop() == 0


def test_not_together_with_kafka(work):
    work.configure(http={"listen": "127.0.0.1:0"}, kafka={"bootstrap.servers": "127.0.0.1:1"})
    done = work.run("run", "--config", "leeway.yaml", code=1)
    assert "exclude each other" in done.stderr
