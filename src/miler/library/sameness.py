"""Whether two recordings are of the same run: by time and place, not by when they say that they began.

Nothing here touches the library: fingerprints in, evidence and groups out. docs/reference/library.md has the
rules; the numbers are those of real recordings (`python -m benchmarks.duplicates`), in which copies of
one recording lie 0.0 to 0.1 m apart at the same moments, and two recorders of one run 4 to 18 m.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median
from typing import Literal

from miler.library.fingerprint import SCALES, Column, Fingerprint
from miler.library.grouping import COPIES

Verdict = Literal["same", "perhaps"]

ZONE_STEP_S, FARTHEST_ZONE_S = 900, 14 * 3600  # clocks of the world are whole quarters of an hour from UTC
LONGEST_S = 30 * 3600  # a longer recording is known by its first 30 hours only

_METRES_A_DEGREE = 111_195.0  # of a great circle; gaps of metres need no ellipsoid

_SHORTEST_S = 10.0
_TOLD_S = 1.0  # formats round moments to the second
_COPY_CLOCK_S, _COPY_M, _COPY_MOST_M = 2.5, 1.0, 4.0
_COPY_DISTANCE_M, _COPY_MOST_DISTANCE_M = 0.5, 2.0
_COPY_BPM, _COPY_MOST_BPM = 0.5, 1.5
_SLIPPED_S = 60.0
_NEAR_M, _NEAR_SHARE = 30.0, 0.15
_FEW, _SOME, _MANY = 4, 12, 20  # moments that are enough to see a copy, a body, a scatter
_MOVING_MPS = 1.0
_HEARTS_BPM, _HEARTS_MOST_BPM, _OTHER_HEART_BPM = 2.0, 6.0, 12.0
_OTHER_STEPS_SPM, _OTHER_SENSOR_SPM = 3.0, 20.0
_SCATTER_M, _SCATTER_RATIO, _SCATTER_FREE_M = 4.0, 1.5, 0.5
_PRESS_S, _PRESSED_FOR_S = 2.0, 600.0
_ANY_SPORT = ("unknown", "generic", "other")
_ON_FOOT = ("running", "walking", "hiking", "trail_running")


@dataclass(frozen=True)
class Evidence:
    """Why two recordings are taken for one run, or may be.

    Attributes:
        verdict: `same`, or `perhaps`: the runner is asked.
        why: a sentence's end, such as "their heart rates agree".
        overlap_s, overlap_percent: how long both recorded, and how much of the shorter one that is.
        clock_s: by how much the second one's clock is ahead.
        gap_m: median distance between their tracks at the same moments, clocks set alike; None without.
    """

    verdict: Verdict
    why: str
    overlap_s: float
    overlap_percent: float
    clock_s: float
    gap_m: float | None


def compare(a: Fingerprint, b: Fingerprint) -> Evidence | None:
    """Hold two recordings against each other; None if they are not of one run.

    As they are first, then with one clock off by a time zone, for some write local time and call it UTC.
    """
    if a.begin_s is None or a.end_s is None or b.begin_s is None or b.end_s is None:
        return None
    ways = slips((a.begin_s, a.end_s), (b.begin_s, b.end_s))
    found = [evidence for slip_s in ways if (evidence := _held(a, b, slip_s)) is not None]
    return min(found, key=lambda evidence: evidence.verdict != "same", default=None)


def slips(a_s: tuple[float, float], b_s: tuple[float, float]) -> list[int]:
    """Return by how much the second clock may be ahead, given when both began and ended.

    Nothing, where they overlap; or whole quarters of an hour, where the beginnings or the ends then fit.
    """
    found = [0] if min(a_s[1], b_s[1]) - max(a_s[0], b_s[0]) >= _SHORTEST_S else []
    for ahead_s in (b_s[0] - a_s[0], b_s[1] - a_s[1]):
        slip_s = round(ahead_s / ZONE_STEP_S) * ZONE_STEP_S
        if abs(slip_s) <= FARTHEST_ZONE_S and abs(ahead_s - slip_s) <= _SLIPPED_S and slip_s not in found:
            found.append(slip_s)
    return found


@dataclass(frozen=True)
class _Both:
    """Two recordings over the time that both recorded, the second's clock set back by a slip."""

    a: Fingerprint
    b: Fingerprint
    slip_s: int
    begin_s: float
    end_s: float

    @property
    def overlap_s(self) -> float:
        return self.end_s - self.begin_s

    @property
    def apart_s(self) -> tuple[float, float]:
        """How far apart they began, and ended."""
        return abs(self._ahead(self.a.begin_s, self.b.begin_s)), abs(self._ahead(self.a.end_s, self.b.end_s))

    def _ahead(self, a_s: float | None, b_s: float | None) -> float:
        return (b_s or 0.0) - (a_s or 0.0) - self.slip_s

    def shares(self) -> tuple[float, float]:
        """How much of the shorter one, and of the longer one, the overlap is."""
        lengths = sorted((one.end_s or 0.0) - (one.begin_s or 0.0) for one in (self.a, self.b))
        shorter, longer = (min(1.0, self.overlap_s / max(length, 1e-9)) for length in lengths)
        return shorter, longer

    def pairs(self, *names: str) -> list[tuple[float, ...]]:
        """Values of both at common moments: the first one's of each name, then the second's."""
        if any(name not in one.columns for name in names for one in (self.a, self.b)):
            return []
        step = max(self.a.every_s, self.b.every_s)
        columns = [
            (one.columns[name], one.first_s + ahead, one.every_s, SCALES[name])
            for one, ahead in ((self.a, 0), (self.b, -self.slip_s))
            for name in names
        ]
        rows = []
        for at_s in range(math.ceil(self.begin_s / step) * step, math.floor(self.end_s) + 1, step):
            row = [_value(column, (at_s - first_s) // every_s) for column, first_s, every_s, _ in columns]
            if None not in row:
                rows.append(tuple(v / c[3] for v, c in zip(row, columns, strict=True) if v is not None))
        return rows


def _value(column: Column, i: int) -> int | None:
    return column[i] if 0 <= i < len(column) else None


@dataclass(frozen=True)
class _Tracks:
    """How two tracks lie to each other; `along_m` and `across_m` are the scatters of their gap."""

    moments: int
    moving: int
    lag_s: float
    gap_m: float
    most_m: float
    along_m: float
    across_m: float


def _tracks(both: _Both) -> _Tracks | None:
    """Compare positions; a constant difference of clocks, up to half a minute, is taken out."""
    rows = [_plane(*row) for row in both.pairs("latitude", "longitude", "northward", "eastward")]
    if not rows:
        return None
    moving = [row for row in rows if math.hypot(row[2], row[3]) > _MOVING_MPS]
    lags = [(x * u + y * v) / (u * u + v * v) for x, y, u, v in moving]
    lag_s = median(lags) if len(lags) >= _FEW and abs(median(lags)) <= 30 else 0.0
    rest = [(x - lag_s * u, y - lag_s * v, u, v) for x, y, u, v in rows]
    gap_m, most_m = _spread(math.hypot(x, y) for x, y, _, _ in rest)
    turned = [(x, y, u, v, math.hypot(u, v)) for x, y, u, v in rest if math.hypot(u, v) > _MOVING_MPS]
    return _Tracks(
        moments=len(rows),
        moving=len(turned),
        lag_s=lag_s,
        gap_m=gap_m,
        most_m=most_m,
        along_m=_scatter([(x * u + y * v) / speed for x, y, u, v, speed in turned]),
        across_m=_scatter([(x * v - y * u) / speed for x, y, u, v, speed in turned]),
    )


def _plane(*row: float) -> tuple[float, float, float, float]:
    """The gap from one to the other, metres east and north, and their speed, m/s east and north."""
    latitude1, longitude1, north1, east1, latitude2, longitude2, north2, east2 = row
    shrunk = math.cos(math.radians(latitude1)) * _METRES_A_DEGREE
    east = ((longitude2 - longitude1 + 180.0) % 360.0 - 180.0) * shrunk
    north = (latitude2 - latitude1) * _METRES_A_DEGREE
    return east, north, (east1 + east2) / 2 * shrunk, (north1 + north2) / 2 * _METRES_A_DEGREE


def _spread(sizes: Iterable[float]) -> tuple[float, float]:
    """The median, and what nine of ten stay under."""
    ordered = sorted(sizes)
    return median(ordered), ordered[math.ceil(0.9 * len(ordered)) - 1]


def _scatter(values: list[float]) -> float:
    """Median absolute deviation; infinite for too few to say."""
    if len(values) < _MANY:
        return math.inf
    middle = median(values)
    return median(abs(v - middle) for v in values)


def _held(a: Fingerprint, b: Fingerprint, slip_s: int) -> Evidence | None:
    begin_s = max(a.begin_s or 0.0, (b.begin_s or 0.0) - slip_s)
    both = _Both(a, b, slip_s, begin_s, min(a.end_s or 0.0, (b.end_s or 0.0) - slip_s))
    if both.overlap_s < _SHORTEST_S:
        return None
    tracks = _tracks(both)
    told = _told_as_copy(both, tracks) or (_told_as_recorders(both, tracks) if _one_sport(a, b) else None)
    if told is None:
        return None
    lag_s, gap_m = (tracks.lag_s, round(tracks.gap_m, 1)) if tracks else (0.0, None)
    clock_s = round(slip_s - lag_s, 1) + 0.0
    return Evidence(*told, round(both.overlap_s, 1), round(100 * both.shares()[0], 1), clock_s, gap_m)


def _one_sport(a: Fingerprint, b: Fingerprint) -> bool:
    sports = {"on foot" if one.sport in _ON_FOOT else one.sport for one in (a, b)}
    return len(sports - set(_ANY_SPORT)) < 2


def _told_as_copy(both: _Both, tracks: _Tracks | None) -> tuple[Verdict, str] | None:
    """Whether both are one recording, whatever it was written as, and how much of it was kept."""
    if not _one_recording(both, tracks):
        return None
    whole = both.shares()[1]
    if not _one_sport(both.a, both.b) and whole < 0.95:
        return None  # a session of several sports, and one of them
    if whole < 0.5 and both.apart_s[0] > _SLIPPED_S:
        return "perhaps", "one is a part of the other"
    return "same", COPIES


def _one_recording(both: _Both, tracks: _Tracks | None) -> bool:
    if tracks is not None and tracks.moments >= _FEW:
        enough = not both.slip_s or tracks.moving >= _SOME
        alike = tracks.gap_m <= _COPY_M and tracks.most_m <= _COPY_MOST_M
        return enough and alike and abs(tracks.lag_s) <= _COPY_CLOCK_S
    channels = _channels(both)
    if False in channels or both.apart_s[0] > _PRESS_S:
        return False
    if channels.count(True) >= (2 if both.slip_s else 1):
        return not both.slip_s or max(both.apart_s) <= _TOLD_S
    return not both.slip_s and _told_alike(both, tracks)


def _channels(both: _Both) -> list[bool]:
    """Whether distance and heart rate are those of one recording, as far as both have enough of them."""
    distances = [d2 - d1 for d1, d2 in both.pairs("distance")]
    hearts = [abs(h2 - h1) for h1, h2 in both.pairs("heart_rate")]
    found = []
    if len(distances) >= _FEW:
        middle, most = _spread(abs(d - median(distances)) for d in distances)
        found.append(middle <= _COPY_DISTANCE_M and most <= _COPY_MOST_DISTANCE_M)
    if len(hearts) >= _FEW:
        middle, most = _spread(hearts)
        found.append(middle <= _COPY_BPM and most <= _COPY_MOST_BPM)
    return found


def _told_alike(both: _Both, tracks: _Tracks | None) -> bool:
    """Of a few records only: whether all that is told of them is alike."""
    distance_m = max(both.a.distance_m, both.b.distance_m)
    alike = distance_m > 0 and abs(both.a.distance_m - both.b.distance_m) <= 1.0 + distance_m / 1000
    hearts = [abs(h2 - h1) for h1, h2 in both.pairs("heart_rate")]
    shared = tracks is not None or bool(hearts) or bool(both.pairs("distance"))
    placed = tracks is None or tracks.most_m <= _COPY_M
    close = max(both.apart_s) <= _TOLD_S and max(hearts, default=0.0) <= _COPY_MOST_BPM
    return alike and shared and placed and close


def _told_as_recorders(both: _Both, tracks: _Tracks | None) -> tuple[Verdict, str] | None:
    """Whether two recorders were on one run, and on one body.

    Two who run side by side are at the same places at the same moments too. So something has to
    tell that it was one body; where nothing does, or something tells against it, the runner is asked.
    """
    shorter, longer = both.shares()
    if shorter < 0.8 or longer < 0.5 or not _near(both, tracks):
        return None
    one_heart = _one_heart(both)
    hearts, steps = _apart(both, "heart_rate"), _apart(both, "cadence")
    against = {
        "at one place, but their heart rates differ": hearts is not None and hearts[0] > _OTHER_HEART_BPM,
        "at one place, but their cadences differ": steps is not None
        and _OTHER_STEPS_SPM < steps[0] <= _OTHER_SENSOR_SPM
        and not one_heart,
    }
    if any(against.values()):
        return None if both.slip_s else ("perhaps", next(why for why, given in against.items() if given))
    reasons = {
        "their heart rates agree": one_heart,
        "their tracks keep together within the noise of fixes": tracks is not None
        and both.a.sport == both.b.sport == "cycling"
        and _in_step(tracks),
        "both began and ended within two seconds": max(both.apart_s) <= _PRESS_S
        and both.overlap_s >= _PRESSED_FOR_S
        and (tracks is not None or bool(both.pairs("distance"))),
    }
    why = next((reason for reason, given in reasons.items() if given), None)
    if both.slip_s:
        return None if why is None else ("perhaps", why)
    return ("same", why) if why else ("perhaps", "at one place, and nothing tells one runner from two")


def _near(both: _Both, tracks: _Tracks | None) -> bool:
    """Whether both were at one place; without positions, whether both had come as far at each moment."""
    if tracks is not None and tracks.moments >= _FEW:
        return tracks.gap_m <= _NEAR_M
    rows = both.pairs("distance")
    went1, went2 = both.a.distance_m, both.b.distance_m  # for recordings of a few records only
    if len(rows) >= _FEW:
        went1, went2 = (rows[-1][i] - rows[0][i] for i in (0, 1))
    return min(went1, went2) > 0 and abs(went1 - went2) <= _NEAR_SHARE * max(went1, went2)


def _one_heart(both: _Both) -> bool:
    """Whether one heart was counted: by two sensors, or, told by fewer moments, by one."""
    sizes = [abs(second - first) for first, second in both.pairs("heart_rate")]
    if len(sizes) < _FEW:
        return False
    middle, most = _spread(sizes)
    if len(sizes) < _SOME:
        return middle <= _COPY_BPM and most <= _COPY_MOST_BPM
    return middle <= _HEARTS_BPM and most <= _HEARTS_MOST_BPM


def _apart(both: _Both, name: str) -> tuple[float, float] | None:
    """How far a channel of both is apart, in the middle and at most; None for too few moments."""
    sizes = [abs(second - first) for first, second in both.pairs(name)]
    return _spread(sizes) if len(sizes) >= _SOME else None


def _in_step(tracks: _Tracks) -> bool:
    """Whether the gap scatters along the way no more than across it, but for a clock a little off.

    The noise of fixes is alike in all directions; two riders fall behind and catch up along the way. Two
    runners may keep in step for hours, which fixes cannot tell from one.
    """
    free_m = _SCATTER_RATIO * tracks.across_m + _SCATTER_FREE_M
    return tracks.along_m <= min(_SCATTER_M, free_m) and abs(tracks.lag_s) <= _COPY_CLOCK_S
