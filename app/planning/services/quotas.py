"""How much one person and one lab may have at once; asked inside the transaction that takes it."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Sum
from django.utils.timezone import now

from accounts.models import Lab, Project, User
from planning.errors import QuotaUsed
from planning.models import PilotMap, Search

DAY = timedelta(days=1)
MEGABYTE = 10**6


def need_room_for_search(*, project: Project, by: User) -> None:
    """Refuse one more search when the person's or the lab's share is used up.

    The lab's row is locked until the transaction ends, so that two who ask at the same moment are
    counted one after the other.

    Raises
    ------
    QuotaUsed
        It names the limit, what may be done, and when it may be tried again.
    """
    _lock(project)
    lab, person = Search.objects.filter(plan__project__lab=project.lab_id), _of_person(by)
    for rows, whose, at_once, a_day in (
        (person, "You have", settings.PLANNING_SEARCHES_AT_ONCE, settings.PLANNING_SEARCHES_A_DAY),
        (
            lab,
            "Your lab has",
            settings.PLANNING_LAB_SEARCHES_AT_ONCE,
            settings.PLANNING_LAB_SEARCHES_A_DAY,
        ),
    ):
        _need_free(rows.filter(finished_at=None).count(), at_once, whose)
        _need_day(rows, a_day, whose)


def _of_person(by: User) -> Any:
    return Search.objects.filter(created_by=by)


def _lock(project: Project) -> None:
    Lab.objects.select_for_update(no_key=True).get(pk=project.lab_id)


def _need_free(running: int, most: int, whose: str) -> None:
    if running >= most:
        raise QuotaUsed(
            f"{whose} {running} searches that wait or run; at most {most} do so at once.",
            remedy="Wait until one ends, or end one: its best design so far is kept.",
            retry_after=60,
        )


def _need_day(rows: Any, most: int, whose: str) -> None:
    lately = rows.filter(created_at__gt=now() - DAY)
    if lately.count() < most:
        return
    oldest = lately.order_by("-created_at").values_list("created_at", flat=True)[most - 1]
    wait = max(60, int((oldest + DAY - now()).total_seconds()))
    raise QuotaUsed(
        f"{whose} begun {most} searches within 24 hours, which is the most.",
        remedy="Try again later today, or let one search do more restarts instead of many do few.",
        retry_after=wait,
    )


def need_room_for_map(*, pilot: PilotMap, by: User) -> None:
    """Refuse a new pilot map when there is no room for its file.

    Raises
    ------
    QuotaUsed
        It says how much is used, and what makes room.
    """
    project, size_bytes = pilot.project, pilot.size_bytes
    _lock(project)
    there = PilotMap.objects.filter(removed_at=None).exclude(pk=pilot.pk)
    for rows, whose, most in (
        (there.filter(created_by=by), "Your pilot maps take", settings.PLANNING_MAPS_MB),
        (
            there.filter(project__lab=project.lab_id),
            "The pilot maps of your lab take",
            settings.PLANNING_LAB_MAPS_MB,
        ),
    ):
        used = rows.aggregate(used=Sum("size_bytes"))["used"] or 0
        if used + size_bytes > most * MEGABYTE:
            raise QuotaUsed(
                f"{whose} {used / MEGABYTE:,.0f} MB of {most:,} MB, and this one has "
                f"{size_bytes / MEGABYTE:,.1f} MB more.",
                remedy="Delete the files of maps that you need no more; their results stay.",
            )
