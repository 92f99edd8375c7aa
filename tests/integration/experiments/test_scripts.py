"""A lab's functions decide and draw; whatever they do, nothing that was answered is lost."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.factories import experiments, scripts
from tests.factories.scripts import call, words
from tests.integration.experiments.taking_part import Participant

from experiments.errors import NotThisCode
from experiments.models import Asset, Revision, Sitting
from experiments.services import protocols
from runs.models import Answer, Event, Run, Visit

pytestmark = pytest.mark.usefixtures("toylab")
ABOUT = {"name": "about-you", "page": "about"}


@pytest.fixture
def begun(project, ann):
    def begin(*flow, **more):
        revision = experiments.published(project, ann, words(*flow, **more))
        participant = Participant(experiments.token(revision, ann))
        participant.begin()
        return participant

    return begin


def rated(**more):
    return {"name": "rate", "page": "rating", "draw": call("draw")} | more


def test_what_is_drawn_stays_when_the_page_is_loaded_again(begun):
    someone = begun(rated(stimulus="draw"))
    drawn = Visit.objects.get()
    assert drawn.stimulus.startswith("tune-")
    for _ in range(3):
        assert someone.look().status_code == 200
    again = Visit.objects.get()
    assert (again.stimulus, again.content) == (drawn.stimulus, {"data": {"seen": []}})
    someone.send(item_liked="5")
    assert set(Answer.objects.values_list("stimulus", flat=True)) == {drawn.stimulus}


def test_a_block_ends_when_nothing_is_left_to_draw(begun):
    loop = {"name": "tunes", "until_exhausted": True, "times": None,
            "steps": [rated(stimulus="draw", draw=call("draw", most=4)),
                      {"name": "again", "page": "rating", "stimulus": "keep"}]}  # fmt: skip
    someone = begun(loop)
    for _ in range(4):
        assert someone.title == "The melody"
        someone.send(item_liked="5")
    assert someone.title == "Thank you"
    tunes = list(Visit.objects.values_list("stimulus", flat=True))
    assert len(tunes) == 4
    assert (tunes[0], tunes[2]) == (tunes[1], tunes[3])
    assert tunes[0] != tunes[2]
    assert Visit.objects.get(position=3).content["data"]["seen"] == [tunes[0]]


def test_a_function_decides_what_is_shown(begun):
    shown = {
        "name": "because",
        "page": "reasons",
        "if": {"all": [{"item": "liked", "is": "answered"}, call("liked_it", least=5)]},
    }
    someone = begun({"name": "rate", "page": "rating"}, shown)
    someone.send(item_liked="5")
    assert someone.title == "Why"
    other = begun({"name": "rate", "page": "rating"}, shown)
    other.send(item_liked="1")
    assert other.title == "Thank you"


def test_a_function_decides_about_the_first_step_too(begun):
    someone = begun(ABOUT | {"if": call("liked_it")}, {"name": "rate", "page": "rating"})
    assert someone.title == "The melody"


def test_feedback_is_what_the_function_says(begun):
    someone = begun(
        ABOUT, {"name": "told", "kind": "feedback", "title": "You", "draw": call("tell")}
    )
    someone.send(item_age="44")
    assert someone.title == "You"
    assert "You are at 2, and said 44." in someone.text
    someone.send()
    assert someone.title == "Thank you"


@pytest.mark.parametrize("name", ["loop", "sleep", "hog", "leave", "nonsense"])
def test_a_function_that_goes_wrong_keeps_the_run_and_says_so(begun, name):
    someone = begun(ABOUT, rated(draw=call(name)))
    answer = someone.send(item_age="44")
    assert answer.status_code == 302
    assert someone.shown.status_code == 503
    assert someone.shown["Retry-After"] == "10"
    assert someone.title == "The next page could not be made"
    assert "Try again" in someone.text
    assert Answer.objects.get().value == 44
    assert Run.objects.get().status == "active"
    event = Event.objects.get(kind="script failed")
    assert (event.data["call"], event.data["step"]) == (f"toylab.melodies.{name}", "rate")
    assert event.data["error"]
    assert Sitting.objects.get().claimed_until is None


def test_what_no_database_can_hold_is_stored_as_it_can(begun):
    begun(rated(draw=call("unprintable")))
    visit = Visit.objects.get()
    assert visit.content == {"data": {"a\ufffd": ["?", str(10**30)]}}
    other = begun(rated(draw=call("unprintable", raises=True)))
    assert other.shown.status_code == 503
    assert Event.objects.get(kind="script failed").data["error"].startswith("ValueError: a")


def test_what_was_mended_goes_on_where_it_stood(begun, tmp_path):
    file = tmp_path / "melodies.csv"
    someone = begun(ABOUT, rated(draw=call("mended", file=str(file))))
    someone.send(item_age="44")
    assert someone.shown.status_code == 503
    event = Event.objects.get(kind="script failed")
    assert event.data["error"] == "FileNotFoundError: the list of melodies"
    assert f"looking for {file}" in event.data["printed"]
    assert "melodies" not in someone.text
    file.touch()
    assert someone.look().status_code == 200
    assert (someone.title, Visit.objects.last().stimulus) == ("The melody", "found")


def test_a_condition_that_fails_loses_no_answer_and_sends_nobody_on(begun, tmp_path):
    someone = begun(ABOUT, {"name": "why", "page": "reasons", "if": call("nonsense")})
    page = someone.text
    someone.send(item_age="44")
    assert someone.shown.status_code == 503
    assert someone.send(page=page, item_age="44").status_code == 302
    assert Answer.objects.count() == 1
    assert (Sitting.objects.get().position, Sitting.objects.get().pending) == (1, "on")


def test_the_leave_button_leaves_also_where_functions_decide(begun):
    loop = {"name": "tunes", "times": 5, "leave_label": "Enough", "steps": [rated()]}
    someone = begun(loop)
    someone.send(item_liked="5", leave="1")
    assert someone.title == "Thank you"


def test_runs_go_on_with_the_code_that_was_frozen(begun, toylab):
    someone = begun(ABOUT, {"name": "told", "kind": "feedback", "draw": call("tell")})
    scripts.package(toylab.parent, code="def tell(here):\n    return 'Something else.'\n")
    someone.send(item_age="44")
    assert "You are at 2" in someone.text
    other = begun(ABOUT, {"name": "told", "kind": "feedback", "draw": call("tell")})
    other.send(item_age="44")
    assert "Something else." in other.text
    first, second = Revision.objects.order_by("number")
    assert first.words["scripts"]["toylab"] != second.words["scripts"]["toylab"]
    assert first.digest != second.digest


def test_the_same_code_is_the_same_revision(project, ann):
    first = experiments.published(project, ann, words(rated()))
    again = experiments.published(project, ann, words(rated()))
    assert (first.pk, first.digest) == (again.pk, again.digest)
    assert Asset.objects.get().digest == first.words["scripts"]["toylab"]


@pytest.mark.parametrize(
    ("step", "says"),
    [
        (rated(draw={"call": "os.path.join"}), "flow[0].draw: the package 'os' may not be called"),
        (rated(draw=call("nothing")), "flow[0].draw: toylab.melodies has no function 'nothing'"),
        (rated(draw=call("draw", most="3")), "flow[0].draw: most is '3', and draw wants int."),
        (ABOUT | {"if": {"none": [call("liked_it", last=3)]}}, "flow[0].if: liked_it(here"),
    ],
)
def test_a_wrong_call_is_named_when_the_protocol_is_frozen(project, ann, step, says):
    protocol = protocols.write(project=project, by=ann, words=words(step))
    with pytest.raises(NotThisCode) as caught:
        protocols.freeze(protocol=protocol, by=ann)
    assert says in caught.value.message
    assert not Revision.objects.exists()


def test_code_that_is_not_here_is_not_frozen(project, ann):
    words_ = words(rated()) | {"scripts": {"toylab": "0" * 64}}
    protocol = protocols.write(project=project, by=ann, words=words_)
    with pytest.raises(NotThisCode, match="000000000000 that this protocol names is not here"):
        protocols.freeze(protocol=protocol, by=ann)


def test_the_page_of_a_run_without_functions_asks_nobody(begun, django_assert_max_num_queries):
    someone = begun(ABOUT)
    with django_assert_max_num_queries(4):
        someone.look()


def judged(**arguments):
    return {"name": "about-you", "page": "about", "record": call("judge", **arguments)}


def test_a_function_may_ask_for_another_answer_in_its_own_words(begun):
    someone = begun(judged())
    assert someone.send(item_age="99").status_code == 422
    assert "You <strong>cannot</strong> be 99." in someone.text
    assert 'value="99"' in someone.text
    assert not Answer.objects.exists()
    someone.send(item_age="65")
    assert someone.title == "Thank you"
    stored = dict(Answer.objects.values_list("measure__name", "value"))
    assert stored == {"age": 65, "months": 780, "is_old": True}


def test_a_page_that_is_sent_twice_is_judged_and_stored_once(begun):
    someone = begun(judged(), {"name": "rate", "page": "rating"})
    page = someone.text
    for _ in range(3):
        assert someone.send(page=page, item_age="30").status_code == 302
    assert Answer.objects.count() == 3
    assert not Visit.objects.filter(is_disputed=True).exists()


def test_answers_that_could_not_be_judged_can_be_sent_again_and_are_shown_to_the_lab(begun):
    someone = begun(judged())
    assert someone.send(item_age="98").status_code == 503
    assert 'name="item-age" value="98"' in someone.text
    assert "not saved yet" in someone.text
    assert not Answer.objects.exists()
    event = Event.objects.get(kind="script failed")
    assert event.data["sent"] == {"age": 98}
    assert event.data["error"] == "RuntimeError: no idea"
    someone.look()
    assert someone.title == "About you"
    someone.send(item_age="40")
    assert someone.title == "Thank you"


def asked(someone, act):
    with CaptureQueriesContext(connection) as captured:
        act(someone)
    return [each["sql"] for each in captured]


def test_a_page_that_is_drawn_asks_few_questions_and_shown_again_fewer(begun):
    someone = begun(ABOUT, rated(), {"name": "end-of-it", "page": "rating"})
    look, someone.look = someone.look, lambda: None
    accepted = asked(someone, lambda one: one.send(item_age="44"))
    drawn = asked(someone, lambda _: look())
    again = asked(someone, lambda _: look())
    assert len(accepted) <= 12, accepted
    assert len(drawn) <= 20, drawn
    assert len(again) <= 4, again
