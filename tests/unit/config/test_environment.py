"""Every variable of the site is documented, and each address form is understood."""

import re
import traceback
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from config import caches, databases, email
from config.environment import ALIASES, Environment, parse

PROJECT = Path(__file__).resolve().parents[3]
NAME = re.compile(
    r"""["'](STUDIUM_[A-Z0-9_]+|DATABASE_URL|CACHE_URL|SENTRY_DSN|EMAIL_URL|BROKER_URL|MAILGUN_KEY"""
    r"""|AWS_[A-Z0-9_]+|RDS_[A-Z_]+)["']"""
)
PAGE = PROJECT / "docs" / "operations" / "environment.md"


def read_by_the_application():
    sources = [*(PROJECT / "app").rglob("*.py"), *(PROJECT / "deploy" / "pipeline").glob("*.py")]
    return {name for source in sources for name in NAME.findall(source.read_text())}


def documented():
    return set(re.findall(r"^\| `([A-Z0-9_]+)`", PAGE.read_text(), flags=re.MULTILINE))


def test_every_variable_is_documented():
    assert read_by_the_application() - documented() == set()


def test_no_documented_variable_is_a_thing_of_the_past():
    assert documented() - read_by_the_application() == set()


def test_every_scheduled_job_stands_in_the_table_of_the_upkeep_page(settings):
    text = (PAGE.parent / "upkeep.md").read_text()
    codes = [import_string(path).code for path in settings.CRON_CLASSES]
    assert re.findall(r"^\| `(ops\.[a-z_]+)`", text, flags=re.MULTILINE) == codes


def test_a_secrets_file_may_have_comments_blanks_and_quotes():
    content = "# the site's\n\nA=1\nB = 'two words'\nC=\"x=y\"\nD=\n"
    assert parse(content) == {"A": "1", "B": "two words", "C": "x=y", "D": ""}


def test_the_process_comes_before_the_secrets_file():
    given = Environment({"A": "process"}, {"A": "file", "B": "file"})
    assert (given.text("A"), given.text("B"), given.text("C", "default")) == (
        "process",
        "file",
        "default",
    )


@pytest.mark.parametrize(
    ("read", "remedy"),
    [
        (lambda given: given.required("MISSING"), "MISSING is not set"),
        (lambda given: given.flag("WORD"), "write 1 or 0"),
        (lambda given: given.integer("WORD", 1), "write a whole number"),
    ],
)
def test_a_wrong_value_is_refused_with_the_remedy(read, remedy):
    with pytest.raises(ImproperlyConfigured, match=remedy):
        read(Environment({"WORD": "maybe"}, {}))


def test_every_secret_is_known_for_redaction():
    given = Environment(
        {"DATABASE_URL": "postgresql://a:b@c/d"}, {"STUDIUM_SECRET_KEY": "k", "X": "y"}
    )
    assert set(given.secret_values()) == {"postgresql://a:b@c/d", "k", "y"}


def test_postgresql_is_read_with_its_socket_and_escapes():
    entry = databases.from_url("postgresql://lab%40x:p%2Fw@/studium?host=/run/pg&sslmode=require")
    assert (entry["USER"], entry["PASSWORD"]) == ("lab@x", "p/w")
    assert (entry["HOST"], entry["NAME"]) == ("/run/pg", "studium")
    assert entry["OPTIONS"] == {"sslmode": "require"}


@pytest.mark.parametrize("url", ["mysql://u:p@h/d", "mariadb://u:p@h/d"])
def test_mariadb_gets_no_driver(url):
    assert databases.from_url(url)["ENGINE"] == "django.db.backends.dummy"


@pytest.mark.parametrize(
    ("reader", "url"),
    [
        (databases.from_url, "oracle://x"),
        (caches.from_url, "http://x"),
        (caches.from_url, "memcached://"),
        (email.from_url, "pop3://x"),
        (email.from_url, "smtp://"),
        (email.from_url, "file://"),
    ],
)
def test_an_unknown_address_is_refused_with_the_known_forms(reader, url):
    with pytest.raises(ImproperlyConfigured, match=r"environment\.md|Use "):
        reader(url)


PASSWORDS = [
    "hun/ter",
    "hun#ter",
    "hun?ter",
    "hun[ter",
    "hun]ter",
    "12/hunter",
    "hun\N{CARE OF}ter",
]


@pytest.mark.parametrize("password", PASSWORDS)
@pytest.mark.parametrize(
    ("reader", "scheme"),
    [(databases.from_url, "postgresql"), (email.from_url, "smtp"), (caches.from_url, "redis")],
)
def test_a_password_that_cannot_be_read_is_not_repeated(reader, scheme, password):
    with pytest.raises(ImproperlyConfigured) as refusal:
        reader(f"{scheme}://lab:{password}@host/site")
    shown = "".join(traceback.format_exception(refusal.value))
    assert "%2F" in shown
    assert "hun" not in shown


@pytest.mark.parametrize(
    ("url", "backend", "location"),
    [
        ("", "django.core.cache.backends.db.DatabaseCache", "ops_cache"),
        ("redis://h:6379/1", "common.caching.ResilientRedisCache", "redis://h:6379/1"),
        ("memcached://h:11211", "common.caching.ResilientMemcachedCache", "h:11211"),
        ("memcached:///run/m.sock", "common.caching.ResilientMemcachedCache", "unix:/run/m.sock"),
    ],
)
def test_a_cache_is_chosen_by_its_address(url, backend, location):
    entry = caches.from_url(url)
    assert (entry["BACKEND"], entry["LOCATION"]) == (backend, location)


def test_mail_goes_to_a_server_with_its_name_and_encryption():
    given = email.from_url("smtp://lab%40x:pw@mail.example:587?tls=1")
    assert given["EMAIL_HOST_USER"] == "lab@x"
    assert (given["EMAIL_PORT"], given["EMAIL_USE_TLS"], given["EMAIL_USE_SSL"]) == (
        587,
        True,
        False,
    )
    assert email.from_url("smtps://mail.example")["EMAIL_PORT"] == 465
    assert email.from_url("file:///srv/mail")["EMAIL_FILE_PATH"] == "/srv/mail"
    assert email.from_url("console://")["EMAIL_BACKEND"].endswith("console.EmailBackend")


@pytest.mark.parametrize(("name", "alias"), ALIASES.items())
def test_the_names_of_the_description_are_read_unless_ours_is_set(name, alias):
    assert Environment({alias: "a"}, {}).text(name) == "a"
    assert Environment({}, {alias: "a"}).text(name) == "a"
    assert Environment({alias: "a"}, {name: "ours"}).text(name) == "ours"
    assert Environment({}, {}).text(name, "default") == "default"


RDS = {
    "RDS_HOSTNAME": "db.example",
    "RDS_PORT": "5433",
    "RDS_DB_NAME": "lab",
    "RDS_USERNAME": "l@b",
    "RDS_PASSWORD": "p/w:@",
}


def test_the_names_of_rds_make_an_encrypted_database_address():
    entry = databases.from_url(databases.of_rds(Environment(RDS, {})))
    assert (entry["USER"], entry["PASSWORD"], entry["NAME"]) == ("l@b", "p/w:@", "lab")
    assert (entry["HOST"], entry["PORT"]) == ("db.example", "5433")
    assert entry["OPTIONS"] == {"sslmode": "require"}
    assert databases.of_rds(Environment({}, {})) == ""


def test_secrets_by_other_names_are_redacted_too():
    given = Environment(RDS | {"MAILGUN_KEY": "mg", "AWS_SECRET_ACCESS_KEY": "aws"}, {})
    assert {"p/w:@", "mg", "aws"} <= set(given.secret_values())


def test_half_of_a_database_address_is_refused_by_name():
    with pytest.raises(ImproperlyConfigured, match="RDS_DB_NAME is not set"):
        databases.of_rds(Environment({"RDS_HOSTNAME": "h", "RDS_USERNAME": "u"}, {}))
