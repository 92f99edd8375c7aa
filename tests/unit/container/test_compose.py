"""What compose.yml and the Dockerfile promise, read from their files."""

from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
COMPOSE = yaml.safe_load((ROOT / "compose.yml").read_text())
SERVICES = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
FINAL = ("app", "database", "front", "broker")


def stage(name):
    return DOCKERFILE.partition(f" AS {name}\n")[2].partition("\nFROM ")[0]


def test_only_the_front_has_ports():
    assert [name for name, facts in SERVICES.items() if "ports" in facts] == ["front"]


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_read_only_without_a_right_to_more(name):
    facts = SERVICES[name]
    assert facts["read_only"] is True
    assert facts["cap_drop"] == ["ALL"]
    assert facts["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in facts
    assert "cap_add" not in facts


@pytest.mark.parametrize("name", SERVICES)
def test_no_service_is_given_a_secret_by_its_environment(name):
    assert "environment" not in SERVICES[name]
    assert "env_file" not in SERVICES[name]


def test_who_answers_requests_and_jobs_cannot_write_the_secrets():
    for name in ("web", "next", "worker", "cron"):
        assert "keys:/srv/studium/keys:ro" in SERVICES[name]["volumes"]
    for name in ("front", "database", "broker"):
        assert not [one for one in SERVICES[name]["volumes"] if one.startswith("keys:")]


def test_the_database_has_no_network():
    assert SERVICES["database"]["network_mode"] == "none"


def test_no_volume_is_forgotten():
    used = {one.partition(":")[0] for facts in SERVICES.values() for one in facts["volumes"]}
    assert {name for name in used if not name.startswith("$")} == set(COMPOSE["volumes"])


@pytest.mark.parametrize("name", FINAL)
def test_an_image_runs_as_a_user_and_tells_how_it_is(name):
    lines = stage(name).splitlines()
    [user] = [line.split()[1] for line in lines if line.startswith("USER ")]
    assert user != "root"
    assert [line for line in lines if line.startswith("HEALTHCHECK ")]


def test_the_image_for_aws_batch_has_nothing_of_a_site():
    """It is the application's, with another entry; what a site is comes to the other by mounts."""
    lines = stage("batch").splitlines()
    assert "FROM app AS batch" in DOCKERFILE
    assert 'ENTRYPOINT ["studium-job"]' in lines
    assert "ENV DJANGO_SETTINGS_MODULE=config.settings.container" in stage("batch")
    assert "USER root" not in lines
    assert not [line for line in lines if "SECRET" in line or "site.toml" in line]


def test_the_base_is_an_argument_and_no_file_names_a_host_of_images():
    bases = [line.split()[1] for line in DOCKERFILE.splitlines() if line.startswith("FROM ")]
    assert set(bases) == {"scratch", "${BASE}", "base", "app"}
    images = [facts["image"] for facts in SERVICES.values()]
    assert [image for image in images if "/" in image] == []


def test_nginx_and_postgresql_have_the_files_of_a_server():
    assert "COPY deploy/server/etc/nginx /etc/nginx" in stage("front")
    assert "COPY deploy/server/etc/postgresql/15/main " in stage("database")
    assert "COPY deploy/server/usr/local/share/studium/roles.sql " in stage("database")


def test_only_what_an_image_is_made_of_enters_a_build():
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    allowed = {line[1:] for line in rules if line.startswith("!")}
    assert allowed == {
        *("app", "deploy", "requirements/*.txt"),
        *("package.json", "package-lock.json", ".npmrc"),
    }
