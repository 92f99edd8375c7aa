"""A small protocol for groups: a page that is begun together, then rounds, then a page alone."""

from typing import Any

from django.test import Client
from tests.factories import experiments

from experiments.models import Group

CHOICES = [{"code": "c", "label": "Cooperate"}, {"code": "d", "label": "Defect"}]


def words(
    *, acts: bool = False, step: dict[str, Any] | None = None, **group: Any
) -> dict[str, Any]:
    """Return a protocol for groups of three; ``group`` and ``step`` change what it says."""
    meets = {"name": "meet", "kind": "group", "page": "about", "title": "Together"}
    plays = {"name": "play", "kind": "group", "title": "The game", "text": "Choose."}
    rounds = {"acts": CHOICES, "rounds": 2, "round_s": 30}
    after = {"name": "because", "page": "reasons"}
    first = (
        plays | {"together": rounds | (step or {})} if acts else meets | {"together": step or {}}
    )
    return experiments.WORDS | {
        "name": "groups",
        "group": {"size": 3, "lobby_s": 600, "wait_s": 300, "grace_s": 45} | group,
        "flow": [first, after, {"name": "again", "kind": "group", "page": "rating"},
                 {"name": "end", "kind": "end", "title": "Thank you"}],
    }  # fmt: skip


def waiting(project: Any, by: Any) -> Any:
    """Let one participant wait in a lobby; return the group."""
    revision = experiments.published(project, by, words())
    browser = Client()
    browser.post(f"/take/{experiments.token(revision, by)}/", follow=True)
    return Group.objects.get(revision=revision)
