"""Collect the words of templates and modules, and compile the English catalogue: ``python3 scripts/messages.py``.

The source language is Chinese. English stands in ``<app>/translations/en*.tsv``, a line a message:
Chinese, tab, English (and, where a number decides, tab, English plural). Read by any Python, so Python 3.6
syntax and ASCII only; the work is done inside the environment.
"""

import argparse
import os
import sys
from pathlib import Path
from typing import Any, Dict, Iterator, List, Sequence, Tuple, Union

APPS = ("shared", "node", "hub")
KEYWORDS = {"_": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2), "lazy_ngettext": (1, 2)}
METHODS = {".py": "python", ".html": "jinja2.ext:babel_extract", ".txt": "jinja2.ext:babel_extract"}
CATALOGUE = "shared/translations/en/LC_MESSAGES/messages.po"

Id = Union[str, Tuple[str, ...]]
Words = Union[str, Tuple[str, ...]]


def sources(root: Path) -> Iterator[Path]:
    """Modules and templates that may ask for words."""
    for app in APPS:
        for path in sorted((root / app).rglob("*")):
            if path.suffix == ".py" or (path.suffix in METHODS and "templates" in path.parts):
                yield path


def asked(root: Path) -> Dict[Id, List[Tuple[str, int]]]:
    """Message id -> the places that ask for it."""
    from babel.messages.extract import extract  # not there before the environment is

    found = {}  # type: Dict[Id, List[Tuple[str, int]]]
    for path in sources(root):
        options = {"extensions": "jinja2.ext.i18n", "silent": "false"} if path.suffix != ".py" else {}
        with path.open("rb") as file:
            for line, message, _comments, _context in extract(METHODS[path.suffix], file, KEYWORDS, options=options):
                key = message if isinstance(message, str) else tuple(message)
                if key:
                    found.setdefault(key, []).append((path.relative_to(root).as_posix(), line))
    return found


def english(root: Path) -> Dict[str, Words]:
    """Chinese -> English, from the lists of the apps; a later list does not overrule an earlier one."""
    found = {}  # type: Dict[str, Words]
    for app in APPS:
        for path in sorted((root / app / "translations").glob("en*.tsv")):
            for line in path.read_text(encoding="utf-8").splitlines():
                parts = line.split("\t")
                if len(parts) >= 2 and parts[1].strip():
                    found.setdefault(parts[0], parts[1] if len(parts) == 2 else tuple(parts[1:3]))
    return found


def catalogue_of(messages: Dict[Id, List[Tuple[str, int]]], words: Dict[str, Words]) -> Any:
    """The catalogue, and what it lacks."""
    from babel.messages.catalog import Catalog

    catalogue = Catalog(locale="en", project="tongxin", charset="utf-8", fuzzy=False)
    lacking = []
    for key in sorted(messages, key=str):
        first = key if isinstance(key, str) else key[0]
        said = words.get(first)
        if said is None:
            lacking.append(first)
            continue
        plural = not isinstance(key, str)
        if plural and isinstance(said, str):
            said = (said, said)
        if not plural and not isinstance(said, str):
            said = said[0]
        # Places without line numbers: a moved line must not change the file.
        places = sorted({(path, 0) for path, _line in messages[key]})
        catalogue.add(key, said, locations=places)
    return catalogue, lacking


def write(root: Path, catalogue: Any) -> None:
    """Write and compile the catalogue; dates are left out, so that the same words give the same file."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import write_po

    path = root / CATALOGUE
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalogue, omit_header=False, include_lineno=False, sort_output=True, width=0)
    kept = [line for line in path.read_bytes().splitlines(True) if b"-Date: " not in line]
    path.write_bytes(b"".join(kept))
    with path.with_suffix(".mo").open("wb") as file:
        write_mo(file, catalogue)


def main(argv: Sequence[str]) -> int:
    """Write the catalogue; returns 1 and lists what has no English, if anything."""
    about = (__doc__ or "").partition("\n")[0]
    argparse.ArgumentParser(prog="scripts/messages.py", description=about).parse_args(argv)
    root = Path(__file__).resolve().parents[1]
    catalogue, lacking = catalogue_of(asked(root), english(root))
    write(root, catalogue)
    for message in lacking:
        print("no English: " + message)
    print(f"{len(catalogue) + len(lacking)} messages, {len(lacking)} without English")
    return 1 if lacking else 0


if __name__ == "__main__":
    if __package__:
        raise SystemExit(main(sys.argv[1:]))
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    from scripts import environment

    environment.enter("scripts.messages", dev=True)
