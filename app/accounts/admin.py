"""The administration's view of people and labs, for operators in a pinch.

The pages of the site check roles and write the audit trail; here most things are only read.
"""

from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest, HttpResponse
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts import audit
from accounts.models import ApiToken, AuditEntry, Lab, Membership, Project, User
from accounts.roles import is_operator
from accounts.services import people, permission
from common.errors import NotAllowed

if TYPE_CHECKING:  # these take no parameter when the program runs
    TokenBase = admin.ModelAdmin[ApiToken]
    EntryBase = admin.ModelAdmin[AuditEntry]
    LabBase = admin.ModelAdmin[Lab]
    ProjectBase = admin.ModelAdmin[Project]
    MembershipInline = admin.TabularInline[Membership, Lab]
    People = UserAdmin[User]
else:
    TokenBase = EntryBase = LabBase = ProjectBase = admin.ModelAdmin
    MembershipInline, People = admin.TabularInline, UserAdmin


POWERS = {"is_active", "is_staff", "is_superuser"}

admin.site.unregister(TOTPDevice)  # its pages show the keys and turn a second step off silently
admin.site.unregister(Group)  # roles are per lab; nothing asks for a group


class Audited:
    """Writes down what an operator changes here."""

    def save_model(self, request: HttpRequest, thing: Any, form: Any, change: bool) -> None:
        super().save_model(request, thing, form, change)  # type: ignore[misc]
        audit.record(
            action=f"admin.{thing._meta.model_name}-{'changed' if change else 'created'}",  # noqa: SLF001
            user=request.user if isinstance(request.user, User) else None,
            on=thing,
            changes={
                name: [form.initial.get(name), form.cleaned_data.get(name)]
                for name in form.changed_data
                if "password" not in name
            },
        )


class ForOperators:
    """Asks no question about others, who see but links to it: there is one for every field."""

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return is_operator(request.user) and super().has_add_permission(request, *args)  # type: ignore[misc]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_operator(request.user) and super().has_change_permission(request, obj)  # type: ignore[misc]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_operator(request.user) and super().has_view_permission(request, obj)  # type: ignore[misc]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_operator(request.user) and super().has_delete_permission(request, obj)  # type: ignore[misc]


class ReadOnly:
    """Shows everything and changes nothing."""

    def has_add_permission(self, *_: Any) -> bool:
        return False

    def has_change_permission(self, *_: Any) -> bool:
        return False

    def has_delete_permission(self, *_: Any) -> bool:
        return False


@admin.register(User)
class UserPage(ForOperators, Audited, People):
    list_display = ["username", "get_full_name", "email", "is_active", "is_staff", "last_login"]
    list_filter = ["is_active", "is_staff", "memberships__lab"]
    fieldsets = (
        (None, {"fields": ("username",)}),
        ("Person", {"fields": ("first_name", "last_name", "email", "time_zone")}),
        ("Looks after the site", {"fields": ("is_active", "is_staff", "is_superuser")}),
        ("When", {"fields": ("last_login", "date_joined")}),
    )
    readonly_fields = ("last_login", "date_joined")
    filter_horizontal = ()

    def save_model(self, request: HttpRequest, thing: Any, form: Any, change: bool) -> None:
        if change and POWERS & set(form.changed_data):
            permission.keep_an_operator(thing, cast("User", request.user))
        super().save_model(request, thing, form, change)
        if change and "is_active" in form.changed_data and not thing.is_active:
            people.end_access(person=thing)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        """Show one's own address; it is changed on one's own page, which asks for the password."""
        own = ["email"] if obj and obj.pk == request.user.pk else []
        return [*super().get_readonly_fields(request, obj), *own]

    def user_change_password(self, *_: Any, **__: Any) -> HttpResponse:
        """Refuse: nobody is to know somebody else's password."""
        raise NotAllowed(
            "Nobody chooses a password for somebody else.",
            remedy="Make a link by which they choose it themselves, on their page in their lab.",
        )

    def has_delete_permission(self, *_: Any) -> bool:
        """People are closed, not deleted: what they did stays theirs."""
        return False


class Members(ReadOnly, MembershipInline):
    model = Membership
    extra = 0


@admin.register(Lab)
class LabPage(ForOperators, ReadOnly, LabBase):
    list_display = ["name", "slug", "time_zone", "created_at"]
    search_fields = ["name", "slug"]
    inlines = [Members]


@admin.register(Project)
class ProjectPage(ForOperators, ReadOnly, ProjectBase):
    list_display = ["name", "lab", "visibility", "created_at", "archived_at"]
    list_filter = ["lab", "visibility"]
    list_select_related = ["lab"]
    search_fields = ["name", "description"]


@admin.register(ApiToken)
class TokenPage(ReadOnly, TokenBase):
    list_display = ["name", "prefix", "user", "scope", "state", "last_used_at", "expires_at"]
    list_filter = ["scope"]
    list_select_related = ["user"]
    search_fields = ["name", "prefix", "user__username"]
    exclude = ["digest"]


@admin.register(AuditEntry)
class EntryPage(ReadOnly, EntryBase):
    list_display = ["at", "user", "action", "object_label", "lab", "reason"]
    list_filter = ["lab", "object_type"]
    list_select_related = ["user", "lab"]
    search_fields = ["action", "object_label", "reason", "request_id"]
    date_hierarchy = "at"
    show_full_result_count = False
