"""What a runner relies on when a GPX or TCX file is broken: a break costs the point it is in, and is told."""

from __future__ import annotations

import random
import re
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from miler.activity import Activity, Note
from miler.errors import CorruptFile, MilerError, UnsupportedFile
from miler.formats import decode
from miler.formats import gpx as gpx_format
from miler.formats import tcx as tcx_format
from tests.conftest import codes

START = datetime(2026, 5, 9, 17, 2, 0, tzinfo=UTC)
DROPPED = re.compile(r"points dropped(?: there)?: (\d+)")
SKIPPED = re.compile(r"bytes (\d+) to (\d+) were skipped")


def stamp(second: int) -> str:
    return (START + timedelta(seconds=second)).isoformat().replace("+00:00", "Z")


def trkpt(second: int) -> str:
    return (
        f'<trkpt lat="{51.5 + second * 27e-6:.6f}" lon="-0.15"><ele>20.5</ele><time>{stamp(second)}</time>'
        f"<extensions><a:hr>{120 + second % 60}</a:hr></extensions></trkpt>\n"
    )


def trkseg(seconds: range) -> str:
    return f"<trkseg>\n{''.join(map(trkpt, seconds))}</trkseg>\n"


def trk(*segments: range) -> str:
    return f"<trk><name>Run</name><type>running</type>\n{''.join(map(trkseg, segments))}</trk>\n"


def gpx(*tracks: str) -> str:
    return f'<?xml version="1.0"?>\n<gpx version="1.1" creator="Watch">\n{"".join(tracks)}</gpx>\n'


def trackpoint(second: int) -> str:
    return (
        f"<Trackpoint><Time>{stamp(second)}</Time><DistanceMeters>{3 * second}</DistanceMeters>"
        f"<HeartRateBpm><Value>{120 + second % 60}</Value></HeartRateBpm></Trackpoint>\n"
    )


def lap(seconds: range) -> str:
    return (
        f'<Lap StartTime="{stamp(seconds[0])}">\n<TotalTimeSeconds>{len(seconds)}</TotalTimeSeconds>'
        f"<Track>\n{''.join(map(trackpoint, seconds))}</Track>\n</Lap>\n"
    )


def tcx(*laps: range) -> str:
    return (
        '<?xml version="1.0"?>\n<TrainingCenterDatabase><Activities>\n<Activity Sport="Running">\n'
        f"<Id>{stamp(0)}</Id>{''.join(map(lap, laps))}<Creator><Name>Watch</Name></Creator></Activity>\n"
        "</Activities></TrainingCenterDatabase>\n"
    )


RUN = gpx(trk(range(60), range(60, 120)))
LAPS = tcx(range(60), range(60, 120))


def seconds_of(activities: list[Activity]) -> list[int]:
    starts = [(a.start_time or START) - START for a in activities]
    times = [a.elapsed + s.total_seconds() for a, s in zip(activities, starts, strict=True)]
    return [round(time) for time in np.concatenate(times).tolist()]


def damage(activities: list[Activity]) -> list[Note]:
    return [note for activity in activities for note in activity.notes if note.kind == "damage"]


def dropped(activities: list[Activity]) -> int:
    return sum(int(match[1]) for note in damage(activities) if (match := DROPPED.search(note.message)))


def without(*lost: int) -> list[int]:
    return [second for second in range(120) if second not in lost]


def nth(text: str, tag: str, n: int) -> int:
    return [match.start() for match in re.finditer(re.escape(tag), text)][n]


@pytest.mark.parametrize("text", [RUN, LAPS], ids=["gpx", "tcx"])
def test_an_undamaged_file_has_nothing_to_tell(text: str) -> None:
    activities = decode(text.encode(), strict=True)
    assert seconds_of(activities) == without()
    assert damage(activities) == []


@pytest.mark.parametrize(
    "put",
    [
        "<",
        "&",
        "</",
        "<!",
        "<?",
        "<!--",
        "<![CDATA[",
        "&nope;",
        "\x00",
        "]]>",
        "<a",
        "</ele>",
        "<ele>",
        "</trkpt>",
    ],
)
def test_what_breaks_one_point_costs_one_point(put: str) -> None:
    at = RUN.index("20.5", nth(RUN, "<trkpt", 30))
    activities = decode((RUN[:at] + put + RUN[at:]).encode())
    assert seconds_of(activities) == without(30)
    (note,) = damage(activities)
    assert note.code == "xml_malformed"
    assert dropped(activities) == 1


def test_a_comment_that_does_not_end_swallows_nothing() -> None:
    text = RUN.replace("</gpx>", "<!-- made by hand --></gpx>").replace("20.5", "<!-- 20.5", 1)
    assert seconds_of(decode(text.encode())) == without(0)


@pytest.mark.parametrize(
    ("text", "tag", "n", "lost"),
    [
        (RUN, "<gpx ", 0, ()),
        (RUN, "<trk>", 0, ()),
        (RUN, "<name>", 0, ()),
        (RUN, "</name>", 0, ()),
        (RUN, "<trkseg>", 0, ()),
        (RUN, "<trkseg>", 1, ()),
        (RUN, "</trkseg>", 0, ()),
        (RUN, "</trkseg>", 1, ()),
        (RUN, "</trk>", 0, ()),
        (RUN, "</gpx>", 0, ()),
        (RUN, "<trkpt ", 30, (30,)),
        (RUN, "</trkpt>", 30, (30,)),
        (RUN, "</trkpt>", 59, (59,)),
        (RUN, "<time>", 60, (60,)),
        (RUN, "</time>", 119, (119,)),
        (LAPS, "<TrainingCenterDatabase>", 0, ()),
        (LAPS, "<Activities>", 0, ()),
        (LAPS, "<Activity ", 0, ()),
        (LAPS, "<Lap ", 0, ()),
        (LAPS, "<Lap ", 1, ()),
        (LAPS, "</Lap>", 0, ()),
        (LAPS, "<Track>", 1, ()),
        (LAPS, "</Track>", 0, ()),
        (LAPS, "</Activity>", 0, ()),
        (LAPS, "<TotalTimeSeconds>", 1, ()),
        (LAPS, "<Trackpoint>", 30, (30,)),
        (LAPS, "</Trackpoint>", 59, (59,)),
        (LAPS, "</Value>", 60, (60,)),
    ],
)
@pytest.mark.parametrize("how", ["lost", "twice", "a letter lost", "a letter changed", "not ended"])
def test_a_broken_tag_costs_nothing_but_its_own_point(
    text: str, tag: str, n: int, lost: tuple[int, ...], how: str
) -> None:
    at = nth(text, tag, n)
    end = text.index(">", at) + 1
    whole = text[at:end]
    put = {
        "lost": "",
        "twice": whole * 2,
        "a letter lost": whole[:2] + whole[3:],
        "a letter changed": whole[:2] + "#" + whole[3:],
        "not ended": whole[:-1],
    }[how]
    read = gpx_format.decode if text is RUN else tcx_format.decode  # whatever became of the outermost tag
    activities = read((text[:at] + put + text[end:]).encode())
    assert set(without(*lost)) <= set(seconds_of(activities)) <= set(without())
    assert damage(activities)


def test_what_was_skipped_is_told_by_the_bytes_of_the_file() -> None:
    text = " " * 10 + RUN.replace("<name>Run", "<name>Zoë läuft")
    for codec in ("utf-8", "iso-8859-1", "utf-16"):
        data = (
            text.replace('"1.0"', f'"1.0" encoding="{codec}"')
            .replace(stamp(30) + "<", stamp(30))
            .encode(codec)
        )
        activities = decode(data)
        (note,) = damage(activities)
        match = SKIPPED.search(note.message)
        assert match
        skipped = data[int(match[1]) : int(match[2])].decode(codec.replace("utf-16", "utf-16-le"))
        assert skipped == trkpt(30).replace(stamp(30) + "<", stamp(30))


def test_a_wrong_byte_in_a_name_is_told_and_costs_no_other_letter() -> None:
    data = RUN.replace("<name>Run", "<name>Zoë läuft").encode().replace(b"uft", b"\xffft")
    (activity,) = decode(data)
    assert activity.name == "Zoë lä?ft"
    assert codes(activity) == ["encoding"]
    assert len(activity) == 120


def test_a_break_is_told_with_the_recording_it_hit() -> None:
    text = gpx(trk(range(40)), trk(range(40, 80)), trk(range(80, 120)))
    first, second, third = decode(text.replace(stamp(50) + "<", stamp(50)).encode())
    assert [damage([a]) != [] for a in (first, second, third)] == [False, True, False]


def test_many_breaks_are_told_in_few_words_and_counted_in_full() -> None:
    text = RUN
    for second in range(0, 120, 2):
        text = text.replace(f"{stamp(second)}</time>", f"{stamp(second)}</tme>")
    activities = decode(text.encode())
    assert seconds_of(activities) == list(range(1, 120, 2))
    assert dropped(activities) == 60
    assert len(damage(activities)) == 21
    assert "40 more places" in damage(activities)[-1].message


def test_all_end_tags_lost_is_as_many_breaks_not_a_depth_beyond_reason() -> None:
    body = "".join(trkpt(s).replace("</trkpt>", "" if s < 100 else "</trkpt>") for s in range(120))
    activities = decode(f"<gpx><trk><trkseg>{body}</trkseg></trk></gpx>".encode())
    assert seconds_of(activities) == list(range(100, 120))
    assert dropped(activities) == 100


def test_two_files_joined_end_to_end_are_both_read() -> None:
    other = gpx(trk(range(200, 220)))
    activities = decode((RUN + other).encode())
    assert [len(activity) for activity in activities] == [120, 20]
    assert len(damage(activities)) == 1


def test_a_broken_course_is_still_no_recording() -> None:
    points = "".join(map(trackpoint, range(30)))
    course = f"<Course><Name>x</Nam><Lap><Id>9</Id></Lap><Track>{points}</Track></Course>"
    text = f"<TrainingCenterDatabase><Courses>{course}</Courses></TrainingCenterDatabase>"
    with pytest.raises((UnsupportedFile, CorruptFile)):
        decode(text.encode())


def test_strict_reading_refuses_any_break() -> None:
    with pytest.raises(CorruptFile) as told:
        decode(RUN.replace("</trkseg>", "", 1).encode(), strict=True)
    assert told.value.code == "xml_malformed"


@pytest.mark.parametrize("text", [RUN, LAPS], ids=["gpx", "tcx"])
def test_a_file_cut_off_anywhere_has_its_complete_points_and_no_more(text: str) -> None:
    data = text.encode()
    for cut in range(0, len(data), 43):
        complete = len(re.findall(rb"</(?:trkpt|Trackpoint)>", data[:cut]))
        begun = len(re.findall(rb"<(?:trkpt|Trackpoint)[ >]", data[:cut]))
        if not complete:
            continue
        activities = decode(data[:cut])
        assert seconds_of(activities) == list(range(complete))
        assert complete + dropped(activities) == begun


@pytest.mark.parametrize("text", [RUN, LAPS], ids=["gpx", "tcx"])
def test_of_points_not_touched_nearly_all_are_kept_and_every_point_is_accounted_for(text: str) -> None:
    data, rng = text.encode(), random.Random(1954)
    spans = [m.span() for m in re.finditer(rb"<(trkpt|Trackpoint)\b.*?</\1>", data, re.DOTALL)]
    untouched = kept = 0
    for _ in range(200):
        at = rng.randrange(200, len(data))
        mutant = data[:at] + bytes([data[at] ^ rng.randrange(1, 256)]) + data[at + 1 :]
        activities = decode(mutant)
        safe = {second for second, (lo, hi) in enumerate(spans) if not lo <= at < hi}
        untouched += len(safe)
        kept += len(safe & set(seconds_of(activities)))
        found = len(re.findall(rb"<(?:trkpt|Trackpoint)[\s/>]", mutant))
        assert sum(map(len, activities)) + dropped(activities) in (found, found - 1)  # times may coincide
    assert kept >= 0.999 * untouched


@given(st.data())
def test_bytes_lost_put_in_or_changed_anywhere_end_as_points_or_as_an_error_of_miler(
    data: st.DataObject,
) -> None:
    text = bytearray(data.draw(st.sampled_from([RUN, LAPS])).encode())
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(text)))
        text[at : at + data.draw(st.integers(0, 40))] = data.draw(
            st.one_of(
                st.binary(max_size=4), st.sampled_from([b"<trkpt", b"</trkseg>", b"<!--", b"<Lap ", b"<?"])
            )
        )
    try:
        activities = decode(bytes(text))
    except MilerError as error:
        assert error.message
    else:
        assert sum(map(len, activities)) <= 120
