"""Pages that stand alone: nothing is fetched from anywhere, the same bytes every time.

The markup is the templates', and their only escape is autoescape.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from miler.report.look import bound
from miler.shown import printable

if TYPE_CHECKING:
    from jinja2 import Environment

# Only what comes from where the page itself does; for a browser, files on a disk have no origin of their own.
_BESIDE = "'self' file:"


def render(
    template: str,
    styles: Sequence[str],
    scripts: Sequence[str] = (),
    at: str | None = None,
    *,
    style_at: str | None = None,
    **values: Any,
) -> str:
    """Write a page.

    Args:
        template: the asset that has the markup; it gets `style`, `style_at`, `script`, `script_at`,
            and `policy` for its Content-Security-Policy, which allows these and nothing else.
        styles: the assets of which the style sheet is made.
        scripts: the assets of which the script is made.
        at: the address of a file with the script, relative to the page; None writes it into the page.
        style_at: likewise of a file with the style sheet.
        values: what else the template uses.

    Returns:
        A complete HTML document. Text is escaped, and shown without control and bidi characters.
    """
    style = joined(styles) if style_at is None else ""
    script = joined(scripts) if at is None else ""
    allowed = _BESIDE if at is not None else _hashed(script) if script else "'none'"
    styled = _hashed(style) if style_at is None else _BESIDE
    policy = (
        f"default-src 'none'; style-src {styled}; script-src {allowed}; img-src data:;"
        " base-uri 'none'; form-action 'none'"
    )
    page = _environment().get_template(template)
    return page.render(style=style, style_at=style_at, script=script, script_at=at, policy=policy, **values)


def joined(assets: Sequence[str]) -> str:
    """Return the text of assets, one after the other."""
    return "".join(map(_asset, assets))


def _hashed(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _asset(name: str) -> str:
    return (files("miler") / "report" / "assets" / name).read_text("utf-8")


@cache
def _environment() -> Environment:
    # Only a page needs it; the other reports start faster without.
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_finalize,
        loader=FunctionLoader(_asset),
    )
    environment.policies["json.dumps_kwargs"] = {"separators": (",", ":")}
    return environment


def _finalize(value: object) -> object:
    """What every value passes before it is escaped; markup, which is a kind of text, as it is."""
    return bound(printable(value)) if type(value) is str else value
