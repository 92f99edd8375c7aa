"""How ONE signs in: a name and a password, or a token in the password's place, for a token."""

from typing import Any, cast

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from accounts import addresses, keys, queries
from accounts.authentication import ScopeAllows
from accounts.models import ApiToken, User
from accounts.services import sign_in, tokens
from lab.models import LabProfile
from lab.one.errors import FieldRefused
from lab.one.views import OneView

NAME = "ONE"  # of the tokens that are made here
WRONG = "Unable to log in with provided credentials."


class Credentials(serializers.Serializer[Any]):
    username = serializers.CharField()
    password = serializers.CharField(trim_whitespace=False)


class TokenOutput(serializers.Serializer[Any]):
    token = serializers.CharField()


class AuthToken(OneView):
    """`POST username, password`: a token that reads and writes, for ninety days."""

    authentication_classes = []
    permission_classes = [ScopeAllows]
    serializer_class = Credentials
    lasts_days = 90

    def post(self, request: Request) -> Response:
        given = Credentials(data=request.data)
        given.is_valid(raise_exception=True)
        username, password = given.validated_data["username"], given.validated_data["password"]
        if is_token_of(username, password):
            return Response({"token": password})
        person = sign_in.check_password(
            request=request._request,  # noqa: SLF001  axes counts on Django's own request
            username=username,
            password=password,
        )
        if person is None:
            raise FieldRefused("non_field_errors", WRONG)
        if queries.has_second_factor(person):
            raise FieldRefused(
                "non_field_errors",
                "This account has a second factor. Make a token on its page of API tokens and "
                "give it in the password's place.",
            )
        _token, secret = tokens.create_token(
            user=person, name=NAME, scope=ApiToken.Scope.WRITE, days=self.lasts_days
        )
        return Response({"token": secret})


def is_token_of(username: str, secret: str) -> bool:
    token = queries.token_of(secret)
    return token is not None and token.user.username == User.normalize_username(username)


class Me(OneView):
    """Whose token it is, and where a client that knows this address alone gets its files."""

    serializer_class = TokenOutput

    def get(self, request: Request) -> Response:
        person = cast("User", request.user)
        labs = LabProfile.objects.filter(lab__in=queries.labs_of(person))
        return Response({
            "username": person.username,
            "id": str(person.profile.pk),
            "email": person.email,
            "is_active": person.is_active,
            "lab": list(labs.values_list("path_name", flat=True)),
            "address": addresses.of(request),
            "data_server": data_server(request),
        })  # fmt: skip


def data_server(request: Request) -> str:
    """Return ONE's ``HTTP_DATA_SERVER``; a program's own holds a key made of its token."""
    if not isinstance(request.auth, ApiToken):
        return str(reverse("one:download", args=["-"], request=request)).removesuffix("/-")
    key = keys.file_key(request.auth.prefix, request.auth.digest)
    return str(reverse("one:download", args=[key], request=request))
