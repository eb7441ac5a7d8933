"""Settings of a site: every limit is a field, so that a test can make it tiny."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class PasswordCost:
    """Argon2id parameters: 19 MiB and two passes are the least OWASP advises, and fit an old PC."""

    memory_kib: int = 19 * 1024
    passes: int = 2
    lanes: int = 1


@dataclass(frozen=True)
class LockoutLimits:
    """After how many failed log-ins, counted within a window, a name or an address must wait."""

    per_login: int = 8
    per_address: int = 40
    window_ms: int = 10 * 60_000
    entries_max: int = 10_000


@dataclass(frozen=True)
class SiteConfig:
    """What the shell needs to know about the site it stands around. kind: "node" or "hub"."""

    secret_key: bytes
    kind: str = "node"
    site_name: str = "同心"
    lang_default: str = "zh"
    session_minutes: int = 12 * 60
    cookie_name: str = "tongxin"
    cookie_secure: bool = False
    body_bytes_max: int = 2_000_000
    password_length_min: int = 8
    password: PasswordCost = field(default_factory=PasswordCost)
    lockout: LockoutLimits = field(default_factory=LockoutLimits)
