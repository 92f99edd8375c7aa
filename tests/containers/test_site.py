"""A site in containers: it answers, it works, and it gives nothing away."""

import json
import sys
import tarfile

from tests.containers.ground import HERE, wait_until
from tests.containers.site import PLAIN, PORT, SERVICES

PASSWORD = "correct-horse-battery-staple-9"
SCAN = """\
import socket, sys
for port in range(1, 65536):
    with socket.socket() as one:
        one.settimeout(1)
        if one.connect_ex((sys.argv[1], port)) == 0:
            print(port)
"""
ROOT_ONLY = "Uid:\t0\t"


def test_a_visitor_reaches_a_ready_site_over_tls(site):
    answer = wait_until(lambda: _ready(site))
    assert answer["status"] == "ready", answer


def _ready(site):
    """Return the report of health once worker and cron have shown themselves."""
    report = json.loads(site.health().body)
    return report if report["status"] == "ready" else None


def test_the_first_operator_chooses_a_password_and_signs_in(site, tmp_path):
    link = json.loads(site.manage("welcome", "olga", "--json"))["link"]
    path = link.partition(":8443")[2]
    jar = tmp_path / "jar"
    chosen = site.post(path, jar, password=PASSWORD, again=PASSWORD)
    assert chosen.status == 302, chosen.body
    fresh = tmp_path / "fresh"
    assert site.post("/accounts/sign-in/", fresh, username="olga", password="wrong").status == 200
    signed_in = site.post("/accounts/sign-in/", fresh, username="olga", password=PASSWORD)
    assert signed_in.status == 302
    assert site.ask("/ops/", jar=fresh).status == 200
    assert site.ask("/ops/", jar=tmp_path / "nobody").status != 200


def test_static_files_are_served_by_nginx_for_ever(site):
    page = site.ask("/accounts/sign-in/").body
    name = next(word for word in page.split('"') if word.startswith("/static/css/"))
    answer = site.ask(name, "--include")
    assert answer.status == 200
    assert "immutable" in answer.body


def test_a_job_runs_in_the_worker(site):
    number = site.manage("enqueue", "jobs.self_test", "--arguments", '{"seconds": 1}').strip()
    wait_until(lambda: site.job(number) == "succeeded")


def test_another_name_gets_no_handshake(site):
    done = site.ground.visit("curl", "-sk", f"https://{HERE}:{PORT}/", check=False)
    assert done.returncode == 35, done.stderr


def test_no_port_besides_nginxs_is_open(site):
    told = site.ground.visit(sys.executable, "-c", SCAN, HERE).stdout.split()
    assert told == [str(PLAIN), str(PORT)]


def test_no_process_is_root_and_none_may_become_it(site):
    for service in SERVICES:
        told = site.inside(service, "sh", "-c", "cat /proc/[0-9]*/status")
        assert told.count("Uid:") > 0
        assert ROOT_ONLY not in told, service
        capable = {line.split()[1] for line in told.splitlines() if line.startswith("CapBnd")}
        assert capable == {"0" * 16}, service
        assert "NoNewPrivs:\t0" not in told, service


def test_a_containers_own_files_cannot_be_changed(site):
    for service in SERVICES:
        for place in ("/etc/x", "/usr/local/bin/x", "/srv/x"):
            done = site.inside(service, "sh", "-c", f"touch {place} 2>&1 || echo refused")
            assert "Read-only file system" in done, (service, place)


def test_the_application_owns_no_table_and_reaches_no_other_role(site):
    assert site.sql("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname='public'") == (
        "studium_owner"
    )
    words = ("psql", "--host=/run/postgresql", "--dbname=studium", "--username=deploy", "-c", "")
    told = site.inside("web", "sh", "-c", f"{' '.join(words[:-2])} 2>&1 || true")
    assert "Peer authentication failed" in told


def test_no_image_holds_a_secret(site, tmp_path):
    kept = site.inside("web", "cat", "/srv/studium/keys/secrets.env")
    secret = next(line.partition("=")[2] for line in kept.splitlines() if "SECRET_KEY=" in line)
    assert len(secret) > 50
    for target in ("app", "front", "database"):
        tag = _image(site, target)
        told = site.ground.podman("history", "--no-trunc", tag).stdout
        told += site.ground.podman("inspect", tag).stdout
        assert "SECRET_KEY=" not in told
        assert secret not in told
        archive = tmp_path / f"{target}.tar"
        site.ground.podman("save", "--output", archive, tag)
        names = dict(_files(archive))
        assert len(names) > 1000
        assert [name for name in names if name.endswith(("secrets.env", "/site.key"))] == []
        assert [name for name, content in names.items() if secret.encode() in content] == []
        archive.unlink()


def _image(site, target):
    form = ("--format", "{{.Repository}}:{{.Tag}}")
    told = site.ground.podman("images", "--filter", f"reference=*/studium-{target}", *form)
    return told.stdout.split()[0]


def _files(archive):
    """Give every file of every layer of an image, with its content."""
    with tarfile.open(archive) as image:
        for layer in image:
            if layer.name.endswith(".tar") and layer.isreg():
                with tarfile.open(fileobj=image.extractfile(layer)) as files:
                    for file in files:
                        yield file.name, files.extractfile(file).read() if file.isreg() else b""


def test_the_database_has_no_network(site):
    links = site.inside("database", "sh", "-c", "ls /sys/class/net || true").split()
    assert links in ([], ["lo"])


def test_an_engine_that_looks_after_health_is_told_how(site):
    for service in ("database", "front", "web"):
        done = site.ground.podman("healthcheck", "run", f"studium_{service}_1", check=False)
        assert done.returncode == 0, (service, done.stdout, done.stderr)


def test_a_queue_server_starts_when_asked_for_with_a_password_that_nobody_knows(site):
    site.studium("broker")
    address = site.inside("broker", "broker", "address").strip()
    password = address.partition("studium:")[2].partition("@")[0]
    assert len(password) > 40
    control = "/usr/lib/rabbitmq/bin/rabbitmqctl"
    own = "export HOME=/var/lib/rabbitmq RABBITMQ_NODENAME=studium@localhost"
    users = site.inside("broker", "sh", "-c", f"{own}; {control} --quiet list_users")
    assert [line.split()[0] for line in users.splitlines()[1:]] == ["studium"]
    known = f"{own}; printf {password} | {control} --quiet authenticate_user studium"
    assert "Success" in site.inside("broker", "sh", "-c", known)
    assert ROOT_ONLY not in site.inside("broker", "sh", "-c", "cat /proc/[0-9]*/status")
    told = site.ground.visit(sys.executable, "-c", SCAN, HERE).stdout.split()
    assert told == [str(PLAIN), str(PORT)]
