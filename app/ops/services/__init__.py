"""The only writers of this area."""

from ops.services.backups import back_up, check_backup, prune_backups, restore
from ops.services.errors import reopen_error, resolve_error, take_in_errors
from ops.services.pruning import prune

__all__ = [
    "back_up",
    "check_backup",
    "prune",
    "prune_backups",
    "reopen_error",
    "resolve_error",
    "restore",
    "take_in_errors",
]
