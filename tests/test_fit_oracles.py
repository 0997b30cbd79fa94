"""Real files: miler reads every record and every lap as python-fitparse or fitdecode does.

A choice of files, small and each odd in its own way; `python -m benchmarks.oracles` takes all of them.
"""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.bar import CORPUS
from benchmarks.oracles import Decoded, by_fitdecode, by_fitparse, by_miler, compare, differences
from devtools.samples import SAMPLES

FIT = CORPUS / "fit"

# File -> the oracle that can read it.
CHOSEN = {
    "applewatch-healthfit-watch3-4-run-2019-05-09-051352-running-iwatchseries3": "fitparse",  # repeated times
    "broken-2018-02-24-10-04-10": "fitdecode",  # a header without a size
    "coros-apex-2-ride-coros": "fitparse",  # fields of odd sizes
    "development-multisport-chained-activity-activity-poolswim": "fitparse",  # chained
    "dynastream-9001-other-developerdata": "fitparse",  # big-endian, records without times
    "dynastream-hrm1-run-activity-activity-filecrc": "fitdecode",  # a wrong checksum
    "dynastream-hrm1-run-activity-settings": "fitparse",  # an activity and settings, chained
    "dynastream-hrm1-run-activity-settings-corruptheader": "fitparse",  # the first runs into the second
    "dynastream-hrm1-run-activity-unexpected-eof": "fitdecode",  # truncated
    "garmin-fenix3-multisport-multisession-stop-after-transition": "fitparse",  # multisport
    "garmin-fr110-run-fit-sample": "fitparse",
    "garmin-fr35-nonactivity-25822184777": "fitparse",  # monitoring
    "garmin-fr35-other-8cs90646": "fitdecode",  # bytes lost in the middle
    "garmin-fr70-run-compressed-speed-distance": "fitparse",  # 12-bit counters
    "garmin-fr70-run-antfs-dump-63": "fitparse",  # compressed timestamps
    "garmin-fr735xt-swim-event-timestamp": "fitparse",  # chained parts of a chest strap
    "garmin-fr920xt-run-multisession": "fitparse",
    "garmin-fr920xt-trackrun-fr920xt-with-stryd": "fitparse",  # developer fields
    "garmin-venusq-run-2022-05-29-15-53-35-laufen-landal-park": "fitparse",
    "lezyne-4-ride-lezyne-super-gps-garmin-fit-sample-bad-endia": "fitdecode",  # an odd byte order
    "strava-102-run-strava-android-app-201-10-b1218918": "fitdecode",  # a byte lost in a record
    "suunto-trailrun-decodetest": "fitparse",  # two records a second, each with half of the fields
    "tomtom-2016-ride-tomtom-runner3-ride": "fitparse",
    "wahoo-37-ride-unterminated-strings": "fitparse",
    "zwift-ride-null-compressed-speed-dist": "fitparse",
}


@pytest.mark.skipif(not FIT.is_dir(), reason="the corpus is not here")
@pytest.mark.parametrize(("name", "oracle"), CHOSEN.items())
def test_every_record_and_lap_of_a_real_file_is_as_an_oracle_reads_it(name: str, oracle: str) -> None:
    row = compare(FIT / f"{name}.fit")
    assert row.oracle == oracle
    assert row.agrees, row.differing
    if not row.refused and row.activities == 1 and "no_time" not in row.notes:
        assert row.kept == row.moments
        assert row.kept == row.records or "time_repeated" in row.notes or "suunto" in row.file


@pytest.mark.parametrize("name", [name for name in SAMPLES if name.endswith(".fit")])
def test_the_sample_files_are_read_alike_by_all(name: str) -> None:
    data = SAMPLES[name]().data
    ours = by_miler(data)
    assert len(ours.records["timestamp"]) > 300
    assert differences(ours, by_fitdecode(data)) == {}
    if name != "truncated.fit":  # where python-fitparse gives nothing
        assert differences(ours, by_fitparse(data)) == {}


def test_a_difference_would_be_seen() -> None:
    def decoded(*speed: float) -> Decoded:
        columns = {"timestamp": np.arange(float(len(speed))), "speed": np.array(speed)}
        return Decoded(columns, {"timestamp": np.zeros(1)})

    assert differences(decoded(1, 2, 3), decoded(1, 2.5, np.nan)) == {"speed": 2}
    assert differences(decoded(1, 2, 3), decoded(1, 2)) == {"records": 1}
    assert differences(decoded(1, np.nan), decoded(1, np.nan)) == {}
