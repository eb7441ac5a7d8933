"""A server under waitress: its port told, its end clean."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from waitress.server import create_server

from scripts.commands.memory import give_large_blocks_back

# One more than a phone's six connections a page, times a class change; idle connections cost little.
CONNECTIONS_MAX = 400


def serve(
    app: Any,
    *,
    host: str,
    port: int,
    threads: int,
    on_port: Callable[[int], None],
) -> None:
    """Serve a WSGI app until SIGTERM, SIGINT or (Windows) SIGBREAK; requests under way are finished.

    port 0 takes a free one; `on_port` hears which, once connections are taken.
    """
    give_large_blocks_back()
    server: Any = create_server(
        app, host=host, port=port, threads=threads, connection_limit=CONNECTIONS_MAX, ident="tongxin",
        clear_untrusted_proxy_headers=True,
    )
    with ended_by_signals():
        try:
            # Several listening sockets (IPv4 and IPv6) come as one server with a list.
            listening = getattr(server, "effective_listen", None)
            on_port(int(listening[0][1] if listening else server.effective_port))
            server.run()
        finally:
            server.close()


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Turn the signals that mean "stop" into SystemExit in the main thread; swallow it at the end."""
    names = ("SIGTERM", "SIGINT", "SIGBREAK")
    signals = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = [(each, signal.signal(each, _stop)) for each in signals]
    try:
        yield
    except (SystemExit, KeyboardInterrupt):
        pass
    finally:
        for each, handler in before:
            signal.signal(each, handler)


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


def write_port_file(path: Path, port: int) -> None:
    """Tell the port to whoever started this server; the file appears whole or not at all."""
    fresh = path.with_suffix(".new")
    fresh.write_text(f"{port}\n", encoding="ascii")
    fresh.replace(path)


def only_here(host: str) -> bool:
    """Whether a server that listens on `host` is reached from this machine alone."""
    return host in ("localhost", "::1") or host.startswith("127.")


def addresses(host: str, port: int) -> tuple[str, ...]:
    """URLs under which phones on the same network reach a server that listens on `host`, best guess first.

    () without a network, and when only this machine is let in.
    """
    if only_here(host):
        return ()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Connecting a datagram socket sends nothing; it only asks the system which of its addresses it
            # would use towards other networks (192.0.2.0/24 belongs to nobody).
            probe.connect(("192.0.2.1", 9))
            found = str(probe.getsockname()[0])
        except OSError:
            return ()
    return () if found.startswith("127.") else (f"http://{found}:{port}/",)
