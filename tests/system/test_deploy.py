"""deploy/: every file is read by the tool that will read it, or by that tool's schema, and the parts agree with each other
and with the agent. The image itself is in test_image.py."""
import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys

import kubernetes_validate
import pytest
import yaml

import postgres as database_server
from conftest import LEEWAY, ROOT, Collector, free_port, wait_for

DEPLOY = ROOT / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
COMPOSE = DEPLOY / "compose"
UNIT = DEPLOY / "systemd/leeway.service"
TOOLS = pathlib.Path(sys.executable).parent  # what pip installed
KUSTOMIZE = "sigs.k8s.io/kustomize/kustomize/v5@v5.4.3"
EXPOSURE = 13  # tenths; what `systemd-analyze security` calls OK ends at 44


def tool(name, *arguments, code=0, **options):
    """The output, both streams. A tool that is not there is a failure."""
    done = subprocess.run([str(name), *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, **options)
    assert code is None or done.returncode == code, f"{name} {arguments}: exit {done.returncode}\n{done.stdout}"
    return done.stdout


def documents(path):
    return [one for one in yaml.safe_load_all(path.read_text()) if one]


def project_version():
    return re.search(r"^project\(leeway VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text(), re.M)[1]


# ---- image

def test_dockerfile_has_no_complaint():
    tool(TOOLS / "hadolint", DEPLOY / "docker/Dockerfile")


def test_dockerfile_installs_what_the_scripts_install():
    """A package that the build needs is in both places, or the image does not build."""
    text = (DEPLOY / "docker/Dockerfile").read_text()
    first = re.search(r"--no-install-recommends \\\n(.*?) \\\n &&", text, re.S)[1].replace("\\\n", " ").split()
    wanted = re.search(r'^BUILD_PACKAGES="([^"]*)"', (ROOT / "script/lib.sh").read_text(), re.M)[1].split()
    assert set(first) | {"ca-certificates"} == set(wanted) | {"ca-certificates"}


def test_one_version_everywhere():
    version = project_version()
    assert set(re.findall(r"^ARG VERSION=(\S+)", (DEPLOY / "docker/Dockerfile").read_text(), re.M)) == {version}
    assert f"LEEWAY_VERSION:-{version}}}" in (COMPOSE / "compose.yaml").read_text()
    assert documents(KUBERNETES / "version/kustomization.yaml")[0]["images"][0]["newTag"] == version


def test_context_is_no_more_than_the_image_needs():
    """Every file that COPY names is let in, and nothing that is not named."""
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = set()
    for line in re.findall(r"^COPY (?!--)(.*)$", (DEPLOY / "docker/Dockerfile").read_text(), re.M):
        copied |= set(line.split()[:-1])
    assert let_in == copied
    assert all((ROOT / name).exists() for name in copied)


# ---- configurations

CONFIGURATIONS = sorted(str(p.relative_to(DEPLOY)) for p in DEPLOY.rglob("leeway.yaml")
                        if "grafana" not in p.parts and "demo" not in p.parts)


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_configuration_is_good(work, name):
    """As `leeway check` sees it, with the store of the test and secrets of its own. What it is given there are no servers."""
    text = (DEPLOY / name).read_text()
    secrets = work.path / "secrets"
    for secret in re.findall(r"/run/secrets/([\w/.-]+)", text):
        path = secrets / secret
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pathlib.Path("/etc/ssl/certs/ca-certificates.crt").read_bytes() if path.suffix == ".crt" else b"x")
        path.chmod(0o440)
    text = re.sub(r'bootstrap.servers: ".*"', 'bootstrap.servers: "127.0.0.1:1"', text)
    text, stores = re.subn(r"^store: .*$", f"store: sqlite:{work.path}/leeway.db", text.replace("/run/secrets", str(secrets)),
                           flags=re.M)
    assert stores == 1
    work.write("leeway.yaml", text)
    rules = (DEPLOY / name).parent / "rules.yaml"
    if rules.exists():
        work.write("rules.yaml", rules.read_text())
    assert "baseline flights@1" in work.run("check").stdout
    if "bootstrap.servers" in text:  # the properties are librdkafka's to judge, and it does when the agent starts
        agent = work.start("run", "--listen", "")
        agent.wait_log("kafka error")
        assert agent.stop() == 0


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_secrets_are_never_in_a_configuration(name):
    text = re.sub(r"\$\{\w+(:-\w*)?\}", "variable", (DEPLOY / name).read_text())
    assert not re.search(r"password\s*[:=]", text, re.I)
    assert not re.search(r"://[^/@\s:]+:[^@\s/]*@", text)


# ---- compose

@pytest.fixture(scope="module")
def compose():
    return documents(COMPOSE / "compose.yaml")[0]


def test_compose_follows_the_specification():
    tool(TOOLS / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", COMPOSE / "compose.yaml")


def test_compose_is_closed(compose):
    services = compose["services"]
    assert {"leeway", "migrate", "kafka", "postgres", "prometheus", "alertmanager", "grafana"} <= set(services)
    for name, service in services.items():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert not service.get("privileged") and "docker.sock" not in str(service), name
        for secret in service.get("secrets", []):
            assert (secret["source"] if isinstance(secret, dict) else secret) in compose["secrets"], name
        if service["image"].startswith("leeway:"):
            assert service["read_only"] and service["cap_drop"] == ["ALL"], name
        else:
            assert re.fullmatch(r"[\w/]+:v?\d[\w.]*", service["image"]), f"{name}: no fixed version"
    assert all("file" in secret for secret in compose["secrets"].values())
    assert compose["networks"]["inside"]["internal"] and services["postgres"]["networks"] == ["inside"]


def test_compose_mounts_what_is_there(compose):
    for name, service in compose["services"].items():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("."):
                assert (COMPOSE / source).exists(), f"{name}: {source}"
                assert volume.endswith(":ro"), f"{name}: {volume}"
            else:
                assert source in compose["volumes"], f"{name}: {source}"


def test_compose_prepares_secrets(tmp_path, compose):
    shutil.copytree(COMPOSE, tmp_path / "compose", ignore=shutil.ignore_patterns("secrets", ".env"))
    script = tmp_path / "compose/prepare"
    tool(script)
    secrets = tmp_path / "compose/secrets"
    made = {path.name: path.read_bytes() for path in secrets.iterdir()}
    assert set(made) == {pathlib.Path(one["file"]).name for one in compose["secrets"].values()}
    assert all(re.fullmatch(rb"[0-9a-f]{48}", secret) for secret in made.values()) and len(set(made.values())) == len(made)
    group = int(re.fullmatch(r"LEEWAY_GROUP=(\d+)\n", (tmp_path / "compose/.env").read_text())[1])
    for path in secrets.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o440 and path.stat().st_gid == group, path
    assert set(re.findall(r"\$\{(LEEWAY_\w+):\?", (COMPOSE / "compose.yaml").read_text())) == {"LEEWAY_GROUP"}
    (secrets / "grafana").unlink()
    tool(script)
    again = {path.name: path.read_bytes() for path in secrets.iterdir()}
    assert {name for name in made if made[name] != again[name]} == {"grafana"}
    ignored = (COMPOSE / ".gitignore").read_text().split()
    assert "/secrets/" in ignored and "/.env" in ignored


@pytest.fixture
def server():
    """Of its own: the test gives the users of the whole server their passwords."""
    one = database_server.Server()
    try:
        one.initialise()
        one.start()
        yield one
    finally:
        one.close()


def test_compose_gives_each_user_what_it_needs(tmp_path, compose, server):
    """prepare, roles and migrate as compose runs them, twice; then each user does what is its own and nothing else."""
    shutil.copytree(COMPOSE, tmp_path / "compose", ignore=shutil.ignore_patterns("secrets", ".env"))
    folder, secrets = tmp_path / "compose", tmp_path / "compose/secrets"
    tool(folder / "prepare")
    (secrets / "postgres").chmod(0o600)
    (secrets / "postgres").write_text(database_server.PASSWORD)
    server.psql("create database leeway")
    given = compose["services"]["roles"]["environment"]
    migrate = compose["services"]["migrate"]
    config = folder / "leeway.yaml"
    config.write_text(config.read_text().replace("@postgres:5432", f"@127.0.0.1:{server.port}")
                      .replace("/run/secrets/database", str(secrets / "${LEEWAY_TEST_SECRET}")))
    environment = {**os.environ, **migrate["environment"], "LEEWAY_TEST_SECRET": migrate["secrets"][0]["source"]}
    for _ in range(2):
        tool("bash", folder / "roles.sh", env={**os.environ, **given, "PGHOST": "127.0.0.1", "PGPORT": str(server.port),
                                               "SECRETS": str(secrets)})
        command = [str(config) if word == "/etc/leeway/leeway.yaml" else word for word in migrate["command"]]
        tool(LEEWAY, *command, env=environment)

    def ask(login, secret, sql):
        url = f"postgresql://{login}@127.0.0.1:{server.port}/leeway"
        return subprocess.run(["psql", "-XAtq", "-v", "VERBOSITY=sqlstate", "-c", sql, url], capture_output=True, text=True,
                              check=False, env={**os.environ, "PGPASSWORD": (secrets / secret).read_text()})
    for login, secret, allowed, forbidden in (
            ("leeway", "database", "delete from leeway.quarantine", "drop table leeway.quarantine"),
            ("grafana", "database_grafana", "select count(*) from leeway.verdict", "delete from leeway.quarantine")):
        assert ask(login, secret, allowed).returncode == 0, login
        assert "42501" in ask(login, secret, forbidden).stderr, login
        assert "password" in ask(login, "postgres", "select 1").stderr, login


def test_compose_health_check_tells_life_from_death(work, compose):
    """The very command, but for the port."""
    test = compose["services"]["leeway"]["healthcheck"]["test"]
    assert test[0] == "CMD" and "9464" in test[3]
    port = free_port()
    command = [*test[1:3], test[3].replace("9464", str(port))]
    assert subprocess.run(command, capture_output=True, check=False).returncode != 0
    work.configure(web={"listen": f"127.0.0.1:{port}"})
    events = work.write("none.ndjson", "")
    agent = work.start("run", "--file", events)
    agent.wait_log("listening")
    assert subprocess.run(command, capture_output=True, check=False, timeout=30).returncode == 0
    agent.stop()
    other = Collector(port=port)  # listens, but what it says is no 200
    try:
        assert subprocess.run(command, capture_output=True, check=False, timeout=30).returncode != 0
    finally:
        other.close()


def test_prometheus_and_alertmanager_take_their_files(tmp_path):
    text = (COMPOSE / "prometheus.yaml").read_text()
    local = tmp_path / "prometheus.yaml"
    local.write_text(text.replace("/etc/prometheus/rules", str(ROOT / "rules/prometheus")))
    assert str(ROOT) in local.read_text()
    tool("promtool", "check", "config", local)
    tool("amtool", "check-config", COMPOSE / "alertmanager.yaml")


def test_grafana_is_provisioned(compose):
    sources = documents(COMPOSE / "grafana/datasources/leeway.yaml")[0]["datasources"]
    assert {one["type"] for one in sources} == {"prometheus", "grafana-postgresql-datasource"}
    password = next(one for one in sources if one["type"] != "prometheus")["secureJsonData"]["password"]
    secret = re.fullmatch(r"\$__file\{/run/secrets/(\w+)\}", password)[1]
    assert secret in compose["services"]["grafana"]["secrets"]
    provider = documents(COMPOSE / "grafana/dashboards/leeway.yaml")[0]["providers"][0]
    mounts = [volume.split(":")[1] for volume in compose["services"]["grafana"]["volumes"]]
    assert provider["options"]["path"] in mounts


# ---- Kubernetes

def kustomizations():
    return sorted(p.parent for p in KUBERNETES.rglob("kustomization.yaml"))


def manifests():
    for folder in kustomizations():
        for name in documents(folder / "kustomization.yaml")[0].get("resources", []):
            if (folder / name).is_file():
                for one in documents(folder / name):
                    yield f"{folder.name}/{name}", one


def containers():
    for name, one in manifests():
        pod = one.get("spec", {}).get("template", {}).get("spec") if isinstance(one.get("spec"), dict) else None
        if pod:
            for container in [*pod.get("initContainers", []), *pod["containers"]]:
                yield name, one, pod, container


def test_kustomizations_name_every_file():
    for folder in kustomizations():
        kustomization = documents(folder / "kustomization.yaml")[0]
        named = {"kustomization.yaml", *kustomization.get("resources", []), *kustomization.get("components", [])}
        for generator in kustomization.get("configMapGenerator", []):
            named |= set(generator["files"])
        for name in named:
            assert (folder / name).exists(), f"{folder.name}: {name}"
        assert {p.name for p in folder.iterdir()} <= named, folder.name


@pytest.mark.parametrize("version", ["1.29", "1.31", kubernetes_validate.latest_version()])
def test_manifests_are_valid(version):
    """1.29 is the first with sidecars. The operator's kinds have no schema here."""
    kinds = set()
    for name, one in manifests():
        if one["apiVersion"].startswith("monitoring.coreos.com/"):
            continue
        try:
            kubernetes_validate.validate(one, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            pytest.fail(f"{name}: {'.'.join(map(str, error.path))}: {error.message}")
        kinds.add(one["kind"])
    assert kinds == {"Namespace", "ServiceAccount", "Deployment", "Service", "PodDisruptionBudget", "NetworkPolicy", "Job"}


def kustomize():
    """The program, from the path or built with Go into build/bin; None if there is neither."""
    built = ROOT / "build/bin/kustomize"
    if shutil.which("kustomize"):
        return "kustomize"
    if not built.exists() and shutil.which("go"):
        built.parent.mkdir(parents=True, exist_ok=True)
        tool("go", "install", KUSTOMIZE, env={**os.environ, "GOBIN": str(built.parent)}, cwd="/")
    return built if built.exists() else None


def test_kustomize_builds():
    program = kustomize()
    if not program:
        pytest.skip("neither kustomize nor Go is here; test_kustomizations_name_every_file has looked at the files")
    built = {}
    for folder in ("service", "migrate", "sidecar", "monitoring"):
        built[folder] = [one for one in yaml.safe_load_all(tool(program, "build", KUBERNETES / folder)) if one]
        for one in built[folder]:
            if not one["apiVersion"].startswith("monitoring.coreos.com/"):
                kubernetes_validate.validate(one, "1.29", strict=True)
    for folder in ("service", "migrate", "sidecar"):
        generated = {one["metadata"]["name"] for one in built[folder] if one["kind"] == "ConfigMap"}
        text = yaml.safe_dump_all(one for one in built[folder] if one["kind"] != "ConfigMap")
        assert generated and all(f"name: {name}" in text for name in generated), f"{folder}: no one mounts {generated}"
        assert f"image: leeway:{project_version()}" in text and "image: leeway\n" not in text
    names = [{one["metadata"]["name"] for one in built[folder] if one["kind"] == "ConfigMap"} for folder in ("service", "migrate")]
    assert names[0] == names[1], "agents and migration read the same configuration"


def test_pods_may_do_nothing_they_need_not():
    seen = set()
    for name, one, pod, container in containers():
        where = f"{name}: {container['name']}"
        seen.add(container["name"])
        secured = container["securityContext"]
        assert secured["allowPrivilegeEscalation"] is False and secured["readOnlyRootFilesystem"] is True, where
        assert secured["capabilities"] == {"drop": ["ALL"]}, where
        assert pod["securityContext"]["runAsNonRoot"] is True, where
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, where
        assert pod["automountServiceAccountToken"] is False, where
        assert {"cpu", "memory"} <= set(container["resources"]["requests"]) and "memory" in container["resources"]["limits"], where
        mounts = {mount["name"] for mount in container.get("volumeMounts", [])}
        assert mounts <= {volume["name"] for volume in pod["volumes"]}, where
        for volume in pod["volumes"]:
            assert "hostPath" not in volume, where
            # As decimal: secrets of a pod with fsGroup are read by the group, and by nobody else.
            assert volume.get("secret", {}).get("defaultMode", 0o440) == 0o440, where
    assert seen == {"leeway", "migrate", "baseline", "inference"}


def test_agents_are_asked_as_they_answer(work):
    """Probes name paths that the agent serves, at the port of its configuration."""
    port = free_port()
    work.configure(web={"listen": f"127.0.0.1:{port}"})
    work.start("run", "--file", work.write("none.ndjson", "")).wait_log("listening")
    asked = set()
    for name, one, pod, container in containers():
        if container["name"] != "leeway":
            continue
        ports = {p["name"]: p["containerPort"] for p in container["ports"]}
        folder = KUBERNETES / name.split("/")[0]
        config = folder / "leeway.yaml" if (folder / "leeway.yaml").exists() else KUBERNETES / "base/leeway.yaml"
        listen = documents(config)[0]["web"]["listen"]
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            if probe in container:
                get = container[probe]["httpGet"]
                assert listen == f"0.0.0.0:{ports[get['port']]}", f"{name}: {probe}"
                asked.add(get["path"])
    assert asked == {"/livez", "/readyz"}
    for path in asked:
        wait_for(lambda path=path: tool("curl", "-s", "-o", os.devnull, "-w", "%{http_code}",
                                        f"http://127.0.0.1:{port}{path}") == "200", path)


def test_sidecar_begins_first_and_never_takes_the_model_down():
    pod, sidecar = next((pod, c) for name, one, pod, c in containers() if name.startswith("sidecar/") and c["name"] == "leeway")
    assert [one["name"] for one in pod["initContainers"]] == ["baseline", "leeway"]
    assert sidecar["restartPolicy"] == "Always" and "readinessProbe" not in sidecar
    config = documents(KUBERNETES / "sidecar/leeway.yaml")[0]
    assert config["http"]["listen"].startswith("127.0.0.1:") and "kafka" not in config
    url = next(e["value"] for e in pod["containers"][0]["env"] if e["name"] == "EVENTS_URL")
    assert url == f"http://{config['http']['listen']}/v1/events"


def test_commands_of_deployments_exist(compose):
    """The first words after the entry point are commands of the agent."""
    known = set(re.findall(r"^  ([a-z]+) ", tool(LEEWAY, "--help"), re.M))
    for name, one, pod, container in containers():
        if container["image"] == "leeway":
            assert container["args"][0] in known, name
    assert compose["services"]["migrate"]["command"][0] in known


# ---- systemd

@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    """A root with the unit, its drop-in and its program, and the system's own units to hang it on."""
    root = tmp_path_factory.mktemp("machine")
    system = next(p for p in (pathlib.Path("/usr/lib/systemd/system"), pathlib.Path("/lib/systemd/system")) if p.exists())
    shutil.copytree(system, root / "usr/lib/systemd/system", symlinks=True)
    (root / "lib").symlink_to("usr/lib")
    for program, name in ((LEEWAY, "usr/local/bin/leeway"), ("/bin/kill", "bin/kill")):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(program, root / name)
    units = root / "etc/systemd/system"
    (units / "leeway.service.d").mkdir(parents=True)
    shutil.copy(UNIT, units)
    shutil.copy(DEPLOY / "systemd/postgresql.conf", units / "leeway.service.d")
    return root


def test_unit_is_understood(machine):
    """Unknown settings are a line of output and no failure."""
    assert tool("systemd-analyze", "verify", f"--root={machine}", "leeway.service") == ""


def test_unit_is_closed(machine):
    output = tool("systemd-analyze", "security", "--offline=true", f"--root={machine}", f"--threshold={EXPOSURE}",
                  "--no-pager", "leeway.service")
    print(output.strip().splitlines()[-1])
    unit = UNIT.read_text()
    assert "\nCapabilityBoundingSet=\n" in unit and "\nAmbientCapabilities=\n" in unit and "\nNoNewPrivileges=yes\n" in unit


def test_unit_starts_again_when_that_helps():
    exits = dict(re.findall(r"(EXIT_\w+) = (\d+)", (ROOT / "agent/app/options.h").read_text()))
    unit = UNIT.read_text()
    prevented = re.search(r"^RestartPreventExitStatus=(.*)$", unit, re.M)[1].split()
    assert re.search(r"^Restart=on-failure$", unit, re.M)
    assert prevented == [exits["EXIT_USAGE"], exits["EXIT_FENCED"]] and exits["EXIT_STALLED"] not in prevented


def test_unit_has_its_user(tmp_path):
    (tmp_path / "etc").mkdir()
    tool("systemd-sysusers", f"--root={tmp_path}", DEPLOY / "systemd/sysusers.conf")
    assert re.search(r"^leeway:.*:/var/lib/leeway:\S*nologin$", (tmp_path / "etc/passwd").read_text(), re.M)
    assert re.search(r"^User=leeway$", UNIT.read_text(), re.M)


# ---- the rest

def test_workflow_follows_its_schema():
    tool(TOOLS / "check-jsonschema", "--builtin-schema", "vendor.github-workflows", *(ROOT / ".github/workflows").glob("*"))


def test_readme_speaks_of_what_is_there():
    text = (DEPLOY / "README.md").read_text()
    for name in set(re.findall(r"(?:deploy|script|docs)/[\w./-]*\w", text)):
        if "secrets" not in name:
            assert (ROOT / name).exists(), name
