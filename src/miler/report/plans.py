"""A plan as text, and as plain values for JSON."""

from __future__ import annotations

from typing import Any

from miler.plan import Plan
from miler.report.layout import Column, fitted, laid_out
from miler.report.look import Look
from miler.units import format_duration, length_name, pace_figure

_COURSES = {"400": "a 400 m track", "200": "a 200 m track", "road": "the road, in quarters"}


def heading(plan: Plan) -> str:
    """Say what the plan is for."""
    return (
        f"{length_name(plan.length_m)} in {format_duration(plan.goal_s)} · {plan.like} · "
        f"on {_COURSES[plan.course]}" + (f", lane {plan.lane}" if plan.lane > 1 else "")
    )


def rows(plan: Plan) -> list[tuple[str, ...]]:
    """Return the splits to run: number, metres, time, time in all, pace of a mile and of a kilometre."""
    return [
        (
            str(split.index),
            f"{split.end_m - split.start_m:.1f}",
            format_duration(split.split_s),
            format_duration(split.total_s),
            pace_figure(split.pace_s_per_km, "mi"),
            pace_figure(split.pace_s_per_km, "km"),
        )
        for split in plan.splits
    ]


def render_plan(plan: Plan, look: Look) -> str:
    """Write the splits to run, for a hand or a wrist."""
    heads = {"": 0, "metres": 0, "split": 0, "total": 0, "/mi": 1, "/km": 2}
    cells = zip(*rows(plan), strict=True)
    columns = [Column(head, column, rank) for (head, rank), column in zip(heads.items(), cells, strict=True)]
    return "\n".join([*fitted(heading(plan), look), "", *laid_out(columns, look)]) + "\n"


def plan_document(plan: Plan) -> dict[str, Any]:
    """Return a plan as plain values: metres, seconds, seconds per kilometre."""
    return {
        "schema": "miler.plan/1",
        "length_m": plan.length_m,
        "goal_s": plan.goal_s,
        "like": plan.like,
        "course": plan.course,
        "lane": plan.lane,
        "splits": [
            {
                "index": split.index,
                "start_m": split.start_m,
                "end_m": split.end_m,
                "split_s": split.split_s,
                "total_s": split.total_s,
                "pace_s_per_km": split.pace_s_per_km,
            }
            for split in plan.splits
        ],
    }
