"""Links, which are shown once when they are made, and where each run is."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from experiments.models import Link, Protocol, Recruiter, Revision, Sitting
from experiments.services import links
from lab.admin.asking import Deed, perform
from lab.admin.filters import DayRangeFilter
from runs.admin.base import EXPERIMENTS, RowForm, SeenAdmin, me
from runs.models import Participant

GIVEN = ("revision", "label", "participant", "opens_at", "closes_at", "most_uses", "resume",
         "quiet_h", "group", "recruiter")  # fmt: skip


def _revoke(chosen: Iterable[Link], _which: None, facts: dict[str, Any]) -> None:
    for link in chosen:
        links.revoke(link=link, by=facts["by"])


REVOKE = Deed("Revoke", "Revoke", None, _revoke)


@admin.action(description="Revoke …", permissions=["change"])
def revoke(page: Any, request: HttpRequest, queryset: Any) -> HttpResponse | None:
    return perform(page, request, queryset, REVOKE)


class LinkForm(RowForm):
    class Meta:
        model = Link
        fields = ["protocol", "kind", *GIVEN]

    def clean(self) -> dict[str, Any] | None:
        """Refuse what belongs to another protocol or project."""
        found = super().clean()
        protocol, given = self.cleaned_data.get("protocol"), self.cleaned_data
        revision, participant = given.get("revision"), given.get("participant")
        if protocol and revision and revision.protocol_id != protocol.pk:
            self.add_error("revision", "This revision is another protocol's.")
        recruiter = given.get("recruiter")
        if protocol and recruiter and recruiter.protocol_id != protocol.pk:
            self.add_error("recruiter", "This recruiter was agreed with for another protocol.")
        if protocol and participant and participant.project_id != protocol.project_id:
            self.add_error("participant", "This participant is another project's.")
        return found


@admin.register(Link)
class LinkAdmin(SeenAdmin):
    """Links are made and revoked; where one leads is never changed, because others hold it."""

    section = EXPERIMENTS
    form = LinkForm
    project_path = "protocol__project_id"
    list_display = ["__str__", "protocol", "kind", "uses", "most_uses", "opens_at", "closes_at",
                    "revoked_at"]  # fmt: skip
    list_select_related = ["protocol__project", "revision__protocol", "participant", "recruiter"]
    list_filter = ["kind", ("created_at", DayRangeFilter)]
    search_fields = ["label", "protocol__name", "participant__pseudonym__startswith"]
    autocomplete_fields = ["protocol", "revision", "participant", "recruiter"]
    actions = [revoke]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_change_permission(request)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:  # noqa: ARG002
        made = [("uses", "created_at", "revoked_at")] if obj else []
        return [("protocol", "kind"), "label", ("revision", "participant"),
                ("opens_at", "closes_at"), ("most_uses", "resume", "quiet_h"),
                ("recruiter", "group"), *made]  # fmt: skip

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        rows: Any = {"protocol": Protocol, "revision": Revision, "participant": Participant,
                     "recruiter": Recruiter}  # fmt: skip
        kwargs["queryset"] = rows[db_field.name].objects.editable_by(request.user)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: ARG002
        """Make a link; its address is told this once, because only its hash is kept."""
        told = {name: form.cleaned_data[name] for name in GIVEN}
        protocol, kind = form.cleaned_data["protocol"], form.cleaned_data["kind"]
        made = links.make(protocol=protocol, by=me(request), kind=kind, **told)
        obj.__dict__.update(made.link.__dict__)
        path = reverse("experiments:welcome", args=[made.token])
        address = f"{settings.SITE_URL.rstrip('/')}{path}"
        said = f"Copy the link now, it is not shown again: {address}"
        self.message_user(request, said, messages.WARNING)

    def log_addition(self, *_: Any) -> None:  # type: ignore[override]
        """Write no second log: the audit trail has it."""


@admin.register(Sitting)
class SittingAdmin(SeenAdmin):
    section = EXPERIMENTS
    narrowed_by = ("revision__id__exact",)
    list_display = ["run", "revision", "participant", "status", "position", "progress"]
    list_select_related = ["run__participant", "revision__protocol", "link__protocol"]
    search_fields = ["run__participant__pseudonym__startswith", "revision__protocol__name"]
    fields = ["run", "revision", "link", ("position", "progress"), "place"]

    @admin.display(description="participant")
    def participant(self, sitting: Any) -> str:
        return str(sitting.run.participant or "")

    @admin.display(description="status")
    def status(self, sitting: Any) -> str:
        return str(sitting.run.get_status_display())
