"""miler's own API, `/api/v1`: the library's words over HTTP. docs/reference/api.md tells it."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.security import HTTPBearer
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

import miler
from miler.library import Best, Listed, Stored
from miler.library import doubles as found_twice
from miler.library.doubles import Double
from miler.library.doubles import Kind as HowSure
from miler.library.exporting import original_of
from miler.report.document import dumps
from miler.units import MILE_M, parse_distance
from miler.web.asking import Landed, known_contents
from miler.web.choosing import Chosen, Kind, Surface, Text
from miler.web.hall import Hall, InHall
from miler.web.problems import documented
from miler.web.receiving import BYTES, FORM_WITH_FILES, body_of, form_of

_ALWAYS = (400, 401, 403, 405, 408, 413, 421, 500, 503)
SHOWS_TOKEN = Depends(HTTPBearer(auto_error=False, description="the gate asks for it, of who writes"))
router = APIRouter(
    prefix="/api/v1", tags=["miler"], responses=documented(*_ALWAYS), dependencies=[SHOWS_TOKEN]
)

MOST_ROWS = 500
Number = Annotated[int, Path(ge=1, lt=2**53, description="the activity's number in the library")]
Length = Annotated[str | None, Query(max_length=40, description="as runners write it: 1mi, 5k, 400m")]
Limit = Annotated[int, Query(ge=1, le=MOST_ROWS)]
Offset = Annotated[int, Query(ge=0, lt=2**31)]
Id = Annotated[int, Field(ge=1, lt=2**53)]
Hash = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Json(Response):
    """JSON as reports write it: what does not show is escaped, and a name that is no UTF-8 does no harm."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Write it out."""
        return dumps(content).encode("utf-8")


class Result(BaseModel):
    """What became of one file."""

    name: str
    sha256: str
    ending: Literal["imported", "duplicate", "skipped", "failed"]
    activity_ids: list[int]
    code: str | None
    message: str | None


class Results(BaseModel):
    """What became of each file of a form."""

    results: list[Result]


class Asked(BaseModel):
    """Contents, by the SHA-256 of their bytes."""

    sha256: list[Hash] = Field(max_length=1000)


class Known(BaseModel):
    """What became of those that were here before; the others are absent."""

    known: list[Result]


class Page(BaseModel):
    """Some activities, the latest first."""

    total: int
    activities: list[Listed]


class Bests(BaseModel):
    """The fastest efforts of a length, elapsed clock, one an activity; and those that were excluded."""

    length_m: float
    bests: list[Best]
    excluded: list[Best]


class Lengths(BaseModel):
    """The lengths of which there are efforts, metres."""

    lengths_m: list[float]


class Kept(BaseModel):
    """One activity: what the runner said, and its document `miler.analysis/1`."""

    activity_id: int
    title: str | None
    tags: list[str]
    sport: str
    kind: str | None
    surface: str | None
    shoes: str | None
    wind: str | None
    excluded_m: list[float]
    analysis: dict[str, Any]


class Said(BaseModel):
    """What the file does not say; null takes it back."""

    model_config = ConfigDict(extra="forbid")

    title: str | None = Field(default=None, max_length=500)
    tags: str | None = Field(default=None, max_length=500, description="words with commas between")
    sport: str | None = Field(default=None, max_length=60)
    kind: Kind | None = None
    surface: Surface | None = None
    shoes: Text | None = None
    wind: Text | None = None


class Doubles(BaseModel):
    """Runs from several files, or pairs that may be one run, in order of numbers."""

    total: int
    duplicates: list[Double]


class Some(BaseModel):
    """Some activities, by their numbers."""

    model_config = ConfigDict(extra="forbid")

    activity_ids: list[Id] = Field(min_length=1, max_length=50)


class Status(BaseModel):
    """Who answers."""

    program: Literal["miler"]
    version: str
    activities: int


def result(landed: Landed) -> dict[str, Any]:
    """Return what became of an upload, as it is written."""
    return asdict(landed)


@router.get("/status", response_model=Status)
def status(hall: InHall) -> Response:
    """Say who answers, and how many activities there are."""
    with hall.library() as library:
        return Json({"program": "miler", "version": miler.__version__, "activities": library.count()})


@router.post(
    "/uploads",
    response_model=Results,
    status_code=201,
    openapi_extra=FORM_WITH_FILES,
    responses={200: {"model": Results, "description": "Nothing new among them"}, **documented(415, 422)},
)
async def upload(request: Request, hall: InHall) -> Response:
    """Upload up to 20 files in one form; each is in the library when this answers."""
    form = await form_of(request, hall.config)
    landed = await asyncio.gather(*(hall.intake.land(one) for one in form.uploads))
    new = any(one.ending == "imported" for one in landed)
    return Json({"results": [result(one) for one in landed]}, 201 if new else 200)


async def _import(request: Request, hall: Hall, name: str | None) -> Response:
    landed = await hall.intake.land(await body_of(request, name))
    if landed.ending == "failed":
        raise HTTPException(422, landed.message or "the file cannot be read")
    return Json(result(landed), 201 if landed.ending == "imported" else 200)


_RAW: dict[str, Any] = {
    "response_model": Result,
    "status_code": 201,
    "openapi_extra": BYTES,
    "responses": {200: {"model": Result, "description": "Known already, or no activity"}, **documented(422)},
}
_Name = Annotated[str | None, Query(max_length=1000, description="what the file is called")]
_Key = Annotated[
    str | None,
    Query(
        alias="key", max_length=200, description="the upload key, where headers cannot be set; also api-key"
    ),
]


@router.post("/import/generic", **_RAW)
async def import_generic(request: Request, hall: InHall, name: _Name = None, key: _Key = None) -> Response:
    """Upload one file as the body, for what cannot make forms: `curl --data-binary @run.fit`."""
    return await _import(request, hall, name)


@router.post("/import/fitotrack", **_RAW)
async def import_fitotrack(request: Request, hall: InHall, name: _Name = None, key: _Key = None) -> Response:
    """Upload one file as FitoTrack's automatic export does."""
    return await _import(request, hall, name)


@router.post("/known", response_model=Known, responses=documented(422))
def known(asked: Asked, hall: InHall) -> Response:
    """Say which contents need not be sent, and what became of them; changes nothing."""
    with hall.library() as library:
        return Json({"known": [result(one) for one in known_contents(library, asked.sha256)]})


@router.get("/activities", response_model=Page, responses=documented(422))
def activities(
    hall: InHall,
    conditions: Chosen,
    limit: Limit = 50,
    offset: Offset = 0,
) -> Response:
    """List activities, the latest first; days are those of the runner's calendar."""
    chosen = conditions.filter()
    with hall.library() as library:
        rows = library.list(chosen, limit=limit, offset=offset)
        return Json({"total": library.count(chosen), "activities": [asdict(row) for row in rows]})


@router.get("/activities/{number}", response_model=Kept, responses=documented(404, 422))
def activity(number: Number, hall: InHall) -> Response:
    """Return all that is known of an activity."""
    with hall.library() as library:
        return Json(_shown(library.get(number)))


def _shown(kept: Stored) -> dict[str, Any]:
    """What others may see of it: not where its file lies on this machine."""
    values = asdict(kept)
    values["analysis"] = values.pop("document")
    del values["files"], values["outline"], values["report"]
    return values


@router.patch("/activities/{number}", response_model=Kept, responses=documented(404, 422))
def say(number: Number, said: Said, hall: InHall) -> Response:
    """Say of an activity what its file does not; what is left out stays as it is."""
    with hall.library() as library:
        library.set(number, **said.model_dump(exclude_unset=True))
        return Json(_shown(library.get(number)))


@router.delete("/activities/{number}", status_code=204, responses=documented(404, 422))
def delete(number: Number, hall: InHall) -> Response:
    """Take an activity out of the library; its file stays, and uploading it again does not bring it back."""
    with hall.library() as library:
        library.delete(number)
    return Response(status_code=204)


@router.put("/activities/{number}/exclusion", response_model=Kept, responses=documented(404, 422))
def exclude(number: Number, hall: InHall, length: Length = None) -> Response:
    """Leave an activity's efforts, or its one of a length, out of the bests."""
    with hall.library() as library:
        library.exclude(number, None if length is None else parse_distance(length))
        return Json(_shown(library.get(number)))


@router.delete("/activities/{number}/exclusion", response_model=Kept, responses=documented(404, 422))
def include(number: Number, hall: InHall, length: Length = None) -> Response:
    """Take an exclusion back: of one length, or all of the activity's."""
    with hall.library() as library:
        library.include(number, None if length is None else parse_distance(length))
        return Json(_shown(library.get(number)))


@router.get(
    "/activities/{number}/original",
    response_class=Response,
    responses={
        200: {"description": "The file", "content": {"application/octet-stream": {}}},
        **documented(404, 422),
    },
)
def original(number: Number, hall: InHall) -> Response:
    """Return the file as it came, to be saved: a browser must not open what somebody else wrote."""
    with hall.library() as library:
        found, data, _ = original_of(library, number)
    name = quote(found.name.replace("\\", "/").rpartition("/")[2].encode("utf-8", "replace"))
    headers = {
        "content-disposition": f"attachment; filename*=utf-8''{name}",
        "content-security-policy": "sandbox; default-src 'none'",
    }
    return Response(data.data, media_type="application/octet-stream", headers=headers)


@router.get("/duplicates", response_model=Doubles, responses=documented(422))
def duplicates(hall: InHall, kind: HowSure = "same", limit: Limit = 50, offset: Offset = 0) -> Response:
    """List the runs from several files with the evidence, or the pairs that are `perhaps` one run."""
    ask = found_twice.merged if kind == "same" else found_twice.perhaps
    with hall.library() as library, library.reading() as connection:
        rows = [asdict(row) for row in ask(connection, limit, offset)]
        return Json({"total": found_twice.counts(connection)[kind], "duplicates": rows})


@router.post("/merge", response_model=Some, responses=documented(404, 409, 422))
def merge(some: Some, hall: InHall) -> Response:
    """Make activities one, with all their files; returns its number, the smallest of them."""
    with hall.library() as library:
        return Json({"activity_ids": [library.merge(*some.activity_ids)]})


@router.post("/unmerge", response_model=Some, responses=documented(404, 409, 422))
def unmerge(some: Some, hall: InHall) -> Response:
    """Make each file of an activity one of its own; or say of several that they are not one run."""
    with hall.library() as library:
        return Json({"activity_ids": library.unmerge(*some.activity_ids)})


@router.get("/lengths", response_model=Lengths)
def lengths(hall: InHall) -> Response:
    """Return the lengths of which there are efforts."""
    with hall.library() as library:
        return Json({"lengths_m": list(library.lengths())})


@router.get("/bests", response_model=Bests, responses=documented(422))
def bests(
    hall: InHall,
    conditions: Chosen,
    length: Length = None,
    limit: Limit = 10,
) -> Response:
    """Rank the fastest efforts of a length, a mile if none is named."""
    length_m = MILE_M if length is None else parse_distance(length)
    with hall.library() as library:
        ranked, apart = (
            library.best(length_m, conditions.filter(), limit=limit, excluded=excluded)
            for excluded in (False, True)
        )
    rows = {"bests": [asdict(b) for b in ranked], "excluded": [asdict(b) for b in apart]}
    return Json({"length_m": length_m, **rows})
