"""From declaration to SQLite: the golden schema, migrations, CHECKs, keys, scopes, owners."""

import json
import sqlite3
from pathlib import Path

import pytest
from sqlite_utils import Database

from shared.database import open_database
from shared.migrations import local_migrations, record_migrations
from shared.records import RECORDS
from shared.records.attendance import Register, StaffDay
from shared.records.people import Person
from shared.records.places import BellPeriod, CalendarDay, Campus
from shared.records.pupils import GroupMember, Pupil, RosterGroup
from shared.schema import (
    Value,
    column_sql,
    find,
    holds,
    insert,
    key_parts,
    key_text,
    key_text_sql,
    quoted,
    schema_sql,
    select,
    sql_type,
    table_of,
    tables_of,
    values_of,
)
from sync.tables import engine_migrations, install_triggers

SHARED = Path(__file__).resolve().parents[2] / "shared"
DAY = CalendarDay(campus="A", date="2026-09-01", kind="school_day")


def made() -> Database:
    """A fresh file by migrations, with engine tables and triggers."""
    db = open_database(":memory:")
    record_migrations().apply(db)
    engine_migrations().apply(db)
    local_migrations().apply(db)
    install_triggers(db, tables_of(RECORDS))
    return db


def shape(db: Database) -> list[tuple[str, str]]:
    rows = db.conn.execute(
        "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE '%migrations%' ORDER BY name"
    )
    return [(name, " ".join(sql.split())) for name, sql in rows]


def test_the_golden_schema_is_what_the_declarations_mean() -> None:
    """`python scripts/golden_schema.py` writes it; the diff is read at review."""
    assert (SHARED / "schema.sql").read_text("utf-8") == schema_sql(RECORDS)


def test_a_migrated_file_equals_a_fresh_one_triggers_included() -> None:
    """C12, TRAPS 4."""
    fresh = open_database(":memory:")
    fresh.conn.executescript(schema_sql(RECORDS))
    engine_migrations().apply(fresh)
    local_migrations().apply(fresh)
    install_triggers(fresh, tables_of(RECORDS))
    assert shape(made()) == shape(fresh)
    erasable = sum(table.declaration.erasable for table in tables_of(RECORDS).values())
    assert sum(sql.startswith("CREATE TRIGGER") for _, sql in shape(fresh)) == 5 * len(RECORDS) + 2 * erasable


def test_migrating_twice_changes_nothing_and_lost_triggers_come_back() -> None:
    db = made()
    before = shape(db)
    db.conn.execute("DROP TRIGGER calendar_day_capture_update")
    db.conn.execute("DROP TRIGGER calendar_day_capture_delete")
    db.conn.execute("CREATE TRIGGER calendar_day_capture_delete AFTER DELETE ON calendar_day BEGIN SELECT 1; END")
    record_migrations().apply(db)
    engine_migrations().apply(db)
    local_migrations().apply(db)
    install_triggers(db, tables_of(RECORDS))
    assert shape(db) == before


def test_no_synced_table_has_a_foreign_key_or_a_unique_but_its_key() -> None:
    """C7: business rules are checked after the merge."""
    db = made()
    for table in tables_of(RECORDS).values():
        assert db.conn.execute(f"PRAGMA foreign_key_list({quoted(table.name)})").fetchall() == []
        unique = [row[1] for row in db.conn.execute(f"PRAGMA index_list({quoted(table.name)})") if row[2]]
        [index] = unique
        columns = [row[2] for row in db.conn.execute(f"PRAGMA index_info({quoted(index)})")]
        assert tuple(columns) == table.key


@pytest.mark.parametrize(
    ("column", "value"),
    [("kind", None), ("date", "2026-9-1"), ("week", 61), ("week", -1), ("week", "x"), ("note", "x" * 121),
     ("campus", "A/B"), ("week", 1.5)],
)  # fmt: skip
def test_a_check_stops_what_its_field_cannot_hold(column: str, value: Value) -> None:
    """C12: one field a CHECK; also against the sqlite3 shell."""
    db = made()
    row = {**values_of(DAY), column: value}
    marks = ", ".join("?" for _ in row)
    with pytest.raises(sqlite3.IntegrityError):
        db.conn.execute(f"INSERT INTO calendar_day ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))


def test_a_code_nobody_here_knows_is_no_check() -> None:
    """C12: lists that can grow are not CHECKs."""
    db = made()
    insert(db, CalendarDay(campus="A", date="2026-09-01", kind="eclipse"))
    assert [day.kind for day in select(db, CalendarDay)] == ["eclipse"]


def test_insert_find_and_select_give_records_back() -> None:
    db = made()
    days = [CalendarDay(campus=c, date="2026-09-01", kind="exam", week=3) for c in "BA"]
    insert(db, *days, Campus(code="A", school_code="1", name="主"))
    assert find(db, CalendarDay, "A", "2026-09-01") == days[1]
    assert find(db, CalendarDay, "C", "2026-09-01") is None
    assert select(db, CalendarDay, week=3) == [days[1], days[0]]
    assert select(db, CalendarDay, parity=None, campus="B") == [days[0]]
    with pytest.raises(sqlite3.IntegrityError):
        insert(db, days[0])


@pytest.mark.parametrize(
    ("record", "key", "scope", "owner"),
    [
        (Person, ("A-1-x",), "con", None),
        (Pupil, ("B-1-x",), "B", "B"),
        (Register, ("A-21-x", "2026-09-01", "am"), "A", "A"),
        (GroupMember, ("B-21-x", "A-1-x", "2026-09-01"), "B", "B"),
        (CalendarDay, ("B", "2026-09-01"), "con", "B"),
        (StaffDay, ("A-1-x", "2026-09-01", "B"), "con", "B"),
        (RosterGroup, ("A-21-x",), "con", "A"),
        (BellPeriod, ("A-summer", 1), "con", "A"),
    ],
)
def test_scope_and_owner_are_read_off_the_key(
    record: type, key: tuple[Value, ...], scope: str, owner: str | None
) -> None:
    """DESIGN §2, C4: never off a mutable row."""
    table = table_of(record)
    assert (table.scope_of(key), table.owner_of(key)) == (scope, owner)


@pytest.mark.parametrize(("record", "key"), [(BellPeriod, ("A-1", 3)), (StaffDay, ("A-1-x", "2026-09-01", "A"))])
def test_a_key_as_text_and_back(record: type, key: tuple[Value, ...]) -> None:
    """The same text in Python and in SQL, typed again on the way back."""
    table = table_of(record)
    assert key_parts(table, key_text(key)) == key
    db = open_database(":memory:")
    names = dict(zip(table.key, key, strict=True))
    db.conn.execute(f"CREATE TABLE k ({', '.join(names)})")
    db.conn.execute(f"INSERT INTO k VALUES ({', '.join('?' for _ in names)})", key)
    assert db.conn.execute(f"SELECT {key_text_sql(table)} FROM k").fetchone()[0] == key_text(key)


@pytest.mark.parametrize("name", ["x; DROP TABLE y", 'a"b', "", "名", "a b", "a-b"])
def test_only_plain_identifiers_are_quoted(name: str) -> None:
    with pytest.raises(ValueError, match="identifier"):
        quoted(name)


def test_groups_merge_as_one_unit_and_units_are_numbered_in_order() -> None:
    """C4."""
    table = table_of(StaffDay)
    assert [unit.name for unit in table.units] == ["row", "day"]
    assert table.unit_of("note") is table.unit_of("status")
    assert json.dumps([u.index for u in table_of(CalendarDay).units]) == "[0, 1, 2, 3, 4, 5, 6]"
    with pytest.raises(KeyError):
        table.unit_of("campus")


def test_what_a_column_holds_is_what_sqlite_takes() -> None:
    """C12: a value is parked exactly when the table itself would refuse it."""
    strange: list[Value] = [
        None, "", "A", "A/B", "x" * 4, "x" * 5, "x" * 61, "x" * 500, "x\0" + "y" * 500, "语" * 4, "语" * 5, 0, 1, -1,
        60, 61, 999, 1000, 2**63 - 1, "2026-09-01", "2026-9-1", "2026-19-39", "2026-09-01\n", "07:05", "29:99", "7:05",
        "2026-09-01T00:00:00.000Z", "2026-09-01T00:00:00Z",
    ]  # fmt: skip
    for table in tables_of(RECORDS).values():
        for column in table.columns:
            db = open_database(":memory:")
            db.conn.execute(f"CREATE TABLE one ({column_sql(column)}) STRICT")
            # SQLite would turn a number into text and digits into a number; the judge lets neither come here.
            number = sql_type(column.spec) == "INTEGER"
            for value in (v for v in strange if v is None or isinstance(v, int) is number):
                try:
                    db.conn.execute("INSERT INTO one VALUES (?)", (value,))
                    taken = True
                except sqlite3.IntegrityError:
                    taken = False
                assert holds(column.spec, value) is taken, f"{table.name}.{column.name}: {value!r}"
            db.close()
