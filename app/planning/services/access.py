"""Who may plan in a project: one question, asked by every service."""

from typing import Any

from accounts.models import Project, User
from common.errors import NotThere


def need_editable(project: Any, by: User | None) -> None:
    """Refuse whoever may not work in a project, told of by its key.

    ``by`` is nobody where something is done beside the site, by a command.

    Raises
    ------
    NotThere
        ``by`` may not work in the project, or there is none.
    """
    if by and not Project.objects.editable_by(by).filter(pk=project).exists():
        raise NotThere
