"""Settings of a hub: a frozen value, made once and handed on."""

from __future__ import annotations

from dataclasses import dataclass, field

from shared.web.config import SiteConfig

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
    """What a hub's pages need to know, and what it takes from strangers.

    address: the URL under which nodes reach this hub, printed beside enrolment codes; empty when unknown.
    code_valid_ms: how long an enrolment code may be used. enrol_rate: tries at enrolment an address has.
    silent_ms: after this long without contact a campus is marked on the board.
    """

    site: SiteConfig
    address: str = ""
    code_valid_ms: int = 24 * 3_600_000
    enrol_rate: RateLimit = field(default_factory=lambda: RateLimit(10, 10 * 60_000))
    silent_ms: int = 36 * 3_600_000
