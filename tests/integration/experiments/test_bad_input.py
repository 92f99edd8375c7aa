"""Whatever is sent to the addresses of participants, the answer is a refusal and nothing is kept.

A new address is part of it by itself; one with a word in it that is not known here gets nonsense.
"""

import json
import re
import uuid
from collections.abc import Iterator
from itertools import product

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from tests.factories import experiments as make
from tests.factories.bad_input import NEVER, WHOLE
from tests.factories.runs import row
from tests.integration.experiments.taking_part import ACTION, HOLDER, Participant

from experiments.urls import urlpatterns
from runs.models import Answer, Trial, Visit

MINE = '"me"'  # stands for the holder of the page
DEEP = 700  # brackets: Python reads so many, and yet not twice as many
LONG = "☃" * 3000
TEXTS = [
    "",
    "\0",
    "\ud800",
    LONG,
    "-1",
    "1e400",
    "nan",
    "²",
    "9" * 5000,
    "1" * 308,
    "None",
    "[",
    "0" * 2000,
]
FIELDS = ["item-liked", "item-heard", "item-nobody", "decline-liked", "asked", "leave", "agree",
          "decline", "holder", "press", "confirm", "scope", "keep"]  # fmt: skip
FORM = "application/x-www-form-urlencoded"
PARTS = 'multipart/form-data; boundary="x"'
BODIES = [
    (FORM, b"%ff%fe=%00&item-liked=%c3%28"),
    (FORM, b"&".join(b"item-liked=1" for _ in range(1500))),
    (FORM, b"item-liked=" + b"x" * 3_000_000),
    (FORM, b"item-liked=" + b"0" * 900_000),
    (FORM, b"item-age=" + b"0" * 900_000),
    (f"{FORM}; charset=utf-16", "item-liked=5".encode("utf-16")),
    (f"{FORM}; charset=nonsense", b"item-liked=5"),
    (PARTS, b""),
    (PARTS, b'--x\r\nContent-Disposition: form-data; name="item-liked"\r\n\r\n5'),
    (PARTS, b'--x\r\nContent-Disposition: form-data; name="a"; filename="a\0b"\r\n\r\n5\r\n--x--'),
    ("multipart/form-data", b"no boundary"),
    ('multipart/form-data; boundary="\xe9"', b"--"),
    ("text/plain", b"item-liked=5"),
    ("", b"item-liked=5"),
    ("\xff\xfe", b"item-liked=5"),
    *(("application/json", body.encode("utf-8", "surrogatepass")) for body in WHOLE),
    ("application/json", b"\xff\xfe\x00"),
]  # fmt: skip
NO_DATA = ["null", "5", "[]", '"x"']
IN_A_ROW = [
    *(f'{{"response": {value}}}' for value in NEVER),
    f'{{"response": {"[" * DEEP}{"]" * DEEP}}}',
    f'{{"response": {"[" * 400}1{"]" * 400}}}',
    '{"response": {"": 1, "a": {"b": [null]}}}',
    '{"response": [1e400, -1e400]}', '{"rt": 1e400, "onset": -1e400, "time_elapsed": "x"}',
    '{"rt": ' + "9" * 4000 + "}",
    '{"response": ' + "9" * 4000 + "}",
    '{"trial_type": {"a": 1}, "stimulus_id": [1], "item": 1e400, "response": 1}',
    '{"item": "' + "x" * 5000 + '", "response": "' + "y" * 200_000 + '"}',
    '{"item": "\\ud800\\u0000", "response": "\\ud800\\u0000", "\\ud800": 1}',
    '{"response": {"\\u0000": "\\u0000", "\\ud800": "\\ud800", "' + "n" * 300 + '": 1}}',
    '{"response": "' + "x" * 300_000 + '"}',
]  # fmt: skip
INDICES = ["-1", "1.5", "true", '"0"', "null", "1000001", "9" * 30, "[]"]


def batches() -> Iterator[bytes]:
    """Yield what a broken or a malicious runner might send."""

    def of(rows: str, holder: str = MINE, events: str = "[]", at: str = "null") -> bytes:
        text = f'{{"holder": {holder}, "rows": {rows}, "events": {events}, "sent_at": {at}}}'
        return text.encode("utf-8", "surrogatepass")

    for data in [*NO_DATA, *IN_A_ROW]:
        yield of(f'[{{"index": 0, "data": {data}}}]')
        yield of("[]", events=f'[{{"number": 0, "kind": "k", "at_ms": 1, "data": {data}}}]')
    for index in INDICES:
        yield of(f'[{{"index": {index}, "data": {{}}}}]')
        yield of("[]", events=f'[{{"number": {index}, "kind": "k", "data": {{}}}}]')
    for word in [*NO_DATA, *NEVER, '{"a": 1}', '"' + "h" * 65 + '"', '"\\u0000"', '"é"']:
        yield of("[]", holder=word)
        yield of(word)
        yield of("[]", events=word)
        yield of("[]", at=word)
        yield of("[]", events=f'[{{"number": 0, "kind": {word}, "at_ms": {word}}}]')
    for time in [
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59-23:59",
        "2026-02-30",
        "x" * 9000,
    ]:
        yield of("[]", at=json.dumps(time))
    yield of(json.dumps([row(0), row(0, rt=1)]))
    yield of(json.dumps([row(index) for index in range(201)]))


@pytest.fixture
def someone(token):
    person = Participant(token)
    person.begin()
    person.send(agree="1")
    person.send(item_age="33")
    return person


@pytest.fixture
def places(someone, token, revision, ann):
    """Return what the words in an address may stand for: mine, another's, nobody's, nonsense."""
    other = Participant(make.token(revision, ann))
    other.begin()
    visit, foreign = (ACTION.search(each.text)[1].split("/")[3] for each in (someone, other))
    nobody = str(uuid.uuid4())
    return {
        "token": [token, "nobody", "\0", "☃" * 300, "\ud800".encode("utf-8", "replace").decode()],
        "key": [someone.key, other.key, "nobody", "%00", "☃"],
        "visit": [visit, foreign, nobody],
        "": ["1", "nonsense", nobody],
    }


def addresses(places):
    for pattern in urlpatterns:
        names = [*pattern.pattern.converters]
        kinds = [pattern.pattern.converters[name] for name in names]
        choices = [
            fitting(kind, places.get(name, places[""]))
            for name, kind in zip(names, kinds, strict=True)
        ]
        for chosen in product(*choices):
            yield reverse(
                f"experiments:{pattern.name}", kwargs=dict(zip(names, chosen, strict=True))
            )


def fitting(kind, values):
    """Return the values that an address of this kind can hold at all."""
    fits = []
    for value in values:
        try:
            kind.to_url(kind.to_python(value))
        except (ValueError, TypeError):
            continue
        if re.fullmatch(kind.regex, value):
            fits.append(value)
    return fits


def kept():
    """Return how many rows each table of the areas has, in one query."""
    tables = [model._meta.db_table for area in ("runs", "experiments")
              for model in apps.get_app_config(area).get_models()]  # fmt: skip
    counts = [f"SELECT '{name}', count(*) FROM {name}" for name in tables]  # noqa: S608  our own
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(counts))
        return dict(cursor.fetchall())


@pytest.fixture
def attempt(places):
    """Return what sends one request from the same beginning, and collects what went wrong."""
    client = Client(raise_request_exception=False)
    wrong = []

    def attempted(method, address, body=b"", kind=FORM, **headers):
        before = kept()
        with transaction.atomic():
            answer = client.generic(method, address, body, kind, **headers)
            what = f"{answer.status_code} {method} {address[:60]} {kind} {body[:90]!r} {headers}"
            if answer.status_code >= 500:
                wrong.append(what)
            elif answer.status_code >= 400 and kept() != before:
                wrong.append(f"half written: {what}")
            transaction.set_rollback(True)
        return answer

    yield attempted
    assert not wrong, "\n".join([f"{len(wrong)} wrong", *wrong[:40]])


def test_every_method_at_every_address(attempt, places):
    for address in addresses(places):
        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"):
            attempt(method, address)


def test_every_broken_body_at_every_address(attempt, places):
    some = {name: [values[0], values[2]] for name, values in places.items()}
    for address, (kind, body) in product(addresses(some), BODIES):
        attempt("POST", address, body, kind)


def test_every_field_with_every_text(attempt, places):
    mine = {name: values[:1] for name, values in places.items()}
    for address, field, text in product(addresses(mine), FIELDS, TEXTS):
        body = f"item-liked=5&agree=1&confirm=1&{field}=".encode()
        attempt("POST", address, body + text.encode("utf-8", "surrogatepass"))


def test_every_broken_batch(attempt, places, someone):
    address = reverse("experiments:trials", args=[places["key"][0], places["visit"][0]])
    holder = json.dumps(HOLDER.search(someone.text)[1]).encode()
    for body in batches():
        attempt("POST", address, body.replace(MINE.encode(), holder), "application/json")


SIZES = ["0", "-1", "1.5", "true", "null", '"5"', "9" * 30, "9" * 5000, "[]", "1e400"]
OFFSETS = ["", "-1", "1.5", "²", "0x0", "%00", "9" * 30, "9" * 5000, "5", "0&at=-1"]
PLAYED = {"items": {"voice": {"text": "Sing it", "kind": "recording", "most_mb": 1}},
          "pages": {"only": {"items": ["voice"]}},
          "flow": [{"name": "only", "page": "only"}, {"name": "end", "kind": "end"}]}  # fmt: skip


@pytest.fixture
def singer(project, ann, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    words = make.WORDS | {"name": "songs"} | PLAYED
    person = Participant(make.token(make.published(project, ann, words), ann))
    person.begin()
    return person


def test_every_broken_part_of_a_file(attempt, singer):
    address = f"{ACTION.search(singer.text)[1]}uploads/"
    holder = HOLDER.search(singer.text)[1]
    sound = {"holder": holder, "item": "voice", "name": "a.wav", "size": 5000}
    said = json.dumps(sound | {"size": "?"})
    odd = [*NEVER, *NO_DATA, json.dumps(LONG), '"../../x"', '"a\\u0000b"', '"."', '""']
    bodies = [said.replace('"?"', size) for size in SIZES]
    bodies += [json.dumps(sound | {name: "?"}).replace('"?"', value)
               for name, value in product(("holder", "item", "name"), odd)]  # fmt: skip
    for body in bodies:
        attempt("POST", address, body.encode("utf-8", "surrogatepass"), "application/json")
    begun = singer.browser.post(address, sound, content_type="application/json").json()
    for at, part in product(OFFSETS, (b"", b"RIFF", b"x" * 2_000_000, b"\xff\xd8\xff")):
        query = f"at={at}&holder={holder}"
        attempt("POST", f"{address}{begun['upload']}/", part, QUERY_STRING=query)


def test_every_odd_head(attempt, places):
    heads = [
        {"HTTP_COOKIE": "studium_browser=\0; a=b;;;=;"}, {"HTTP_COOKIE": "x" * 9000},
        {"HTTP_ACCEPT": "application/json"}, {"HTTP_ACCEPT_LANGUAGE": "xx-" * 500},
        {"HTTP_HOST": "no host"},
        {"QUERY_STRING": "holder=%00"}, {"QUERY_STRING": "%ff=%ff&" * 2000},
        {"QUERY_STRING": "PROLIFIC_PID=" + "x" * 100_000}, {"HTTP_HX_REQUEST": "true"},
    ]  # fmt: skip
    mine = {name: values[:1] for name, values in places.items()}
    for address, head, method in product(addresses(mine), heads, ("GET", "POST")):
        attempt(method, address, b"item-liked=5", **head)


def test_a_page_under_the_key_of_another_is_refused_and_kept_nowhere(attempt, places, someone):
    (mine, other, *_), (visit, foreign, _) = places["key"], places["visit"]
    for key, where in ((mine, foreign), (other, visit)):
        address = reverse("experiments:submit", args=[key, where])
        assert attempt("POST", address, b"item-liked=5").status_code == 404
        batch = json.dumps({"holder": "me", "rows": [row(0)]}).encode()
        assert attempt("POST", f"{address}trials/", batch, "application/json").status_code == 404
    assert (Answer.objects.count(), Trial.objects.count()) == (1, 0)


def test_an_item_of_another_page_is_refused_and_nothing_of_the_page_is_kept(someone):
    someone.send(item_liked="5", item_age="40")
    assert someone.shown.status_code == 422
    assert "age" in someone.text
    assert [answer.value for answer in Answer.objects.all()] == [33]
    assert Visit.objects.get(step="rate").submitted_at is None
