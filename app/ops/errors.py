"""What can go wrong on a site's machine; each text says what happened and what to do.

OperationFailed
├── BackupFailed     nothing was kept of it; the older backups are untouched
├── BackupUnusable   the file is damaged, or of another kind of database
└── NotEmpty         a restore would mix its rows with those that are there
"""

from common.errors import StudiumError


class OperationFailed(StudiumError):
    """The root: its text is shown to operators, and on the page of a job that it ended."""

    status = 500
    title = "This did not work on the site's machine"
    remedy = ""


class BackupFailed(OperationFailed):
    pass


class BackupUnusable(OperationFailed):
    pass


class NotEmpty(OperationFailed):
    pass
