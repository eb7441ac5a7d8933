"""QR codes as pictures inside a page."""

from __future__ import annotations

import io

import segno
from markupsafe import Markup


def qr_svg(url: str) -> Markup:
    """A QR code as inline SVG: attributes only, no style and no script, so that the CSP lets it stand."""
    buffer = io.BytesIO()
    code = segno.make(url, error="m", micro=False)
    code.save(buffer, kind="svg", border=3, dark="#000", light="#fff", xmldecl=False, svgns=False, omitsize=True)
    # segno writes numbers and fixed tags only; the URL itself does not occur in the picture's text.
    return Markup(buffer.getvalue().decode("ascii"))
