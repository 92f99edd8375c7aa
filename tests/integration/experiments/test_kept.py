"""What must not get lost: each kind of answer as it was meant, and what it was an answer to."""

import pytest
from django.db.models import ProtectedError
from tests.factories import experiments, stimuli
from tests.factories.scripts import call, words
from tests.integration.experiments.taking_part import Participant
from tests.integration.experiments.whole_database import tables_with

from experiments.models import Link, Protocol, Revision
from experiments.services import stimuli as service
from experiments.services import stimulus_files
from runs.models import Answer, Measure, Run, Visit
from runs.models import Participant as Person

RATED = {"flow": [{"name": "rate", "page": "rating"}, {"name": "reasons", "page": "reasons"},
                  {"name": "end", "kind": "end", "title": "Thank you"}]}  # fmt: skip
LOOK = """
def look(here):
    return "moon"
"""


@pytest.fixture
def someone(project, ann):
    def begun(**changes):
        revision = experiments.published(project, ann, experiments.WORDS | RATED | changes)
        participant = Participant(experiments.token(revision, ann))
        participant.begin()
        return participant

    return begun


def answer(name):
    return Answer.objects.get(measure__name=name)


def test_several_choices_are_kept_by_their_codes_and_can_be_read(someone):
    someone().send(item_liked="5", item_heard=["radio", "home"])
    kept = answer("heard")
    assert kept.value == ["radio", "home"]
    assert kept.label == "On the radio; At home"
    levels = Measure.objects.get(name="heard").levels
    assert levels == {"radio": "On the radio", "home": "At home", "no": "Nowhere"}


def test_an_item_that_is_optional_holds_nobody_up_and_is_kept_as_skipped(someone):
    participant = someone()
    participant.send(item_liked="5")
    assert participant.title == "Why"
    assert (answer("heard").value, answer("heard").missing) == (None, "skipped")


def test_who_would_rather_not_say_is_kept_as_having_declined(someone):
    participant = someone()
    participant.send(item_liked="5")
    participant.send(**{"decline-why": "1"})
    assert participant.title == "Thank you"
    assert (answer("why").value, answer("why").missing) == (None, "declined")


def test_a_page_says_its_header_before_its_items_and_its_footer_after(someone):
    page = {"title": "The melody", "items": ["liked"], "header": "Think **back**.",
            "footer": "Nearly done."}  # fmt: skip
    text = someone(pages=experiments.WORDS["pages"] | {"rating": page}).text
    places = [text.index(words) for words in ("<strong>back", "Did you like it?", "Nearly done")]
    assert places == sorted(places)


@pytest.mark.usefixtures("toylab")
def test_an_image_stands_above_the_items_and_the_answers_belong_to_it(project, ann, toylab):
    (toylab / "melodies.py").write_text(LOOK)
    read = stimulus_files.read(stimuli.archive(), "birds.zip")
    service.bring(project=project, collection="birds", by=ann, stimuli=read)
    step = {"name": "see", "kind": "image", "page": "rating", "stimulus": "draw",
            "draw": call("look")}  # fmt: skip
    told = words(step, stimuli={"collection": "birds"})
    participant = Participant(experiments.token(experiments.published(project, ann, told), ann))
    participant.begin()
    assert participant.text.index("<img") < participant.text.index("Did you like it?")
    participant.send(item_liked="5")
    assert answer("liked").stimulus == "moon"


def test_what_answers_were_given_to_cannot_be_deleted_from_under_them(someone):
    someone().send(item_liked="5")
    for kind in (Protocol, Revision, Link, Run, Person, Measure, Visit):
        with pytest.raises(ProtectedError):
            kind.objects.all().delete()
    assert Answer.objects.count() == 2


def test_another_order_of_options_later_changes_nothing_that_was_answered(someone, project, ann):
    someone().send(item_liked="5")
    turned = {"agree": {"options": list(reversed(experiments.AGREE))}}
    experiments.published(project, ann, experiments.WORDS | RATED | {"scales": turned})
    kept = answer("liked")
    assert (kept.value, kept.label) == (5, "Yes")
    assert kept.measure.levels["5"] == "Yes"


def test_no_table_holds_the_token_of_a_link_or_the_key_of_a_run(someone):
    participant = someone()
    participant.send(item_liked="5")
    assert not tables_with(participant.token, participant.key)
    assert len(participant.token) >= 43  # 256 bits
