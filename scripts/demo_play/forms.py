"""Reading a page's form as a browser would post it, so that the play and the benchmark press real buttons."""

from __future__ import annotations

from html.parser import HTMLParser

_UNSENT = frozenset({"submit", "button", "image", "reset", "file"})


class _Reader(HTMLParser):
    """Collects the fields of every form on a page, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[dict[str, str]] = []
        self.choices: dict[str, list[str]] = {}
        self._select = ""
        self._textarea = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Fields as they stand: checked radios, selected options, what is typed."""
        given = {name: value or "" for name, value in attrs}
        name = given.get("name", "")
        if tag == "form":
            self.forms.append({})
        elif not self.forms:
            return
        elif tag == "input" and name:
            self._input(name, given)
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select:
            value = given.get("value", "")
            self.choices.setdefault(self._select, []).append(value)
            if "selected" in given or self._select not in self.forms[-1]:
                self.forms[-1][self._select] = value
        elif tag == "textarea":
            self._textarea = name
            self.forms[-1][name] = ""

    def _input(self, name: str, given: dict[str, str]) -> None:
        kind = given.get("type", "text")
        if kind in ("radio", "checkbox"):
            self.choices.setdefault(name, []).append(given.get("value", "on"))
            if "checked" in given:
                self.forms[-1][name] = given.get("value", "on")
        elif kind not in _UNSENT:
            self.forms[-1][name] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        """Leaving a select or a text area."""
        if tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._textarea = ""

    def handle_data(self, data: str) -> None:
        """Text inside a text area is its value."""
        if self._textarea:
            self.forms[-1][self._textarea] += data


def fields_with(page: str, name: str) -> dict[str, str]:
    """The fields of the page's first form that has a field of this name. Raises LookupError when none has."""
    reader = _Reader()
    reader.feed(page)
    for form in reader.forms:
        if name in form:
            return form
    raise LookupError(f"no form with a field {name!r}")


def choices_of(page: str, name: str) -> list[str]:
    """The values a radio group or select of this name offers, in order."""
    reader = _Reader()
    reader.feed(page)
    return reader.choices.get(name, [])
