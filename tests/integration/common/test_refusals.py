"""What the site refuses is said to people, to htmx and to programs."""

import json

import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import OperationalError, connection
from django.http import HttpResponse
from django.test import Client, override_settings
from django.urls import include, path
from rest_framework.views import APIView

from common import incidents, refusals
from common.api import exception_handler
from common.errors import Busy, NotAllowed, NotThere, TooMany


class TabletHasIt(Busy):
    message = "Tablet 3 has this run."
    remedy = "Wait until it is done."


def refusing(error):
    def view(request):
        raise error

    return view


class Api(APIView):
    authentication_classes = ()
    permission_classes = ()

    def get(self, _request):
        raise TooMany(retry_after=7)

    def get_exception_handler(self):
        return exception_handler


def broken(request):
    raise ZeroDivisionError("a secret in the middle of a bug")


urlpatterns = [
    path("", include("config.urls")),
    path("busy/", refusing(TabletHasIt(retry_after=4))),
    path("forbidden/", refusing(PermissionDenied("Only managers close a project."))),
    path("forbidden-silently/", refusing(PermissionDenied())),
    path("large/", refusing(RequestDataTooBig())),
    path("silent/", refusing(OperationalError("could not connect to server"))),
    path("empty/", lambda _: HttpResponse(status=404)),
    path("broken/", broken),
    path("api/", Api.as_view()),
]
handler400, handler403 = incidents.unreadable, incidents.not_allowed
handler404, handler500 = incidents.not_there, incidents.broken

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


def test_a_page_says_what_happened_and_what_to_do(client):
    response = client.get("/busy/")
    page = response.content.decode()
    assert response.status_code == 409
    assert "Tablet 3 has this run." in page
    assert "Wait until it is done." in page
    assert response["X-Request-ID"] in page


def test_a_refusal_says_when_to_come_back(client):
    assert client.get("/busy/")["Retry-After"] == "4"


def test_htmx_gets_a_fragment(client):
    response = client.get("/busy/", headers={"HX-Request": "true"})
    assert response.status_code == 409
    assert b"<html" not in response.content
    assert b"Tablet 3 has this run." in response.content


def test_a_program_gets_json(client):
    response = client.get("/busy/", headers={"Accept": "application/json"})
    assert response.json() == {
        "status": 409,
        "title": "Not at this moment",
        "detail": "Tablet 3 has this run.",
        "remedy": "Wait until it is done.",
        "request_id": response["X-Request-ID"],
        "code": "tablet-has-it",
    }


def test_the_api_speaks_the_same_words(client):
    response = client.get("/api/")
    assert response.status_code == 429
    assert response["Retry-After"] == "7"
    assert response.json()["detail"] == TooMany.message


def test_the_site_uses_this_handler_for_its_api(settings):
    assert settings.REST_FRAMEWORK["EXCEPTION_HANDLER"] == "common.api.exception_handler"


@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("/nowhere/", 404, NotThere.title),
        ("/empty/", 404, NotThere.title),
        ("/forbidden/", 403, "Only managers close a project."),
        ("/forbidden-silently/", 403, NotAllowed.message),
        ("/large/", 413, refusals.TooLarge.title),
        ("/silent/", 503, "The database does not answer"),
    ],
)
def test_what_django_refuses_is_said_in_words(client, address, status, words):
    response = client.get(address)
    assert response.status_code == status
    assert words in response.content.decode()


def test_the_wrong_method_is_said_in_words_and_keeps_the_allowed_ones(client):
    response = client.post("/search/")
    assert response.status_code == 405
    assert "GET" in response["Allow"]
    assert refusals.NotThatWay.title in response.content.decode()


def test_an_old_form_is_explained():
    client = Client(enforce_csrf_checks=True)
    response = client.post("/theme/", {"theme": "dark"})
    assert response.status_code == 403
    assert "too old" in response.content.decode()


def test_a_silent_database_is_logged_and_worth_another_try(client, caplog):
    assert client.get("/silent/")["Retry-After"] == "30"
    assert "could not connect to server" in caplog.text


def broken_page(**headers):
    return Client(raise_request_exception=False).get("/broken/", headers=headers)


def test_a_bug_shows_its_request_and_never_its_inside():
    response = broken_page()
    assert response.status_code == 500
    assert response["X-Request-ID"] in response.content.decode()
    assert "secret" not in response.content.decode()


def test_a_bug_answers_a_program_in_json():
    response = broken_page(Accept="application/json")
    assert json.loads(response.content)["request_id"] == response["X-Request-ID"]


def test_a_bug_is_answered_without_the_database(django_assert_num_queries):
    with django_assert_num_queries(0):
        broken_page()


def test_a_bug_is_answered_without_templates_or_static_files(rf):
    with override_settings(TEMPLATES=[]):
        response = incidents.broken(rf.get("/"))
    assert "Something went wrong" in response.content.decode()


def silent(_execute, _sql, _params, _many, _context):
    raise OperationalError("could not connect to server")


@pytest.mark.parametrize("address", ["/", "/jobs/", "/busy/", "/nowhere/"])
def test_without_its_database_the_site_still_says_what_is_the_matter(alice, as_, address):
    client = as_(alice)
    client.raise_request_exception = False
    with connection.execute_wrapper(silent):
        response = client.get(address)
    assert response.status_code == 503
    assert response["Retry-After"] == "30"
    assert "The database does not answer" in response.content.decode()


def test_without_its_database_htmx_gets_a_fragment(alice, as_):
    client = as_(alice)
    client.raise_request_exception = False
    with connection.execute_wrapper(silent):
        response = client.get("/jobs/", headers={"HX-Request": "true"})
    assert response.status_code == 503
    assert b"<html" not in response.content
