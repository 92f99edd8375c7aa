"""Experiments that a host names: designs without a plan."""

from hashlib import sha256

from django.db import IntegrityError, transaction

from accounts import audit
from factorial.log_errors import ExperimentExists, NotAHost
from factorial.models import Design, Host, Session
from factorial.queries import log_experiments


def create(*, session: Session | None, name: str) -> Design:
    """Make an experiment of the host's project. Its name is taken once, as clients look for it.

    Raises
    ------
    NotAHost
        The session is a participant's, or there is none.
    ExperimentExists
        The host's lab has a design of this code, or clients would find another under the name.
    """
    if session is None or session.host is None:
        raise NotAHost
    if log_experiments.shown().filter(code=name).exists():
        raise _exists(name)
    try:
        return _created(session.host, name)
    except IntegrityError:
        raise _exists(name) from None


@transaction.atomic
def _created(host: Host, name: str) -> Design:
    project = host.project
    design: Design = Design.objects.create(
        lab=project.lab,
        project=project,
        code=name,
        name=name,
        format=Design.Format.NAMED,
        digest=sha256(f"named\n{project.lab_id}\n{name}".encode()).hexdigest(),
    )
    changes = {"host": [None, host.user]}
    audit.record(action="design.created", on=design, changes=changes)
    return design


def _exists(name: str) -> ExperimentExists:
    return ExperimentExists(f'An experiment named "{name}" already exists')
