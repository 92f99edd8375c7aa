"""Who may open the addresses of LightMill's clients of 2020: the part of `test_access` about them.

Those clients have no account. What most of them are told here is that nothing is called so (400);
the table of results is for the people of the lab alone.
"""

from collections.abc import Iterator

AREA = "factorial:lightmill2020"
EVERYBODY, UNKNOWN = "200 200 200 200 200", "400 400 400 400 400"
ALDER = "in  200 404 200 200"
RUN = ("secret", "secret")
WAYS = [
    ("experiments", EVERYBODY, "get", ()),
    ("import", UNKNOWN, "post", ()),
    ("experiment", UNKNOWN, "get", ("secret",)),
    ("available-run", UNKNOWN, "get", ("secret",)),
    ("run", UNKNOWN, "get", RUN),
    ("plan", UNKNOWN, "get", RUN),
    ("current-trial", UNKNOWN, "get", RUN),
    ("next-trial", UNKNOWN, "get", RUN),
    ("lock", UNKNOWN, "get", RUN),
    ("unlock", UNKNOWN, "post", RUN),
    ("block", UNKNOWN, "get", (*RUN, "release")),
    ("trial", UNKNOWN, "get", (*RUN, "release", "release")),
    ("trial", UNKNOWN, "post", (*RUN, "release", "release")),
    ("results", ALDER, "get", ("design_code",)),
]


def rows() -> Iterator[tuple[str, str, str, tuple[str, ...]]]:
    """Yield each address, for all labs and for one."""
    for name, answers, method, words in WAYS:
        yield f"{AREA}:{name}", answers, method, words
        yield f"{AREA}:{name}-of-lab", answers, method, ("lab", *words)
