"""Write the sample files and what is known about them: `python -m devtools.make_samples [DIR]`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from devtools.samples import SAMPLES, Answer, Sample
from miler.units import format_distance, format_duration

ANSWERS = "answers.json"
_TEMPLATE = Path(__file__).with_name("samples_readme.md")
_COLUMNS = (
    "file",
    "records",
    "elapsed",
    "timer",
    "pauses",
    "laps",
    "distance",
    "true distance",
    "mile recorded",
    "mile true",
    "must be found",
)


def make() -> dict[str, bytes]:
    """Return the bytes of every file of the folder by name; equal on every call."""
    samples = {name: recipe() for name, recipe in SAMPLES.items()}
    answers = {name: sample.answer for name, sample in samples.items()}
    return {
        **{name: sample.data for name, sample in samples.items()},
        ANSWERS: (json.dumps(answers, indent=1) + "\n").encode(),
        "README.md": _readme(samples).encode(),
    }


def main(arguments: list[str]) -> None:
    """Write the files into the folder named, else into the repository's sample_files."""
    folder = Path(arguments[0]) if arguments else Path(__file__).parents[1] / "sample_files"
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in make().items():
        (folder / name).write_bytes(data)
        print(f"{folder / name}: {len(data):,} bytes")


def _readme(samples: dict[str, Sample]) -> str:
    rows = [_COLUMNS, ("---",) * len(_COLUMNS)]
    rows += [_row(name, sample.answer) for name, sample in samples.items()]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    naive_s = samples["phone-spike.gpx"].answer["mile"]["naive_s"]
    return _TEMPLATE.read_text(encoding="utf-8").format(table=table, naive=format_duration(naive_s))


def _row(name: str, answer: Answer) -> tuple[str, ...]:
    mile = answer["mile"]
    held = "recorded" if mile["held_to"] == "recorded" else "true"
    return (
        f"`{name}`",
        str(answer["records"]),
        format_duration(answer["elapsed_s"], 0),
        format_duration(answer["timer_s"], 0),
        str(len(answer["pauses"])),
        str(len(answer["laps"])),
        format_distance(answer["distance_m"]),
        format_distance(answer["true_distance_m"]),
        format_duration(mile["recorded_s"], 3),
        format_duration(mile["true_s"], 3),
        f"{held} ± {mile['tolerance_s']:g} s",
    )


if __name__ == "__main__":
    main(sys.argv[1:])
