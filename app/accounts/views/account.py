"""One's own account: profile, security, second factor, sessions, API tokens."""

from base64 import b32encode
from typing import Any

import segno
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_otp.plugins.otp_totp.models import default_key

from accounts import queries
from accounts.forms import (
    ChangePassword,
    OwnPassword,
    ProfileForm,
    RecentPassword,
    TokenForm,
    TurnOnForm,
)
from accounts.models import User
from accounts.services import people, second_factor, sessions, tokens
from accounts.views.shared import me

NEW_KEY = "second_factor_key"


@login_required
@sensitive_post_parameters("own_password")
@require_http_methods(["GET", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    # The form fills in its own copy: the page around it shows what is stored.
    stored = User.objects.get(pk=me(request).pk)
    form = ProfileForm(request, request.POST or None, instance=stored)
    if form.is_valid():
        people.edit_profile(user=stored, **form.cleaned_data)
        messages.success(request, "Your profile was saved.")
        return redirect("accounts:profile")
    context = {"form": form, "memberships": queries.memberships_of(me(request))}
    return render(request, "accounts/profile.html", context)


@login_required
@require_GET
def security(request: HttpRequest) -> HttpResponse:
    sessions.prune(user=me(request))
    return render(request, "accounts/security.html", queries.security_of(me(request)))


@never_cache
@login_required
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def password_change(request: HttpRequest) -> HttpResponse:
    form = ChangePassword(request, me(request), request.POST or None)
    if form.is_valid():
        password = form.cleaned_data["password"]
        people.change_password(request=request, user=me(request), password=password)
        messages.success(request, "Your password was changed. All other devices are signed out.")
        return redirect("accounts:security")
    return render(request, "accounts/password_change.html", {"form": form})


@never_cache
@login_required
@sensitive_variables("key", "device", "form")
@sensitive_post_parameters("own_password")
@require_http_methods(["GET", "POST"])
def second_factor_on(request: HttpRequest) -> HttpResponse:
    """Show a new key as a picture, and turn the second step on with the first right code."""
    if queries.has_second_factor(me(request)):
        return redirect("accounts:security")
    key = request.session.setdefault(NEW_KEY, default_key())
    form = TurnOnForm(request, me(request), key, request.POST or None)
    if form.is_valid():
        request.session.pop(NEW_KEY)
        return _show_codes(request, form.codes)
    device = second_factor.device_for(user=me(request), key=key)
    facts = {"form": form, "picture": _picture(device.config_url), "letters": _letters(device)}
    return render(request, "accounts/second_factor_on.html", facts)


@never_cache
@login_required
@sensitive_post_parameters("own_password")
@require_http_methods(["GET", "POST"])
def recovery_codes(request: HttpRequest) -> HttpResponse:
    # Without the password the form has no field: that it was sent is what counts.
    form = RecentPassword(request, request.POST if request.method == "POST" else None)
    if form.is_valid():
        return _show_codes(request, second_factor.new_recovery_codes(user=me(request)))
    return render(request, "accounts/recovery_codes_renew.html", {"form": form})


@never_cache
@login_required
@sensitive_post_parameters("own_password")
@require_http_methods(["GET", "POST"])
def second_factor_off(request: HttpRequest) -> HttpResponse:
    form = OwnPassword(request, request.POST or None)
    if form.is_valid():
        second_factor.turn_off(user=me(request), by=me(request))
        messages.success(request, "Two-step sign-in is off.")
        return redirect("accounts:security")
    return render(request, "accounts/second_factor_off.html", {"form": form})


@login_required
@require_POST
def session_end(request: HttpRequest, pk: int) -> HttpResponse:
    sign_in = get_object_or_404(me(request).sign_ins, pk=pk)
    sessions.end(sign_in=sign_in, by=me(request))
    messages.success(request, "That device is signed out.")
    return redirect("accounts:security")


@login_required
@require_POST
def sign_out_everywhere(request: HttpRequest) -> HttpResponse:
    sessions.sign_out_everywhere(user=me(request))
    request.session.flush()
    messages.success(request, "You are signed out on every device, this one too.")
    return redirect("accounts:sign-in")


@never_cache
@login_required
@sensitive_post_parameters("own_password")
@require_http_methods(["GET", "POST"])
def token_list(request: HttpRequest) -> HttpResponse:
    """List one's tokens and make new ones; a new token is in this one answer and nowhere else."""
    form = TokenForm(request, request.POST or None)
    made, secret = None, ""
    if form.is_valid():
        made, secret = tokens.create_token(user=me(request), **form.cleaned_data)
        form = TokenForm(request)
    facts = {"form": form, "tokens": me(request).api_tokens.all(), "made": made, "secret": secret}
    return render(request, "accounts/tokens.html", facts)


@login_required
@require_POST
def token_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    token = get_object_or_404(me(request).api_tokens, pk=pk)
    tokens.revoke_token(token=token, by=me(request))
    messages.success(request, f"“{token.name}” no longer works.")
    return redirect("accounts:tokens")


def _show_codes(request: HttpRequest, codes: list[str]) -> HttpResponse:
    return render(request, "accounts/recovery_codes.html", {"codes": codes})


def _picture(address: str) -> SafeString:
    """Draw an address as SVG; segno writes nothing but its own path into it."""
    drawn = segno.make(address, error="m").svg_inline(
        scale=4, border=4, dark="#000", light="#fff", svgclass="qr", lineclass=None, omitsize=False
    )
    return mark_safe(drawn)  # noqa: S308  made of numbers by segno


def _letters(device: Any) -> str:
    """Return the key as an app takes it when it cannot see the picture, in groups of four."""
    text = b32encode(device.bin_key).decode().rstrip("=")
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))
