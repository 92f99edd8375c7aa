"""A bare Debian becomes a host, once; what it is then."""

import re

import pytest
from tests.fleet import fleet, image

UNITS = (
    "studium-emperor.service",
    "studium-worker.path",
    "studium-finish.timer",
    "studium-backup.timer",
    "nginx.service",
    "postgresql.service",
    "cron.service",
    "ssh.service",
)
OWNED = {
    "/srv/studium": ("root", "deploy", "0o1775"),
    "/srv/studium/site.toml": ("root", "root", "0o644"),
    "/srv/studium/secrets.env": ("root", "studium", "0o640"),
    "/srv/studium/repository.git/config": ("root", "root", "0o644"),
    "/srv/studium/repository.git/hooks/update": ("root", "root", "0o755"),
    "/srv/studium/releases": ("deploy", "studium", "0o2750"),
    "/srv/studium/media": ("studium", "www-data", "0o2750"),
    "/srv/studium/bootstrap/pipeline/release.py": ("root", "root", "0o644"),
    "/etc/ssh/authorized_keys.d/deploy": ("root", "root", "0o644"),
    "/etc/studium/tls": ("root", "root", "0o700"),
    "/etc/cron.d/studium": ("root", "root", "0o644"),
    "/usr/local/bin/studium-gate": ("root", "root", "0o755"),
    "/var/backups/studium": ("studium-backup", "studium-backup", "0o700"),
}
# what renews by ACME, further hosts and brokers have; not this one
OF_OTHER_HOSTS = {"acme-tiny", "sshfs", "rabbitmq-server"}


@pytest.mark.subset
def test_a_second_run_and_a_look_change_nothing(staging):
    second = fleet.provision(staging)
    assert (second.changed, second.failed) == (0, 0), second.text
    look = fleet.provision(staging, "--check")
    assert (look.changed, look.failed) == (0, 0), look.text


@pytest.mark.subset
def test_all_that_shall_run_runs_and_starts_at_boot(inside):
    for name in UNITS:
        unit = inside.service(name)
        assert (unit.is_running, unit.is_enabled) == (True, True), name
    assert inside.service("studium-recover.service").is_enabled
    assert inside.check_output("systemctl --failed --no-legend") == ""


def test_what_the_roles_name_is_installed(inside):
    wanted = set(image.wanted()) - OF_OTHER_HOSTS
    lacking = [name for name in sorted(wanted) if not inside.package(name).is_installed]
    assert lacking == []


@pytest.mark.parametrize("path", OWNED)
def test_a_file_belongs_to_who_may_change_it(inside, path):
    file = inside.file(path)
    assert (file.user, file.group, oct(file.mode)) == OWNED[path]


def test_who_runs_the_site_and_who_releases_it_are_different_people(inside):
    studium, deploy = inside.user("studium"), inside.user("deploy")
    assert (studium.shell, studium.groups) == ("/usr/sbin/nologin", ["studium", "www-data"])
    assert set(deploy.groups) == {"studium", "deploy", "www-data"}
    assert inside.user("studium-backup").groups == ["studium-backup"]
    assert {user.password for user in (studium, deploy)} <= {"!", "*", "!*"}


def test_the_sockets_of_a_release_are_for_nginx_alone(inside):
    live = inside.file("/run/studium/live.sock")
    assert live.is_symlink
    socket = inside.file(live.linked_to)
    assert (socket.user, socket.group, oct(socket.mode)) == ("studium", "www-data", "0o660")
    assert inside.socket(f"unix://{live.linked_to}").is_listening


def test_each_unit_of_ours_is_locked_in(staging):
    names = staging.ssh("cd /etc/systemd/system; ls studium-*.service").stdout.split()
    assert len(names) >= 5
    exposure = {name: _exposure(staging, name) for name in names}
    assert {name: number for name, number in exposure.items() if number > 2.5} == {}


def _exposure(host, unit):
    told = host.ssh(f"systemd-analyze security --no-pager {unit} | tail -n1").stdout
    return float(re.search(r": ([0-9.]+) ", told)[1])


def test_a_host_has_no_way_out(staging):
    assert "unreachable" in staging.ssh("ping -c1 -W1 192.0.2.1 || echo > /dev/tcp/192.0.2.1/80",
                                        check=False).stderr.lower()  # fmt: skip


@pytest.mark.parametrize("user", ["studium", "www-data", "studium-backup"])
def test_who_runs_the_site_cannot_change_its_code(staging, user):
    for target in ("live/app/manage.py", "site.toml", "vassals/x.ini", "live/x", "releases/x"):
        line = f"runuser -u {user} -- sh -c 'echo >> /srv/studium/{target}'"
        assert staging.ssh(line, check=False).returncode != 0, target


@pytest.mark.parametrize("target", ["config", "hooks/update", "hooks/new"])
def test_who_pushes_cannot_change_hooks_or_rules(staging, target):
    place = f"/srv/studium/repository.git/{target}"
    for line in (f"echo >> {place}", f"rm -f {place} && test ! -e {place}", f"mv {place} /tmp/x"):
        if target == "hooks/new" and not line.startswith("echo"):
            continue
        done = staging.ssh(f"runuser -u deploy -- sh -c '{line}'", check=False)
        assert done.returncode != 0, line


def test_the_site_can_show_what_its_pipeline_has_written(staging):
    for name in ("ledger.jsonl", "live/.release.json", "site.toml"):
        staging.ssh(f"runuser -u studium -- cat /srv/studium/{name} >/dev/null")


def test_secrets_are_read_by_the_site_alone(staging):
    for user, may in (("studium", True), ("deploy", True), ("www-data", False)):
        line = f"runuser -u {user} -- cat /srv/studium/secrets.env >/dev/null"
        assert (staging.ssh(line, check=False).returncode == 0) == may, user


def _sql(host, user, statement):
    line = f"""cd /; runuser -u {user} -- psql -XAt -d studium -c "{statement}" """
    return host.ssh(line, check=False)


def test_the_application_owns_no_table_and_changes_none(staging):
    owners = _sql(staging, "studium", "SELECT DISTINCT tableowner FROM pg_tables WHERE "
                  "schemaname = 'public'").stdout.split()  # fmt: skip
    assert owners == ["studium_owner"]
    for statement in ("DROP TABLE accounts_lab", "CREATE TABLE mine ()", "TRUNCATE accounts_lab"):
        assert _sql(staging, "studium", statement).returncode != 0, statement


def test_the_backup_reads_and_writes_nothing(staging):
    assert _sql(staging, "studium-backup", "SELECT count(*) FROM accounts_lab").stdout == "0\n"
    assert _sql(staging, "studium-backup", "DELETE FROM accounts_lab").returncode != 0


def test_the_database_listens_to_this_host_alone_and_knows_no_password(staging, inside):
    assert inside.socket("unix:///var/run/postgresql/.s.PGSQL.5432").is_listening
    assert not inside.socket("tcp://5432").is_listening
    assert _sql(staging, "www-data", "SELECT 1").returncode != 0
