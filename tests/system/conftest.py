"""What the system tests share: the real binary, flights to feed it with, processes that end with their test, a collector of
HTTP requests, and ways to read the store. A test waits for a condition with a deadline, never for a time."""
import http.server
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import threading
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEMO = pathlib.Path(os.environ.get("LEEWAY_DEMO_DATA", ROOT / "build/demo"))
LEEWAY = pathlib.Path(os.environ.get("LEEWAY_BIN", ROOT / "build/release/leeway")).resolve()
CUT_END = '"ts":"2013-03-20'
DEADLINE = 60  # seconds; reached only by a failure
SANITIZER = ("AddressSanitizer", "LeakSanitizer", "runtime error:")

RULE = {"rule": "inputs-drift", "when": "drift >= low", "window": "24h"}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(condition, what, seconds=DEADLINE):
    """The first true value of `condition`."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.01)


def seed_of(request):
    """From LEEWAY_SEED or the test's name; pytest shows it when the test fails."""
    seed = os.environ.get("LEEWAY_SEED", request.node.name)
    print(f"LEEWAY_SEED={seed}")
    return random.Random(seed)


def config_text(**changes):
    """A configuration as JSON, which is YAML too. Keys replace those at the top."""
    config = {
        "store": "sqlite:leeway.db",
        "web": {"listen": ""},
        "monitors": [{
            "monitor": "flights", "topics": ["flights"],
            "event": {"id": "/id", "time": "/ts", "version": "/version"},
            "features": "/features/*",
            "prediction": {"score": "/prediction/score", "class": "/prediction/class"},
            "label": "/label/arr_delay", "segments": ["/features/origin"], "baseline": "flights",
            "windows": ["24h", "7d"],
        }],
        "limits": {"commit_interval": "100ms"},
    }
    config.update(changes)
    return json.dumps(config, indent=1)


class Process:
    """A program in the background; its output goes to files, so that it never blocks on a pipe."""

    def __init__(self, command, cwd, name, stdin=None, env=None):
        self.out_path, self.err_path = cwd / f"{name}.out", cwd / f"{name}.err"
        with open(self.out_path, "wb") as out, open(self.err_path, "wb") as err:
            self.popen = subprocess.Popen([str(c) for c in command], cwd=cwd, stdin=stdin or subprocess.DEVNULL,
                                          stdout=out, stderr=err, env=env)

    @property
    def out(self):
        return self.out_path.read_text(errors="replace")

    @property
    def err(self):
        return self.err_path.read_text(errors="replace")

    def running(self):
        return self.popen.poll() is None

    def wait(self, seconds=DEADLINE):
        return self.popen.wait(timeout=seconds)

    def wait_log(self, text):
        def seen():
            found = text in self.err
            assert found or self.running(), f"ended with {self.popen.returncode} before {text!r}:\n{self.err}"
            return found
        wait_for(seen, f"{text!r} in the log")

    def stop(self, number=signal.SIGTERM, seconds=DEADLINE):
        if self.running():
            self.popen.send_signal(number)
        return self.wait(seconds)

    def end(self):
        if self.running():
            self.popen.kill()
        self.popen.wait()


class Workspace:
    """A directory with leeway.yaml and a store that holds the baseline; every command runs in it."""

    def __init__(self, path, store=None):
        self.path = path
        self.processes = []
        if store:
            shutil.copy(store, path / "leeway.db")
        self.configure()

    def write(self, name, text, mode=0o644):
        path = self.path / name
        data = text if isinstance(text, bytes) else text.encode()
        path.write_bytes(data)
        path.chmod(mode)
        return path

    def configure(self, rules=None, **changes):
        """`rules`: a list of rules, written to rules.yaml."""
        self.write("rules.yaml", json.dumps([RULE] if rules is None else rules))
        self.write("leeway.yaml", config_text(**{"rules": ["rules.yaml"], **changes}))

    def run(self, *arguments, stdin=None, code=0, timeout=DEADLINE):
        """`code` None: whatever. Text in, text out."""
        done = subprocess.run([str(LEEWAY), *map(str, arguments)], cwd=self.path, input=stdin if stdin is not None else "",
                              capture_output=True, text=True, timeout=timeout)
        for word in SANITIZER:
            assert word not in done.stderr, done.stderr
        assert done.returncode >= 0, f"ended by signal {-done.returncode}: {arguments}\n{done.stderr}"
        assert code is None or done.returncode == code, f"exit {done.returncode}: {arguments}\n{done.stderr}\n{done.stdout[:2000]}"
        return done

    def start(self, *arguments, program=LEEWAY, name=None, **options):
        process = Process([program, *arguments], self.path, name or f"process{len(self.processes)}", **options)
        self.processes.append(process)
        return process

    def close(self):
        for process in self.processes:
            process.end()

    def rows(self, query, *parameters, store="leeway.db"):
        database = sqlite3.connect(f"file:{self.path / store}?mode=ro", uri=True, timeout=10)
        try:
            return database.execute(query, parameters).fetchall()
        finally:
            database.close()


class Collector:
    """Records every request; `answer(request)` gives the status or (status, headers). Default 200."""

    def __init__(self, port=0, answer=None):
        self.requests, self.lock = [], threading.Lock()
        self.answer = answer or (lambda request: 200)
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                request = {"time": time.time(), "path": self.path, "body": body,
                           "headers": {k.lower(): v for k, v in self.headers.items()}}
                with collector.lock:
                    answer = collector.answer(request)
                    status, headers = answer if isinstance(answer, tuple) else (answer, {})
                    request["status"] = status
                    collector.requests.append(request)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/hook"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    def accepted(self):
        with self.lock:
            return [r for r in self.requests if r["status"] < 300]

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture(scope="session")
def binary():
    assert LEEWAY.exists(), f"{LEEWAY} is not there: cmake --preset release && ninja -C build/release leeway"
    return LEEWAY


@pytest.fixture(scope="session")
def year():
    path = DEMO / "events.ndjson"
    assert path.exists(), f"{path} is not there: script/demo-data makes it"
    return path


@pytest.fixture(scope="session")
def training(year):
    return DEMO / "training.ndjson"


@pytest.fixture(scope="session")
def cut(year, tmp_path_factory):
    """1 February to 19 March: the storm of 8 February and a second, smaller one."""
    path = tmp_path_factory.mktemp("flights") / "cut.ndjson"
    with open(year, encoding="utf-8") as source, open(path, "w", encoding="utf-8") as target:
        for line in source:
            if CUT_END in line:
                break
            target.write(line)
    return path


@pytest.fixture(scope="session")
def storm(cut):
    """The first 9 days of February only: the incident is open at the end."""
    path = cut.with_name("storm.ndjson")
    with open(cut, encoding="utf-8") as source, open(path, "w", encoding="utf-8") as target:
        for line in source:
            if '"ts":"2013-02-10' in line:
                break
            target.write(line)
    return path


@pytest.fixture(scope="session")
def store(binary, training, tmp_path_factory):
    """A store that holds baseline flights@1 and nothing else."""
    space = Workspace(tmp_path_factory.mktemp("store"))
    space.run("baseline", "create", "--config", "leeway.yaml", "--monitor", "flights", "--name", "flights", "--file", training)
    return space.path / "leeway.db"


@pytest.fixture
def work(tmp_path, store):
    space = Workspace(tmp_path, store)
    try:
        yield space
    finally:
        space.close()


@pytest.fixture
def collector():
    made = []

    def make(**options):
        made.append(Collector(**options))
        return made[-1]
    try:
        yield make
    finally:
        for one in made:
            one.close()


@pytest.fixture(scope="session")
def replayed(binary, cut, store, tmp_path_factory):
    """The verdicts of the cut, as text."""
    space = Workspace(tmp_path_factory.mktemp("replayed"), store)
    return space.run("replay", "--file", cut).stdout


def partitions_of(path):
    """Lines by partition, each in its own order."""
    parts = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            parts.setdefault(json.loads(line)["partition"], []).append(line)
    return parts


def ledger(space):
    """{partition: (sum of dispositions and skipped, next - start)} and the sum of counted rows."""
    told = dict(space.rows("SELECT part, sum(records) FROM ledger GROUP BY part"))
    return {part: (told.get(part, 0), length)
            for part, length in space.rows("SELECT part, next_offset - start_offset FROM partition_state")}
