"""A site of several hosts: what each reaches of the others, who answers, what a loss costs."""

import json
import re
import time

import pytest
from tests.fleet import bench, fleet, several
from tests.fleet.machines import Host, controller
from tests.fleet.visitors import Crowd, Newcomer, Person, Reader, Uploader, Waiter, Writer

MAIN, APPLICATION, WORKER, BROKER = map(Host, ("main", "application", "worker", "broker"))
OWN = "/etc/studium/hosts"
BY_SSH = f"ssh -F none -o BatchMode=yes -o UserKnownHostsFile={OWN}/identity.known_hosts"


@pytest.fixture
def main(family, family_push):
    """The main host with a live release; each test leaves the whole site at one commit."""
    yield family.main
    assert several.until(lambda: len({several.live(h) for h in (MAIN, APPLICATION, WORKER)}) == 1)
    assert fleet.ask(MAIN, "/health/ready/").status == 200


@pytest.fixture
def work(main, family_push):
    return bench.at_what_is_live(main, family_push)


def checks(main):
    return fleet.ask(main, "/health/ready/").json()["checks"]


# --- provisioning ---------------------------------------------------------------------------------
def test_a_second_run_and_a_look_change_nothing_on_any_host(family):
    for flags in ((), ("--check",)):
        told = family.provision(*flags)
        found = {name: (one.changed, one.failed) for name, one in told.items()}
        assert found == dict.fromkeys(("main", "application", "worker", "broker"), (0, 0)), next(
            iter(told.values())
        ).text


def test_nothing_has_failed_and_each_unit_of_ours_is_locked_in(main, family):
    for host in family.hosts:
        assert host.ssh("systemctl --failed --no-legend").stdout == "", host.name
        names = host.ssh("cd /etc/systemd/system; ls -d studium-*.service", check=False).stdout
        exposures = {name: _exposure(host, name) for name in names.split()}
        assert {name: number for name, number in exposures.items() if number > 2.5} == {}


def _exposure(host, unit):
    told = host.ssh(f"systemd-analyze security --no-pager {unit} | tail -n1").stdout
    return float(re.search(r": ([0-9.]+) ", told)[1])


@pytest.mark.parametrize(
    ("host", "ports"),
    [
        (MAIN, {"22", "80", "443", "5432", "8443"}),
        (APPLICATION, {"22", "8443"}),
        (WORKER, {"22"}),
        (BROKER, {"22", "5671"}),
    ],
)
def test_a_host_listens_to_nothing_but_its_part(main, host, ports):
    told = host.ssh("ss -Hltn | grep -v 127.0.0.1 | grep -v '\\[::1\\]'").stdout
    assert {line.split()[3].rpartition(":")[2] for line in told.splitlines()} == ports


@pytest.mark.parametrize(
    ("asker", "asked", "port", "reached"),
    [
        (APPLICATION, MAIN, 5432, True),
        (WORKER, MAIN, 5432, True),
        (BROKER, MAIN, 5432, False),
        (None, MAIN, 5432, False),
        (MAIN, APPLICATION, 8443, True),
        (WORKER, APPLICATION, 8443, False),
        (None, APPLICATION, 8443, False),
        (None, MAIN, 8443, False),
        (APPLICATION, MAIN, 8443, False),
        (WORKER, BROKER, 5671, True),
        (None, BROKER, 5671, False),
    ],
)
def test_a_host_reaches_only_the_ports_that_it_needs(main, asker, asked, port, reached):
    line = f"timeout 2 bash -c 'exec 3<>/dev/tcp/{asked.address}/{port}'"
    words = ("bash", "-c", line)
    done = asker.ssh(line, check=False) if asker else controller(*words, check=False)
    assert (done.returncode == 0) == reached


def test_keys_between_hosts_belong_to_root_and_hosts_are_pinned(main):
    for host in (MAIN, APPLICATION, WORKER):
        told = host.ssh(f"stat -c '%U:%G %a %n' {OWN}/*").stdout
        modes = dict(reversed(line.rsplit(" ", 1)) for line in told.splitlines())
        assert modes[f"{OWN}/identity"] == "root:deploy 640"
        assert modes[f"{OWN}/files"] == "root:root 600"
        assert modes[f"{OWN}/client.key"] == "root:studium 640"
        assert all(mode.startswith("root:") for mode in modes.values())
    assert MAIN.ssh("stat -c '%U %a' /etc/studium/authority/authority.key").stdout == "root 600\n"
    assert APPLICATION.ssh("ls /etc/studium/authority", check=False).returncode != 0


def test_a_further_host_may_ask_the_main_one_and_change_nothing_there(main):
    ask = f"runuser -u deploy -- {BY_SSH} -i {OWN}/identity deploy@{MAIN.address}"
    assert json.loads(APPLICATION.ssh(f"{ask} status --json").stdout)
    for line in (
        "rollback --reason x",
        "maintenance on",
        f"git-receive-pack {bench.ROOT}/repository.git",
    ):
        told = APPLICATION.ssh(f"{ask} {line}", check=False)
        assert told.returncode != 0, line
        assert "may not" in told.stderr


def test_certificates_last_and_one_that_ends_soon_is_made_anew(family, main):
    year = 365 * 24 * 3600
    line = f"openssl x509 -checkend {2 * year} -noout -in {OWN}"
    for host, names in ((MAIN, ("client", "front", "inner", "database")), (BROKER, ("broker",))):
        for name in names:
            host.ssh(f"{line}/{name}.pem")
    again = "studium-authority wanting client application"
    assert APPLICATION.ssh(again).stdout == ""
    APPLICATION.ssh(f"cp {OWN}/client.pem /tmp/good.pem")
    short = (
        "openssl req -new -key /tmp/soon.key -subj /CN=application | openssl x509 -req -days 30 "
        "-CA /etc/studium/authority/authority.pem -CAkey /etc/studium/authority/authority.key"
    )
    key = APPLICATION.ssh(f"cat {OWN}/client.key").stdout
    soon = MAIN.ssh(f"cat > /tmp/soon.key; {short}; rm /tmp/soon.key", stdin=key).stdout
    try:
        APPLICATION.ssh(f"cat > {OWN}/client.pem", stdin=soon)
        assert "BEGIN CERTIFICATE REQUEST" in APPLICATION.ssh(again).stdout
    finally:
        APPLICATION.ssh(f"cp /tmp/good.pem {OWN}/client.pem")


# --- the database ---------------------------------------------------------------------------------
@pytest.mark.parametrize("host", [APPLICATION, WORKER])
def test_the_database_knows_a_host_by_its_certificate(main, host):
    assert several.signs_in(host, MAIN).returncode == 0


@pytest.mark.parametrize(
    ("role", "database", "files"),
    [
        ("studium", "studium", ["plain"]),
        ("studium", "studium", []),
        ("studium", "studium", [f"{OWN}/inner.pem", f"{OWN}/inner.key"]),
        ("studium", "postgres", None),
        ("studium_owner", "studium", None),
        ("deploy", "studium", None),
        ("postgres", "postgres", None),
        ("studium-backup", "studium", None),
    ],
)
def test_the_database_takes_nothing_else(main, role, database, files):
    told = several.signs_in(APPLICATION, MAIN, role, database, files)
    assert told.returncode != 0
    assert "Error" in told.stderr or "refused" in told.stderr


def test_no_password_exists_anywhere(main):
    told = bench.sql(
        MAIN, "SELECT count(*) FROM pg_authid WHERE rolpassword IS NOT NULL", "postgres"
    )
    assert told == ["0"]
    url = APPLICATION.ssh("grep ^DATABASE_URL /srv/studium/secrets.env").stdout
    assert url.startswith("DATABASE_URL=postgresql://studium@/studium?host=database.studium")
    assert "sslmode=verify-full" in url


# --- visitors -------------------------------------------------------------------------------------
def test_a_web_server_of_a_further_host_that_is_killed_comes_back(main):
    asked = "systemctl show -P MainPID nginx"
    before = APPLICATION.ssh(asked).stdout
    APPLICATION.ssh("systemctl kill --kill-whom=all --signal=KILL nginx")
    assert several.until(lambda: APPLICATION.ssh(asked).stdout not in {before, "0\n"}, 30)
    assert several.until(lambda: several.answering(main) == {"main", "application"}, 60)


def test_both_hosts_answer_and_know_who_asks(main):
    assert several.answering(main) == {"main", "application"}
    forged = ("X-Real-IP: 1.2.3.4", "X-Forwarded-For: 1.2.3.4", "X-Forwarded-Proto: http")
    flags = [word for line in forged for word in ("-H", line)]
    for number in range(6):
        mine = f"request-{number:04}"
        told = fleet.ask(main, "/bench/who/", *flags, "-H", f"X-Request-ID: {mine}").json()
        assert (told["address"], told["secure"], told["id"]) == (
            f"{MAIN.address[:-2]}1",
            True,
            mine,
        )


def test_only_the_front_is_answered_by_a_host_behind_it(main):
    script = f"python3 - {APPLICATION.address}"
    told = {
        name: MAIN.ssh(f"{script} {name}", stdin=ASK_INNER, check=False).stdout
        for name in ("front", "client", "none")
    }
    assert told == {"front": "200\n", "client": "403\n", "none": "400\n"}


ASK_INNER = """
import http.client, ssl, sys
address, name = sys.argv[1:]
trust = ssl.create_default_context(cafile="/etc/studium/hosts/authority.pem")
if name != "none":
    trust.load_cert_chain(f"/etc/studium/hosts/{name}.pem", f"/etc/studium/hosts/{name}.key")
trust.check_hostname = False
line = http.client.HTTPSConnection(address, 8443, timeout=5, context=trust)
line.request("GET", "/health/", headers={"Host": "main.studium.test"})
print(line.getresponse().status)
"""


def test_who_has_signed_in_on_one_host_is_known_to_the_other(main, tmp_path):
    bench.make_people(main) if not _has_people() else None
    jar = ("-c", str(tmp_path / "jar"), "-b", str(tmp_path / "jar"))
    page = fleet.ask(main, "/accounts/sign-in/", *jar).body
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]
    form = {
        "username": "vera",
        "password": "a crowd of one and a half",
        "csrfmiddlewaretoken": token,
    }
    words = [
        word for name, value in form.items() for word in ("--data-urlencode", f"{name}={value}")
    ]
    referer = ("-e", f"https://{fleet.domain('main')}/")
    assert fleet.ask(main, "/accounts/sign-in/", *jar, *referer, *words).status == 302
    before = {host: _hits(host) for host in (MAIN, APPLICATION)}
    for _ in range(8):
        assert fleet.ask(main, "/", *jar).status == 200
    assert all(_hits(host) > before[host] for host in before)


def _has_people():
    return bench.sql(MAIN, "SELECT count(*) FROM accounts_user WHERE username = 'vera'") == ["1"]


def _hits(host):
    """Count what the host's own inner server was asked; the front's lines name another host."""
    lines = host.ssh("cat /var/log/nginx/access.log").stdout.splitlines()
    return sum('"path":"/"' in line and '"host":"unix:' in line for line in lines)


def test_a_file_that_came_in_by_one_host_goes_out_by_each(main):
    content = "".join(map(chr, range(97, 123))) * 4000
    names = []
    for _ in range(4):
        told = fleet.ask(main, "/bench/keep/upload/", "--data-binary", content)
        names.append(told.json()["name"])
    for name in names:
        for way in ("kept", "opened") * 2:
            answer = fleet.ask(main, f"/bench/{way}/?name={name}")
            assert (answer.status, answer.body) == (200, content), (way, name)
    told = APPLICATION.ssh("stat -c '%U:%G %a' /srv/studium/main/files/media/bench/*").stdout
    assert set(told.splitlines()) == {"studium:studium 644"}
    on_disk = MAIN.ssh("stat -c '%U:%G %a' /srv/studium/media/bench/*").stdout
    assert set(on_disk.splitlines()) == {"studium:www-data 644"}


def test_the_log_of_a_job_is_shown_by_every_host_wherever_it_ran(main, family_push):
    MAIN.ssh("systemctl stop studium-worker.path studium-worker.service")
    try:
        start = (
            "from jobs import services\n"
            "print(services.enqueue('jobs.self_test', arguments={'seconds': 1}, user=None).pk)\n"
        )
        job = MAIN.ssh("runuser -u deploy -- studium-pipeline manage -- shell -v 0", stdin=start)
        job = job.stdout.split()[-1]
        state = f"SELECT status, host FROM jobs_job WHERE id = '{job}'"  # noqa: S608
        done = several.until(
            lambda: "succeeded" in (found := bench.sql(MAIN, state))[0] and found, 90
        )
        assert done == ["succeeded|worker"]
        place = f"jobs/{job.replace('-', '')[:2]}/{job.replace('-', '')}/log.txt"
        on_main = MAIN.ssh(f"cat /srv/studium/{place}").stdout
        assert "attempt 1 on worker" in on_main
        assert (
            APPLICATION.ssh(f"runuser -u studium -- cat /srv/studium/main/files/{place}").stdout
            == on_main
        )
    finally:
        MAIN.ssh("systemctl start studium-worker.path")


def test_the_way_to_the_files_shows_nothing_else_and_comes_back_by_itself(main):
    seen = APPLICATION.ssh("ls /srv/studium/main/files").stdout.split()
    assert seen == ["errors", "jobs", "media"]
    shell = APPLICATION.ssh(f"{BY_SSH} -i {OWN}/files studium@{MAIN.address} id", check=False)
    assert shell.returncode != 0
    assert "uid=" not in shell.stdout
    APPLICATION.ssh("pkill -9 -f '^/sbin/mount.fuse.sshfs'")
    look = "ls /srv/studium/main/files/media"
    assert several.until(lambda: APPLICATION.ssh(look, check=False).returncode == 0, 60)
    MAIN.ssh("systemctl restart ssh; pkill -f '^sshd: studium' || true")
    assert several.until(lambda: APPLICATION.ssh(look, check=False).returncode == 0, 60)
    keep = ("/bench/keep/upload/", "--data-binary", "after")
    assert {fleet.ask(main, *keep).status for _ in range(6)} == {200}


# --- releases and losses --------------------------------------------------------------------------
KINDS = (Reader, Newcomer, Waiter, Writer, Uploader, Person)
SAFE = (Reader, Reader, Newcomer, Newcomer)


def test_a_rolling_release_is_seen_by_nobody(main, work):
    if not _has_people():
        bench.make_people(main)
    commit = work.commit("Roll")
    with Crowd(main, *KINDS) as crowd:
        time.sleep(1)
        told = several.push(work, main)
        time.sleep(1)
    assert told.returncode == 0, told.stdout
    crowd.assert_content()
    assert {several.live(host) for host in (MAIN, APPLICATION, WORKER)} == {commit}


def test_the_loss_of_a_host_that_answers_fails_no_safe_request_and_it_catches_up(main, work):
    with Crowd(main, *SAFE) as crowd:
        time.sleep(2)
        APPLICATION.cut_power()
        time.sleep(25)
        assert several.answering(main) == {"main"}
        status = bench.pipeline(main, "status")
        assert re.search(r"application.*cannot be reached", status.stdout), status.stdout
        commit = work.commit("Go on without it")
        refused = several.push(work, main)
        assert refused.returncode != 0
        assert "application" in refused.stdout
        told = several.push(work, main, "without-host=application: it has no power")
        assert told.returncode == 0, told.stdout
        APPLICATION.start()
        APPLICATION.wait()
        assert several.until(lambda: several.live(APPLICATION) == commit, 120)
        assert several.until(lambda: several.answering(main) == {"main", "application"}, 60)
    crowd.assert_content()


def test_without_its_worker_host_the_site_is_healthy_and_a_release_only_warns(main, work):
    WORKER.power_off()
    try:
        commit = work.commit("Nobody works elsewhere")
        told = several.push(work, main)
        assert told.returncode == 0, told.stdout
        assert "worker" in told.stdout
        assert several.until(lambda: checks(main)["worker"]["ok"], 60)
        assert several.live(APPLICATION) == commit
    finally:
        WORKER.start()
        WORKER.wait()
    assert several.until(lambda: several.live(WORKER) == commit, 180)


def test_while_the_site_is_looked_after_every_visitor_is_told_so(main):
    assert bench.pipeline(main, "maintenance", "on").returncode == 0
    try:
        assert {fleet.ask(main, "/bench/who/").status for _ in range(8)} == {503}
    finally:
        bench.pipeline(main, "maintenance", "off")
    assert several.answering(main) == {"main", "application"}
