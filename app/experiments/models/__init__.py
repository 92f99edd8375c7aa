"""Protocols and their frozen revisions, the links to them, and who is where in one."""

from experiments.models.assets import Asset, Stimulus, Tag
from experiments.models.banks import Bank, BankRevision
from experiments.models.groups import Group, Meeting, Member
from experiments.models.links import Link
from experiments.models.protocols import Protocol, Revision
from experiments.models.recruiters import Arrival, Recruiter
from experiments.models.series import Appointment, Enrolment, Reminder, Series
from experiments.models.sittings import Sitting

__all__ = [
    "Appointment",
    "Arrival",
    "Asset",
    "Bank",
    "BankRevision",
    "Enrolment",
    "Group",
    "Link",
    "Meeting",
    "Member",
    "Protocol",
    "Recruiter",
    "Reminder",
    "Revision",
    "Series",
    "Sitting",
    "Stimulus",
    "Tag",
]
