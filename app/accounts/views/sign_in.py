"""Signing in and out, and choosing a password by a link."""

from typing import Any

from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts import addresses, queries
from accounts.errors import LinkSpent
from accounts.forms import FinishForm, ForgottenForm, NewPassword, SignInForm
from accounts.models import OneTimeLink
from accounts.services import links, sign_in
from accounts.throttles import limit
from accounts.views.shared import after_answer, safe_target

TOO_MANY = 429


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def sign_in_page(request: HttpRequest) -> HttpResponse:
    target = safe_target(request, request.POST.get("next") or request.GET.get("next"))
    if request.user.is_authenticated and request.method == "GET":
        return redirect(target)
    form = SignInForm(request, request.POST or None)
    if form.is_valid() and form.user:
        if sign_in.begin(request=request, user=form.user, target=target):
            return redirect(target)
        return redirect("accounts:sign-in-code")
    return render(request, "accounts/sign_in.html", {"form": form, "next": target})


@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def sign_in_code(request: HttpRequest) -> HttpResponse:
    waiting = sign_in.waiting(request)
    if waiting is None:
        messages.warning(request, "Please type your password again; the code came too late.")
        return redirect("accounts:sign-in")
    user, target = waiting
    form = FinishForm(request, user, request.POST or None)
    if form.is_valid():
        return redirect(safe_target(request, target))
    return render(request, "accounts/sign_in_code.html", {"form": form})


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    messages.success(request, "You are signed out on this device.")
    return redirect("accounts:sign-in")


def locked_out(
    request: HttpRequest, _response: HttpResponse | None, credentials: dict[str, Any] | None
) -> HttpResponse:
    """Say until when an account is locked; django-axes answers with this page."""
    name = addresses.name_tried(request, credentials)
    until = queries.locked_until(name, addresses.of(request)) or now()
    wait_s = max(1, int((until - now()).total_seconds()) + 1)
    facts = {"until": until, "minutes": -(-wait_s // 60)}
    response = render(request, "accounts/locked_out.html", facts, status=TOO_MANY)
    response["Retry-After"] = str(wait_s)
    return response


@require_http_methods(["GET", "POST"])
def password_forgotten(request: HttpRequest) -> HttpResponse:
    form = ForgottenForm(request.POST or None)
    if not form.is_valid():
        return render(request, "accounts/password_forgotten.html", {"form": form})
    email = form.cleaned_data["email"].lower()
    limit("reset-address").need(addresses.neighbourhood(addresses.of(request)))
    response = render(request, "accounts/password_asked.html", {"email": email})
    if not limit("reset-account").wait_s(email):
        after_answer(response, links.send_reset, email=email)
    return response


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def choose_password(request: HttpRequest, secret: str) -> HttpResponse:
    """Let the person of a link choose a password; opening the page does not use the link up."""
    limit("link-address").need(addresses.neighbourhood(addresses.of(request)))
    link = queries.link_of(secret)
    if link is None:
        raise LinkSpent
    form = NewPassword(link.user, request.POST or None)
    if form.is_valid():
        user = links.use_link(secret=secret, password=form.cleaned_data["password"])
        messages.success(request, "Your password is set.")
        is_new = link.purpose == OneTimeLink.Purpose.WELCOME
        if is_new and sign_in.begin(request=request, user=user, target=reverse("home")):
            return redirect("home")
        return redirect("accounts:sign-in")
    response = render(request, "accounts/choose_password.html", {"form": form, "link": link})
    # The page's own address is the secret: what the page loads must not carry it on into a log.
    response.headers["Referrer-Policy"] = "strict-origin"
    return response


def admin_sign_in(request: HttpRequest) -> HttpResponse:
    """Lead the administration's own sign-in, which knows no second step, to ours."""
    target = safe_target(request, request.GET.get("next"))
    return redirect(reverse("accounts:sign-in", query={"next": target}))
