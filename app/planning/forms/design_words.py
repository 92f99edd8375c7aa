"""What a form says in lines of text, and where a refusal belongs in it."""

from collections.abc import Iterator, Sequence
from itertools import combinations

from fmriplan.errors import NotAnOption

EACH, PAIRS, BOTH, OWN = "each", "pairs", "both", "own"
COMPARISONS = [
    (PAIRS, "All pairs of conditions"),
    (EACH, "Each condition with nothing shown"),
    (BOTH, "Both: each alone, and all pairs"),
    (OWN, "As written below"),
]
MOST_CONTRASTS = 500
# Where a refusal of `fmriplan` belongs: the first words that it has, and their field.
PLACES = (
    ("tr_s", "tr_s"),
    ("repetition time", "tr_s"),
    ("before_s", "before_s"),
    ("after_s", "after_s"),
    ("lead_in_s", "lead_in_s"),
    ("tail_s", "tail_s"),
    ("A tick ", "tick_s"),
    ("runs of equal size", "runs"),
    ("least wait", "least_waits"),
    ("min of scanning", "minutes"),
    ("would take", "trials"),
    ("as many trials as conditions", "trials"),
    ("balanced over fewer", "depth"),
    ("rest", "rest_after"),
    ("high-pass", "high_pass_s"),
    ("autocorrelation of the noise", "rho"),
    ("weights of the criteria", "detection"),
    ("ontrast", "contrasts"),
    ("mean wait", "gap_mean_s"),
    ("wait", "gap_min_s"),
    ("Waits", "gap_min_s"),
    ("orbidden", "forbidden"),
    ("in a row", "longest_run"),
    ("run", "longest_run"),
    ("There is no condition", "first"),
)
Rows = tuple[tuple[float, ...], ...]


def place_of(refusal: str, known: set[str]) -> str | None:
    """Return the field that a refusal is about; None where no field is."""
    found = (field for words, field in PLACES if words in refusal)
    field = next(found, None)
    return field if field in known else None


def contrasts_of(kind: str, text: str, names: Sequence[str]) -> Rows:
    """Return weights of the conditions (contrasts, conditions)."""
    if kind == OWN:
        made = tuple(_contrast(line, names) for line in text.splitlines() if line.strip())
        if not made:
            raise NotAnOption("No contrast is written: write one in a line, or choose another.")
        return _counted(made)
    each = tuple(tuple(float(name == other) for other in names) for name in names)
    pairs = tuple(
        _pair(one, other, len(names)) for one, other in combinations(range(len(names)), 2)
    )
    return _counted({EACH: each, PAIRS: pairs or each, BOTH: each + pairs}[kind])


def _counted(made: Rows) -> Rows:
    if len(made) > MOST_CONTRASTS:
        raise NotAnOption(f"These are {len(made):,} contrasts; at most {MOST_CONTRASTS} are asked.")
    return made


def _pair(one: int, other: int, count: int) -> tuple[float, ...]:
    return tuple(float(place == one) - float(place == other) for place in range(count))


def _contrast(line: str, names: Sequence[str]) -> tuple[float, ...]:
    weights = dict.fromkeys(names, 0.0)
    for item in filter(None, (one.strip() for one in line.split(","))):
        name, sign, weight = item.rpartition("=")
        name = name.strip()
        if not sign or name not in weights:
            raise NotAnOption(
                f"Contrast {item[:40]!r}: write condition=weight, with commas between. "
                f"There are {', '.join(names)}."
            )
        try:
            weights[name] = float(weight)
        except ValueError:
            raise NotAnOption(f"Contrast {item[:40]!r}: the weight is a number.") from None
    return tuple(weights.values())


def words_of_contrasts(rows: Rows, names: Sequence[str]) -> tuple[str, str]:
    """Return which comparison contrasts are, and their lines where they are none of those."""
    if len(rows[0]) == len(names):
        for kind in (PAIRS, EACH, BOTH):
            if contrasts_of(kind, "", names) == rows:
                return kind, ""
    return OWN, "\n".join(
        ", ".join(f"{name}={weight:g}" for name, weight in zip(names, row, strict=False) if weight)
        for row in rows
    )


def waits_of(text: str) -> Iterator[tuple[str, str, float]]:
    """Yield the least waits that lines such as "faces > houses: 4" ask for."""
    for line in filter(None, map(str.strip, text.splitlines())):
        pair, sign, seconds = line.rpartition(":")
        before, arrow, after = pair.partition(">")
        try:
            wanted = float(seconds)
        except ValueError:
            wanted = -1.0
        if not sign or not arrow or not wanted >= 0:
            raise NotAnOption(
                f"The least wait {line[:40]!r}: write faces > houses: 4, one in a line, in s."
            )
        yield before.strip(), after.strip(), wanted


def pairs_of(text: str) -> Iterator[tuple[str, str]]:
    """Yield the transitions that lines such as "faces > houses" forbid."""
    for line in filter(None, map(str.strip, text.splitlines())):
        before, sign, after = line.partition(">")
        if not sign or not before.strip() or not after.strip():
            raise NotAnOption(
                f"Forbidden {line[:40]!r}: write it as faces > houses, one in a line."
            )
        yield before.strip(), after.strip()
