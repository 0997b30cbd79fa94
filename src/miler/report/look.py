"""How text is laid out for whoever reads it: how wide, in colours or not, in which characters."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Look:
    """Columns to fill, whether ANSI colours are wanted, and whether only ASCII may draw."""

    width: int = 120
    color: bool = False
    plain: bool = False

    def __call__(self, text: str, code: str, when: bool = True) -> str:
        """Return the text in a colour, if colours are wanted and the condition holds."""
        return f"\x1b[{code}m{text}\x1b[0m" if self.color and when else text
