"""A test may talk to this machine only."""

import socket

import pytest

from tests.conftest import LeftTheMachine


@pytest.mark.parametrize("address", [("192.0.2.1", 9), ("2001:db8::1", 9)])
def test_another_machine_cannot_be_reached(address: tuple[str, int]) -> None:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock, pytest.raises(LeftTheMachine):
        sock.connect(address)


def test_another_machine_s_name_is_not_looked_up() -> None:
    with pytest.raises(LeftTheMachine):
        socket.getaddrinfo("example.org", 80)


def test_this_machine_can_be_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=5).close()
