from __future__ import annotations

from pathlib import Path

from devtools.fit_file import ENUM, FitFile
from miler.check import verdict
from miler.files import Found


def of(path: Path) -> Found:
    return Found(str(path), path.name)


def test_a_sound_file_is_called_sound_and_told_in_a_few_words(samples: Path) -> None:
    result = verdict(of(samples / "road-run-pauses.fit"))
    first, second, third = result.text.splitlines()
    assert result.kind == "sound"
    assert first == "road-run-pauses.fit: sound"
    assert second == "  FIT, running, 2876 records over 49:59, 10 laps, 2 pauses"
    assert "heart rate" in third


def test_damage_is_marked_and_named(samples: Path) -> None:
    result = verdict(of(samples / "truncated.fit"))
    assert result.kind == "damaged"
    assert any(
        line.startswith("  ! ") and line.endswith("[fit_truncated]") for line in result.text.splitlines()
    )


def test_each_activity_of_a_file_is_told(samples: Path, tmp_path: Path) -> None:
    one = (samples / "treadmill.fit").read_bytes()
    (tmp_path / "two.fit").write_bytes(one + one)
    text = verdict(of(tmp_path / "two.fit")).text
    assert "part 1: FIT, running" in text
    assert "part 2: FIT, running" in text


def test_a_file_that_cannot_be_read_fails_with_its_reason(tmp_path: Path) -> None:
    result = verdict(of(tmp_path / "gone.fit"))
    assert (result.kind, result.text) == (
        "failed",
        "gone.fit: failed, cannot be read: no such file or directory",
    )
    (tmp_path / "page.gpx").write_text("<html></html>")
    assert verdict(of(tmp_path / "page.gpx")).text.endswith("[unknown_format]")


def test_a_damaged_file_of_another_kind_is_skipped_but_not_called_sound(tmp_path: Path) -> None:
    file = FitFile()
    file.define(0, 0, [(0, 1, ENUM)])
    file.message(0, 2)  # file_id: settings
    sound, damaged = file.to_bytes(), bytearray(file.to_bytes())
    damaged[-1] ^= 1
    for name, data in (("sound.fit", sound), ("damaged.fit", damaged)):
        (tmp_path / name).write_bytes(data)
    assert verdict(of(tmp_path / "sound.fit")).text.startswith("sound.fit: sound, but a FIT settings file")
    result = verdict(of(tmp_path / "damaged.fit"))
    assert result.kind == "skipped"
    assert result.text.startswith("damaged.fit: a FIT settings file, not an activity; damaged: ")


def test_what_a_file_says_cannot_move_the_cursor(tmp_path: Path) -> None:
    (tmp_path / "sly.gpx").write_text(
        '<gpx><trk><type>run\u202ening\u009b2J</type><trkseg><trkpt lat="1" lon="1">'
        "<time>2026-01-01T00:00:00Z</time></trkpt></trkseg></trk></gpx>",
        encoding="utf-8",
    )
    text = verdict(Found(str(tmp_path / "sly.gpx"), "\x1b]0;title\x07.gpx")).text
    assert not set(text) & {"\x1b", "\x07", "\u202e", "\u009b"}
