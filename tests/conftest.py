"""What holds for every test: nothing leaves this machine."""

import ipaddress
import socket
import sys
from typing import Any

LOCAL_NAMES = {"", "localhost", socket.gethostname()}


class LeftTheMachine(RuntimeError):
    """A test tried to reach another computer. Not an OSError, which code may take for bad weather."""


def is_local(host: object) -> bool:
    """True for no host, a name of this machine, or a loopback or unspecified address."""
    if host is None:
        return True
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    if name in LOCAL_NAMES:
        return True
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def refuse_other_machines(event: str, arguments: tuple[Any, ...]) -> None:
    """Audit hook: refuse names and addresses of other machines before anything is sent."""
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1]
        # A Unix socket's address is a path, a connected socket's is None.
        host = address[0] if isinstance(address, tuple) else None
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = arguments[0]
    else:
        return
    if not is_local(host):
        raise LeftTheMachine(f"{event} {host!r}: tests talk to 127.0.0.1 only")


# An audit hook and not a patched socket: it also sees what C code and libraries open.
sys.addaudithook(refuse_other_machines)
