"""Every command of docs/OPERATIONS.md, in its order, in one shell, with a real broker and a PostgreSQL server of its own; what the page
shows as output has to come. And links of all pages lead somewhere."""
import datetime
import json
import os
import pathlib
import re
import signal
import subprocess

import pytest

from confluent_kafka import Producer

from conftest import LEEWAY, ROOT, SANITIZER, free_port
from kafka import QUIET, broker, topic  # noqa: F401
from postgres import Server, dies_with_parent

PAGE = ROOT / "docs/OPERATIONS.md"
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
PROGRAMS = ("leeway ", "curl ", "psql ", "pg_", "createdb ", "createuser ", "dropdb ", "kill ", "sqlite3 ", "systemctl ", "kubectl ")
SECONDS = 300  # for the whole page; reached only by a failure

# Commands in the running text and in tables that are not run, and why.
NOT_RUN = {
    "systemctl reload leeway": "there is no systemd; the unit's ExecReload is the SIGHUP that is run",
    "leeway run --file events.ndjson --once": "made the figures of the table, from a whole year of flights",
    "pg_dump --format=custom": "names a row of that table; is run with its file in the fences",
}

UNACCOUNTED = ("select count(*) from leeway.partition_state p where epoch > 0 and next_offset - start_offset <>"
               " (select sum(records) from leeway.ledger l where l.topic = p.topic and l.part = p.part)")
# What has to hold when the page is done: a command and its output.
AFTERWARDS = {
    f'psql -At leeway -c "{UNACCOUNTED}"': "0",
    f'psql -At moved -c "{UNACCOUNTED}"': "0",
    'psql -At leeway -c "select count(*) > 0 from leeway.verdict"': "t",
    'psql -At moved -c "select count(*) > 0 from leeway.verdict"': "t",
    "ls -l database.password | cut -c 1-10": "-rw-------",
}


def page_without_fences():
    return FENCE.sub("", PAGE.read_text(encoding="utf-8"))


def fences():
    """(commands, the lines that they have to print)."""
    found = FENCE.findall(PAGE.read_text(encoding="utf-8"))
    assert {kind for kind, _ in found} <= {"sh", "text"}
    for (kind, text), (after, shown) in zip(found, [*found[1:], ("", "")]):
        if kind == "sh":
            yield text, shown.splitlines() if after == "text" else []


def commands_in_text():
    """What can be run of the code in the running text and in tables: not the mere names of commands."""
    for code in dict.fromkeys(re.findall(r"`([^`\n]+)`", page_without_fences())):
        if code in ("leeway check", "pg_isready") or (code.startswith(PROGRAMS) and " -" in code and code not in NOT_RUN):
            yield code


def pattern(line):
    """… stands for anything."""
    return re.compile("^" + ".*".join(re.escape(part) for part in line.split("…")) + r"\s*$", re.M)


@pytest.fixture
def administrator():
    """A server without roles and databases, as its administrator finds it."""
    one = Server()
    try:
        one.initialise()
        one.start()
        yield one
    finally:
        one.close()


def milliseconds(text):
    return int(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


def produce(broker, topic, path):
    """The file's records in their partitions; Kafka's time is the event's."""
    broker.create(topic, 4)
    producer = Producer({"bootstrap.servers": broker.bootstrap, "enable.idempotence": True, "queue.buffering.max.messages": 1000000, **QUIET})
    failed = []
    for line in open(path, encoding="utf-8"):
        record = json.loads(line)
        producer.produce(topic, json.dumps(record["value"], separators=(",", ":")), partition=record["partition"],
                         timestamp=milliseconds(record["value"]["ts"]), on_delivery=lambda error, _: error and failed.append(error))
    assert producer.flush(60) == 0 and not failed, failed


def write_events(path, cut):
    """The records alone, as a consumer prints them."""
    with open(cut, encoding="utf-8") as lines, open(path, "w", encoding="utf-8") as events:
        events.writelines(json.dumps(json.loads(line)["value"]) + "\n" for line in lines)


def script_of(blocks, names):
    """One shell for all, with a mark before each block that tells the outputs apart."""
    script = "set -eu\nexec 2>&1\n" + "\n".join(f"echo '=== {at}'\n{block}" for at, block in enumerate(blocks))
    for name, real in names.items():
        assert name in script, f"{name} is not in the page"
        script = script.replace(name, str(real))
    return script + "\necho '=== end'\n"


def run(script, directory, environment):
    """The output. Agents are in the shell's session and end with it."""
    (directory / "page.sh").write_text(script, encoding="utf-8")
    with open(directory / "page.out", "wb") as out:
        shell = subprocess.Popen(["/bin/sh", "page.sh"], cwd=directory, env=environment, stdin=subprocess.DEVNULL, stdout=out,
                                 stderr=out, start_new_session=True, preexec_fn=dies_with_parent)
    try:
        shell.wait(SECONDS)
    except subprocess.TimeoutExpired:
        pass  # the output says how far it came
    finally:
        try:
            os.killpg(shell.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        shell.wait()
    return (directory / "page.out").read_text(errors="replace")


def logs(directory):
    return "\n".join(f"--- {path.name}\n{path.read_text(errors='replace')[-1500:]}" for path in sorted(directory.glob("*.log")))


def test_operations(tmp_path, training, cut, binary, broker, topic, administrator):
    (tmp_path / "training.ndjson").symlink_to(training)
    write_events(tmp_path / "events.ndjson", cut)
    produce(broker, topic, cut)
    pages, inline = list(fences()), list(commands_in_text())
    assert len(pages) > 10 and len(inline) > 10
    names = {"kafka.example:9092": broker.bootstrap, "/run/postgresql": administrator.directory, "topics: [flights]": f"topics: [{topic}]",
             "127.0.0.1:9464": f"127.0.0.1:{free_port()}", "127.0.0.1:9465": f"127.0.0.1:{free_port()}"}
    environment = {**os.environ, "PATH": f"{LEEWAY.parent}:{os.environ['PATH']}", "PGPORT": str(administrator.port), "PAGER": "cat"}
    out = run(script_of([*(block for block, _ in pages), *inline, *AFTERWARDS], names), tmp_path, environment)
    assert out.rstrip().endswith("=== end"), f"{out[-3000:]}\n{logs(tmp_path)}"
    parts = re.split(r"^=== \w+\n", out, flags=re.M)[1:]
    for (block, shown), part in zip(pages, parts):
        for line in shown:
            assert pattern(line).search(part), f"not shown: {line}\n--- by\n{block}--- but\n{part}\n{logs(tmp_path)}"
    for command, part in zip(inline, parts[len(pages):]):
        assert part.strip() or command.startswith("kill "), f"no output: {command}"
    assert dict(zip(AFTERWARDS, map(str.strip, parts[len(pages) + len(inline):]))) == AFTERWARDS
    assert not any(word in logs(tmp_path) for word in SANITIZER)


def test_what_is_not_run():
    """The exceptions are few, and still in the page."""
    assert all(f"`{command}`" in page_without_fences() for command in NOT_RUN) and len(NOT_RUN) < 5


def test_commands_for_servers_in_the_readme():
    """The README's way to Kafka and PostgreSQL is the way that is run above."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = re.findall(r"^    (.*)$", text.split("## With Kafka and PostgreSQL")[1].split("\n## ")[0], re.M)
    run_lines = {line.split("#")[0].strip() for block, _ in fences() for line in block.splitlines()}
    assert lines and {line.split("#")[0].strip() for line in lines} <= run_lines


PAGES = [*ROOT.glob("*.md"), *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "deploy").rglob("*.md"))]


def anchor(title):
    """As GitHub makes it from a heading."""
    return re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links(page):
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if link.startswith(("http://", "https://")):
            continue
        path, _, fragment = link.partition("#")
        target = pathlib.Path(os.path.normpath(page.parent / path)) if path else page
        assert target.exists(), f"{link}: there is no {path}"
        if fragment and target.suffix == ".md":
            titles = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.M)
            assert fragment in map(anchor, titles), f"{link}: there is no such heading"
