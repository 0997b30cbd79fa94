"""Bytes of a request → uploads: forms with files, and bodies that are one file."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException

from miler.web.config import Config
from miler.web.intake import Upload

LONGEST_NAME = 255

FORM_WITH_FILES: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {
                            "type": "string",
                            "format": "binary",
                            "description": "FIT, GPX, TCX, gz or zip",
                        }
                    },
                }
            }
        },
    }
}
BYTES: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@dataclass(frozen=True)
class Form:
    """What a form held: its files, and its other fields."""

    uploads: tuple[Upload, ...]
    fields: dict[str, str]


async def form_of(request: Request, config: Config) -> Form:
    """Read a form with at least one file.

    Raises:
        HTTPException: 413 for too many or too large parts, 415 for another content, 422 without a file.
    """
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise HTTPException(415, "send a form with a file: multipart/form-data, a part with a filename")
    limits = {"max_files": config.part_count, "max_fields": config.part_count}
    try:
        async with request.form(**limits, max_part_size=config.field_bytes) as form:
            parts = [(name, value) for name, value in form.multi_items()]
            files = [value for _, value in parts if isinstance(value, UploadFile)]
            fields = {name: value for name, value in parts if isinstance(value, str)}
            uploads = [named(file.filename, await file.read()) for file in files]
    except (HTTPException, MultiPartException) as error:
        raise _explained(error) from None
    if len(parts) > config.part_count:
        raise HTTPException(413, f"more than {config.part_count} parts in one form")
    if not uploads:
        raise HTTPException(422, "the form has no file: give it a part named file, with a filename")
    return Form(tuple(uploads), fields)


def _explained(error: Exception) -> HTTPException:
    """Tell a form that is too much from one that is broken; starlette says 400 of both."""
    said = str(getattr(error, "detail", None) or getattr(error, "message", error))
    status = getattr(error, "status_code", 400)
    return HTTPException(413 if said.startswith(("Too many", "Part exceeded")) else status, said)


async def body_of(request: Request, name: str | None) -> Upload:
    """Read a body that is one file.

    Raises:
        HTTPException: 422 for an empty one.
    """
    data = await request.body()
    if not data:
        raise HTTPException(422, "the body is empty; send the bytes of a file")
    return named(name, data)


def named(name: str | None, data: bytes) -> Upload:
    """Return an upload under the last part of its name, which is a label: nothing is ever opened by it."""
    last = (name or "").replace("\\", "/").rpartition("/")[2].replace("\x00", "")
    return Upload(last[:LONGEST_NAME].strip() or f"upload-{sha256(data).hexdigest()[:8]}", data)
