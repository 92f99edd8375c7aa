"""A bucket of an S3-compatible store: its files are really fetched, by whoever may, and only so."""

import hashlib
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlsplit

import pytest
import requests
from one.webclient import http_download_file
from tests.factories import fake_s3
from tests.factories import lab as make

from accounts.services import tokens
from lab import models

CONTENT = b"0123456789" * 10_000
KEY = "KS001/2026-03-02/001/alf/#2026-04-01#/spikes.times ä+.npy"


@pytest.fixture
def store(settings):
    settings.S3_ACCESS_KEY, settings.S3_SECRET_KEY = "AKIAEXAMPLE", "not/a+secret"
    settings.S3_BUCKETS = ["lab-data"]
    with fake_s3.running(fake_s3.Store("AKIAEXAMPLE", "not/a+secret", settings.S3_REGION)) as found:
        found.objects[f"/lab-data/raw/{KEY}"] = CONTENT
        yield found


@pytest.fixture
def dataset(live_server, store, alder, alice):
    session = make.session(make.subject(alder, alice), alice)
    kind = make.made(models.DatasetType, name="spikes.times")
    form = make.made(models.DataFormat, name="npy", file_extension=".npy")
    bucket = make.made(models.Repository, name="bucket", kind="s3", bucket="lab-data",
                       prefix="raw", endpoint_url=store.url, is_personal=False)  # fmt: skip
    made = make.made(models.Dataset, session=session, lab=alder, name="spikes.times.npy",
                     collection="alf", type=kind, format=form)  # fmt: skip
    make.made(models.FileRecord, dataset=made, repository=bucket, relative_path=KEY, exists=True)
    return made


@pytest.fixture
def address(live_server, dataset):
    place = f"alder/Subjects/KS001/2026-03-02/001/alf/spikes.times.{dataset.pk}.npy"
    return f"{live_server.url}/alyx/data/{place}"


def secret_of(person):
    return tokens.create_token(user=person, name="test", scope="read")[1]


def signed(address, person):
    """Return the address in the bucket that the site gives a person."""
    headers = {"Authorization": f"Token {secret_of(person)}"}
    answer = requests.get(address, headers=headers, allow_redirects=False, timeout=10)
    assert answer.status_code == 302, answer.text
    return answer.headers["Location"]


def test_a_file_of_a_bucket_is_fetched_through_the_site(address, alice, store):
    headers = {"Authorization": f"Token {secret_of(alice)}"}
    answer = requests.get(address, headers=headers, timeout=10)
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert store.answers == [("GET", f"/lab-data/raw/{KEY}", 200)]
    assert not answer.url.startswith(address)


def test_ones_own_download_follows_there_and_keeps_its_name_and_token_to_itself(
    address, alice, store, tmp_path
):
    """The store refuses a request that signs in twice, as the real ones do."""
    file, digest = http_download_file(
        address, username="alice", password=secret_of(alice), target_dir=str(tmp_path),
        return_md5=True, silent=True,
    )  # fmt: skip
    assert digest == hashlib.md5(CONTENT).hexdigest()  # noqa: S324  what the client compares
    assert file.stat().st_size == len(CONTENT)
    assert store.answers[-1][2] == 200


def test_a_head_is_signed_as_a_head(address, alice, store):
    headers = {"Authorization": f"Token {secret_of(alice)}"}
    answer = requests.head(address, headers=headers, allow_redirects=True, timeout=10)
    assert (answer.status_code, answer.headers["Content-Length"]) == (200, str(len(CONTENT)))


def test_another_signature_or_another_object_is_refused(address, alice, store):
    right = signed(address, alice)
    store.objects["/lab-data/secret.npy"] = b"secret"
    wrong = [
        f"{right[:-1]}{'0' if right[-1] != '0' else '1'}",
        right.replace("X-Amz-Expires=900", "X-Amz-Expires=604800"),
        right.replace(quote(urlsplit(right).path, safe="/%#+"), "/lab-data/secret.npy"),
        right.partition("?")[0],
    ]
    assert len({*wrong, right}) == len(wrong) + 1
    for one in wrong:
        answer = requests.get(one, timeout=10)
        assert (answer.status_code, b"secret" in answer.content) == (403, False), one
    assert requests.get(right, timeout=10).content == CONTENT


def test_an_address_that_is_over_opens_nothing(address, alice, store):
    given = signed(address, alice)
    store.clock = lambda: datetime.now(UTC) + timedelta(minutes=16)
    assert requests.get(given, timeout=10).status_code == 403


def test_a_site_with_another_secret_opens_nothing(address, alice, store, settings):
    settings.S3_SECRET_KEY = "another"
    assert requests.get(signed(address, alice), timeout=10).status_code == 403


def test_a_stranger_is_given_no_address(address, bob, store):
    headers = {"Authorization": f"Token {secret_of(bob)}"}
    answer = requests.get(address, headers=headers, allow_redirects=False, timeout=10)
    assert (answer.status_code, "Location" in answer.headers) == (404, False)
    assert store.answers == []
