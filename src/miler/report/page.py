"""Pages that stand alone: no script, nothing fetched, the same bytes every time.

The markup is the templates', and their only escape is autoescape.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from miler.report.words import printable

if TYPE_CHECKING:
    from jinja2 import Environment


def render(template: str, styles: Sequence[str], **values: Any) -> str:
    """Write a page.

    Args:
        template: the asset that has the markup; it gets `style`, and `style_hash` for the page's
            Content-Security-Policy, which allows this style sheet and nothing else.
        styles: the assets of which the style sheet is made.
        values: what else the template uses.

    Returns:
        A complete HTML document. Text is escaped, and shown without control and bidi characters.
    """
    style = "".join(map(_asset, styles))
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    page = _environment().get_template(template)
    return page.render(style=style, style_hash=f"sha256-{digest}", **values)


def _asset(name: str) -> str:
    return (files("miler") / "report" / "assets" / name).read_text("utf-8")


@cache
def _environment() -> Environment:
    # Only a page needs it; the other reports start faster without.
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    return Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_finalize,
        loader=FunctionLoader(_asset),
    )


def _finalize(value: object) -> object:
    """What every value passes before it is escaped; markup, which is a kind of text, as it is."""
    return printable(value) if type(value) is str else value
