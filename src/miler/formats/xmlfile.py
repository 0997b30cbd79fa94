"""What a format that is XML tells of itself, and of one of its files."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from miler.formats.points import Run
from miler.formats.xml import Element


@dataclass(frozen=True)
class XmlFormat:
    """What reading a format fast, or a broken file of it, must know of the format.

    Attributes:
        name: in the field's words.
        point: the tag of a point.
        keys: what a row of a point can have that is read: numbers, and `time`.
        homes: the tags from which reading can go on after a break, and in which element each
            belongs; the outermost belongs in nothing.
    """

    name: str
    point: str
    keys: frozenset[str]
    homes: Mapping[str, str]


class XmlFile(ABC):
    """What has been seen of one file.

    Attributes:
        point: what a point is in the map of the format.
        runs: columns of points that are still to come, in the order of the file.
    """

    format: ClassVar[XmlFormat]
    point: Element

    def __init__(self) -> None:
        self.runs: deque[Run] = deque()

    @abstractmethod
    def document(self) -> Element:
        """Return the map of the format."""

    @abstractmethod
    def recordings(self) -> int:
        """Return how many recordings have begun so far."""
