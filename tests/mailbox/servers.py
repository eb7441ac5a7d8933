"""Real servers with real files on free ports: WsgiDAV under waitress, asyncssh's SFTP."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncssh
from wsgidav.wsgidav_app import WsgiDAVApp

from tests.support.browser import served

USER, PASSWORD = "consortium", "open sesame 5"


@dataclass(frozen=True)
class Served:
    """Where a server listens, what proves it, and the folder behind it."""

    url: str
    port: int
    host_key: str
    root: Path


@contextmanager
def webdav_server(root: Path) -> Iterator[Served]:
    """A WebDAV server that asks for a password, by digest or basic."""
    app = WsgiDAVApp(
        {
            "provider_mapping": {"/": str(root)},
            "simple_dc": {"user_mapping": {"*": {USER: {"password": PASSWORD}}}},
            "http_authenticator": {"accept_basic": True, "accept_digest": True, "default_to_digest": True},
            "logging": {"enable": False}, "verbose": 0, "lock_storage": True, "property_manager": None,
        }
    )  # fmt: skip
    with served(app) as url:
        yield Served(url, int(url.rsplit(":", 1)[1]), "", root)


class _Users(asyncssh.SSHServer):
    """One user, one password; who is connected is remembered, to be sent home at the end."""

    def __init__(self, guests: list[asyncssh.SSHServerConnection]) -> None:
        self._guests = guests

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._guests.append(conn)

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == (USER, PASSWORD)


@contextmanager
def sftp_server(root: Path) -> Iterator[Served]:
    """An SFTP server whose users are shut in `root`."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    ready: Future[tuple[int, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def serve() -> None:
        guests: list[asyncssh.SSHServerConnection] = []
        listener = await asyncssh.create_server(
            lambda: _Users(guests), "127.0.0.1", 0, server_host_keys=[key],
            sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=str(root).encode()),
        )  # fmt: skip
        over = asyncio.Event()
        ready.set_result((listener.get_port(), asyncio.get_running_loop(), over))
        await over.wait()
        listener.close()
        for guest in guests:
            guest.abort()
            await guest.wait_closed()
        await listener.wait_closed()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    port, loop, over = ready.result(10)
    try:
        yield Served(f"sftp://127.0.0.1:{port}", port, key.export_public_key().decode().strip(), root)
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(10)
