"""A mailbox over SFTP: the only importer of paramiko. The server's key is pinned: no other is ever accepted."""

from __future__ import annotations

import contextlib
import io
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import paramiko

from sync.errors import MailboxRefused, MailboxUnreachable
from sync.protocol import PART


class SftpMailbox:
    """A mailbox in a folder of an SSH server, made at the first visit.

    host_key: the server's public key as `ssh-keyscan` prints it (`ssh-ed25519 AAAA…`); key_file: a private key in
    place of a password. Raises MailboxRefused ("mailbox_host_key_missing", with the key that was shown, or
    "mailbox_host_key", "mailbox_login"), MailboxUnreachable.
    """

    def __init__(
        self, host: str, port: int, folder: str, *, user: str, password: str = "", key_file: str = "",
        host_key: str = "", timeout_s: float = 60.0,
    ) -> None:  # fmt: skip
        self._where, self._folder = f"{host}:{port}", folder.strip("/") or "."
        with self._ours():
            # Given an address, paramiko would try for as long as the system does.
            self._transport = paramiko.Transport(socket.create_connection((host, port), timeout_s))
            self._transport.banner_timeout = self._transport.auth_timeout = timeout_s
            try:
                self._log_in(user, password, key_file, host_key, timeout_s)
                sftp = paramiko.SFTPClient.from_transport(self._transport)
                channel = sftp.get_channel() if sftp is not None else None
                assert sftp is not None and channel is not None
                self._sftp = sftp
                channel.settimeout(timeout_s)
                self._enter()
            except BaseException:
                self._transport.close()
                raise

    def _log_in(self, user: str, password: str, key_file: str, host_key: str, timeout_s: float) -> None:
        self._transport.start_client(timeout=timeout_s)
        shown = self._transport.get_remote_server_key()
        line = f"{shown.get_name()} {shown.get_base64()}"
        if not host_key:
            raise MailboxRefused("mailbox_host_key_missing", where=self._where, shown=line)
        # As in a line of known_hosts, with the host before or a comment behind.
        words = host_key.split()
        if shown.get_base64() not in words:
            raise MailboxRefused("mailbox_host_key", where=self._where, shown=line)
        if key_file:
            text = io.StringIO(Path(key_file).read_text("ascii"))
            self._transport.auth_publickey(user, paramiko.Ed25519Key.from_private_key(text))
        else:
            self._transport.auth_password(user, password)

    def _enter(self) -> None:
        try:
            self._sftp.chdir(self._folder)
        except FileNotFoundError:
            self._sftp.mkdir(self._folder)
            self._sftp.chdir(self._folder)

    def names(self) -> list[str]:
        """See `Mailbox.names`."""
        with self._ours():
            found = self._sftp.listdir_attr(".")
        files = (each for each in found if not stat.S_ISDIR(each.st_mode or 0))
        return sorted(each.filename for each in files)

    def get(self, name: str, bytes_max: int) -> bytes:
        """See `Mailbox.get`."""
        with self._ours(), contextlib.suppress(FileNotFoundError), self._sftp.open(name, "rb") as file:
            return file.read(bytes_max + 1)
        return b""

    def put(self, name: str, data: bytes) -> None:
        """See `Mailbox.put`."""
        with self._ours():
            with self._sftp.open(name + PART, "wb") as file:
                file.set_pipelined(True)
                file.write(data)
            self._sftp.posix_rename(name + PART, name)

    def delete(self, name: str) -> None:
        """See `Mailbox.delete`."""
        with self._ours(), contextlib.suppress(FileNotFoundError):
            self._sftp.remove(name)

    def close(self) -> None:
        """See `Mailbox.close`."""
        self._transport.close()

    @contextlib.contextmanager
    def _ours(self) -> Iterator[None]:
        """Foreign exceptions become ours; that a file is gone stays what it is."""
        try:
            yield
        except FileNotFoundError:
            raise
        except paramiko.AuthenticationException as error:
            raise MailboxRefused("mailbox_login", where=self._where) from error
        except (paramiko.SSHException, OSError, EOFError, ValueError) as error:
            self._complain(error)

    def _complain(self, error: Exception) -> NoReturn:
        if isinstance(error, PermissionError):
            raise MailboxRefused("mailbox_login", where=self._where) from error
        raise MailboxUnreachable(where=self._where, why=type(error).__name__) from error
