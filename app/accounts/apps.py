"""People and labs as the rest of the site sees them."""

from typing import Any

from django.apps import AppConfig
from django.http import HttpRequest

from common.areas import Area, signed_in
from common.home import Share
from common.search import Hit, Provider
from common.switch import Choice

ONESELF = frozenset(
    {
        "password-change",
        "profile",
        "recovery-codes",
        "second-factor-off",
        "second-factor-on",
        "security",
        "tokens",
    }
)


def _ran_out(person: Any) -> int:
    from accounts import queries  # noqa: PLC0415  models are not loaded before this runs

    return queries.ran_out(person).count()


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "People and labs"
    area = Area(
        name="accounts",
        label="People and labs",
        icon="people",
        url_name="accounts:labs",
        description="Who works here, on which projects, with which role.",
        visible_to=signed_in,
        count=_ran_out,
        apart=ONESELF,
    )

    def ready(self) -> None:
        from accounts import checks, signals  # noqa: F401, PLC0415  they register themselves

    @staticmethod
    def projects(request: HttpRequest) -> list[Choice]:
        """Return the projects of the person for the switch in the top line."""
        from accounts import queries  # noqa: PLC0415  models are not loaded before this runs

        return [
            Choice(project.name, project.url, project.lab.name, request.path == project.url)
            for project in queries.to_switch_to(request.user)[:50]
        ]

    @staticmethod
    def home(request: HttpRequest) -> Share:
        from accounts import home  # noqa: PLC0415  models are not loaded before this runs

        return home.share(request)

    search = (
        Provider("Projects", lambda person, text: _found("projects", person, text)),
        Provider("People", lambda person, text: _found("people", person, text)),
    )


def _found(kind: str, person: Any, text: str) -> list[Hit]:
    from accounts import queries  # noqa: PLC0415  models are not loaded before this runs

    return (
        queries.found_projects(person, text)
        if kind == "projects"
        else queries.found_people(person, text)
    )
