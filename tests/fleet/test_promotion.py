"""A commit goes through both hosts while people use them, by the workflows' own steps."""

import re

import pytest
from tests.fleet import fleet, steps
from tests.fleet.visitors import Visitor


def live(host):
    return fleet.ask(host, "/health/ready/").json()["commit"]


@pytest.fixture
def github(staging, production, work, tmp_path):
    """GitHub, whose branches name what is live; dev is one commit ahead."""
    there = steps.GitHub(tmp_path / "github.git")
    commit = live(staging)
    if fleet.ask(production, "/health/ready/", check=False).status != 200:
        assert work.push(production, what=f"{commit}:refs/heads/production").returncode == 0
    there.take(work, commit, "staging")
    work.git("fetch", "-q", fleet.repository(production), "production")
    there.take(work, "FETCH_HEAD", "production")
    there.take(work, work.commit("Be worth promoting"), "dev")
    return there


@pytest.fixture
def runner(github, tmp_path):
    return steps.Runner(tmp_path / "runner", github)


def passed(done):
    assert [step for step in done if step.code] == []
    return "".join(step.said for step in done)


@pytest.mark.subset
def test_a_commit_is_promoted_through_both_hosts_by_the_workflows_without_a_failed_request(
    staging, production, work, github, runner
):
    of_staging, of_production = steps.values_for(staging), steps.values_for(production, staging)
    commit = work.git("rev-parse", "HEAD").stdout.strip()
    passed(runner.job("promote-to-staging", "propose", commit, of_staging))
    assert "pr create --base staging --head dev" in runner.asked_of_github

    with Visitor(staging) as at_staging, Visitor(production) as at_production:
        merged = github.merge(work, "dev", "staging")
        said = passed(runner.job("promote-to-staging", "release", merged, of_staging))
        assert live(staging) == merged
        assert live(production) != merged
        passed(runner.job("promote-to-production", "propose", merged, of_production))
        assert "pr create --base production --head staging" in runner.asked_of_github
        last = github.merge(work, "staging", "production")
        said += passed(runner.job("promote-to-production", "release", last, of_production))
    assert live(production) == last
    assert re.search(rf"push +live +{last[:12]}.* github ", said)
    assert set(at_staging.answers) == set(at_production.answers) == {200}
    assert min(at_staging.answers[200], at_production.answers[200]) > 20
    secrets = [of_production[name] for name in of_production if name.startswith("secrets.")]
    assert [line for secret in secrets for line in secret.splitlines()[1:-1] if line in said] == []


@pytest.mark.subset
def test_production_refuses_what_is_not_live_on_staging(staging, production, work, github, runner):
    before = live(production)
    github.take(work, work.commit("Skip staging"), "production")
    commit = work.git("rev-parse", "HEAD").stdout.strip()
    values = steps.values_for(production, staging)
    done = runner.job("promote-to-production", "release", commit, values)
    failed = [step for step in done if step.code]
    assert [step.command for step in failed] == [
        '.venv/bin/fab promote:production --ref "$GITHUB_SHA"'
    ]
    assert "(Skip staging) is not live on staging, which has" in failed[0].said
    assert live(production) == before
    assert "smoke" not in "".join(step.command for step in done)
    assert list((runner.clone / "sites").iterdir()) == []


def test_staging_s_verdict_is_the_job_s(staging, production, work, github, runner):
    before = live(staging)
    work.add("app/config/urls.py", "\nimport nothing_there\n")
    github.take(work, work.commit("Break the addresses"), "dev")
    merged = github.merge(work, "dev", "staging")
    done = runner.job("promote-to-staging", "release", merged, steps.values_for(staging))
    failed = [step for step in done if step.code]
    assert [step.command.split()[1] for step in failed] == ["promote:staging"]
    assert "No module named 'nothing_there'" in failed[0].said
    assert live(staging) == before


def test_the_key_by_which_production_asks_staging_may_nothing_else(staging, work):
    fleet.key("asks")
    work.commit("Come by the wrong door")
    told = work.push(staging, who="asks")
    assert told.returncode != 0
    assert "This key may not push: it may read." in told.stdout
    assert work.fab(staging, "status:staging", who="asks").returncode == 0


def test_a_key_of_one_host_is_nothing_on_the_other(staging, production, work):
    told = work.push(production, who="github-staging")
    assert told.returncode != 0
    assert "Permission denied" in told.stdout


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
    assert "By a deploy key `manage` runs only" in told.stdout
