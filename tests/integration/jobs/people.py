"""People in a site of its own, where the usual cast does not live."""

from tests.factories import accounts as make


def operator():
    return make.person("olga", is_staff=True, is_superuser=True)
