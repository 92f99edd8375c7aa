"""Instants at rest, a lab's wall clock for people and for ONE."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from accounts.models import Lab


def zone_of(lab: Lab | None) -> ZoneInfo:
    return ZoneInfo(lab.time_zone if lab else "UTC")


def day_of(instant: datetime, lab: Lab | None) -> date:
    """Return the day that it was in the lab."""
    return instant.astimezone(zone_of(lab)).date()


def wall_clock(instant: datetime | None, lab: Lab | None) -> datetime | None:
    """Return an instant as a clock on the lab's wall shows it: without a zone."""
    return instant and instant.astimezone(zone_of(lab)).replace(tzinfo=None)


def instant_of(wall: datetime, lab: Lab | None) -> datetime:
    """Return the instant that a lab's clock shows; one that has a zone stays what it is."""
    return wall if wall.tzinfo else wall.replace(tzinfo=zone_of(lab))
