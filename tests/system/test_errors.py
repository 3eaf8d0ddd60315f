"""Wrong input of every kind: a clear message, the right exit code, nothing lost, no crash."""
import hashlib
import json
import os
import sqlite3

import pytest

from conftest import config_text

ONCE = ("run", "--file", "events.ndjson", "--once")
COMMANDS = [ONCE, ("replay", "--file", "events.ndjson"), ("check",)]


def event(number, **changes):
    return {"id": str(number), "ts": f"2013-02-01T{10 + number // 3600:02d}:{number // 60 % 60:02d}:{number % 60:02d}Z", "version": "1",
            "features": {"origin": "JFK", "dest": "LAX", "carrier": "B6", "distance": 2475, "hour": 10, "dep_delay": 1},
            "prediction": {"score": 0.1, "class": "on_time"}, "label": {"arr_delay": 2}, **changes}


def line(number, **changes):
    return json.dumps(event(number, **changes))


# ---- configuration ----

WRONG = [
    ('store: sqlite:x.db\nmoniters: []\n', 'leeway.yaml:2:1: unknown setting "moniters"', 'Did you mean "monitors"?'),
    ('web: { listn: "" }\n', 'leeway.yaml:1:8: unknown setting "listn" in web', 'Did you mean "listen"?'),
    ('monitors:\n  - monitor: flights\n    topics: [flights]\n    windows: [banana]\n',
     'leeway.yaml:4:15:', 'not "banana"'),
    ('monitors:\n  - monitor: flights\n    topics: [flights]\n    min_count: 0\n', 'leeway.yaml:4:16:', 'min_count'),
    ('monitors:\n  - monitor: flights\n', 'leeway.yaml:2:5:', 'topics'),
    ('monitors: [\n', 'leeway.yaml:2:1:', ''),
    ('monitors: []\nmonitors: []\n', 'leeway.yaml:2:1:', 'monitors'),
    ('a: &x 1\nb: *x\n', 'leeway.yaml:1:', ''),
    ('store: "${LEEWAY_NO_SUCH_VARIABLE}"\n', 'leeway.yaml:1:8:', 'LEEWAY_NO_SUCH_VARIABLE'),
]


@pytest.mark.parametrize("text, place, hint", WRONG)
@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: c[0])
def test_wrong_configuration(work, text, place, hint, command):
    work.write("leeway.yaml", text)
    work.write("events.ndjson", line(0) + "\n")
    done = work.run(*command, code=1)
    assert place in done.stderr and hint in done.stderr and done.stdout == ""


def test_every_problem_at_once(work):
    work.write("leeway.yaml", 'moniters: []\nweb: { listn: "" }\nlog: { level: loud }\n')
    err = work.run("check", code=1).stderr
    assert all(f"leeway.yaml:{place}" in err for place in ("1:1:", "2:8:", "3:15:"))


def test_configuration_missing(work):
    done = work.run("check", "--config", "nowhere.yaml", code=1)
    assert "nowhere.yaml" in done.stderr and "No such file" in done.stderr and "leeway init" in done.stderr


def test_configuration_is_a_directory(work):
    (work.path / "folder").mkdir()
    assert "folder" in work.run("check", "--config", "folder", code=1).stderr


@pytest.mark.parametrize("data", [b"", b"\xff\xfe\x00", b"[1]", b"42", b"\x00" * 64, b"a: " * 5000, b"#" * (1 << 21)],
                         ids=["empty", "utf16", "list", "number", "zeros", "nested", "huge"])
@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: c[0])
def test_configuration_is_rubbish(work, data, command):
    work.write("leeway.yaml", data)
    work.write("events.ndjson", line(0) + "\n")
    done = work.run(*command, code=None)
    assert done.returncode == 1 or data == b"" and done.returncode == 0, (done.returncode, done.stderr)
    assert done.returncode == 0 or "leeway.yaml" in done.stderr


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: c[0])
def test_baseline_missing(work, command):
    (work.path / "leeway.db").unlink()
    work.write("events.ndjson", line(0) + "\n")
    done = work.run(*command, code=1)
    assert "baseline" in done.stderr and "leeway baseline create" in done.stderr


def test_baseline_document_is_rubbish(work, training):
    for data in (b"", b"{}", b"[", b"\xff" * 100, training.read_bytes()[:4000]):
        work.write("baseline.json", data)
        work.write("events.ndjson", line(0) + "\n")
        assert work.run("replay", "--file", "events.ndjson", "--baseline", "baseline.json", code=1).stderr.startswith("leeway: ")
        work.run("baseline", "import", "--file", "baseline.json", code=1)
    assert work.rows("SELECT count(*) FROM baseline") == [(1,)]


@pytest.mark.parametrize("rules, place", [
    ("- rule: a\n  when: drift >= enormous\n", "rules.yaml:2:"),
    ("- rule: a\n  when: psi > 0.2\n  notify: [nobody]\n", "rules.yaml:3:"),
    ("- rule: a\n  whenn: psi > 0.2\n", "rules.yaml:2:"),
    ("rule: a\n", "rules.yaml:1:"),
    ("- [", "rules.yaml:"),
])
def test_wrong_rules(work, rules, place):
    work.write("rules.yaml", rules)
    work.write("events.ndjson", line(0) + "\n")
    for command in COMMANDS:
        done = work.run(*command, code=1)
        assert place in done.stderr, done.stderr


def test_rules_missing(work):
    (work.path / "rules.yaml").unlink()
    assert "rules.yaml" in work.run("check", code=1).stderr


# ---- events ----

@pytest.mark.parametrize("command", ["run", "replay"])
def test_no_such_file(work, command):
    more = ["--once"] if command == "run" else []
    assert "No such file" in work.run(command, "--file", "nowhere.ndjson", *more, code=1).stderr
    (work.path / "folder").mkdir()
    assert "folder is a directory" in work.run(command, "--file", "folder", *more, code=1).stderr
    work.write("events.ndjson.gz", b"\x1f\x8b")
    done = work.run(command, "--file", "events.ndjson.gz", *more, code=1)
    assert "compressed" in done.stderr and "zcat" in done.stderr


def test_hint_for_compressed_files_works(work, cut, replayed):
    """What the message proposes is a command that can be run."""
    work.write("events.ndjson.gz", b"\x1f\x8b")
    hint = work.run("replay", "--file", "events.ndjson.gz", code=1).stderr.split("zcat", 1)[1].split("| leeway", 1)[1].split()
    work.run(*[w.rstrip(".`") if w != "-" else w for w in hint], stdin=cut.read_text()[:2000].rsplit("\n", 1)[0], code=0)


@pytest.mark.parametrize("data", ["", "\n", "\n\r\n  \n"])
def test_nothing_to_read(work, data):
    work.write("events.ndjson", data)
    work.run(*ONCE)
    assert work.run("replay", "--file", "events.ndjson").stdout == ""
    assert work.run("replay", "--file", "-", stdin=data).stdout == ""
    assert work.rows("SELECT sum(records) FROM ledger") == [(None,)]


BAD = {
    "empty": ["null"],
    "too_large": ['{"a":[' + ",".join(['"' + "x" * 4000 + '"'] * 70) + "]}"],
    "not_object": ["[1,2]", "42", "true"],
    "truncated": ['{"id":"1","ts":"2013', '{"id":'],
    "syntax": ["nonsense", '{"id":1,}', "{'id':1}", '{"id":01}', '\ufeff{"id":1}', '{"n":-Infinit}'],
    "utf8": ['{"id":"\\ud800"}', '{"id":"\\u0000"}', b'{"id":"\xff"}', b'{"id":"\xc0\x80"}'],
    "duplicate_key": ['{"id":"1","id":"2"}', '{"id":"1","i\\u0064":"2"}'],
    "too_deep": ['{"a":' * 17 + "1" + "}" * 17],
    "too_many_keys": [json.dumps({f"k{i}": 0 for i in range(1025)})],
    "key_too_long": [json.dumps({"k" * 129: 0})],
    "string_too_long": [json.dumps({"s": "x" * 4097})],
    "trailing": ['{"id":"1"} {"id":"2"}', '{"id":"1"}x'],
}


def enveloped(offset, value):
    head = f'{{"topic":"flights","partition":0,"offset":{offset},"value":'.encode()
    return head + (value if isinstance(value, bytes) else value.encode()) + b"}"


@pytest.mark.parametrize("envelope", [False, True], ids=["plain", "envelope"])
def test_every_reason_of_quarantine(work, envelope):
    wanted, lines = {}, []
    for reason, values in BAD.items():
        for value in values:
            if reason == "empty" and not envelope:
                continue  # a plain line without bytes is no record
            if envelope and reason == "truncated":
                continue  # closed by its envelope it is another fault
            lines.append(line(len(lines)))
            wanted[len(lines)] = (reason, value)
            lines.append(value)
    lines.append(line(len(lines)))
    raw = [enveloped(i, v) if envelope else (v if isinstance(v, bytes) else v.encode()) for i, v in enumerate(lines)]
    work.write("events.ndjson", b"\n".join(raw) + b"\n")
    work.run(*ONCE)
    found = {offset: (reason, size, digest) for offset, reason, size, digest in
             work.rows("SELECT record_offset, reason, size_bytes, sha256 FROM quarantine")}
    wrong = {o: (r, v[:60], found.get(o)) for o, (r, v) in wanted.items() if found.get(o, ("",))[0] != r}
    if envelope:  # trailing bytes inside an envelope are a syntax error there; the record still ends in quarantine
        wrong = {o: w for o, w in wrong.items() if not (w[0] == "trailing" and o in found)}
    assert not wrong
    assert found.keys() == wanted.keys()
    for offset, (reason, value) in wanted.items():
        data = value if isinstance(value, bytes) else value.encode()
        if reason not in ("too_large", "empty", "trailing"):
            assert found[offset][1:] == (len(data), hashlib.sha256(data).hexdigest()), (offset, reason)
    told = dict(work.rows("SELECT disposition, records FROM ledger"))
    assert told == {"counted": len(lines) - len(wanted), "quarantined": len(wanted)}


def test_binary_rubbish(work):
    work.write("events.ndjson", bytes(range(256)) * 2000 + b"\n" + line(1).encode() + b"\n")
    done = work.run(*ONCE)
    told = dict(work.rows("SELECT disposition, records FROM ledger"))
    assert told["counted"] == 1 and told["quarantined"] >= 1, done.stderr


def test_time_that_is_none(work):
    wrong = [event(1, ts="yesterday"), event(2, ts=None), event(3, ts=True), {"id": "4"}, event(5, ts="2013-02-30T00:00:00Z")]
    lines = [line(0), *map(json.dumps, wrong), line(6)]
    work.write("events.ndjson", "\n".join(lines) + "\n")
    work.run(*ONCE)
    assert dict(work.rows("SELECT disposition, records FROM ledger")) == {"counted": 2, "bad_time": 5}


def test_late_and_not_monitored(work):
    lines = [json.dumps({"topic": "flights", "partition": 0, "offset": 0, "value": event(3600)}),
             json.dumps({"topic": "flights", "partition": 0, "offset": 1, "value": event(0)}),
             json.dumps({"topic": "other", "partition": 0, "offset": 0, "value": event(0)}),
             json.dumps({"topic": "flights", "partition": 0, "offset": 7, "value": event(3601)})]
    work.write("events.ndjson", "\n".join(lines) + "\n")
    work.run(*ONCE)
    assert set(work.rows("SELECT topic, disposition, records FROM ledger")) == {
        ("flights", "counted", 2), ("flights", "late", 1), ("flights", "skipped", 5), ("other", "not_monitored", 1)}


def test_wrong_types_are_counted_not_refused(work):
    values = ["text", None, True, [1], {"a": 1}, 1e308, -1, 10 ** 40]
    lines = [line(i, features={**event(i)["features"], "distance": v}) for i, v in enumerate(values)]
    lines += [line(20).replace("2475", token) for token in ("NaN", "Infinity", "-Infinity", "1e999")]
    work.write("events.ndjson", "\n".join(lines) + "\n")
    work.run(*ONCE)
    assert dict(work.rows("SELECT disposition, records FROM ledger")) == {"counted": len(lines)}


# ---- store ----

def test_store_where_nothing_can_be_made(work):
    work.configure(store="sqlite:/proc/self/leeway.db")
    work.write("events.ndjson", line(0) + "\n")
    for command in (ONCE, ("check",), ("status",)):
        assert "/proc/self/leeway.db" in work.run(*command, code=1).stderr


def test_store_in_a_directory_that_is_not_there(work):
    work.configure(store="sqlite:nowhere/leeway.db")
    work.write("events.ndjson", line(0) + "\n")
    for command in (ONCE, ("check",), ("status",)):
        assert "nowhere/leeway.db" in work.run(*command, code=1).stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_store_that_may_not_be_written(work):
    (work.path / "leeway.db").chmod(0o444)
    work.path.chmod(0o555)
    try:
        assert "leeway.db" in work.run("check", code=1).stderr
    finally:
        work.path.chmod(0o755)


def test_store_is_a_directory(work):
    (work.path / "folder").mkdir()
    work.configure(store="sqlite:folder")
    work.write("events.ndjson", line(0) + "\n")
    assert "folder" in work.run(*ONCE, code=1).stderr


@pytest.mark.parametrize("damage", ["text", "header", "middle", "truncated"])
def test_damaged_store(work, damage):
    path = work.path / "leeway.db"
    data = bytearray(path.read_bytes())
    if damage == "text":
        data = b"this is no database\n" * 100
    elif damage == "header":
        data[0:16] = b"x" * 16
    elif damage == "middle":
        data[4096:] = b"\xa5" * (len(data) - 4096)
    else:
        data = data[:5000]
    path.write_bytes(data)
    work.write("events.ndjson", line(0) + "\n")
    for command in (ONCE, ("check",), ("status",), ("replay", "--file", "events.ndjson"), ("baseline", "list")):
        done = work.run(*command, code=1)
        assert done.stderr and "leeway.db" in done.stderr, (command, done.stderr)
    assert path.read_bytes() == bytes(data), "the damaged file was changed"


def test_somebody_elses_database(work):
    path = work.path / "leeway.db"
    path.unlink()
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE t (x)")
    other.close()
    before = path.read_bytes()
    assert "not a store of leeway" in work.run("check", code=1).stderr
    assert path.read_bytes() == before


def test_newer_schema(work):
    with sqlite3.connect(work.path / "leeway.db") as store:
        store.execute("PRAGMA user_version = 99")
    store.close()
    work.write("events.ndjson", line(0) + "\n")
    for command in (ONCE, ("check",), ("status",)):
        done = work.run(*command, code=1)
        assert "schema version 99" in done.stderr and "newer leeway" in done.stderr


@pytest.mark.parametrize("url, word", [("postgresql://db/leeway", "database: the host name is not known"), ("mysql://db", "store"), ("sqlite:", "sqlite:FILE")])
def test_store_of_another_kind(work, url, word):
    work.configure(store=url)
    done = work.run("check", code=1)
    assert word in done.stderr and "db/leeway" not in done.stderr


def test_port_that_is_taken(work, collector):
    work.write("events.ndjson", line(0) + "\n")
    port = collector().port
    done = work.run(*ONCE, "--listen", f"127.0.0.1:{port}", code=1)
    assert str(port) in done.stderr


def test_secret_that_is_missing(work):
    work.configure(receivers=[{"name": "hook", "webhook": {"url_file": "nowhere", "secret_file": "nowhere"}}])
    work.write("events.ndjson", line(0) + "\n")
    for command in (ONCE, ("check",)):
        done = work.run(*command, code=1)
        assert "hook" in done.stderr and "nowhere" in done.stderr


def test_url_is_never_shown(work):
    secret = "https://user-token.example/T000/B000/verysecret"
    work.configure(receivers=[{"name": "hook", "webhook": {"url": secret + " with a space"}}])
    done = work.run("check", code=1)
    assert "verysecret" not in done.stderr + done.stdout


def test_standard_output_is_closed(work, cut):
    import subprocess
    from conftest import LEEWAY
    done = subprocess.run(f"'{LEEWAY}' replay --file '{cut}' | head -1", shell=True, cwd=work.path, capture_output=True, text=True)
    assert done.stdout.startswith("{") and "Segmentation" not in done.stderr


def test_full_device_is_told(work, cut):
    """Verdicts that cannot be written must not end in exit 0."""
    import subprocess
    from conftest import LEEWAY
    with open("/dev/full", "wb") as full:
        done = subprocess.run([LEEWAY, "replay", "--file", cut], cwd=work.path, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1, done.stderr
    assert "standard output" in done.stderr


def test_configuration_text_is_valid(work):
    work.write("leeway.yaml", config_text())
    work.run("check")


def test_nothing_to_read(work):
    done = work.run("run", code=1)
    assert "there is nothing to read" in done.stderr and "--file" in done.stderr and "kafka" in done.stderr
