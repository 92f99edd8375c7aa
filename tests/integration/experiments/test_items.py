"""What items can be besides plain: with a text of one's own, in a matrix, in an order by chance."""

import re

import pytest
from tests.factories import experiments
from tests.integration.experiments.taking_part import Participant

from experiments.errors import NotAProtocol
from runs.models import Answer, Measure

PLAYED = {"options": [
    {"code": "p", "label": "**Piano**"}, {"code": "f", "label": "Flute"},
    {"code": "o", "label": "Another", "other": True},
]}  # fmt: skip
GRID = {"kind": "choice", "display": "matrix", "scale": "agree"}
ITEMS = {
    "plays": {"text": "What do you play?", "kind": "choice", "scale": PLAYED},
    "sings": {"text": "What else?", "kind": "choices", "scale": PLAYED, "need": "optional"},
    "calm": {"text": "It was calm", **GRID},
    "fast": {"text": "It was fast", **GRID},
    "sad": {"text": "It was sad", **GRID, "need": "asked-once"},
}


def words_with(*names, order="fixed", **items):
    items = {name: (ITEMS | items)[name] for name in names}
    return experiments.WORDS | {
        "items": items,
        "pages": {"only": {"title": "Only", "items": list(items), "order": order}},
        "flow": [{"name": "only", "page": "only"}, {"name": "end", "kind": "end"}],
    }


@pytest.fixture
def begun(project, ann):
    def with_(*names, **more):
        words = words_with(*names, **more)
        someone = Participant(experiments.token(experiments.published(project, ann, words), ann))
        someone.begin()
        return someone

    return with_


def told():
    rows = Answer.objects.select_related("measure").order_by("measure__name")
    return {row.measure.name: row.value for row in rows}


def other(name):
    return f"other-{name}"


def test_another_answer_is_asked_for_in_words_and_kept_beside_its_code(begun):
    someone = begun("plays", "sings")
    assert someone.send(item_plays="o").status_code == 422
    assert "what you mean by “Another”" in someone.text
    someone.send(**{"item_plays": "o", other("plays"): "Lute", "item_sings": ["p", "o"],
                    other("sings"): "Oud"})  # fmt: skip
    assert told() == {"plays": "o", "plays.other": "Lute", "sings": ["p", "o"],
                      "sings.other": "Oud"}  # fmt: skip
    assert Measure.objects.get(name="plays.other").label == "What do you play? (Another)"
    assert not Measure.objects.filter(is_unforeseen=True).exists()


def test_a_text_without_its_choice_is_the_choice_and_beside_another_choice_it_is_not(begun):
    someone = begun("plays")
    someone.send(**{other("plays"): "Lute"})
    assert told() == {"plays": "o", "plays.other": "Lute"}
    Answer.objects.all().delete()
    again = begun("plays")
    again.send(**{"item_plays": "p", other("plays"): "Lute"})
    assert told() == {"plays": "p"}


def test_a_text_of_ones_own_has_its_limit_and_stays_when_it_is_refused(begun):
    someone = begun("plays", plays=ITEMS["plays"] | {"longest": 5})
    assert someone.send(**{"item_plays": "o", other("plays"): "Glockenspiel"}).status_code == 422
    assert "at most 5" in someone.text
    assert 'value="Glockenspiel"' in someone.text


def test_a_matrix_has_its_columns_once_and_each_row_its_own_answer(begun):
    someone = begun("plays", "calm", "fast", "sad")
    assert someone.text.count('class="matrix"') == 1
    assert someone.text.count("matrix-row") == 3
    assert someone.send(item_plays="p", item_calm="1").status_code == 422
    assert "2 answers need" in someone.text
    someone.send(item_plays="p", item_calm="1", item_fast="5", item_sad="5")
    assert told() == {"plays": "p", "calm": 1, "fast": 5, "sad": 5}


def test_items_and_options_stand_in_the_order_of_the_run(begun):
    items = {"plays": ITEMS["plays"] | {"order": "random"}}
    orders, firsts = set(), set()
    for _ in range(12):
        someone = begun("plays", "calm", "fast", "sad", order="random", **items)
        shown = re.findall(r'type="radio"\s+name="item-(\w+)"\s+value="(-?\w+)"', someone.text)
        orders.add(tuple(dict.fromkeys(name for name, _ in shown)))
        codes = [code for name, code in shown if name == "plays"]
        assert codes[-1] == "o"
        firsts.add(codes[0])
        before = someone.text
        assert someone.look().content.decode() == before
    assert len(orders) > 2
    assert firsts == {"p", "f"}


def test_texts_are_markdown(begun):
    someone = begun("plays")
    assert "<strong>Piano</strong>" in someone.text


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"display": "matrix"}, r"items.plays.display: .*without 'other'"),
        ({"kind": "text", "display": "matrix"}, "items.plays.display: A matrix"),
        ({"order": "up"}, "items.plays.order: 'up' is none of"),
        ({"kind": "number", "scale": {}, "order": "random"}, "items.plays.order: There are no"),
        ({"scale": {"options": [{"code": n, "label": "x", "other": True} for n in (1, 2)]}},
         "items.plays.scale.options: One option at most"),
        ({"kind": "slider", "scale": {"minimum": 0, "maximum": 1,
                                      "anchors": [{"at": 2, "label": "far"}]}},
         "items.plays.scale.anchors: The anchor at 2"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said_with_its_place(begun, change, says):
    with pytest.raises(NotAProtocol, match=says):
        begun("plays", plays=ITEMS["plays"] | change)


PAID = {"pay": {"text": "What do you earn?", "kind": "number", "need": "optional"}}


@pytest.mark.parametrize(
    ("language", "typed", "value"),
    [("en", "1,5", 1.5), ("en", "1 000", 1000), ("de", "1,000", 1), ("de", "1.234,5", 1234.5)],
)
def test_a_number_is_stored_as_it_was_meant(project, ann, language, typed, value):
    words = words_with("pay", **PAID) | {"language": language}
    someone = Participant(experiments.token(experiments.published(project, ann, words), ann))
    someone.begin()
    assert someone.send(item_pay=typed).status_code == 302
    answer = Answer.objects.get(measure__name="pay")
    assert (answer.number, answer.label) == (value, typed)


def test_a_thousand_that_may_be_one_is_asked_about_and_stays_in_its_field(begun):
    someone = begun("pay", **PAID)
    assert someone.send(item_pay="1,000").status_code == 422
    assert "Please write 1000 or 1.000." in someone.text
    assert 'value="1,000"' in someone.text
    assert not Answer.objects.exists()
    assert someone.send(item_pay="1000").status_code == 302
    assert told() == {"pay": 1000}


def test_an_item_that_was_asked_the_same_has_the_same_hash_in_every_revision(project, ann):
    first = words_with("plays", "calm")
    second = words_with("plays", "calm", calm=ITEMS["calm"] | {"text": "It was quiet"})
    hashes = [asked_in(experiments.published(project, ann, each)) for each in (first, second)]
    assert all(len(each) == 64 for each in hashes[0].values())
    assert hashes[0]["plays"] == hashes[1]["plays"]
    assert hashes[0]["calm"] != hashes[1]["calm"]


def asked_in(revision):
    asked = Measure.objects.filter(design=revision.digest, name__in=["plays", "calm"])
    return dict(asked.values_list("name", "item"))
