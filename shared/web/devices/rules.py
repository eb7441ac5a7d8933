"""What a PIN must be, how long a phone stays known, and when it is known no more: pure decisions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from shared.errors import Problem


@dataclass(frozen=True)
class DeviceLimits:
    """Digits of a PIN, wrong tries until a phone is forgotten, days at most and where no term is known."""

    pin_digits_min: int = 4
    pin_digits_max: int = 8
    failures_max: int = 5
    days_max: int = 190
    days_without_term: int = 60


@dataclass(frozen=True)
class Device:
    """A phone that is known: whose it is, until which date (that day excluded), and how often its PIN was wrong.

    `mark` ties it to the password it was made under: a new password ends it.
    """

    id: str
    person_id: str
    token_hash: str
    pin_hash: str
    mark: str
    label: str
    made_at: str
    until: str
    used_at: str
    failures: int


def problem_with_pin(pin: str, again: str, limits: DeviceLimits) -> Problem | None:
    """What is wrong with a newly chosen PIN, or None."""
    about: dict[str, str | int | None] = {
        "zh": "PIN", "en": "PIN", "low": limits.pin_digits_min, "high": limits.pin_digits_max,
    }  # fmt: skip
    if not (pin.isascii() and pin.isdigit() and limits.pin_digits_min <= len(pin) <= limits.pin_digits_max):
        return Problem("pin", "pin_digits", about)
    steps = {int(b) - int(a) for a, b in zip(pin, pin[1:], strict=False)}
    if steps in ({0}, {1}, {-1}):
        return Problem("pin", "pin_plain", about)
    return Problem("again", "pin_differs", about) if pin != again else None


def known_until(today: date, term_end: date | None, limits: DeviceLimits) -> date:
    """The first day on which a phone made known today is a stranger again: the term's end."""
    wanted = term_end or today + timedelta(days=limits.days_without_term)
    return min(wanted, today + timedelta(days=limits.days_max))


def is_known(device: Device, today: date, mark: str, limits: DeviceLimits) -> bool:
    """Whether a phone may still be asked for its PIN."""
    return device.mark == mark and today.isoformat() < device.until and device.failures < limits.failures_max


def label_of(user_agent: str) -> str:
    """A word for a phone in a list, from what its browser says of itself."""
    for sign, word in (
        ("MicroMessenger", "微信"), ("HarmonyOS", "HarmonyOS"), ("iPhone", "iPhone"), ("iPad", "iPad"),
        ("Android", "Android"), ("Windows", "Windows"), ("Macintosh", "Mac"), ("Linux", "Linux"),
    ):  # fmt: skip
        if sign in user_agent:
            return word
    return ""
