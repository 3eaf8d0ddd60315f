"""A real PostgreSQL server, started once for a pytest session, and what tests do with it: a database for each test, SQL beside
the program under test, a proxy that cuts connections, a pooler.

    from postgres import database, postgres, server          # fixtures

`postgres` gives an empty migrated database: .url(), .psql(). Everything ends by its process id at the end of the session, and
by the kernel if the session is killed."""
import ctypes
import itertools
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = pathlib.Path(os.environ.get("LEEWAY_TEST_PROGRAMS", ROOT / "build/release/tests"))
PROBE = PROGRAMS / "store_probe"
DEADLINE = 60  # seconds; reached only by a failure
PASSWORD = "correct-horse"
PR_SET_PDEATHSIG = 1
libc = ctypes.CDLL(None)
names = itertools.count(1)


def until(condition, what, seconds=DEADLINE):
    """The first true value of `condition`."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.02)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def dies_with_parent():
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def user():
    """Who servers run as: they refuse root."""
    if os.geteuid():
        return pwd.getpwuid(os.geteuid()).pw_name
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise AssertionError("there is no user to run a server as")


def as_user(*command):
    if os.geteuid():
        return [*command]
    group = str(pwd.getpwnam(user()).pw_gid)
    return ["setpriv", f"--reuid={user()}", f"--regid={group}", "--clear-groups", "--pdeathsig", "KILL", *command]


def binary(name):
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    assert found, f"{name} is not there: apt-get install postgresql"
    return str(found[-1])


class Server:
    """Listens on a socket in its directory and on a port of 127.0.0.1. Its data outlives stop and start."""

    def __init__(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="leeway-postgres-"))
        self.directory.chmod(0o755)
        if not os.geteuid():
            shutil.chown(self.directory, user())
        self.port = free_port()
        self.process = None
        self.poolers = []

    def initialise(self):
        password = self.directory / "password"
        password.write_text(PASSWORD)
        password.chmod(0o644)
        subprocess.run(as_user(binary("initdb"), "-D", self.directory / "data", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8",
                               "--auth-local=trust", "--auth-host=scram-sha-256", f"--pwfile={password}", "-N"),
                       check=True, capture_output=True, cwd="/")

    def start(self):
        log = open(self.directory / "server.log", "ab")
        # No test looks at what a power cut leaves; syncing would only cost time.
        self.process = subprocess.Popen(
            as_user(binary("postgres"), "-D", self.directory / "data", "-p", str(self.port), "-k", self.directory,
                    "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "max_connections=60"),
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=dies_with_parent, cwd="/")
        log.close()
        until(self.answers, "the server answers")

    def answers(self):
        assert self.process.poll() is None, (self.directory / "server.log").read_text()[-2000:]
        return subprocess.run(["psql", "-XAtqc", "select 1", self.uri("postgres", "postgres", tcp=False)], capture_output=True,
                              check=False).returncode == 0

    def stop(self, number=signal.SIGINT):
        """SIGINT rolls back and stops, SIGQUIT is a crash."""
        if self.process:
            self.process.send_signal(number)
            self.process.wait(DEADLINE)
            self.process = None

    def close(self):
        for pooler in self.poolers:
            pooler.close()
        self.stop()
        shutil.rmtree(self.directory)

    def uri(self, database, login, tcp=True, port=None, **parameters):
        host = "127.0.0.1" if tcp else ""
        if not tcp:
            parameters["host"] = self.directory
        query = "&".join(f"{name}={value}" for name, value in parameters.items())
        return f"postgresql://{login}@{host}:{port or self.port}/{database}{'?' + query if query else ''}"

    def psql(self, sql, database="postgres", login="postgres"):
        """The rows, columns apart by |. Raises what the server says."""
        done = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=verbose", "-f", "-",
                               self.uri(database, login, tcp=False)], input=sql, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr)
        return done.stdout.splitlines()

    def secret(self, text, name=None):
        """A file that only its owner may read."""
        path = self.directory / (name or f"secret{next(names)}")
        path.write_text(text + "\n")
        path.chmod(0o600)
        return path


class Database:
    def __init__(self, server, name):
        self.server, self.name = server, name
        self.password = server.secret(PASSWORD, f"password-{name}")

    def url(self, login="leeway", port=None):
        """For a configuration: TCP, with the password in a file."""
        return self.server.uri(self.name, login, port=port, password_file=self.password)

    def psql(self, sql, login="postgres"):
        return self.server.psql(sql, self.name, login)

    def value(self, sql):
        return self.psql(sql)[0]


class Proxy:
    """Passes connections on to a port. With `cut` it ends the next one on which a client sends `marker`: "before" the server
    sees it, or "after" the server has answered it, which the client never sees. `hold` refuses new connections."""

    def __init__(self, port):
        self.target, self.cut, self.marker, self.hold, self.cuts = port, None, b"pane_delta", False, 0
        self.clients = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            if self.hold:
                client.close()
                continue
            server = socket.create_connection(("127.0.0.1", self.target))
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.clients.append(client)
            state = {"silent": False}
            threading.Thread(target=self.forward, args=(client, server, state, True), daemon=True).start()
            threading.Thread(target=self.forward, args=(server, client, state, False), daemon=True).start()

    def end(self, *sockets):
        for one in sockets:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def forward(self, source, target, state, from_client):
        try:
            while data := source.recv(1 << 16):
                if from_client and self.cut and self.marker in data:
                    how, self.cut = self.cut, None
                    self.cuts += 1
                    if how == "before":
                        break
                    state["silent"] = True
                if not from_client and state["silent"]:
                    break  # it has answered
                target.sendall(data)
        except OSError:
            pass
        self.end(source, target)

    def sever(self):
        self.end(*self.clients)

    def close(self):
        self.listener.close()


class Pooler:
    """pgbouncer in transaction mode."""

    def __init__(self, server, pool_size=2):
        self.port = free_port()
        self.directory = server.directory / f"pooler{next(names)}"
        self.directory.mkdir(mode=0o755)
        if not os.geteuid():
            shutil.chown(self.directory, user())
        (self.directory / "users").write_text(f'"leeway" "{PASSWORD}"\n')
        (self.directory / "pgbouncer.ini").write_text(
            f"[databases]\n* = host={server.directory} port={server.port}\n[pgbouncer]\npool_mode=transaction\n"
            f"listen_addr=127.0.0.1\nlisten_port={self.port}\nunix_socket_dir=\nauth_type=scram-sha-256\n"
            f"auth_file={self.directory}/users\ndefault_pool_size={pool_size}\nserver_round_robin=1\n")
        log = open(self.directory / "log", "ab")
        self.process = subprocess.Popen(as_user("/usr/sbin/pgbouncer", self.directory / "pgbouncer.ini"), stdin=subprocess.DEVNULL,
                                        stdout=log, stderr=log, preexec_fn=dies_with_parent, cwd="/")
        log.close()
        server.poolers.append(self)
        until(self.listens, "the pooler listens")

    def listens(self):
        assert self.process.poll() is None, (self.directory / "log").read_text()[-2000:]
        with socket.socket() as one:
            return one.connect_ex(("127.0.0.1", self.port)) == 0

    def close(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(DEADLINE)


class Probe:
    """tests/integration/store_probe.c: an agent's store, by lines."""

    def __init__(self, url, agent="a"):
        self.process = subprocess.Popen([PROBE, url, agent], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        text=True, bufsize=1, preexec_fn=dies_with_parent)
        self.lines, self.errors = [], []
        self.threads = [threading.Thread(target=self.read, args=(stream, lines), daemon=True)
                        for stream, lines in ((self.process.stdout, self.lines), (self.process.stderr, self.errors))]
        for thread in self.threads:
            thread.start()
        self.taken = 0

    @staticmethod
    def read(stream, lines):
        for line in stream:
            lines.append(line.rstrip("\n"))

    def send(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")

    def answer(self, seconds=DEADLINE):
        """The next line, in its order."""
        until(lambda: len(self.lines) > self.taken or self.process.poll() is not None, "an answer", seconds)
        assert len(self.lines) > self.taken, f"ended with {self.process.returncode}:\n" + "\n".join(self.errors)
        self.taken += 1
        return self.lines[self.taken - 1]

    def ask(self, *words, seconds=DEADLINE):
        self.send(*words)
        return self.answer(seconds)

    def state(self):
        return self.ask("state").removeprefix("state ")

    def close(self):
        self.process.stdin.close()
        code = self.process.wait(DEADLINE)
        for thread in self.threads:
            thread.join()
        assert code >= 0 and not any("Sanitizer" in line or "runtime error" in line for line in self.errors), "\n".join(self.errors)


def migrate(url, *logins):
    return subprocess.run([PROBE, url, "-", "migrate", *logins], capture_output=True, text=True, check=False, timeout=DEADLINE)


@pytest.fixture(scope="session")
def server():
    """With login roles leeway and grafana, and a migrated database to copy."""
    one = Server()
    try:
        one.initialise()
        one.start()
        one.psql(f"create role leeway login password '{PASSWORD}'; create role grafana login password '{PASSWORD}';"
                 "create database leeway_template;")
        done = migrate(one.uri("leeway_template", "postgres", tcp=False), "leeway", "grafana")
        assert done.returncode == 0, done.stdout + done.stderr
        yield one
    finally:
        one.close()


@pytest.fixture
def database(server):
    """Empty: without a schema."""
    name = f"test_{next(names)}"
    server.psql(f"create database {name}")
    yield Database(server, name)
    server.psql(f"drop database {name} with (force)")


@pytest.fixture
def postgres(server):
    """Migrated; agents log in as leeway, readers as grafana."""
    name = f"test_{next(names)}"
    server.psql(f"create database {name} template leeway_template")
    yield Database(server, name)
    if not server.process:
        server.start()
    server.psql(f"drop database {name} with (force)")


@pytest.fixture
def probe():
    """Makes probes that end with the test."""
    probes = []

    def make(url, agent="a"):
        probes.append(Probe(url, agent))
        return probes[-1]

    yield make
    for one in probes:
        one.close()
