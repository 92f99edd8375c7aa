"""What an id may be, wherever a design comes from."""

import re

LONGEST_ID = 255
LONGEST = {"id": LONGEST_ID, "name": 255, "author": 255, "kind": 60, "type": 60, "tag": 60}
MOST_FACTORS = 100
MOST_CELLS = 2_000_000  # values of all trials: seconds of counting
UNWRITABLE = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # in XML
IN_PAIRS = {"factor": ",=", "value": ","}  # what would end them early in a list of pairs


def trouble_with_id(what: str, name: str) -> str:
    """Return what is wrong with the id of a factor, value, measure or run; or nothing."""
    if not name:
        return f"A {what} needs an id. Give it one that no other {what} has."
    if len(name) > LONGEST_ID:
        return f"The id of this {what} has {len(name)} characters; use at most {LONGEST_ID}."
    for character in IN_PAIRS.get(what, ""):
        if character in name:
            return f"The id {name!r} holds {character!r}, which separates values. Use another."
    if found := UNWRITABLE.search(name):
        return f"The id of this {what} holds the character {found[0]!r}. Remove it."
    return ""


def trouble_with_size(factors: int, trials: int) -> str:
    """Return what is wrong with the size of a design, or nothing."""
    if factors * trials <= MOST_CELLS:
        return ""
    size = f"{trials:,} trials of {factors} factors are too many"
    return f"{size}: {MOST_CELLS:,} values are the most. Leave runs out and add them later."
