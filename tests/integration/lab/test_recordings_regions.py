"""The atlas: its table, loaded again and again; its regions on the surface for ONE."""

import io

import pytest
from django.core.management import CommandError, call_command
from tests.factories import recordings as record

from accounts.models import AuditEntry
from lab import models

HEADER = "id,atlas_id,name,acronym,st_level,parent_structure_id,graph_order"
ROWS = [
    "385,,Primary visual area,VISp,,669,3",  # a child may stand before its parent
    "997,,root,root,,,0",
    "8,,Basic cell groups and regions,grey,,997.0,1",
    '669,,"Visual, areas",VIS,,8,2',
]


@pytest.fixture
def table(tmp_path):
    def write(*rows, header=HEADER, encoding="utf-8"):
        file = tmp_path / "tree.csv"
        file.write_text("\n".join([header, *rows]) + "\n", encoding=encoding)
        return file

    return write


def loaded(file, **options):
    said = io.StringIO()
    call_command("load_brain_regions", str(file), stdout=said, **options)
    return said.getvalue()


def tree():
    return dict(models.BrainRegion.objects.values_list("acronym", "path"))


def test_a_table_is_loaded_once_however_often(db, table):
    file = table(*ROWS)
    assert "4 new, 0 changed, 0 as before" in loaded(file)
    assert tree() == {
        "root": "/997/", "grey": "/997/8/", "VIS": "/997/8/669/", "VISp": "/997/8/669/385/",
    }  # fmt: skip
    assert models.BrainRegion.objects.get(pk=669).name == "Visual, areas"
    assert "0 new, 0 changed, 4 as before" in loaded(file)
    assert AuditEntry.objects.filter(action="brain-regions.loaded").count() == 1


def test_a_dry_run_counts_and_keeps_nothing(db, table):
    said = loaded(table(*ROWS), dry_run=True)
    assert "4 new" in said
    assert "Nothing was kept" in said
    assert not models.BrainRegion.objects.exists()


def test_a_table_from_a_spreadsheet_has_a_mark_in_front(db, table):
    assert "4 new" in loaded(table(*ROWS, encoding="utf-8-sig"))


def test_regions_move_swap_their_names_and_keep_what_was_written_of_them(db, table):
    loaded(table(*ROWS))
    models.BrainRegion.objects.filter(pk=385).update(description="Ours")
    models.BrainRegion.objects.create(
        id=1, acronym="mine", name="mine", parent=models.BrainRegion.objects.get(pk=385)
    )
    moved = ["385,,Primary visual area,VIS,,8,3", *ROWS[1:3], "669,,Visual areas,VISp,,8,2"]
    said = loaded(table(*moved))
    assert "0 new, 2 changed, 2 as before, 1 here that are not in the table" in said
    assert tree() == {
        "root": "/997/", "grey": "/997/8/", "VIS": "/997/8/385/", "mine": "/997/8/385/1/",
        "VISp": "/997/8/669/",
    }  # fmt: skip
    assert models.BrainRegion.objects.get(pk=385).description == "Ours"


def test_a_root_that_came_from_alyx_stays_below_the_void(db, table):
    void = models.BrainRegion.objects.create(id=0, acronym="void", name="void")
    models.BrainRegion.objects.create(id=997, acronym="root", name="root", parent=void,
                                      ontology="Allen CCFv3")  # fmt: skip
    assert "3 new, 0 changed, 1 as before" in loaded(table(*ROWS))
    assert tree()["grey"] == "/0/997/8/"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([*ROWS, "7,,Lost,lost,,12345,9"], "Line 6: there is no region 12345"),
        ([*ROWS, "7,,Own,own,,7,9"], "Line 6: the region 7 is its own parent"),
        ([*ROWS, "5,,A,A,,6,9", "6,,B,B,,5,9"], "above itself"),
        ([*ROWS, "385,,Again,again,,8,9"], "Line 6: the region 385 is on line 2 already"),
        ([*ROWS, "7,,Other,VISp,,8,9"], "Line 6: the acronym 'VISp' is that of line 2"),
        ([*ROWS, "7,,root,other,,8,9"], "Line 6: the name 'root' is that of line 3"),
        ([*ROWS, "x,,Other,other,,8,9"], "Line 6: id is 'x'"),
        ([*ROWS, "-7,,Other,other,,8,9"], "Line 6: id is '-7'"),
        ([*ROWS, "99999999999,,Other,other,,8,9"], "Line 6: id is"),
        ([*ROWS, "7,,Other,other,,eight,9"], "Line 6: parent_structure_id is 'eight'"),
        ([*ROWS, "7,,Other,,,8,9"], "Line 6: acronym"),
        ([*ROWS, "7,,,other,,8,9"], "Line 6: name"),
        ([*ROWS, "7"], "Line 6: acronym"),
        ([*ROWS, f"7,,{'x' * 256},other,,8,9"], "Line 6: name"),
        ([], "no rows"),
    ],
)
def test_a_table_that_is_not_a_tree_is_refused_by_its_line(db, table, rows, said):
    with pytest.raises(CommandError, match=said):
        loaded(table(*rows))
    assert not models.BrainRegion.objects.exists()


def test_a_circle_through_regions_that_are_here_is_refused(db, table):
    loaded(table(*ROWS))
    with pytest.raises(CommandError, match="Line 2: the region is above itself"):
        loaded(table("669,,Visual areas,VIS,,385,2"))
    with pytest.raises(CommandError, match="Line 2: the acronym 'VIS' is that of the region 669"):
        loaded(table("7,,Other,VIS,,8,9"))
    assert tree()["VIS"] == "/997/8/669/"


def test_what_is_no_table_is_refused(db, table, tmp_path):
    with pytest.raises(CommandError, match="no column parent_structure_id"):
        loaded(table(header="id,acronym,name"))
    with pytest.raises(CommandError, match="cannot be read"):
        loaded(tmp_path / "nowhere.csv")
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(CommandError, match="cannot be read"):
        loaded(tmp_path / "binary.csv")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["void", "root", "grey", "TH", "CTX", "VIS", "VISp"]),
        ({"acronym": "visp"}, ["VISp"]),
        ({"name": "visual"}, ["VIS", "VISp"]),
        ({"description": "edges"}, ["VIS"]),
        ({"id": "385"}, ["VISp"]),
        ({"parent": "8"}, ["CTX", "TH"]),
        ({"parent": "VIS"}, ["VISp"]),
        ({"ancestors": "VIS"}, ["root", "grey", "CTX", "VIS"]),
        ({"ancestors": "669"}, ["root", "grey", "CTX", "VIS"]),
        ({"descendants": "CTX"}, ["CTX", "VIS", "VISp"]),
        ({"descendants": "385"}, ["VISp"]),
        ({"django": "acronym__in,['VIS','TH']"}, ["TH", "VIS"]),
        ({"django": "parent__acronym,grey"}, ["CTX", "TH"]),
    ],
)
def test_regions_are_found(db, alice, program, query, found):
    record.brain()
    models.BrainRegion.objects.filter(acronym="VIS").update(description="Edges.")
    rows = program(alice).get("brain-regions", **query).json()["results"]
    assert sorted(row["acronym"] for row in rows) == sorted(found)


def test_a_region_tells_what_is_written_above_and_below_it(alice, program):
    record.brain()
    for acronym in ("grey", "VIS", "TH"):
        models.BrainRegion.objects.filter(acronym=acronym).update(description=f"Of {acronym}.")
    shown = program(alice).get("brain-regions/688").json()
    assert {name: shown[name] for name in ("id", "acronym", "name", "parent", "description")} == {
        "id": 688, "acronym": "CTX", "name": "Cerebral cortex", "parent": 8, "description": "",
    }  # fmt: skip
    told = [each["description"] for each in shown["related_descriptions"]]
    assert told == ["Of grey.", "Of VIS."]
    listed = program(alice).get("brain-regions", acronym="CTX").json()["results"]
    assert listed == [shown]


def test_of_a_region_only_the_description_changes_and_a_manager_changes_it(carol, alice, program):
    record.brain()
    client = program(carol)
    shown = client.patch("brain-regions/385", description="Sees **edges**.").json()
    assert (shown["description"], shown["acronym"]) == ("Sees **edges**.", "VISp")
    whole = {**shown, "description": ""}
    assert put(client, whole).json()["description"] == ""
    for name, value in (("acronym", "V1"), ("name", "V1"), ("parent", 8), ("id", 4)):
        answer = client.patch("brain-regions/385", **{name: value})
        assert (answer.status_code, name in answer.json()) == (400, True)
    assert client.patch("brain-regions/385", description=["x"]).status_code == 400
    assert client.patch("brain-regions/385", description="a\0b").status_code == 400
    assert program(alice).patch("brain-regions/385", description="x").status_code == 403
    assert client.post("brain-regions", id=1, acronym="x", name="x").status_code == 405
    assert client.delete("brain-regions/385").status_code == 405
    entries = AuditEntry.objects.filter(action="brain-region.changed")
    assert [entry.user for entry in entries] == [carol, carol]


def put(client, body):
    return client.client.put(
        f"/alyx/brain-regions/{body['id']}", body, content_type="application/json"
    )
