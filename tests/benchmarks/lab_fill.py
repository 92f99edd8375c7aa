"""Fill a PostgreSQL database with the records of a lab's years, by statements over whole tables.

What a table needs besides what is written here takes its field's default, so that a new column
does not stop the benchmark.
"""

from dataclasses import dataclass
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import connection, models
from django.utils.timezone import now

from accounts.models import ApiToken, Lab, Membership, Project, User
from accounts.roles import Role
from accounts.services import tokens
from lab import models as lab
from lab import recording

PASSWORD = "benchmark only"
FILES_OF_THE_LONG_SESSION = 300


@dataclass(frozen=True)
class Size:
    """How much there is; files are two for each dataset."""

    name: str
    labs: int
    animals: int
    sessions: int
    datasets_each: int = 30
    weighings_each: int = 100
    restricted: int = 200

    @property
    def datasets(self) -> int:
        return self.sessions * self.datasets_each


SMALL = Size("small", labs=1, animals=300, sessions=5_000)
LARGE = Size("large", labs=4, animals=1_000, sessions=50_000)
SIZES = {size.name: size for size in (SMALL, LARGE)}

PROBE = (
    "spikes.times.npy", "spikes.clusters.npy", "spikes.amps.npy", "spikes.depths.npy",
    "clusters.channels.npy", "clusters.metrics.pqt", "channels.localCoordinates.npy",
)  # fmt: skip
# The files of one session, as an experiment with two probes and three cameras leaves them.
COLLECTIONS = {
    "alf": (
        "_ibl_trials.table.pqt", "_ibl_trials.goCueTrigger_times.npy", "licks.times.npy",
        "_ibl_wheel.position.npy", "_ibl_wheel.timestamps.npy", "_ibl_wheelMoves.intervals.npy",
        "_ibl_leftCamera.times.npy", "_ibl_rightCamera.times.npy", "_ibl_bodyCamera.times.npy",
    ),
    "alf/probe00": PROBE,
    "alf/probe01": PROBE,
    "raw_behavior_data": ("_iblrig_taskData.raw.jsonable", "_iblrig_taskSettings.raw.json"),
    "raw_ephys_data/probe00": ("_spikeglx_ephysData_g0_t0.imec0.ap.cbin",),
    "raw_ephys_data/probe01": ("_spikeglx_ephysData_g0_t0.imec1.ap.cbin",),
    "raw_video_data": (
        "_iblrig_leftCamera.raw.mp4", "_iblrig_rightCamera.raw.mp4", "_iblrig_bodyCamera.raw.mp4",
    ),
}  # fmt: skip
KINDS = [(folder, name) for folder, names in COLLECTIONS.items() for name in names]


@dataclass(frozen=True)
class Filled:
    """Who asks, and what there is to ask for."""

    size: str
    token: str
    subject: str
    session: str
    path: str
    long_session: str
    repository: str
    admin: str = "operator"


def fill(size: Size) -> Filled:
    """Fill an empty, migrated database and let the planner know of it."""
    with recording.by(None, reason="the benchmark"):
        secret = _people(size)
        _lists()
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # what is made here fits together
        indexes = _without_indexes(cursor, lab.Dataset, lab.FileRecord)
        for step in (_animals, _sessions, _datasets, _measurements):
            step(cursor, size)
        for definition in indexes:
            cursor.execute(definition)
        cursor.execute("SET session_replication_role = origin")
        cursor.execute("VACUUM (ANALYZE)")
    return found(size, secret)


def found(size: Size, secret: str) -> Filled:
    long = lab.Dataset.objects.filter(collection="many").values("session")[:1]
    mine = lab.Session.objects.filter(subject__responsible_user=User.objects.earliest("pk"))
    usual = mine.exclude(pk__in=long).earliest("began_at", "pk")
    return Filled(
        size=size.name,
        token=secret,
        subject=usual.subject.nickname,
        session=str(usual.pk),
        path=f"{usual.subject.nickname}/{usual.day}/{usual.number:03d}",
        long_session=str(lab.Session.objects.get(pk__in=long).pk),
        repository="server",
    )


def _people(size: Size) -> str:
    """Make labs, projects and people; return the secret of one who sees every lab."""
    people = [User(username=f"person{n}", password="!") for n in range(20)]
    for person in people:
        person.save()
    for number in range(size.labs):
        place = Lab.objects.create(name=f"Lab {number}", slug=f"lab{number}")
        lab.LabProfile.objects.filter(lab=place).update(reference_weight_fraction=0.8)
        lab.Location.objects.create(name=f"Rig {number}", lab=place)
        for count in range(3):
            Project.objects.create(name=f"Project {number}.{count}", lab=place)
        Membership.objects.bulk_create(
            Membership(user=person, lab=place, role=Role.EXPERIMENTER) for person in people
        )
    operator = User(username="operator", is_staff=True, is_superuser=True)
    operator.set_password(PASSWORD)
    operator.save()
    _, secret = tokens.create_token(user=people[0], name="bench", scope=ApiToken.Scope.WRITE)
    return secret


def _lists() -> None:
    """Make what there is to choose from."""
    server = lab.Repository.objects.create(
        name="server", is_personal=False, data_url="http://files.invalid/"
    )
    lab.Repository.objects.create(name="acquisition", is_personal=True)
    for profile in lab.LabProfile.objects.all():
        profile.repositories.add(server)
    for name in ("Mus musculus",):
        lab.Species.objects.create(name=name)
    lab.Strain.objects.create(name="C57BL/6J")
    lab.ProcedureType.objects.create(name="Ephys recording with acute probe(s)")
    lab.WaterType.objects.create(name="Water")
    endings = sorted({"." + name.rpartition(".")[2] for _, name in KINDS})
    for ending in endings:
        lab.DataFormat.objects.create(name=ending[1:], file_extension=ending)
    for name in sorted({name for _, name in KINDS}):
        lab.DatasetType.objects.create(name=name.rpartition(".")[0], filename_pattern=name)
    lab.DatasetType.objects.create(name="bench.file", filename_pattern="bench.file*.npy")
    for place in Lab.objects.all():
        line = lab.Line.objects.create(name=f"Line of {place}", nickname=f"L{place.pk}", lab=place)
        allele = lab.Allele.objects.create(nickname=f"Cre{place.pk}")
        line.alleles.add(allele)


# --- statements -------------------------------------------------------------------------------
def _insert(cursor: Any, model: type[models.Model], source: str, **columns: str) -> None:
    """Insert ``SELECT columns FROM source``; fields that are not named get their default."""
    given: list[Any] = []
    words: dict[str, str] = {}
    for field in model._meta.concrete_fields:
        if field.attname in columns:
            words[field.column] = columns[field.attname]
        elif not field.primary_key and (value := _default(field)) is not None:
            words[field.column] = f"%s::{field.db_type(connection)}"
            given.append(value)
    table = connection.ops.quote_name(model._meta.db_table)
    names = ", ".join(map(connection.ops.quote_name, words))
    cursor.execute(
        f"INSERT INTO {table} ({names}) SELECT {', '.join(words.values())} FROM {source}", given
    )


def _default(field: Any) -> Any:
    if getattr(field, "auto_now", False):
        return now()
    value = field.get_default()
    if value is None and not field.null and field.empty_strings_allowed:
        return ""
    return field.get_db_prep_save(value, connection) if value is not None else None


def _table(model: type[models.Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)


def _numbered(model: type[models.Model], order: str) -> str:
    """Return a table with the number of each row, from 0."""
    return f"(SELECT *, row_number() OVER (ORDER BY {order}) - 1 AS n FROM {_table(model)})"


def _key(kind: str, number: str) -> str:
    return f"md5('{kind}' || ({number})::text)::uuid"


def _without_indexes(cursor: Any, *kinds: type[models.Model]) -> list[str]:
    """Drop the indexes that no constraint needs; return how to make them again."""
    cursor.execute(
        """
        SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY(%s)
        AND indexname NOT IN (SELECT conname FROM pg_constraint)
        """,
        [[kind._meta.db_table for kind in kinds]],
    )
    found = cursor.fetchall()
    for name, _ in found:
        cursor.execute(f"DROP INDEX {connection.ops.quote_name(name)}")
    return [definition for _, definition in found]


def _animals(cursor: Any, size: Size) -> None:
    animals = (
        f"generate_series(0, {size.animals - 1}) AS n(n) "
        f"JOIN {_numbered(lab.Line, 'nickname')} line ON line.n = n.n %% {size.labs} "
        f"JOIN {_numbered(User, 'username')} person ON person.n = n.n %% 20 "
        f"CROSS JOIN {_table(lab.Species)} species CROSS JOIN {_table(lab.Strain)} strain"
    )
    _insert(
        cursor, lab.Subject, animals,
        id=_key("subject", "n.n"), nickname="'KS' || lpad(n.n::text, 4, '0')",
        lab_id="line.lab_id", line_id="line.id", responsible_user_id="person.id",
        species_id="species.id", strain_id="strain.id", sex="(ARRAY['M','F'])[1 + n.n %% 2]",
        born_on="DATE '2024-01-01' + (n.n %% 300)",
        died_on=f"CASE WHEN n.n >= {size.restricted} AND n.n %% 3 = 0 THEN DATE '2026-06-01' END",
    )  # fmt: skip
    rows = f"{_table(lab.Subject)} s"
    _insert(cursor, lab.SubjectName, rows, id=_key("name", "s.id"), subject_id="s.id",
            lab_id="s.lab_id", name="s.nickname")  # fmt: skip
    carried = f"{rows} JOIN {_table(lab.Line.alleles.through)} a ON a.line_id = s.line_id"
    _insert(cursor, lab.Zygosity, carried, id=_key("zygosity", "s.id"), subject_id="s.id",
            allele_id="a.allele_id", value="1")  # fmt: skip
    _insert(
        cursor, lab.WaterRestriction, f"{_numbered(lab.Subject, 'nickname')} s "
        f"WHERE s.n < {size.restricted}",
        id=_key("restriction", "s.id"), subject_id="s.id", lab_id="s.lab_id",
        began_at="TIMESTAMPTZ '2026-01-10 09:00+00'", reference_weight_g="25.0",
    )  # fmt: skip


def _sessions(cursor: Any, size: Size) -> None:
    sessions = (
        f"generate_series(0, {size.sessions}) AS n(n) "
        f"JOIN {_numbered(lab.Subject, 'nickname')} s ON s.n = n.n %% {size.animals} "
        f"JOIN {_table(lab.Location)} place ON place.lab_id = s.lab_id"
    )
    day = f"DATE '2025-09-01' + (n.n / {size.animals})"
    _insert(
        cursor, lab.Session, sessions,
        id=_key("session", "n.n"), subject_id="s.id", lab_id="s.lab_id", location_id="place.id",
        day=day, number="1", began_at=f"({day}) + TIME '09:00' + (n.n %% 28800) * INTERVAL '1 s'",
        ended_at=f"({day}) + TIME '10:10' + (n.n %% 28800) * INTERVAL '1 s'",
        task_protocol="(ARRAY['biasedChoiceWorld','ephysChoiceWorld','trainingChoiceWorld'])"
        "[1 + n.n %% 3] || '6.4.2'",
        n_trials="400 + n.n %% 500", n_correct_trials="300 + n.n %% 90",
        qc="(ARRAY[0,10,30,40])[1 + n.n %% 4]",
        extended_qc="jsonb_build_object('task', (n.n %% 100) / 100.0)",
        narrative="'A usual day.'",
    )  # fmt: skip
    rows = f"{_table(lab.Session)} e"
    numbered = f"{_numbered(lab.Session, 'began_at, id')} e"
    projects = (
        f"{numbered} JOIN (SELECT id, lab_id, row_number() OVER (PARTITION BY lab_id ORDER BY id) "
        f"- 1 AS n FROM {_table(Project)}) p ON p.lab_id = e.lab_id AND p.n = e.n %% 3"
    )
    _insert(cursor, lab.Session.projects.through, projects, session_id="e.id", project_id="p.id")
    _insert(cursor, lab.Session.users.through,
            f"{numbered} JOIN {_numbered(User, 'username')} u ON u.n = e.n %% 20",
            session_id="e.id", user_id="u.id")  # fmt: skip
    _insert(cursor, lab.Session.procedures.through,
            f"{rows} CROSS JOIN {_table(lab.ProcedureType)} p",
            session_id="e.id", proceduretype_id="p.id")  # fmt: skip
    for number in range(2):
        _insert(cursor, lab.ProbeInsertion, f"{numbered} WHERE e.n %% 3 = 1",
                id=_key(f"probe{number}", "e.id"), session_id="e.id",
                name=f"'probe{number:02d}'")  # fmt: skip
    note_kind = ContentType.objects.get_for_model(lab.Session).pk
    _insert(cursor, lab.Note, f"{numbered} CROSS JOIN (SELECT min(id) AS id FROM {_table(User)}) u "
            "WHERE e.n %% 10 = 0", id=_key("note", "e.id"), user_id="u.id", lab_id="e.lab_id",
            text="'Well done.'", content_type_id=str(note_kind), object_id="e.id")  # fmt: skip


def _datasets(cursor: Any, size: Size) -> None:
    """Give every session its thirty files, and the last one, which is more, three hundred."""
    cursor.execute("CREATE TEMPORARY TABLE kinds (k int, collection text, name text)")
    cursor.executemany(
        "INSERT INTO kinds VALUES (%s, %s, %s)",
        [(number, folder, name) for number, (folder, name) in enumerate(KINDS)],
    )
    sessions = (
        f"(SELECT *, row_number() OVER (ORDER BY began_at, id) - 1 AS n FROM {_table(lab.Session)})"
    )
    types = (
        f"JOIN {_table(lab.DatasetType)} t ON t.filename_pattern = k.name "
        f"JOIN {_table(lab.DataFormat)} f ON k.name LIKE '%%' || f.file_extension"
    )
    shared = {
        "session_id": "e.id", "lab_id": "e.lab_id", "type_id": "t.id", "format_id": "f.id",
        "created_at": "e.ended_at + k.k * INTERVAL '1 s'", "hash": "md5(e.id::text || k.k)",
        "changed_at": "e.ended_at + k.k * INTERVAL '1 s'",
        "is_online": "TRUE", "is_default": "TRUE",
    }  # fmt: skip
    _insert(
        cursor, lab.Dataset, f"{sessions} e CROSS JOIN kinds k {types} WHERE e.n < {size.sessions}",
        id=_key("dataset", "e.n * 1000 + k.k"), name="k.name", collection="k.collection",
        qc="(ARRAY[0,10,30,40])[1 + (e.n + k.k) %% 4]",
        file_size="1000 + (e.n * 7919 + k.k) %% 100000000", created_by_id=_first_user(),
        **(shared | {"is_online": "(e.n + k.k) %% 20 > 0"}),
    )  # fmt: skip
    _insert(
        cursor, lab.Dataset,
        f"{sessions} e CROSS JOIN generate_series(0, {FILES_OF_THE_LONG_SESSION - 1}) AS k(k) "
        f"JOIN {_table(lab.DatasetType)} t ON t.name = 'bench.file' "
        f"JOIN {_table(lab.DataFormat)} f ON f.name = 'npy' WHERE e.n = {size.sessions}",
        id=_key("long", "k.k"), name="'bench.file' || k.k || '.npy'", collection="'many'",
        file_size="1000", created_by_id=_first_user(), **shared,
    )  # fmt: skip
    path = "s.nickname || '/' || e.day || '/001/' || d.collection || '/' || d.name"
    for name, exists in (("server", "d.is_online"), ("acquisition", "TRUE")):
        _insert(
            cursor, lab.FileRecord,
            f"{_table(lab.Dataset)} d JOIN {_table(lab.Session)} e ON e.id = d.session_id "
            f"JOIN {_table(lab.Subject)} s ON s.id = e.subject_id "
            f"JOIN {_table(lab.Repository)} r ON r.name = '{name}'",
            id=_key(name, "d.id"), dataset_id="d.id", repository_id="r.id", relative_path=path,
            exists=exists,
        )  # fmt: skip


def _first_user() -> str:
    return str(User.objects.earliest("pk").pk)


def _measurements(cursor: Any, size: Size) -> None:
    rows = (
        f"{_table(lab.Subject)} s CROSS JOIN generate_series(0, {size.weighings_each - 1}) AS d(d) "
        f"CROSS JOIN {_table(lab.WaterType)} w"
    )
    at = "TIMESTAMPTZ '2026-01-01 09:00+00' + d.d * INTERVAL '1 day'"
    _insert(cursor, lab.Weighing, rows, id=_key("weighing", "s.id::text || d.d"), subject_id="s.id",
            user_id=_first_user(), at=at, weight_g="20.0 + (d.d %% 50) / 10.0")  # fmt: skip
    _insert(cursor, lab.WaterAdministration, rows, id=_key("water", "s.id::text || d.d"),
            subject_id="s.id", user_id=_first_user(), at=f"{at} + INTERVAL '1 h'",
            water_ml="0.8 + (d.d %% 5) / 10.0", water_type_id="w.id")  # fmt: skip
