"""People, labs, projects and places, each found by its name."""

from typing import Any, ClassVar

from django.db.models import Prefetch, QuerySet
from rest_framework import serializers

from accounts.models import Lab, Membership, Project, User
from accounts.queries import home_of
from accounts.services import labs as lab_service
from accounts.services import projects as project_service
from lab.errors import DoesNotFit
from lab.models import LabProfile, Location, ProjectProfile, Repository, Subject
from lab.models.profiles import PATH_SAFE
from lab.one import vocabulary
from lab.one.errors import FieldRefused
from lab.one.fields import NameField
from lab.one.filters import alike, equal
from lab.one.views import Writes
from lab.services import profiles, records


def people(user: Any) -> QuerySet[Any]:
    return User.objects.visible_to(user)


def labs(user: Any) -> QuerySet[Any]:
    return Lab.objects.visible_to(user).select_related("profile")


def projects(user: Any) -> QuerySet[Any]:
    return Project.objects.visible_to(user).select_related("profile", "lab")


def with_profiles(path: str, user: Any) -> Any:
    """Fetch the projects that ``user`` sees, with the names that ONE knows them by."""
    return Prefetch(path, Project.objects.visible_to(user).select_related("profile"))


def repositories(_user: Any) -> QuerySet[Any]:
    return Repository.objects.all()


class UserShape(serializers.ModelSerializer[User]):
    id = serializers.UUIDField(source="profile.pk", read_only=True)
    subjects_responsible = serializers.SlugRelatedField[Any](
        "nickname", source="subjects", many=True, read_only=True
    )
    lab = serializers.SerializerMethodField()
    allowed_users = NameField("username", people, source="profile.delegates", many=True,
                              required=False)  # fmt: skip
    is_stock_manager = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields = [
            "id", "username", "email", "subjects_responsible", "lab", "allowed_users",
            "is_stock_manager",
        ]  # fmt: skip
        read_only_fields = ["username", "email"]

    def get_lab(self, person: User) -> list[str]:
        return [membership.lab.profile.path_name for membership in person.memberships.all()]

    def validate(self, attrs: Any) -> Any:
        """Refuse what only a role in a lab gives; what comes back unchanged is no wish."""
        asked = self.initial_data.get("is_stock_manager")
        has = self.instance is not None and self.get_is_stock_manager(self.instance)
        if asked is not None and asked is not has:
            say = "A role in the lab gives this: its admins change roles on the lab's page."
            raise serializers.ValidationError({"is_stock_manager": say})
        return attrs

    def get_is_stock_manager(self, person: User) -> bool:
        return any(membership.role in KEEPERS for membership in person.memberships.all())


KEEPERS = {"colony manager", "manager", "admin"}
POWERS = {"is_stock_manager", "is_superuser", "is_staff", "is_public_user", "lab", "groups",
          "user_permissions"}  # fmt: skip


class Users(Writes):
    """Who there is. One says here who may act on one's animals, and nothing else.

    People are invited, given roles and closed on the pages of their labs.
    """

    kind = User
    vocabulary = vocabulary.of_people
    serializer_class = UserShape
    lookup_field = "username"
    lookup_value_regex = "[^/]+"
    http_method_names = ["get", "put", "patch", "head", "options"]
    json_filters = ()
    filters: ClassVar = {"username": alike("username"), "email": alike("email")}

    def get_queryset(self) -> QuerySet[Any]:
        animals = Subject.objects.visible_to(self.person).only("nickname", "responsible_user")
        mine = Lab.objects.visible_to(self.person)
        return (
            self.seen()
            .select_related("profile")
            .prefetch_related(
                Prefetch("subjects", animals),
                "profile__delegates",
                Prefetch("memberships", _memberships(mine)),
            )
        )

    def _given(self, data: Any, record: Any = None, *, partial: bool = False) -> dict[str, Any]:
        """Refuse what would give somebody power; what was read can be sent back as it is."""
        shown = self.get_serializer(record).data
        for name in POWERS & set(data):
            if data[name] != shown.get(name):
                raise FieldRefused(name, "Roles are given on the pages of a lab.")
        return super()._given(data, record, partial=partial)

    def perform(self, record: Any, values: dict[str, Any]) -> Any:
        about = values.get("profile", {})
        if "delegates" in about:
            hidden = record.profile.delegates.exclude(pk__in=people(self.person).values("pk"))
            about["delegates"] = [*about["delegates"], *hidden]
        profiles.change_person(profile=record.profile, by=self.person, values=about)
        return record


def _memberships(seen: QuerySet[Lab]) -> QuerySet[Any]:
    return Membership.objects.filter(lab__in=seen).select_related("lab__profile")


class LabShape(serializers.ModelSerializer[LabProfile]):
    name = serializers.CharField(source="path_name", validators=[PATH_SAFE])
    timezone = serializers.CharField(source="lab.time_zone", required=False)
    reference_weight_pct = serializers.FloatField(
        source="reference_weight_fraction", required=False, min_value=0, max_value=1
    )
    zscore_weight_pct = serializers.FloatField(
        source="zscore_weight_fraction", required=False, min_value=0, max_value=1
    )
    repositories = NameField("name", repositories, many=True, required=False)

    class Meta:
        model = LabProfile
        fields = [
            "name", "institution", "address", "timezone", "repositories", "json",
            "reference_weight_pct", "zscore_weight_pct",
        ]  # fmt: skip


class Labs(Writes):
    """Labs are opened by operators; their admins change the rules."""

    kind = LabProfile
    vocabulary = vocabulary.of_labs
    serializer_class = LabShape
    lookup_field = "path_name"
    lookup_url_kwarg = "name"
    lookup_value_regex = "[^/]+"
    http_method_names = ["get", "post", "put", "patch", "head", "options"]
    filters: ClassVar = {"name": equal("path_name"), "institution": equal("institution")}

    def get_queryset(self) -> QuerySet[Any]:
        mine = Lab.objects.visible_to(self.person)
        rows = LabProfile.objects.filter(lab__in=mine).select_related("lab")
        return rows.prefetch_related("repositories")

    def perform(self, record: Any, values: dict[str, Any]) -> Any:
        about = values.pop("lab", {})
        if record is None:
            made = lab_service.create_lab(by=self.person, name=values["path_name"], **about)
            return records.change(record=made.profile, by=self.person, values=values)
        if about:
            lab_service.edit_lab(lab=record.lab, by=self.person, **about)
        return records.change(record=record, by=self.person, values=values)


class ProjectShape(serializers.ModelSerializer[ProjectProfile]):
    name = serializers.CharField(source="path_name", max_length=100)
    description = serializers.CharField(source="project.description", required=False)
    users = NameField("username", people, source="project.members", many=True, required=False)

    class Meta:
        model = ProjectProfile
        fields = ["name", "description", "users", "json"]


class Projects(Writes):
    kind = ProjectProfile
    vocabulary = vocabulary.of_projects
    serializer_class = ProjectShape
    lookup_field = "path_name"
    lookup_url_kwarg = "name"
    lookup_value_regex = "[^/]+"
    http_method_names = ["get", "post", "put", "patch", "head", "options"]
    filters: ClassVar = {"name": equal("path_name")}

    def get_queryset(self) -> QuerySet[Any]:
        mine = Project.objects.visible_to(self.person)
        rows = ProjectProfile.objects.filter(project__in=mine).select_related("project__lab")
        return rows.prefetch_related("project__members")

    def perform(self, record: Any, values: dict[str, Any]) -> Any:
        about = values.pop("project", {})
        members = about.pop("members", None)
        profile = record or self._open(values, about)
        if record is not None and about:
            project_service.edit_project(project=record.project, by=self.person, **about)
        if members is not None:
            project_service.set_members(project=profile.project, by=self.person, members=members)
        return records.change(record=profile, by=self.person, values=values)

    def _open(self, values: dict[str, Any], about: dict[str, Any]) -> ProjectProfile:
        """Open a project in the person's first lab, under the name that ONE gave."""
        lab = home_of(self.person) or Lab.objects.visible_to(self.person).first()
        if lab is None:
            raise DoesNotFit("There is no lab yet that the project could belong to.")
        project = project_service.create_project(
            lab=lab, by=self.person, name=values["path_name"], **about
        )
        profile: ProjectProfile = project.profile
        return profile


class LocationShape(serializers.ModelSerializer[Location]):
    lab = NameField("profile__path_name", labs, required=False)

    class Meta:
        model = Location
        fields = ["name", "json", "lab"]


class Locations(Writes):
    kind = Location
    vocabulary = vocabulary.named
    serializer_class = LocationShape
    lookup_field = "name"
    lookup_value_regex = "[^/]+"
    http_method_names = ["get", "put", "patch", "head", "options"]
    filters: ClassVar = {"name": equal("name"), "lab": alike("lab__profile__path_name")}

    def get_queryset(self) -> QuerySet[Any]:
        return self.seen().select_related("lab__profile")
