"""What programs ask about people: who a token belongs to, and the projects that it reaches."""

from typing import Any, cast

from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import queries, tables
from accounts.models import ApiToken, Lab, Membership, Project, User
from accounts.tables import PROJECTS
from common import lists
from common.errors import NotThere


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


class LabPersonOutput(serializers.ModelSerializer[Membership]):
    username = serializers.CharField(source="user.username")
    name = serializers.CharField(source="user.get_full_name")
    email = serializers.EmailField(source="user.email")

    class Meta:
        model = Membership
        fields = ["username", "name", "email", "role", "joined_at"]


@api_view(["GET"])
def me(request: Request) -> Response:
    """Return whose token this is, what it may do, and in which labs they have which role."""
    labs = queries.memberships_of(request.user)
    token = TokenOutput(request.auth).data if isinstance(request.auth, ApiToken) else None
    person = PersonOutput(cast("User", request.user)).data
    return Response({**person, "labs": MembershipOutput(labs, many=True).data, "token": token})


@api_view(["GET"])
def projects(request: Request) -> Response:
    """Return the projects that the person sees; ``lab``, ``state``, ``sort``, ``after``."""
    wish = lists.Wish(PROJECTS, request.path, request.query_params)
    page = lists.page(queries.projects_asked_for(request.user, request.query_params), wish)
    return _answer(request, page, ProjectOutput)


@api_view(["GET"])
def people(request: Request, lab: str) -> Response:
    """Return who belongs to a lab that the person sees; ``role``, ``sort``, ``after``."""
    found = Lab.objects.visible_to(request.user).filter(slug=lab).first()
    if found is None:
        raise NotThere
    wish = lists.Wish(tables.people(leads=False), request.path, request.query_params)
    page = lists.page(queries.people_asked_for(found, request.query_params), wish)
    return _answer(request, page, LabPersonOutput)


def _answer(
    request: Request, page: lists.Listing, output: type[serializers.ModelSerializer[Any]]
) -> Response:
    following = request.build_absolute_uri(page.next_url) if page.next_url else None
    rows = output(page.rows, many=True).data
    return Response({"results": rows, "count": page.total, "next": following})
