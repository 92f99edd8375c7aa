"""Where a program that speaks ONE finds a file: below this site, or on a web server of its own.

ONE takes a file's path out of these addresses as they stand, so that the signs around a revision,
``#2026-04-01#``, are not written as ``%23``; it does so itself before it asks.
"""

from typing import Any

from rest_framework.reverse import reverse

from lab.alf import Place
from lab.models import Dataset, FileRecord, Session
from lab.queries import places

OVER_SESSIONS = "aggregates"  # the folder by which ONE knows the files of no session


def download_address(dataset: Dataset, session: Session | None, request: Any) -> str:
    """Return where this site serves a dataset: the path that ONE expects, the id in the name."""
    stem, dot, ending = dataset.name.rpartition(".")
    place = Place(
        dataset.collection,
        dataset.revision.name if dataset.revision else "",
        f"{stem}.{dataset.pk}{dot}{ending}" if dot else f"{ending}.{dataset.pk}",
    )
    path = place.below(_folder(session) if session else OVER_SESSIONS)
    return _plain(reverse("one:download", args=[path], request=request))


def _folder(session: Session) -> str:
    lab = session.lab.profile.path_name
    return f"{lab}/Subjects/{session.subject.nickname}/{session.day}/{session.number or 0:03d}"


def data_url(record: FileRecord, request: Any) -> str | None:
    """Return where one copy is fetched, or None where nobody hands it out."""
    elsewhere = places.data_url(record)
    if elsewhere:
        return _plain(elsewhere)
    if places.is_served(record.repository):
        return download_address(record.dataset, record.dataset.session, request)
    return None


def _plain(url: str) -> str:
    return url.replace("%23", "#")
