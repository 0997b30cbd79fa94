"""What went wrong, as problem+json (RFC 9457): a sentence and a code, never a stack or a path."""

from __future__ import annotations

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response

from miler.errors import LibraryError, MilerError, SettingsError
from miler.report.document import dumps
from miler.shown import printable
from miler.web.assets import template

MEDIA_TYPE = "application/problem+json"
_LOG = logging.getLogger("miler.web")

_TITLES = {
    400: "Not understood",
    401: "Who are you?",
    403: "Not allowed",
    404: "Not there",
    405: "Not done that way",
    408: "Too slow",
    409: "Not as it is",
    413: "Too large",
    415: "Not in that form",
    421: "Not here",
    422: "Cannot be used",
    500: "A fault in miler",
    503: "Not now",
}

# The library's own sentences name its file, which is nobody's business on the other side.
_LIBRARY = {
    "no_activity": (404, "there is no such activity"),
    "no_effort": (404, "the activity has no effort of that length"),
    "one_activity": (409, "merging takes two activities"),
    "one_source": (409, "the activity has one file only; there is nothing to undo"),
    "no_original": (404, "the original of this activity is gone or has changed"),
    "locked": (503, "another program is writing to the library; try again"),
    "disk_full": (503, "the disk of the library is full; nothing was lost, make room and try again"),
    "read_only": (503, "the library can be read but not written"),
}


class Problem(BaseModel):
    """An answer that says no."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    request_id: str


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe the answers that say no, for OpenAPI."""
    return {
        status: {
            "description": _TITLES[status],
            "content": {MEDIA_TYPE: {"schema": Problem.model_json_schema()}},
        }
        for status in statuses
    }


def problem(
    request_id: str, status: int, detail: str, code: str, headers: dict[str, str] | None = None
) -> Response:
    """Return an answer that says no."""
    body = Problem(
        title=_TITLES.get(status, "Error"), status=status, detail=printable(detail), code=code,
        request_id=request_id,
    )  # fmt: skip
    return Response(dumps(body.model_dump()), status, headers, MEDIA_TYPE)


def handle(app: FastAPI) -> None:
    """Make every error of the application an answer."""
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(RequestValidationError, _of_validation)
    app.add_exception_handler(MilerError, _of_miler)
    app.add_exception_handler(OSError, _of_fault)
    app.add_exception_handler(Exception, _of_fault)


def _of_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status, headers = error.status_code, dict(error.headers or {})
    return _told(request, status, str(error.detail), f"http_{status}", headers)


def _of_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"][1:])
    return _told(request, 422, f"{where or 'the body'}: {first['msg']}", "invalid")


def _of_miler(request: Request, error: Exception) -> Response:
    assert isinstance(error, MilerError)
    if isinstance(error, LibraryError):
        status, detail = _LIBRARY.get(error.code, (503, "the library cannot be used; `miler library check`"))
        return _told(request, status, detail, error.code, {"retry-after": "2"} if status == 503 else None)
    status = 422 if isinstance(error, SettingsError) else 500
    return _told(request, status, error.message, error.code)


def _of_fault(request: Request, error: Exception) -> Response:
    """Say nothing of the fault to the other side but its number, under which it is in the log."""
    _LOG.error("request %s failed", _id(request), exc_info=error)
    detail = "a fault in miler; its log has it under this request_id, please report it"
    return _told(request, 500, detail, "internal")


def _told(
    request: Request, status: int, detail: str, code: str, headers: dict[str, str] | None = None
) -> Response:
    """Return an answer that says no: a page to a browser that asked for one."""
    if request.url.path.startswith("/api/") or "text/html" not in request.headers.get("accept", ""):
        return problem(_id(request), status, detail, code, headers)
    title = _TITLES.get(status, "Error")
    view = {
        "title": title,
        "here": "problem",
        "page_token": "",
        "detail": printable(detail),
        "request_id": _id(request),
    }
    return HTMLResponse(template("problem").render(view), status, headers)


def _id(request: Request) -> str:
    return str(request.scope.get("state", {}).get("request_id", ""))
