"""Uploads in the shapes of intervals.icu and of Runalyze, for scripts that know those."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from miler.web.api import SHOWS_TOKEN, Json
from miler.web.asking import Landed
from miler.web.hall import Hall, InHall
from miler.web.problems import documented
from miler.web.receiving import FORM_WITH_FILES, form_of

router = APIRouter(
    prefix="/api/v1",
    dependencies=[SHOWS_TOKEN],
    tags=["as intervals.icu's and Runalyze's"],
    responses=documented(400, 401, 403, 405, 408, 413, 415, 421, 422, 500, 503),
)


@router.post(
    "/athlete/{athlete}/activities",
    status_code=201,
    openapi_extra=FORM_WITH_FILES,
    responses={200: {"description": "All of it was here before"}},
)
async def upload_as_intervals(
    athlete: Annotated[str, Path(max_length=100)], request: Request, hall: InHall
) -> Response:
    """Upload files as to intervals.icu: basic authentication, the user API_KEY and the token as password."""
    landed = await _landed(request, hall)
    ids = [number for one in landed for number in one.activity_ids]
    fields = dict(request.query_params)
    new = [number for one in landed if one.ending == "imported" for number in one.activity_ids]
    if new and fields.get("name"):
        with hall.library() as library:
            library.set(new[0], title=fields["name"][:500])
    answer = {
        "icu_athlete_id": athlete,
        "id": str(ids[0]) if ids else None,
        "activities": [{"icu_athlete_id": athlete, "id": str(number)} for number in ids],
        "messages": [one.message for one in landed if one.message],
    }
    return Json(answer, 201 if new else 200)


@router.post(
    "/activities/uploads",
    status_code=201,
    openapi_extra=FORM_WITH_FILES,
    responses={200: {"description": "It was here before"}},
)
async def upload_as_runalyze(request: Request, hall: InHall) -> Response:
    """Upload a file as to Runalyze: the token in a header of that name."""
    landed = await _landed(request, hall)
    first = landed[0]
    answer = {
        "activity_id": first.activity_ids[0] if first.activity_ids else None,
        "message": first.message or "imported",
    }
    return Json(answer, 201 if first.ending == "imported" else 200)


async def _landed(request: Request, hall: Hall) -> list[Landed]:
    form = await form_of(request, hall.config)
    landed = await asyncio.gather(*(hall.intake.land(one) for one in form.uploads))
    if all(one.ending == "failed" for one in landed):
        raise HTTPException(422, "; ".join(f"{one.name}: {one.message}" for one in landed))
    return landed
