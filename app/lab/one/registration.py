"""`register-file` and `check-protected`: what ONE says of files that it has written."""

from collections.abc import Mapping
from typing import Any, cast

from django.core.exceptions import ValidationError
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Lab, User
from lab import alf
from lab.errors import Protected
from lab.models import Dataset, FileRecord, Quality, Repository, Session, Subject
from lab.one.errors import FieldRefused
from lab.one.filters import is_true
from lab.one.resources.notes import SHORT, kind_called
from lab.one.resources.people import labs, people
from lab.one.views import OneView
from lab.services import registration, subjects
from lab.times import wall_clock

UNSAID = ("", None)
LONGEST = 64  # characters of a hash or a version
LISTS = {"hash": "hashes", "size": "filesizes", "version": "versions"}


class Call:
    """One call, read field by field; lists come as lists or as text with commas."""

    def __init__(self, person: User, data: Any) -> None:
        if not isinstance(data, Mapping):
            raise FieldRefused("path", "Send an object that names a path and its files.")
        self.person, self.data = person, data

    def words(self, name: str) -> list[str]:
        value = self.data.get(name)
        if value in UNSAID:
            return []
        found = value if isinstance(value, list) else [value]
        if not all(isinstance(each, str | int | None) for each in found):
            raise FieldRefused(name, "Write a list of texts or whole numbers, one for each file.")
        words = found if isinstance(value, list) else str(value).split(",")
        return [str(each).strip() for each in words]

    def text(self, name: str) -> str:
        value = self.data.get(name)
        if value is not None and not isinstance(value, str):
            raise FieldRefused(name, "Write a text.")
        return value or ""

    def truth(self, name: str, *, usual: bool) -> bool:
        value = self.data.get(name)
        return usual if value in UNSAID else is_true(name, str(value))

    def owner(self) -> tuple[registration.Owner, str]:
        """Return what the files belong to, and the folders that all of them are in."""
        if self.text("content_type") in {"", "session"}:
            session, below = self.session()
            return registration.Owner(session=session), below
        kind = kind_called(self.text("content_type"))
        if kind is None:
            raise FieldRefused("content_type", f"Write one of {', '.join(sorted(SHORT))}.")
        rows = cast("Any", kind).objects.visible_to(self.person)
        try:
            thing = rows.filter(pk=self.text("object_id") or None).first()
        except ValidationError:
            thing = None
        if thing is None:
            raise FieldRefused("object_id", "There is no such record that you can see.")
        if not (self.text("name") or self.text("hostname")):
            raise FieldRefused("name", "Name the repository in which the files are.")
        return registration.Owner(thing=thing), self.text("path")

    def session(self) -> tuple[Session, str]:
        """Return the session that ``path`` names, and the folders below it."""
        try:
            found = alf.session_path(self.text("path"))
        except alf.NotAlf as error:
            raise FieldRefused("path", str(error)) from None
        subject = subjects.find(self.person, found.subject)
        mine = Session.objects.visible_to(self.person).select_related("subject__lab", "lab")
        session = mine.filter(subject=subject, day=found.day, number=found.number).first()
        if subject is None or session is None:
            raise FieldRefused("path", f"There is no session {self.text('path')[:200]}.")
        return session, found.rest

    def files(self, below: str) -> list[registration.Sent]:
        names = self.words("filenames")
        if not names:
            raise FieldRefused("filenames", "Name at least one file.")
        facts = {
            "hash": self._each("hashes", str, names),
            "size": self._each("filesizes", _size, names),
            "version": self._each("versions", str, names),
            "qc": self._each("qc", _quality, names),
        }
        return registration.sent(names, below, facts)

    def _each(self, name: str, read: Any, names: list[str]) -> list[Any]:
        """Return one value a file; a single one stands for all."""
        said = self.words(name)
        words = [word for word in said if word != "None"]
        if any(len(word) > LONGEST for word in words):
            raise FieldRefused(name, f"Each has at most {LONGEST} characters.")
        found = [read(word) for word in words]
        return found * len(names) if len(found) == len(said) == 1 else found

    def wish(self) -> registration.Wish:
        return registration.Wish(
            repository=self._repository(),
            labs=self._labs(),
            server_only=self.truth("server_only", usual=False),
            exists=self.truth("exists", usual=True),
            is_default=self.truth("default", usual=True),
            check_protected=self.truth("check_protected", usual=False),
            created_by=self._author(),
        )

    def _repository(self) -> Repository | None:
        for name, column in (("name", "name"), ("hostname", "hostname")):
            if self.text(name):
                found = Repository.objects.filter(**{column: self.text(name)}).first()
                if found is None:
                    raise FieldRefused(name, f"There is no repository {self.text(name)[:100]!r}.")
                return found
        return None

    def _labs(self) -> list[Lab]:
        names = self.words("labs") or self.words("projects")
        found = {lab.profile.path_name: lab for lab in labs(self.person)}
        unknown = [name for name in names if name not in found]
        if unknown:
            raise FieldRefused("labs", f"There is no lab {unknown[0][:100]!r} that you can see.")
        return [found[name] for name in names]

    def _author(self) -> User | None:
        name = self.text("created_by")
        if not name:
            return None
        found = people(self.person).filter(username=name.lower()).first()
        if found is None:
            raise FieldRefused("created_by", f"There is nobody called {name[:100]!r} here.")
        return cast("User", found)


def _size(word: str) -> int:
    if not word.isdigit():
        raise FieldRefused("filesizes", f"{word[:40]!r} is no number of bytes.")
    return int(word)


def _quality(word: str) -> int:
    named = {kind.label: kind.value for kind in Quality}
    if word in named:
        return named[word]
    if word.isdigit() and int(word) in Quality.values:
        return int(word)
    raise FieldRefused("qc", f"Write one of {', '.join(named)}.")


class RegisterShape(serializers.Serializer[Any]):
    """What a call may hold, for the description."""

    created_by = serializers.CharField(required=False)
    path = serializers.CharField()
    labs = serializers.CharField(required=False)
    filenames = serializers.ListField(child=serializers.CharField())
    hashes = serializers.ListField(child=serializers.CharField(), required=False)
    filesizes = serializers.ListField(child=serializers.IntegerField(), required=False)
    versions = serializers.ListField(child=serializers.CharField(), required=False)
    name = serializers.CharField(required=False)
    hostname = serializers.CharField(required=False)
    server_only = serializers.BooleanField(required=False)
    exists = serializers.BooleanField(required=False)
    default = serializers.BooleanField(required=False)
    check_protected = serializers.BooleanField(required=False)
    qc = serializers.CharField(required=False)
    content_type = serializers.CharField(required=False)
    object_id = serializers.UUIDField(required=False)


class RegisterFile(OneView):
    """`POST`: register files of a session or another record, all or none, often as you like."""

    serializer_class = RegisterShape

    def spoken(self, field: str) -> str:
        return LISTS.get(field, field)

    def post(self, request: Request) -> Response:
        person = cast("User", request.user)
        call = Call(person, request.data)
        owner, below = call.owner()
        wish = call.wish()
        try:
            made = registration.register(by=person, owner=owner, files=call.files(below), wish=wish)
        except Protected as refusal:
            body = {"status_code": 403, "error": refusal.message, "details": refusal.details}
            return Response(body, status=403)
        return Response(described(owner, made), status=201)


class CheckProtected(OneView):
    """`GET` with a body: whether files may be registered anew; the answer's status is inside."""

    serializer_class = RegisterShape

    def get(self, request: Request) -> Response:
        call = Call(cast("User", request.user), request.data or request.query_params)
        owner, below = call.owner()
        details = registration.protected(owner, call.files(below))
        kept = any(kept for each in details for rows in each.values()
                   for row in rows for kept in row.values())  # fmt: skip
        if not kept:
            return Response({"status_code": 200})
        return Response({"status_code": 403, "error": Protected.message, "details": details})


def described(owner: registration.Owner, made: list[Dataset]) -> list[dict[str, Any]]:
    """Return what ONE reads of the files that were registered."""
    records: dict[Any, list[dict[str, Any]]] = {}
    rows = FileRecord.objects.filter(dataset__in=made).select_related("repository")
    for row in rows:
        records.setdefault(row.dataset_id, []).append({
            "id": str(row.pk), "data_repository": row.repository.name,
            "relative_path": row.relative_path, "exists": row.exists,
        })  # fmt: skip
    session, thing = owner.session, owner.record
    users = sorted(user.username for user in session.users.all()) if session else []
    subject = thing if isinstance(thing, Subject) else getattr(thing, "subject", None)
    return [
        {
            "id": str(each.pk),
            "name": each.name,
            "file_size": each.file_size,
            "subject": subject and subject.nickname,
            "created_by": each.created_by.username if each.created_by else None,
            "created_datetime": wall_clock(each.created_at, owner.lab),
            "dataset_type": each.type.name,
            "data_format": each.format.name,
            "session": session and str(session.pk),
            "session_number": session and session.number,
            "session_users": ",".join(users),
            "session_start_time": session and wall_clock(session.began_at, session.lab),
            "collection": each.collection,
            "revision": each.revision.name if each.revision else "",
            "default": each.is_default,
            "qc": Quality(each.qc).label,
            "file_records": records.get(each.pk, []),
        }
        for each in made
    ]
