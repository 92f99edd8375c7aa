"""How programs sign in: ``Authorization: Token …`` or ``Bearer …``, and what a token may do."""

from typing import Any

from rest_framework import authentication, exceptions
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from accounts import addresses, audit, queries, throttles
from accounts.models import ApiToken, User
from accounts.services import tokens

WORDS = {"token", "bearer"}


class TokenAuthentication(authentication.BaseAuthentication):
    """Accepts a working token of an active person, once its whole secret is right."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        word, _, secret = request.headers.get("Authorization", "").strip().partition(" ")
        if word.lower() not in WORDS:
            return None
        token = queries.token_of(secret.strip())
        if token is None:
            guesses = throttles.limit("api-stranger")
            guesses.need(addresses.neighbourhood(addresses.of(request)))
            raise exceptions.AuthenticationFailed(
                "This token is not known, has expired or was revoked. "
                "Make a new one on your page of API tokens."
            )
        tokens.note_use(token=token, address=addresses.of(request))
        audit.use_token(token)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002  Django REST's signature
        return "Token"


class ScopeAllows(BasePermission):
    """A read-only token may not change anything."""

    message = "This token may only read. Make one with “read and write” to change something."

    def has_permission(self, request: Request, view: Any) -> bool:  # noqa: ARG002
        token = request.auth
        if not isinstance(token, ApiToken) or request.method in SAFE_METHODS:
            return True
        return token.scope == ApiToken.Scope.WRITE
