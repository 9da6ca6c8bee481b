"""The review page of joined stations: a region along the spine is turned, saved, and followed."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from callosal.export.shipped import DEFAULT
from callosal.pipelines.cli import main
from callosal.pipelines.outputs.file_names import REVIEWED_PLAN, STITCHED_ROI
from callosal.pipelines.phantom.spine_stations import write_made_exam
from callosal.pipelines.review.review_runs import ReviewRuns
from callosal.pipelines.review.serve import make_server
from callosal.pipelines.review.server import ReviewServer
from tests.browser.test_review_page import Page


class SpinePage(Page):
    """The page of the one exam that there is."""

    def __init__(self, browser: Any, server: ReviewServer) -> None:
        self.browser, self.server = browser, server
        self.desk = server.routes.runs.sessions[0]
        (self.name,) = self.desk.names
        self.folder = self.desk.folder(self.name)

    def stack_lines(self, stack: str) -> str:
        # In one step: the page draws the lines again and again, and a path that was found is gone.
        asks = "return document.querySelector(arguments[0])?.getAttribute('d')"
        return str(self.browser.execute_script(asks, f"#stage-midsagittal .stack.{stack}"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReviewServer]:
    folder = tmp_path_factory.mktemp("spine")
    write_made_exam(folder / "exam", 1, n_stations=2, pixel_mm=1.2)
    assert main(["stitch", str(folder / "exam"), "--output", str(folder / "out")]) == 0
    with make_server(ReviewRuns.of(folder / "out"), 0, DEFAULT) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.02], daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def page(browser: Any, server: ReviewServer) -> SpinePage:
    page = SpinePage(browser, server)
    page.open()
    return page


def _turned(corner: np.ndarray, center: np.ndarray, degrees: float) -> np.ndarray:
    """A point on the screen, where y grows downward, turned as the page counts angles."""
    turn = np.radians(degrees)
    cosine, sine = np.cos(turn), np.sin(turn)
    return np.asarray(center + np.array([[cosine, -sine], [sine, cosine]]) @ (corner - center))


def test_the_region_is_turned_by_a_drag_saved_and_followed(
    page: SpinePage, console_errors: Any
) -> None:
    assert page.text("case-status").startswith("joined stations 0.9")
    assert page.text("case-cause").startswith("Still to do")
    assert page.text("no-slices") == "no slices beside it"
    assert not page.element("slice-right").is_displayed()
    page.element("set-by-hand").click()
    page.wait(lambda: page.browser.find_elements("css selector", ".stack.transverse"))
    assert page.angle_deg == 90
    upright = page.stack_lines("transverse")
    handle, center = page.place("roi-turn"), page.box.mean(axis=0)
    page.drag(handle, _turned(handle, center, 12.0))
    # 102 degrees is -78: an axis has no head.
    leaning = page.angle_deg
    assert abs(abs(leaning) - 78) < 0.5
    page.wait(lambda: page.stack_lines("transverse") != upright)
    page.element("reviewer").send_keys("R. Reader")
    page.element("correct").click()
    page.wait(lambda: page.text("message").startswith("Saved"))
    assert page.text("message") == "Saved"
    assert page.text("case-cause").startswith("Joined: a person has set")
    review = json.loads((page.folder / REVIEWED_PLAN).read_text())
    assert review["roi"]["angle_deg"] == pytest.approx(leaning, abs=0.06)
    orientation = np.array(review["plan"]["planes"]["transverse"]["image_orientation_patient"])
    normal = np.cross(orientation[:3], orientation[3:])
    turn = np.radians(review["roi"]["angle_deg"])
    assert abs(normal @ [0, -np.cos(turn), np.sin(turn)]) == pytest.approx(1, abs=1e-5)
    assert (page.folder / STITCHED_ROI).is_file()
    assert console_errors() == []


def test_the_region_leans_no_further_than_a_plan_takes(page: SpinePage) -> None:
    page.open()
    if page.element("set-by-hand").is_displayed():
        page.element("set-by-hand").click()
    from selenium.webdriver import Keys

    field = page.element("angle")
    assert (field.get_attribute("min"), field.get_attribute("max")) == ("-90", "90")
    before = page.angle_deg
    field.click()
    page.chord(Keys.CONTROL, "a")
    page.keys("10")
    assert "beyond the range of a plan" in page.text("pose-refusal")
    assert page.angle_deg == before


def test_the_middle_slice_is_named(page: SpinePage) -> None:
    caption = page.browser.find_element("css selector", "#stage-midsagittal figcaption")
    assert caption.text == "Middle slice"
