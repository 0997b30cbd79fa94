"""Templates, style sheets and scripts, as they lie in the package."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from miler.shown import printable

if TYPE_CHECKING:
    from jinja2 import Environment, Template

_CSS, _JS, _SVG = "text/css; charset=utf-8", "text/javascript; charset=utf-8", "image/svg+xml"
_ASSETS = {
    "report.css": ("report/assets", _CSS),
    "chart.js": ("report/assets", _JS),
    "pacelight.js": ("report/assets", _JS),
    "trend.css": ("report/assets", _CSS),
    "web.css": ("web/static", _CSS),
    "actions.js": ("web/static", _JS),
    "upload.js": ("web/static", _JS),
    "icon.svg": ("web/static", _SVG),
}


@cache
def asset(name: str) -> tuple[bytes, str] | None:
    """Return a file and what it is; None for a name that is not among them."""
    if name not in _ASSETS:
        return None
    folder, media_type = _ASSETS[name]
    return files("miler").joinpath(folder, name).read_bytes(), media_type


def address(name: str) -> str:
    """Return where a browser gets an asset: another place for other bytes, so that it may keep them."""
    found = asset(name)
    assert found is not None
    return f"/static/{name}?{hashlib.sha256(found[0]).hexdigest()[:12]}"


def template(name: str) -> Template:
    """Return the template of a page."""
    return _environment().get_template(f"{name}.html.jinja")


@cache
def _environment() -> Environment:
    from jinja2 import ChoiceLoader, Environment, PackageLoader, PrefixLoader, StrictUndefined

    # What reports and pages both draw is drawn by the same macros.
    charts = PrefixLoader({"charts": PackageLoader("miler.report", "assets")})

    environment = Environment(
        loader=ChoiceLoader([PackageLoader("miler.web"), charts]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalize,
    )
    environment.globals["address"] = address
    return environment


def _finalize(value: object) -> object:
    """What every value passes before it is escaped: markup as it is, text without what does not show."""
    return printable(value) if type(value) is str else value
