"""Several clones live side by side: a port that anybody uses is passed over."""

import socket

import pytest

from laptop import ports
from laptop.errors import LaptopError


def test_the_first_port_is_taken_when_it_is_free():
    assert ports.choose(8001, free=lambda _: True) == 8001


def test_a_busy_port_and_a_siblings_port_are_passed_over():
    assert ports.choose(8001, taken={8002}, free=lambda port: port != 8001) == 8003


def test_a_port_that_somebody_listens_on_is_not_free():
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert not ports.is_free(server.getsockname()[1])


def test_a_port_is_free_again_when_its_server_has_ended():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert ports.is_free(port)


def test_without_a_free_port_it_is_said_where_else_to_look():
    with pytest.raises(LaptopError, match="make up PORT="):
        ports.choose(8001, free=lambda _: False)


def test_the_search_begins_where_the_command_line_says(monkeypatch):
    monkeypatch.setenv("PORT", "8100")
    assert (ports.first("staging"), ports.first("production")) == (8100, 8101)
    monkeypatch.delenv("PORT")
    assert (ports.first("staging"), ports.first("production")) == (8001, 8002)


@pytest.mark.parametrize("wrong", ["eighty", "80", "70000"])
def test_a_port_that_cannot_be_is_refused(monkeypatch, wrong):
    monkeypatch.setenv("PORT", wrong)
    with pytest.raises(LaptopError, match="1024"):
        ports.first("staging")
