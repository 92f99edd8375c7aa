"""Notices about datasets: what people who use them should know."""

from typing import Any, ClassVar

from django.db.models import Prefetch, Q, QuerySet
from rest_framework import serializers

from lab.markdown import rendered
from lab.models import DataNotice, Dataset
from lab.one import filters as by
from lab.one import vocabulary
from lab.one.fields import LabelField, NameField, UrlField, WallClockField
from lab.one.resources.people import people
from lab.one.views import Writes
from lab.one.vocabulary import FREE, Relation, Vocabulary, day, instant, text
from lab.one.vocabulary import key as as_key
from lab.services import records

Importance = DataNotice.Importance


def importance_of(word: Any) -> int:
    """Return an importance by its label or its number."""
    known = {str(kind.label): kind.value for kind in Importance}
    found = known.get(str(word).lower())
    return Importance(vocabulary.whole(word)).value if found is None else found


class NoticeRow(serializers.ModelSerializer[DataNotice]):
    """A notice in a list: without its datasets, of which it may have a million."""

    importance = LabelField(Importance, required=False)
    description_html = serializers.SerializerMethodField()
    affected_date_start = serializers.DateField(
        source="affected_from", required=False, allow_null=True
    )
    affected_date_end = serializers.DateField(
        source="affected_until", required=False, allow_null=True
    )
    created_by = NameField("username", people, required=False, allow_null=True)
    created_datetime = WallClockField(source="created_at", read_only=True)
    url = UrlField("data-notices")

    class Meta:
        model = DataNotice
        fields = [
            "id", "url", "name", "description", "description_html", "importance",
            "version_affected", "affected_date_start", "affected_date_end", "created_by",
            "created_datetime", "json",
        ]  # fmt: skip
        read_only_fields = ["id"]

    def get_description_html(self, notice: DataNotice) -> str:
        return str(rendered(notice.description))


class NoticeShape(NoticeRow):
    datasets = NameField("pk", Dataset.objects.visible_to, many=True, required=False)

    class Meta(NoticeRow.Meta):
        fields = [*NoticeRow.Meta.fields, "datasets"]


def _on(rows: QuerySet[Any], word: str, _view: Any) -> QuerySet[Any]:
    """Keep the notices about a day: those whose time has no end count for all days after."""
    at = by.day("date", word)
    begun = Q(affected_from=None) | Q(affected_from__lte=at)
    return rows.filter(begun & (Q(affected_until=None) | Q(affected_until__gte=at)))


def _important(rows: QuerySet[Any], word: str, _view: Any) -> QuerySet[Any]:
    return rows.filter(importance__gte=importance_of(word))


class DataNotices(Writes):
    kind = DataNotice
    serializer_class = NoticeShape
    list_serializer = NoticeRow
    vocabulary = Vocabulary(
        {"id": ("id", as_key), "pk": ("pk", as_key), "name": ("name", text),
         "description": ("description", text), "version_affected": ("version_affected", text),
         "importance": ("importance", importance_of), "affected_date_start": ("affected_from", day),
         "affected_date_end": ("affected_until", day), "created_datetime": ("created_at", instant)},
        {"created_by": Relation("created_by", lambda: vocabulary.people),
         "datasets": Relation("datasets", lambda: vocabulary.datasets, is_many=True)},
        free=FREE,
    )  # fmt: skip
    filters: ClassVar = {
        "name": by.equal("name"),
        "datasets": by.all_linked("datasets"),
        "dataset_tag": by.linked("datasets__tags__name"),
        "session": by.linked("datasets__session"),
        "importance": by.labelled("importance", Importance, "importance"),
        "importance_gte": _important,
        "version_affected": by.equal("version_affected"),
        "date": _on,
        "affected_date_start": by.on_day("affected_from", "affected_date_start"),
        "affected_date_end": by.on_day("affected_until", "affected_date_end"),
        "date_range": by.between("created_at__date"),
        "created_by": by.alike("created_by__username"),
    }

    def get_queryset(self) -> QuerySet[Any]:
        rows = self.seen().select_related("created_by").order_by("-importance", "-created_at", "pk")
        if self.action == "list":
            return rows
        mine = Dataset.objects.visible_to(self.person).only("pk")
        return rows.prefetch_related(Prefetch("datasets", mine))

    def perform(self, record: Any, values: dict[str, Any]) -> Any:
        if record is None:
            values = {"created_by": self.person, **values}
            return records.create(kind=DataNotice, by=self.person, values=values)
        if "datasets" in values:
            values["datasets"] = [*values["datasets"], *self._unseen(record)]
        return records.change(record=record, by=self.person, values=values)

    def _unseen(self, notice: DataNotice) -> list[Dataset]:
        """Return the notice's datasets that the person does not see, so that they stay."""
        mine = Dataset.objects.visible_to(self.person)
        return list(notice.datasets.exclude(pk__in=mine.values("pk")))
