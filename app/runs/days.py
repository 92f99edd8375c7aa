"""On which day something happened, as people count: a late night belongs to the day before."""

import zoneinfo
from datetime import date, datetime, timedelta

NIGHT_ENDS = timedelta(hours=5)  # local time; a session at 01:30 is still the evening before
EARLIEST_BIRTH = date(1900, 1, 1)


def zone_of(*names: str) -> zoneinfo.ZoneInfo:
    """Return the first of the names that is a time zone: of the run, the participant, the lab."""
    for name in names:
        try:
            if name:
                return zoneinfo.ZoneInfo(name)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError):
            continue
    return zoneinfo.ZoneInfo("UTC")


def day_of(at: datetime, zone: zoneinfo.ZoneInfo) -> date:
    """Return the day that an instant counts for. The clock on the wall decides, also in spring."""
    return (at.astimezone(zone).replace(tzinfo=None) - NIGHT_ENDS).date()


def age_on(day: date, birth: date) -> int:
    """Return whole years; who was born on 29 February is a year older on 1 March."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
