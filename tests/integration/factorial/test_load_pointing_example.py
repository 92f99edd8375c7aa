"""The command that makes the example."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from factorial.models import Design


def load(*words):
    said = StringIO()
    call_command("load_pointing_example", *words, stdout=said)
    return said.getvalue()


def test_it_makes_the_design_and_says_where_its_task_is(project, alice, client):
    for _ in range(2):
        said = load("--project", "alder/memory", "--by", "alice")
    address = said.strip().partition("/designs/")
    assert client.get(f"/designs/{address[2]}").status_code == 200
    assert "lab=alder&design=pointing" in said
    design = Design.objects.get()
    assert (design.planned_runs.count(), design.project) == (12, project)


@pytest.mark.parametrize(
    "words",
    [
        ("--project", "alder/nothing", "--by", "alice"),
        ("--project", "alder/memory", "--by", "nobody"),
        ("--project", "alder/memory", "--by", "bob"),
    ],
)
def test_it_says_what_it_cannot_find(project, alice, bob, words):
    with pytest.raises(CommandError):
        load(*words)
    assert not Design.objects.exists()
