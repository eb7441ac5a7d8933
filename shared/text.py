"""The one rule for text that enters the system, and the search initials of names."""

from __future__ import annotations

import unicodedata


def is_clean(value: str) -> bool:
    """True when text holds no control characters, surrogates or lone separators.

    A NUL defeats SQLite's length(), surrogates crash the driver, control characters break XLSX.
    Newline and tab are allowed inside longer notes.
    """
    # Printable is never one of the four categories, in any script; what is not may still be (a newline, an unassigned).
    if value.isprintable():
        return True
    return not any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") and c not in "\n\t" for c in value)


def tidied(value: str) -> str:
    """NFC, without blanks at the ends: what people type, made comparable."""
    return unicodedata.normalize("NFC", value).strip()


def initials_of(name: str) -> str:
    """Pinyin initials in lower case (`wxm` finds 王小明).

    Needs pypinyin, which is loaded only here and without its phrase table: 13 MB in place of 55.
    """
    import os

    os.environ.setdefault("PYPINYIN_NO_PHRASES", "1")
    from pypinyin import Style, lazy_pinyin

    letters = lazy_pinyin(name, style=Style.FIRST_LETTER, errors=lambda rest: rest)
    return "".join(letters).lower()[:16]
