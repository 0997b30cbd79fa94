"""The application: what answers where, behind the gate."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from fastapi import FastAPI
from starlette.types import ASGIApp

import miler
from miler.engines import Local
from miler.library import Library
from miler.web import api, intervals, pages, strava
from miler.web.config import Config
from miler.web.gate import Gate
from miler.web.hall import Hall
from miler.web.intake import Intake
from miler.web.problems import handle


def create_app(library: str | Path, config: Config) -> FastAPI:
    """Make the application that serves a library.

    Args:
        library: the SQLite file; made where there is none.
        config: what it was told; the same for every request.

    Returns:
        An ASGI application without globals: two in one process do not know of each other.

    Raises:
        LibraryError: if the library cannot be opened.
    """
    path = Path(library)
    Library(path).close()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with Local(config.jobs) as workers:
            await asyncio.to_thread(workers.warm)
            intake = Intake(path, config.settings, workers)
            app.state.hall = Hall(path, config, workers, intake)
            running = asyncio.create_task(intake.run())
            try:
                yield
            finally:
                running.cancel()
                with suppress(asyncio.CancelledError):
                    await running

    app = _Guarded(
        title="miler",
        version=miler.__version__,
        summary="Runs, their fastest miles, and uploads, on one's own machine.",
        openapi_url="/api/openapi.json",
        docs_url=None,  # these would fetch scripts from elsewhere
        redoc_url=None,
        lifespan=lifespan,
    )
    for router in (api.router, strava.router, intervals.router, pages.router):
        app.include_router(router)
    handle(app)
    app.state.config = config
    return app


class _Guarded(FastAPI):
    """An application whose gate stands before everything, its own answer to a fault included."""

    def build_middleware_stack(self) -> ASGIApp:
        return Gate(super().build_middleware_stack(), self.state.config)
