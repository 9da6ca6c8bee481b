"""The review page of a scout: the plan lies on the slices that were acquired."""

import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from callosal.export.shipped import DEFAULT
from callosal.pipelines.review.review_runs import ReviewRuns
from callosal.pipelines.review.serve import make_server
from callosal.pipelines.review.server import ReviewServer
from tests.case.made_scout import planned_scout

STAGES = ("midsagittal", "transverse", "coronal")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return planned_scout(tmp_path_factory.mktemp("scout")).output


@pytest.fixture(scope="module")
def server(run: Path) -> Iterator[ReviewServer]:
    with make_server(ReviewRuns.of(run), 0, DEFAULT) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.02], daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def page(browser: Any, server: ReviewServer) -> Any:
    (name,) = server.routes.runs.sessions[0].names
    browser.get("about:blank")
    browser.get(f"{server.guard.url}#{name}")
    end = time.monotonic() + 60
    while browser.find_element("id", "viewer").get_attribute("data-case") != name:
        assert time.monotonic() < end, browser.find_element("id", "message").text
        time.sleep(0.05)
    return browser


def caption(page: Any, stage: str) -> str:
    return str(page.find_element("css selector", f"#stage-{stage} figcaption").text)


def drawn(page: Any, stage: str, stack: str) -> np.ndarray:
    """Corners and line ends of a stack on a picture, in pixels, shape (N, 2)."""
    paths = page.find_elements("css selector", f"#stage-{stage} .stack.{stack}")
    text = " ".join(path.get_attribute("d") for path in paths)
    return np.array(re.findall(r"(-?[\d.]+),(-?[\d.]+)", text), float)


def test_pictures_of_a_scout_say_that_they_are_slices(page: Any) -> None:
    assert caption(page, "midsagittal") == "Sagittal slice"
    assert caption(page, "transverse") == "Axial slice"
    assert caption(page, "coronal") == "Coronal slice"
    titles = [page.find_element("id", f"stage-{n}").get_attribute("title") for n in STAGES]
    assert all("acquired" in title for title in titles)


def test_the_plan_is_drawn_on_the_acquired_slices(
    page: Any, server: ReviewServer, console_errors: Any
) -> None:
    """The midsagittal slice is the middle line of the sagittal stack, on both slices."""
    desk = server.routes.runs.sessions[0]
    entry = desk.case_entry(desk.names[0])
    plane, middle = entry["plan"]["midsagittal"], entry["plan"]["final"]["center_lps_mm"]
    for stage in ("transverse", "coronal"):
        place = entry["pictures"][stage]
        lines = drawn(page, stage, "sagittal")
        assert len(lines) >= 2
        assert drawn(page, stage, "coronal" if stage == "transverse" else "transverse").size
        scale = page.execute_script(
            "const s = document.querySelector(`#stage-${arguments[0]} svg`);"
            "return [s.clientWidth, s.clientHeight]", stage,
        )  # fmt: skip
        assert ((lines > -5) & (lines < np.array(scale) + 5)).all(axis=1).mean() > 0.3
        # Where the plane cuts the slice, by the plan alone, against what is on the screen.
        rows, columns = np.array(place["row_dir"]), np.array(place["col_dir"])
        along = np.cross(np.cross(rows, columns), plane["normal"])
        expected = np.array([along @ rows, along @ columns])
        ends = lines.reshape(-1, 2, 2)
        lengths = np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1)
        way = ends[np.argmax(lengths), 1] - ends[np.argmax(lengths), 0]
        cosine = abs(way @ expected) / np.linalg.norm(way) / np.linalg.norm(expected)
        assert np.degrees(np.arccos(min(1.0, cosine))) < 0.5
        off = (np.array(middle) - place["center_lps_mm"]) @ np.cross(rows, columns)
        assert abs(off) <= 5.01, "half the distance of the slices"
    assert console_errors() == []
