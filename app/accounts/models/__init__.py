"""People, labs, memberships and projects; keys to the house; and what was done."""

from accounts.models.access import ApiToken, OneTimeLink, RecoveryCode, SignIn
from accounts.models.history import AuditEntry
from accounts.models.labs import Lab, Membership, Project, ProjectMember
from accounts.models.people import User

__all__ = [
    "ApiToken",
    "AuditEntry",
    "Lab",
    "Membership",
    "OneTimeLink",
    "Project",
    "ProjectMember",
    "RecoveryCode",
    "SignIn",
    "User",
]
