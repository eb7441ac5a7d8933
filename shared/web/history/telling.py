"""What an action did, in school words: one line a row, fields before and after. Ids are looked up all at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlite_utils import Database

from shared.errors import Problem
from shared.rights import Writer
from shared.schema import Table, Value
from shared.web.history.rules import shows_values
from shared.web.readings.rules import LOGGED
from shared.web.store import names_of
from shared.web.wording import column_words, ids_in, row_title, speaks, spec_of, table_words, value_words
from sync.actions import Action, Bodies, Wrote
from sync.opened import Key
from sync.undo import Obstacle, Step


@dataclass(frozen=True)
class Field:
    """One field: its label, and the words before and after ("" where there was nothing)."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Line:
    """One row of an action. op: i, u, d or k. fields: those that people read; hidden: their values are private."""

    table: str
    key: Key
    op: str
    what: str
    title: str
    fields: tuple[Field, ...]
    hidden: bool = False


@dataclass(frozen=True)
class Teller:
    """Says rows in one language to one person."""

    db: Database
    tables: Mapping[str, Table]
    writer: Writer
    lang: str

    def lines(self, action: Action, rows: Sequence[Wrote | Step]) -> list[Line]:
        """Rows of an action, or the steps of its undo."""
        names = self._names(rows)
        return [self._line(action, row, names) for row in rows]

    def shows(self, action: Action, row: Wrote | Step) -> bool:
        """Whether the values of a row are this person's to see."""
        table = self.tables[row.table]
        return shows_values(table, table.owner_of(row.key), action, self.writer)

    def written(self, actions: Sequence[Action], *, most: int, opened: int) -> dict[str, list[Line]]:
        """Action → lines of its first rows, without values of which every reading is noted; none of an action of more
        rows than are opened for a list."""
        bodies = Bodies(self.db, self.tables)
        found: list[tuple[Action, Wrote]] = []
        for action in actions:
            if action.rows <= opened:
                rows = [row for n in action.numbers for row in bodies.wrote(n, most)]
                found += [(action, row) for row in rows[:most]]
        names = self._names([row for _, row in found])
        lines: dict[str, list[Line]] = {action.id: [] for action in actions}
        for action, row in found:
            lines[action.id].append(self._line(action, row, names, listed=True))
        return lines

    def problems(self, obstacles: Iterable[Obstacle]) -> tuple[Problem, ...]:
        """What is in the way of an undo, row and field named in both languages, with who and when."""
        obstacles = list(obstacles)
        chinese, english = (Teller(self.db, self.tables, self.writer, lang) for lang in ("zh", "en"))
        return tuple(chinese.problem(english, each) for each in obstacles)

    def problem(self, other: Teller, obstacle: Obstacle) -> Problem:
        """One obstacle, its place in this teller's and another's language."""
        names = names_of(self.db, {obstacle.person_id, obstacle.campus})
        data: dict[str, str | int | None] = {"zh": self._place(obstacle), "en": other._place(obstacle)}
        data["who"] = names.get(obstacle.person_id, obstacle.person_id) or "—"
        data["campus"] = names.get(obstacle.campus, obstacle.campus)
        data["at"] = obstacle.instant
        field = "/".join([obstacle.table, *map(str, obstacle.key), *obstacle.columns[:1]])
        return Problem(field.strip("/") or "action", obstacle.reason, data)

    def _place(self, obstacle: Obstacle) -> str:
        if not obstacle.table:
            return "这次操作" if self.lang.startswith("zh") else "This action"
        table = self.tables[obstacle.table]
        names = names_of(self.db, ids_in(table, obstacle.key, ()), campus=table.owner_of(obstacle.key) or "",
                         lang=self.lang)
        labels = [column_words(table, name, self.lang) for name in obstacle.columns if speaks(name)]
        joined = ("、" if self.lang.startswith("zh") else ", ").join(labels)
        title = f"{table_words(table, self.lang)} {row_title(table, obstacle.key, names, self.lang)}"
        return f"{title} · {joined}" if joined else title

    def names(self, ids: Iterable[str]) -> dict[str, str]:
        """People and campuses by id."""
        return names_of(self.db, set(ids), lang=self.lang)

    def _names(self, rows: Sequence[Wrote | Step]) -> dict[str, dict[str, str]]:
        """Owning campus → names of everything in rows of it; sessions are called differently at each."""
        ids: dict[str, set[str]] = {}
        for row in rows:
            table = self.tables[row.table]
            ids.setdefault(table.owner_of(row.key) or "", set()).update(
                ids_in(table, row.key, [dict(row.before), dict(row.after)])
            )
        return {campus: names_of(self.db, found, campus=campus, lang=self.lang) for campus, found in ids.items()}

    def _line(
        self, action: Action, row: Wrote | Step, names: Mapping[str, Mapping[str, str]], *, listed: bool = False
    ) -> Line:
        table = self.tables[row.table]
        owner = table.owner_of(row.key)
        known = names[owner or ""]
        shown = self.shows(action, row) and not (listed and table.name in LOGGED)
        fields = tuple(
            Field(column_words(table, name, self.lang), *self._both(table, name, row, known, shown=shown))
            for name in _fields_told(table, row)
        )
        title = row_title(table, row.key, known, self.lang)
        return Line(table.name, row.key, row.op, table_words(table, self.lang), title, fields, not shown)

    def _both(
        self, table: Table, name: str, row: Wrote | Step, names: Mapping[str, str], *, shown: bool
    ) -> tuple[str, str]:
        if not shown:
            return ("", "")
        return self._said(table, name, row.before, names), self._said(table, name, row.after, names)

    def _said(self, table: Table, name: str, values: Mapping[str, Value], names: Mapping[str, str]) -> str:
        return value_words(spec_of(table, name), values[name], names, self.lang) if name in values else ""


def _fields_told(table: Table, row: Wrote | Step) -> list[str]:
    """The fields worth saying: of a change those that differ, of a whole row those that are not as they begin."""
    told = []
    for name in table.fields:
        if not speaks(name) or (name not in row.before and name not in row.after):
            continue
        before, after = row.before.get(name), row.after.get(name)
        whole = after if row.op == "i" else before
        if before != after if row.op == "u" else whole not in (None, "", table.specs[name].default):
            told.append(name)
    return told


def logged_tables(lines: Iterable[Line]) -> dict[str, list[Line]]:
    """Table → lines that show values of which every reading is noted."""
    found: dict[str, list[Line]] = {}
    for line in lines:
        if line.table in LOGGED and not line.hidden:
            found.setdefault(line.table, []).append(line)
    return found
