"""A format as a map of `Element`s, and expat walking it.

The map is drawn once for each file and shaped like the format's schema. An element that
matters has a *row*: a dict that starts as its attributes and collects the texts of its
leaves, so that one small handler sees it whole. Where the text comes from is the business
of the `Walker` alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from xml.parsers import expat

from miler.errors import CorruptFile

Row = dict[str, str]

# Real files stay under depth 12, 40 attributes (the root's name spaces) of 1 kB (schema locations).
DEEPEST = 64
MOST_ATTRIBUTES = 1024
LONGEST_ATTRIBUTE = 2**16


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
        self.children.others = self if through else SKIPPED
        self.name = name
        self.begin = begin
        self.end = end
        self.has_row = begin is not None or end is not None

    def handed_to(self, end: Callable[[Row], None]) -> Element:
        """Return the same element, handed over elsewhere at its end tag."""
        return Element(self.children, end=end)


class _Children(dict[str, Element]):
    """Elements by tag; a prefixed tag is looked up by its local name and remembered."""

    others: Element

    def __missing__(self, tag: str) -> Element:
        element = self.get(tag.rpartition(":")[2]) if self else None
        if element is None:
            return self.others
        self[tag] = element
        return element


# Looked through without end, and nothing known in it.
SKIPPED = Element(through=True)


@cache
def leaf(name: str) -> Element:
    """Return the element whose text goes into the row around it, under this name; it has no state."""
    return Element(name=name)


class Walker:
    """Hands the elements of one XML text to the map of its format.

    Attributes:
        opened: the open elements, outermost first: tag, element, and the row around it.
        element, row: where the text now is.
        parser: expat, at work.
    """

    def __init__(self, document: Element, format: str) -> None:
        self.opened: list[tuple[str, Element, Row]] = []
        self.element = document
        self.row: Row = {}
        self._format = format
        self._pieces: list[str] = []
        self.parser = self.fresh_parser()

    def walk(self, text: bytes) -> None:
        """Walk a whole text in UTF-8.

        Raises:
            CorruptFile: for a document type, or past the limits.
            ExpatError: where the XML breaks; all before it has been handed over.
        """
        self.listen()
        self.parser.Parse(text, True)

    def fresh_parser(self) -> expat.XMLParserType:
        """Return a parser that tells nothing yet."""
        parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.buffer_size = 2**16
        return parser

    def listen(self) -> None:
        """Have the parser tell what it reads from now on."""
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.StartDoctypeDeclHandler = self._doctype

    def line(self) -> int:
        """Return the line of the text where the parser is."""
        return self.parser.CurrentLineNumber

    def start(self, tag: str, attributes: Row) -> None:
        """Go into an element."""
        around = self.element
        self.opened.append((tag, around, self.row))
        if len(self.opened) > DEEPEST:
            raise self._refusal("xml_depth", f"elements are nested deeper than {DEEPEST}")
        element = self.element = around.children[tag]
        if attributes:
            self._limit(attributes)
        if element.has_row:
            self.row = attributes
            if element.begin is not None:
                element.begin(attributes)
        elif element.name is not None:
            # Set for leaves only: else expat makes a Python string of every indentation.
            self._pieces = []
            self.parser.CharacterDataHandler = self._pieces.append

    def end(self, _tag: str) -> None:
        """Leave an element."""
        element = self.element
        if element.name is not None:
            self.parser.CharacterDataHandler = None
            if self._pieces:
                self.row[element.name] = "".join(self._pieces)
        elif element.end is not None:
            element.end(self.row)
        _, self.element, self.row = self.opened.pop()

    def _limit(self, attributes: Row) -> None:
        if len(attributes) > MOST_ATTRIBUTES:
            raise self._refusal("xml_attributes", f"an element has more than {MOST_ATTRIBUTES} attributes")
        if max(map(len, attributes.values())) > LONGEST_ATTRIBUTE:
            raise self._refusal("xml_text", f"an attribute is longer than {LONGEST_ATTRIBUTE}")

    def _doctype(self, *_declaration: object) -> None:
        raise self._refusal("xml_dtd_forbidden", "it declares a document type (DTD)")

    def _refusal(self, code: str, fact: str) -> CorruptFile:
        line = self.line()
        return CorruptFile(
            f"refused: {fact}, in line {line}; no recording needs that",
            code=code,
            format=self._format,
            at=line,
        )
