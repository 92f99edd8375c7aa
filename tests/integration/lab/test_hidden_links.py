"""Links to what a person does not see: programs for ONE neither read nor cut them."""

import pytest
from tests.factories import accounts
from tests.factories import lab as make

from lab import models, recording


@pytest.fixture
def three(alder):
    """Two projects that alice sees, and one that she does not."""
    return (
        accounts.project(alder),
        accounts.project(alder, "Maze"),
        accounts.project(alder, "Secret", visibility="members"),
    )


@pytest.fixture(params=["subjects", "sessions"])
def shown(request, animal, alice, three):
    """A record of the first and of the hidden project, and its address."""
    session = make.session(animal, alice)
    open_, _, hidden = three
    with recording.by(None):
        for record in (animal, session):
            record.projects.set([open_, hidden])
    path = {"subjects": animal.nickname, "sessions": session.pk}[request.param]
    return {"subjects": animal, "sessions": session}[request.param], f"{request.param}/{path}"


@pytest.mark.parametrize(("sent", "left"), [(["maze"], [1, 2]), ([], [2]), (["memory"], [0, 2])])
def test_a_patch_keeps_the_projects_that_one_does_not_see(shown, three, alice, program, sent, left):
    record, path = shown
    call = program(alice)
    answer = call.client.patch(f"/alyx/{path}", {"projects": sent}, content_type="application/json")
    assert answer.status_code == 200, answer.content
    assert answer.json()["projects"] == sent
    assert set(record.projects.all()) == {three[number] for number in left}


def test_a_put_of_what_was_read_changes_no_project(shown, three, alice, program):
    record, path = shown
    call = program(alice)
    read = {name: value for name, value in call.get(path).json().items() if value is not None}
    assert read["projects"] == ["memory"]
    read |= {"projects": ["maze"]}
    answer = call.client.put(f"/alyx/{path}", read, content_type="application/json")
    assert answer.status_code == 200, answer.content
    assert set(record.projects.all()) == {three[1], three[2]}


def test_lists_name_no_project_that_one_does_not_see(shown, alice, carol, program):
    kind = shown[1].partition("/")[0]
    assert [row["projects"] for row in program(alice).get(kind).json()["results"]] == [["memory"]]
    [row] = program(carol).get(kind).json()["results"]
    assert sorted(row["projects"]) == ["memory", "secret"]
    if kind == "subjects":
        assert program(alice).get(kind).json()["results"][0]["session_projects"] == ["memory"]


def test_a_tag_keeps_the_datasets_that_its_manager_does_not_see(
    animal, alice, carol, birch, bob, program
):
    mine = make.dataset(make.session(animal, alice))
    theirs = make.session(make.subject(birch, bob, "BX001"), bob)
    kept = make.made(
        models.Dataset, session=theirs, lab=birch, name="wheel.position.npy",
        type=models.DatasetType.objects.get(), format=models.DataFormat.objects.get(),
    )  # fmt: skip
    tag = models.Tag.objects.get()
    with recording.by(None):
        tag.datasets.set([kept])
    answer = program(carol).patch("tags/paper", datasets=[str(mine["dataset"])])
    assert answer.status_code == 200, answer.content
    assert {row.pk for row in tag.datasets.all()} == {kept.pk, mine["dataset"]}


def test_a_download_names_no_project_that_one_does_not_see(animal, three, alice, program):
    key = make.dataset(make.session(animal, alice))["dataset"]
    got = make.made(models.Download, user=alice, dataset_id=key, count=1)
    with recording.by(None):
        got.projects.set([three[0], three[2]])
    [row] = program(alice).get("downloads").json()["results"]
    assert row["projects"] == ["memory"]
