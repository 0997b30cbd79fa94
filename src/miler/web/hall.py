"""What every answer needs of the server: its library, its intake, its readers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from miler.engines import Engine
from miler.library import Library
from miler.web.config import Config
from miler.web.intake import Intake


@dataclass(frozen=True)
class Hall:
    """Behind three doors, one hall: a server's library and who works on it."""

    path: Path
    config: Config
    workers: Engine
    intake: Intake

    def library(self) -> Library:
        """Open the library; a connection belongs to the thread that opens it."""
        return Library(self.path)


def _hall(request: Request) -> Hall:
    hall = request.app.state.hall
    assert isinstance(hall, Hall)
    return hall


InHall = Annotated[Hall, Depends(_hall)]
