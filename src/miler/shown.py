"""Text that others wrote, such as names in files, made safe to show."""

from __future__ import annotations

import unicodedata


def printable(text: str) -> str:
    r"""Return text from a file without control, bidi and other invisible characters.

    A name must not move the cursor, ring the bell or turn the line around: such characters are
    shown as `\x1b`, `\u202e`, and a byte of a file name that is not UTF-8 as `\xff`.
    """
    if text.isprintable():  # nearly all text
        return text
    return "".join(
        c if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp") else _escaped(c) for c in text
    )


def _escaped(character: str) -> str:
    code = ord(character)
    code -= 0xDC00 * (0xDC80 <= code <= 0xDCFF)  # Python's word for such a byte
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
