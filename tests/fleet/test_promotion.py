"""A commit goes through both hosts while people use them."""

from tests.fleet import fleet
from tests.fleet.visitors import Visitor


def live(host):
    return fleet.ask(host, "/health/ready/").json()["commit"]


def test_a_commit_is_promoted_through_both_hosts_without_a_failed_request(
    staging, production, work
):
    assert work.push(production).returncode == 0  # so that production has visitors
    commit = work.commit("Be worth promoting")
    with Visitor(staging) as of_staging, Visitor(production) as of_production:
        first = work.fab(staging, "deploy:staging", "--ref", commit)
        assert first.returncode == 0, first.stdout
        assert live(staging) == commit
        assert live(production) != commit
        second = work.fab(production, "deploy:production", "--ref", commit)
        assert second.returncode == 0, second.stdout
    assert live(production) == commit
    assert set(of_staging.answers) == set(of_production.answers) == {200}
    assert min(of_staging.answers[200], of_production.answers[200]) > 20


def test_the_hosts_differ_in_their_facts_alone(staging, production):
    line = (
        "cd /; find etc/nginx etc/systemd/system etc/cron.d etc/ssh/sshd_config.d etc/uwsgi "
        "usr/local srv/studium/repository.git/hooks srv/studium/repository.git/config "
        "-type f ! -name 'studium-*.conf' -exec sha256sum {} + | sort"
    )
    assert staging.ssh(line).stdout == production.ssh(line).stdout
    assert fleet.ask(production, "/", name=fleet.domain("staging"), check=False).status == 0


def test_fab_asks_a_host_through_the_gate(staging, work):
    status = work.fab(staging, "status:staging")
    assert status.returncode == 0, status.stdout
    assert "https://staging.studium.test" in status.stdout
    log = work.fab(staging, "log:staging", "--count", "2")
    assert log.returncode == 0, log.stdout


def test_fab_cannot_do_by_a_deploy_key_what_the_gate_does_not_take(staging, work):
    told = work.fab(staging, "manage:staging", "shell")
    assert told.returncode != 0
    assert "Nothing else" in told.stdout
