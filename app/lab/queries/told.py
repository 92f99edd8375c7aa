"""What the history tells of links with projects: only of those that the reader sees."""

from collections.abc import Mapping, Sequence
from typing import Any

from accounts.models import Project
from accounts.roles import is_operator
from lab.queries.sight import Sight

LINKS = "projects"  # told by what they are called, as all links to many are


def without_hidden(told: Sequence[Mapping[str, Any]], sight: Sight) -> list[dict[str, Any]]:
    """Return the changes of entries of the history without the names of closed projects."""
    if is_operator(sight.user) or not any(LINKS in changes for changes in told):
        return [dict(changes) for changes in told]
    seen = {str(project) for project in sight.of(Project)}
    return [_shown(changes, seen) for changes in told]


def _shown(changes: Mapping[str, Any], seen: set[str]) -> dict[str, Any]:
    links = changes.get(LINKS)
    if not isinstance(links, Mapping):
        return dict(changes)
    kept = {what: [name for name in names if name in seen] for what, names in links.items()}
    rest = {what: names for what, names in kept.items() if names}
    others = {name: change for name, change in changes.items() if name != LINKS}
    return others | ({LINKS: rest} if rest else {})
