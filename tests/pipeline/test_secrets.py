"""A secret of the site is in its file and in the memory of its processes, and nowhere else."""

import os
from pathlib import Path
from uuid import uuid4

import pytest

SENTINEL = f"sentinel-{uuid4().hex}"  # this file itself is part of a release
FILES = ("logs", "vassals", "run", "static", "media", "jobs")


@pytest.fixture
def secret(ground):
    """Give the site a secret key that tests would recognise anywhere, and release with it."""
    file = ground.site.folder("secrets")
    before = file.read_text()
    file.write_text(f"{before}\nEMAIL_URL=smtp://studium:{SENTINEL}@127.0.0.1:9\n")
    yield SENTINEL
    file.write_text(before)


def holding(folder, secret):
    return [
        path
        for path in folder.rglob("*")
        if path.is_file() and not path.is_socket() and secret.encode() in path.read_bytes()
    ]


def processes(ground):
    """Return the command lines and environments of all processes that know this site."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            shown = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
        if str(ground.site.root).encode() in shown and int(entry.name) != os.getpid():
            yield entry.name, shown


def assert_nowhere(ground, secret, *texts):
    for text in texts:
        assert secret not in text
    found = [path for name in FILES for path in holding(ground.site.folder(name), secret)]
    found += holding(ground.site.releases, secret)
    found += holding(ground.site.repository, secret)
    assert found == []
    assert secret not in ground.site.ledger.read_text()
    shown = dict(processes(ground))
    assert shown
    assert [pid for pid, text in shown.items() if secret.encode() in text] == []


def test_a_release_tells_no_secret(ground, work, secret):
    work.commit("Release with the sentinel")
    told = work.push()
    assert told.code == 0, told.text
    read = "from django.conf import settings; print(settings.EMAIL_HOST_PASSWORD)"
    assert ground.manage("shell", "-v", "0", "-c", read).text.strip() == secret
    status, log = ground.pipeline("status"), ground.pipeline("log")
    assert_nowhere(ground, secret, told.text, status.text, log.text)


def test_a_release_that_breaks_with_the_secret_on_its_lips_tells_none(ground, work, secret):
    loud = (
        "\ndef home(request):\n    from django.conf import settings\n"
        "    raise LookupError(f'cannot use {settings.EMAIL_HOST_PASSWORD}')\n"
    )
    work.add("app/common/views.py", loud)
    work.commit("Break aloud")
    told = work.push()
    assert told.code != 0
    assert "LookupError: cannot use" in told.text
    assert_nowhere(ground, secret, told.text)


def test_a_reason_that_holds_the_secret_is_redacted(ground, work, secret):
    work.commit("Explain too much")
    told = work.push(f"backup-first=because of {secret}")
    assert told.code == 0, told.text
    assert "because of" in ground.rows[-1]["options"]["backup-first"]
    assert_nowhere(ground, secret, told.text)


def test_the_secrets_file_is_for_the_site_alone(ground):
    assert ground.site.folder("secrets").stat().st_mode & 0o077 == 0
