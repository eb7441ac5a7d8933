"""The folder itself, the same over WebDAV and SFTP: whole files only, and no server that is not the right one."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import asyncssh
import pytest

from sync.errors import MailboxRefused, MailboxUnreachable
from sync.http import WebdavMailbox
from sync.protocol import PART, Mailbox
from sync.sftp import SftpMailbox
from tests.mailbox.servers import PASSWORD, USER, Served, sftp_server, webdav_server

Open = Callable[..., Mailbox]


@pytest.fixture(params=["webdav", "sftp"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Served, Open]]:
    """A server of each kind, and a way to open the mailbox in its folder `box`."""
    if request.param == "webdav":
        with webdav_server(tmp_path) as server:
            yield server, lambda password=PASSWORD: WebdavMailbox(f"{server.url}/box", user=USER, password=password)
    else:
        with sftp_server(tmp_path) as server:
            yield server, lambda password=PASSWORD: SftpMailbox(
                "127.0.0.1", server.port, "box", user=USER, password=password, host_key=server.host_key
            )


def test_files_are_put_listed_got_and_taken_away(home: tuple[Served, Open], tmp_path: Path) -> None:
    server, open_box = home
    box = open_box()
    assert box.names() == []
    data = bytes(range(256)) * 2_000
    for name in ("b0", "a1"):
        box.put(name, data)
    assert box.names() == ["a1", "b0"]
    assert (server.root / "box" / "a1").read_bytes() == data
    assert box.get("a1", len(data)) == data
    assert len(box.get("a1", 1000)) == 1001
    box.put("a1", b"again")
    assert box.get("a1", 1000) == b"again"
    box.delete("a1")
    box.delete("a1")
    assert (box.names(), box.get("a1", 10)) == (["b0"], b"")
    box.close()


def test_a_file_is_there_whole_or_not_at_all(home: tuple[Served, Open]) -> None:
    """Somebody who looks all the while never sees half of it under its name."""
    server, open_box = home
    writer = open_box()
    assert writer.names() == []
    seen, over = set[int](), threading.Event()

    def look() -> None:
        reader = open_box()
        while not over.is_set():
            seen.update(len(reader.get(name, 10**7)) for name in reader.names() if not name.endswith(PART))
        reader.close()

    thread = threading.Thread(target=look)
    thread.start()
    for number in range(6):
        writer.put(f"f{number}", bytes(400_000))
    over.set()
    thread.join(30)
    writer.close()
    assert seen <= {0, 400_000}


def test_a_wrong_password_needs_a_person(home: tuple[Served, Open]) -> None:
    _, open_box = home
    with pytest.raises(MailboxRefused, match="mailbox_login") as caught:
        box = open_box("wrong")
        try:
            box.names()
        finally:
            box.close()
    assert caught.value.advice == "needs_person"


@pytest.mark.parametrize("kind", ["webdav", "sftp"])
def test_a_server_that_is_away_is_tried_again_later(kind: str) -> None:
    with pytest.raises(MailboxUnreachable) as caught:
        if kind == "webdav":
            WebdavMailbox("http://127.0.0.1:9/box").names()
        else:
            SftpMailbox("127.0.0.1", 9, "box", user=USER, host_key="x")
    assert caught.value.advice == "retry_later"


def test_a_page_that_is_no_webdav_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "box").write_text("a file")
    with webdav_server(tmp_path) as server:
        box = WebdavMailbox(f"{server.url}/box/deeper", user=USER, password=PASSWORD)
        with pytest.raises((MailboxRefused, MailboxUnreachable)):
            box.names()
        box.close()


def test_an_unknown_or_other_host_key_is_never_accepted(tmp_path: Path) -> None:
    """The key that was shown is told, so that a person can compare it; nothing is sent, the password neither."""
    with sftp_server(tmp_path) as server:
        other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
        for known, code in (("", "mailbox_host_key_missing"), (other, "mailbox_host_key")):
            with pytest.raises(MailboxRefused, match=code) as caught:
                SftpMailbox("127.0.0.1", server.port, "box", user=USER, password=PASSWORD, host_key=known)
            assert caught.value.data["shown"] == " ".join(server.host_key.split()[:2])
        assert list(tmp_path.iterdir()) == []
        box = SftpMailbox(
            "127.0.0.1", server.port, "box", user=USER, password=PASSWORD, host_key=f"host {server.host_key} x"
        )
        assert box.names() == []
        box.close()


def test_a_password_never_goes_out_in_clear(tmp_path: Path) -> None:
    """To an http:// address it is proven by digest; only https:// gets it."""
    assert type(WebdavMailbox("http://h/x", user=USER, password=PASSWORD)._client.auth).__name__ == "DigestAuth"
    assert type(WebdavMailbox("https://h/x", user=USER, password=PASSWORD)._client.auth).__name__ == "BasicAuth"


@pytest.mark.parametrize("verb", ["get", "put"])
def test_an_endless_excuse_of_a_broken_server_is_not_listened_to(verb: str) -> None:
    """A gateway that never stops talking would fill the memory of a campus PC."""
    told: list[int] = []

    class Gateway(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(502)
            self.end_headers()
            with contextlib.suppress(OSError):
                while len(told) < 2_000:
                    self.wfile.write(b"x" * 100_000)
                    told.append(100_000)

        do_PUT = do_GET

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Gateway) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with closing(WebdavMailbox(f"http://127.0.0.1:{server.server_port}/box")) as mailbox:
            ask = {"get": lambda: mailbox.get("a", 1000), "put": lambda: mailbox.put("a", b"1")}[verb]
            with pytest.raises(MailboxUnreachable, match="502"):
                ask()
        server.shutdown()
    # What the two ends' buffers hold, and no more.
    assert sum(told) < 20_000_000
