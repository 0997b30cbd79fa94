"""How text is laid out for whoever reads it: how wide, in colours or not, in which characters."""

from __future__ import annotations

import math
import re
import textwrap
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_LEVELS = "▁▂▃▄▅▆▇█"
_PLAIN_LEVELS = "_.,:-=+#"
_PROSE = 100  # a longer line of words is hard to follow

_BOUND = re.compile(r"(?<=\d) (?=(?:%|(?:k?m|s|mi|miles?|bpm|/km|/mi)\b))|(?<=±) (?=\d)")

# What miler writes beyond ASCII, for terminals that have no more.
_PLAIN = str.maketrans(
    {
        "━": "=", "─": "-", "│": "|", "┤": "+", "╭": "+", "╮": "+", "╯": "+", "╰": "+", "█": "#",
        "○": "o", "●": "o", "·": "-", "–": "-", "—": "-", "−": "-", "±": "+/-",
        "×": "x", "…": "...", "“": '"', "”": '"', "‘": "'", "’": "'", "\u202f": " ", "\u00a0": " ",
        "°": " deg ", "¼": "1/4", "½": "1/2", "¾": "3/4", "→": "->", "≤": "<=", "≥": ">=", "⅓": "1/3",
    }
)  # fmt: skip


def bound(words: str) -> str:
    """Keep a number with its unit, and a ± with its number, where lines are broken."""
    return _BOUND.sub("\u00a0", words)


@dataclass(frozen=True)
class Look:
    """Columns to fill, whether ANSI colours are wanted, and whether only ASCII may draw."""

    width: int = 120
    color: bool = False
    plain: bool = False

    def __call__(self, text: str, code: str, when: bool = True) -> str:
        """Return the text in a colour, if colours are wanted and the condition holds."""
        return f"\x1b[{code}m{text}\x1b[0m" if self.color and when else text

    def title(self, text: str) -> str:
        """Return what heads a part."""
        return self(text, "1")

    def big(self, text: str) -> str:
        """Return what the part is about."""
        return self(text, "1;36")

    def dim(self, text: str) -> str:
        """Return what may be passed over."""
        return self(text, "2")

    def warn(self, text: str) -> str:
        """Return what must not be."""
        return self(text, "33")

    @property
    def prose(self) -> int:
        """The longest line of words, in columns."""
        return min(self.width, _PROSE)

    def wrap(self, words: str, first: str = "", rest: str | None = None) -> list[str]:
        """Break words into lines that fit, the first behind `first`, the others behind `rest`.

        A number stays with its unit, a ± with its number.
        """
        rest = first if rest is None else rest
        words = self.said(words)
        if len(first + words) <= self.prose and words.isprintable() and words.strip() == words:
            return [first + words]  # as most do; asking textwrap would take a third of a report's time
        lines = textwrap.wrap(bound(words), self.prose, initial_indent=first, subsequent_indent=rest)
        return [line.replace("\u00a0", " ") for line in lines]

    def said(self, text: str) -> str:
        """Return text in the characters that there are; letters lose their accents, the rest is escaped."""
        if not self.plain or text.isascii():
            return text
        spelt = unicodedata.normalize("NFKD", text.translate(_PLAIN))
        letters = "".join(c for c in spelt if not unicodedata.combining(c))
        return letters.encode("ascii", "backslashreplace").decode()

    def bar(self, share: float, cells: int) -> str:
        """Draw a share of a row of cells; never nothing."""
        if self.plain:
            return "#" * max(round(share * cells), 1)
        eighths = max(round(share * cells * 8), 1)
        return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()

    def spark(self, heights: Sequence[float]) -> str:
        """Draw a cell for each share of the height, a blank for NaN."""
        levels = _PLAIN_LEVELS if self.plain else _LEVELS
        top = len(levels) - 1
        return "".join(
            [
                " " if math.isnan(height) else levels[round(min(max(height, 0.0), 1.0) * top)]
                for height in heights
            ]
        )
