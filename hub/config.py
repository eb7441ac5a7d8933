"""Settings of a hub: a frozen value, read from the environment once and handed on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from shared.errors import InvalidInput, Problem
from shared.ids import Randomness
from shared.web.config import SiteConfig

DATABASE = "hub.db"
SECRET = "secret"
# A workbook of a whole consortium is about 300 kB; scans pasted into one make it some megabytes.
UPLOAD_BYTES_MAX = 10_000_000


@dataclass(frozen=True)
class RateLimit:
    """At most `count` requests an address within `window_ms`."""

    count: int
    window_ms: int
    addresses_max: int = 10_000


@dataclass(frozen=True)
class HubConfig:
    """Where a hub keeps its file, where it listens, and what it takes from strangers.

    address: the URL under which nodes reach this hub, printed beside enrolment codes; empty when unknown.
    code_valid_ms: how long an enrolment code may be used. enrol_rate: tries at enrolment an address has.
    silent_ms: after this long without contact a campus is marked on the board.
    """

    folder: Path
    site: SiteConfig
    host: str = "0.0.0.0"
    port: int = 8090
    threads: int = 8
    address: str = ""
    code_valid_ms: int = 24 * 3_600_000
    enrol_rate: RateLimit = field(default_factory=lambda: RateLimit(10, 10 * 60_000))
    silent_ms: int = 36 * 3_600_000

    @property
    def database(self) -> Path:
        """The replica's file."""
        return self.folder / DATABASE

    @classmethod
    def from_env(cls, environ: Mapping[str, str], *, randomness: Randomness) -> HubConfig:
        """Settings from TONGXIN_* variables; the session secret is made in the folder at first use.

        Raises InvalidInput naming every variable that cannot be read.
        """
        problems: list[Problem] = []
        folder = Path(environ.get("TONGXIN_HUB_FOLDER", "hub-data"))
        port = _whole(environ, "TONGXIN_HUB_PORT", 8090, (0, 65_535), problems)
        threads = _whole(environ, "TONGXIN_HUB_THREADS", 8, (1, 64), problems)
        hours = _whole(environ, "TONGXIN_CODE_HOURS", 24, (1, 720), problems)
        address = environ.get("TONGXIN_HUB_ADDRESS", "").strip().rstrip("/")
        if address and not address.startswith(("http://", "https://")):
            problems.append(Problem("TONGXIN_HUB_ADDRESS", "not_url"))
        if problems:
            raise InvalidInput(*problems)
        site = SiteConfig(
            secret_key=secret_key(folder, randomness), kind="hub", lang_default=environ.get("TONGXIN_LANG", "zh"),
            cookie_name="tongxin_hub", body_bytes_max=UPLOAD_BYTES_MAX,
        )  # fmt: skip
        return cls(
            folder=folder, site=site, host=environ.get("TONGXIN_HUB_HOST", "0.0.0.0"), port=port, threads=threads,
            address=address, code_valid_ms=hours * 3_600_000,
        )  # fmt: skip


def _whole(
    environ: Mapping[str, str], name: str, default: int, bounds: tuple[int, int], problems: list[Problem]
) -> int:
    """A whole number within bounds; anything else is noted as a problem."""
    text = environ.get(name, "").strip()
    if not text:
        return default
    low, high = bounds
    if not (text.isascii() and text.isdigit()):
        problems.append(Problem(name, "not_integer"))
    elif not low <= int(text) <= high:
        problems.append(Problem(name, "out_of_range", {"low": low, "high": high}))
    else:
        return int(text)
    return default


def secret_key(folder: Path, randomness: Randomness) -> bytes:
    """The key that signs sessions: made once, kept beside the database, readable by its owner only."""
    path = folder / SECRET
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(randomness.raw(32))
    return path.read_bytes()
