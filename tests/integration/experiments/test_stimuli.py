"""Stimuli: brought in with tags, found, frozen with a protocol, shown and sent to participants."""

import io
import re

import pytest
from django.core.management import CommandError, call_command
from tests.factories import accounts, experiments, stimuli
from tests.factories.scripts import call, words
from tests.integration.experiments.taking_part import Participant

from accounts.models import AuditEntry
from accounts.roles import Role
from common.errors import NotThere
from experiments.errors import NotStimuli
from experiments.models import Asset, Stimulus, Tag
from experiments.queries.stimuli import found
from experiments.services import protocols, stimulus_files
from experiments.services import stimuli as service
from runs.models import Answer, Event, Visit

pytestmark = pytest.mark.usefixtures("toylab")
COLLECTION = {"stimuli": {"collection": "birds"}}
ORDERED = """
def next_one(here, *, most: int = 100):
    return here.unseen[0].name if here.unseen and len(here.shown) < most else None


def slow_ones(here):
    return [each.name for each in here.unseen if each.tags.get("slow")][0]


def unknown(here):
    return "nightingale"


def in_a_timeline(here):
    return {"timeline": [{"type": "html-button-response", "stimulus": "stimulus:moon"}],
            "stimulus": "moon"}
"""


@pytest.fixture
def birds(project, ann):
    read = stimulus_files.read(stimuli.archive(), "birds.zip")
    return service.bring(project=project, collection="birds", by=ann, stimuli=read)


def draw(name, /, **more):
    return {"name": "rate", "page": "rating", "stimulus": "draw", "draw": call(name)} | more


@pytest.fixture
def begun(project, ann, birds, toylab):
    (toylab / "melodies.py").write_text(ORDERED)

    def begin(*flow, **more):
        revision = experiments.published(project, ann, words(*flow, **(COLLECTION | more)))
        participant = Participant(experiments.token(revision, ann))
        participant.begin()
        return participant

    return begin


def names(rows):
    return [row.name for row in rows]


def test_an_archive_brings_files_texts_and_typed_tags(birds):
    assert (birds.new, birds.changed, birds.same) == (4, 0, 0)
    lark = Stimulus.objects.get(name="lark")
    assert service.tags_of(lark) == {"tempo": 120.5, "mode": "major", "slow": False}
    assert lark.asset.media_type == "audio/wav"
    assert Stimulus.objects.get(name="poem").text == "Two roads diverged"
    assert AuditEntry.objects.filter(action="stimuli.brought").count() == 1


def test_the_same_archive_again_changes_nothing_and_another_only_what_differs(project, ann, birds):
    def again(**values):
        read = stimulus_files.read(stimuli.archive(**values), "birds.zip")
        return service.bring(project=project, collection="birds", by=ann, stimuli=read)

    first = again()
    assert (first.new, first.changed, first.same) == (0, 0, 4)
    second = again(table=stimuli.TABLE.replace("120.5", "121"), folder="inner/")
    assert (second.new, second.changed, second.same) == (0, 1, 3)
    assert Tag.objects.get(stimulus__name="lark", name="tempo").number == 121
    assert Asset.objects.count() == 3


def test_tables_of_pyensemble_are_understood(project):
    columns = "name,location,attribute__tempo__double,attribute__mode__text"
    table = f"{columns}\nlark,audio/lark.wav,90,minor\n"
    (read,) = stimulus_files.read(stimuli.archive(table), "x.zip")
    assert (read.name, read.tags) == ("lark", {"tempo": 90.0, "mode": "minor"})


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("name,colour\na,b\n", "The column 'colour' is not known"),
        ("name,tag:x:date\n", "has no type of number, text, truth"),
        ("name,file\na,none.wav\n", "Row 2: There is no file 'none.wav' beside the table."),
        ("name,file\na,../../etc/passwd\n", "There is no file"),
        ("name,text,tag:x:number\na,b,nan\n", "Row 2: tag:x:number: 'nan' is no number."),
        ("name,text,tag:x:truth\na,b,maybe\n", "'maybe' is neither true nor false"),
        ("name,text\na,b,c\n", "more values than the table has columns"),
        ("name,file\na,fake.wav\n", "'fake.wav' does not begin as audio/wav does."),
        ("name,file\na,page.html\n", "'page.html' is of no kind that is known"),
    ],
)
def test_what_is_wrong_in_a_table_is_named_with_its_row(table, says):
    files = stimuli.FILES | {"fake.wav": b"<script>", "page.html": b"<p>"}
    with pytest.raises(NotStimuli) as caught:
        stimulus_files.read(stimuli.archive(table, files), "x.zip")
    assert says in caught.value.message


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04nonsense", b"\0" * 100])
def test_what_is_no_archive_is_said_so(content):
    with pytest.raises(NotStimuli, match="no archive"):
        stimulus_files.read(io.BytesIO(content), "x.zip")


@pytest.mark.parametrize(
    "new",
    [
        service.New("a"),
        service.New("", text="x"),
        service.New("a", text="x", tags={"no name": 1.0}),
        service.New("a" * 201, text="x"),
        service.New("a", text="x", tags={"t": "y" * 501}),
    ],
)
def test_of_several_with_a_fault_none_is_kept(project, ann, new):
    with pytest.raises(NotStimuli):
        service.bring(project=project, collection="birds", by=ann,
                      stimuli=[service.New("good", text="x"), new])  # fmt: skip
    assert not Stimulus.objects.exists()


def test_a_viewer_and_a_stranger_bring_nothing_and_strangers_find_nothing(alder, project, birds):
    viewer = accounts.person("vera", lab=alder, role=Role.VIEWER)
    stranger = accounts.person("sam", lab=accounts.lab("Birch"), role=Role.ADMIN)
    for person in (viewer, stranger):
        with pytest.raises(NotThere):
            service.bring(project=project, collection="birds", by=person, stimuli=[])
    assert len(found(viewer, "")) == 4
    assert not found(stranger, "")


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("", ["lark", "moon", "owl", "poem"]),
        ("ow", ["owl"]),
        ("birds minor", ["owl", "poem"]),
        ("mode=minor tempo<100", ["owl"]),
        ("tempo>=60", ["lark", "owl"]),
        ("tempo=120.5", ["lark"]),
        ("slow=true", ["owl"]),
        ("slow=false", ["lark"]),
        ("tempo>fast", []),
    ],
)
def test_stimuli_are_found_by_words_and_by_tags(ann, birds, text, is_found):
    assert names(found(ann, text)) == is_found


def test_each_stimulus_is_drawn_and_shown_once_and_then_the_block_ends(begun):
    loop = {"name": "tunes", "until_exhausted": True, "times": None, "steps": [draw("next_one")]}
    someone = begun(loop)
    shown = []
    while someone.title == "The melody":
        shown.append(someone.text)
        someone.send(item_liked="5")
    assert someone.title == "Thank you"
    assert [visit.stimulus for visit in Visit.objects.all()] == ["lark", "moon", "owl", "poem"]
    assert "<audio" in shown[0]
    assert '<img src="/run/' in shown[1]
    assert "Two roads diverged" in shown[3]


def test_a_draw_knows_the_tags(begun):
    someone = begun(draw("slow_ones"))
    someone.send(item_liked="5")
    assert set(Answer.objects.values_list("stimulus", flat=True)) == {"owl"}


def test_a_stimulus_that_the_protocol_does_not_have_is_a_fault_of_the_function(begun):
    someone = begun(draw("unknown"))
    assert someone.shown.status_code == 503
    assert "'nightingale'" in Event.objects.get(kind="script failed").data["error"]


def test_a_later_step_shows_the_stimulus_again_when_it_says_so(begun):
    kept = {"name": "again", "page": "rating", "stimulus": "keep"}
    someone = begun(draw("next_one"), kept, kept | {"name": "seen", "presents": True})
    someone.send(item_liked="5")
    assert "<audio" not in someone.text
    someone.send(item_liked="5")
    assert "<audio" in someone.text
    someone.send(item_liked="5")
    assert set(Answer.objects.values_list("stimulus", flat=True)) == {"lark"}


def test_a_page_with_a_fault_still_shows_the_stimulus(begun):
    someone = begun(draw("next_one"))
    assert someone.send().status_code == 422
    assert "<audio" in someone.text


def test_files_are_sent_to_the_run_and_to_nobody_else(begun, project, ann):
    someone = begun(draw("next_one"))
    address = re.search(r'<audio[^>]+src="([^"]+)"', someone.text)[1]
    sent = someone.browser.get(address)
    assert (sent.status_code, sent["Content-Type"]) == (200, "audio/wav")
    assert b"".join(sent.streaming_content) == stimuli.FILES["audio/lark.wav"]
    assert "immutable" in sent["Cache-Control"]
    assert someone.browser.get(address, headers={"If-None-Match": sent["ETag"]}).status_code == 304
    other = Participant(experiments.token(experiments.published(project, ann), ann))
    other.begin()
    assert other.browser.get(address.replace(someone.key, other.key)).status_code == 404
    code = Asset.objects.get(media_type="application/zip").digest
    digest = address.split("/")[4]
    assert someone.browser.get(address.replace(digest, code)).status_code == 404


def test_what_changes_in_a_collection_reaches_no_run_that_was_frozen_before(begun, ann):
    someone = begun(draw("next_one"))
    service.put_away(stimulus=Stimulus.objects.get(name="lark"), by=ann)
    assert "<audio" in someone.look().content.decode()
    other = begun(draw("next_one"))
    assert "<img" in other.text


def test_an_empty_collection_is_said_so_when_the_protocol_is_frozen(project, ann):
    protocol = protocols.write(project=project, by=ann, words=words(**COLLECTION))
    with pytest.raises(NotStimuli, match="no stimuli in a collection 'birds'"):
        protocols.freeze(protocol=protocol, by=ann)


def test_a_task_names_its_stimuli_and_gets_their_addresses(begun):
    someone = begun(draw("in_a_timeline", name="task", kind="trial"))
    digest = Asset.objects.get(media_type="image/png").digest
    assert f"/run/{someone.key}/stimuli/{digest}/" in someone.text
    assert "stimulus:moon" not in someone.text


def test_the_command_brings_lists_and_puts_away(project, ann, tmp_path, capsys):
    file = tmp_path / "birds.zip"
    file.write_bytes(stimuli.archive().getvalue())
    where = f"--project={project.lab.slug}/{project.slug}"
    call_command("stimuli", "import", str(file), where, "--collection=birds", "--by=ann")
    assert "4 new, 0 changed, 0 as they were" in capsys.readouterr().out
    call_command("stimuli", "archive", "--search=owl", "--by=ann")
    call_command("stimuli", "list", "--search=mode=minor", "--by=ann")
    assert '"name": "poem"' in capsys.readouterr().out
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("stimuli", "import", str(tmp_path / "none.zip"), where, "--collection=birds",
                     "--by=ann")  # fmt: skip
