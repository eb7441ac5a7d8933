"""When a period begins and ends: the bells of a campus on a day, pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from shared.ids import campus_of
from shared.records.places import BellPeriod, CalendarDay

Times = dict[int, tuple[str, str]]


@dataclass(frozen=True)
class Bells:
    """All bell schedules that are known. by_schedule: schedule → period → begin, end as "HH:MM"."""

    by_schedule: dict[str, Times]

    def times(self, campus: str, day: CalendarDay | None) -> Times:
        """Period → begin, end of a day; empty where no bell is known.

        A day that names a schedule rings it, or nothing while that schedule is not known here. Else the
        campus's default rings: the schedule named like the campus, or the alphabetically first of its own.
        """
        if day is not None and day.bell_schedule:
            return self.by_schedule.get(day.bell_schedule, {})
        own = sorted(name for name in self.by_schedule if campus_of(name) == campus)
        default = campus if campus in self.by_schedule else next(iter(own), "")
        return self.by_schedule.get(default, {})


def bells_from(periods: Iterable[BellPeriod]) -> Bells:
    """The bells of many rows."""
    found: dict[str, Times] = {}
    for each in periods:
        found.setdefault(each.schedule, {})[each.period] = (each.begin, each.end)
    return Bells(found)
