"""What every endpoint does in the same way: list, show, write one or many, and tell of changes."""

import json
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from typing import Any, cast

from django.core.exceptions import ValidationError
from django.db.models import Prefetch, QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.utils.functional import cached_property
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from accounts.roles import is_operator
from common.errors import NotThere
from lab import permissions
from lab.api import bulk, export, filters, paging
from lab.api.base import WRITING, LabView
from lab.api.errors import ChangedMeanwhile, RowError, RowsRefused, Unreadable
from lab.api.references import Found, Target, seen, target_of
from lab.api.resource import Create, Delete, Resource
from lab.api.shapes import Shape, named, shape_of
from lab.queries.sight import Sight, may_be_hidden


class Records(LabView):
    """One resource."""

    resource: Resource = cast("Resource", None)
    content_negotiation_class = export.FormatFirst
    renderer_classes = [JSONRenderer, export.CsvRenderer, export.NdjsonRenderer]

    # --- reading ----------------------------------------------------------------------------------
    def listed(self, request: Request) -> HttpResponseBase:
        query = {name: request.query_params.getlist(name) for name in request.query_params}
        rows = filters.kept(self.rows(), self.resource, query, filters.PAGING, self.person)
        wish = paging.wish_of(request.query_params, self.resource.order)
        kind = request.accepted_renderer.format
        if kind != "json":
            return export.streamed(
                paging.pieces(rows, wish.order), self.shown, kind=kind, name=self.resource.name,
                fields=list(self.shape().fields),
            )  # fmt: skip
        page = paging.page_of(rows, wish)
        counted = {"count": rows.order_by().count()} if wish.counts else {}
        links = {"next": self.beside(page.next), "previous": self.beside(page.previous)}
        return Response({"results": self.shown(page.rows), **links, **counted})

    def retrieve(self, request: Request, id: str) -> Response:  # noqa: A002  as the address calls it
        self.only({"format"})
        response = self._told(self.find(id))
        if request.headers.get("If-None-Match", "") == response["ETag"]:
            return Response(status=304, headers={"ETag": response["ETag"]})
        return response

    # --- writing one ------------------------------------------------------------------------------
    def create(self, request: Request) -> HttpResponse:
        self.only(WRITING)
        if isinstance(request.data, list):
            return self.written(self._create_many)
        return self.written(self._create)

    def _create(self) -> Response:
        values = self._values(self.request.data)
        record = self._make(values)
        response = self._told(self.find(str(record.pk)), status=201)
        response["Location"] = self.address(record)
        return response

    def update(self, request: Request, id: str) -> HttpResponse:  # noqa: A002, ARG002
        self.only(WRITING)
        return self.written(lambda: self._update(id))

    def _update(self, key: str) -> Response:
        record = self.held(key)
        changed = self._alter(record, self._values(self.request.data, record))
        return self._told(self.find(str(changed.pk)))

    def destroy(self, request: Request, id: str) -> HttpResponse:  # noqa: A002, ARG002
        self.only(WRITING)
        return self.written(lambda: self._destroy(id))

    def _destroy(self, key: str) -> Response:
        self._remove(self.held(key))
        return Response(status=204)

    # --- writing many -----------------------------------------------------------------------------
    def _create_many(self) -> Response:
        rows = bulk.rows_of(self.request.data)
        shape = self.shape()
        self.found.want_all(shape, rows)
        values = bulk.cleaned(rows, lambda _index, row: self.shape(data=row))
        with permissions.remembered():
            made = self._make_all(values)
        return self._answer_many([record.pk for record in made], status=201)

    def _make_all(self, values: Sequence[dict[str, Any]]) -> list[Any]:
        many = self.resource.creator_of_many
        if many is None:
            return bulk.each(values, self._make)
        return bulk.at_once(
            values, lambda rows: many(by=self.person, rows=rows, reason=self.reason), self._make
        )

    def change_many(self, request: Request) -> HttpResponse:  # noqa: ARG002
        self.only(WRITING)
        return self.written(self._change_many)

    def _change_many(self) -> Response:
        rows = bulk.rows_of(self.request.data)
        there = self._all_of([row.get("id") if isinstance(row, dict) else None for row in rows])
        bodies = [{name: row[name] for name in row if name != "id"} for row in rows]
        self.found.want_all(self.shape(), bodies)
        values = bulk.cleaned(
            bodies, lambda index, row: self.shape(there[index], data=row, partial=True)
        )
        given = [self._kept(one, record) for one, record in zip(values, there, strict=True)]
        with permissions.remembered():
            done = self._alter_all(list(zip(there, given, strict=True)))
        return self._answer_many([record.pk for record in done])

    def _alter_all(self, pairs: Sequence[tuple[Any, dict[str, Any]]]) -> list[Any]:
        many = self.resource.changer_of_many
        if many is None:
            return bulk.each(pairs, lambda pair: self._alter(*pair))
        return bulk.at_once(
            pairs, lambda rows: many(by=self.person, pairs=rows, reason=self.reason),
            lambda pair: self._alter(*pair),
        )  # fmt: skip

    def delete_many(self, request: Request) -> HttpResponse:  # noqa: ARG002
        self.only(WRITING)
        return self.written(self._delete_many)

    def _delete_many(self) -> Response:
        there = self._all_of(bulk.rows_of(self.request.data))
        with permissions.remembered():
            bulk.each(there, self._remove)
        return Response({"count": len(there)})

    def _all_of(self, keys: Sequence[Any]) -> list[Any]:
        """Return the records in the order of their ids, locked until the call ends."""
        target = Target(self.resource.model)
        errors = [
            RowError("The id came before in the list.", "id", index) for index in bulk.unlike(keys)
        ]
        clean = [_key(target, key) for key in keys]
        path = getattr(self.seen(), "lab_path", "")
        related = (*target_of(self.resource.model).related, *([path] if path else []))
        rows = self.seen().select_related(*related)
        there = {row.pk: row for row in rows.filter(pk__in=[k for k in clean if k])
                 .order_by("pk").select_for_update(of=("self",))}  # fmt: skip
        errors += [
            RowError(f"There is no such {self.resource.one}.", "id", index, 404)
            for index, key in enumerate(clean) if key not in there
        ]  # fmt: skip
        if errors:
            raise RowsRefused(errors, len(keys))
        return [there[key] for key in clean]

    def _answer_many(self, keys: Sequence[Any], status: int = 200) -> Response:
        there = {row.pk: row for row in self.rows().filter(pk__in=keys)}
        results = self.shown([there[key] for key in keys if key in there])
        return Response({"count": len(keys), "results": results}, status=status)

    # --- the services -----------------------------------------------------------------------------
    def _make(self, values: dict[str, Any]) -> Any:
        create = cast("Create", self.resource.creator)
        return create(by=self.person, values=values, reason=self.reason)

    def _alter(self, record: Any, values: dict[str, Any]) -> Any:
        if self.resource.change is None:
            raise NotThere
        return self.resource.change(
            record=record, by=self.person, values=values, reason=self.reason
        )

    def _remove(self, record: Any) -> None:
        delete = cast("Delete", self.resource.delete)
        delete(record=record, by=self.person, reason=self.reason)

    # --- rows and shapes --------------------------------------------------------------------------
    def seen(self) -> QuerySet[Any]:
        rows = self.resource.model._default_manager.all()  # noqa: SLF001
        return self.sight.of(self.resource.model) if hasattr(rows, "visible_to") else rows

    def rows(self) -> QuerySet[Any]:
        """Return the rows that the person sees, with all that their shape tells."""
        resource = self.resource
        joined = [*resource.related, *named(resource)]
        fetched: list[Any] = [*resource.prefetch]
        for name in resource.fields:
            column: Any = resource.column(name)
            if not column.is_relation:
                continue
            target = target_of(column.related_model)
            if column.many_to_many:
                among = seen(target.model, self.person).select_related(*target.by.split("__")[:-1])
                fetched.append(Prefetch(name, among))
            elif not target.is_by_id:
                joined.append("__".join([name, *target.by.split("__")[:-1]]))
        return self.seen().select_related(*joined).prefetch_related(*fetched)

    def shape(self, *args: Any, **kwargs: Any) -> Shape:
        context = {"found": self.found, "request": self.request, "view": self}
        return shape_of(self.resource)(*args, context=context, **kwargs)

    @property
    def found(self) -> Found:
        found: Found = self.__dict__.setdefault("_found", Found(self.person))
        return found

    def shown(self, rows: Sequence[Any]) -> list[dict[str, Any]]:
        shape, unseen = self.shape(), self._unseen(rows)
        told = [shape.to_representation(row) for row in rows]
        for row, each in zip(rows, told, strict=True):
            for name in apart(self.resource):
                if getattr(row, f"{name}_id") in unseen:
                    each |= {key: None for key in (name, f"{name}_name") if key in each}
        return told

    def _unseen(self, rows: Sequence[Any]) -> set[Any]:
        """Return the keys of what the rows refer to and the person does not see."""
        wanted: dict[Any, set[Any]] = defaultdict(set)
        for name in () if is_operator(self.person) else apart(self.resource):
            kind = self.resource.column(name).related_model
            wanted[kind] |= {getattr(row, f"{name}_id") for row in rows} - {None}
        unseen: set[Any] = set()
        for kind, keys in wanted.items():
            there = self.sight.of(kind).filter(pk__in=keys) if keys else ()
            unseen |= keys - {row.pk for row in there}
        return unseen

    @cached_property
    def sight(self) -> Sight:
        return Sight(self.person)

    def find(self, key: str) -> Any:
        record = _first(self.rows(), key)
        if record is None:
            raise NotThere(f"There is no such {self.resource.one}, or not for you.")
        return record

    def held(self, key: str) -> Any:
        """Return a record that nobody else changes meanwhile, if it is as the caller knows it."""
        related = target_of(self.resource.model).related
        locked = self.seen().select_related(*related).select_for_update(of=("self",))
        record = _first(locked, key)
        if record is None:
            raise NotThere(f"There is no such {self.resource.one}, or not for you.")
        known = self.request.headers.get("If-Match", "")
        if known and known != "*" and self.etag(self.shown([self.find(key)])[0]) != known:
            raise ChangedMeanwhile
        return record

    def etag(self, shown: dict[str, Any]) -> str:
        """Return what changes with the record, and not with what follows from today's date."""
        kept = {name: shown[name] for name in shown if name not in self.resource.computed}
        text = json.dumps(kept, sort_keys=True, default=str)
        return f'"{sha256(text.encode()).hexdigest()[:32]}"'

    def _told(self, record: Any, status: int = 200) -> Response:
        [shown] = self.shown([record])
        return Response(shown, status=status, headers={"ETag": self.etag(shown)})

    def address(self, record: Any) -> str:
        name = f"lab-api:{self.resource.name}-detail"
        return str(reverse(name, args=[str(record.pk)], request=self.request))

    def _values(self, data: Any, record: Any = None) -> dict[str, Any]:
        if not isinstance(data, dict):
            raise Unreadable("Send an object with the record's fields.")
        shape = self.shape(record, data=data, partial=record is not None)
        self.found.want_all(shape, [data])
        shape.is_valid(raise_exception=True)
        values = dict(shape.validated_data)
        return values if record is None else self._kept(values, record)

    def _kept(self, values: dict[str, Any], record: Any) -> dict[str, Any]:
        """Keep links to what the person does not see, whether a list was sent or nothing."""
        for name in set(values) & {one.name for one in self.resource.model._meta.many_to_many}:  # noqa: SLF001
            linked = getattr(record, name).all()
            among = seen(linked.model, self.person).values("pk")
            values[name] = [*values[name], *linked.exclude(pk__in=among)]
        unseen = self._unseen([record]) if None in values.values() else set()
        return {
            name: value for name, value in values.items()
            if value is not None or getattr(record, f"{name}_id", None) not in unseen
        }  # fmt: skip


@cache
def apart(resource: Resource) -> tuple[str, ...]:
    """Return the references to records that a closed project may hide while it shows the row."""
    rows = resource.model._default_manager.all()  # noqa: SLF001
    paths = (getattr(rows, "projects_path", ""), *getattr(rows, "other_projects_paths", ()))
    heads = {path.partition("__")[0] for path in paths}
    return tuple(
        name for name in resource.fields
        if name not in heads and _names_hidden(resource.column(name))
    )  # fmt: skip


def _names_hidden(column: Any) -> bool:
    is_one = column.is_relation and not column.many_to_many and column.related_model
    return bool(is_one) and may_be_hidden(column.related_model)


def _first(rows: QuerySet[Any], key: str) -> Any:
    try:
        return rows.filter(pk=key).first()
    except (ValidationError, ValueError):  # a text that is no id
        return None


def _key(target: Target, value: Any) -> Any:
    try:
        return target.key(value)
    except ValueError:
        return None
