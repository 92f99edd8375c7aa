"""People, labs and projects."""

from typing import Any

from accounts import models

PASSWORD = "correct horse battery staple"


def lab(name: str) -> Any:
    return models.Lab.objects.create(name=name, slug=name.lower())


def person(username: str, *, lab: Any = None, role: str = "", **fields: Any) -> Any:
    fields = {"email": f"{username}@example.org", "first_name": username.title()} | fields
    user = models.User.objects.create_user(username=username, password=PASSWORD, **fields)
    if lab:
        models.Membership.objects.create(lab=lab, user=user, role=role)
    return user


def project(lab: Any, name: str = "Memory", **fields: Any) -> Any:
    fields = {"slug": name.lower()} | fields
    return models.Project.objects.create(lab=lab, name=name, **fields)
