"""The pages: the library to look at. They only show; what they change goes through the API.

Numbers are written here and in `views`, markup is the templates', whose only escape is autoescape.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from pydantic import BeforeValidator, Field
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response

from miler import recordbook
from miler.errors import LibraryError, SettingsError
from miler.library import Filter, Library, Stored, doubles
from miler.library.comparing import compared, runner_of
from miler.library.importing import analysis_of
from miler.library.questions import said
from miler.pacelight import races
from miler.plan import Course, planned
from miler.report import html, listing, plans, trend_page
from miler.report.charts import GRID_X, GRID_Y
from miler.report.look import Look
from miler.report.records import records_document
from miler.report.runs import SPLITS, run_of
from miler.report.text import WIDTH
from miler.report.trend import sentences
from miler.report.years import paces, weeks
from miler.saying import KINDS, SURFACES
from miler.settings import LANES
from miler.trends import trend_of
from miler.units import MILE_M, UNIT_M, length_name, parse_distance
from miler.web import views
from miler.web.api import Id, Number
from miler.web.assets import asset, template
from miler.web.choosing import ChosenInForm
from miler.web.config import same
from miler.web.gate import COOKIE, LOGIN
from miler.web.hall import Hall, InHall

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

ROWS = 50  # a page of runs
_IN_A_PAGE = Look(WIDTH)  # columns that it has room for
_MONTH_S = 30 * 24 * 3600


def _missing(value: object) -> object:
    """An empty field of a form of filters is none."""
    return None if value == "" else value


Text = Annotated[Annotated[str, Field(max_length=200)] | None, BeforeValidator(_missing)]
PageNumber = Annotated[int, Query(ge=1, lt=2**20)]


def _page(hall: Hall, name: str, title: str, **view: Any) -> HTMLResponse:
    token = hall.config.derived("page")
    return HTMLResponse(template(name).render(title=title, here=name, page_token=token, **view))


@router.get("/")
def runs(
    hall: InHall,
    conditions: ChosenInForm,
    page: PageNumber = 1,
) -> Response:
    """Show the runs, the latest first."""
    chosen = conditions.filter()
    with hall.library() as library:
        rows = library.list(chosen, limit=ROWS, offset=(page - 1) * ROWS)
        total = library.count(chosen)
        best = library.best(MILE_M, limit=1) if chosen == Filter() and page == 1 else ()
    units = hall.config.settings.unit
    return _page(
        hall,
        "runs",
        "Runs",
        rows=[views.run(row, units) for row in rows],
        total=total,
        filters=views.filters(conditions),
        best=views.effort(best[0]) if best else None,
        pager=_pager("/", conditions.asked(), page, total),
    )


def _pager(path: str, asked: Mapping[str, str], page: int, total: int) -> dict[str, Any]:
    given = {key: value for key, value in asked.items() if value}
    last = max(1, -(-total // ROWS))

    def address(number: int) -> str | None:
        there = 1 <= number <= last and number != page
        return f"{path}?{urlencode({**given, 'page': number})}" if there else None

    return {"page": page, "last": last, "earlier": address(page + 1), "later": address(page - 1)}


@router.get("/activities/{number}")
def run(number: Number, hall: InHall) -> Response:
    """Show one run: the report, and what can be said of it."""
    with hall.library() as library:
        kept = library.get(number)
        try:
            page = html.render([analysis_of(library, number, hall.workers)])
        except LibraryError as error:
            if error.code != "no_original":
                raise
            page = ""  # what was kept of it is shown instead
        rival = _rival(library, kept)
    return _page(
        hall,
        "run",
        kept.title or str(kept.document["source"]["name"] or f"Run {number}"),
        number=number,
        kept=kept,
        words=listing.said_words({**vars(kept), "tags": ",".join(kept.tags)}),
        kinds=KINDS,
        surfaces=tuple(SURFACES),
        rival=rival,
        excluded=0.0 in kept.excluded_m,
        excluded_lengths=[(f"{m:g}m", length_name(m)) for m in kept.excluded_m if m],
        # The report stands alone with a style of its own; a page of the server brings that as a file.
        report=page.partition("<main>")[2].rpartition("</main>")[0],
        text="" if page else listing.shown(vars(kept), kept.text(_IN_A_PAGE), _IN_A_PAGE),
    )


def _rival(library: Library, kept: Stored) -> tuple[int, str] | None:
    """Return the run with the fastest mile but for this one; None if there are no two miles to compare."""
    if kept.document["fastest_mile"] is None:
        return None
    best = zip(library.best(MILE_M, limit=2), ("fastest", "second fastest"), strict=False)
    return next(
        ((row.activity_id, place) for row, place in best if row.activity_id != kept.activity_id), None
    )


@router.get("/compare")
def compare(hall: InHall, run: Annotated[tuple[Id, ...], Query(max_length=ROWS)] = ()) -> Response:
    """Show two miles side by side; of another number of runs, ask for two."""
    view, why = None, ""
    if len(run) == 2:
        with hall.library() as library:
            try:
                view = views.comparison(compared(*(runner_of(library.get(number)) for number in run)))
            except LibraryError as error:
                if error.code != "no_effort":
                    raise
                why = "One of them has no fastest mile."
    elif run:
        why = "Comparing takes two runs."
    return _page(hall, "compare", "Two miles", run=[*run, "", ""][:2], view=view, why=why)


@router.get("/duplicates")
def duplicates(hall: InHall, page: PageNumber = 1) -> Response:
    """Show the pairs that may be one run, and the runs from several files, each with the evidence."""
    with hall.library() as library, library.reading() as connection:
        total = doubles.counts(connection)
        asked = [_double(connection, row) for row in doubles.perhaps(connection, ROWS)]
        merged = [_double(connection, row) for row in doubles.merged(connection, ROWS, (page - 1) * ROWS)]
    return _page(
        hall,
        "duplicates",
        "Duplicates",
        total=total,
        asked=asked,
        merged=merged,
        pager=_pager("/duplicates", {}, page, total["same"]),
    )


def _double(connection: sqlite3.Connection, double: doubles.Double) -> views.View:
    numbers = dict.fromkeys(source.activity_id for source in double.sources)
    return views.double(double, {number: said(connection, number) for number in numbers})


@router.get("/bests")
def bests(hall: InHall, conditions: ChosenInForm, length: Text = None) -> Response:
    """Show the best effort of each length, or the ranking of one."""
    chosen = conditions.filter()
    filters = views.filters(conditions)
    with hall.library() as library:
        if length is not None:
            return _ranking(hall, library, parse_distance(length), chosen, filters)
        rows = [best for m in library.lengths() for best in library.best(m, chosen, limit=1)]
    asked = {key: value for key, value in conditions.asked().items() if value}
    return _page(
        hall,
        "bests",
        "Best efforts",
        filters=filters,
        rows=[views.effort(row) | {"address": _bests_of(row.length_m, asked)} for row in rows],
    )


def _bests_of(length_m: float, asked: Mapping[str, str]) -> str:
    return "/bests?" + urlencode({"length": views.length_text(length_m), **asked})


def _ranking(hall: Hall, library: Library, length_m: float, chosen: Filter, filters: views.View) -> Response:
    ranked, apart = (
        [views.effort(row) for row in library.best(length_m, chosen, limit=ROWS, excluded=out)]
        for out in (False, True)
    )
    return _page(
        hall,
        "ranking",
        f"Best {length_name(length_m)}",
        filters=filters,
        length=views.length_text(length_m),
        length_name=length_name(length_m),
        ranked=ranked,
        apart=apart,
    )


@router.get("/trend")
def trend(hall: InHall, length: Text = None) -> Response:
    """Show how the best of a length moved over the years."""
    length_m = MILE_M if length is None else parse_distance(length)
    with hall.library() as library:
        found = trend_of(length_m, library.history(length_m), {})
        bests = [library.get(season.best.activity_id) for season in found.seasons]
        known = library.lengths()
    lines = {kept.activity_id: run_of(kept.document, "mi", title=kept.title) for kept in bests}
    document = found.document()
    return _page(
        hall,
        "trend",
        f"{length_name(length_m)} over the years",
        asked={"length": length or "1mi"},
        lengths=[(views.length_text(m), length_name(m)) for m in known],
        length_name=length_name(length_m),
        sentences=sentences(document) if bests else (),
        chart=trend_page.chart(document) if bests else None,
        grid=(GRID_X, GRID_Y),
        seasons=views.seasons(document, {number: run.title for number, run in lines.items()}),
    )


@router.get("/years")
def years(hall: InHall) -> Response:
    """Show the weeks, and how often which pace was run."""
    settings = hall.config.settings
    units = settings.unit
    with hall.library() as library:
        days = library.days(settings.sports)
        times_s = library.split_times(SPLITS[units], UNIT_M[units], settings.sports)
    return _page(hall, "years", "Years", unit=units, weeks=weeks(days, units), paces=paces(times_s, units))


@router.get("/plan")
def plan(
    hall: InHall,
    time: Text = None,
    distance: Text = None,
    like: Text = None,
    course: Course = "400",
    lane: Annotated[int, Query(ge=1, le=LANES)] = 1,
) -> Response:
    """Show the splits to run for a goal."""
    asked = {"time": time or "", "distance": distance or "1mi", "like": like or "even"}
    made, why = None, ""
    if time is not None:
        try:
            made = planned(time, asked["distance"], asked["like"], course, lane)
        except SettingsError as error:
            why = error.message
    return _page(
        hall,
        "plan",
        "Plan",
        asked=asked | {"course": course, "lane": lane},
        races=list(races()),
        lanes=LANES,
        heading=plans.heading(made) if made else "",
        rows=plans.rows(made) if made else (),
        why=why,
    )


@router.get("/records")
def records(hall: InHall) -> Response:
    """Show the record book."""
    marks = [mark for mark in records_document(recordbook.marks()) if mark["current"]]
    return _page(hall, "records", "Records", books=views.books(marks))


@router.get("/upload")
def upload(hall: InHall) -> Response:
    """Show the page that files are dropped on."""
    return _page(hall, "upload", "Upload", largest_mib=hall.config.body_bytes >> 20)


@router.get(LOGIN)
def login(hall: InHall) -> Response:
    """Ask a browser for the token."""
    return _page(hall, "login", "Who are you?", wrong=False)


@router.post(LOGIN)
def log_in(request: Request, hall: InHall, token: Annotated[str, Form(max_length=500)] = "") -> Response:
    """Give a browser that shows the token a cookie, from which nobody can tell the token."""
    if not same(token, hall.config.token):
        answer = _page(hall, "login", "Who are you?", wrong=True)
        answer.status_code = 401
        return answer
    response = RedirectResponse("/", 303)
    session = hall.config.derived("session")
    response.set_cookie(COOKIE, session, max_age=_MONTH_S, httponly=True, samesite="strict")
    return response


@router.get("/static/{name}")
def static(name: str) -> Response:
    """Return a style sheet or a script: one of those that there are, by name, and no path."""
    found = asset(name)
    if found is None:
        raise HTTPException(404, "there is no such file")
    content, media_type = found
    return Response(content, media_type=media_type, headers={"cache-control": "public, max-age=31536000"})
