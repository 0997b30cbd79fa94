"""An explanation in words, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from miler.report.document import Document, effort_document, pressed_document
from miler.report.look import Look
from miler.report.words import FLAGS, SOURCES, interval, sure_time
from miler.shown import printable
from miler.units import format_duration, length_name

if TYPE_CHECKING:  # see `words`
    from miler.explaining import Explanation

SCHEMA = "miler.explanation/1"
_WIDTH = 100


def explanation_document(found: Explanation, name: str) -> Document:
    """Return an explanation for `document.dumps`."""
    effort = found.effort
    return {
        "schema": SCHEMA,
        "source": name,
        "length_m": found.length_m,
        "effort": None if effort is None else effort_document(effort),
        "records": found.records,
        "records_inside": found.records_inside,
        "distance_source": found.source,
        "why_source": found.why_source,
        "positions_longer_by": found.difference,
        "noise": found.noise,
        "fixes_left_out": found.left_out,
        "findings": [{"code": n.code, "message": n.message, "at_s": n.at_s} for n in found.findings],
        "budget": [{"term": t.name, "sd_m": t.sd_m, "reason": t.reason} for t in found.terms],
        "candidates": [
            {"start_s": c.start_s, "elapsed_s": c.elapsed_s, "why": c.why} for c in found.candidates
        ],
        "record_s": found.record_s,
        "pressed": None
        if found.pressed is None or effort is None
        else pressed_document(found.pressed, effort),
        "settings": found.settings,
    }


def render(found: Explanation, name: str, look: Look | None = None) -> str:
    """Return an explanation in words, ending with a newline; 100 columns, no colours if `look` is None."""
    look = look or Look(_WIDTH)
    lines = look.wrap(f"{printable(name)}: the {length_name(found.length_m)}, explained", "━━ ", "   ")
    for title, sentences in (
        ("THE NUMBER", _number(found)),
        ("THE DISTANCE", _distance(found)),
        ("WHAT TOUCHED IT", _touched(found)),
        ("THE ERROR BUDGET", _budget(found)),
        ("WHAT LOST, AND WHY", _lost(found)),
        ("SETTINGS", _settings(found)),
    ):
        body = [line for said in sentences for line in look.wrap(printable(said), "  ", "    ")]
        if body:
            lines += ["", look.title(title), *body]
    return look.said("\n".join(lines)) + "\n"


def _number(found: Explanation) -> Iterator[str]:
    effort = found.effort
    if effort is None:
        yield f"No unbroken stretch of {length_name(found.length_m)} is in this recording."
        return
    yield (
        f"{sure_time(effort)} on the elapsed clock, exactly {effort.elapsed_s:.3f} s by the odometer: from "
        f"{effort.start_s:.3f} s ({effort.start_m:.2f} m) to {effort.end_s:.3f} s ({effort.end_m:.2f} m)."
    )
    yield (
        "One end lies on a record, the other is interpolated between two: of all such stretches this is the "
        "fastest, so no window slipped between the records."
    )
    if effort.elapsed_s - effort.timer_s > 1e-6:
        yield f"The timer clock, without pauses, says {format_duration(effort.timer_s)}."
    for flag in effort.flags:
        yield f"Flag {flag}: {FLAGS.get(flag, flag)}."
    for doubt in effort.doubts:
        yield f"No best: {doubt}."
    if effort.plausible:
        record = format_duration(found.record_s, 2)
        yield f"The fastest that anybody ran the length is {record}: it can be true."
    if found.pressed is not None:
        pressed = found.pressed
        yield f"The lap button says {format_duration(pressed.elapsed_s, 2)}; {pressed.explained(effort)}."


def _distance(found: Explanation) -> Iterator[str]:
    source = SOURCES.get(found.source, found.source)
    yield f"{source[:1].upper()}{source[1:]}: {found.why_source}."
    if found.effort is not None:
        yield f"{found.records_inside} of its {found.records} records lie within the stretch."
    if found.difference is not None:
        longer = "longer" if found.difference >= 0 else "shorter"
        yield f"Over the run the path through the positions is {100 * abs(found.difference):.2f} % {longer}."
    if found.noise > 0:
        verb = "was taken out of it" if found.source == "fixes" else "is taken out when the two are compared"
        yield f"The positions' noise makes their path {100 * found.noise:.2f} % too long; that {verb}."


def _touched(found: Explanation) -> Iterator[str]:
    if found.left_out:
        yield f"{found.left_out} positions far off the course were not believed."
    for note in found.findings:
        at = "" if note.at_s is None else f" (at {format_duration(note.at_s, 0)})"
        yield f"{note.code}: {note.message}{at}"
    if not found.left_out and not found.findings:
        yield "Nothing: every metre is as recorded."


def _budget(found: Explanation) -> Iterator[str]:
    effort = found.effort
    if effort is None or effort.evidence is None:
        return
    if effort.evidence.on_track:
        yield (
            f"None: paths along the lane as likely as the one found were drawn, and the fastest "
            f"{length_name(found.length_m)} of each lies within {interval(effort)} with 95 %: "
            f"grade {effort.evidence.grade}. {'; '.join(effort.evidence.reasons).capitalize()}."
        )
        return
    for term in found.terms:
        yield f"{term.sd_m:6.1f} m  {term.name}: {term.reason}"
    total_m = sum(t.sd_m**2 for t in found.terms) ** 0.5
    yield (
        f"{total_m:6.1f} m  in all (the root of the squares), {100 * total_m / found.length_m:.2f} % of the "
        f"length: grade {effort.evidence.grade}"
    )
    yield (
        f"So the true time lies within {interval(effort)} with 95 %: the fastest times of "
        f"{found.length_m - 1.96 * total_m:.0f} m and of {found.length_m + 1.96 * total_m:.0f} m, moved by "
        f"the {effort.optimism_s:.2f} s that picking the fastest of many stretches flatters."
    )


def _lost(found: Explanation) -> Iterator[str]:
    for c in found.candidates:
        yield f"{format_duration(c.elapsed_s, 1):>8} from {format_duration(c.start_s, 0)}: {c.why}"


def _settings(found: Explanation) -> Iterator[str]:
    if not found.settings:
        yield "All are the defaults."
    for name, value in found.settings.items():
        yield f"{name} = {value}"
