"""What root noted when it last compared the host with what is declared: paths, no content."""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings

STALE_S = 3 * 60 * 60  # it is compared each hour


@dataclass(frozen=True)
class HostState:
    at: datetime
    lines: list[str]


def latest() -> HostState | None:
    """Return the last note; none where nothing is declared. A damaged one raises ValueError."""
    try:
        text = Path(settings.DRIFT).read_text()
    except FileNotFoundError:
        return None
    try:
        facts = json.loads(text)
        return HostState(datetime.fromisoformat(facts["at"]), [str(x) for x in facts["findings"]])
    except (KeyError, TypeError):
        raise ValueError("the note of the host's state is damaged") from None
