"""Where participants come from, the series that they are in, and the groups that they belong to.

What recruiters know somebody by stands on none of these pages.
"""

from typing import Any

from django.contrib import admin

from experiments.models import (
    Appointment,
    Arrival,
    Enrolment,
    Group,
    Meeting,
    Member,
    Recruiter,
    Reminder,
    Series,
)
from lab.admin.filters import DayRangeFilter, SeenFilter
from runs.admin.base import EXPERIMENTS, SeenAdmin, as_json


@admin.register(Recruiter)
class RecruiterAdmin(SeenAdmin):
    section = EXPERIMENTS
    list_display = ["name", "kind", "protocol", "account"]
    list_select_related = ["protocol"]
    list_filter = ["kind"]
    search_fields = ["name", "protocol__name"]
    fields = [("name", "kind"), "protocol", "account", "shown_settings"]
    readonly_fields = ["shown_settings"]

    @admin.display(description="settings")
    def shown_settings(self, recruiter: Any) -> str:
        return as_json(recruiter.settings)


@admin.register(Arrival)
class ArrivalAdmin(SeenAdmin):
    section = EXPERIMENTS
    list_display = ["run", "recruiter", "outcome", "state", "tries", "accepted_at"]
    list_select_related = ["run", "recruiter", "link__protocol"]
    list_filter = ["state", ("created_at", DayRangeFilter)]
    search_fields = ["run__participant__pseudonym__startswith"]
    fields = [
        ("run", "recruiter"), "link", ("outcome", "state"),
        ("tries", "tried_at", "accepted_at"), "told", "created_at",
    ]  # fmt: skip
    actions = ()  # an export of every column would have the recruiter's ids


@admin.register(Group)
class GroupAdmin(SeenAdmin):
    section = EXPERIMENTS
    list_display = ["__str__", "revision", "status", "taken", "size", "created_at", "ended_at"]
    list_select_related = ["revision__protocol", "link__protocol"]
    list_filter = ["status", ("created_at", DayRangeFilter)]
    search_fields = ["revision__protocol__name"]
    fields = [
        ("revision", "link"), ("status", "why"), ("taken", "size"),
        ("created_at", "began_at", "ended_at"), "notes",
    ]  # fmt: skip


@admin.register(Member)
class MemberAdmin(SeenAdmin):
    section = EXPERIMENTS
    sight = "run__project"
    list_display = ["run", "group", "seat", "role", "joined_at", "gone_at"]
    list_select_related = ["run", "group", "meeting"]
    search_fields = ["run__participant__pseudonym__startswith"]
    fields = ["run", ("group", "meeting"), ("seat", "role"), ("joined_at", "gone_at")]


@admin.register(Meeting)
class MeetingAdmin(SeenAdmin):
    section = EXPERIMENTS
    sight = "group__revision__protocol__project"
    list_display = ["step", "group", "deadline_at", "opened_at", "finished_at"]
    list_select_related = ["group"]
    search_fields = ["step"]
    fields = [("group", "step"), ("deadline_at", "opened_at", "finished_at"), "shown_state"]
    readonly_fields = ["shown_state"]

    @admin.display(description="what happened")
    def shown_state(self, meeting: Any) -> str:
        return as_json(meeting.state)


@admin.register(Series)
class SeriesAdmin(SeenAdmin):
    section = EXPERIMENTS
    list_display = ["name", "title", "project", "created_at"]
    list_select_related = ["project"]
    list_filter = [("project", SeenFilter)]
    search_fields = ["name", "title"]
    fields = [("name", "title"), "project", "created_at", "shown_words"]
    readonly_fields = ["shown_words"]
    actions = ()

    @admin.display(description="what it says")
    def shown_words(self, series: Any) -> str:
        return as_json(series.words)


@admin.register(Enrolment)
class EnrolmentAdmin(SeenAdmin):
    section = EXPERIMENTS
    list_display = ["participant", "series", "enrolled_at", "ended_at", "why"]
    list_select_related = ["participant", "series"]
    list_filter = [("enrolled_at", DayRangeFilter)]
    search_fields = ["participant__pseudonym__startswith", "series__name"]
    fields = [("participant", "series"), "time_zone", ("enrolled_at", "ended_at"), "why"]
    actions = ()


@admin.register(Appointment)
class AppointmentAdmin(SeenAdmin):
    section = EXPERIMENTS
    sight = "enrolment__series__project"
    list_display = ["wave", "enrolment", "opens_at", "closes_at", "state"]
    list_select_related = ["enrolment__participant", "enrolment__series", "run", "link__protocol"]
    list_filter = ["state", ("opens_at", DayRangeFilter)]
    search_fields = ["enrolment__participant__pseudonym__startswith", "wave"]
    fields = [("enrolment", "wave", "number"), ("opens_at", "closes_at"), "state", ("run", "link")]
    actions = ()


@admin.register(Reminder)
class ReminderAdmin(SeenAdmin):
    section = EXPERIMENTS
    sight = "appointment__enrolment__series__project"
    list_display = ["name", "appointment", "due_at", "state", "posted_at"]
    list_select_related = [
        "appointment__enrolment__participant",
        "appointment__enrolment__series",
    ]
    list_filter = ["state", ("due_at", DayRangeFilter)]
    search_fields = ["appointment__enrolment__participant__pseudonym__startswith"]
    fields = ["appointment", "name", ("due_at", "posted_at"), ("state", "tries")]
    actions = ()
