"""The declarations themselves: what every record must say for sync, forms and law to work."""

import dataclasses

import pytest

from shared.codes import codes_of
from shared.records import RECORDS
from shared.records.declare import Kind, declaration_of, specs_of
from shared.roles import ROLES
from shared.schema import table_of

TABLES = [table_of(record) for record in RECORDS]
named = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)


def test_every_table_is_declared_once() -> None:
    names = [table.name for table in TABLES]
    assert len(names) == len(set(names)) == len(RECORDS)


@named
def test_scope_and_owner_name_what_is_there(table: object) -> None:
    """A scope follows from the key alone (DESIGN §2)."""
    found = table_of(table.record)  # type: ignore[attr-defined]
    declared = found.declaration
    assert declared.scope in ("con", "hub", *found.key)
    assert declared.owner is None or declared.owner in {c.name for c in found.columns}
    assert declared.writers and declared.writers <= {"hub", "home", "any"}
    if declared.scope == "hub":
        assert declared.writers == {"hub"}


@named
def test_every_field_has_labels_bounds_and_a_code_list(table: object) -> None:
    found = table_of(table.record)  # type: ignore[attr-defined]
    assert found.declaration.zh and found.declaration.en
    for column in found.columns:
        spec = column.spec
        assert spec.zh and spec.en, column.name
        if spec.kind in (Kind.INTEGER, Kind.FLAG):
            assert spec.low is not None and spec.high is not None
        if spec.kind in (Kind.TEXT, Kind.CODE, Kind.DECIMAL):
            assert spec.high is not None
        if spec.kind is Kind.CODE:
            assert codes_of(spec.codes or ""), f"{column.name}: {spec.codes}"
            assert spec.default is None or spec.default in codes_of(spec.codes or "")


@named
def test_a_key_is_never_empty_optional_or_grouped(table: object) -> None:
    found = table_of(table.record)  # type: ignore[attr-defined]
    assert found.key
    for column in found.columns:
        if column.spec.key:
            assert not column.spec.null and column.spec.unit is None and column.spec.default is None


@named
def test_the_fields_of_a_group_share_their_rule(table: object) -> None:
    """C4: a group merges as one field, so it has one rule."""
    found = table_of(table.record)  # type: ignore[attr-defined]
    for unit in found.units[1:]:
        rules = {c.spec.rule for c in found.columns if c.name in unit.columns}
        assert len(rules) == 1, unit.name


@named
def test_declared_roles_exist(table: object) -> None:
    """C9: a role that nobody can hold would lock a table for ever."""
    found = table_of(table.record)  # type: ignore[attr-defined]
    for role in found.declaration.roles:
        if role.startswith("self:"):
            assert role.removeprefix("self:") in found.key
        else:
            assert role in {code for code, _, _ in ROLES}


def test_records_are_frozen_and_by_name_only() -> None:
    for record in RECORDS:
        assert dataclasses.is_dataclass(record)
        assert record.__dataclass_params__.frozen  # type: ignore[attr-defined]
        assert declaration_of(record).table
        assert specs_of(record)


def test_pupils_never_go_to_every_node() -> None:
    """DESIGN §2: pupils and all about them stay with their campus and the hub."""
    about_staff = {"leave_request", "leave_approval"}  # an itinerant teacher's cover is found on both campuses
    for table in TABLES:
        if table.declaration.private and table.name not in about_staff:
            assert table.declaration.scope != "con", table.name
