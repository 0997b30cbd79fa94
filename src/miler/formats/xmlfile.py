"""What a format that is XML tells of itself, and of one of its files."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Generic, Protocol, TypeVar

from miler.formats.points import Points, Run
from miler.formats.xml import Element, Row


@dataclass(frozen=True, eq=False)
class XmlFormat:
    """What reading a format fast, or a broken file of it, must know of the format.

    Attributes:
        name: in the field's words.
        point: the tag of a point.
        make_point: makes what a point is in the map of the format, to be handed to somebody.
        keys: what a row of a point can have that is read: numbers, and `time`.
        homes: the tags from which reading can go on after a break, and in which element each
            belongs; the outermost belongs in nothing.
    """

    name: str
    point: str
    make_point: Callable[[], Element]
    keys: frozenset[str]
    homes: Mapping[str, str]


class Recording(Protocol):
    """One recording of a file: a track of GPX, an activity of TCX."""

    points: Points


_Recording = TypeVar("_Recording", bound=Recording)


class XmlFile(ABC, Generic[_Recording]):
    """What has been seen of one file.

    Attributes:
        point: what a point is in the map of the format.
        recordings: those that have begun so far.
        runs: columns of points that are still to come, in the order of the file.
    """

    format: ClassVar[XmlFormat]
    point: Element

    def __init__(self) -> None:
        self.recordings: list[_Recording] = []
        self.runs: deque[Run] = deque()

    @abstractmethod
    def document(self) -> Element:
        """Return the map of the format."""

    @abstractmethod
    def instead(self) -> tuple[str, str]:
        """Say what a file is that has no recording: in a sentence, and by its kind."""

    def segment(self, _row: Row) -> None:
        """Begin a segment of the recording at hand."""
        self.recordings[-1].points.begin_segment()

    def run(self, _row: Row) -> None:
        """Give the recording at hand the columns that come next."""
        if self.runs:  # else the file has an element of that name
            self.recordings[-1].points.add_run(self.runs.popleft())
