"""Animals: who they are, what they are called, what they weigh."""

from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.html import format_html
from django.utils.safestring import SafeString

from common.templatetags.studium import NOTHING
from lab.admin.asking import mark_to_cull, mark_to_test, move_to_cage
from lab.admin.base import RecordAdmin, TableInline
from lab.admin.course import course_of
from lab.admin.eye import eye_of, me
from lab.admin.filters import AliveFilter, DayRangeFilter, SeenFilter, WhoseFilter
from lab.admin.sections import ANIMALS
from lab.models import Cull, GenotypeTest, HousingPeriod, Subject, SubjectName, Zygosity
from lab.models.subjects import SubjectName as Name
from lab.queries import timeline

MOST_WORDS = 20
MOST_HAPPENINGS = 300


class CullInline(TableInline):
    model = Cull
    fields = ["culled_on", "user", "reason", "method", "description"]
    max_num = 1


class PeriodInline(TableInline):
    model = HousingPeriod
    fields = ["housing", "began_at", "ended_at"]


class TestInline(TableInline):
    model = GenotypeTest
    fields = ["sequence", "result"]


class ZygosityInline(TableInline):
    model = Zygosity
    fields = ["allele", "value"]


@admin.register(Subject)
class SubjectAdmin(RecordAdmin):
    section = ANIMALS
    list_display = [
        "nickname", "lab", "line", "sex", "born_on", "weeks", "responsible_user", "litter",
        "cage_label", "ear_mark", "to_do", "state",
    ]  # fmt: skip
    list_filter = [
        WhoseFilter,
        AliveFilter,
        "sex",
        "to_be_genotyped",
        "to_be_culled",
        ("born_on", DayRangeFilter),
        ("lab", SeenFilter),
        ("line", SeenFilter),
    ]
    search_fields = ["nickname"]
    search_help_text = "A nickname, an alias or a former name; an ear mark or a cage."
    readonly_fields = ["age", "state", "names_known"]
    page_joins = ("lab__profile",)
    optional = ("nickname", "lab", "responsible_user")
    actions = [*RecordAdmin.actions, mark_to_cull, mark_to_test, move_to_cage]
    change_form_template = "admin/lab/subject/change_form.html"
    inlines = [CullInline, PeriodInline, TestInline, ZygosityInline]
    fieldsets = [
        (None, {"fields": [("nickname", "names_known"), ("lab", "responsible_user"), "projects"]}),
        ("Animal", {"fields": [
            ("species", "sex"), ("strain", "line"), ("litter", "source"), "request",
            ("ear_mark", "cage_label"),
        ]}),
        ("Dates", {"fields": [
            ("born_on", "weaned_on"), ("genotyped_on", "reduced_on"), ("died_on", "state"), "age",
        ]}),
        ("Care", {"fields": [
            ("to_be_genotyped", "to_be_culled"), ("protocol_number", "actual_severity"),
            "adverse_effects", "description",
        ]}),
        ("Free data", {"fields": ["json"], "classes": ["collapse"]}),
    ]  # fmt: skip

    def mine(self, request: HttpRequest) -> Q:
        delegated = Subject.objects.filter(
            responsible_user__profile__delegates=request.user.pk
        ).values("pk")
        return Q(responsible_user=request.user.pk) | Q(pk__in=delegated)

    def get_search_results(
        self,
        request: HttpRequest,  # noqa: ARG002
        queryset: QuerySet[Any],
        search_term: str,
    ) -> tuple[QuerySet[Any], bool]:
        """Find animals by every name that they have or had."""
        for word in search_term.split()[:MOST_WORDS]:
            named = SubjectName.objects.filter(subject=OuterRef("pk"), name__icontains=word)
            queryset = queryset.filter(
                Q(nickname__icontains=word)
                | Q(ear_mark__iexact=word)
                | Q(cage_label__iexact=word)
                | Exists(named)
            )
        return queryset, False

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> Any:
        animal = context.get("original")
        if animal is not None:
            context["course"] = course_of(animal)
        return super().render_change_form(request, context, *args, **kwargs)

    def get_urls(self) -> Any:
        view = self.admin_site.admin_view(self.timeline_view)
        own = path("<uuid:key>/timeline/", view, name="lab_subject_timeline")
        return [own, *super().get_urls()]

    def timeline_view(self, request: HttpRequest, key: Any) -> HttpResponse:
        """Show all that has happened to an animal, newest first."""
        animal = self.get_object(request, str(key))
        if animal is None:
            raise Http404
        wish = timeline.Wish(limit=MOST_HAPPENINGS, every_weight="weights" in request.GET)
        context = {
            **self.admin_site.each_context(request),
            "title": f"What happened to {animal}",
            "opts": self.opts,
            "original": animal,
            "happenings": timeline.of(animal, me(request), wish),
            "most": MOST_HAPPENINGS,
            "every_weight": wish.every_weight,
        }
        return TemplateResponse(request, "admin/lab/subject/timeline.html", context)

    @admin.display(description="weeks old", ordering="-born_on")
    def weeks(self, animal: Subject) -> str | int:
        return NOTHING if animal.age_weeks is None else animal.age_weeks

    @admin.display(description="age")
    def age(self, animal: Subject) -> str:
        if animal.age_days is None:
            return NOTHING
        return f"{animal.age_weeks} weeks ({animal.age_days} days)"

    @admin.display(description="state", ordering="died_on")
    def state(self, animal: Subject) -> SafeString:
        kind, word = ("good", "alive") if animal.alive else ("neutral", "dead")
        return format_html('<span class="badge badge-{}">{}</span>', kind, word)

    @admin.display(description="to do")
    def to_do(self, animal: Subject) -> str:
        todo = {"genotype": animal.to_be_genotyped, "cull": animal.to_be_culled}
        return ", ".join(word for word, is_due in todo.items() if is_due) or NOTHING

    @admin.display(description="other names")
    def names_known(self, animal: Subject) -> str:
        if animal._state.adding:  # noqa: SLF001
            return NOTHING
        others = animal.names.exclude(kind=Name.Kind.PRESENT)
        return ", ".join(f"{one.name} ({one.get_kind_display()})" for one in others) or "none"


@admin.register(SubjectName)
class SubjectNameAdmin(RecordAdmin):
    section = ANIMALS
    list_display = ["name", "kind", "subject", "lab", "since", "until"]
    list_filter = ["kind", ("since", DayRangeFilter), ("lab", SeenFilter)]
    search_fields = ["name"]
    readonly_fields = ["kind", "lab", "since", "until"]
    fields = [("subject", "name"), ("kind", "lab"), ("since", "until")]

    def has_add_permission(self, request: HttpRequest, *_: Any) -> bool:
        """Let whoever may change an animal give it an alias."""
        return eye_of(request).reach.may_write(Subject)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False  # a name is taken, or left; what an animal is called is changed on its page

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return eye_of(request).may_change(obj.subject) if obj else self.has_add_permission(request)


@admin.register(Cull)
class CullAdmin(RecordAdmin):
    section = ANIMALS
    list_display = ["subject", "culled_on", "user", "reason", "method"]
    list_filter = [("culled_on", DayRangeFilter), ("reason", SeenFilter), ("method", SeenFilter)]
    search_fields = ["subject__nickname", "description"]
    fields = ["subject", "culled_on", "user", "reason", "method", "description", "json"]
