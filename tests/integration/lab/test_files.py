"""Files are handed out from where they lie: mounted folders, buckets, web servers; nowhere else."""

import os
from datetime import UTC, datetime
from email.utils import formatdate
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest
from django.test import Client
from django.utils.timezone import now
from tests.factories import lab as make

from accounts.models import ApiToken
from lab import models, recording, s3
from lab.queries import places

CONTENT = b"0123456789" * 100
PATH = "KS001/2026-03-02/001/alf/#2026-04-01#/spikes.times.npy"


@pytest.fixture
def mounts(settings, tmp_path):
    settings.MOUNTS = tmp_path / "mounts"
    settings.MOUNTS.mkdir()
    return settings.MOUNTS


@pytest.fixture
def share(mounts, db):
    folder = mounts / "share"
    folder.mkdir()
    return make.made(models.Repository, name="share", folder=str(folder), is_personal=False)


@pytest.fixture
def dataset(animal, alice):
    session = make.session(animal, alice)
    kind = make.made(models.DatasetType, name="spikes.times")
    form = make.made(models.DataFormat, name="npy", file_extension=".npy")
    return make.made(models.Dataset, session=session, lab=session.lab, name="spikes.times.npy",
                     collection="alf", type=kind, format=form)  # fmt: skip


def record(dataset, repository, path=PATH, **values):
    values = {"exists": True} | values
    return make.made(models.FileRecord, dataset=dataset, repository=repository,
                     relative_path=path, **values)  # fmt: skip


@pytest.fixture
def file(share, dataset):
    place = Path(share.folder, PATH)
    place.parent.mkdir(parents=True)
    place.write_bytes(CONTENT)
    record(dataset, share)
    return place


@pytest.fixture
def fetch(alice, program, dataset):
    """Fetch the dataset as alice's program does."""
    client = program(alice).client
    url = f"/alyx/data/alder/Subjects/KS001/2026-03-02/001/alf/spikes.times.{dataset.pk}.npy"

    def fetched(method="get", *, front="", **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return getattr(client, method)(url, headers=named, STUDIUM_MOUNTS=str(front))

    return fetched


def body(answer):
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


# --- mounted folders ----------------------------------------------------------------------------


def test_a_file_comes_with_what_a_later_question_needs(file, fetch):
    answer = fetch()
    assert body(answer) == CONTENT
    assert answer["Content-Length"] == "1000"
    assert answer["Accept-Ranges"] == "bytes"
    assert answer["ETag"]
    assert answer["Last-Modified"] == formatdate(file.stat().st_mtime, usegmt=True)
    assert answer["Cache-Control"] == "private, no-cache"


def test_head_says_how_long_a_file_is_without_sending_it(file, fetch):
    answer = fetch("head")
    assert (answer.status_code, answer["Content-Length"]) == (200, "1000")
    assert body(answer) == b""


def test_who_has_the_file_is_sent_nothing(file, fetch):
    first = fetch("head")
    assert fetch(If_None_Match=first["ETag"]).status_code == 304
    assert fetch(If_Modified_Since=first["Last-Modified"]).status_code == 304


def test_a_broken_download_goes_on_only_while_the_file_is_the_same(file, fetch):
    etag = fetch("head")["ETag"]
    rest = fetch(Range="bytes=990-", If_Range=etag)
    assert (rest.status_code, body(rest)) == (206, CONTENT[990:])
    file.write_bytes(CONTENT + b"more")
    whole = fetch(Range="bytes=990-", If_Range=etag)
    assert (whole.status_code, body(whole)) == (200, CONTENT + b"more")


def test_an_empty_file_is_sent_as_one(file, fetch):
    file.write_bytes(b"")
    answer = fetch()
    assert (answer.status_code, answer["Content-Length"], body(answer)) == (200, "0", b"")
    assert fetch(Range="bytes=0-5").status_code == 416


def test_the_web_server_sends_what_it_says_it_can(file, fetch, mounts):
    answer = fetch(front=mounts)
    assert answer["X-Accel-Redirect"] == (
        "/mounted/share/KS001/2026-03-02/001/alf/%232026-04-01%23/spikes.times.npy"
    )
    assert answer.content == b""


def test_a_client_cannot_speak_for_the_web_server(file, fetch, mounts):
    answer = fetch(Studium_Mounts=str(mounts))
    assert "X-Accel-Redirect" not in answer
    assert body(answer) == CONTENT


def test_a_folder_that_was_not_given_to_the_site_is_never_served(file, fetch, share, tmp_path):
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "key.npy").write_bytes(b"secret")
    models.FileRecord._base_manager.update(relative_path="key.npy")
    for folder in (str(secret), f"{share.folder}/../../secret", "secret", ""):
        models.Repository._base_manager.filter(pk=share.pk).update(folder=folder)
        assert fetch().status_code == 404, folder


def test_a_link_that_leads_out_of_the_folder_is_not_followed(file, fetch, share, tmp_path):
    (tmp_path / "secret").write_bytes(b"secret")
    beside = tmp_path / "mounts" / "beside"
    beside.mkdir()
    (beside / "other.npy").write_bytes(b"another lab's")
    for target in (tmp_path / "secret", beside / "other.npy", file.parent, file):
        file.unlink(missing_ok=True)
        file.symlink_to(target)
        assert fetch().status_code == 404, target


def test_a_folder_that_is_itself_a_link_out_is_not_served(file, fetch, mounts, tmp_path):
    Path(mounts, "share").rename(tmp_path / "elsewhere")
    Path(mounts, "share").symlink_to(tmp_path / "elsewhere")
    assert fetch().status_code == 404


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_the_site_may_not_read_is_said_to_be_so(file, fetch):
    file.chmod(0)
    assert fetch().status_code == 404


def test_a_folder_in_a_files_place_is_no_file(file, fetch):
    file.unlink()
    file.mkdir()
    assert fetch().status_code == 404


def test_the_copy_that_is_there_is_served(file, fetch, dataset, mounts):
    away = make.made(models.Repository, name="away", folder=str(mounts / "away"))
    record(dataset, away)
    assert body(fetch()) == CONTENT


# --- elsewhere ----------------------------------------------------------------------------------


def test_a_web_server_is_asked_by_the_client_itself(dataset, fetch):
    web = make.made(models.Repository, name="web", kind="http",
                    data_url="https://data.example.org/lab")  # fmt: skip
    record(dataset, web)
    answer = fetch()
    assert answer.status_code == 302
    assert answer["Location"] == (
        "https://data.example.org/lab/KS001/2026-03-02/001/alf/%232026-04-01%23/"
        f"spikes.times.{dataset.pk}.npy"
    )


@pytest.mark.parametrize("kind", ["globus", "offline", "s3"])
def test_what_cannot_be_reached_is_said_to_be_so(dataset, fetch, kind):
    record(dataset, make.made(models.Repository, name="far", kind=kind, bucket="b"))
    assert fetch().status_code == 404


@pytest.fixture
def bucket(settings):
    settings.S3_ACCESS_KEY, settings.S3_SECRET_KEY = "AKIAEXAMPLE", "not/a+secret"
    settings.S3_BUCKETS = ["lab-data"]
    return make.made(
        models.Repository, name="bucket", kind="s3", bucket="lab-data", prefix="/raw/",
        endpoint_url="http://store.example.org:9000",
    )  # fmt: skip


def test_a_bucket_is_reached_by_an_address_that_ends_soon(dataset, bucket, fetch):
    record(dataset, bucket)
    answer = fetch()
    assert answer.status_code == 302
    url = urlsplit(answer["Location"])
    assert url.netloc == "store.example.org:9000"
    assert url.path.startswith("/lab-data/raw/KS001/2026-03-02/001/alf/%232026-04-01%23/")
    assert parse_qs(url.query)["X-Amz-Expires"] == ["900"]
    assert "not/a+secret" not in answer["Location"]
    assert answer["Cache-Control"] == "no-store"


def test_a_bucket_that_was_not_given_to_the_site_is_never_opened(dataset, bucket, fetch, settings):
    record(dataset, bucket)
    settings.S3_BUCKETS = ["another"]
    assert fetch().status_code == 404


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("key", ["a/b.npy", PATH, "with space/ä+&=.npy"])
def test_the_signature_is_what_amazons_own_library_makes(key, method):
    at = datetime(2026, 3, 2, 9, 30, 15, tzinfo=UTC)
    bucket = s3.Bucket("lab-data", "http://store.example.org:9000", "eu-west-1", "AKIA", "s/e+c")
    ours = s3.presigned(bucket, key, method=method, at=at)
    request = botocore.awsrequest.AWSRequest(method, ours.partition("?")[0])
    keys = botocore.credentials.Credentials("AKIA", "s/e+c")
    signer = botocore.auth.S3SigV4QueryAuth(keys, "s3", "eu-west-1", expires=900)
    request.context["timestamp"] = "20260302T093015Z"
    theirs = _signed(signer, request, at)
    assert parse_qs(urlsplit(ours).query) == parse_qs(urlsplit(theirs).query)


def _signed(signer, request, at):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.auth, "get_current_datetime", lambda **_: at)
        signer.add_auth(request)
    return request.url


@pytest.mark.parametrize(
    ("base", "shown"),
    [
        (r"\\nas\lab", r"\\nas\lab\KS001\2026-03-02\001\alf\#2026-04-01#\spikes.times.npy"),
        ("/Volumes/lab/", f"/Volumes/lab/{PATH}"),
        ("", ""),
    ],
)
def test_people_are_shown_the_path_that_they_open_at_their_desk(
    dataset, share, alice, program, base, shown
):
    with recording.by(None):
        share.network_path = base
        share.save()
    made = record(dataset, share)
    assert program(alice).get(f"files/{made.pk}").json()["network_path"] == shown
    assert places.network_path(made) == shown


# --- a key in the address -----------------------------------------------------------------------


def test_a_key_in_the_address_opens_files_and_nothing_else(file, alice, program, dataset):
    server = urlsplit(program(alice).get("me").json()["data_server"]).path
    below = f"alder/Subjects/KS001/2026-03-02/001/alf/spikes.times.{dataset.pk}.npy"
    assert body(Client().get(f"{server}/{below}")) == CONTENT
    key = server.rpartition("/")[2]
    for word in ("Token", "Bearer"):
        answer = Client().get("/alyx/sessions", headers={"Authorization": f"{word} {key}"})
        assert answer.status_code == 403


def test_a_key_ends_with_its_token(file, alice, program, dataset):
    client = program(alice)
    server = urlsplit(client.get("me").json()["data_server"]).path
    url = f"{server}/spikes.times.{dataset.pk}.npy"
    assert Client().get(f"{server[:-4]}zzzz/spikes.times.{dataset.pk}.npy").status_code == 403
    ApiToken.objects.filter(user=alice).update(revoked_at=now())
    assert Client().get(url).status_code == 403


def test_who_is_signed_in_by_a_page_needs_no_key(alice, as_):
    told = as_(alice).get("/alyx/me").json()
    assert told["data_server"] == "http://testserver/alyx/data"


def test_a_key_opens_what_its_person_sees(file, bob, program, dataset):
    server = urlsplit(program(bob).get("me").json()["data_server"]).path
    assert Client().get(f"{server}/spikes.times.{dataset.pk}.npy").status_code == 404


# --- where lists say that files are ---------------------------------------------------------------


def test_a_mounted_file_is_said_to_be_here(file, dataset, alice, program):
    [row] = program(alice).get("datasets").json()["results"]
    [copy] = row["file_records"]
    place = f"/alyx/data/alder/Subjects/KS001/2026-03-02/001/alf/spikes.times.{dataset.pk}.npy"
    assert copy["data_url"] == f"http://testserver{place}"
    assert program(alice).get("files").json()["results"][0]["data_url"] == copy["data_url"]


def test_the_signs_around_a_revision_stand_as_one_reads_them(file, dataset, alice, program):
    with recording.by(None):
        dataset.revision = make.made(models.Revision, name="2026-04-01")
        dataset.save()
    [shown] = (
        program(alice).get(f"sessions/{dataset.session_id}").json()["data_dataset_session_related"]
    )
    [copy] = program(alice).get(f"datasets/{dataset.pk}").json()["file_records"]
    assert f"/001/alf/#2026-04-01#/spikes.times.{dataset.pk}.npy" in shown["data_url"]
    assert copy["data_url"] == shown["data_url"]
