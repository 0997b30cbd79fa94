"""The guide as a program sees it: the README and the pages of `docs`, their blocks, commands and links.

What a page prints is what a reader types, so that each command can be tried as it stands:

- in a `console` block a line that begins with `$` is a command, and what follows is what it must print;
  `…` stands for anything;
- in a `sh` block every line is a command, and in one without a language, if it begins with a program;
- a block with a `title` is a file of that name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"

_FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\w*)(?: *title=\"(?P<title>[^\"]+)\")?\n(?P<text>.*?)^(?P=indent)```$",
    re.DOTALL | re.MULTILINE,
)
_PROGRAM = re.compile(r"(miler|pip|python|make|curl|dask) ")
_LINK = re.compile(r"!?\[[^]]*\]\((?P<target>[^)\s]+)\)|(?:src|srcset|href)=\"(?P<named>[^\"]+)\"")
_HEADING = re.compile(r"^#+ +(.+?) *#*$", re.MULTILINE)
_COMMENT = re.compile(r"(?:^|\s{2,})#\s*(?P<said>.*)$")


@dataclass(frozen=True)
class Command:
    """One command of a page.

    Attributes:
        line: as it is typed, without the comment behind it.
        said: that comment.
        printed: what the page says that it prints; None if it says nothing of that.
    """

    line: str
    said: str
    printed: str | None


@dataclass(frozen=True)
class Block:
    """A fenced block of a page; `title` is the file that it is, None if it is none."""

    page: Path
    number: int
    language: str
    title: str | None
    text: str

    @property
    def commands(self) -> list[Command]:
        """What a reader types, in order."""
        if self.language == "console":
            return list(_typed(self.text))
        if self.language == "sh" or (not self.language and _PROGRAM.match(self.text)):
            whole = self.text.replace("\\\n", " ").splitlines()
            return [command for line in whole if (command := _command(line, None)).line]
        return []


def pages() -> list[Path]:
    """Return every page, the README first."""
    return [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]


def blocks(page: Path) -> list[Block]:
    """Return the fenced blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    found = []
    for match in _FENCE.finditer(text):
        inner = re.sub(rf"^{match['indent']}", "", match["text"], flags=re.MULTILINE)
        number = text.count("\n", 0, match.start()) + 1
        found.append(Block(page, number, match["language"], match["title"], inner))
    return found


def links(page: Path) -> list[str]:
    """Return where a page leads: addresses, and paths as they are written."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    targets = (match["target"] or match["named"] for match in _LINK.finditer(text))
    return [part.split()[0] for target in targets for part in target.split(", ")]


def anchors(page: Path) -> set[str]:
    """Return what a link may name behind `#`, as GitHub and MkDocs both call its headings."""
    headings = _HEADING.findall(_FENCE.sub("", page.read_text(encoding="utf-8")))
    plain = (re.sub(r"[^\w\s-]", "", heading.lower()).strip() for heading in headings)
    return {re.sub(r"\s", "-", heading) for heading in plain}


def shows(printed: str, page: str | None) -> bool:
    """Whether what was printed is what the page shows of it, `…` being anything; None shows nothing."""
    wanted = ".*?".join(re.escape(part) for part in _trimmed(page or "…").split("…"))
    return re.fullmatch(wanted, _trimmed(printed), re.DOTALL) is not None


def _trimmed(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip("\n").splitlines())


def _typed(text: str) -> Iterator[Command]:
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        line, _, printed = part.partition("\n")
        yield _command(line, printed)


def _command(line: str, printed: str | None) -> Command:
    comment = _COMMENT.search(line)
    if comment is None:
        return Command(line.strip(), "", printed)
    return Command(line[: comment.start()].strip(), comment["said"], printed)
