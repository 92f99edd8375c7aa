"""Whatever is sent is answered or refused in words; nothing of it is a fault of the server."""

import json
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.factories import lightmill
from tests.factories.lightmill import MEDIA_TYPE, Api

SOMEBODY = "6f1c1f0e-3f0b-4c7e-9a52-6d0a4a6d9b10"
PATHS = [
    ("POST", "/sessions"), ("POST", "/experiments"), ("POST", "/runs"), ("POST", "/logs"),
    ("POST", "/logs/batch"), ("PATCH", f"/runs/{SOMEBODY}"),
]  # fmt: skip
# Text of any letters, also NUL and halves of surrogate pairs, as JSON can carry them.
texts = st.one_of(st.text(max_size=8), st.sampled_from(["\0", "\ud800", "runs", "logs", SOMEBODY]))
leaves = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), texts, st.just(10**40), st.just(1.0)
)
values = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=12,
)
AS_IT_IS = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
many = settings(max_examples=60, suppress_health_check=AS_IT_IS)


def sound(run):
    return st.sampled_from([
        lightmill.session("participant"), lightmill.session("host"), lightmill.experiment("x"),
        lightmill.run("1", "S1"), lightmill.log(run, 1, {"x": 1}), lightmill.log(run, 2, {"x": 1}),
        lightmill.change(run, status="idle"), lightmill.change(run, lastLogNumber=0),
        lightmill.batch(run, (1, {"x": 1}), (2, {})),
    ])  # fmt: skip


def places(body, at=()):
    """Yield the way to each value inside of a body."""
    yield at
    inner = (
        body.items()
        if isinstance(body, dict)
        else enumerate(body)
        if isinstance(body, list)
        else ()
    )
    for name, value in inner:
        yield from places(value, (*at, name))


def changed(body, at, value):
    """Return the body with another value at a place."""
    if not at:
        return value
    copy = json.loads(json.dumps(body))
    inner = copy
    for name in at[:-1]:
        inner = inner[name]
    inner[at[-1]] = value
    return copy


def fine(answer):
    answered = answer.status_code < 500 and answer.status_code != 499
    if answered and answer.status_code >= 400:
        document = answer.json()
        assert answer["Content-Type"] == MEDIA_TYPE
        assert all(one["code"] and one["status"] for one in document["errors"])
    return answered


@many
@given(st.data())
def test_bodies_that_are_nearly_right_are_never_a_fault(host, api, run, data):
    body = data.draw(sound(run))
    at = data.draw(st.sampled_from(list(places(body))))
    sent = json.dumps(changed(body, at, data.draw(values))).encode()
    for method, path in [*PATHS, ("PATCH", f"/runs/{run}")]:
        assert fine(data.draw(st.sampled_from([host, api, Api()])).ask(method, path, sent))


@many
@given(st.binary(max_size=60))
def test_bodies_of_any_bytes_are_never_a_fault(api, content):
    assert fine(api.post("/logs", content or b" "))


@many
@given(st.sampled_from(["/runs", "/logs", "/experiments", "/sessions/current", "/logs/1"]),
       st.lists(st.tuples(st.sampled_from([
           "filter[id]", "filter[name]", "filter[status]", "filter[experiment.id]", "include",
           "filter[experiment.name]", "filter[run.id]", "filter[run.name]", "filter[logType]", "x",
       ]), st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)),
           max_size=4))  # fmt: skip
def test_queries_of_any_kind_are_never_a_fault(api, run, path, pairs):
    query = "&".join(f"{name}={quote(value)}" for name, value in pairs)
    answer = api.get(f"{path}?{query}")
    if answer.streaming:
        lightmill.text(answer)
    else:
        assert fine(answer)


@pytest.mark.parametrize("query", ["%", "%zz=%", "&&&", "=", "filter[id", "a=%ff%fe", "include=%00",
                                   "&".join(["x=1"] * 2000)])  # fmt: skip
def test_broken_queries_are_refused_without_a_fault(api, query):
    assert api.get(f"/runs?{query}").status_code in {200, 400}


@many
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0/?#"), min_size=1))
def test_ids_of_any_letters_are_never_a_fault(api, run, text):
    for kind in ("runs", "logs", "experiments", "sessions"):
        assert fine(api.get(f"/{kind}/{quote(text)}"))


def test_a_cookie_of_any_kind_opens_nothing(db):
    for cookie in ("x", '"', "=", "a" * 5000, "\xff", "s%3Aabc.def"):
        answer = Api(Cookie=f"lightmill-session-id={cookie}").get("/runs")
        assert (answer.status_code, fine(answer)) == (403, True)
