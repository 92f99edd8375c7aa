"""What several pages of this area do alike."""

import logging
from collections.abc import Callable
from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme

from accounts import audit, queries
from accounts.models import Lab, Membership, Project, User

logger = logging.getLogger(__name__)


def me(request: HttpRequest) -> User:
    """Return who is signed in; for views that only those reach who are."""
    return cast("User", request.user)


def safe_target(request: HttpRequest, given: str | None) -> str:
    """Return the page to go on to: one of this site, or home."""
    is_ours = url_has_allowed_host_and_scheme(
        given, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return given if given and is_ours else resolve_url(settings.LOGIN_REDIRECT_URL)


def after_answer(response: HttpResponse, work: Callable[..., Any], **arguments: Any) -> None:
    """Do ``work`` once the answer was sent, so that its time tells the visitor nothing."""
    origin = audit.current()

    def quietly() -> None:
        try:
            with audit.during(origin):
                work(**arguments)
        except Exception:
            logger.exception("What was to follow an answer failed")

    closers: list[Callable[[], None]] = response._resource_closers  # type: ignore[attr-defined]  # noqa: SLF001
    closers.append(quietly)


def lab_of(request: HttpRequest, slug: str) -> queries.Standing:
    """Return a lab that the person sees, and what they may do in it."""
    lab = get_object_or_404(Lab.objects.visible_to(request.user), slug=slug)
    return queries.standing(me(request), lab)


def membership_of(standing: queries.Standing, username: str) -> Membership:
    people = queries.people_of(standing.lab)
    return get_object_or_404(people, user__username__iexact=User.normalize_username(username))


def project_of(request: HttpRequest, lab: str, slug: str) -> Project:
    visible = Project.objects.visible_to(request.user).select_related("lab")
    return get_object_or_404(visible, lab__slug=lab, slug=slug)
