"""A protocol with its code and its stimuli goes from one site to another as one file."""

import io
import json
import shutil
import zipfile

import pytest
from django.core.management import CommandError, call_command
from tests.factories import experiments, stimuli
from tests.factories.scripts import call, words
from tests.integration.experiments.taking_part import Participant

from experiments.errors import NotABundle
from experiments.models import Asset, Protocol, Revision
from experiments.services import bundles, stimulus_files
from experiments.services import stimuli as service

LOOP = {"name": "tunes", "until_exhausted": True, "times": None,
        "steps": [{"name": "rate", "page": "rating", "stimulus": "draw",
                   "draw": call("pick")}]}  # fmt: skip
PICK = "def pick(here):\n    return here.unseen[0].name if here.unseen else None\n"


@pytest.fixture
def frozen(project, ann, toylab):
    (toylab / "melodies.py").write_text(PICK)
    read = stimulus_files.read(stimuli.archive(), "birds.zip")
    service.bring(project=project, collection="birds", by=ann, stimuli=read)
    told = words(LOOP, stimuli={"collection": "birds"})
    return experiments.published(project, ann, told)


@pytest.fixture
def bundle(frozen):
    made = io.BytesIO()
    bundles.write(frozen, made)
    return made.getvalue()


@pytest.fixture
def another_site(frozen, bundle, settings, tmp_path, toylab):
    """Nothing of the first site: no storage, no code, no rows."""
    Revision.objects.all().delete()
    Protocol.objects.all().delete()
    for kind in (service.Tag, service.Stimulus, Asset):
        kind.objects.all().delete()
    settings.MEDIA_ROOT, settings.SCRIPT_CACHE = tmp_path / "other", tmp_path / "other-cache"
    shutil.rmtree(toylab)
    service.of_list.cache_clear()
    service.files_of.cache_clear()


def test_the_same_protocol_runs_on_another_site(frozen, bundle, another_site, project, ann):
    digest = frozen.digest
    told = bundles.read(io.BytesIO(bundle))
    revision = experiments.published(project, ann, told)
    assert revision.digest == digest
    someone = Participant(experiments.token(revision, ann))
    someone.begin()
    seen = 0
    while someone.title == "The melody":
        seen += 1
        someone.send(item_liked="5")
    assert (someone.title, seen) == ("Thank you", 4)


def test_the_same_revision_gives_the_same_bytes(frozen, bundle):
    again = io.BytesIO()
    bundles.write(frozen, again)
    assert again.getvalue() == bundle


def test_a_database_that_keeps_keys_in_another_order_gives_the_same_bytes(frozen, bundle):
    frozen.words = dict(reversed(frozen.words.items()))
    again = io.BytesIO()
    bundles.write(frozen, again)
    assert again.getvalue() == bundle


def spoilt(bundle, change):
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(bundle)) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            content = change(name, old.read(name))
            if content is not None:
                new.writestr(name, content)
    made.seek(0)
    return made


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            lambda name, content: content + b"x" if "files/" in name else content,
            "is not what it was",
        ),
        (lambda name, content: None if "files/" in name else content, "There is no item named"),
        (lambda name, content: None if name == "protocol.json" else content, "no protocol"),
        (lambda name, content: b"{" if name == "protocol.json" else content, "as JSON"),
    ],
)
def test_a_spoilt_bundle_is_refused(bundle, another_site, change, says):
    with pytest.raises(NotABundle, match=says):
        bundles.read(spoilt(bundle, change))
    assert not Protocol.objects.exists()


def test_code_that_the_site_does_not_list_stays_out(
    bundle, another_site, project, ann, settings, tmp_path
):
    settings.SCRIPT_PACKAGES = []
    file = tmp_path / "melodies.zip"
    file.write_bytes(bundle)
    with pytest.raises(CommandError, match="'toylab' may not be called here"):
        call_command("protocol", "import", str(file), "--project=alder/memory", "--by=ann")
    assert not Revision.objects.exists()


def test_the_commands_bring_it_across(frozen, another_site_later, tmp_path, capsys):
    file = tmp_path / "melodies.zip"
    with pytest.raises(CommandError, match="say --to"):
        call_command("protocol", "export", "melodies", "--project=alder/memory")
    call_command("protocol", "export", "melodies", "--project=alder/memory", f"--to={file}")
    another_site_later()
    call_command("protocol", "import", str(file), "--project=alder/memory", "--by=ann", "--publish")
    assert frozen.digest in capsys.readouterr().out


@pytest.fixture
def another_site_later(request):
    return lambda: request.getfixturevalue("another_site")


def test_a_protocol_without_files_is_its_words_alone(project, ann, tmp_path, capsys):
    revision = experiments.published(project, ann)
    call_command("protocol", "export", "melodies", "--project=alder/memory")
    assert json.loads(capsys.readouterr().out) == revision.words
    file = tmp_path / "melodies.json"
    call_command("protocol", "export", "melodies", "--project=alder/memory", f"--to={file}")
    assert json.loads(file.read_text()) == revision.words
