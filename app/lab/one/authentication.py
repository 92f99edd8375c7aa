"""Tokens as ONE sends them: a worthless one is answered by 403 and the words it waits for."""

from typing import Any

from rest_framework import exceptions
from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request

from accounts.authentication import TokenAuthentication

WORTHLESS = "Invalid token."  # ONE asks for a new token on exactly these words


class OneTokenAuthentication(TokenAuthentication):
    def authenticate(self, request: Request) -> Any:
        try:
            return super().authenticate(request)
        except exceptions.AuthenticationFailed:
            raise exceptions.PermissionDenied(WORTHLESS) from None

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002  the base's signature
        return ""  # no challenge: Django REST framework then answers 403 and not 401


AUTHENTICATION = [OneTokenAuthentication, SessionAuthentication]
