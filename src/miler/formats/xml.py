"""What GPX and TCX share: XML as it is found, and the numbers and times written in it.

A format is a map of `Element`s, drawn once for each file and shaped like its schema. An
element that matters has a *row*: a dict that starts as its attributes and collects the
texts of its leaves, so that one small handler sees it whole. Where the text comes from is
the business of `walk` alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from xml.parsers import expat

from miler.activity import Activity, Note
from miler.errors import CorruptFile
from miler.formats.assemble import Raw, assemble

Row = dict[str, str]

# Real files stay under depth 12, texts of a few kB and attributes of 1 kB (schema locations).
DEEPEST = 64
LONGEST_TEXT = 2**20
LONGEST_ATTRIBUTE = 2**16

_BLANK = b" \t\r\n\0"
_UTF8_MARK = b"\xef\xbb\xbf"
_DECLARED = re.compile(rb"""^<\?xml[^>]*?\bencoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
# Codecs of text only: Python also knows "encodings" that are escapes or compressions.
_CODECS = re.compile(r"(iso-?8859-\d+|windows-\d+|koi8-[ru]|gb[k\d]+|big5|shift_jis|euc-(jp|kr))", re.I)
_ENDED_EARLY = {
    expat.errors.codes[message]
    for message in (
        expat.errors.XML_ERROR_NO_ELEMENTS,
        expat.errors.XML_ERROR_UNCLOSED_TOKEN,
        expat.errors.XML_ERROR_PARTIAL_CHAR,
        expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
    )
}


class Element:
    """One element of a format, and what becomes of it.

    Args:
        children: the elements within, by local name; prefixes are ignored, for many files
            use them without declaring them. Others are skipped with all they hold.
        name: the element is a leaf, its text goes into the row around it under this name.
        begin, end: the element has a row of its own and is handed over at its start tag
            (attributes only; keep the row to see it filled) or at its end tag (complete).
        through: unknown children are wrappers, to be looked through.
    """

    __slots__ = ("begin", "children", "end", "has_row", "name")

    def __init__(
        self,
        children: Mapping[str, Element] | None = None,
        *,
        name: str | None = None,
        begin: Callable[[Row], None] | None = None,
        end: Callable[[Row], None] | None = None,
        through: bool = False,
    ) -> None:
        self.children = _Children(children or {})
        self.children.others = self if through else _SKIPPED
        self.name = name
        self.begin = begin
        self.end = end
        self.has_row = begin is not None or end is not None


class _Children(dict[str, Element]):
    """Elements by tag; a prefixed tag is looked up by its local name and remembered."""

    others: Element

    def __missing__(self, tag: str) -> Element:
        element = self.get(tag.rpartition(":")[2])
        if element is None:
            return self.others
        self[tag] = element
        return element


# Looked through without end, and nothing known in it.
_SKIPPED = Element(through=True)


def leaf(name: str) -> Element:
    """Return an element whose text goes into the row around it, under this name."""
    return Element(name=name)


@dataclass(frozen=True)
class Broken:
    """Where XML stops being XML, and why."""

    code: str
    line: int
    reason: str

    def note(self, points: int) -> Note:
        """Say it, with what was saved."""
        return Note(self.code, "damage", f"{self}; complete points before it: {points}, all kept")

    def error(self, format: str) -> CorruptFile:
        """Return the error for a file of which nothing was saved."""
        return CorruptFile(
            f"{self}, and nothing usable comes before it; copy or export the file again",
            code=self.code,
            format=format,
            at=self.line,
        )

    def __str__(self) -> str:
        what = "the file ends too early" if self.code == "xml_truncated" else "the XML is broken"
        return f"{what} in line {self.line} ({self.reason})"


@dataclass(frozen=True)
class Reading:
    """How reading the XML went: whole where `broken` is None; `notes` on its encoding."""

    format: str
    broken: Broken | None
    notes: tuple[Note, ...]

    def activities(self, raws: list[Raw], *, strict: bool) -> list[Activity]:
        """Assemble what was found; damage to the XML is told with the recording it hit, the last.

        Raises:
            CorruptFile: for any damage, if `strict`.
        """
        raws[0].notes[:0] = self.notes
        if self.broken is not None:
            raws[-1].notes.append(self.broken.note(sum(len(raw.times) for raw in raws)))
        activities = [assemble(raw) for raw in raws]
        damage = [note for activity in activities for note in activity.notes if note.kind == "damage"]
        if strict and damage:
            line = self.broken.line if self.broken else None
            raise CorruptFile(damage[0].message, code=damage[0].code, format=self.format, at=line)
        return activities


def read(data: bytes, document: Element, format: str) -> Reading:
    """Walk the elements of a file, however it is encoded, as far as it goes.

    Raises:
        CorruptFile: for what no recording needs: a DTD, entities, absurd depth or length.
    """
    text, skipped_lines, notes = _as_utf8(data)
    _refuse_long_runs(text, format)
    try:
        walk(text, document, format)
    except expat.ExpatError as error:
        code = "xml_truncated" if error.code in _ENDED_EARLY else "xml_malformed"
        return Reading(
            format, Broken(code, skipped_lines + error.lineno, expat.ErrorString(error.code)), notes
        )
    return Reading(format, None, notes)


def walk(text: bytes, document: Element, format: str) -> None:
    """Hand the elements of UTF-8 XML to the map of its format.

    Raises:
        CorruptFile: for a document type, or past the limits.
        ExpatError: where the XML breaks; all before it has been handed over.
    """
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.buffer_size = 2**16
    element: Element = document
    row: Row = {}
    around: list[tuple[Element, Row]] = []
    pieces: list[str] = []

    def start(tag: str, attributes: Row) -> None:
        nonlocal element, row
        around.append((element, row))
        if len(around) > DEEPEST:
            raise _refusal("xml_depth", f"elements are nested deeper than {DEEPEST}", format, parser)
        element = element.children[tag]
        if attributes and max(map(len, attributes.values())) > LONGEST_ATTRIBUTE:
            raise _refusal("xml_text", f"an attribute is longer than {LONGEST_ATTRIBUTE}", format, parser)
        if element.has_row:
            row = attributes
            if element.begin is not None:
                element.begin(row)
        elif element.name is not None:
            # Set for leaves only: else expat makes a Python string of every indentation.
            pieces.clear()
            parser.CharacterDataHandler = pieces.append

    def end(_tag: str) -> None:
        nonlocal element, row
        if element.name is not None:
            parser.CharacterDataHandler = None
            if pieces:
                row[element.name] = "".join(pieces)
        elif element.end is not None:
            element.end(row)
        element, row = around.pop()

    def doctype(*_declaration: object) -> None:
        raise _refusal("xml_dtd_forbidden", "it declares a document type (DTD)", format, parser)

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.StartDoctypeDeclHandler = doctype
    parser.Parse(text, True)


def _refusal(code: str, fact: str, format: str, parser: expat.XMLParserType) -> CorruptFile:
    line = parser.CurrentLineNumber
    return CorruptFile(
        f"refused: {fact}, in line {line}; no recording needs that", code=code, format=format, at=line
    )


def _refuse_long_runs(text: bytes, format: str) -> None:
    """Refuse a text of more than 1 MiB, without looking at every byte.

    A run without `<` that is longer than the limit covers a whole block of half the limit.
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


def _as_utf8(data: bytes) -> tuple[bytes, int, tuple[Note, ...]]:
    """Return the document in UTF-8, the lines skipped before it, and what was odd.

    Strava writes ten spaces before `<?xml`, a power cut leaves NULs after the end, and
    what the declaration says of the encoding is often wrong; the bytes decide.
    """
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or data[:4] in (b"<\0?\0", b"\0<\0?", b"<\0g\0", b"\0<\0g"):
        big = data[:1] in (b"\xfe", b"\0")
        data = data.decode("utf-16-be" if big else "utf-16-le", "ignore").encode().removeprefix(_UTF8_MARK)
    body = data.rstrip(_BLANK).lstrip(_BLANK + _UTF8_MARK)
    skipped_lines = data.count(b"\n", 0, len(data) - len(data.lstrip(_BLANK + _UTF8_MARK)))
    if body.isascii():
        return body, skipped_lines, ()
    try:
        body.decode()
    except UnicodeDecodeError as error:
        cut_short = error.reason == "unexpected end of data" and error.end == len(body)
        if not cut_short:
            utf8, notes = _from_8_bit(body, error.start)
            return utf8, skipped_lines, notes
    return body, skipped_lines, ()


def _from_8_bit(body: bytes, at: int) -> tuple[bytes, tuple[Note, ...]]:
    """Decode what is not UTF-8: as declared where that is a codec of text, else as Latin-1."""
    declared = _DECLARED.match(body)
    codec = declared[1].decode() if declared else "UTF-8"
    if _CODECS.fullmatch(codec):
        try:
            return body.decode(codec).encode(), ()
        except (LookupError, UnicodeDecodeError):
            pass
    line = body.count(b"\n", 0, at) + 1
    message = f"the text is not in {codec}, as it should be (line {line}); it was read as Latin-1"
    return body.decode("latin-1").encode(), (Note("encoding", "damage", message),)
