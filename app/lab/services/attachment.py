"""Which datasets belong to a probe or an imaging plane: those of the folder named like it.

The name is the second folder of a collection: ``alf/probe00/pykilosort`` belongs to ``probe00``.
The session's row is locked while it is looked who belongs to whom: of a probe and a dataset that
come at the same moment, the later one sees the other.
Everything here is written inside the `recording.by` of the service that calls it.
"""

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from lab.models import Dataset, FieldOfView, ProbeInsertion, Session

Owner: TypeAlias = ProbeInsertion | FieldOfView
OWNERS: tuple[type[Owner], ...] = (ProbeInsertion, FieldOfView)


def attach(*, session: Session, datasets: Sequence[Dataset]) -> None:
    """Let probes and planes know the datasets that have just come."""
    wanted = {folder(dataset.collection) for dataset in datasets} - {""}
    if not wanted:
        return
    _hold(session)
    for kind in OWNERS:
        for owner in kind.objects.filter(session=session, name__in=wanted):
            owner.datasets.add(*_named(datasets, owner.name))


def gather(owner: Owner) -> None:
    """Let a new probe or plane, or one of a new name, know the datasets that are there already."""
    if not owner.name or owner.session is None:
        return
    _hold(owner.session)
    named = _named(Dataset.objects.filter(session=owner.session), owner.name)
    if named:
        owner.datasets.add(*named)


def release(owner: Owner, *, name: str) -> None:
    """Let a probe or plane that had another name forget the datasets of its former folder."""
    former = _named(owner.datasets.all(), name)
    if former:
        owner.datasets.remove(*former)


def folder(collection: str) -> str:
    """Return the second folder of a collection, or nothing."""
    folders = collection.split("/")
    return folders[1] if len(folders) > 1 else ""


def _hold(session: Session) -> None:
    Session.objects.select_for_update(of=("self",)).get(pk=session.pk)


def _named(datasets: Iterable[Dataset], name: str) -> list[Dataset]:
    return [dataset for dataset in datasets if name and folder(dataset.collection) == name]
