"""Tokens as ONE sends them: a worthless one is answered by 403 and the words it waits for."""

from typing import Any

from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.request import Request

from accounts import addresses, audit, queries, throttles
from accounts.authentication import TokenAuthentication
from accounts.keys import TOKEN_MARK
from accounts.models import ApiToken, User
from accounts.services import tokens

WORTHLESS = "Invalid token."  # ONE asks for a new token on exactly these words


class OneTokenAuthentication(TokenAuthentication):
    def authenticate(self, request: Request) -> Any:
        try:
            return super().authenticate(request)
        except exceptions.AuthenticationFailed:
            raise exceptions.PermissionDenied(WORTHLESS) from None

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002  the base's signature
        return ""  # no challenge: Django REST framework then answers 403 and not 401


class KeyInAddress(BaseAuthentication):
    """A key to files that stands first in the path: for clients that know an address alone."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        first, _, _rest = str(request.parser_context["kwargs"].get("path", "")).partition("/")
        if not first.startswith(f"{TOKEN_MARK}_"):
            return None
        token = queries.token_of_file_key(first)
        if token is None:
            throttles.limit("api-stranger").need(addresses.neighbourhood(addresses.of(request)))
            raise exceptions.PermissionDenied(WORTHLESS)
        tokens.note_use(token=token, address=addresses.of(request))
        audit.use_token(token)
        return token.user, token


AUTHENTICATION = [OneTokenAuthentication, SessionAuthentication]
