"""Who may be a host: by a password of its own, or by an API token of somebody of the lab."""

from base64 import b64decode
from typing import NamedTuple

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction

from accounts import audit, queries
from accounts.models import ApiToken, Project, User
from accounts.services import tokens
from factorial.models import Host

NO_PASSWORD = ""


class Credentials(NamedTuple):
    user: str
    password: str


@transaction.atomic
def keep_host(*, project: Project, user: str, password: str, by: User | None = None) -> Host:
    """Make a host of a project, or give it another password; its sessions go on."""
    host, is_new = Host.objects.update_or_create(
        user=user, defaults={"project": project, "password": make_password(password)}
    )
    action = "lightmill-host.created" if is_new else "lightmill-host.password"
    audit.record(action=action, user=by, on=host, lab=project.lab)
    return host


@transaction.atomic
def remove_host(*, host: Host, by: User | None = None) -> None:
    """Take a host away, and its sessions; experiments, runs and logs stay."""
    audit.record(action="lightmill-host.removed", user=by, on=host, lab=host.project.lab)
    host.delete()


def credentials_of(header: str) -> Credentials | None:
    """Read ``Authorization: Basic …``; None when it is nothing of that kind."""
    word, _, encoded = header.strip().partition(" ")
    if word.lower() != "basic":
        return None
    try:
        user, _, password = b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return None
    return Credentials(user, password)


def host_of(given: Credentials | None, *, address: str | None = None) -> Host | None:
    """Return the host that somebody may be, or None.

    Without a password nobody is one, unless the settings (those of the tests) let a host be without
    any. ``lab/project`` with an API token that may write is a host of that project for as long as
    the token works and its owner may change the project.
    """
    if given is None:
        return _open_host()
    if "\0" in given.user:
        return None
    if given.user.count("/") == 1 and given.password.startswith("studium_"):
        return _host_by_token(given, address)
    host: Host | None = Host.objects.filter(user=given.user).select_related("project").first()
    if host is None or host.password == NO_PASSWORD:
        make_password(given.password)  # as long as a wrong password takes: names are not told apart
        return _open_host()
    return host if check_password(given.password, host.password) else None


def _open_host() -> Host | None:
    if not settings.LIGHTMILL_OPEN_HOST:
        return None
    found: Host | None = Host.objects.filter(password=NO_PASSWORD).order_by("pk").first()
    return found


@transaction.atomic
def _host_by_token(given: Credentials, address: str | None) -> Host | None:
    token = queries.token_of(given.password)
    if token is None or token.scope != ApiToken.Scope.WRITE:
        return None
    lab, _, slug = given.user.partition("/")
    projects = Project.objects.editable_by(token.user)
    project = projects.filter(lab__slug=lab, slug=slug).select_related("lab").first()
    if project is None:
        return None
    tokens.note_use(token=token, address=address)
    host, is_new = Host.objects.get_or_create(user=given.user, defaults={"project": project})
    audit.use_token(token)
    action = "lightmill-host.created" if is_new else "lightmill-host.session"
    audit.record(action=action, user=token.user, on=host, lab=project.lab)
    return host if host.project_id == project.pk else None
