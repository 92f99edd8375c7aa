"""Files in an S3-compatible store: a local one that checks every signature."""

import io
import shutil
from hashlib import sha256

import pytest
from tests.factories import experiments, fake_s3, stimuli
from tests.factories.scripts import call, words
from tests.integration.experiments.taking_part import Participant

from experiments import storage
from experiments.errors import FileGone, StorageSilent
from experiments.services import stimuli as service
from experiments.services import stimulus_files

CONTENT = b"a sound" * 1000
DIGEST = sha256(CONTENT).hexdigest()


@pytest.fixture
def store(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.S3_ACCESS_KEY, settings.S3_SECRET_KEY = "key", "secret"
    settings.S3_REGION, settings.FILES_BUCKET = "us-east-1", "lab files"
    with fake_s3.running(fake_s3.Store("key", "secret", "us-east-1")) as running:
        settings.FILES_ENDPOINT = running.url
        yield running


@pytest.fixture
def forget(settings):
    """Let this host have no copies."""
    return lambda: shutil.rmtree(settings.MEDIA_ROOT)


def test_a_file_is_put_there_once_and_fetched_by_a_host_that_lacks_it(store, forget):
    assert storage.keep(io.BytesIO(CONTENT)) == (DIGEST, len(CONTENT))
    assert store.objects == {f"/lab files/assets/{DIGEST}": CONTENT}
    storage.keep(io.BytesIO(CONTENT))
    assert [method for method, _, _ in store.answers] == ["HEAD", "PUT", "HEAD"]
    forget()
    assert storage.here(DIGEST).read_bytes() == CONTENT
    assert storage.here(DIGEST).read_bytes() == CONTENT
    assert [method for method, _, _ in store.answers][3:] == ["GET"]


def test_a_file_that_is_nowhere_is_gone(store):
    with pytest.raises(FileGone):
        storage.here("0" * 64)


def test_a_spoilt_file_is_not_taken_for_the_right_one(store, settings):
    store.objects[f"/lab files/assets/{DIGEST}"] = CONTENT[:-1]
    with pytest.raises(StorageSilent, match="another file"):
        storage.here(DIGEST)
    assert not storage.place(DIGEST).exists()
    assert not list((settings.MEDIA_ROOT / "assets").glob(".new-*"))


@pytest.mark.parametrize("secret", ["another", ""])
def test_a_wrong_key_is_refused_and_nothing_is_kept_as_if_it_were(store, settings, secret):
    settings.S3_SECRET_KEY = secret
    with pytest.raises(StorageSilent):
        storage.keep(io.BytesIO(CONTENT))
    assert not store.objects


def test_a_store_that_is_away_is_said_so(store, settings):
    settings.FILES_ENDPOINT = "http://127.0.0.1:9"
    with pytest.raises(StorageSilent):
        storage.keep(io.BytesIO(CONTENT))


def test_stimuli_and_code_come_from_the_store(store, forget, toylab, project, ann, settings):
    settings.MEDIA_ROOT = settings.MEDIA_ROOT.with_name("host")
    (toylab / "melodies.py").write_text("def pick(here):\n    return here.unseen[0].name\n")
    read = stimulus_files.read(stimuli.archive(), "birds.zip")
    service.bring(project=project, collection="birds", by=ann, stimuli=read)
    step = {"name": "rate", "page": "rating", "stimulus": "draw", "draw": call("pick")}
    told = words(step, stimuli={"collection": "birds"})
    token = experiments.token(experiments.published(project, ann, told), ann)
    forget()
    shutil.rmtree(settings.SCRIPT_CACHE)
    settings.SCRIPT_CACHE = settings.SCRIPT_CACHE.with_name("host-cache")
    someone = Participant(token)
    someone.begin()
    assert "<audio" in someone.text
    address = someone.text.split('<audio controls preload="auto" src="')[1].split('"')[0]
    sent = someone.browser.get(address)
    assert b"".join(sent.streaming_content) == stimuli.FILES["audio/lark.wav"]


def test_a_page_whose_file_cannot_be_reached_is_refused_politely(
    store, forget, toylab, project, ann, settings
):
    read = stimulus_files.read(stimuli.archive(), "birds.zip")
    service.bring(project=project, collection="birds", by=ann, stimuli=read)
    told = words({"name": "about-you", "page": "about"}, stimuli={"collection": "birds"})
    someone = Participant(experiments.token(experiments.published(project, ann, told), ann))
    someone.begin()
    service.files_of.cache_clear()
    service.of_list.cache_clear()
    forget()
    settings.FILES_ENDPOINT = "http://127.0.0.1:9"
    answer = someone.browser.get(f"/run/{someone.key}/stimuli/{'0' * 64}/")
    assert answer.status_code == 503
