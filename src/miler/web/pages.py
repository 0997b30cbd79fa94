"""The pages: the library to look at. They only show; what they change goes through the API.

Numbers are written here and in `views`, markup is the templates', whose only escape is autoescape.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from pydantic import BeforeValidator, Field
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response

from miler import recordbook
from miler.errors import LibraryError
from miler.library import Filter, Library
from miler.library.importing import analysis_of
from miler.report import html, listing
from miler.report.records import records_document
from miler.units import MILE_M, length_name, parse_distance
from miler.web import views
from miler.web.api import Number
from miler.web.asking import fastest
from miler.web.assets import asset, template
from miler.web.config import same
from miler.web.gate import COOKIE, LOGIN
from miler.web.hall import Hall, InHall

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

ROWS = 50  # a page of runs
_MONTH_S = 30 * 24 * 3600


def _missing(value: object) -> object:
    """An empty field of a form of filters is none."""
    return None if value == "" else value


Day = Annotated[date | None, BeforeValidator(_missing)]
Text = Annotated[Annotated[str, Field(max_length=200)] | None, BeforeValidator(_missing)]
Year = Annotated[Annotated[int, Field(ge=1, le=9999)] | None, BeforeValidator(_missing)]


def _page(hall: Hall, name: str, title: str, **view: Any) -> HTMLResponse:
    token = hall.config.derived("page")
    return HTMLResponse(template(name).render(title=title, here=name, page_token=token, **view))


@router.get("/")
def runs(
    hall: InHall,
    since: Day = None,
    until: Day = None,
    sport: Text = None,
    device: Text = None,
    page: Annotated[int, Query(ge=1, lt=2**20)] = 1,
) -> Response:
    """Show the runs, the latest first."""
    chosen = Filter(since=since, until=until, sport=sport, device=device)
    with hall.library() as library:
        rows = library.list(chosen, limit=ROWS, offset=(page - 1) * ROWS)
        total = library.count(chosen)
        best = fastest(library, MILE_M, limit=1) if chosen == Filter() and page == 1 else ()
    asked = {"since": since, "until": until, "sport": sport, "device": device}
    units = hall.config.settings.units
    return _page(
        hall,
        "runs",
        "Runs",
        rows=[views.run(row, units) for row in rows],
        total=total,
        asked={key: str(value or "") for key, value in asked.items()},
        filtered=chosen != Filter(),
        best=views.effort(best[0]) if best else None,
        pager=_pager(asked, page, total),
    )


def _pager(asked: Mapping[str, object], page: int, total: int) -> dict[str, Any]:
    given = {key: value for key, value in asked.items() if value}
    last = max(1, -(-total // ROWS))

    def address(number: int) -> str | None:
        return "/?" + urlencode(given | {"page": number}) if 1 <= number <= last and number != page else None

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
    return _page(
        hall,
        "run",
        kept.title or str(kept.document["source"]["name"] or f"Run {number}"),
        number=number,
        kept=kept,
        excluded=0.0 in kept.excluded_m,
        excluded_lengths=[(f"{m:g}m", length_name(m)) for m in kept.excluded_m if m],
        # The report stands alone with a style of its own; a page of the server brings that as a file.
        report=page.partition("<main>")[2].rpartition("</main>")[0],
        text="" if page else listing.shown(vars(kept)),
    )


@router.get("/bests")
def bests(hall: InHall, length: Text = None, year: Year = None, sport: Text = None) -> Response:
    """Show the best effort of each length, or the ranking of one."""
    asked = {"length": length or "", "year": str(year or ""), "sport": sport or ""}
    with hall.library() as library:
        known = library.lengths()
        if length is not None:
            return _ranking(hall, library, parse_distance(length), year, sport, asked)
        rows = [best for m in known for best in fastest(library, m, limit=1, year=year, sport=sport)]
    return _page(hall, "bests", "Best efforts", asked=asked, rows=[views.effort(row) for row in rows])


def _ranking(
    hall: Hall,
    library: Library,
    length_m: float,
    year: int | None,
    sport: str | None,
    asked: Mapping[str, str],
) -> Response:
    ranked, apart = (
        [
            views.effort(row)
            for row in fastest(library, length_m, limit=50, year=year, sport=sport, excluded=out)
        ]
        for out in (False, True)
    )
    name = length_name(length_m)
    return _page(hall, "ranking", f"Best {name}", asked=asked, length_name=name, ranked=ranked, apart=apart)


@router.get("/trend")
def trend(hall: InHall, length: Text = None) -> Response:
    """Show the best of each year."""
    length_m = MILE_M if length is None else parse_distance(length)
    with hall.library() as library:
        seasons = views.seasons(library, length_m)
        known = library.lengths()
    return _page(
        hall,
        "trend",
        f"{length_name(length_m)}, year by year",
        asked={"length": length or "1mi"},
        lengths=[(views.length_text(m), length_name(m)) for m in known],
        seasons=seasons,
        chart=views.season_chart(seasons),
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
