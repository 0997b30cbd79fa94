"""No glitch sets a best: our own receivers' faults in simulated runs, positions and distance both."""

from __future__ import annotations

import numpy as np
import pytest

from devtools.glitches import KINDS, glitched
from devtools.population import checked_watch, phone
from miler.analysis import analyse
from miler.crediting import measure
from miler.settings import Settings
from miler.units import MILE_M

ONLY_MILE = Settings(effort_lengths_m=(MILE_M,))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("watch", [checked_watch, phone], ids=["watch", "phone"])
def test_no_glitch_makes_the_best_mile_faster_than_its_uncertainty(kind: str, watch: object) -> None:
    harmed = tried = 0
    for seed in range(6):
        rng = np.random.default_rng([seed, KINDS.index(kind)])
        activity = watch(rng).activity  # type: ignore[operator]
        clean = analyse(activity, ONLY_MILE).mile
        injured = analyse(glitched(activity, rng, kind), ONLY_MILE).mile
        if clean is None or injured is None:
            continue
        tried += 1
        harmed += clean.effort.elapsed_s - injured.effort.elapsed_s > clean.effort.uncertainty_s
    assert tried >= 5
    assert harmed == 0


def test_a_glitch_changes_what_it_says_and_the_activity_stays_as_it_was() -> None:
    activity = checked_watch(np.random.default_rng(2)).activity
    before = activity["distance"].copy()
    for kind in KINDS:
        changed = glitched(activity, np.random.default_rng(1), kind)
        assert np.array_equal(activity["distance"], before)
        assert not (
            np.array_equal(changed.elapsed, activity.elapsed) and np.array_equal(changed["distance"], before)
        ), kind
    with pytest.raises(ValueError, match="a glitch is one of"):
        glitched(activity, np.random.default_rng(1), "flood")


def test_a_reset_beside_a_leap_takes_its_speed_from_sound_steps_only() -> None:
    activity = checked_watch(np.random.default_rng(3)).activity
    injured = glitched(activity, np.random.default_rng(5), "clock")
    clean, found = measure(activity), measure(injured)
    assert abs(found.total_m - clean.total_m) < 0.02 * clean.total_m
