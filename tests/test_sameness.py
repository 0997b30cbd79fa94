from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devtools.doubles import COPIES, DOUBTS, NEAR_MISSES, Files, Scene, plain, shifted
from devtools.recording import Recording
from devtools.writers import write_fit, write_gpx
from miler.activity import Activity
from miler.analysis import analyse
from miler.formats import decode
from miler.library.fingerprint import Fingerprint, fingerprint, packed, unpacked
from miler.library.grouping import Edge, Group, Part, Standing, groups, ranked
from miler.library.sameness import Evidence, compare, slips
from miler.moments import LONGEST, moments


@pytest.fixture(scope="module")
def scene() -> Scene:
    return Scene(0)


def known(data: bytes) -> Fingerprint:
    return fingerprint(analyse(decode(data)[0]))


def held(files: Files) -> Evidence | None:
    return compare(*(known(data) for data in files))


@pytest.mark.parametrize("what", COPIES)
def test_the_same_run_is_known_again(scene: Scene, what: str) -> None:
    evidence = held(COPIES[what](scene))
    assert evidence is not None
    assert evidence.verdict == "same"


@pytest.mark.parametrize("what", DOUBTS)
def test_where_nothing_tells_one_runner_from_two_the_runner_is_asked(scene: Scene, what: str) -> None:
    evidence = held(DOUBTS[what](scene))
    assert evidence is not None
    assert evidence.verdict == "perhaps"


@pytest.mark.parametrize("what", NEAR_MISSES)
def test_two_runs_are_never_taken_for_one(scene: Scene, what: str) -> None:
    evidence = held(NEAR_MISSES[what](scene))
    assert evidence is None or evidence.verdict == "perhaps"


def test_the_evidence_says_how_long_how_far_and_by_how_much_the_clocks_differ(scene: Scene) -> None:
    evidence = held((write_fit(scene.run), write_gpx(shifted(scene.run, 2))))
    assert evidence is not None
    assert (evidence.clock_s, evidence.overlap_percent) == (7200.0, 100.0)
    assert evidence.overlap_s == pytest.approx(scene.run.elapsed_s, abs=1.0)
    assert evidence.gap_m == pytest.approx(0.0, abs=0.1)


@pytest.mark.parametrize("files", [*COPIES.values(), *DOUBTS.values()])
def test_the_evidence_is_the_same_from_either_side(scene: Scene, files: object) -> None:
    one, other = (known(data) for data in files(scene))  # type: ignore[operator]
    there, back = compare(one, other), compare(other, one)
    assert there is not None
    assert back is not None
    assert (back.verdict, back.why) == (there.verdict, there.why)
    assert back.clock_s == pytest.approx(-there.clock_s, abs=0.2)


def test_another_sport_at_the_same_place_is_another_activity(scene: Scene) -> None:
    other = replace(plain(scene.other_watch()), sport="cycling")
    assert held((write_fit(scene.run), write_gpx(other))) is None


def test_a_clock_is_wrong_by_a_time_zone_or_not_at_all() -> None:
    hour = (0.0, 3600.0)
    assert slips(hour, (1800.0, 5400.0)) == [0, 1800]
    assert slips(hour, (7200.0, 10_800.0)) == [7200]
    assert slips(hour, (7400.0, 11_000.0)) == []
    assert slips(hour, (15 * 3600.0, 16 * 3600.0)) == []


def test_a_fingerprint_is_small_and_comes_back_as_it_was(scene: Scene) -> None:
    one = known(write_fit(scene.run))
    assert unpacked(packed(one)) == one
    assert len(packed(one)) < 4000


def test_however_long_a_recording_claims_to_be_its_fingerprint_stays_small(scene: Scene) -> None:
    run = scene.run
    ends = [0, -1]
    assert run.latitude_deg is not None
    assert run.longitude_deg is not None
    years = Recording(
        start_time=run.start_time,
        time_s=[0.0, 2e8],  # type: ignore[arg-type]
        latitude_deg=run.latitude_deg[ends],
        longitude_deg=run.longitude_deg[ends],
    )
    taken = moments(decode(write_gpx(years))[0])
    assert all(len(column) <= LONGEST for column in taken.columns.values())


def test_a_recording_without_a_date_is_held_against_none(scene: Scene) -> None:
    run = decode(write_fit(scene.run))[0]
    undated = Activity(None, run.elapsed, run.streams)
    assert compare(fingerprint(analyse(undated)), fingerprint(analyse(run))) is None


A, B, C, D = (("a", 1), ("b", 1), ("c", 1), ("d", 1))


def test_one_run_by_way_of_another_file_is_one_run() -> None:
    assert groups([A, B, C, D], [Edge(A, B), Edge(B, C)]) == [frozenset((A, B, C)), frozenset((D,))]


def test_parts_of_one_file_never_become_one() -> None:
    second = ("a", 2)
    made = groups([A, second, B], [Edge(A, B, gap_m=1.0), Edge(B, second, gap_m=0.0)])
    assert made == [frozenset((A,)), frozenset((second, B))]


def test_what_the_runner_parted_stays_apart_even_by_way_of_a_third_file() -> None:
    edges = [Edge(A, B), Edge(B, C), Edge(A, C), Edge(A, C, said="apart")]
    assert all(not {A, C} <= group for group in groups([A, B, C], edges))


def test_what_the_runner_put_together_needs_no_evidence() -> None:
    assert groups([A, B], [Edge(A, B, said="same")]) == [frozenset((A, B))]


PARTS = [(name, part) for name in "abcd" for part in (1, 2)]


@given(
    st.lists(
        st.builds(
            Edge,
            st.sampled_from(PARTS),
            st.sampled_from(PARTS),
            st.sampled_from(["copies of one recording", "hearts"]),
            st.sampled_from([0.0, 1.0, None]),
            st.sampled_from([None, None, "same", "apart"]),
        ).filter(lambda edge: edge.first < edge.second),
        max_size=12,
    ),
    st.randoms(),
)
def test_groups_do_not_depend_on_the_order_of_files_or_evidence(edges: list[Edge], random: object) -> None:
    def mixed(values: list[object]) -> list[object]:
        return random.sample(values, len(values))  # type: ignore[attr-defined, no-any-return]

    made = groups(PARTS, edges)
    assert groups(mixed(PARTS), mixed(edges)) == made  # type: ignore[arg-type]
    assert sorted(part for group in made for part in group) == sorted(PARTS)
    assert all(_parted(group, edges) for group in made if not _said(group, edges))


def _said(group: Group, edges: list[Edge]) -> bool:
    return any(edge.said == "same" and {edge.first, edge.second} <= group for edge in edges)


def _parted(group: Group, edges: list[Edge]) -> bool:
    one_a_file = len({sha256 for sha256, _ in group}) == len(group)
    return one_a_file and not any(
        edge.said == "apart" and {edge.first, edge.second} <= group for edge in edges
    )


def standing(part: Part, format: str, **differences: object) -> Standing:
    column = tuple(range(100))
    usual = Fingerprint(
        0.0, 1500.0, "running", 5000.0, True, 1500, ("distance",), False, False, 15, 0, {"distance": column}
    )
    return Standing(part, format, replace(usual, **differences))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (standing(B, "gpx"), standing(A, "fit", columns={"distance": tuple(range(90))})),
        (standing(B, "gpx"), standing(A, "fit", cut_off=True)),
        (standing(B, "fit"), standing(A, "tcx")),
        (standing(B, "tcx"), standing(A, "gpx")),
        (standing(B, "fit"), standing(A, "fit", damaged=True)),
        (standing(B, "fit", streams=("distance", "heart_rate")), standing(A, "fit")),
        (standing(B, "fit"), standing(A, "fit", by_device=False)),
        (standing(B, "fit"), standing(A, "fit", records=300)),
        (standing(A, "fit"), standing(B, "fit")),
    ],
    ids=["whole", "not cut off", "fit", "tcx", "sound", "more streams", "device", "finer", "smaller hash"],
)
def test_the_best_source_leads(better: Standing, worse: Standing) -> None:
    assert ranked([worse, better]) == ranked([better, worse]) == [better.part, worse.part]
