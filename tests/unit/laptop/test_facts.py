"""The files of a site: facts that the pipeline accepts, secrets that only the site reads."""

import stat
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laptop import facts, ports, secrets_file, up
from laptop import sites as site_files
from laptop.console import Console
from laptop.errors import LaptopError
from laptop.layout import Clone, own_folder
from pipeline.site import LONGEST_SOCKET, SOCKET_PATH_LIMIT

text = st.text(st.characters(codec="utf-8", exclude_characters="\x7f"))
values = st.one_of(text, st.integers(-(2**53), 2**53), st.booleans(), st.lists(text))
keys = st.from_regex(r"[a-z_]{1,12}", fullmatch=True)


@given(st.dictionaries(keys, values), st.dictionaries(keys, values, min_size=1))
def test_what_is_written_is_read_back(plain, table):
    given_facts = {"name": "staging", **plain, "folders": table}
    assert tomllib.loads(facts.render(given_facts)) == given_facts


def test_the_pipeline_accepts_the_facts_of_a_new_site(clone, sites):
    staging, production = sites
    assert (staging.branch, production.branch) == ("staging", "production")
    assert staging.url == "http://127.0.0.1:8151"
    assert staging.cache == production.cache == clone.cache


def test_a_long_path_gets_a_short_folder_for_sockets(tmp_path):
    deep = Clone(tmp_path / ("a-long-name-" * 10))
    short = deep.run_folder("production")
    assert short.startswith("/var/tmp/studium-")
    assert len(short) + 1 + LONGEST_SOCKET <= SOCKET_PATH_LIMIT
    assert short != Clone(tmp_path / ("another-name-" * 10)).run_folder("production")


def test_a_short_path_keeps_its_sockets_with_the_site():
    assert Clone(Path("/srv/studium")).run_folder("staging") == "run"


def test_a_folder_that_somebody_else_could_swap_is_refused(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(LaptopError, match="somebody else"):
        own_folder(tmp_path / "link")


def test_the_key_of_a_site_is_made_once_and_only_its_user_reads_it(tmp_path):
    path = tmp_path / "secrets.env"
    secrets_file.ensure(path)
    first = secrets_file.read(path)
    path.chmod(0o644)
    secrets_file.ensure(path)
    assert secrets_file.read(path) == first
    assert len(first["STUDIUM_SECRET_KEY"]) >= 50
    assert len(first["STUDIUM_IDENTITY_KEY"]) >= 50
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_site_without_a_key_for_identities_gets_one_and_keeps_the_rest(tmp_path):
    path = tmp_path / "secrets.env"
    secrets_file.write(path, {"STUDIUM_SECRET_KEY": "k", "EMAIL_URL": "x"})
    secrets_file.ensure(path)
    made = secrets_file.read(path)
    assert (made["STUDIUM_SECRET_KEY"], made["EMAIL_URL"]) == ("k", "x")
    assert len(made.pop("STUDIUM_IDENTITY_KEY")) >= 50
    assert len(made) == 2


def test_a_secret_without_a_value_is_left_out(tmp_path):
    path = tmp_path / "secrets.env"
    secrets_file.write(path, {"STUDIUM_SECRET_KEY": "k=v", "CACHE_URL": ""})
    assert secrets_file.read(path) == {"STUDIUM_SECRET_KEY": "k=v"}


def test_a_site_whose_port_is_taken_moves_and_keeps_its_other_facts(clone, sites, monkeypatch):
    staging = sites[0]
    before = site_files.own_facts(staging)
    monkeypatch.setattr(ports, "choose", lambda first, taken: max(first, *taken) + 1)
    moved = site_files.move_to_free_port(clone, staging)
    assert moved.url == "http://127.0.0.1:8153"
    assert site_files.own_facts(moved) == {**before, "url": moved.url}


def test_a_site_moves_to_the_port_that_is_asked_for_where_that_is_free(clone, sites, monkeypatch):
    staging, production = sites
    monkeypatch.setattr(ports, "is_free", lambda port: port != 8301)
    monkeypatch.setenv("PORT", "8300")
    before = production.url
    assert up._with_port(clone, staging, Console()).url == "http://127.0.0.1:8300"
    assert up._with_port(clone, production, Console()).url == before
    monkeypatch.delenv("PORT")
    assert up._with_port(clone, clone.site("staging"), Console()).url == "http://127.0.0.1:8300"
