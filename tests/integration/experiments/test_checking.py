"""What is wrong with a protocol's file is said all at once, each with its place."""

import copy
import io
import json

import pytest
from django.core.management import CommandError, call_command
from tests.factories import experiments, tasks

from experiments.definition.advice import advice
from experiments.definition.protocol import read_protocol
from experiments.errors import MOST_TOLD, NotAProtocol
from experiments.models import Protocol
from experiments.services import banks, protocols


def check(tmp_path, words, *more):
    file, out = tmp_path / "one.json", io.StringIO()
    file.write_text(words if isinstance(words, str) else json.dumps(words))
    call_command("protocol", "check", str(file), *more, stdout=out)
    return out.getvalue()


@pytest.fixture
def words():
    return copy.deepcopy(experiments.WORDS)


def test_a_sound_protocol_is_said_to_be_so(tmp_path, words):
    assert check(tmp_path, words).splitlines() == ["melodies can be read: 4 items, 5 steps."]


def test_all_faults_are_told_at_once_wherever_they_are(tmp_path, words):
    words["items"]["age"]["kind"] = "dance"
    words["items"]["liked"]["scale"] = "nothing"
    words["pages"]["about"]["colour"] = "red"
    words["flow"][1]["page"] = 7
    words["flow"][2]["steps"][0]["name"] = "1"
    with pytest.raises(CommandError) as caught:
        check(tmp_path, words)
    told = str(caught.value).splitlines()
    assert [line.split(": ")[0] for line in told] == [
        "items.age.kind", "items.liked.scale", "pages.about.colour", "flow[1].page",
        "flow[2].steps[0].name", "5 to correct.",
    ]  # fmt: skip


def test_who_imports_it_is_told_all_of_it_too(words):
    for name in ("age", "liked", "why"):
        words["items"][name]["kind"] = "dance"
    with pytest.raises(NotAProtocol) as caught:
        read_protocol(words)
    assert caught.value.where == "items.age.kind"
    assert caught.value.message.count("\n") == 2


def test_what_a_plugin_does_not_take_is_said_and_not_frozen(tmp_path, project, ann):
    words = tasks.words([tasks.key("a", stimulis="b")])
    named = r"timeline\[0\].stimulis: In the step 'keys', .*Did you mean 'stimulus'"
    with pytest.raises(CommandError, match=named):
        check(tmp_path, words)
    protocol = protocols.write(project=project, by=ann, words=words)
    with pytest.raises(NotAProtocol, match=named):
        protocols.freeze(protocol=protocol, by=ann)
    assert not protocol.revisions.exists()


def test_very_many_faults_are_counted(words):
    words["items"] = {f"q{number}": {"text": 5} for number in range(MOST_TOLD + 8)}
    with pytest.raises(NotAProtocol) as caught:
        read_protocol(words)
    assert len(caught.value.message.splitlines()) == MOST_TOLD + 1
    assert "more faults" in caught.value.message


@pytest.mark.parametrize("text", ["{", "[]", "5", '"x"', "null", "[" * 100_000, ""])
def test_what_is_no_protocol_at_all_is_said_to_be_none(tmp_path, text):
    with pytest.raises(CommandError, match=r"JSON|an object"):
        check(tmp_path, text)


def test_a_project_knows_its_banks_and_what_it_can_run(tmp_path, project, ann, words):
    bank = {"format": "studium-bank/1", "name": "people", "items": {"born": {"text": "Born?"}}}
    banks.write(project=project, by=ann, words=bank)
    words["banks"] = {"people": {}}
    words["pages"]["about"]["items"] = ["age", "born"]
    with pytest.raises(CommandError, match=r"banks\.people\.words"):
        check(tmp_path, words)
    assert "5 items" in check(tmp_path, words, "--project", "alder/memory")
    assert not Protocol.objects.exists()
    words["flow"][1] |= {"record": {"call": "nowhere.at.all"}}
    with pytest.raises(CommandError, match="nowhere"):
        check(tmp_path, words, "--project", "alder/memory")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"flow": [{"name": "a", "page": "about"}]}, "no end page"),
        ({"flow": [{"name": "a", "page": "about"}, {"name": "e", "kind": "end"}]}, "for consent"),
        ({"flow": [{"name": "a", "page": "about"}]}, "pages.rating: No step shows this page"),
        ({"pages": {"about": {"items": []}, "rating": {"items": []}, "reasons": {"items": []}}},
         "items.why: No page has this item"),
    ],
)  # fmt: skip
def test_what_is_worth_a_look_is_said(words, change, says):
    assert any(says in look for look in advice(read_protocol(words | change)))


@pytest.mark.parametrize(
    ("condition", "says"),
    [
        ({"item": "liked", "is": "=", "value": 3}, "no option with the code 3"),
        ({"any": [{"item": "liked", "is": "in", "value": [1, 4]}]}, "no option with the code 4"),
        ({"none": [{"item": "hated"}]}, "Nothing answers 'hated'"),
    ],
)
def test_a_condition_that_can_never_hold_is_worth_a_look(words, condition, says):
    words["flow"][3]["if"] = condition
    [look] = advice(read_protocol(words))
    assert look.startswith("because.if: ")
    assert says in look
