"""The shape of what people type: signing in, their account, their lab and its projects."""

import zoneinfo
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.auth import password_validation
from django.contrib.auth.forms import UsernameField
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from accounts.errors import CodeWrong, NameHidesPage, PasswordWrong
from accounts.models import ApiToken, Lab, Project, User
from accounts.models.labs import hides_its_page
from accounts.roles import MEANING, Role
from accounts.services import confirmation, labs, second_factor, sign_in

if TYPE_CHECKING:  # ModelForm takes no parameter when the program runs
    UserForm = forms.ModelForm[User]
    OfLab = forms.ModelForm[Lab]
    OfProject = forms.ModelForm[Project]
else:
    UserForm = OfLab = OfProject = forms.ModelForm

Choices = list[tuple[str, str]]
NEVER = 0
LIFETIMES = [(30, "30 days"), (90, "90 days"), (365, "a year"), (NEVER, "until it is revoked")]


def time_zones() -> Choices:
    named = sorted(name for name in zoneinfo.available_timezones() if "/" in name)
    return [("UTC", "UTC"), *((name, name.replace("_", " ")) for name in named)]


def role_choices(values: list[str]) -> Choices:
    roles = [Role(value) for value in values]
    return [(role.value, f"{role.label}: {MEANING[role]}") for role in roles]


class SignInForm(forms.Form):
    username = UsernameField(max_length=150, label="User name")
    password = forms.CharField(
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    user: User | None = None

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request
        self.fields["username"].widget.attrs |= {"autocomplete": "username", "autofocus": True}

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if "username" in data and "password" in data:
            self.user = sign_in.check_password(
                request=self.request, username=data["username"], password=data["password"]
            )
            if self.user is None:
                raise ValidationError(
                    "User name and password do not fit together. Mind capitals in the password; "
                    "a closed account cannot sign in either."
                )
        return data


class CodeForm(forms.Form):
    code = forms.CharField(
        max_length=40,
        label="Code",
        help_text="The six digits that your authenticator app shows now, or a recovery code.",
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autofocus": True}),
    )


class FinishForm(CodeForm):
    """The second step: the code is compared here, so that a wrong one is said at the field."""

    def __init__(self, request: HttpRequest, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request, self.user = request, user

    def clean_code(self) -> str:
        code = str(self.cleaned_data["code"])
        try:
            sign_in.finish(request=self.request, user=self.user, code=code)
        except CodeWrong as error:
            raise ValidationError(f"{error.message} {error.remedy}") from None
        return code


def password_field(help_text: str, **options: Any) -> forms.CharField:
    return forms.CharField(
        strip=False,
        max_length=1000,
        label="Your password",
        help_text=help_text,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        **options,
    )


class OwnPassword(forms.Form):
    """Asks for the password of whoever is signed in, before something that protects them."""

    own_password = password_field("So that nobody does this at a desk that you left.")

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request

    def clean_own_password(self) -> str:
        given = str(self.cleaned_data["own_password"])
        if not confirmation.confirm(request=self.request, password=given):
            raise ValidationError(PasswordWrong.message)
        return given


class RecentPassword(OwnPassword):
    """Asks for the password unless it was typed on this session a moment ago."""

    own_password = password_field(
        "It is more than ten minutes since you typed it here.",
        error_messages={"required": "Type your password: you last did so a while ago."},
    )

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, *args, **kwargs)
        if confirmation.is_recent(request=request):
            del self.fields["own_password"]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if data.pop("own_password", ""):  # right: not asked again when something else is wrong
            del self.fields["own_password"]
        return data


class TurnOnForm(RecentPassword, CodeForm):
    """The first code of a new device; it counts only once the password is right."""

    codes: list[str]

    def __init__(self, request: HttpRequest, user: User, key: str, *args: Any) -> None:
        super().__init__(request, *args)
        self.user, self.key = user, key
        self.fields["code"].help_text = "The six digits that the app shows now."

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if not self.errors:
            self._turn_on(data["code"])
        return data

    def _turn_on(self, code: str) -> None:
        try:
            self.codes = second_factor.turn_on(user=self.user, key=self.key, code=code)
        except CodeWrong as error:
            self.add_error("code", f"{error.message} {error.remedy}")


class NewPassword(forms.Form):
    password = forms.CharField(
        strip=False,
        max_length=1000,
        label="New password",
        help_text="Twelve characters or more; a few unusual words are good and easy to type.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        strip=False,
        max_length=1000,
        label="New password again",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_password(self) -> str:
        password = str(self.cleaned_data["password"])
        password_validation.validate_password(password, self.user)
        return password

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if "password" in data and data.get("again") != data["password"]:
            self.add_error("again", "The two passwords differ. Type the same one twice.")
        return data


class ChangePassword(OwnPassword, NewPassword):
    field_order = ["own_password", "password", "again"]

    def __init__(self, request: HttpRequest, user: User, *args: Any, **kwargs: Any) -> None:
        forms.Form.__init__(self, *args, **kwargs)
        self.request, self.user = request, user


class ForgottenForm(forms.Form):
    email = forms.EmailField(
        label="E-mail address",
        widget=forms.EmailInput(attrs={"autocomplete": "email", "autofocus": True}),
    )


class UniqueAddress(UserForm):
    """Says at the field that an address is taken, before the database does."""

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"]).strip().lower()
        others = User.objects.exclude(pk=self.instance.pk)
        if email and others.filter(email=email).exists():
            raise ValidationError("Somebody has this e-mail address already.")
        return email


class ProfileForm(UniqueAddress):
    time_zone = forms.ChoiceField(
        choices=time_zones, label="Time zone", help_text="In which times are shown to you."
    )

    class Meta:
        model = User
        fields = ["first_name", "last_name", "email", "time_zone"]

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request
        self.initial.setdefault("time_zone", self.instance.time_zone or "UTC")
        self.fields["email"].label = "E-mail address"
        self.fields["email"].help_text = "Where a link goes when you forget your password."
        if not confirmation.is_recent(request=request):
            self.fields["own_password"] = password_field(
                "Only to change the e-mail address.", required=False
            )

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        given = data.pop("own_password", "")
        if "own_password" in self.fields and "email" in self.changed_data:
            self._confirm(given)
        return data

    def _confirm(self, given: str) -> None:
        if not given:
            self.add_error("own_password", "Type your password to change the e-mail address.")
        elif confirmation.confirm(request=self.request, password=given):
            del self.fields["own_password"]  # not asked again when something else is wrong
        else:
            self.add_error("own_password", PasswordWrong.message)


class InviteForm(UniqueAddress):
    role = forms.ChoiceField(widget=forms.RadioSelect, initial=Role.EXPERIMENTER)

    class Meta:
        model = User
        fields = ["username", "first_name", "last_name", "email"]

    def __init__(self, roles: list[str], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer_roles(self, roles)
        self.fields["username"].label = "User name"
        self.fields[
            "username"
        ].help_text = "What they type to sign in; letters, digits and @ . + - _"
        self.fields["email"].label = "E-mail address"
        self.fields["email"].help_text = "The link to choose a password is also sent there."

    def clean_username(self) -> str:
        username = User.normalize_username(str(self.cleaned_data["username"]))
        if not any(letter.isalnum() for letter in username):
            raise ValidationError("Use letters or digits; dots and signs alone are no name.")
        if User.objects.named(username).exists():
            raise ValidationError(
                "Somebody has this user name already. Choose another one; if it is the person "
                "you mean, add them as somebody who has an account."
            )
        return username


class AddForm(forms.Form):
    username = forms.CharField(
        max_length=150, label="User name", help_text="Of somebody who has an account here."
    )
    role = forms.ChoiceField(widget=forms.RadioSelect, initial=Role.VIEWER)

    def __init__(self, roles: list[str], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer_roles(self, roles)

    def clean_username(self) -> User:
        username = str(self.cleaned_data["username"]).strip()
        person = User.objects.named(username).filter(is_active=True).first()
        if person is None:
            raise ValidationError("Nobody with this user name can sign in. Invite them instead.")
        return person


class RoleForm(forms.Form):
    role = forms.ChoiceField(widget=forms.RadioSelect)
    reason = forms.CharField(required=False, max_length=500, help_text="Kept in the history.")

    def __init__(self, roles: list[str], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer_roles(self, roles)


class LabForm(OfLab):
    time_zone = forms.ChoiceField(
        choices=time_zones, help_text="In which the lab's times are shown and its days begin."
    )

    class Meta:
        model = Lab
        fields = ["name", "time_zone"]

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"])
        if not self.instance.pk and hides_its_page(labs.slug_for(name)):
            raise ValidationError(f"{NameHidesPage.message} {NameHidesPage.remedy}")
        return name


class ProjectForm(OfProject):
    members = forms.ModelMultipleChoiceField(
        queryset=User.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="What they may do in it is their role in the lab.",
    )

    class Meta:
        model = Project
        fields = ["name", "description", "visibility"]
        widgets = {
            "visibility": forms.RadioSelect,
            "description": forms.Textarea(attrs={"rows": 4}),
        }

    def __init__(self, lab: Lab, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.lab = lab
        self.fields["visibility"].label = "Who sees it"
        people: Any = self.fields["members"]
        people.queryset = User.objects.filter(memberships__lab=lab).order_by("username")
        if self.instance.pk:
            self.initial["members"] = self.instance.members.all()

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"])
        namesakes = self.instance.lab.projects.filter(name=name).exclude(pk=self.instance.pk)
        if namesakes.exists():
            raise ValidationError("This lab has a project of this name already.")
        return name


class TokenForm(RecentPassword):
    field_order = ["name", "scope", "days", "own_password"]

    name = forms.CharField(
        max_length=60, help_text="What it is for, so that you know later which one to revoke."
    )
    scope = forms.ChoiceField(
        choices=ApiToken.Scope.choices, initial=ApiToken.Scope.READ, widget=forms.RadioSelect
    )
    days = forms.TypedChoiceField(choices=LIFETIMES, coerce=int, initial=90, label="Works for")


class ReasonForm(forms.Form):
    reason = forms.CharField(max_length=500, help_text="Kept in the history.")


def _offer_roles(form: forms.BaseForm, roles: list[str]) -> None:
    field: Any = form.fields["role"]
    field.choices = role_choices(roles)
