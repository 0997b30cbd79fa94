"""One simulated run as several files, and runs that only look like it: what a library has to tell apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from devtools.courses import Oval, Place, Road
from devtools.motion import Motion, paced, smooth_noise, stand
from devtools.recording import Recording
from devtools.simulate import Watch, record
from devtools.writers import write_fit, write_gpx, write_tcx
from miler.arrays import BoolArray

START = datetime(2026, 5, 6, 17, 2, 11, tzinfo=UTC)
_METRES = 5_000
_PIECE_M, _PIECE_S = 500.0, 145.0


class Scene:
    """A runner, a road and an hour of the day, all from one seed."""

    def __init__(self, seed: int) -> None:
        """Lay out the road and run it once; `run` is what a good watch recorded."""
        self._seed = seed
        road = Road.winding(_METRES, self._rng(0), loop=True)
        self.place = Place(road, 47.07, 15.44, altitude_m=350.0)
        self.motion = self._motion(1)
        self.run = self._recorded(self.motion, 2)

    def _rng(self, what: int) -> np.random.Generator:
        return np.random.default_rng((self._seed, what))

    def _motion(self, what: int) -> Motion:
        """Eleven pieces, each in a time that all who run together share, and a stop on the way."""
        rng = self._rng(what)
        times_s = _PIECE_S + self._rng(100).normal(0, 8, 11)
        pieces = [paced(_PIECE_M, float(s), rng, wobble=0.02) for s in times_s]
        return Motion.of(*pieces[:6], stand(25.0), *pieces[6:])

    def _recorded(
        self, motion: Motion, what: int, *, start_time: datetime = START, watch: Watch | None = None
    ) -> Recording:
        return record(motion, watch or Watch(), self._rng(what), start_time=start_time, place=self.place)

    def other_watch(self) -> Recording:
        """Another watch on the same body: its own noise and count, its clock a second off, started later."""
        watch = Watch(distance_scale=0.992, fix_noise_m=2.5, fix_memory_s=40.0, steps_s=(1, 2, 3, 4))
        other = self._recorded(self.motion, 3, watch=watch, start_time=START + timedelta(seconds=1))
        started = other.time_s >= 7
        heart = other.heart_rate_bpm
        assert heart is not None
        beats = np.round(heart + self._rng(4).normal(0, 1.0, len(heart)))
        return _kept(replace(other, heart_rate_bpm=beats, device="other simulator"), started)

    def friend(self) -> Recording:
        """Who ran beside: at the same places within metres, with another heart and another step."""
        other = self._recorded(self._motion(5), 6, start_time=START + timedelta(seconds=3))
        assert other.heart_rate_bpm is not None
        assert other.cadence_spm is not None
        heart = 0.9 * other.heart_rate_bpm + 4 * smooth_noise(self._rng(7), len(other), 60)
        return replace(other, heart_rate_bpm=heart.round(), cadence_spm=other.cadence_spm + 7)

    def again(self, after: timedelta) -> Recording:
        """The same road once more, later on the day."""
        return self._recorded(self._motion(8), 9, start_time=START + after)


def _kept(run: Recording, keep: BoolArray) -> Recording:
    """Only some records of a recording."""
    columns = {name: getattr(run, name) for name in _COLUMNS}
    chosen: dict[str, Any] = {name: None if c is None else c[keep] for name, c in columns.items()}
    return replace(run, laps=(), time_s=run.time_s[keep], **chosen)


_COLUMNS = (
    "latitude_deg", "longitude_deg", "distance_m", "speed_mps", "altitude_m", "heart_rate_bpm",
    "cadence_spm", "power_w", "temperature_c",
)  # fmt: skip


def plain(run: Recording) -> Recording:
    """Positions only: no heart, no steps, nothing that tells whose run it was."""
    return replace(
        run, heart_rate_bpm=None, cadence_spm=None, distance_m=None, speed_mps=None, temperature_c=None
    )


def indoors(run: Recording) -> Recording:
    """The same without positions."""
    return replace(run, latitude_deg=None, longitude_deg=None, altitude_m=None, sub_sport="treadmill")


def until(run: Recording, end_s: float) -> Recording:
    """What was recorded up to a moment."""
    return _kept(run, run.time_s <= end_s)


def since(run: Recording, begin_s: float) -> Recording:
    """What was recorded from a moment on, with the start said to be there."""
    rest = _kept(run, run.time_s >= begin_s)
    start_time = run.start_time + timedelta(seconds=begin_s)
    return replace(rest, start_time=start_time, time_s=rest.time_s - begin_s)


def shifted(run: Recording, hours: float) -> Recording:
    """The same with local time written as if it were UTC."""
    return replace(run, start_time=run.start_time + timedelta(hours=hours))


Files = tuple[bytes, bytes]

# Each gives the bytes of two files of one run.
COPIES: Mapping[str, Callable[[Scene], Files]] = {
    "GPX of a FIT": lambda s: (write_fit(s.run), write_gpx(s.run)),
    "TCX of a FIT": lambda s: (write_fit(s.run), write_tcx(s.run)),
    "GPX of a TCX": lambda s: (write_tcx(s.run), write_gpx(s.run)),
    "GPX of positions only": lambda s: (write_fit(s.run), write_gpx(plain(s.run))),
    "re-encoded": lambda s: (write_fit(s.run), write_fit(replace(s.run, device="exporter", product=2))),
    "FIT cut off": lambda s: (write_fit(s.run), _cut(write_fit(s.run), 0.4)),
    "GPX cut off": lambda s: (write_fit(s.run), _cut(write_gpx(s.run), 0.3)),
    "saved too early": lambda s: (write_fit(s.run), write_fit(until(s.run, 420.0))),
    "two hours off": lambda s: (write_fit(s.run), write_gpx(shifted(s.run, 2))),
    "ten hours off": lambda s: (write_fit(s.run), write_tcx(shifted(s.run, -10))),
    "India's half hour off": lambda s: (write_fit(s.run), write_gpx(shifted(s.run, 5.5))),
    "cut off, an hour off": lambda s: (write_fit(s.run), _cut(write_gpx(shifted(s.run, 1)), 0.5)),
    "second watch": lambda s: (write_fit(s.run), write_fit(s.other_watch())),
    "treadmill, TCX of a FIT": lambda s: (write_fit(indoors(s.run)), write_tcx(indoors(s.run))),
    "treadmill, second watch": lambda s: (write_fit(indoors(s.run)), write_fit(indoors(s.other_watch()))),
}

# Each gives the bytes of two files that may be of one run, and nothing in them tells.
DOUBTS: Mapping[str, Callable[[Scene], Files]] = {
    "second watch, positions only": lambda s: (write_fit(s.run), write_gpx(plain(s.other_watch()))),
    "side by side": lambda s: (write_fit(s.run), write_fit(s.friend())),
    "side by side, positions only": lambda s: (write_fit(s.run), write_gpx(plain(s.friend()))),
    "side by side, no steps": lambda s: (
        write_fit(replace(s.run, cadence_spm=None)),
        write_fit(replace(s.friend(), cadence_spm=None)),
    ),
    "treadmills side by side": lambda s: (write_fit(indoors(s.run)), write_fit(indoors(s.friend()))),
}

# Each gives the bytes of two files of two runs.
NEAR_MISSES: Mapping[str, Callable[[Scene], Files]] = {
    "same road, next hour": lambda s: (write_fit(s.run), write_fit(s.again(timedelta(hours=1)))),
    "same road, three hours later": lambda s: (write_fit(s.run), write_gpx(s.again(timedelta(hours=3)))),
    "brick": lambda s: (
        write_fit(replace(until(s.run, 700.0), sport="cycling")),
        write_fit(since(s.run, 700.0)),
    ),
    "in two files": lambda s: (write_fit(until(s.run, 700.0)), write_fit(since(s.run, 700.0))),
    "laps of a track, one after another": lambda s: _track_laps(s, 0.0),
    "laps of a track, a quarter of an hour apart": lambda s: _track_laps(s, 900.0),
    "treadmill, next hour": lambda s: (
        write_fit(indoors(s.run)),
        write_fit(indoors(s.again(timedelta(hours=1)))),
    ),
}


def _cut(data: bytes, share: float) -> bytes:
    return data[: int(len(data) * share)]


def _track_laps(scene: Scene, apart_s: float) -> Files:
    """The same laps twice, as even as a runner can; the second file begins where the first ends, or later."""
    files = []
    for what in (11, 12):
        rng = np.random.default_rng(what)
        motion = Motion.of(*(paced(400.0, 96.0, rng, wobble=0.004) for _ in range(8)))
        later = timedelta(seconds=(what - 11) * (apart_s or motion.end_s))
        place = Place(Oval(), scene.place.latitude_deg, scene.place.longitude_deg)
        files.append(write_fit(record(motion, Watch(), rng, start_time=START + later, place=place)))
    return files[0], files[1]
