"""Items and pages that protocols share: pinned, covered by the hash, carried along in the file."""

import copy
import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from tests.factories import accounts, experiments
from tests.integration.experiments.taking_part import Participant

from accounts.roles import Role
from common.errors import NotThere
from experiments.errors import NotAProtocol
from experiments.models import Bank, BankRevision, Protocol, Revision
from experiments.services import banks, protocols
from runs.models import Answer, Measure

BANK = {
    "format": "studium-bank/1",
    "name": "people",
    "title": "About people",
    "scales": {"often": {"options": [{"code": 0, "label": "Never"}, {"code": 1, "label": "Ever"}]}},
    "items": {
        "born": {"text": "When were you born?", "kind": "number"},
        "sings": {"text": "Do you sing?", "kind": "choice", "scale": "often"},
    },
    "pages": {"person": {"title": "You", "items": ["born", "sings"]}},
}


def words(name="one", **more):
    return {
        "format": "studium-protocol/1", "name": name, "title": name.title(),
        "banks": {"people": {"revision": 1}},
        "items": {"plays": {"text": "Do you play?", "kind": "choice", "scale": "often"}},
        "pages": {"own": {"title": "Own", "items": ["plays", "born"]}},
        "flow": [{"name": "who", "page": "person"}, {"name": "end", "kind": "end"}],
    } | more  # fmt: skip


def changed(title="Now you"):
    pages = {"person": BANK["pages"]["person"] | {"title": title}}
    return BANK | {"pages": pages}


@pytest.fixture
def bank(project, ann):
    return banks.write(project=project, by=ann, words=BANK)


def test_the_same_words_are_the_same_revision_and_others_the_next(project, ann, bank):
    assert banks.write(project=project, by=ann, words=dict(reversed(BANK.items()))) == bank
    newer = banks.write(project=project, by=ann, words=changed())
    assert (bank.number, newer.number, Bank.objects.count()) == (1, 2, 1)


def test_two_protocols_share_a_page_and_stay_on_their_revision(project, ann, bank):
    one = experiments.published(project, ann, words())
    banks.write(project=project, by=ann, words=changed())
    two = experiments.published(project, ann, words("two", banks={"people": {}}))  # the latest
    again = protocols.freeze(protocol=one.protocol, by=ann)
    assert again == one
    for revision, title in ((one, "You"), (two, "Now you")):
        someone = Participant(experiments.token(revision, ann))
        someone.begin()
        assert someone.title == title
        someone.send(item_born="1990", item_sings="1")
        assert someone.title == "Thank you"
    assert Answer.objects.filter(measure__name="sings", label="Ever").count() == 2
    assert list(bank.used_by.all()) == [one]


def test_the_hash_of_a_protocol_covers_what_it_pins(project, ann, bank):
    one = experiments.published(project, ann, words())
    banks.write(project=project, by=ann, words=changed())
    other = experiments.published(project, ann, words(banks={"people": {"revision": 2}}))
    assert one.protocol == other.protocol
    assert one.digest != other.digest
    assert one.words["banks"]["people"] == {"digest": bank.digest, "words": BANK}


def run(command, *given):
    out = StringIO()
    call_command(command, *given, stdout=out)
    return out.getvalue().strip()


def test_a_protocol_takes_its_banks_along_in_one_file(project, ann, bank, tmp_path):
    one = experiments.published(project, ann, words())
    file = tmp_path / "one.json"
    file.write_text(run("protocol", "export", "one", "--project", "alder/memory"))
    elsewhere = accounts.project(project.lab, "Other")
    run("protocol", "import", str(file), "--project", "alder/other", "--by", "ann")
    moved = Revision.objects.get(protocol__project=elsewhere)
    assert moved.digest == one.digest
    there = BankRevision.objects.get(bank__project=elsewhere)
    assert (there.digest, list(there.used_by.all())) == (bank.digest, [moved])
    two = words("two", banks={"people": {"digest": bank.digest}})
    assert experiments.published(elsewhere, ann, two)


def test_only_what_can_be_answered_is_in_the_codebook(project, ann):
    many = {f"q{n}": {"text": "How?", "kind": "text"} for n in range(50)}
    banks.write(project=project, by=ann, words=BANK | {"items": BANK["items"] | many})
    experiments.published(project, ann, words())
    names = set(Measure.objects.values_list("name", flat=True))
    assert names == {"born", "sings", "plays"}


def tampered():
    return copy.deepcopy({"digest": "0" * 64, "words": BANK})


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"banks": {"people": {"revision": 7}}}, "banks.people.words: The project has no bank"),
        ({"banks": {"others": {}}}, "banks.others.words: The project has no bank"),
        ({"banks": {"people": {"revision": 1, "x": 2}}}, "banks.people.x: This is not known"),
        ({"banks": {"people": 5}}, "banks.people: Write an object"),
        ({"banks": []}, "banks: Write an object of named"),
        ({"banks": {"people": tampered()}}, "banks.people.digest: This is not the hash"),
        ({"banks": {"humans": {"words": BANK}}}, "banks.humans"),
        ({"banks": {"people": {"words": BANK | {"items": {}}}}}, "pages.person.items: There is no"),
        ({"items": {"born": {"text": "Born?"}}, "pages": {}}, "banks.people: .*protocol.*'born'"),
        ({"pages": {"person": {"items": []}}}, "banks.people: Its pages .* both have 'person'"),
        ({"scales": {"often": {"options": []}}, "items": {}, "pages": {}}, "both have 'often'"),
    ],
)
def test_what_does_not_fit_is_said_with_its_place_and_nothing_is_kept(
    project, ann, bank, change, says
):
    with pytest.raises(NotAProtocol, match=says):
        protocols.write(project=project, by=ann, words=words() | change)
    assert not Protocol.objects.exists()
    assert BankRevision.objects.get() == bank


def test_a_viewer_and_a_stranger_keep_and_see_nothing(alder, project, bank):
    stranger = accounts.person("sam", lab=accounts.lab("Birch"), role=Role.ADMIN)
    viewer = accounts.person("vera", lab=alder, role=Role.VIEWER)
    for person in (stranger, viewer):
        with pytest.raises(NotThere):
            banks.write(project=project, by=person, words=changed())
    assert not BankRevision.objects.visible_to(stranger).exists()
    assert BankRevision.objects.visible_to(viewer).exists()


def test_banks_are_written_listed_and_read_by_commands(project, ann, tmp_path):
    file, where = tmp_path / "people.json", ("--project", "alder/memory")
    file.write_text(json.dumps(BANK))
    assert "people 1 is kept" in run("bank", "import", str(file), *where, "--by", "ann")
    assert json.loads(run("bank", "export", "people", *where, "--revision", "1")) == BANK
    experiments.published(project, ann, words())
    assert run("bank", "list", *where).endswith("one 1")
    with pytest.raises(CommandError, match="no bank"):
        run("bank", "export", "people", *where, "--revision", "2")
    file.write_text(json.dumps(BANK | {"items": {"born": {}}}))
    with pytest.raises(CommandError, match=r"items.born.text: Write a text"):
        run("bank", "import", str(file), *where, "--by", "ann")


def test_a_bank_is_written_in_the_administration(project, ann, as_):
    client, page = as_(ann), reverse("admin:experiments_bank_add")
    sent = {"project": project.pk, "words": json.dumps(BANK | {"pages": 5})}
    assert b"pages: Write an object" in client.post(page, sent).content
    client.post(page, sent | {"words": json.dumps(BANK)})
    bank = Bank.objects.get()
    change = reverse("admin:experiments_bank_change", args=[bank.pk])
    assert b"When were you born?" in client.get(change).content
    client.post(change, {"words": json.dumps(changed())})
    assert bank.revisions.count() == 2
    draft = {"project": project.pk, "words": json.dumps(words(banks={"people": {}}))}
    added = client.post(reverse("admin:experiments_protocol_add"), draft)
    assert added.status_code == 302, added.context["errors"]
    assert Protocol.objects.get().draft["banks"] == {
        "people": {"digest": bank.revisions.get(number=2).digest}
    }


@pytest.mark.parametrize("size", [10, 10_000])
def test_a_page_of_a_bank_asks_few_questions_however_large_the_bank_is(project, ann, size):
    item = {"text": "How?", "kind": "choice", "scale": "often"}
    page = {"person": {"title": "Ten", "items": [f"q{number}" for number in range(10)]}}
    many = {f"q{number}": item for number in range(size)}
    banks.write(project=project, by=ann, words=BANK | {"items": many, "pages": page})
    revision = experiments.published(project, ann, words(items={}, pages={}))
    someone = Participant(experiments.token(revision, ann))
    someone.begin()
    with CaptureQueriesContext(connection) as served:
        someone.look()
    sent = {f"item_q{number}": "1" for number in range(10)}
    someone.look = lambda: None
    with CaptureQueriesContext(connection) as accepted:
        someone.send(**sent)
    assert (len(served) <= 15, len(accepted) <= 12) == (True, True)
    assert not [one["sql"] for one in [*served, *accepted] if '"words"' in one["sql"]]
    assert Answer.objects.count() == 10
