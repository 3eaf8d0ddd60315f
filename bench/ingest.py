"""Reads one topic in turns with bench_consume and with the agent, and compares them. Run by bench/ingest.

The ratios are against the bare consumer at its best, which takes records in batches; those that begin with poll_ are against one
that takes them one by one with rd_kafka_consumer_poll. Both have settings that are good for them within 64 MiB; the agent has its
defaults. CPU is user plus system time of the whole process as the kernel counts it, from its start to its end: for the agent with joining
the group, judging and committing. Time is from the first record to the last. Memory is the largest resident set.
"""
import argparse
import datetime
import json
import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/system"))

import kafka  # noqa: E402
import postgres  # noqa: E402

PARTITIONS = 4
TOPIC = "events"
TOPIC_BYTES = 9.2e9
EVENTS_MAX = 20_000_000
EVENT_BYTES = {5: 230, 20: 459, 200: 3510}  # about; the fill says how many they are
TRAINING = 20_000
COMMIT_INTERVAL = "5s"
DEADLINE = 600  # seconds for one reading
LOOK_S = 0.25
COUNTED = re.compile(r'^leeway_records_total\{disposition="counted"\} (\d+)', re.M)


class Durable(postgres.Server):
    """The tests' server does not sync; this one does."""

    def start(self):
        log = open(self.directory / "server.log", "ab")
        self.process = subprocess.Popen(
            postgres.as_user(postgres.binary("postgres"), "-D", self.directory / "data", "-p", str(self.port), "-k", self.directory,
                             "-c", "listen_addresses=127.0.0.1"),
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=postgres.dies_with_parent, cwd="/")
        log.close()
        postgres.until(self.answers, "the server answers")


class Bench:
    def __init__(self, options, directory, broker, server):
        self.options, self.directory, self.broker, self.server = options, directory, broker, server
        self.leeway, self.consume = (options.build.resolve() / name for name in ("leeway", "bench/bench_consume"))
        self.events = options.events or int(min(EVENTS_MAX, TOPIC_BYTES / EVENT_BYTES[options.features]))
        self.event_bytes = None

    # ---- what is read

    def prepare(self):
        say(f"writing {self.events} events")
        fill = [self.options.fill, str(self.options.features)]
        self.event_bytes = int(output([*fill, str(self.events), self.broker.bootstrap, TOPIC, str(PARTITIONS)]))
        training = self.directory / "training.ndjson"
        output([*fill, str(min(TRAINING, self.events)), "--file", training])
        self.server.psql(f"create role leeway login password '{postgres.PASSWORD}'; create database template_of_runs;")
        output(self.inside([self.leeway, "migrate", "--store", self.server.uri("template_of_runs", "postgres", tcp=False),
                            "--agent", "leeway"]))
        config = self.configure("prepare", "template_of_runs", 0)
        output(self.inside([self.leeway, "baseline", "create", "--config", config, "--monitor", "bench", "--name", "bench",
                            "--file", training]))

    def configure(self, name, database, port):
        path = self.directory / f"{name}.yaml"
        secret = self.server.secret(postgres.PASSWORD, f"password-{name}")
        path.write_text(json.dumps({
            "kafka": {"bootstrap.servers": self.broker.bootstrap, "group.id": name},
            "start": "earliest",
            "store": self.server.uri(database, "leeway", password_file=secret),
            "web": {"listen": f"127.0.0.1:{port}" if port else ""},
            "monitors": [{
                "monitor": "bench", "topics": [TOPIC], "features": "/features/*", "baseline": "bench", "windows": ["1h"],
                "event": {"id": "/id", "time": "/ts", "version": "/version"},
                "prediction": {"score": "/prediction/score", "class": "/prediction/class"},
            }],
            "limits": {"commit_interval": COMMIT_INTERVAL},
        }, indent=1))
        return path

    # ---- where it is read

    def inside(self, command):
        """The command in the other root, if there is one; the process keeps its id."""
        command = list(map(str, command))
        if not self.options.root:
            return command
        shared = [ROOT, self.directory, self.server.directory]
        mounts = "".join(f'mkdir -p "$0{path}" && mount --bind "{path}" "$0{path}" && ' for path in shared)
        return ["unshare", "--mount", "sh", "-c", mounts + 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"',
                str(self.options.root), *command]

    def start(self, command, **streams):
        return subprocess.Popen(self.inside(command), stdin=subprocess.DEVNULL, preexec_fn=kafka.dies_with_parent, **streams)

    # ---- who reads it

    def bare(self, *options):
        process = self.start([self.consume, self.broker.bootstrap, TOPIC, PARTITIONS, self.events, *options], stdout=subprocess.PIPE)
        said = json.loads(process.stdout.read())
        cpu = end(process)
        return {"events_per_second": said["records"] / said["seconds"], "cpu_us_per_event": cpu / said["records"] * 1e6,
                "rss_mib": said["rss_mib"], "librdkafka": said["librdkafka"]}

    def agent(self, run):
        name = f"run_{run}"
        self.server.psql(f"create database {name} template template_of_runs")
        port = kafka.free_ports(1)[0]
        config = self.configure(name, name, port)
        log = self.directory / f"{name}.log"
        with open(log, "wb") as err:
            process = self.start([self.leeway, "run", "--config", config], stdout=err, stderr=err)
        try:
            rate = self.watch(process, f"http://127.0.0.1:{port}/metrics")
            rss = peak_mib(process.pid)
            process.send_signal(signal.SIGTERM)
            cpu = end(process)
            self.check(name)
        except Exception:
            sys.stderr.write(log.read_text()[-4000:])
            raise
        finally:
            if process.returncode is None:
                process.kill()
                process.wait()
        self.server.psql(f"drop database {name}")
        return {"events_per_second": rate, "cpu_us_per_event": cpu / self.events * 1e6, "rss_mib": rss}

    def watch(self, process, url):
        """Events per second from the first look that sees records to the one that sees all. Looks cost the agent time, so they
        are close to each other only where it matters."""
        first = None
        deadline = time.monotonic() + DEADLINE
        while True:
            counted, now = counted_by(url), time.monotonic()
            if counted and not first:
                first = (counted, now)
            if counted == self.events:
                return (counted - first[0]) / (now - first[1]) if counted > first[0] else counted / LOOK_S
            assert process.poll() is None, f"the agent ended with {process.returncode}"
            assert now < deadline, f"{counted} of {self.events} events after {DEADLINE} s"
            left = (self.events - counted) * (now - first[1]) / max(1, counted - first[0]) if first else 0
            time.sleep(LOOK_S if left > 2 * LOOK_S else 0.01)

    def check(self, database):
        rows = self.server.psql("select disposition, sum(records) from leeway.ledger group by 1", database)
        told = dict(row.split("|") for row in rows)
        assert sum(map(int, told.values())) == int(told.get("counted", 0)) == self.events, f"the ledger has {told}"

    def pair(self, run):
        """Who is first alternates, too."""
        readers = {"bare": self.bare, "agent": lambda: self.agent(run), "bare_poll": lambda: self.bare("--poll")}
        found = {name: readers[name]() for name in sorted(readers, reverse=run % 2 == 0)}
        librdkafka = {found[name].pop("librdkafka") for name in ("bare", "bare_poll")}
        ratios = {}
        for prefix, name in (("", "bare"), ("poll_", "bare_poll")):
            ratios[prefix + "cpu_ratio"] = found["agent"]["cpu_us_per_event"] / found[name]["cpu_us_per_event"]
            ratios[prefix + "throughput_ratio"] = found["agent"]["events_per_second"] / found[name]["events_per_second"]
        say("pair {}: cpu ratio {cpu_ratio:.2f}, throughput ratio {throughput_ratio:.2f}".format(run + 1, **ratios))
        return librdkafka.pop(), {**ratios, **found, "load": os.getloadavg()[0]}

    def run(self):
        self.prepare()
        versions, pairs = zip(*(self.pair(run) for run in range(self.options.pairs)))

        def median(*path):
            return statistics.median(value_at(pair, path) for pair in pairs)

        def largest(name):
            return max(pair[name]["rss_mib"] for pair in pairs)
        return rounded({
            "bench": "ingest",
            **{name: median(name) for name in ("cpu_ratio", "throughput_ratio")},
            "events_per_second": median("agent", "events_per_second"),
            "cpu_us_per_event": median("agent", "cpu_us_per_event"),
            "rss_mib": largest("agent"),
            "librdkafka": versions[0],
            **{name: median(name) for name in ("poll_cpu_ratio", "poll_throughput_ratio")},
            "bare_events_per_second": median("bare", "events_per_second"),
            "bare_cpu_us_per_event": median("bare", "cpu_us_per_event"),
            "bare_rss_mib": largest("bare"),
            "features": self.options.features,
            "event_bytes": self.event_bytes,
            "events": self.events,
            "partitions": PARTITIONS,
            "commit_interval": COMMIT_INTERVAL,
            "pairs": list(pairs),
            "machine": machine(self.options.root or pathlib.Path("/")),
            "date": datetime.date.today().isoformat(),
        })


def say(text):
    print(f"==> {text}", file=sys.stderr)


def output(command):
    done = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          check=False)
    if done.returncode:
        sys.exit(f"{command[0]} failed: {done.stderr}")
    return done.stdout


def end(process):
    """Waits for the end; CPU seconds."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, f"{process.args[-1]} ended with {process.returncode}"
    return usage.ru_utime + usage.ru_stime


def peak_mib(pid):
    """Not of wait4, which counts what was there before exec, too."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"^VmHWM:\s+(\d+) kB", status, re.M)[1]) / 1024


def counted_by(url):
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            found = COUNTED.search(answer.read().decode())
    except OSError:
        return 0  # it does not listen yet
    return int(found[1]) if found else 0


def value_at(value, path):
    for name in path:
        value = value[name]
    return value


def rounded(value):
    """Four digits that count."""
    if isinstance(value, dict):
        return {name: rounded(one) for name, one in value.items()}
    if isinstance(value, list):
        return [rounded(one) for one in value]
    if isinstance(value, float):
        return round(value) if value >= 1000 else float(f"{value:.4g}")
    return value


def machine(root):
    cpu = re.search(r"^model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
    system = re.search(r'^PRETTY_NAME="(.*)"', (root / "etc/os-release").read_text(), re.M)
    return f"{cpu[1].strip() if cpu else 'unknown CPU'}, {os.cpu_count()} CPUs, {system[1] if system else 'unknown system'}"


def parse():
    parser = argparse.ArgumentParser(description="see bench/ingest")
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--fill", type=pathlib.Path, required=True)
    parser.add_argument("--root", type=pathlib.Path)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--features", type=int, choices=sorted(EVENT_BYTES), default=20)
    parser.add_argument("--events", type=int)
    parser.add_argument("--debian13", action="store_true")
    options = parser.parse_args()
    if options.pairs < 1 or (options.events is not None and options.events < 1000):
        parser.error("at least 1 pair and 1000 events")
    return options


def main():
    options = parse()
    with tempfile.TemporaryDirectory(prefix="leeway-ingest-") as name:
        broker, server = kafka.Broker(name), Durable()
        try:
            server.initialise()
            server.start()
            broker.start()
            result = Bench(options, pathlib.Path(name), broker, server).run()
        finally:
            broker.stop(signal.SIGKILL)
            server.close()
    if options.json:
        print(json.dumps(result))
        return
    for key, value in result.items():
        if key != "pairs":
            print(f"{key:24} {value}")


main()
