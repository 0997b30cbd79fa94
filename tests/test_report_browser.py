"""The report in a real browser: what a runner sees, touches and prints, and what no file may do in it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from devtools.fit_file import STRING, UINT8, UINT32
from devtools.fit_writer import DEVICE_INFO, FILE_ID, SPORT, fit_file, fit_time
from devtools.recording import LapMark, Recording
from devtools.serving import Server
from devtools.small_runs import START
from devtools.writers import write_gpx, write_tcx
from miler.analysis import Analysis, analyse
from miler.formats import decode
from miler.pacelight import light_of
from miler.recordbook import standing_records
from miler.report.charts import GRID_X
from miler.report.html import render, script
from miler.settings import Settings
from miler.units import MILE_M, lag
from tests.conftest import SAMPLES

PAYLOAD = "</script></style>\"'><img src=x onerror=\"alert('in')\"><script>alert('in')</script>"
Open = Callable[..., Any]


@cache
def sample(name: str, settings: Settings | None = None) -> Analysis:
    (activity,) = decode((SAMPLES / name).read_bytes(), name=name)
    return analyse(activity, settings)


def written(folder: Path, *analyses: Analysis, script_at: str | None = None) -> str:
    """Write a report, and return its address."""
    path = folder / "report.html"
    path.write_text(render(analyses, script_at=script_at), encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def opened(browser: Any) -> Iterator[Open]:
    """Open a page that fails the test if anything goes wrong, runs, or is fetched from anywhere else."""
    contexts: list[Any] = []
    wrong: list[str] = []

    def dismissed(dialog: Any) -> None:
        wrong.append(dialog.message)
        dialog.dismiss()

    def open_page(address: str, scheme: str = "light", width: int = 1400, **options: Any) -> Any:
        context = browser.new_context(
            color_scheme=scheme, viewport={"width": width, "height": 900}, **options
        )
        contexts.append(context)
        page = context.new_page()
        beside = (
            address.rpartition("/")[0] if address.startswith("file:") else address[: address.index("/", 8)]
        )
        page.on("console", lambda said: wrong.append(said.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("dialog", dismissed)
        page.on("request", lambda asked: wrong.extend([] if asked.url.startswith(beside) else [asked.url]))
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []


def readout(page: Any, figure: str) -> str:
    return str(page.locator(f".{figure} .readout").first.inner_text()).replace("\u00a0", " ")


def slide(page: Any, figure: str, value: float) -> str:
    page.locator(f".{figure} .at").first.evaluate(
        "(slider, value) => { slider.value = value; slider.dispatchEvent(new Event('input')); }", value
    )
    return readout(page, figure)


def faults(page: Any, axe: str) -> list[str]:
    """What axe-core finds on a page that was opened without its policy, which lets no other script in."""
    page.evaluate(axe)
    return list(
        page.evaluate("axe.run().then((found) => found.violations.map((v) => v.id + v.nodes[0].html))")
    )


def view(page: Any) -> list[float]:
    return [float(part) for part in page.locator(".curves").first.get_attribute("viewBox").split()]


@pytest.mark.parametrize(
    ("name", "scheme", "width"),
    [
        ("track-mile.fit", "light", 360),
        ("track-mile.fit", "dark", 1400),
        ("road-run-pauses.fit", "light", 1400),
        ("road-run-pauses.fit", "dark", 360),
    ],
)
def test_the_file_shows_its_charts_on_a_phone_and_a_desk_by_day_and_night(
    opened: Open, tmp_path: Path, axe: str, name: str, scheme: str, width: int
) -> None:
    page = opened(written(tmp_path, sample(name)), scheme, width, bypass_csp=True)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    shown = {"pace": True, "recorded": False, "heart": True, "cadence": False, "elevation": True}
    for key, there in shown.items():
        assert page.locator(f".curves path.{key}").is_visible() == there, key
    assert page.locator(".bar-plot rect").count() == 8
    assert page.locator(".light-plot circle.runner").is_visible()
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (min(map(int, re.findall(r"\d+", paper))) > 200) == (scheme == "light")
    assert faults(page, axe) == []


def test_the_chart_is_read_and_zoomed_with_a_mouse(opened: Open, tmp_path: Path) -> None:
    page = opened(written(tmp_path, sample("track-mile.fit")))

    def at(share: float) -> tuple[float, float]:
        plot = page.locator(".pace-plot").bounding_box()
        return plot["x"] + share * plot["width"], plot["y"] + plot["height"] / 2

    page.mouse.move(*at(0.5))
    assert readout(page, "pace-chart").startswith("1.49 mi, ")
    assert re.search(r"pace 5:\d\d /mi · heart rate \d+ bpm · elevation 5\d m$", readout(page, "pace-chart"))
    page.get_by_label("As recorded").check()
    assert page.locator(".curves path.recorded").is_visible()
    assert "as recorded 5:" in readout(page, "pace-chart")
    page.mouse.move(*at(0.25))
    page.mouse.down()
    page.mouse.move(*at(0.75), steps=3)
    page.mouse.up()
    assert np.array(view(page)[:3:2]) / GRID_X == pytest.approx([0.25, 0.5], abs=0.01)
    ticks = [float(text) for text in page.locator(".distances text").all_text_contents()]
    assert len(ticks) > 4 and min(ticks) >= 0.25 * 2.98 and max(ticks) <= 0.76 * 2.98
    page.mouse.dblclick(*at(0.1))
    assert view(page)[:3:2] == [0, GRID_X]


def test_all_can_be_done_with_the_keyboard_alone(opened: Open, tmp_path: Path) -> None:
    page = opened(written(tmp_path, sample("track-mile.fit")))

    def reach(selector: str) -> None:
        for _ in range(80):
            page.keyboard.press("Tab")
            if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
                assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
                return
        raise AssertionError(f"no way to {selector}")

    reach(".pace-chart .at")
    page.keyboard.press("Home")
    assert readout(page, "pace-chart").startswith("0.00 mi, 0:00")
    said = page.evaluate("document.activeElement.ariaValueText")
    assert said == readout(page, "pace-chart")
    reach(".pace-chart input[value=cadence]")
    page.keyboard.press("Space")
    assert page.locator(".curves path.cadence").is_visible()
    reach(".pace-chart button[value=mile]")
    page.keyboard.press("Enter")
    assert view(page)[0] > 0 and view(page)[2] < GRID_X
    reach(".pace-light .at")
    page.keyboard.press("End")
    assert "home in 5:28" in readout(page, "pace-light")
    page.keyboard.press("Home")
    reach(".pace-light .play")
    page.keyboard.press("Space")
    page.locator(".pace-light .readout", has_text=re.compile("you: [1-9]")).wait_for()
    page.keyboard.press("Space")
    assert page.locator(".play").inner_text() == "Play"
    reach(".pace-light .whom")
    page.keyboard.press("ArrowDown")
    assert page.locator(".whom").input_value().startswith("Josh Kerr")


def test_the_light_is_where_the_numbers_say_at_every_moment(opened: Open, tmp_path: Path) -> None:
    analysis = sample("track-mile.fit")
    assert analysis.mile is not None
    page = opened(written(tmp_path, analysis))
    data = page.locator(".pace-light script").evaluate("block => JSON.parse(block.textContent)")
    record = light_of(standing_records()[0])
    times_s, metres = data["runner"]["times_s"], data["runner"]["metres"]
    steps = np.linspace(0, MILE_M, len(data["way"]["x"]))
    for second in (0.0, 30.0, 100.5, 223.0, 300.0):
        text = slide(page, "pace-light", second)
        own_m, light_m = float(np.interp(second, times_s, metres)), float(record.metres_at(second))
        for dot, at_m in (("circle.runner", own_m), ("circle.light", light_m)):
            place = [float(page.locator(dot).get_attribute(axis)) for axis in ("cx", "cy")]
            truth = [np.interp(at_m, steps, data["way"][axis]) for axis in "xy"]
            assert place == pytest.approx(truth, abs=0.05)
        assert f"you: {int(own_m)} m" in text
        if second:
            told = re.search(r"(?:(\d+):)?(\d+\.\d)(?: s)? and (\d+) m behind$", text)
            assert told is not None
            behind_s = second - float(record.seconds_at(own_m))
            assert 60 * int(told[1] or 0) + float(told[2]) == pytest.approx(behind_s + 0.05, abs=0.06)
            assert int(told[3]) == np.ceil(light_m - own_m)
    finish_s = round(analysis.mile.records[0].behind[-1].behind_s, 2)  # the page holds hundredths
    assert slide(page, "pace-light", 9999).endswith(
        f"you: home in 5:28, {lag(finish_s).removeprefix('+')} behind"
    )


def test_it_plays_to_the_end_and_from_the_start_again(opened: Open, tmp_path: Path) -> None:
    page = opened(written(tmp_path, sample("treadmill.fit")))
    page.get_by_label("Speed").select_option("20")
    end = float(page.locator(".pace-light .at").get_attribute("max"))
    slide(page, "pace-light", end - 8)
    play = page.locator(".play")
    play.click()
    assert play.inner_text() == "Pause"
    page.locator(".play", has_text="Play").wait_for()
    assert "home in 6:52" in readout(page, "pace-light")
    play.click()
    page.locator(".pace-light .readout", has_text=re.compile("you: [1-9]")).wait_for()


def test_a_slower_light_is_waited_for(opened: Open, tmp_path: Path) -> None:
    goal = Settings(own_records='[[goal]]\nname = "Slow"\ntime = "6:00"')
    page = opened(written(tmp_path, sample("track-mile.fit", goal)))
    assert float(page.locator(".pace-light .at").get_attribute("max")) == 360
    assert "32.7 s ahead" in slide(page, "pace-light", 360)
    assert re.search(r"and \d+ m ahead$", slide(page, "pace-light", 330))


def test_each_article_of_a_page_has_a_chart_and_a_light_of_its_own(opened: Open, tmp_path: Path) -> None:
    page = opened(written(tmp_path, *map(sample, ("track-mile.fit", "treadmill.fit"))))
    before = page.locator(".pace-light .readout").all_inner_texts()
    slide(page, "pace-light", 60)
    after = page.locator(".pace-light .readout").all_inner_texts()
    assert after[0] != before[0] and after[1] == before[1]


def test_a_report_of_a_folder_takes_its_script_from_beside_it(opened: Open, tmp_path: Path) -> None:
    (tmp_path / "report.js").write_text(script(), encoding="utf-8")
    page = opened(written(tmp_path, sample("track-mile.fit"), script_at="report.js"))
    assert "you: 299 m" in slide(page, "pace-light", 60)


def test_without_its_script_it_says_all_and_offers_nothing_that_does_nothing(
    opened: Open, tmp_path: Path
) -> None:
    page = opened(written(tmp_path, sample("track-mile.fit")), java_script_enabled=False)
    assert page.locator(".curves path.pace").is_visible()
    assert page.locator(".light-plot circle.light").is_visible()
    assert page.locator(".controls:visible").count() == 0


@pytest.mark.parametrize(
    ("name", "paper"),
    [("track-mile.fit", "Letter"), ("road-run-pauses.fit", "A4"), ("intervals.tcx.gz", "Letter")],
)
def test_it_prints_on_one_page(opened: Open, tmp_path: Path, name: str, paper: str) -> None:
    printed = opened(written(tmp_path, sample(name))).pdf(format=paper, prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1


def test_the_served_page_is_the_same_report(opened: Open, server: Server, axe: str) -> None:
    (number,) = server.send((SAMPLES / "track-mile.fit").read_bytes(), "served.fit").json["activity_ids"]
    address = f"{server.url}/activities/{number}"
    for scheme, width in (("light", 1400), ("dark", 360)):
        page = opened(address, scheme, width)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        assert "home in 5:28" in slide(page, "pace-light", 9999)
        page.get_by_role("button", name="The mile").click()
        assert view(page)[2] < GRID_X
    assert faults(opened(address, "dark", 360, bypass_csp=True), axe) == []


def hostile(kind: str) -> bytes:
    """A run of more than a mile with markup in every string that a format has."""
    time_s = np.arange(0.0, 600.0, 5.0)
    run = Recording(
        START,
        time_s,
        latitude_deg=51.5 + time_s * 3e-5,
        longitude_deg=0 * time_s,
        distance_m=3.3 * time_s,
        laps=(LapMark(0, 595, 595, 1963.5),),
    )
    if kind == "fit":
        file = fit_file(run)
        now = fit_time(START)
        text = (120, STRING)
        file.define(8, DEVICE_INFO, [(253, 4, UINT32), (0, 1, UINT8), (27, *text), (19, *text)])
        file.message(8, now, 0, PAYLOAD, PAYLOAD)
        for message, number in ((FILE_ID, 8), (SPORT, 3), (18, 110), (26, 8), (31, 5), (19, 29)):
            file.define(8, message, [(number, *text)])
            file.message(8, PAYLOAD)
        return file.to_bytes()
    words = PAYLOAD.replace("<", "&lt;").replace('"', "&quot;")
    if kind == "gpx":
        named = "".join(f"<{e}>{words}</{e}>" for e in ("name", "cmt", "desc", "src", "type"))
        gpx = write_gpx(run).decode().replace("<trk>", f"<trk>{named}")
        return re.sub('creator="[^"]*"', f'creator="{words}"', gpx).encode()
    tcx = write_tcx(run).decode()
    tcx = re.sub("(<(Name|TriggerMethod|Intensity|Notes)>)[^<]*", rf"\g<1>{words}", tcx)
    tcx = re.sub('Sport="[^"]*"', f'Sport="{words}"', tcx)
    return tcx.replace("</Activity>", f"<Notes>{words}</Notes></Activity>").encode()


@pytest.mark.parametrize("kind", ["fit", "gpx", "tcx"])
def test_no_string_of_a_file_runs_or_leaves_its_element(opened: Open, tmp_path: Path, kind: str) -> None:
    (activity,) = decode(hostile(kind), name=f"{PAYLOAD}.{kind}")
    rivals = f"[[rival]]\nname = {json.dumps(PAYLOAD)}\ntime = '5:05'\n"
    analysis = analyse(activity, Settings(own_records=rivals, sports=(activity.sport,)))
    assert PAYLOAD.lower() in f"{activity.name} {activity.device} {activity.sport}".lower()
    page = opened(written(tmp_path, analysis))
    assert page.locator("img, [onerror], main script:not([type])").count() == 0
    assert page.locator("style").count() == page.locator("script:not([type])").count() == 1
    assert page.locator(".whom option").first.inner_text().startswith(PAYLOAD)
    assert "m behind" in slide(page, "pace-light", 60)
