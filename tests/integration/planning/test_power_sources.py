"""Maps that do not come by upload: from named hosts, from NeuroVault, simulated; and their end."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.core.management import call_command
from django.urls import reverse
from tests.factories import accounts, maps

from jobs.models import Job
from planning import map_files
from planning.errors import AddressSilent, NotAMap
from planning.models import PilotMap, PowerAnalysis
from planning.services import power_fetch, power_simulated, power_work

NEW = "planning:power-new"
FILES = "/media/faces.nii.gz"


class Elsewhere(BaseHTTPRequestHandler):
    """A server with a map, ways that lead elsewhere, and an image as NeuroVault tells of it."""

    def do_GET(self):
        place = self.path.partition("?")[0]
        if place == FILES:
            self._send(200, maps.file())
        elif place == "/half":
            self._send(200, b"short", length=5000)
        elif place == "/inside":
            self._send(302, b"", Location="https://10.0.0.1/map.nii.gz")
        elif place == "/round":
            self._send(302, b"", Location="/round")
        elif place == "/there":
            self._send(301, b"", Location=FILES)
        elif place.startswith("/api/images/"):
            self._send(200, json.dumps(self._image(place)).encode())
        else:
            self._send(404, b"")

    def _image(self, place):
        kind = {"7": "Z map", "8": "ROI/mask"}.get(place.split("/")[3], "T map")
        host = self.headers["Host"]
        return {
            "name": "Faces > houses", "map_type": kind, "analysis_level": "group",
            "number_of_subjects": 20, "file": f"http://{host}{FILES}",
        }  # fmt: skip

    def _send(self, status, content, *, length=None, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content) if length is None else length))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def elsewhere(settings):
    """A server of this test, which the site may fetch from."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    host = f"127.0.0.1:{server.server_port}"
    settings.PLANNING_LOCAL_HOSTS = [host]
    yield f"http://{host}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def begin(as_, alice, project):
    client = as_(alice)

    def sent(address, **changes):
        usual = {
            "project": project.pk, "kind": "z", "participants": 20, "groups": 1,
            "screening": "2.3", "alpha": "0.05", "direction": "positive", "resamples": "0",
            "address": address,
        }  # fmt: skip
        return client.post(reverse(NEW), usual | changes)

    sent.client = client
    return sent


def test_without_a_named_host_nothing_is_fetched(begin, settings):
    settings.PLANNING_HOSTS = []
    form = begin("https://maps.example.org/a.nii.gz").context["form"]
    assert "address" not in form.fields
    assert list(form.errors) == ["map"]


@pytest.mark.parametrize("way", [FILES, "/there"])
def test_a_map_is_fetched_by_the_job_and_kept(begin, elsewhere, way):
    begin(elsewhere + way)
    analysis = PowerAnalysis.objects.get()
    assert (analysis.pilot.digest, analysis.pilot.source) == ("", "address")
    assert maps.done(analysis).result, analysis.refusal
    analysis.pilot.refresh_from_db()
    assert map_files.read(analysis.pilot.digest) == maps.file()
    assert analysis.pilot.size_bytes == len(maps.file())


def test_the_same_address_is_one_map_before_and_after_it_was_fetched(begin, elsewhere):
    first = begin(elsewhere + FILES)
    maps.done(PowerAnalysis.objects.get())
    assert begin(elsewhere + FILES).url == first.url
    assert PilotMap.objects.count() == 1


@pytest.mark.parametrize(
    ("way", "says"),
    [("/none", "404"), ("/inside", "Nothing is fetched from"), ("/round", "leads on and on")],
)
def test_what_may_not_be_fetched_is_refused_and_can_be_tried_anew(begin, elsewhere, way, says):
    begin(elsewhere + way)
    analysis = maps.done(PowerAnalysis.objects.get())
    assert says in analysis.refusal
    begin(elsewhere + way)
    analysis.refresh_from_db()
    assert analysis.finished_at is None
    assert analysis.job is not None


def test_a_file_that_breaks_off_leaves_the_question_open(begin, elsewhere):
    begin(elsewhere + "/half")
    analysis = PowerAnalysis.objects.get()
    with pytest.raises(AddressSilent):
        power_work.answer(str(analysis.pk), maps.SILENT)
    analysis.refresh_from_db()
    assert analysis.finished_at is None
    assert not list(map_files.place("00" * 32).parent.parent.glob("**/.new-*"))


def test_too_large_a_file_is_given_up(elsewhere):
    host = elsewhere.removeprefix("http://")
    small = power_fetch.Fetcher(frozenset(), frozenset([host]), most=1000)
    with pytest.raises(NotAMap, match="larger than"):
        list(small.pieces(elsewhere + FILES))


@pytest.mark.parametrize(
    "address",
    ["http://maps.example.org/a.nii", "https://maps.example.org:8443/a.nii",
     "https://me@maps.example.org/a.nii", "https://evil.org/maps.example.org",
     "https://maps.example.org.evil.org/a.nii", "https://127.0.0.1/a", "https://[::1]/a",
     "ftp://maps.example.org/a.nii", "file:///etc/passwd", "https://x.maps.example.org/a"],
)  # fmt: skip
def test_other_addresses_are_refused_in_the_form(begin, settings, address):
    settings.PLANNING_HOSTS = ["maps.example.org"]
    form = begin(address).context["form"]
    assert "address" in form.errors
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    "inside",
    ["127.0.0.1", "10.1.2.3", "192.168.0.9", "172.20.0.1", "169.254.169.254", "0.0.0.0", "::1",
     "fe80::1%eth0", "fc00::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "100.64.0.1",
     "224.0.0.1"],
)  # fmt: skip
def test_a_name_that_leads_inside_is_not_connected_to(inside):
    found = power_fetch.Fetcher(
        frozenset(["maps.example.org"]), look_up=lambda *_: ["93.184.215.14", inside]
    )
    with pytest.raises(NotAMap, match="private network"):
        list(found.pieces("https://maps.example.org/a.nii"))


def test_hosts_below_a_name_may_be_named_together():
    found = power_fetch.Fetcher(frozenset([".example.org"]))
    assert found.need_allowed("https://maps.example.org/a.nii").hostname == "maps.example.org"
    for other in ("https://example.org.evil/a", "https://evilexample.org/a"):
        with pytest.raises(NotAMap):
            found.need_allowed(other)


def test_neurovault_fills_the_form_in(begin, elsewhere, settings):
    settings.NEUROVAULT = f"{elsewhere}/api"
    form = begin.client.get(reverse(NEW), {"neurovault": "7"}).context["form"]
    known = {name: form.initial[name] for name in ("name", "kind", "participants", "address")}
    assert known == {
        "name": "Faces > houses", "kind": "z", "participants": 20, "address": elsewhere + FILES,
    }  # fmt: skip
    begin(known["address"])
    assert PilotMap.objects.get().source == PilotMap.Source.NEUROVAULT


@pytest.mark.parametrize(("number", "says"), [("8", "ROI/mask"), ("../..", "by a number")])
def test_an_image_that_is_no_statistical_map_is_said(begin, elsewhere, settings, number, says):
    settings.NEUROVAULT = f"{elsewhere}/api"
    shown = begin.client.get(reverse(NEW), {"neurovault": number}).content.decode()
    assert says in shown


def test_a_neurovault_that_is_away_is_said(begin, settings):
    settings.NEUROVAULT = "http://127.0.0.1:9/api"
    settings.PLANNING_LOCAL_HOSTS = ["127.0.0.1:9"]
    shown = begin.client.get(reverse(NEW), {"neurovault": "7"}).content.decode()
    assert "could not be read from" in shown


def test_a_simulated_map_is_tried_where_the_site_allows_it(begin, project, settings):
    settings.PLANNING_SIMULATED = True
    wish = {"project": project.pk, "simulated": "activation"}
    assert begin.client.post(reverse("planning:power-simulated"), wish).status_code == 302
    analysis = PowerAnalysis.objects.get()
    PowerAnalysis.objects.update(chosen=analysis.chosen | {"resamples": 0})
    assert maps.done(analysis).result["effect"] > 0
    settings.PLANNING_SIMULATED = False
    assert begin.client.post(reverse("planning:power-simulated"), wish).status_code == 404


def test_the_simulated_null_is_refused_honestly(begin, project, settings):
    settings.PLANNING_SIMULATED = True
    wish = {"project": project.pk, "simulated": "null"}
    begin.client.post(reverse("planning:power-simulated"), wish)
    analysis = maps.done(PowerAnalysis.objects.get())
    assert "does not support a power analysis" in analysis.refusal
    assert analysis.result["peaks"] >= 30


def test_simulated_maps_are_written_as_files(tmp_path, capsys):
    call_command("demo_maps", str(tmp_path / "maps"), only="null")
    written = (tmp_path / "maps" / "null.nii.gz").read_bytes()
    assert written == power_simulated.content_of("null"), "the same each time"
    assert "no activation at all" in capsys.readouterr().out


def removed(client, analysis, typed=None):
    address = reverse("planning:power-file-remove", args=[analysis.pk])
    return client.post(address, {"typed": analysis.pilot.name if typed is None else typed})


def test_a_file_is_deleted_and_its_results_stay(
    as_, alice, project, django_capture_on_commit_callbacks
):
    analysis = maps.done(maps.asked(maps.pilot(project, alice), alice))
    client, digest = as_(alice), analysis.pilot.digest
    assert client.get(reverse("planning:power-volume", args=[analysis.pk])).status_code == 200
    with django_capture_on_commit_callbacks(execute=True):
        assert removed(client, analysis).status_code == 302
    assert not list(map_files.place(digest).parent.glob("*"))
    assert client.get(reverse("planning:power-volume", args=[analysis.pk])).status_code == 404
    shown = client.get(reverse("planning:power-viewer", args=[analysis.pk])).content.decode()
    assert "cannot be shown any more" in shown
    assert 'id="participants"' in client.get(reverse("planning:power", args=[analysis.pk])).text


def test_a_file_that_another_map_has_too_stays(
    as_, alice, bob, project, django_capture_on_commit_callbacks
):
    analysis = maps.asked(maps.pilot(project, alice), alice)
    other = accounts.project(project.lab, "Attention")
    maps.pilot(other, alice)
    with django_capture_on_commit_callbacks(execute=True):
        removed(as_(alice), analysis)
    assert map_files.read(analysis.pilot.digest)


def test_a_deletion_wants_its_words_and_its_owner(as_, alice, carol, alder, project):
    analysis = maps.asked(maps.pilot(project, alice), alice)
    removed(as_(alice), analysis, typed="no")
    other = as_(accounts.person("erin", lab=alder, role="experimenter"))
    assert removed(other, analysis).status_code == 403
    assert PilotMap.objects.get().removed_at is None
    removed(as_(carol), analysis)
    assert PilotMap.objects.get().removed_at, "who leads the lab may, too"


def test_a_map_that_is_deleted_while_it_is_analysed_leaves_nothing(alice, project):
    analysis = maps.asked(maps.pilot(project, alice), alice)
    pilot = analysis.pilot

    def told(words):
        if words == "Drawing the map":
            PilotMap.objects.filter(pk=pilot.pk).update(removed_at=analysis.created_at)

    said = power_work.Said(phase=told, resamples=lambda *_: None)
    power_work.answer(str(analysis.pk), said)
    analysis.refresh_from_db()
    assert "deleted" in analysis.refusal
    assert not list(map_files.place(pilot.digest).parent.glob("*"))
