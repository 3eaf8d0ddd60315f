"""The command line as a new user meets it, and every command of the README."""
import csv
import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess

import pytest

from conftest import LEEWAY, ROOT, wait_for

OPTIONS = {
    "init": "file name topic output force",
    "check": "config baseline print",
    "run": "config file topic listen pace once progress",
    "replay": "config file baseline output incidents monitor field since until window topic fail-on-drift",
    "migrate": "config store agent reader no-roles",
    "status": "config monitor output",
    "demo": "dir listen pace once",
    "version": "",
    "baseline create": "name file config monitor features field time prediction label segment missing since until store output"
                       " promote no-promote",
    "baseline list": "store config",
    "baseline show": "field output store config",
    "baseline promote": "store config",
    "baseline export": "output store config",
    "baseline import": "file name no-promote store config",
}


@pytest.mark.parametrize("command", OPTIONS)
def test_help(work, command):
    for flag in ("--help", "-h"):
        done = work.run(*command.split(), flag)
        assert done.stdout.startswith(f"usage: leeway {command}") and done.stderr == ""
    named = set(re.findall(r"--([a-z-]+)", done.stdout.split("options:")[1]))
    assert named >= {*OPTIONS[command].split(), "help"}


def test_help_of_all(work):
    done = work.run("--help")
    for command in OPTIONS:
        assert re.search(rf"^  {command.split()[0]} ", done.stdout, re.M)
    assert "create" in work.run("baseline", "--help").stdout


@pytest.mark.parametrize("arguments", [[], ["bogus"], ["--bogus"], ["baseline"], ["baseline", "bogus"]])
def test_unknown_command(work, arguments):
    done = work.run(*arguments, code=2)
    assert "usage: leeway" in done.stderr and done.stdout == ""


@pytest.mark.parametrize("command", OPTIONS)
def test_unknown_option(work, command):
    done = work.run(*command.split(), "--bogus", code=2)
    assert "unknown option: --bogus" in done.stderr and f"usage: leeway {command}" in done.stderr


@pytest.mark.parametrize("arguments", [
    ["run", "--file"], ["run", "--file", "x", "more"], ["run", "--file", "x", "--pace", "fast"], ["run", "--once=1", "--file", "x"],
    ["replay"], ["replay", "--file", "x", "--output", "xml"], ["replay", "--file", "x", "--since", "yesterday"], ["replay", "x"],
    ["status", "--output", "xml"], ["init"], ["baseline", "promote"], ["baseline", "promote", "flights"], ["baseline", "export"],
    ["baseline", "import"], ["baseline", "create"], ["check", "--print", "poem"], ["demo", "--pace", "fast"], ["baseline", "show"],
    ["baseline", "create", "--name", "UPPER CASE", "--file", "x"],
    ["version", "more"], ["status", "more"], ["check", "more"],
])
def test_wrong_usage(work, arguments):
    assert work.run(*arguments, code=2).stderr.startswith("leeway: ")


def test_version(work):
    assert re.match(r"leeway \d+\.\d+\.\d+", work.run("version").stdout)
    assert work.run("--version").stdout == work.run("version").stdout


def test_printed_references(work):
    assert json.loads(work.run("check", "--print", "schema").stdout)["type"] == "object"
    assert work.run("check", "--print", "manual").stdout.startswith("# Configuration")


# ---- init ----

def write_csv(source, target, rows=5000):
    with open(source, encoding="utf-8") as lines, open(target, "w", newline="", encoding="utf-8") as out:
        writer = None
        for number, line in enumerate(lines):
            if number == rows:
                break
            event = json.loads(line)
            row = {"id": event["id"], "ts": event["ts"], "version": event["version"], **event["features"], **event["prediction"]}
            writer = writer or csv.DictWriter(out, row)
            if number == 0:
                writer.writeheader()
            writer.writerow({k: "" if v is None else v for k, v in row.items()})


@pytest.mark.parametrize("kind", ["events", "envelopes", "csv"])
def test_init_makes_what_check_accepts(work, training, cut, kind):
    if kind == "csv":
        sample = work.path / "sample.csv"
        write_csv(training, sample)
    else:
        sample = training if kind == "events" else cut
    (work.path / "leeway.db").unlink()
    done = work.run("init", "--file", sample, "--name", "flights", "--topic", "flights", "--output", "new.yaml")
    assert "wrote new.yaml: 6 features" in done.stdout, done.stdout
    again = work.run("init", "--file", sample, "--output", "new.yaml", code=1)
    assert "exists" in again.stderr and "--force" in again.stderr
    more = [] if kind != "envelopes" else ["--since", "2013-02-01T00:00:00Z"]
    work.run("baseline", "create", "--config", "new.yaml", "--monitor", "flights", "--name", "flights", "--file", sample, *more)
    checked = work.run("check", "--config", "new.yaml")
    assert "is good" in checked.stdout and "flights@1" in checked.stdout
    counts = work.run("replay", "--config", "new.yaml", "--file", cut).stderr
    assert f"counted {sum(1 for _ in open(cut))} " in counts


def test_init_comments_are_valid(work, training):
    """What init proposes in comments can be uncommented: receivers, allowed values, segments."""
    work.run("init", "--file", training, "--name", "flights", "--output", "new.yaml", "--force")
    text = (work.path / "new.yaml").read_text()
    head, receivers = text.split("\n# receivers:\n")
    fields = re.sub(r"(?m)^    # (fields:|  )", r"    \1", head)
    segments = re.sub(r"(?m)^    # (segments: .*)$", r"    \1", fields, count=1)
    work.write("new.yaml", segments + "\nreceivers:\n" + re.sub(r"(?m)^# ?", "", receivers))
    work.write("slack-webhook-url", "https://hooks.slack.example/x\n", mode=0o600)
    work.run("check", "--config", "new.yaml")


def test_init_from_standard_input(work, training):
    sample = "".join(open(training).readlines()[:500])
    out = work.run("init", "--file", "-", "--name", "flights", "--output", "-", stdin=sample).stdout
    assert "monitor: \"flights\"" in out and "/features/*" in out


@pytest.mark.parametrize("sample", ["", "\n\n", "nonsense\n", "[1]\n"])
def test_init_on_rubbish(work, sample):
    work.write("sample.ndjson", sample)
    done = work.run("init", "--file", "sample.ndjson", "--output", "new.yaml", code=1)
    assert done.stderr.startswith("leeway: ") and not (work.path / "new.yaml").exists()


# ---- baselines ----

def test_life_of_a_baseline(work, training):
    lines = open(training).readlines()
    work.write("half.ndjson", "".join(lines[:12000]))
    create = ("baseline", "create", "--config", "leeway.yaml", "--monitor", "flights", "--name", "flights", "--file")
    assert "flights@2" in work.run(*create, "half.ndjson", "--no-promote").stdout
    listed = work.run("baseline", "list").stdout
    assert re.search(r"flights@1 .*promoted", listed) and not re.search(r"flights@2 .*promoted", listed)
    assert "flights@1" in work.run("check").stdout
    assert "flights@2 is promoted" in work.run("baseline", "promote", "flights@2").stdout
    assert "flights@2" in work.run("check").stdout
    shown = work.run("baseline", "show", "flights").stdout
    assert "dep_delay" in shown and "12000 rows" in shown
    assert "dep_delay" in work.run("baseline", "show", "flights@1", "--field", "dep_delay").stdout
    assert json.loads(work.run("baseline", "show", "flights", "--output", "json").stdout)
    exported = work.run("baseline", "export", "flights@1").stdout
    work.write("one.json", exported)
    assert "other@1" in work.run("baseline", "import", "--file", "one.json", "--name", "other").stdout
    assert "third@1" in work.run("baseline", "import", "--file", "-", "--name", "third", stdin=exported).stdout
    same = json.loads(work.run("baseline", "export", "third").stdout)
    assert same["fields"] == json.loads(exported)["fields"]
    for wrong in ("flights@9", "nobody"):
        for command in ("export", "show"):
            assert wrong.split("@")[0] in work.run("baseline", command, wrong, code=1).stderr
    work.run("baseline", "promote", "flights@9", code=1)
    work.run("baseline", "show", "flights", "--field", "nobody", code=1)


def test_baseline_is_reproducible(work, training):
    """Its hash says so; standard input differs in provenance only."""
    create = ("baseline", "create", "--config", "leeway.yaml", "--monitor", "flights", "--name", "flights", "--file")
    documents = []
    for number, (where, data) in enumerate([(training, ""), (training, ""), ("-", open(training).read())]):
        work.run(*create, where, "--output", f"{number}.json", stdin=data)
        documents.append(json.loads((work.path / f"{number}.json").read_text()))
    first, second, piped = documents
    assert first["hash"] == second["hash"]
    differences = {key for key in first if first[key] != piped[key]}
    assert differences <= {"hash", "created", "provenance"}
    assert first["provenance"]["source_sha256"] == piped["provenance"]["source_sha256"]


def test_baseline_by_config_of_the_manual(work, training):
    """docs/BASELINE.md leaves out --name."""
    work.run("baseline", "create", "--config", "leeway.yaml", "--monitor", "flights", "--file", training)


@pytest.mark.parametrize("data", ["", "\n", "nonsense\n" * 10, "a,b\n1\n"])
def test_baseline_of_rubbish(work, data):
    work.write("training.ndjson", data)
    done = work.run("baseline", "create", "--name", "x", "--file", "training.ndjson", code=1)
    assert done.stderr.startswith("leeway: ")
    assert work.rows("SELECT count(*) FROM baseline") == [(1,)]


# ---- status ----

def test_status(work, cut):
    assert "nothing has been judged yet" in work.run("status").stdout
    work.run("run", "--file", cut, "--once")
    table = work.run("status").stdout
    assert re.search(r"^flights +1 +dep_delay +24h ", table, re.M) and "INCIDENT" in table and "fields drift" in table
    data = json.loads(work.run("status", "--output", "json").stdout)
    assert {f["field"] for f in data["fields"]} >= {"dep_delay", "score"} and len(data["incidents"]) == 4
    assert "flights" not in work.run("status", "--monitor", "nobody").stdout


# ---- README ----

NOT_RUN = {
    "script/demo": "replays for half a minute and stays; `leeway demo` is tried by the demo's own test",
    "script/test": "would run itself",
    "script/build": "the program is built already",
    "git ": "fetches the repository",
}
FENCE = re.compile(r"^```(?:sh|bash|shell|console)\n(.*?)^```$", re.M | re.S)


def readme_lines():
    """Commands in fences, continued lines joined, prompts and comments taken off."""
    text = (ROOT / "README.md").read_text()
    for block in FENCE.findall(text):
        for line in block.replace("\\\n", " ").splitlines():
            line = re.sub(r"^\$ ", "", line.strip())
            if line.startswith(("leeway ", "script/")):
                yield line


def prepare(directory, lines, training, cut):
    """The files that the commands read, made of the flights."""
    written = {"leeway.yaml", "leeway.db"}
    for line in lines:
        words = shlex.split(line, comments=True)
        for before, word in zip([""] + words, words):
            if before in ("--output", "-o", ">"):
                written.add(word)
                continue
            path = pathlib.PurePath(word)
            target = directory / word
            if word in written or target.exists() or path.is_absolute():
                continue
            if path.suffix == ".csv":
                write_csv(training, target)
            elif path.suffix in (".ndjson", ".jsonl"):
                target.parent.mkdir(parents=True, exist_ok=True)
                target.symlink_to(training if "train" in path.name else cut)


def run_line(line, directory, environment):
    """A line that stays is ended by SIGTERM once it has read everything."""
    words = shlex.split(line, comments=True)
    stays = words[:2] == ["leeway", "run"] and "--once" not in words
    with open(directory / "line.out", "wb") as log:
        process = subprocess.Popen(["/bin/sh", "-c", ("exec " if stays else "") + line], cwd=directory, env=environment, stdout=log,
                                   stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        try:
            if stays:
                wait_for(lambda: process.poll() is not None or b"everything is judged" in (directory / "line.out").read_bytes(), line)
                if process.poll() is None:
                    process.send_signal(signal.SIGTERM)
            code = process.wait(120)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    return code, (directory / "line.out").read_text(errors="replace")


def test_commands_of_the_readme(tmp_path, training, cut, binary):
    lines = list(readme_lines())
    assert any(line.startswith("leeway run ") for line in lines), "the README shows no `leeway run` in a fence"
    prepare(tmp_path, lines, training, cut)
    environment = {**os.environ, "PATH": f"{LEEWAY.parent}:{os.environ['PATH']}"}
    for line in lines:
        if line.startswith(tuple(NOT_RUN)):
            continue
        code, out = run_line(line, tmp_path, environment)
        assert code == 0, f"exit {code}: {line}\n{out[-3000:]}"
        assert out.strip(), f"no output: {line}"


def test_readme_names_what_is_there():
    text = (ROOT / "README.md").read_text()
    scripts = set(re.findall(r"\bscript/[a-z-]+", text))
    links = {link.split("#")[0] for link in re.findall(r"\]\(([^)]+)\)", text) if not link.startswith(("http", "#"))}
    missing = sorted(path for path in scripts | links if not (ROOT / path).exists())
    assert missing == []


def test_demo(tmp_path, training, cut, binary, collector):
    """`leeway demo` on a small directory, with the demo's own configuration."""
    directory = tmp_path / "build/demo"
    directory.mkdir(parents=True)
    (directory / "training.ndjson").symlink_to(training)
    (directory / "events.ndjson").symlink_to(cut)
    for name in ("leeway.yaml", "rules.yaml"):
        shutil.copy(ROOT / "deploy/demo" / name, directory)
    receiver = collector()
    done = subprocess.run([LEEWAY, "demo", "--dir", "build/demo", "--once", "--listen", ""], cwd=tmp_path, capture_output=True, text=True,
                          timeout=120, stdin=subprocess.DEVNULL, env={**os.environ, "LEEWAY_DEMO_RECEIVER": receiver.url})
    assert done.returncode == 0, done.stderr
    delivered = int(re.search(r"messages delivered +(\d+)", done.stdout)[1])
    assert delivered == len(receiver.requests) > 0
    assert "OPENED critical flights 1: class drifts" in done.stdout and "CLOSED" in done.stdout and "summary" in done.stdout
    shown = re.findall(r"^    (2013-.*)$", (ROOT / "README.md").read_text(encoding="utf-8"), re.M)
    assert len(shown) == 2 and all(line in done.stdout.splitlines() for line in shown), done.stdout
    missing = subprocess.run([LEEWAY, "demo", "--dir", "nowhere"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert missing.returncode == 1 and "script/demo" in missing.stderr
