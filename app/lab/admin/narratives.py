"""Templates for narratives: a lab's own, and a few to begin with."""

from typing import Any

from lab.admin.eye import Eye
from lab.models import LabProfile

KEY = "narratives"  # in the free data of a lab's profile: {"surgery": {"Headplate": "…"}}
SURGERY = """Anaesthesia:
Analgesia:
Coordinates (AP, ML, DV in mm):
Implanted:
Weight before and after (g):
Recovery:
"""
USUAL: dict[str, dict[str, str]] = {
    "surgery": {"Surgery": SURGERY},
    "virusinjection": {"Injection": "Virus and titre:\nSites (AP, ML, DV in mm):\nWaited (min):\n"},
    "session": {"Session": "Task and stage:\nBehaviour:\nRig and changes:\n"},
}


def narratives_for(kind: str, eye: Eye) -> dict[str, str]:
    """Return the templates by their names; a lab's own replace those of the same name."""
    found = dict(USUAL.get(kind, {}))
    for free in eye.of(LabProfile).exclude(json=None).values_list("json", flat=True):
        found |= _of(free, kind)
    return found


def _of(free: Any, kind: str) -> dict[str, str]:
    own = free.get(KEY) if isinstance(free, dict) else None
    named = own.get(kind) if isinstance(own, dict) else None
    return {str(name): str(text) for name, text in named.items()} if isinstance(named, dict) else {}
