"""What a timetable file says, whatever its form: activities of named groups, teachers and rooms in a week.

Names are as the file has them; `hub.timetable.planning` finds out whom they mean.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.codes import CODE_LISTS

PERIODS_MAX = 20

# Words of other schools and older curricula for the subjects of the code list.
_SUBJECT_WORDS = {
    "math": "maths", "mathematics": "maths", "maths": "maths", "ict": "it", "信息技术": "it", "信息": "it",
    "品德": "morals", "品德与社会": "morals", "道法": "morals", "道德": "morals", "思想品德": "morals",
    "体育与健康": "pe", "体育与保健": "pe", "physical education": "pe", "劳动技术": "labour", "书法": "other",
}  # fmt: skip


@dataclass(frozen=True)
class Activity:
    """One activity of a week. weekday, period: None where the file gives no time; length: periods in a row.

    label: how the file names it (FET's number, the sheet's cell). why_not: why it cannot stand in a week at all.
    joint: the same text for the parts of a lesson that is taught to several groups together.
    """

    label: str
    groups: tuple[str, ...]
    teachers: tuple[str, ...]
    subject: str
    length: int = 1
    weekday: int | None = None
    period: int | None = None
    weeks: str = "every"
    room: str = ""
    joint: str = ""
    why_not: str = ""

    def periods(self) -> range:
        """The periods it fills; none where it has no time."""
        return range(0) if self.period is None else range(self.period, self.period + self.length)


@dataclass(frozen=True)
class RoomSeen:
    """A room as the file lists it."""

    name: str
    seats: int = 0
    building: str = ""


@dataclass(frozen=True)
class Bell:
    """A period's clock time, half-open, `HH:MM`."""

    period: int
    name: str
    begin: str
    end: str


@dataclass(frozen=True)
class Week:
    """A whole file. periods: how many periods its days have."""

    source: str
    activities: tuple[Activity, ...]
    rooms: tuple[RoomSeen, ...] = ()
    bells: tuple[Bell, ...] = ()
    periods: int = PERIODS_MAX


def subject_of(words: str) -> tuple[str, str]:
    """(code, title): the subject that a word names, else `other` with the word as the lesson's title."""
    plain = words.strip().lower()
    for code, zh, en in CODE_LISTS["subject"]:
        if plain in (code, zh, en.lower()) and code != "other":
            return code, ""
    code = _SUBJECT_WORDS.get(plain, "other")
    return code, lesson_title(words) if code == "other" else ""


def lesson_title(words: str) -> str:
    """A lesson's title as it may stand in a key: with a full-width stroke, since keys are joined with "/"."""
    return words.strip().replace("/", "／")
