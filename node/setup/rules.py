"""What may stand in the two fields of the set-up page: pure decisions."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from shared.errors import Problem


def tidy_code(text: str) -> str:
    """A one-time code as it was meant: blanks and dashes dropped, letters that look like digits mended."""
    plain = re.sub(r"[\s\-]", "", text).upper()
    return plain.translate(str.maketrans("OIL", "011"))


def tidy_hub(text: str) -> str:
    """A hub's address without the slash and with the `http://` that people leave out."""
    plain = text.strip().rstrip("/")
    return plain if "://" in plain or not plain else f"http://{plain}"


def setup_problems(hub: str, code: str) -> list[Problem]:
    """What is wrong with a tidied address and code."""
    found = []
    try:
        parts = urlsplit(hub)
        port_fits = parts.port is None or parts.port > 0
    except ValueError:
        parts, port_fits = urlsplit(""), False
    if not hub:
        found.append(Problem("hub", "missing", {"zh": "主校区地址", "en": "Hub address"}))
    elif parts.scheme not in ("http", "https") or not parts.hostname or not port_fits or parts.username:
        found.append(Problem("hub", "not_url", {"zh": "主校区地址", "en": "Hub address"}))
    if not code:
        found.append(Problem("code", "missing", {"zh": "登记码", "en": "Code"}))
    elif not code.isascii() or not code.isalnum() or len(code) > 80:
        found.append(Problem("code", "bad_characters", {"zh": "登记码", "en": "Code"}))
    return found
