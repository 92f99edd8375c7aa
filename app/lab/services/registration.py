"""Registering files: all of a call or none, and once however often it is sent."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from typing import Any, cast

from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.utils.timezone import now

from accounts.models import Lab, User
from lab import alf, permissions, recording
from lab.errors import DoesNotFit, Protected
from lab.models import (
    DataFormat,
    Dataset,
    DatasetType,
    FileRecord,
    Recorded,
    Repository,
    Revision,
    Session,
)
from lab.services import attachment

# What the history says of a file record besides itself.
TOLD = ("dataset__lab", "repository")
CONTENT = {"file_size", "hash", "version", "qc"}  # what a protected dataset goes on saying
Key = tuple[str, str, str]  # collection, revision, name


@dataclass(frozen=True)
class Sent:
    """One file as a program describes it."""

    place: alf.Place
    hash: str = ""
    size: int | None = None
    version: str = ""
    qc: int = 0

    @property
    def key(self) -> Key:
        return self.place.collection, self.place.revision, self.place.name


@dataclass(frozen=True)
class Wish:
    """What a call wants besides naming the files."""

    repository: Repository | None = None
    labs: Sequence[Lab] = ()
    server_only: bool = False
    exists: bool = True
    is_default: bool = True
    check_protected: bool = False
    created_by: User | None = None


@dataclass(frozen=True)
class Owner:
    """What the files belong to: a session, or any other record, over whose sessions they go."""

    session: Session | None = None
    thing: Recorded | None = None

    @property
    def record(self) -> Recorded:
        return cast("Recorded", self.session or self.thing)

    @property
    def lab(self) -> Lab | None:
        return cast("Lab | None", getattr(self.record, "lab", None))

    @property
    def home(self) -> Lab | None:
        """Return the lab whose repositories are meant when none is named."""
        return self.session.subject.lab if self.session else self.lab

    @property
    def folder(self) -> str:
        """Return the folder that its files' paths begin with; others name all of theirs."""
        return folder_of(self.session) if self.session else ""

    @property
    def link(self) -> dict[str, Any]:
        """Return what a dataset says of its owner."""
        if self.session:
            return {"session": self.session}
        kind = ContentType.objects.get_for_model(self.record)
        return {"session": None, "content_type": kind, "object_id": self.record.pk}

    def datasets(self) -> Any:
        return Dataset.objects.filter(**self.link)

    def lock(self) -> None:
        """Let nobody else register files of it until this is over."""
        rows: Any = type(self.record)._default_manager  # noqa: SLF001
        rows.select_for_update(of=("self",)).get(pk=self.record.pk)


@dataclass
class _Work:
    """What one registration has found out."""

    owner: Owner
    wish: Wish
    by: User
    there: dict[Key, Dataset] = field(default_factory=dict)
    types: dict[str, DatasetType] = field(default_factory=dict)
    formats: dict[str, DataFormat] = field(default_factory=dict)
    revisions: dict[str, Revision] = field(default_factory=dict)


@transaction.atomic
def register(
    *, by: User, owner: Owner, files: Sequence[Sent], wish: Wish, reason: str = ""
) -> list[Dataset]:
    """Register files of a session or of another record; sent again, they are there already.

    The owner's row is locked meanwhile, so that two calls about one follow each other.
    """
    permissions.need_create(by, Dataset, owner.lab)
    owner.lock()
    with recording.by(by, reason=reason):
        work = _find(owner, files, wish, by)
        if wish.check_protected:
            _need_unprotected(work, files)
        _need_same_content(work, files)
        datasets = _keep(work, files)
        _keep_records(work, files, datasets)
        if owner.session:
            attachment.attach(session=owner.session, datasets=datasets)
    return datasets


def protected(owner: Owner, files: Iterable[Sent]) -> list[dict[str, list[dict[str, bool]]]]:
    """Return for each file its revisions, the newest first, and whether each is protected."""
    names = {(file.place.collection, file.place.name) for file in files}
    rows = (
        owner.datasets()
        .filter(name__in={name for _, name in names})
        .select_related("revision")
        .prefetch_related("tags")
    )
    found: dict[tuple[str, str], list[tuple[str, bool]]] = {name: [] for name in names}
    for row in rows:
        if (row.collection, row.name) in found:
            kept = any(tag.is_protected for tag in row.tags.all())
            found[row.collection, row.name].append(
                (row.revision.name if row.revision else "", kept)
            )
    return [
        {_joined(file): [{name: kept} for name, kept in
                         sorted(found[file.place.collection, file.place.name], reverse=True)]}
        for file in files
    ]  # fmt: skip


def _joined(file: Sent) -> str:
    return "/".join(filter(None, [file.place.collection, file.place.name]))


def _need_unprotected(work: _Work, files: Sequence[Sent], *, only: Collection[Key] = ()) -> None:
    """Refuse a call about protected files; those of ``only`` alone, when it names some."""
    details = protected(work.owner, files)
    for file, told in zip(files, details, strict=True):
        revisions = {name: kept for each in told[_joined(file)] for name, kept in each.items()}
        if revisions.get(file.place.revision) and (not only or file.key in only):
            raise Protected(details)


def _need_same_content(work: _Work, files: Sequence[Sent]) -> None:
    """Refuse other content for a protected dataset, also when nobody asked for the check.

    ONE leaves the check out once it has moved its files into a new revision, never to write over
    one. The same content may come again, and another copy of it, and another default revision.
    """
    others = {
        file.key for file in files
        if (there := work.there.get(file.key)) and any(
            getattr(there, name) != value
            for name, value in _said(work, there, file).items() if name in CONTENT
        )
    }  # fmt: skip
    if others:
        _need_unprotected(work, files, only=others)


def _find(owner: Owner, files: Sequence[Sent], wish: Wish, by: User) -> _Work:
    """Look up all that the files speak of, and refuse what is not known."""
    work = _Work(owner, wish, by)
    names = {file.place.name for file in files}
    rows = owner.datasets().filter(name__in=names).select_related(
        "revision", "type", "format", "created_by", "lab"
    )  # fmt: skip
    work.there = {(r.collection, r.revision.name if r.revision else "", r.name): r for r in rows}
    types, formats = list(DatasetType.objects.all()), list(DataFormat.objects.all())
    for name in names:
        work.types[name] = type_of(name, types)
        work.formats[name] = format_of(name, formats)
    work.revisions = _revisions({file.place.revision for file in files} - {""})
    return work


def type_of(name: str, types: Iterable[DatasetType]) -> DatasetType:
    """Return the one type that a file's name belongs to."""
    kind, low = alf.kind(name), name.lower()
    found = [each for each in types if _fits(each, low, kind)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise DoesNotFit(
            f"{name} belongs to no dataset type.",
            field="filenames",
            remedy=f"Create a type called {kind or 'object.attribute'}, or one with a pattern.",
        )
    several = ", ".join(sorted(each.name for each in found))
    raise DoesNotFit(f"{name} belongs to several dataset types: {several}.", field="filenames")


def _fits(each: DatasetType, low: str, kind: str) -> bool:
    if each.filename_pattern:
        return fnmatch(low, each.filename_pattern.lower())
    return bool(kind) and each.name == kind


def format_of(name: str, formats: Iterable[DataFormat]) -> DataFormat:
    """Return the one format that a file's ending stands for; a longer ending wins."""
    low = name.lower()
    found = sorted(
        (each for each in formats if low.endswith(each.file_extension.lower())),
        key=lambda each: len(each.file_extension),
    )
    if not found:
        raise DoesNotFit(
            f"No data format has the ending {alf.extension(name) or 'of ' + name}.",
            field="filenames",
        )
    return found[-1]


def _revisions(names: set[str]) -> dict[str, Revision]:
    there = {each.name: each for each in Revision.objects.filter(name__in=names)}
    made = [Revision(name=name) for name in sorted(names - set(there))]
    return there | {each.name: each for each in Revision.objects.bulk_create(made)}


def _keep(work: _Work, files: Sequence[Sent]) -> list[Dataset]:
    """Create the datasets that are new and change those whose content is."""
    if work.wish.is_default:
        _clear_defaults(work, files)
    new = {file.key: _new(work, file) for file in files if file.key not in work.there}
    Dataset.objects.bulk_create(list(new.values()))
    _renew(work, [file for file in files if file.key in work.there])
    everything = work.there | new
    return [everything[file.key] for file in files]


def _clear_defaults(work: _Work, files: Sequence[Sent]) -> None:
    """Let no other revision of the files be the default one."""
    mine = {work.there[file.key].pk for file in files if file.key in work.there}
    names = {(file.place.collection, file.place.name) for file in files}
    others = [
        row.pk for row in work.there.values()
        if row.is_default and row.pk not in mine and (row.collection, row.name) in names
    ]  # fmt: skip
    if others:
        Dataset.objects.filter(pk__in=others).select_related("lab").update(is_default=False)


def _new(work: _Work, file: Sent) -> Dataset:
    return Dataset(
        **work.owner.link,
        lab=work.owner.lab,
        name=file.place.name,
        collection=file.place.collection,
        revision=work.revisions.get(file.place.revision),
        is_default=work.wish.is_default,
        type=work.types[file.place.name],
        format=work.formats[file.place.name],
        file_size=file.size,
        hash=file.hash,
        version=file.version,
        qc=file.qc,
        created_by=work.wish.created_by or work.by,
    )


def _renew(work: _Work, files: Iterable[Sent]) -> None:
    """Let datasets that are there say what is new of their files, all in one statement."""
    changed: dict[str, list[Dataset]] = defaultdict(list)
    for file in files:
        dataset = work.there[file.key]
        for name, value in _said(work, dataset, file).items():
            if getattr(dataset, name) != value:
                setattr(dataset, name, value)
                changed[name].append(dataset)
    if not changed:
        return
    rows = list({row.pk: row for found in changed.values() for row in found}.values())
    Dataset.objects.select_related("lab").bulk_update(rows, list(changed))
    for row in rows:
        row.remember()


def _said(work: _Work, dataset: Dataset, file: Sent) -> dict[str, Any]:
    """Return what a dataset is to say after a call; what the call left out stays."""
    return {
        "file_size": file.size if file.size is not None else dataset.file_size,
        "hash": file.hash or dataset.hash,
        "version": file.version or dataset.version,
        "qc": file.qc or dataset.qc,
        "is_default": work.wish.is_default or dataset.is_default,
    }


def _keep_records(work: _Work, files: Sequence[Sent], datasets: Sequence[Dataset]) -> None:
    """Say in which repositories the files should lie, and in which they do."""
    repositories = _repositories(work)
    folder = work.owner.folder
    rows = FileRecord.objects.filter(dataset__in=datasets)
    there = {(row.dataset_id, row.repository_id): row for row in rows}
    new, come = [], []
    for file, dataset in zip(files, datasets, strict=True):
        for repository in repositories:
            exists = _is_there(work.wish, repository)
            row = there.get((dataset.pk, repository.pk))
            if row is None:
                path = file.place.below(folder)
                new.append(FileRecord(dataset=dataset, repository=repository, relative_path=path,
                                      exists=exists))  # fmt: skip
            elif exists and not row.exists:
                come.append(row.pk)
    FileRecord.objects.bulk_create(new)
    if come:
        FileRecord.objects.filter(pk__in=come).select_related(*TOLD).update(exists=True)
    settle_online([dataset.pk for dataset in datasets])


def folder_of(session: Session) -> str:
    return f"{session.subject.nickname}/{session.day}/{session.number or 0:03d}"


def _repositories(work: _Work) -> list[Repository]:
    home = work.owner.home
    labs = list(work.wish.labs) or ([home] if home else [])
    found = {each.pk: each for each in Repository.objects.filter(labs__lab__in=labs)}
    if work.wish.server_only:
        found = {key: each for key, each in found.items() if each.is_server}
    if work.wish.repository:
        found[work.wish.repository.pk] = work.wish.repository
    return sorted(found.values(), key=lambda each: each.name)


def _is_there(wish: Wish, repository: Repository) -> bool:
    if not wish.exists:
        return False
    if wish.server_only and repository.is_server:
        return True
    return wish.repository is not None and wish.repository.pk == repository.pk


def settle_online(datasets: Sequence[Any]) -> None:
    """Let each dataset say whether a server has it; nobody did this, so nothing is told."""
    there = FileRecord.objects.filter(
        dataset__in=datasets, exists=True, repository__is_personal=False
    ).values("dataset")
    plain = Dataset._base_manager.filter(pk__in=datasets)  # noqa: SLF001  it follows from the records
    plain.filter(pk__in=there, is_online=False).update(is_online=True, changed_at=now())
    plain.filter(is_online=True).exclude(pk__in=there).update(is_online=False, changed_at=now())


def sent(paths: Sequence[str], above: str, facts: Mapping[str, Sequence[Any]]) -> list[Sent]:
    """Return the files of a call; each list of facts is as long as the paths, or empty.

    Raises
    ------
    DoesNotFit
        A list has another length, a path leaves its session, or a file is named twice.
    """
    for name, values in facts.items():
        if values and len(values) != len(paths):
            raise DoesNotFit(f"{len(values)} {name} for {len(paths)} filenames.", field=name)
    try:
        places = [alf.place(path, above) for path in paths]
    except alf.NotAlf as error:
        raise DoesNotFit(str(error), field="filenames") from None
    files = [
        Sent(place, **{name: values[number] for name, values in facts.items() if values})
        for number, place in enumerate(places)
    ]
    if len({file.key for file in files}) < len(files):
        raise DoesNotFit("A file is named twice.", field="filenames")
    return files
