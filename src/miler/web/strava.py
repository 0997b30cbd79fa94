"""The part of Strava's API that its clients need to upload a run and read it back.

Shapes follow Strava's reference, as far as an unmodified stravalib relies on it. Fields come in the
query (stravalib) or in the form (`curl -F`). Numbers that Strava rounds to seconds are rounded up.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import PurePath
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from miler.library import Filter, Library, Listed, Stored
from miler.library.places import real_path, stored_path
from miler.report.document import Document
from miler.timezone import at_the_place, zone
from miler.web.api import SHOWS_TOKEN, Json, Number
from miler.web.asking import Landed, known_contents
from miler.web.hall import InHall
from miler.web.problems import documented
from miler.web.receiving import FORM_WITH_FILES, form_of

router = APIRouter(
    prefix="/api/v3",
    tags=["as Strava's"],
    dependencies=[SHOWS_TOKEN],
    responses=documented(400, 401, 403, 405, 408, 413, 421, 500, 503),
)

_ATHLETE = {"id": 1, "resource_state": 1}
_SPORTS = {
    "running": "Run",
    "walking": "Walk",
    "hiking": "Hike",
    "cycling": "Ride",
    "swimming": "Swim",
    "rowing": "Rowing",
    "cross_country_skiing": "NordicSki",
}
_EFFORT_NAMES = {
    "400 m": "400m",
    "1 km": "1K",
    "2 miles": "2 mile",
    "5 km": "5K",
    "10 km": "10K",
    "10 miles": "10 mile",
    "half marathon": "Half-Marathon",
    "marathon": "Marathon",
}
_READY, _ERROR = "Your activity is ready.", "There was an error processing your activity."


@router.post("/uploads", status_code=201, openapi_extra=FORM_WITH_FILES, responses=documented(415, 422))
async def upload(request: Request, hall: InHall) -> Response:
    """Upload one file; it is in the library when this answers, so `activity_id` is there at once."""
    form = await form_of(request, hall.config)
    fields = form.fields | dict(request.query_params)
    landed = await hall.intake.land(form.uploads[0])
    if landed.ending == "imported" and fields.get("name"):
        with hall.library() as library:
            for number in landed.activity_ids:
                library.set(number, title=fields["name"][:500])
    return Json(_uploaded(landed, fields.get("external_id") or landed.name, new=True), 201)


@router.get("/uploads/{upload_id}", responses=documented(404, 422))
def uploaded(upload_id: Annotated[int, Path(ge=0, lt=2**52)], hall: InHall) -> Response:
    """Say what became of an upload, by the number that it was given."""
    prefix = f"{upload_id:013x}"
    with hall.library() as library:
        sha256 = _content(library, prefix)
        landed = next(known_contents(library, [sha256]), None) if sha256 else None
    if landed is None:
        raise HTTPException(404, "there was no such upload")
    return Json(_uploaded(landed, None, new=False))


def _content(library: Library, prefix: str) -> str | None:
    """Return the content whose hash begins so: an upload's number outlasts the server that gave it."""
    with library.reading() as connection:
        for table in ("sources", "files"):
            row = connection.execute(
                f"SELECT sha256 FROM {table} WHERE sha256 >= ? AND sha256 < ? LIMIT 1", (prefix, prefix + "g")
            ).fetchone()
            if row is not None:
                return str(row[0])
        # Nothing has an archive's own hash but the name under which it is kept, or was until it was read.
        beginning = stored_path(library.originals.address(prefix))
        row = connection.execute(
            "SELECT path FROM files WHERE path >= ?1 AND path < ?1 || 'g' LIMIT 1", (beginning,)
        ).fetchone()
    return None if row is None else PurePath(real_path(row[0])).name.partition(".")[0]


def _uploaded(landed: Landed, external_id: str | None, *, new: bool) -> Document:
    """Write an upload as Strava does; what was there before is an error to who sends it again."""
    number = int(landed.sha256[:13], 16)
    error = None
    if landed.ending in ("failed", "skipped") or (new and landed.ending == "duplicate"):
        error = f"{landed.name} {landed.message}".strip()
    return {
        "id": number,
        "id_str": str(number),
        "external_id": external_id,
        "error": error,
        "status": _READY if error is None else _ERROR,
        "activity_id": landed.activity_ids[0] if error is None and landed.activity_ids else None,
    }


@router.get("/activities/{number}", responses=documented(404, 422))
def activity(number: Number, hall: InHall) -> Response:
    """Return an activity with its best efforts, splits and laps."""
    with hall.library() as library:
        return Json(detailed(library.get(number)))


@router.get("/athlete")
def athlete() -> Response:
    """Return the one athlete of a library."""
    return Json(_ATHLETE | {"resource_state": 2, "firstname": "", "lastname": ""})


@router.get("/athlete/activities", responses=documented(422))
def activities(
    hall: InHall,
    before: Annotated[int | None, Query(ge=0, lt=2**36)] = None,
    after: Annotated[int | None, Query(ge=0, lt=2**36)] = None,
    page: Annotated[int, Query(ge=1, lt=2**31)] = 1,
    per_page: Annotated[int, Query(ge=1, le=200)] = 30,
) -> Response:
    """List activities, the latest first; before and after are seconds since 1970."""
    chosen = Filter(since=_day(after, -1), until=_day(before, 1))
    with hall.library() as library:
        if before is None and after is None:
            return Json([_listed(row) for row in library.list(limit=per_page, offset=(page - 1) * per_page)])
        # Days bound the question, seconds the answer.
        rows = [row for row in library.list(chosen) if _between(row, after, before)]
    return Json([_listed(row) for row in rows[(page - 1) * per_page : page * per_page]])


def _day(seconds: int | None, later: int) -> date | None:
    """Return a day that bounds the question: the runner's calendar is up to a day off that of UTC."""
    return None if seconds is None else (datetime.fromtimestamp(seconds, UTC) + timedelta(later)).date()


def _between(row: Listed, after: int | None, before: int | None) -> bool:
    if row.start_time is None:
        return False
    seconds = datetime.fromisoformat(row.start_time).timestamp()
    return (after is None or seconds > after) and (before is None or seconds < before)


def _listed(row: Listed) -> Document:
    return {
        "resource_state": 2,
        "id": row.activity_id,
        "athlete": _ATHLETE,
        "name": row.title or row.file,
        "sport_type": _SPORTS.get(row.sport, "Workout"),
        "type": _SPORTS.get(row.sport, "Workout"),
        "distance": row.distance_m,
        "elapsed_time": _whole(row.elapsed_s),
        "moving_time": _whole(row.timer_s if row.timer_s is not None else row.elapsed_s),
        **_times(row.start_time, row.time_zone, 0.0),
        "timezone": _zone_text(row.start_time, row.time_zone),
        "device_name": row.device,
    }


def detailed(kept: Stored) -> Document:
    """Write an activity as Strava's `DetailedActivity`."""
    document = kept.document
    summary = document["activity"]
    start, place = summary["start_time"], summary["time_zone"]
    sport = "TrailRun" if summary["sub_sport"] == "trail" else _SPORTS.get(kept.sport, "Workout")
    moving_s = summary["moving_s"] if summary["moving_s"] is not None else summary["elapsed_s"]
    owned = {
        "resource_state": 2,
        "activity": {"id": kept.activity_id, "resource_state": 1},
        "athlete": _ATHLETE,
    }
    return {
        "resource_state": 3,
        "id": kept.activity_id,
        "external_id": document["source"]["name"],
        "athlete": _ATHLETE,
        "name": kept.title or document["source"]["name"],
        "description": None,
        "sport_type": sport,
        "type": "Run" if sport == "TrailRun" else sport,
        "distance": summary["distance_m"],
        "elapsed_time": _whole(summary["elapsed_s"]),
        "moving_time": _whole(moving_s),
        "average_speed": _speed(summary["distance_m"], moving_s),
        **_times(start, place, 0.0),
        "timezone": _zone_text(start, place),
        "device_name": summary["device"],
        "best_efforts": [
            owned | _piece(effort, kept.activity_id * 1000 + i, start, place)
            | {"name": _EFFORT_NAMES.get(effort["name"], effort["name"]), "distance": effort["length_m"]}
            for i, effort in enumerate(document["efforts"], 1)
        ],
        "splits_metric": list(_splits(document["splits"]["km"])),
        "splits_standard": list(_splits(document["splits"]["mile"])),
        "laps": [
            owned | _piece(lap, kept.activity_id * 1000 + lap["index"], start, place) | _lap(lap)
            for lap in document["laps"]
        ],
    }  # fmt: skip


def _piece(part: Document, number: int, start: str | None, place: str | None) -> Document:
    timer_s = part["timer_s"] if part["timer_s"] is not None else part["elapsed_s"]
    return {
        "id": number,
        "elapsed_time": _whole(part["elapsed_s"]),
        "moving_time": _whole(timer_s),
        **_times(start, place, part["start_s"]),
    }


def _lap(lap: Document) -> Document:
    return {
        "name": f"Lap {lap['index']}",
        "lap_index": lap["index"],
        "split": lap["index"],
        "distance": lap["distance_m"],
        "average_speed": _speed(lap["distance_m"], lap["elapsed_s"]),
        "average_heartrate": lap["heart_rate_bpm"],
        "average_cadence": None
        if lap["cadence_spm"] is None
        else lap["cadence_spm"] / 2,  # Strava's is of one leg
        "total_elevation_gain": lap["climb_m"],
    }


def _splits(splits: list[Document]) -> Iterator[Document]:
    for split in splits:
        metres = split["end_m"] - split["start_m"]
        known = split["climb_m"] is not None and split["fall_m"] is not None
        yield {
            "split": split["index"],
            "distance": metres,
            "elapsed_time": _whole(split["elapsed_s"]),
            "moving_time": _whole(split["timer_s"]),
            "elevation_difference": split["climb_m"] - split["fall_m"] if known else None,
            "average_speed": _speed(metres, split["elapsed_s"]),
            "average_heartrate": split["heart_rate_bpm"],
            "pace_zone": 0,
        }


def _whole(seconds: float) -> int:
    return math.ceil(seconds - 1e-6)


def _speed(metres: float | None, seconds: float | None) -> float | None:
    return metres / seconds if metres is not None and seconds else None


def _times(start: str | None, place: str | None, after_s: float) -> Document:
    """Write a moment twice as Strava does: in UTC, and the runner's clock as if it were UTC."""
    if start is None:
        return {"start_date": None, "start_date_local": None}
    moment = datetime.fromtimestamp(datetime.fromisoformat(start).timestamp() + after_s, UTC)
    local = at_the_place(moment, place)
    return {
        "start_date": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
        "start_date_local": f"{local:%Y-%m-%dT%H:%M:%SZ}",
    }


def _zone_text(start: str | None, place: str | None) -> str | None:
    there = zone(place)
    if there is None or start is None:
        return None
    offset = f"{datetime.fromisoformat(start).astimezone(there):%z}"
    return f"(GMT{offset[:3]}:{offset[3:]}) {place}"
