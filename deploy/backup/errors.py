"""What can go wrong, in words for the person who reads the journal, and the way out."""


class BackupError(Exception):
    """Something did not work; nothing half done was left."""


class Damaged(BackupError):
    """What was read is not what was written."""


class Refused(BackupError):
    """It was not begun, because of what is asked or of what is there."""
