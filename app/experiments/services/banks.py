"""Keeping banks, and putting the revisions that a protocol pins into its words."""

from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction
from django.db.models import Max

from accounts import audit
from accounts.models import Project, User
from common.errors import NotThere
from experiments.definition.banks import read_bank
from experiments.definition.protocol import Protocol as Words
from experiments.models import Bank, BankRevision, Revision

Entry = dict[str, Any]


@transaction.atomic
def write(*, project: Project, by: User, words: Any) -> BankRevision:
    """Keep what a bank says as a revision; a content that was kept before is that revision again.

    Raises
    ------
    NotAProtocol
        It cannot be read; nothing is kept.
    """
    if not Project.objects.editable_by(by).filter(pk=project.pk).exists():
        raise NotThere
    read = read_bank(words)
    bank, _ = Bank.objects.get_or_create(
        project=project, name=read.name, defaults={"title": read.title}
    )
    bank = Bank.objects.select_for_update().get(pk=bank.pk)
    known: BankRevision | None = bank.revisions.filter(digest=read.digest).first()
    if known:
        return known
    Bank.objects.filter(pk=bank.pk).update(title=read.title)
    last = bank.revisions.aggregate(last=Max("number"))["last"] or 0
    revision: BankRevision = BankRevision.objects.create(
        bank=bank, number=last + 1, digest=read.digest, words=words, frozen_by=by
    )
    audit.record(action="bank.frozen", user=by, on=revision)
    return revision


def pinned(*, project: Project, by: User, words: Any) -> Any:
    """Return a protocol's words with each bank by the hash of its revision.

    A bank is named by its ``revision`` (a number) or ``digest``; without both it is the latest one.
    A bank whose words came along in the file is kept.
    """

    def pin(name: str, entry: Entry) -> Entry:
        if "words" in entry:
            kept = write(project=project, by=by, words=entry["words"])
            same = entry.get("digest") in {None, kept.digest} and kept.bank.name == name
            return {"digest": kept.digest} if same else entry
        found = _found(project, name, entry)
        return {"digest": found.digest} if found else entry

    return _each(words, pin)


def embedded(project: Project, words: Any) -> Any:
    """Return a protocol's words with those of the banks that it pins: so it stands by itself."""

    def put_in(name: str, entry: Entry) -> Entry:
        if "words" in entry:
            return entry
        found = _found(project, name, entry)
        return {"digest": found.digest, "words": found.words} if found else entry

    return _each(words, put_in)


def readable(project: Project, words: Any) -> Any:
    """Return words as they would be read once they are written; nothing is kept."""

    def put_in(_name: str, entry: Entry) -> Entry:
        if "words" in entry and "digest" not in entry:
            return {"digest": read_bank(entry["words"]).digest, **entry}
        return entry

    return embedded(project, _each(words, put_in))


def _each(words: Any, change: Callable[[str, Entry], Entry]) -> Any:
    """Return words with each entry of ``banks`` changed; what is none is the reader's matter."""
    entries = words.get("banks") if isinstance(words, dict) else None
    if not isinstance(entries, dict):
        return words
    return words | {
        "banks": {
            name: change(name, entry) if isinstance(entry, dict) else entry
            for name, entry in entries.items()
        }
    }


def _found(project: Project, name: str, entry: Mapping[str, Any]) -> BankRevision | None:
    rows = BankRevision.objects.filter(bank__project=project, bank__name=name)
    number, digest = entry.get("revision"), entry.get("digest")
    if type(number) is int:
        rows = rows.filter(number=number)
    if isinstance(digest, str):
        rows = rows.filter(digest=digest)
    newest: BankRevision | None = rows.order_by("-number").first()
    return newest if set(entry) <= {"revision", "digest"} else None


def remember(revision: Revision, read: Words) -> None:
    """Note which revisions of banks a frozen protocol uses."""
    digests = [bank.digest for bank in read.banks.values()]
    if digests:
        rows = BankRevision.objects.filter(bank__project=revision.project, digest__in=digests)
        revision.banks.set(rows)
