"""What programs ask about people: who a token belongs to, and the projects that it reaches."""

from typing import Any, cast

from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import queries
from accounts.models import ApiToken, Membership, Project, User


class MembershipOutput(serializers.ModelSerializer[Membership]):
    lab = serializers.SlugRelatedField[Any]("slug", read_only=True)
    name = serializers.CharField(source="lab.name")

    class Meta:
        model = Membership
        fields = ["lab", "name", "role"]


class TokenOutput(serializers.ModelSerializer[ApiToken]):
    class Meta:
        model = ApiToken
        fields = ["name", "prefix", "scope", "expires_at"]


class PersonOutput(serializers.ModelSerializer[User]):
    name = serializers.CharField(source="get_full_name")

    class Meta:
        model = User
        fields = ["username", "name", "email", "time_zone", "is_staff"]


class ProjectOutput(serializers.ModelSerializer[Project]):
    lab = serializers.SlugRelatedField[Any]("slug", read_only=True)

    class Meta:
        model = Project
        fields = ["lab", "slug", "name", "description", "visibility", "created_at"]


@api_view(["GET"])
def me(request: Request) -> Response:
    """Return whose token this is, what it may do, and in which labs they have which role."""
    labs = queries.memberships_of(request.user)
    token = TokenOutput(request.auth).data if isinstance(request.auth, ApiToken) else None
    person = PersonOutput(cast("User", request.user)).data
    return Response({**person, "labs": MembershipOutput(labs, many=True).data, "token": token})


@api_view(["GET"])
def projects(request: Request) -> Response:
    """Return the current projects that the person sees, by lab and name."""
    seen = Project.objects.visible_to(request.user).current().select_related("lab")
    return Response({"results": ProjectOutput(seen, many=True).data})
