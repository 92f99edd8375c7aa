"""A bare Debian becomes a host, once; what it is then."""

import re

import pytest
from tests.fleet import fleet

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


def test_a_second_run_and_a_look_change_nothing(staging):
    second = fleet.provision(staging)
    assert (second.changed, second.failed) == (0, 0), second.text
    look = fleet.provision(staging, "--check")
    assert (look.changed, look.failed) == (0, 0), look.text


def test_all_that_shall_run_runs_and_nothing_has_failed(staging):
    told = staging.ssh(f"systemctl is-active {' '.join(UNITS)}", check=False).stdout.split()
    assert told == ["active"] * len(UNITS)
    assert staging.ssh("systemctl --failed --no-legend").stdout == ""
    enabled = staging.ssh(f"systemctl is-enabled {' '.join(UNITS)} studium-recover.service")
    assert set(enabled.stdout.split()) == {"enabled"}


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


def test_the_database_listens_to_this_host_alone_and_knows_no_password(staging):
    assert ":5432" not in staging.ssh("ss -ltn").stdout
    assert _sql(staging, "www-data", "SELECT 1").returncode != 0
