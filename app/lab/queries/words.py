"""Columns that hold few different words however many rows there are, such as folders of files.

To look for a part of a word, a database reads every row; here it walks from word to word by the
index, which is as quick among a million rows as among ten, and then asks for the words themselves.
"""

from collections.abc import Callable, Mapping
from typing import Any

from django.db import connection, models

from lab.models import Dataset

MOST = 1000  # with more, the walk is no longer worth its while
FEW: Mapping[type[models.Model], frozenset[str]] = {Dataset: frozenset({"collection", "name"})}
WALK = """
    WITH RECURSIVE few (word) AS (
        SELECT min({column}) FROM {table}
        UNION ALL
        SELECT (SELECT min({column}) FROM {table} WHERE {column} > few.word)
        FROM few WHERE few.word IS NOT NULL
    )
    SELECT word FROM few WHERE word IS NOT NULL LIMIT %s
"""
Test = Callable[[str, str], bool]
TESTS: Mapping[str, Test] = {
    "contains": lambda word, part: part in word,
    "icontains": lambda word, part: part.lower() in word.lower(),
    "startswith": lambda word, part: word.startswith(part),
    "istartswith": lambda word, part: word.lower().startswith(part.lower()),
    "endswith": lambda word, part: word.endswith(part),
    "iendswith": lambda word, part: word.lower().endswith(part.lower()),
    "iexact": lambda word, part: word.lower() == part.lower(),
}


def matching(model: type[models.Model], path: str, operator: str, value: Any) -> list[str] | None:
    """Return the words that fit, or None where it is better to ask row by row.

    ``path`` leads from ``model`` to the column, over other kinds of records perhaps.
    """
    owner, column = _column(model, path)
    if operator not in TESTS or column not in FEW.get(owner, ()) or not isinstance(value, str):
        return None
    words = all_words(owner, column)
    if len(words) > MOST:
        return None
    return [word for word in words if TESTS[operator](word, value)]


def all_words(model: type[models.Model], column: str) -> list[str]:
    """Return the different words of a column that an index begins with, one more than `MOST`."""
    quote = connection.ops.quote_name
    walk = WALK.format(column=quote(column), table=quote(model._meta.db_table))  # noqa: SLF001
    with connection.cursor() as cursor:
        cursor.execute(walk, [MOST + 1])
        return [word for (word,) in cursor.fetchall()]


def _column(model: type[models.Model], path: str) -> tuple[Any, str]:
    *steps, column = path.split("__")
    owner: Any = model
    for step in steps:
        owner = owner._meta.get_field(step).related_model if owner else None  # noqa: SLF001
    return owner, column
