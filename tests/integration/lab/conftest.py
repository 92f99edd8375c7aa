"""An animal of Alder's, and ways to speak to the surface for ONE."""

import pytest
from django.test import Client
from tests.factories import lab as make

from accounts.services import tokens


@pytest.fixture
def animal(alder, alice):
    return make.subject(alder, alice)


class Program:
    """A program with somebody's token."""

    def __init__(self, person):
        _token, secret = tokens.create_token(user=person, name="test", scope="write")
        self.secret = secret
        self.client = Client(headers={"Authorization": f"Token {secret}"})

    def get(self, path, /, **query):
        return self.client.get(f"/alyx/{path}", query)

    def post(self, path, /, **data):
        return self.client.post(f"/alyx/{path}", data, content_type="application/json")

    def patch(self, path, /, **data):
        return self.client.patch(f"/alyx/{path}", data, content_type="application/json")

    def delete(self, path):
        return self.client.delete(f"/alyx/{path}")


@pytest.fixture
def program():
    return Program
