"""What is deleted with age, and what stays; the room that a person's maps take."""

from datetime import timedelta
from hashlib import sha256

import pytest
from django.utils.timezone import now
from tests.factories import accounts as make
from tests.factories import searches as some

from ops.scheduled import TendPlanning
from planning import map_files
from planning.errors import QuotaUsed
from planning.models import PilotMap, Search
from planning.services import power, quotas, searches, tending

pytestmark = pytest.mark.django_db
LATER = timedelta(days=91)


@pytest.fixture
def project(alder):
    return make.project(alder)


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def _pilot(project, by, content=b"a map", **fields):
    digest, size = map_files.keep([content])
    told = {"name": "Pilot", "participants": 12, "digest": digest, "size_bytes": size} | fields
    return PilotMap.objects.create(project=project, created_by=by, **told)


def test_designs_that_nobody_keeps_are_deleted_with_age_and_their_search_stays(project, alice):
    search = some.done(some.plan(project), alice)
    kept = search.designs.first()
    searches.keep(design=kept, by=alice)
    assert tending.expire_designs(at=now() + timedelta(days=89)) == 0
    assert tending.expire_designs(at=now() + LATER) == 3
    assert list(search.designs.all()) == [kept]
    assert Search.objects.get(pk=search.pk).history


def test_the_file_of_an_old_map_is_deleted_unless_another_map_has_the_same(project, alice):
    old = _pilot(project, alice, expires_at=now())
    young = _pilot(project, alice, participants=13, expires_at=now() + LATER)
    assert tending.expire_maps(at=now()) == 1
    old.refresh_from_db()
    assert old.removed_at
    assert map_files.read(young.digest) == b"a map"
    assert tending.expire_maps(at=now() + LATER) == 1
    assert not map_files.place(young.digest).exists()
    assert tending.expire_maps(at=now() + LATER) == 0


def test_nothing_goes_with_age_where_a_site_keeps_all(project, alice, settings):
    settings.PLANNING_KEPT_DAYS = 0
    search = some.done(some.plan(project), alice)
    _pilot(project, alice)
    later = now() + timedelta(days=10_000)
    assert search.expires_at is None
    assert (tending.expire_designs(at=later), tending.expire_maps(at=later)) == (0, 0)


def test_the_schedule_says_what_it_did(db):
    assert TendPlanning().work() == "0 searches left, 0 designs and 0 maps deleted"


def test_maps_take_only_so_much_room_of_a_person_and_of_a_lab(project, alice, carol, settings):
    settings.PLANNING_MAPS_MB = settings.PLANNING_LAB_MAPS_MB = 1
    _pilot(project, alice, size_bytes=600_000, expires_at=now())
    fits = _pilot(project, alice, b"small", size_bytes=300_000)
    quotas.need_room_for_map(pilot=fits, by=alice)
    large = _pilot(project, alice, b"large", size_bytes=500_000)
    with pytest.raises(QuotaUsed, match="Your pilot maps"):
        quotas.need_room_for_map(pilot=large, by=alice)
    with pytest.raises(QuotaUsed, match="of your lab"):
        quotas.need_room_for_map(pilot=large, by=carol)
    tending.expire_maps(at=now() + LATER)
    quotas.need_room_for_map(pilot=large, by=alice)


def test_a_map_that_has_no_room_is_not_kept(project, alice, settings):
    settings.PLANNING_MAPS_MB = 0
    brought = power.Brought(name="Pilot", participants=12, pieces=[b"some map"])
    with pytest.raises(QuotaUsed):
        power.bring(project=project, brought=brought, by=alice)
    assert not PilotMap.objects.exists()
    assert not map_files.place(sha256(b"some map").hexdigest()).exists()
