"""Small `.fet` files, written as FET writes them."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
HOURS = ("08:00", "08:45", "09:30", "10:15")


def fet(
    activities: Sequence[str], constraints: Sequence[str] = (), *, days: Sequence[str] = DAYS,
    hours: Sequence[str] = HOURS, rooms: Sequence[tuple[str, int, str]] = (),
) -> bytes:  # fmt: skip
    """A file with these activities and constraints."""
    listed = "".join(
        f"<Room><Name>{name}</Name><Building>{where}</Building><Capacity>{seats}</Capacity></Room>"
        for name, seats, where in rooms
    )
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<fet version="6.8.5"><Institution_Name>Valley</Institution_Name>'
        f"<Days_List>{_named('Day', days)}</Days_List><Hours_List>{_named('Hour', hours)}</Hours_List>"
        f"<Activities_List>{''.join(activities)}</Activities_List><Rooms_List>{listed}</Rooms_List>"
        f"<Time_Constraints_List>{''.join(constraints)}</Time_Constraints_List></fet>"
    )
    return text.encode()


def _named(tag: str, names: Sequence[str]) -> str:
    return "".join(f"<{tag}><Name>{escape(name)}</Name></{tag}>" for name in names)


def activity(number: int, subject: str, teachers: str, students: str, *, length: int = 1, active: str = "true") -> str:
    """An activity; teachers and students are separated by "+"."""
    people = _plain("Teacher", teachers) + _plain("Students", students)
    return (
        f"<Activity>{people}<Subject>{subject}</Subject><Duration>{length}</Duration><Total_Duration>9</Total_Duration>"
        f"<Id>{number}</Id><Activity_Group_Id>0</Activity_Group_Id><Active>{active}</Active></Activity>"
    )


def _plain(tag: str, names: str) -> str:
    return "".join(f"<{tag}>{name}</{tag}>" for name in names.split("+") if name)


def at(number: int, day: str, hour: str, *, active: str = "true", weight: int = 100) -> str:
    """The time of an activity."""
    return (
        f"<ConstraintActivityPreferredStartingTime><Weight_Percentage>{weight}</Weight_Percentage>"
        f"<Activity_Id>{number}</Activity_Id><Preferred_Day>{day}</Preferred_Day><Preferred_Hour>{hour}</Preferred_Hour>"
        f"<Active>{active}</Active></ConstraintActivityPreferredStartingTime>"
    )


def in_room(number: int, room: str) -> str:
    """The room of an activity."""
    return (
        "<ConstraintActivityPreferredRoom><Weight_Percentage>100</Weight_Percentage>"
        f"<Activity_Id>{number}</Activity_Id><Room>{room}</Room></ConstraintActivityPreferredRoom>"
    )
