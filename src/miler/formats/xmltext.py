"""The text of an XML file: UTF-8, however the file was encoded, and where each byte of it was."""

from __future__ import annotations

import re
from dataclasses import dataclass

from miler.activity import Note
from miler.errors import CorruptFile

# Real files have texts of a few kB.
LONGEST_TEXT = 2**20

_BLANK = b" \t\r\n\0"
_UTF8_MARK = b"\xef\xbb\xbf"
_DECLARED = re.compile(rb"""^<\?xml[^>]*?\bencoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
# Codecs of text only: Python also knows "encodings" that are escapes or compressions.
_CODECS = re.compile(r"(iso-?8859-\d+|windows-\d+|koi8-[ru]|gb[k\d]+|big5|shift_jis|euc-(jp|kr))", re.I)


@dataclass(frozen=True)
class XmlText:
    """The document in a file.

    Attributes:
        text: in UTF-8, without what surrounds it.
        codec: what the file was in, if not UTF-8.
        skipped_bytes, skipped_lines: what comes before the text.
        notes: what was odd.
    """

    text: bytes
    codec: str | None
    skipped_bytes: int
    skipped_lines: int
    notes: tuple[Note, ...] = ()

    @classmethod
    def of(cls, data: bytes) -> XmlText:
        """Find the document in a file and what it is encoded in.

        Strava writes ten spaces before `<?xml`, a power cut leaves NULs after the end, and
        what the declaration says of the encoding is often wrong; the bytes decide.
        """
        wide = _utf_16(data)
        if wide is not None:
            data = data.decode(wide, "ignore").encode()
        front = data.lstrip(_BLANK + _UTF8_MARK)
        skipped = data[: len(data) - len(front)]
        # Blanks at the end are XML; to cut them off would copy the file.
        text, codec, notes = _utf_8(front.rstrip(_BLANK) if front.endswith(b"\0") else front)
        codec = wide or codec
        return cls(text, codec, _length_in(codec, skipped), skipped.count(b"\n"), notes)

    def place(self, at: int) -> int:
        """Return where in the file a byte of the text was."""
        return self.skipped_bytes + _length_in(self.codec, self.text[:at])

    def line(self, at: int) -> int:
        """Return the line of a byte of the text, counted from 1 at the beginning of the file."""
        return self.skipped_lines + self.text.count(b"\n", 0, at) + 1


def _length_in(codec: str | None, text: bytes) -> int:
    """Return how long a text in UTF-8 is in a codec."""
    return len(text) if codec is None else len(text.decode("utf-8", "ignore").encode(codec, "ignore"))


def _utf_16(data: bytes) -> str | None:
    """Return which UTF-16 the data are in, by their mark or by how XML begins."""
    if data[:2] == b"\xff\xfe" or data[:4] in (b"<\0?\0", b"<\0g\0"):
        return "utf-16-le"
    if data[:2] == b"\xfe\xff" or data[:4] in (b"\0<\0?", b"\0<\0g"):
        return "utf-16-be"
    return None


def _utf_8(body: bytes) -> tuple[bytes, str | None, tuple[Note, ...]]:
    """Return the text in UTF-8, what it was in if not that, and a note if the file lies."""
    if body.isascii():
        return body, None, ()
    try:
        body.decode()
    except UnicodeDecodeError as error:
        cut_short = error.reason == "unexpected end of data" and error.end == len(body)
        if not cut_short:
            return _from_8_bit(body, error.start)
    return body, None, ()


def _from_8_bit(body: bytes, at: int) -> tuple[bytes, str | None, tuple[Note, ...]]:
    """Decode what is not UTF-8: as declared where that is a codec of text, else as far as it goes.

    Where no character is right in UTF-8 but those of ASCII, it never was UTF-8: Latin-1 reads
    any byte. Otherwise the wrong bytes are damage, and each becomes a question mark.
    """
    declared = _DECLARED.match(body)
    codec = declared[1].decode() if declared else "UTF-8"
    if _CODECS.fullmatch(codec):
        try:
            return body.decode(codec).encode(), codec, ()
        except (LookupError, UnicodeDecodeError):
            pass
    line = body.count(b"\n", 0, at) + 1
    text = body.decode("utf-8", "surrogateescape")
    latin = len(text) == len(body)
    was_read = "it was read as Latin-1" if latin else "bytes that are no characters were replaced"
    message = f"the text is not in {codec}, as it should be (line {line}); {was_read}"
    notes = (Note("encoding", "damage", message),)
    if latin:
        return body.decode("latin-1").encode(), "latin-1", notes
    return text.encode("utf-8", "replace"), None, notes


def refuse_long_runs(text: bytes, format: str) -> None:
    """Refuse a text of more than 1 MiB, without looking at every byte.

    A run without `<` that is longer than the limit covers a whole block of half the limit.

    Raises:
        CorruptFile: for what no recording needs.
    """
    half = LONGEST_TEXT // 2
    for block in range(0, len(text) - half, half):
        if text.find(b"<", block, block + half) >= 0:
            continue
        begins = max(0, text.rfind(b"<", 0, block))
        begins = max(begins, text.find(b">", begins, block)) + 1
        ends = text.find(b"<", block)
        if (ends if ends >= 0 else len(text)) - begins > LONGEST_TEXT:
            raise CorruptFile(
                f"refused: a text is longer than {LONGEST_TEXT} bytes; no recording needs that",
                code="xml_text",
                format=format,
                at=text.count(b"\n", 0, begins) + 1,
            )
