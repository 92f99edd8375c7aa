"""The fork haiss-alyx (Alyx-local): where it keeps files in another way, put into Alyx's words.

There a dataset lies in one repository and has a file for each ``extra``; where a file lies is not
written down, but follows from what it is:
``subject/day/number/collection/#revision#/object.attribute.extra.ending``.
Here, as in Alyx, a dataset is one file, and says its name and path.
"""

from collections.abc import Iterator
from typing import Any

from lab.alyx import values
from lab.alyx.dump import AT_ONCE, Dump, Fields, Row
from lab.errors import DumpDoesNotFit

MADE = "haiss."  # stands before the kind of a row that is being put into Alyx's words
FOLDERS = ("data_path", "path", "globus_path")
OF_A_FILE = ("hash", "file_size", "version")
GONE = {"data_repository", "extra", "name", "relative_path", "filename"}


def translate(dump: Dump) -> None:
    """Put the records of the fork into Alyx's words.

    Raises
    ------
    DumpDoesNotFit
        A file's name or path cannot be told; its record is named.
    """
    _replace(dump, "data.datasettype", map(_type, dump.of("data.datasettype")))
    _replace(dump, "data.datarepository", map(_repository, dump.of("data.datarepository")))
    for file in dump.of("data.filerecord"):
        dump.add(_rows_of_file(file, dump))
    dump.add(_without_a_file(dump))
    for kind in ("data.dataset", "data.filerecord"):
        dump.take_over(kind, MADE + kind)


def _replace(dump: Dump, kind: str, rows: Iterator[Row]) -> None:
    piece = []
    for row in rows:
        piece.append(Row(MADE + kind, row.key, row.fields, row.line))
        if len(piece) == AT_ONCE:
            dump.add(piece)
            piece = []
    dump.add(piece)
    dump.take_over(kind, MADE + kind)


def _type(row: Row) -> Row:
    fields = _without(row.fields, {"object", "attribute"})
    words = [row.fields.get("object"), row.fields.get("attribute")]
    named = ".".join(filter(None, words)) or row.fields.get("name")
    return Row(row.kind, row.key, fields | {"name": named}, row.line)


def _repository(row: Row) -> Row:
    """Say what people open; the folder on the server is given when it is mounted."""
    host = values.text(row.fields.get("hostname")).strip("/\\")
    folder = next((row.fields[name] for name in FOLDERS if row.fields.get(name)), "")
    folder = str(folder).replace("\\", "/").strip("/")
    network = "\\\\" + "\\".join([host, *folder.split("/")]) if host else ""
    kept = _without(row.fields, {"data_path", "path"})
    more = {"network_path": network, "globus_is_personal": False, "globus_path": f"/{folder}"}
    return Row(row.kind, row.key, kept | more, row.line)


def _rows_of_file(file: Row, dump: Dump) -> Iterator[Row]:
    """Yield a dataset and its file; the first file has its dataset's id, each other one its own."""
    dataset = _need(dump, "data.dataset", file, "dataset")
    is_first = dump.find(MADE + "data.dataset", dataset.key) is None
    key = dataset.key if is_first else file.key
    name = _name(dataset, file, dump)
    of_file = {each: file.fields[each] for each in OF_A_FILE if file.fields.get(each)}
    others = {} if is_first else {"hash": "", "file_size": None}
    fields = _kept(dataset.fields) | others | of_file | {"name": name}
    yield Row(MADE + "data.dataset", key, fields, dataset.line)
    repository = place_of(dataset, dump)
    if repository:
        kept = _without(file.fields, {*GONE, *OF_A_FILE})
        path = _path(dataset, name, dump)
        at = {"dataset": key, "data_repository": repository, "relative_path": path}
        yield Row(MADE + "data.filerecord", file.key, {"exists": True} | kept | at, file.line)


def _without_a_file(dump: Dump) -> Iterator[Row]:
    for dataset in dump.of("data.dataset"):
        if dump.find(MADE + "data.dataset", dataset.key) is None:
            name = _name(dataset, dataset, dump)
            fields = _kept(dataset.fields) | {"name": name}
            yield Row(MADE + "data.dataset", dataset.key, fields, dataset.line)


def _kept(fields: Fields) -> Fields:
    return _without(fields, GONE) | {"collection": _folders(fields.get("collection"))}


def _without(fields: Fields, names: set[str]) -> Fields:
    return {name: value for name, value in fields.items() if name not in names}


def place_of(dataset: Row, dump: Dump) -> Any:
    """Return the repository that a dataset lies in: its own, its session's, or its project's."""
    own = dataset.fields.get("data_repository")
    session = dump.find("actions.session", dataset.fields.get("session"))
    if own or session is None:
        return own
    keys = session.fields.get("projects") or [session.fields.get("project")]
    projects = [dump.find("subjects.project", key) for key in keys]
    places = [each.fields.get("default_data_repository") for each in [session, *projects] if each]
    return next(filter(None, places), None)


def _name(dataset: Row, file: Row, dump: Dump) -> str:
    kind = _need(dump, "data.datasettype", dataset, "dataset_type").fields["name"]
    form = _need(dump, "data.dataformat", dataset, "data_format").fields
    extra = values.text(file.fields.get("extra")).strip(".")
    ending = values.text(form.get("file_extension")).lstrip(".")
    return ".".join(filter(None, [kind, extra, ending]))


def _path(dataset: Row, name: str, dump: Dump) -> str:
    session = _need(dump, "actions.session", dataset, "session")
    revision = dataset.fields.get("revision")
    found = _need(dump, "data.revision", dataset, "revision") if revision else None
    folder = f"#{found.fields['name']}#" if found else ""
    folders = [alias(session, dump), _folders(dataset.fields.get("collection")), folder, name]
    return "/".join(filter(None, folders))


def alias(session: Row, dump: Dump) -> str:
    """Return what the fork calls a session: subject/day/number."""
    subject = _need(dump, "subjects.subject", session, "subject")
    day = values.text(session.fields.get("start_time"))[:10]
    return f"{subject.fields['nickname']}/{day}/{int(session.fields.get('number') or 0):03d}"


def _folders(text: Any) -> str:
    return values.text(text).replace("\\", "/").strip("/")


def _need(dump: Dump, kind: str, row: Row, link: str) -> Row:
    found = dump.find(kind, row.fields.get(link))
    if found is None:
        raise DumpDoesNotFit(f"{row}: its {link} {row.fields.get(link)} is not in the dump.")
    return found
