"""Closing the site, or its uploads, by a file: at once, for everybody but operators."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError, connection
from django.http import HttpResponse
from django.urls import include, path


def receive(request):
    return HttpResponse(f"{len(request.FILES)} files")


urlpatterns = [
    path("receive/", receive),
    path("api/v1/receive/", receive),
    path("", include("config.urls")),
]


@pytest.fixture
def switch(settings, tmp_path):
    settings.MAINTENANCE = tmp_path / "maintenance.json"
    settings.ROOT_URLCONF = __name__

    def to(mode, message=""):
        settings.MAINTENANCE.write_text(json.dumps({"mode": mode, "message": message}))

    return to


def upload(client, where="/receive/", **headers):
    file = SimpleUploadedFile("scan.nii", b"12345")
    return client.post(where, {"file": file}, headers=headers)


def test_a_closed_site_says_so_with_the_message_and_when_to_come_back(client, db, switch):
    switch("on", "A new disk is being built in.")
    answer = client.get("/")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "120"
    assert "no-store" in answer.headers["Cache-Control"]
    page = answer.content.decode()
    assert "A new disk is being built in." in page
    assert "Everything that you saved before is safe" in page


def test_a_closed_site_opens_when_the_file_goes_away(client, db, switch, settings):
    switch("on")
    assert client.get("/").status_code == 503
    settings.MAINTENANCE.unlink()
    assert client.get("/").status_code == 200


def test_a_new_release_is_probed_behind_the_notice_and_nobody_else_comes_in_by_its_name(
    client, db, switch
):
    switch("on")
    assert client.get("/", STUDIUM_PROBE="1").status_code == 200
    assert client.get("/", headers={"studium-probe": "1"}).status_code == 503
    assert client.get("/", {"STUDIUM_PROBE": "1"}).status_code == 503


@pytest.mark.parametrize("page", ["/health/", "/health/ready/", "/accounts/sign-in/"])
def test_health_and_sign_in_stay_open(client, db, switch, page):
    switch("on")
    assert client.get(page).status_code == 200


def test_static_files_stay_open(client, db, switch):
    switch("on")
    assert client.get("/static/no-such-file.css").status_code == 404


def test_signed_in_operators_go_on_and_nobody_else_does(as_, alice, olga, switch):
    switch("on")
    assert as_(olga).get("/ops/").status_code == 200
    assert as_(alice).get("/jobs/").status_code == 503


def test_programs_get_json(client, db, switch):
    switch("on", "Back at noon.")
    answer = client.get("/api/v1/receive/")
    assert answer.status_code == 503
    assert answer.json() == {"detail": "Back at noon."}
    asked = client.get("/", headers={"accept": "application/json"})
    assert asked.json()["detail"] == "Back at noon."


def test_closed_uploads_refuse_files_and_nothing_else(client, db, switch):
    switch("no-upload")
    refused = upload(client)
    assert refused.status_code == 503
    assert "Please keep the file" in refused.content.decode()
    assert client.post("/receive/", {"a": 1}, content_type="application/json").status_code == 200
    assert client.get("/").status_code == 200


def test_a_refused_upload_of_a_program_gets_json(client, db, switch):
    switch("no-upload")
    assert "detail" in upload(client, "/api/v1/receive/").json()


def test_uploads_work_again_without_the_file(client, db, switch):
    assert upload(client).content == b"1 files"


@pytest.mark.parametrize("content", ["", "{", '{"mode": "strange"}', "[]", '{"message": 3}'])
def test_an_unreadable_file_closes_the_site_rather_than_breaking_it(
    client, db, switch, settings, content
):
    settings.MAINTENANCE.write_text(content)
    assert client.get("/").status_code == 503


def test_a_closed_site_answers_without_its_database(as_, olga, switch, monkeypatch):
    def refuse():
        raise OperationalError("away")

    switch("on")
    visitor = as_(olga)
    with monkeypatch.context() as lost:
        lost.setattr(connection, "cursor", refuse)
        assert visitor.get("/").status_code == 503
