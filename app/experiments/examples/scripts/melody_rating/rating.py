"""Which melody comes next, and what the ratings say."""

from collections import Counter
from statistics import fmean
from typing import Any

from experiments.scripting.told import Here


def next_melody(here: Here, *, most: int = 8) -> str | None:
    """Return a melody that was not heard, of the mode that was heard less often so far."""
    if len(here.shown) >= most or not here.unseen:
        return None
    heard = Counter(each.tags["mode"] for each in here.stimuli if each.name in here.shown)
    least = min(heard[each.tags["mode"]] for each in here.unseen)
    return here.rng.choice([each for each in here.unseen if heard[each.tags["mode"]] == least]).name


def from_the_middle(here: Here) -> dict[str, float]:
    """Store how far a rating lies from the middle of the scale."""
    liked = here.sent.get("liked")
    return {} if liked is None else {"liked_from_middle": liked - 50}


def prefers_one(here: Here, *, by: float = 10.0) -> bool:
    """Say whether one mode was liked more than the other by so many points."""
    means = _means(here)
    return len(means) == 2 and abs(means["major"] - means["minor"]) >= by  # noqa: PLR2004


def summary(here: Here) -> str:
    """Tell a participant what they liked."""
    means = _means(here)
    if not means:
        return "You rated no melody."
    told = [f"* {mode}: {mean:.0f} of 100" for mode, mean in sorted(means.items())]
    return "\n".join(["This is how much you liked the melodies, on average:", "", *told])


def report(here: Here) -> dict[str, Any]:
    """Return one line for the people of the study."""
    means = _means(here)
    return {"heard": len(here.shown)} | {f"liked_{mode}": round(means[mode], 1) for mode in means}


def _means(here: Here) -> dict[str, float]:
    modes = {each.name: each.tags["mode"] for each in here.stimuli}
    liked: dict[str, list[float]] = {}
    for answer in here.answers:
        if answer.name == "liked" and answer.value is not None and answer.stimulus in modes:
            liked.setdefault(modes[answer.stimulus], []).append(answer.value)
    return {mode: fmean(values) for mode, values in liked.items()}
