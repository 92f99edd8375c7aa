"""`make configure` keeps what is there, accepts only what is right, and shows no secret."""

import pytest

from laptop import answers, configure, secrets_file
from laptop.console import Console
from laptop.errors import LaptopError

SENTINEL = "postgresql://lab:sentinel-secret@db/studium"


class Person:
    """Answers one question after the other, and remembers what was asked."""

    def __init__(self, *replies):
        self.replies, self.asked = list(replies), []

    def __call__(self, prompt):
        self.asked.append(prompt)
        return self.replies.pop(0) if self.replies else ""


def facts_of(site, *replies):
    given = configure.sites.own_facts(site)
    return configure.ask_facts(given, site.facts, Person(*replies))


def test_enter_keeps_everything_and_writes_no_default_down(sites):
    given = configure.sites.own_facts(sites[0])
    assert facts_of(sites[0]) == given
    assert "web" not in given


def test_an_answer_is_written_and_the_rest_stays(sites):
    result = facts_of(sites[0], "http://127.0.0.1:8170", "lab.example localhost", "", "4")
    assert result["url"] == "http://127.0.0.1:8170"
    assert result["hosts"] == ["lab.example", "localhost"]
    assert result["web"] == {"processes": 4}
    assert result["folders"] == configure.sites.own_facts(sites[0])["folders"]


def test_a_wrong_answer_is_explained_and_asked_again(sites, capsys):
    result = facts_of(sites[0], "127.0.0.1:8001", "http://127.0.0.1:8170")
    assert result["url"] == "http://127.0.0.1:8170"
    assert "write it like http://127.0.0.1:8001" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("check", "wrong"),
    [
        (answers.address, "ftp://host:2000"),
        (answers.address, "http://host"),
        (answers.address, "http://host:80"),
        (answers.address, "http://host:8000/path"),
        (answers.hosts, ""),
        (answers.hosts, "good bad_host!"),
        (answers.time_zone, "Mars/Olympus"),
        (answers.whole_number(1, 8), "9"),
        (answers.whole_number(1, 8), "٣"),
        (answers.whole_number(1, 8), "two"),
        (answers.database, "mysql://host/name"),
        (answers.database, "host/name"),
        (answers.database, "postgresql://a b@host/name"),
        (answers.sentry, "https://sentry.example/1"),
    ],
)
def test_what_is_wrong_is_refused(check, wrong):
    with pytest.raises(ValueError, match=r"\w+"):
        check(wrong)


@pytest.mark.parametrize(
    ("check", "right"),
    [
        (answers.address, "https://studium.example:8443"),
        (answers.time_zone, "Europe/Berlin"),
        (answers.database, SENTINEL),
        (answers.database, "sqlite:////srv/studium.sqlite3"),
        (answers.sentry, "https://key@sentry.example/1"),
    ],
)
def test_what_is_right_is_kept_as_it_was_typed(check, right):
    assert check(right) == right


def test_the_refusal_of_a_secret_never_repeats_it(capsys):
    configure.ask_secrets({}, Person("mysql://sentinel-secret@host/x", ""))
    out = capsys.readouterr().out
    assert "MariaDB" in out
    assert "sentinel-secret" not in out


def test_secrets_are_kept_changed_and_removed_and_only_their_presence_is_shown():
    kept = {"STUDIUM_SECRET_KEY": "k", "DATABASE_URL": SENTINEL, "SENTRY_DSN": "https://k@h/1"}
    person = Person("", "redis://127.0.0.1:6379/0", "", "-")
    result = configure.ask_secrets(kept, person)
    assert result == {
        "STUDIUM_SECRET_KEY": "k",
        "DATABASE_URL": SENTINEL,
        "CACHE_URL": "redis://127.0.0.1:6379/0",
    }
    assert "sentinel-secret" not in "".join(person.asked)
    assert "[set]" in person.asked[0]
    assert "[not set]" in person.asked[1]


def test_defaults_ask_nothing_and_a_second_time_change_nothing(clone):
    configure.configure(clone, Console(), site="staging", defaults=True)
    file, secrets = clone.site_file("staging"), clone.site_root("staging") / "secrets.env"
    before = file.read_text(), secrets.read_text()
    configure.configure(clone, Console(), site="staging", defaults=True)
    assert (file.read_text(), secrets.read_text()) == before
    assert len(secrets_file.read(secrets)["STUDIUM_SECRET_KEY"]) >= 50


def test_when_the_input_ends_nothing_is_written(clone, sites, monkeypatch):
    before = clone.site_file("staging").read_text()
    monkeypatch.setattr("builtins.input", lambda _: (_ for _ in ()).throw(EOFError))
    with pytest.raises(LaptopError, match="nothing of this site was written"):
        configure.configure(clone, Console(), site="staging", defaults=False)
    assert clone.site_file("staging").read_text() == before


def test_two_sites_cannot_have_one_port(clone, sites, monkeypatch):
    replies = iter([sites[1].url, *[""] * 5])
    monkeypatch.setattr("builtins.input", lambda _: next(replies))
    monkeypatch.setattr(configure, "ask_hidden", lambda _: "")
    with pytest.raises(LaptopError, match="production has the address"):
        configure.configure(clone, Console(), site="staging", defaults=False)


def test_an_unknown_site_is_answered_with_the_list(clone):
    with pytest.raises(LaptopError, match="staging, production"):
        configure.configure(clone, Console(), site="stagging", defaults=True)
