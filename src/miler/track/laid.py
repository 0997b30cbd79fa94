"""The run on the track laid on the odometer, and what is said of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from miler.activity import Note
from miler.arrays import FloatArray
from miler.odometer import Break, Odometer, Stretch, timetable
from miler.track.meant import DOUBTED
from miler.track.measured import SMOOTH_END_SD_M, Track, across_m


def onto_track(odometer: Odometer, track: Track | None) -> Odometer:
    """Return the odometer with its distance on the track taken from the track.

    Args:
        odometer: as measured from the device or the fixes.
        track: what `find_track` found in the same recording; None changes nothing.

    Returns:
        An odometer whose stretches on the track have the source `track`; before, between and after
        them distance grows as it did.
    """
    if track is None or len(odometer.marks) < 2:
        return odometer
    times = np.stack([odometer.arrives, odometer.departs], axis=1).ravel()
    metres = np.repeat(odometer.marks, 2)
    source = odometer.stretches[0].source
    pieces_s, pieces_m = [], []
    stretches: list[Stretch] = []
    reached, left_s = float(metres[0]), float(times[0])
    for circuit in track.circuits:
        from_s, to_s = float(circuit.times[0]), float(circuit.times[-1])
        between = (times >= left_s) & (times < from_s)
        moved = _grown(odometer, left_s, times[between], from_s)
        pieces_s += [times[between], circuit.times]
        begun = reached + moved[-1]
        pieces_m += [reached + moved[:-1], begun + circuit.along_m]
        stretches.append(Stretch(reached, begun, source))
        reached, left_s = begun + float(circuit.along_m[-1]), to_s
        stretches.append(Stretch(begun, reached, "track"))
    after = times > left_s
    moved = _grown(odometer, left_s, times[after], float(times[-1]))
    pieces_s.append(times[after])
    pieces_m.append(reached + moved[:-1])
    stretches.append(Stretch(reached, reached + float(moved[-1]), source))
    line_s, line_m = np.concatenate(pieces_s), np.concatenate(pieces_m)
    order = np.lexsort((line_m, line_s))
    marks, arrives, departs = timetable(line_s[order], np.maximum.accumulate(line_m[order]))
    laid = replace(
        odometer,
        marks=marks,
        arrives=arrives,
        departs=departs,
        stretches=tuple(s for s in stretches if s.to_m - s.from_m > 1.0 or s.source == "track"),
        notes=odometer.notes + tuple(said(track)),
    )
    return replace(laid, breaks=_carried(odometer, laid))


def _grown(odometer: Odometer, from_s: float, at_s: FloatArray, to_s: float) -> FloatArray:
    """Metres that the odometer grew from a moment to others, and to the last one."""
    metres = odometer.distance_at(np.concatenate(([from_s], at_s, [to_s])))
    grown: FloatArray = metres[1:] - metres[0]
    return grown


def _carried(old: Odometer, new: Odometer) -> tuple[Break, ...]:
    """The breaks at their moments, on the new odometer."""
    if not old.breaks:
        return ()
    starts = old.departure(np.array([b.from_m for b in old.breaks]))
    ends = old.arrival(np.array([b.to_m for b in old.breaks]))
    from_m = new.distance_at(np.minimum(starts, ends))
    to_m = new.distance_at(np.maximum(starts, ends))
    spans = zip(from_m.tolist(), to_m.tolist(), old.breaks, strict=True)
    return tuple(Break(a, b, broken.reason) for a, b, broken in spans)


def said(track: Track) -> list[Note]:
    """Say what was found, what was assumed, and what would make it surer."""
    lane, longest = track.lane, track.longest
    at_s = float(track.circuits[0].times[0])
    laps = sum(c.laps for c in track.circuits)
    fixes = sum(len(c.problem.times) for c in track.circuits)
    text = (
        f"{laps:.1f} laps on a {lane.oval.lap_m:.0f} m track (kerb radius {lane.oval.radius_m:.2f} m), "
        f"with {100 * fixes / track.fixes:.0f} % of the fixes, which lie {across_m(longest):.1f} m off it: "
        f"distance there is the lane's own, a lap being {lane.line.length_m:.2f} m"
    )
    notes = [Note("track", "finding", text, at_s=at_s)]
    if not lane.given:
        text = (
            f"lane {lane.lane} is assumed, {100 * lane.sure:.0f} % likely: receivers show bends too wide "
            "to tell; each lane out is 1.9 % longer: say --lane where you know it"
        )
        notes.append(Note("track_lane", "finding", text, at_s=at_s))
    if longest.path.noise.smooth:
        text = (
            "the watch smooths its positions more than their errors can be told from: ends of stretches on "
            f"the track are taken to be {SMOOTH_END_SD_M:g} m unsure; lap presses at the line would help"
        )
        notes.append(Note("track_smooth", "finding", text, at_s=at_s))
    for mile in (mile for circuit in track.circuits for mile in circuit.miles):
        text = "from rest to rest it was a mile, within the error: it is taken for exactly one"
        if mile.four_laps > DOUBTED:
            text += (
                f"; an error of {2 * mile.sd_m:.0f} m does not exclude 1600 m, and the fastest mile would "
                "then take in a rest: the interval reaches that far; lap presses at the line would tell"
            )
        notes.append(Note("track_mile", "finding", text, at_s=mile.from_s))
    for other in (other for circuit in track.circuits for other in circuit.others):
        side, more = ("outside", "longer") if other.longer > 1 else ("inside", "shorter")
        text = (
            f"one lap, of {other.to_s - other.from_s:.0f} s, lies lanes {side} the others, and the watch "
            f"counted it {more} too: it is taken for one in lane {other.lane}, "
            f"{100 * abs(other.longer - 1):.1f} % {more}"
        )
        notes.append(Note("track_other_lane", "finding", text, at_s=other.from_s))
    tracks = len({c.plane for c in track.circuits})
    if tracks > 1:
        text = f"{tracks} tracks are in this recording; what is said of one is of the one with most laps"
        notes.append(Note("track_several", "finding", text, at_s=at_s))
    return notes
