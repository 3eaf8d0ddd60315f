"""The image, built as deploy/docker/Dockerfile says but for the registry, and its root file system run as Kubernetes would:
another user, no capabilities, nothing to write to but the volume. Needs root; the first run makes a Debian (see
deploy/docker/build-without-registry), later ones use it again from build/image."""
import json
import os
import re
import shutil
import stat
import subprocess
import time

import pytest
import yaml

from conftest import ROOT

BUILD = ROOT / "deploy/docker/build-without-registry"
CACHE = ROOT / "build/image"
USER = 65532
SIDECAR = ROOT / "deploy/kubernetes/sidecar"

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="making a root file system needs root")


def build(target, *options):
    start = time.monotonic()
    done = subprocess.run([BUILD, target, *options], capture_output=True, text=True, check=False,
                          env={**os.environ, "LEEWAY_IMAGE_CACHE": str(CACHE)})
    assert done.returncode == 0, done.stderr + done.stdout
    return time.monotonic() - start


def files_of(root):
    """{path: (kind and mode, owner, content or link)}."""
    found = {}
    for folder, folders, names in os.walk(root):
        for name in [*folders, *names]:
            path = os.path.join(folder, name)
            status = os.lstat(path)
            content = None
            if os.path.islink(path):
                content = os.readlink(path)
            elif os.path.isfile(path):
                with open(path, "rb") as file:
                    content = file.read()
            found[os.path.relpath(path, root)] = (status.st_mode, status.st_uid, status.st_gid, content)
    return found


class Image:
    def __init__(self, root):
        self.root = root
        self.config = json.loads((root.parent / f"{root.name}.json").read_text())["OCIv1"]["config"]

    def run(self, *command, state, files=(), code=0, stdin=None):
        """As a container: `files` are (path outside, path inside), read-only; `state` is the volume."""
        mounts = []
        for outside, inside in files:
            mounts += ["--perms", "0755", "--dir", os.path.dirname(inside), "--ro-bind", outside, inside]
        done = subprocess.run(
            ["bwrap", "--ro-bind", self.root, "/", "--dev", "/dev", "--proc", "/proc", "--perms", "1777", "--tmpfs", "/tmp",
             "--tmpfs", "/run", "--tmpfs", self.config["WorkingDir"], *mounts, "--remount-ro", "/run",
             "--remount-ro", self.config["WorkingDir"],
             "--bind", state, "/var/lib/leeway", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts",
             "--die-with-parent", "--clearenv", "--setenv", "PATH", "/usr/bin:/bin", "--chdir", self.config["WorkingDir"], "--",
             "setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--bounding-set=-all", "--inh-caps=-all",
             "--no-new-privs", "--", *command],
            input=stdin or "", capture_output=True, text=True, check=False, timeout=120)
        assert code is None or done.returncode == code, f"{command}: exit {done.returncode}\n{done.stderr}\n{done.stdout}"
        return done


@pytest.fixture(scope="session")
def image():
    for program in ("debootstrap", "buildah", "bwrap", "setpriv"):
        assert shutil.which(program), f"{program} is not there: apt-get install debootstrap buildah bubblewrap util-linux"
    own = subprocess.run(["unshare", "--mount", "true"], capture_output=True, text=True, check=False)
    if own.returncode:  # as in a chroot whose root is no mount
        pytest.skip(f"no mount namespace can be made here: {own.stderr.strip()}")
    seconds = build(CACHE / "root")
    one = Image(CACHE / "root")
    size = sum(len(content) if content else 0 for _, _, _, content in files_of(one.root).values() if isinstance(content, bytes))
    base = os.stat(CACHE / "trixie-slim.tar").st_size
    with open(CACHE / "size.json", "w", encoding="utf-8") as file:
        json.dump({"image_mib": round(size / 2**20, 1), "base_mib": round(base / 2**20, 1), "seconds": round(seconds)}, file)
    print(f"image: {size / 2**20:.1f} MiB, of which Debian {base / 2**20:.1f}; made in {seconds:.0f} s")
    return one


@pytest.fixture
def state(tmp_path):
    """A volume as Kubernetes gives it."""
    path = tmp_path / "state"
    path.mkdir(mode=0o700)
    os.chown(path, USER, USER)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == 0 and folder.name.startswith("pytest"):
            folder.chmod(folder.stat().st_mode | 0o011)
    return path


@pytest.fixture
def files(tmp_path, work):
    """The configuration of the flights with its store in the volume, and what it refers to."""
    text = (work.path / "leeway.yaml").read_text().replace("sqlite:leeway.db", "sqlite:/var/lib/leeway/leeway.db")
    config = tmp_path / "image.yaml"
    config.write_text(text)
    return [(config, "/etc/leeway/leeway.yaml"), (work.path / "rules.yaml", "/etc/leeway/rules.yaml")]


def test_image_says_what_it_is(image):
    version = re.search(r"^project\(leeway VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text(), re.M)[1]
    assert image.config["User"] == f"{USER}:{USER}"
    assert image.config["Entrypoint"] == ["leeway"] and image.config["ExposedPorts"] == {"9464/tcp": {}}
    assert image.config["Labels"]["org.opencontainers.image.version"] == version
    assert image.config["Labels"]["org.opencontainers.image.licenses"] == "Apache-2.0"


def test_image_has_nothing_to_climb_with(image):
    """No compiler, no headers, and of programs that become root only Debian's own, which a pod forbids to."""
    found = files_of(image.root)
    assert not [name for name in found if re.search(r"^usr/bin/(gcc|cc|cmake|ninja|curl|wget|python3?)$|^usr/include/.", name)]
    leeway = found["usr/bin/leeway"]
    assert leeway[:3] == (0o100755, 0, 0)
    writable = [name for name, (mode, owner, _, _) in found.items()
                if not name.startswith("dev/") and (
                    owner == USER or (mode & 0o002 and not stat.S_ISLNK(mode) and not mode & stat.S_ISVTX))]
    assert writable == ["var/lib/leeway"]
    assert not [name for name in found if name.startswith(("var/lib/apt/lists/", "var/cache/apt/")) and name.count("/") > 4]


def test_program_is_hardened(image):
    """Position independent, read-only relocations, all bound at start, no executable stack, canaries, checked functions."""
    program = image.root / "usr/bin/leeway"
    headers = subprocess.run(["readelf", "-hldW", program], capture_output=True, text=True, check=True).stdout
    symbols = subprocess.run(["readelf", "--dyn-syms", "-W", program], capture_output=True, text=True, check=True).stdout
    assert re.search(r"Type:\s+DYN", headers) and "GNU_RELRO" in headers and "BIND_NOW" in headers
    assert re.search(r"GNU_STACK.* RW ", headers)
    assert "__stack_chk_fail" in symbols and re.search(r"__\w+_chk@", symbols)


def test_every_library_is_there_and_none_for_nothing(image, state):
    needed = image.run("sh", "-c", "ldd /usr/bin/leeway", state=state).stdout
    assert "not found" not in needed
    named = re.findall(r"--no-install-recommends \\\n(.*?) \\\n &&", (ROOT / "deploy/docker/Dockerfile").read_text(), re.S)[1]
    direct = subprocess.run(["readelf", "-dW", image.root / "usr/bin/leeway"], capture_output=True, text=True, check=True).stdout
    owners = set()
    for name in re.findall(r"NEEDED.*\[(.*)\]", direct):
        owners.add(image.run("dpkg", "-S", f"*/{name}", state=state).stdout.split(":")[0])
    debian = {"libc6", "zlib1g"}  # there in any case
    assert set(named.replace("\\\n", " ").split()) - {"ca-certificates"} - debian == owners - debian


def test_read_only_and_nobody(image, state, files):
    who = image.run("sh", "-c", "id -u; cat /proc/self/status", state=state).stdout
    assert who.startswith(f"{USER}\n")
    assert set(re.findall(r"^Cap\w+:\s+(\w+)", who, re.M)) == {"0" * 16} and re.search(r"^NoNewPrivs:\s+1", who, re.M)
    for place in ("/usr/x", "/etc/leeway/x", "/run/x", "/x"):
        assert image.run("touch", place, state=state, code=None).returncode != 0, place
    assert image.run("leeway", "version", state=state).stdout.startswith("leeway ")
    assert sum(1 for _ in state.iterdir()) == 0


def test_flights_through_the_image(image, state, files, training, cut, work):
    """The same verdicts and incidents, to the byte, as the program that was built here."""
    command = re.search(r"leeway (leeway baseline create .* --file -) <", (ROOT / "deploy/README.md").read_text())[1]
    image.run(*command.split(), state=state, files=files, stdin=training.read_text())
    assert "baseline flights@1" in image.run("leeway", "check", state=state, files=files).stdout
    events = [*files, (cut, "/tmp/events.ndjson")]
    shutil.copy(state / "leeway.db", work.path / "leeway.db")
    for options in ([], ["--incidents", "--output", "table"]):
        told = image.run("leeway", "replay", "--file", "/tmp/events.ndjson", *options, state=state, files=events).stdout
        same = told == work.run("replay", "--file", cut, *options).stdout  # megabytes: no look at the difference
        assert same and "flights" in told, options
    assert "2013-02-" in told and "opened" in told
    image.run("leeway", "run", "--file", "/tmp/events.ndjson", "--once", "--listen", "", state=state, files=events)
    assert {path.name for path in state.iterdir()} >= {"leeway.db"}
    assert all(path.stat().st_uid == USER and path.stat().st_mode & 0o077 == 0 for path in state.iterdir())


def test_sidecar_as_its_manifest_says(image, state, work, tmp_path):
    """The containers of the example one after the other, with the arguments and files it gives them."""
    pod = yaml.safe_load((SIDECAR / "deployment.yaml").read_text())["spec"]["template"]["spec"]
    baseline, agent = pod["initContainers"]
    work.run("baseline", "export", "flights", "--output", tmp_path / "flights.json")
    (tmp_path / "flights.json").chmod(0o644)  # as a ConfigMap's
    files = [(SIDECAR / "leeway.yaml", "/etc/leeway/leeway.yaml"), (SIDECAR / "rules.yaml", "/etc/leeway/rules.yaml"),
             (tmp_path / "flights.json", "/run/baseline/flights.json")]
    image.run("leeway", *baseline["args"], state=state, files=files)
    ask = yaml.safe_load((ROOT / "deploy/compose/compose.yaml").read_text())["services"]["leeway"]["healthcheck"]["test"]
    script = ('health=$1; shift; leeway "$@" & for i in $(seq 100); do bash -c "$health" 2>/dev/null && break; '
              'kill -0 %1 2>/dev/null || break; sleep 0.1; done; '
              'bash -c "$health" 2>/dev/null && echo alive; kill %1; wait %1; echo "exit $?"')
    told = image.run("bash", "-c", script, "bash", ask[3], *agent["args"], state=state, files=files)
    assert told.stdout == "alive\nexit 0\n", told.stdout + told.stderr


@pytest.mark.skipif(not os.environ.get("LEEWAY_ALL"), reason="a second whole build: script/test --all")
def test_the_same_twice(image):
    """Nothing used again but the base, the same files."""
    try:
        build(CACHE / "again", "--no-cache")
        first, second = files_of(image.root), files_of(CACHE / "again")
        assert sorted(first) == sorted(second)
        assert [name for name in first if first[name] != second[name]] == []
    finally:
        shutil.rmtree(CACHE / "again", ignore_errors=True)
