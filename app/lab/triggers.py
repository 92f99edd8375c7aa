"""What the database itself holds, beyond constraints, of animals' lives and of where they live.

Nothing is done with an animal before its birth or after its death (a row that says why, in
``after_death`` or ``confirmed``, is kept), and none lives in two cages at a time.

PostgreSQL's triggers are made by migrations. SQLite builds a table anew for most changes of it,
which loses its triggers and stumbles over those of others; so there they are taken away before
migrations and made after them.
"""

from collections.abc import Iterator

from django.db.backends.base.base import BaseDatabaseWrapper

BEGAN, AT = "began_at", "at"
ACTIONS = {  # the table of each kind of action, and the column that says when
    "lab_session": BEGAN,
    "lab_surgery": BEGAN,
    "lab_virusinjection": BEGAN,
    "lab_chronicrecording": BEGAN,
    "lab_otheraction": BEGAN,
    "lab_waterrestriction": BEGAN,
    "lab_weighing": AT,
    "lab_wateradministration": AT,
}
SUFFIX = "_in_life"
AFTER_DEATH = "The animal died before that day. If this is right, say why in after_death."
BEFORE_BIRTH = "The animal was born after that day. If this is right, say why in confirmed."
DIES_BEFORE = "Something was done with the animal after that day, and does not say why."
BORN_AFTER = "Something was done with the animal before that day, and does not say why."
TWO_CAGES = "The animal lives in another cage at that time."
OVERLAPPING = """EXISTS (
    SELECT 1 FROM lab_housingperiod AS other
    WHERE other.subject_id = NEW.subject_id AND other.id <> NEW.id
        AND (NEW.ended_at IS NULL OR other.began_at < NEW.ended_at)
        AND (other.ended_at IS NULL OR other.ended_at > NEW.began_at)
)"""


def settle(connection: BaseDatabaseWrapper) -> None:
    """Make SQLite's triggers as they have to be; elsewhere migrations have made them."""
    if connection.vendor != "sqlite" or not _has_columns(connection):
        return
    remove(connection)
    with connection.cursor() as cursor:
        for statement in statements():
            cursor.execute(statement)


def remove(connection: BaseDatabaseWrapper) -> None:
    """Take SQLite's triggers away, so that tables can be built anew."""
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        names = [name for (name,) in cursor.fetchall()]
        for name in names:
            if name.startswith("lab_"):
                cursor.execute(f"DROP TRIGGER {name}")


def _has_columns(connection: BaseDatabaseWrapper) -> bool:
    """Say whether the tables are there as the triggers know them; older ones have none."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COUNT(*) FROM sqlite_master AS t, pragma_table_info(t.name) AS c"
            " WHERE t.type = 'table' AND c.name = 'confirmed' AND t.name LIKE 'lab!_%' ESCAPE '!'"
        )
        return int(cursor.fetchone()[0]) >= len(ACTIONS)


def statements() -> Iterator[str]:
    """Yield SQLite's triggers. Django gives it the function that knows the days of a time zone."""
    for table, column in ACTIONS.items():
        day = _day(f'NEW."{column}"')
        late = f"NEW.after_death = '' AND {day} > animal.died_on"
        early = f"NEW.confirmed = '' AND {day} < animal.born_on"
        moved = " OR ".join(
            f'NEW."{name}" IS NOT OLD."{name}"'
            for name in (column, "subject_id", "after_death", "confirmed")
        )
        for rule, said, words in ((late, "late", AFTER_DEATH), (early, "early", BEFORE_BIRTH)):
            found = f"EXISTS (SELECT 1 {ANIMAL} WHERE animal.id = NEW.subject_id AND {rule})"
            yield _trigger(f"{table}{SUFFIX}_{said}", f"INSERT ON {table}", found, words)
            yield _trigger(
                f"{table}{SUFFIX}_{said}_moved",
                f"UPDATE ON {table}",
                f"({moved}) AND {found}",
                words,
            )
    yield _of_animal("died_on", ">", "after_death", DIES_BEFORE)
    yield _of_animal("born_on", "<", "confirmed", BORN_AFTER)
    for event in ("INSERT", "UPDATE OF subject_id, began_at, ended_at"):
        name = f"lab_housingperiod_apart_{event[:6].lower()}"
        yield _trigger(name, f"{event} ON lab_housingperiod", OVERLAPPING, TWO_CAGES, "AFTER")


ANIMAL = "FROM lab_subject AS animal JOIN accounts_lab AS place ON place.id = animal.lab_id"


def _day(instant: str) -> str:
    return f"django_datetime_cast_date({instant}, place.time_zone, 'UTC')"


def _trigger(name: str, event: str, found: str, words: str, when: str = "BEFORE") -> str:
    return (
        f"CREATE TRIGGER {name} {when} {event} WHEN {found} "
        f"BEGIN SELECT RAISE(ABORT, '{words}'); END"
    )


def _of_animal(column: str, beyond: str, word: str, words: str) -> str:
    """Return what refuses a date of an animal that its actions contradict."""
    found = " OR ".join(
        f"EXISTS (SELECT 1 FROM {table} AS act"  # noqa: S608  our own names
        " JOIN accounts_lab AS place ON place.id = NEW.lab_id"
        f" WHERE act.subject_id = NEW.id AND act.{word} = ''"
        f" AND {_day(f'act.{instant}')} {beyond} NEW.{column})"
        for table, instant in ACTIONS.items()
    )
    return _trigger(
        f"lab_subject{SUFFIX}_{column}",
        f"UPDATE OF {column} ON lab_subject",
        f"NEW.{column} IS NOT OLD.{column} AND ({found})",
        words,
    )
