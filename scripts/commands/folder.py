"""The folder of one site: its settings, its secret, its database, its locks and its log of runs."""

from __future__ import annotations

import json
import os
import tomllib
from dataclasses import dataclass, fields, replace
from pathlib import Path

from shared.errors import NotFound
from shared.ids import Randomness
from shared.web.config import SiteConfig

SETTINGS = "tongxin.toml"
SECRET_BYTES = 32


@dataclass(frozen=True)
class Settings:
    """What a site can be told in `tongxin.toml`; every one has a default but the kind.

    sync_minutes 0: the server does not sync by itself. budget_kb 0: no limit. hub_url: a node's hub;
    address: the hub's own, printed beside enrolment codes. host "127.0.0.1": this
    machine only; "0.0.0.0" lets in phones on the school's network, and other campuses' nodes at a hub.
    backup_to: the folder of the hub's nightly backups ("" for none), on another device, or elsewhere as a person
    says (backup_elsewhere 1); backup_recipient: the public half of their recovery key. prune_after_days: how long a
    node keeps what the hub's backup covers (0: for ever; never less than undo needs).
    verify_days: the nightly run verifies everything every so many days, 0 never.
    mailbox_url: a folder that node and hub both reach (https://… WebDAV, sftp://host/folder); host_key: the SSH
    server's public key, without which it is not spoken to; key_file: an Ed25519 private key in place of a password.
    """

    kind: str
    name: str = "同心"
    lang: str = "zh"
    host: str = "127.0.0.1"
    port: int = 8080
    threads: int = 8
    hub_url: str = ""
    address: str = ""
    sync_minutes: int = 60
    budget_kb: int = 0
    session_minutes: int = 720
    shutdown_sync_s: int = 20
    backup_to: str = ""
    backup_elsewhere: int = 0
    backup_recipient: str = ""
    prune_after_days: int = 90
    verify_days: int = 7
    mailbox_url: str = ""
    mailbox_user: str = ""
    mailbox_password: str = ""
    mailbox_key_file: str = ""
    mailbox_host_key: str = ""


@dataclass(frozen=True)
class Folder:
    """Where the files of a site lie."""

    path: Path

    def database(self, kind: str) -> Path:
        """The SQLite file of a node or a hub."""
        return self.path / f"{kind}.db"

    @property
    def settings_file(self) -> Path:
        """The settings a person may edit."""
        return self.path / SETTINGS

    @property
    def runs(self) -> Path:
        """The log of nightly runs, one JSON object a line."""
        return self.path / "nightly.jsonl"

    def lock(self, name: str) -> Path:
        """A lock file: "sync" (one exchange at a time) or "nightly" (one run at a time)."""
        return self.path / f"{name}.lock"

    def settings(self) -> Settings:
        """The settings as they stand. Raises NotFound when the folder was never made ready."""
        try:
            table = tomllib.loads(self.settings_file.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise NotFound("site_not_made", path=str(self.path)) from error
        known = {field.name for field in fields(Settings)}
        return Settings(**{name: value for name, value in table.items() if name in known})

    def write_settings(self, settings: Settings) -> None:
        """Write the settings file whole."""
        lines = [f"{field.name} = {_toml(getattr(settings, field.name))}" for field in fields(Settings)]
        fresh = self.settings_file.with_suffix(".new")
        fresh.write_text("\n".join(lines) + "\n", encoding="utf-8")
        if os.name == "posix":
            fresh.chmod(0o600)
        fresh.replace(self.settings_file)

    def shut(self) -> None:
        """Make the database files the owner's alone. Later journals take the database's mode from SQLite."""
        if os.name != "posix":
            return
        for kind in ("node", "hub"):
            for path in self.path.glob(f"{kind}.db*"):
                path.chmod(0o600)

    def change(self, **changed: str | int) -> Settings:
        """Change some settings and keep the rest."""
        settings = replace(self.settings(), **changed)  # type: ignore[arg-type]  # one dict, fields of two types
        self.write_settings(settings)
        return settings

    def secret(self, randomness: Randomness) -> bytes:
        """The key that signs sessions; made at first use, readable by the owner alone."""
        path = self.path / "secret.key"
        if not path.exists():
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(randomness.raw(SECRET_BYTES))
        return path.read_bytes()

    def site_config(self, randomness: Randomness) -> SiteConfig:
        """What the web shell needs to know."""
        settings = self.settings()
        return SiteConfig(
            secret_key=self.secret(randomness), kind=settings.kind, site_name=settings.name,
            lang_default=settings.lang, session_minutes=settings.session_minutes,
            cookie_name=f"tongxin_{settings.kind}",
        )


def _toml(value: str | int) -> str:
    # A JSON string is a TOML basic string as long as nothing is escaped by surrogates.
    return json.dumps(value, ensure_ascii=False)
