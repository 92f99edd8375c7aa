"""A lab's growth curve, from a table: whole or not at all, and the same twice is the same once."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from tests.factories import accounts
from tests.factories import lab as make

from accounts.models import AuditEntry
from lab import models
from lab.permissions import RoleTooLow
from lab.queries import weights
from lab.services import growth
from lab.services.growth import Point

TABLE = "sex,age_weeks,mean_g,sd_g\nM,4,15.7,2.2\nM,12,27.7,1.7\nfemale,12,20.7,1.4\n"
POINTS = [Point("M", 4, 15.7, 2.2), Point("M", 12, 27.7, 1.7), Point("F", 12, 20.7, 1.4)]


@pytest.fixture
def table(tmp_path):
    def write(text=TABLE, name="curve.csv"):
        file = tmp_path / name
        file.write_text(text)
        return file

    return write


def load(file, **how):
    out = StringIO()
    call_command("load_growth", file, **{"lab": "alder", "stdout": out} | how)
    return out.getvalue().strip()


def test_a_table_becomes_the_curve(alder, table):
    assert load(table()) == "3 new, 0 changed, 0 deleted, 0 the same"
    curve = weights.growth_of([alder])[alder.pk, None]
    assert curve.norm("M", 8).mean_g == pytest.approx((15.7 + 27.7) / 2)
    assert models.GrowthPoint.objects.first().source == "curve.csv"


def test_the_same_again_changes_nothing(alder, table):
    load(table())
    before = AuditEntry.objects.count()
    assert load(table()) == "0 new, 0 changed, 0 deleted, 3 the same"
    assert AuditEntry.objects.count() == before


def test_another_table_takes_its_place_whole(alder, table):
    load(table())
    other = "sex,age_weeks,mean_g,sd_g\nM,4,15.9,2.2\nM,20,31.8,2.5\nF,12,20.7,1.4\n"
    assert load(table(other)) == "1 new, 1 changed, 1 deleted, 1 the same"
    found = models.GrowthPoint.objects.order_by("sex", "age_weeks")
    assert [(row.sex, row.age_weeks, row.mean_g) for row in found] == [
        ("F", 12, 20.7), ("M", 4, 15.9), ("M", 20, 31.8),
    ]  # fmt: skip
    assert models.DeletedRecord.objects.count() == 1


def test_a_strain_has_a_curve_of_its_own(alder, table):
    make.made(models.Strain, name="C57BL/6J")
    load(table())
    load(table("sex,age_weeks,mean_g,sd_g\nM,4,14,2\n"), strain="C57BL/6J")
    assert models.GrowthPoint.objects.filter(strain=None).count() == 3
    assert models.GrowthPoint.objects.exclude(strain=None).count() == 1


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("X,4,15,2", "Line 3: 'X' is no sex"),
        ("M,four,15,2", "Line 3: 'four' is no age"),
        ("M,-1,15,2", "Line 3: '-1' is no age"),
        ("M,5.5,15,2", "Line 3"),
        ("M,9999,15,2", "Line 3"),
        ("M,5,0,2", "Line 3: mean_g"),
        ("M,5,15,-2", "Line 3: sd_g"),
        ("M,5,nan,2", "Line 3: mean_g"),
        ("M,5,15", "Line 3: sd_g"),
        ("M,4,15,2", "Line 3: M of 4 weeks comes twice"),
    ],
)
def test_a_line_that_does_not_fit_is_named_and_nothing_is_kept(alder, table, line, said):
    with pytest.raises(CommandError, match=said):
        load(table(f"sex,age_weeks,mean_g,sd_g\nM,4,15.7,2.2\n{line}\n"))
    assert not models.GrowthPoint.objects.exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "sex, age_weeks, mean_g, sd_g are missing"),
        ("sex,age_weeks\nM,4\n", "mean_g, sd_g are missing"),
        ("sex,age_weeks,mean_g,sd_g\n", "no lines"),
    ],
)
def test_a_table_that_is_none_is_refused(alder, table, text, said):
    with pytest.raises(CommandError, match=said):
        load(table(text))


def test_a_file_that_is_no_text_is_refused(alder, tmp_path):
    (tmp_path / "curve.csv").write_bytes(b"\xff\xfe\x00sex")
    with pytest.raises(CommandError, match=r"curve\.csv"):
        load(tmp_path / "curve.csv")
    with pytest.raises(CommandError, match=r"gone\.csv"):
        load(tmp_path / "gone.csv")


def test_only_an_admin_of_the_lab_loads_a_curve(alder, carol):
    with pytest.raises(RoleTooLow):
        growth.replace(lab=alder, points=POINTS, source="a paper", by=carol)


def test_whoever_loads_it_stands_in_the_history(alder, table):
    accounts.person("erin", lab=alder, role="admin")
    load(table(), by="erin", source="a paper")
    assert set(AuditEntry.objects.filter(action="growth-point.created").values_list(
        "user__username", "reason")) == {("erin", "Growth curve from a paper.")}  # fmt: skip


@pytest.mark.parametrize("how", [{"lab": "elm"}, {"by": "nobody"}, {"strain": "none"}])
def test_what_is_not_there_is_named(alder, table, how):
    with pytest.raises(CommandError, match="There is no"):
        load(table(), **how)
