"""Pictures of an SVG: PNG by resvg, PDF by svg2pdf, in type that comes along, for a bare machine has none."""

from __future__ import annotations

from miler.extras import needed

_EXTRA = "card"
_FACES = ("Roboto", "RobotoBold")


def png(svg: str) -> bytes:
    """Return a PNG of the SVG's own size.

    Raises:
        SettingsError: if the extra `card` is not installed (`no_resvg_py`, `no_font_roboto`).
    """
    resvg = needed("resvg_py", _EXTRA, "A PNG", "choose svg")
    picture: bytes = resvg.svg_to_bytes(svg_string=svg, font_files=_fonts("A PNG"), font_family="Roboto")
    return picture


def pdf(svg: str) -> bytes:
    """Return a PDF of one page of the SVG's size, in vectors.

    Raises:
        SettingsError: if the extra `card` is not installed (`no_svg2pdf_py`, `no_font_roboto`).
    """
    converter = needed("svg2pdf_py", _EXTRA, "A PDF", "choose svg")
    fonts = converter.FontDatabase.system()
    for path in _fonts("A PDF"):
        fonts.load_font_file(path)
    # As outlines: fonts would be numbered by chance, and the same card have other bytes each time.
    outlines = converter.ConversionOptions(embed_text=False)
    document: bytes = converter.svg_to_pdf(svg, fonts, outlines)
    return document


def _fonts(purpose: str) -> list[str]:
    files: dict[str, str] = needed("font_roboto", _EXTRA, purpose, "choose svg").font_files
    return [files[face] for face in _FACES]
