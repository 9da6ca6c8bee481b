"""The review page as a person uses it: pointer, wheel and keys in a headless Chromium."""

import base64
import csv
import io
import json
import math
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from callosal.export.shipped import DEFAULT
from callosal.pipelines.batch.mapping import write_mapping
from callosal.pipelines.pictures.reason_words import short_reason
from callosal.pipelines.review.read_only import write_read_only_pages
from callosal.pipelines.review.review_runs import ReviewRuns
from callosal.pipelines.review.review_session import ReviewSession
from callosal.pipelines.review.serve import make_server
from callosal.pipelines.review.server import ReviewServer
from tests.review.made_run import case_of, make_run

MINUS = "\N{MINUS SIGN}"
TIMES = "\N{MULTIPLICATION SIGN}"


@pytest.fixture(scope="module")
def finished_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("reviewed"))


@pytest.fixture
def server(finished_run: Path, tmp_path: Path) -> Iterator[ReviewServer]:
    """A server of a copy of the run."""
    desk = ReviewSession.of(Path(shutil.copytree(finished_run, tmp_path / "out")))
    with make_server(ReviewRuns((desk,)), 0, DEFAULT) as server, serving(server):
        yield server


@contextmanager
def serving(server: ReviewServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, args=[0.02], daemon=True)
    thread.start()
    yield
    server.shutdown()
    thread.join()


def shifted(points: np.ndarray, right: float, down: float) -> np.ndarray:
    return points + np.array([right, down])


class Page:
    """What a person sees and does on the page."""

    def __init__(self, browser: Any, server: ReviewServer) -> None:
        self.browser, self.server = browser, server
        self.desk = server.routes.runs.sessions[0]
        self.name = case_of(self.desk, has_plan=True)
        self.folder = self.desk.folder(self.name)

    def open(self, name: str | None = None) -> None:
        self.browser.get("about:blank")
        self.browser.get(f"{self.server.guard.url}#{name or self.name}")
        self.wait_until_open(name or self.name)
        self.advance(False)

    def advance(self, wanted: bool) -> None:
        """Choose whether a decision leads on to the next open case."""
        if self.element("advance").is_selected() is not wanted:
            self.element("advance").click()

    def wait_until_open(self, name: str) -> None:
        self.wait(lambda: self.element("viewer").get_attribute("data-case") == name)

    def wait(self, ready: Callable[[], Any], seconds: float = 30.0) -> None:
        end = time.monotonic() + seconds
        while not ready():
            assert time.monotonic() < end, f"the page says: {self.text('message')!r}"
            time.sleep(0.02)

    def element(self, name: str) -> Any:
        return self.browser.find_element("id", name)

    def text(self, name: str) -> str:
        return str(self.browser.execute_script(
            "return document.getElementById(arguments[0])?.textContent ?? ''", name
        ))  # fmt: skip

    @property
    def angle_deg(self) -> float:
        """The angle as the page tells it, to 0.1 degree."""
        return float(self.element("roi-turn").get_attribute("aria-valuenow"))

    @property
    def drawn_angle_deg(self) -> float:
        """The angle as it is drawn."""
        posterior, anterior = self.box[:2]
        x, y = posterior - anterior
        return math.degrees(math.atan2(y, x))

    @property
    def box(self) -> np.ndarray:
        """Corners of the region on the page, in pixels, shape (4, 2)."""
        return np.array(self.browser.execute_script(
            "const m = document.getElementById('roi-body'); const t = m.getScreenCTM();"
            "return [...m.points].map(p => { const q = p.matrixTransform(t); return [q.x, q.y]; })"
        ))  # fmt: skip

    @property
    def scale(self) -> float:
        """Pixels a millimetre on the large picture, by its bar of 20 mm."""
        bar = "#stage-midsagittal .marks path"
        return float(self.browser.execute_script(
            "return document.querySelector(arguments[0]).getBBox().width / 20", bar
        ))  # fmt: skip

    def place(self, name: str) -> np.ndarray:
        """Middle of an element, in pixels."""
        box = self.browser.execute_script(
            "const b = document.getElementById(arguments[0]).getBoundingClientRect();"
            "return [b.x + b.width / 2, b.y + b.height / 2]",
            name,
        )
        return np.array(box)

    def drag(self, start: np.ndarray, end: np.ndarray, button: str = "left") -> None:
        """Press, move in steps and let go, by raw input events, to fractions of a pixel."""
        mouse = {"button": button, "clickCount": 1}
        held = {"left": 1, "right": 2, "middle": 4}[button]
        self._mouse("mousePressed", start, **mouse, buttons=held)
        for share in np.linspace(0.1, 1, 10):
            self._mouse("mouseMoved", start + (end - start) * share, button=button, buttons=held)
        self._mouse("mouseReleased", end, **mouse, buttons=0)

    def wheel(self, at: np.ndarray, down: float, shift: bool = False) -> None:
        self._mouse("mouseWheel", at, deltaX=0, deltaY=down, modifiers=8 if shift else 0)

    def _mouse(self, kind: str, at: np.ndarray, **words: Any) -> None:
        event = {"type": kind, "x": float(at[0]), "y": float(at[1]), **words}
        self.browser.execute_cdp_cmd("Input.dispatchMouseEvent", event)

    def keys(self, *pressed: str) -> None:
        """Type into whatever has the focus."""
        from selenium.webdriver import ActionChains

        ActionChains(self.browser).send_keys(*pressed).perform()

    def chord(self, *pressed: str) -> None:
        """Press keys together."""
        from selenium.webdriver import ActionChains

        actions = ActionChains(self.browser)
        for key in pressed:
            actions.key_down(key)
        for key in reversed(pressed):
            actions.key_up(key)
        actions.perform()

    def tab_to(self, name: str) -> None:
        """Press Tab until an element has the focus."""
        from selenium.webdriver import Keys

        for _ in range(80):
            if self.browser.switch_to.active_element.get_attribute("id") == name:
                return
            self.keys(Keys.TAB)
        raise AssertionError(f"Tab never reaches {name}")

    def save(self, button: str, reviewer: str = "R. Reader") -> None:
        self.element("reviewer").clear()
        self.element("reviewer").send_keys(reviewer)
        self.element(button).click()

    def turn_by_drag(self, degrees: float) -> None:
        """Drag the round handle along its circle about the region's centre."""
        center, handle = self.box.mean(axis=0), self.place("roi-turn")
        # Clockwise on screen lifts the anterior end, which is on the left.
        turn = math.radians(degrees)
        rotation = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
        self.drag(handle, center + rotation @ (handle - center))


@pytest.fixture
def page(browser: Any, server: ReviewServer) -> Page:
    opened = Page(browser, server)
    opened.open()
    return opened


def plan_of(page: Page) -> dict[str, Any]:
    return json.loads((page.folder / "plan.json").read_text())


@pytest.mark.parametrize("degrees", [7.3, -12.0])
def test_a_drag_of_the_handle_turns_the_region_by_its_angle(page: Page, degrees: float) -> None:
    before, drawn, box = page.angle_deg, page.drawn_angle_deg, page.box
    page.turn_by_drag(degrees)
    assert page.drawn_angle_deg - drawn == pytest.approx(degrees, abs=0.05)
    # Both readings are rounded to 0.1 degree.
    assert page.angle_deg - before == pytest.approx(degrees, abs=0.15)
    np.testing.assert_allclose(page.box.mean(axis=0), box.mean(axis=0), atol=0.05)


def test_a_correction_is_saved_and_plan_and_table_follow(page: Page) -> None:
    before = plan_of(page)
    page.turn_by_drag(5.0)
    page.save("correct")
    page.wait(lambda: "Corrected by R. Reader" in page.text("saved"))
    review = json.loads((page.folder / "plan.reviewed.json").read_text())
    turned = review["plan"]["final"]["angle_deg"] - before["final"]["angle_deg"]
    assert turned == pytest.approx(5.0, abs=0.1)
    text = review["plan"]["planes"]["transverse"]["prescription"]
    assert page.text("transverse-text") == text.replace("-", MINUS)
    with (page.desk.output / "results.reviewed.csv").open() as stream:
        rows = {row["case_id"]: row for row in csv.DictReader(stream)}
    assert rows[page.name]["transverse"] == text
    assert float(rows[page.name]["angle_change_deg"]) == pytest.approx(5.0, abs=0.1)
    report = (page.folder / "plan_sr.reviewed.dcm").read_bytes()
    assert f"transverse: {text}".encode() in report
    assert plan_of(page) == before


def test_a_reload_keeps_what_is_saved_and_what_is_not(page: Page) -> None:
    page.turn_by_drag(4.0)
    unsaved = page.angle_deg
    page.browser.refresh()
    page.wait_until_open(page.name)
    page.wait(lambda: "unsaved change" in page.text("message"))
    assert page.angle_deg == unsaved
    page.save("correct")
    page.wait(lambda: "Corrected" in page.text("saved"))
    page.open()
    assert page.angle_deg == unsaved
    assert "revision 1" in page.text("saved")


def test_undo_and_redo_go_step_by_step(page: Page) -> None:
    from selenium.webdriver import Keys

    first = page.angle_deg
    page.turn_by_drag(3.0)
    second = page.angle_deg
    page.turn_by_drag(2.0)
    third = page.angle_deg
    page.element("undo").click()
    assert page.angle_deg == second
    page.chord(Keys.CONTROL, "z")
    assert page.angle_deg == first
    page.chord(Keys.CONTROL, Keys.SHIFT, "z")
    page.element("redo").click()
    assert page.angle_deg == third
    page.element("automatic").click()
    assert page.angle_deg == first


def test_the_error_bar_is_a_band_about_the_automatic_pose_alone(page: Page) -> None:
    bar = page.desk.case_entry(page.name)["plan"]["uncertainty"]["angle95_deg"]
    assert bar is not None
    drawn = "return document.querySelector('.roi-band').getAttribute('points')"
    points = np.array(
        [pair.split(",") for pair in page.browser.execute_script(drawn).split()], float
    )
    assert points.shape == (4, 2)
    (x, y), (u, v) = points[0] - points[3], points[1] - points[2]
    apart_deg = math.degrees(math.atan2(y, x) - math.atan2(v, u))
    assert abs((apart_deg + 180) % 360 - 180) == pytest.approx(2 * bar, abs=0.05)
    assert f"± {bar:.1f}°" in page.text("angle-change")
    page.turn_by_drag(3.0)
    assert page.browser.execute_script(drawn) == ""
    assert "±" not in page.text("angle-change")


def test_the_region_is_moved_and_sized_by_drag(page: Page) -> None:
    start = page.box
    page.drag(start.mean(axis=0), shifted(start.mean(axis=0), 30, -20))
    np.testing.assert_allclose(page.box, shifted(start, 30, -20), atol=0.1)
    corner, center = page.place("roi-corner-anterior-superior"), page.box.mean(axis=0)
    outward = (corner - center) / np.linalg.norm(corner - center)
    page.drag(corner, corner + 20 * outward)
    moved = page.place("roi-corner-anterior-superior") - corner
    np.testing.assert_allclose(moved, 20 * outward, atol=0.1)
    np.testing.assert_allclose(page.box.mean(axis=0), center, atol=0.1)


def test_wheel_and_fields_make_fine_steps(page: Page) -> None:
    from selenium.webdriver import Keys

    before = page.angle_deg
    page.wheel(page.place("roi-turn"), -120)
    page.wait(lambda: page.angle_deg == pytest.approx(before + 0.1, abs=0.01))
    page.wheel(page.box.mean(axis=0), 120, shift=True)
    page.wait(lambda: page.angle_deg == pytest.approx(before, abs=0.01))
    field = page.element("angle")
    field.click()
    page.chord(Keys.CONTROL, "a")
    page.keys("-3.2")
    assert page.angle_deg == -3.2
    assert page.text("angle-readout") == f"{MINUS}3.2\N{DEGREE SIGN}"


def test_zoom_pan_and_window_leave_the_region_where_it_is(page: Page) -> None:
    saved, box = page.angle_deg, page.box
    x = page.element("x").get_attribute("value")
    corner = page.place("stage-midsagittal") * [1, 0] + [0, 330]
    page.wheel(corner, -300)
    page.wait(lambda: np.ptp(page.box[:, 0]) > 1.3 * np.ptp(box[:, 0]))
    at = page.box
    page.drag(corner, shifted(corner, 40, 10), "right")
    np.testing.assert_allclose(page.box, shifted(at, 40, 10), atol=0.1)
    level, width = (float(page.element(n).get_attribute("value")) for n in ("level", "width"))
    page.element("fit").click()
    page.drag(corner, shifted(corner, 50, -30))
    assert float(page.element("width").get_attribute("value")) == pytest.approx(width + 300, abs=1)
    assert float(page.element("level").get_attribute("value")) == pytest.approx(level + 120, abs=1)
    assert (page.angle_deg, page.element("x").get_attribute("value")) == (saved, x)


def test_the_outline_and_the_stacks_can_be_hidden(page: Page) -> None:
    for layer, drawn in (("outline", ".outline"), ("transverse", "path.stack.transverse")):
        box = page.browser.find_element("css selector", f"[data-layer={layer}]")
        shapes = f"#stage-midsagittal svg {drawn}"
        assert page.browser.find_elements("css selector", shapes)
        box.click()
        assert not page.browser.find_elements("css selector", shapes)


def test_stacks_are_drawn_on_all_three_pictures(page: Page) -> None:
    for picture in ("midsagittal", "transverse", "coronal"):
        for stack in ("transverse", "coronal", "sagittal"):
            found = page.browser.find_elements(
                "css selector", f"#stage-{picture} path.stack.{stack}"
            )
            assert found[0].get_attribute("d"), (picture, stack)


def test_a_second_tab_does_not_lose_the_work_of_the_first(page: Page) -> None:
    first = page.browser.current_window_handle
    page.browser.switch_to.new_window("tab")
    second = page.browser.current_window_handle
    try:
        page.open()
        page.turn_by_drag(6.0)
        page.browser.switch_to.window(first)
        page.turn_by_drag(-2.0)
        page.save("correct", "First")
        page.wait(lambda: "Corrected by First" in page.text("saved"))
        page.browser.switch_to.window(second)
        mine = page.angle_deg
        page.save("correct", "Second")
        page.wait(lambda: page.element("conflict").is_displayed())
        assert "Corrected by First" in page.text("conflict-text")
        assert not (page.folder / "reviews" / "0002.json").exists()
        page.element("save-mine").click()
        page.wait(lambda: "Corrected by Second" in page.text("saved"))
        assert page.angle_deg == mine
    finally:
        page.browser.switch_to.window(second)
        page.browser.close()
        page.browser.switch_to.window(first)
    kept = [json.loads(p.read_text()) for p in sorted(page.folder.glob("reviews/*.json"))]
    assert [(k["revision"], k["reviewer"]) for k in kept] == [(1, "First"), (2, "Second")]


def test_theirs_can_be_taken_instead(page: Page) -> None:
    from callosal.pipelines.planning.plan_file import Plan
    from callosal.pipelines.review.correction import automatic_roi
    from callosal.pipelines.review.review_document import Decision, Judgement

    page.turn_by_drag(6.0)
    roi = automatic_roi(Plan.from_document(plan_of(page)), page.desk.settings).moved((0, 3))
    page.desk.save(page.name, Judgement(Decision.CORRECTED, "Other", "", roi), based_on=0)
    page.save("correct")
    page.wait(lambda: page.element("conflict").is_displayed())
    page.element("take-theirs").click()
    page.wait(lambda: "Other" in page.text("saved"))
    assert page.angle_deg == pytest.approx(roi.angle_deg, abs=0.05)


def test_the_keyboard_alone_is_enough(page: Page) -> None:
    from selenium.webdriver import Keys

    before = page.angle_deg
    page.tab_to("roi-turn")
    page.keys(Keys.ARROW_UP, Keys.ARROW_UP, Keys.ARROW_UP)
    assert page.angle_deg == pytest.approx(before + 0.3, abs=0.01)
    page.chord(Keys.SHIFT, Keys.ARROW_DOWN)
    assert page.angle_deg == pytest.approx(before - 0.7, abs=0.01)
    page.browser.execute_script("document.activeElement.blur()")
    page.tab_to("roi-body")
    y = float(page.element("y").get_attribute("value"))
    page.keys(Keys.ARROW_UP)
    assert float(page.element("y").get_attribute("value")) == pytest.approx(y + 0.5)
    page.tab_to("reviewer")
    page.keys("K. Board")
    page.tab_to("correct")
    page.keys(Keys.ENTER)
    page.wait(lambda: "Corrected by K. Board" in page.text("saved"))
    name = page.text("position")
    page.chord(Keys.ALT, Keys.ARROW_RIGHT if name.startswith("1") else Keys.ARROW_LEFT)
    page.wait(lambda: page.text("position") != name)


def test_accept_and_reject(page: Page) -> None:
    page.save("accept")
    page.wait(lambda: "Accepted by" in page.text("saved"))
    assert json.loads((page.folder / "plan.reviewed.json").read_text())["plan"] == plan_of(page)
    page.element("comment").send_keys("moved during the scan")
    page.element("reject").click()
    page.wait(lambda: "Rejected by" in page.text("saved"))
    review = json.loads((page.folder / "plan.reviewed.json").read_text())
    assert (review["revision"], review["comment"]) == (2, "moved during the scan")
    assert "1 of 2 reviewed" in page.text("progress")


def test_a_case_without_a_plan_gets_one_by_hand(page: Page) -> None:
    unplanned = case_of(page.desk, has_plan=False)
    page.open(unplanned)
    assert not page.element("accept").is_enabled()
    page.element("set-by-hand").click()
    page.wait(lambda: page.text("transverse-text"))
    page.save("correct")
    page.wait(lambda: "Corrected" in page.text("saved"))
    assert (page.desk.folder(unplanned) / "plan.reviewed.json").is_file()


def test_nothing_leaves_the_machine_and_nothing_is_wrong(
    page: Page, left_the_machine: Any, console_errors: Any
) -> None:
    page.open()
    page.turn_by_drag(2.0)
    page.save("correct")
    page.wait(lambda: "Corrected" in page.text("saved"))
    assert left_the_machine() == []
    assert console_errors() == []


def test_the_report_leads_to_a_case_and_back(page: Page, console_errors: Any) -> None:
    page.element("report").click()
    links = page.browser.find_elements
    page.wait(lambda: links("css selector", "a.review"))
    target = f"case={page.name}"
    (link,) = [
        a for a in links("css selector", "a.review") if target in str(a.get_attribute("href"))
    ]
    page.browser.execute_script("arguments[0].click()", link)
    page.wait_until_open(page.name)
    assert "review.html" in page.browser.current_url
    assert console_errors() == []


def test_a_read_only_page_opens_from_disk(
    page: Page, requests: Any, console_errors: Any, accessibility: Any
) -> None:
    assert write_read_only_pages(page.desk) == 2
    requests()
    page.browser.get((page.folder / "review.html").as_uri())
    page.wait_until_open(page.name)
    assert len(page.box) == 4
    shown = page.angle_deg
    page.drag(page.box.mean(axis=0), shifted(page.box.mean(axis=0), 30, 0))
    assert page.angle_deg == shown == pytest.approx(plan_of(page)["final"]["angle_deg"], abs=0.05)
    assert not page.element("roi-turn").is_displayed()
    assert not page.element("open-file").is_displayed(), "no network runs on a page from disk"
    assert [url for url in requests() if not url.startswith(("file:", "data:"))] == []
    assert console_errors() == []
    assert accessibility() == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(page: Page, accessibility: Any, scheme: str) -> None:
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    page.turn_by_drag(2.0)
    assert accessibility() == []


SCREENS = {"desktop": (1440, 900), "small": (1024, 768)}


def _sized(page: Page, width: int, height: int) -> None:
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    page.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


@pytest.fixture
def resized(page: Page) -> Iterator[Callable[[int, int], None]]:
    """Sets the size of the page's window for one test."""
    yield lambda width, height: _sized(page, width, height)
    page.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def _is_seen(page: Page, name: str) -> bool:
    """Whether an element is seen whole, and nothing lies over it, without scrolling."""
    return bool(page.browser.execute_script(
        "const e = document.getElementById(arguments[0]), b = e.getBoundingClientRect();"
        "const at = (x, y) => e.contains(document.elementFromPoint(x, y));"
        "return b.height > 5 && at(b.left + 9, b.top + 2) && at(b.left + 9, b.bottom - 2)", name
    ))  # fmt: skip


@pytest.mark.parametrize("screen", SCREENS)
def test_pose_stacks_and_buttons_are_seen_without_scrolling(
    page: Page, resized: Callable[[int, int], None], screen: str
) -> None:
    resized(*SCREENS[screen])
    names = [f"{stack}-{part}" for stack in ("transverse", "coronal", "sagittal")
             for part in ("text", "slices")]  # fmt: skip
    for name in ("angle", "undo", *names, "accept", "correct", "reject", "stage-midsagittal"):
        assert _is_seen(page, name), name


def test_a_narrow_page_has_pictures_and_every_control(
    page: Page, resized: Callable[[int, int], None]
) -> None:
    resized(390, 844)
    for name in ("midsagittal", "transverse", "coronal"):
        assert page.element(f"stage-{name}").size["height"] >= 150, name
        assert page.element(f"stage-{name}").size["width"] >= 150, name
    assert page.browser.execute_script("return document.documentElement.scrollWidth") <= 390
    page.element("accept").click()
    assert page.browser.switch_to.active_element.get_attribute("id") == "reviewer"


def test_stacks_and_doubts_are_told_in_the_reports_words(page: Page) -> None:
    for name, stack in plan_of(page)["planes"].items():
        width, height = stack["fov_mm"]
        assert page.text(f"{name}-slices").replace("\N{NO-BREAK SPACE}", " ") == (
            f"{stack['n_slices']} {TIMES} {stack['thickness_mm']:g} mm, "
            f"gap {stack['gap_mm']:g} mm, FOV {width:g} {TIMES} {height:g} mm"
        )
    unplanned = case_of(page.desk, has_plan=False)
    page.open(unplanned)
    codes = json.loads((page.desk.folder(unplanned) / "plan.json").read_text())["reasons"]
    assert page.text("case-reasons") == ", ".join(short_reason(code) for code in codes)
    shown = page.text("case-list")
    assert page.name in shown
    assert "sure" not in shown


def test_the_report_tells_what_was_just_saved(page: Page) -> None:
    page.turn_by_drag(5.0)
    angle = page.text("angle-readout")
    page.save("correct")
    page.wait(lambda: "Corrected" in page.text("saved"))
    page.element("report").click()
    rows = page.browser.find_elements
    page.wait(lambda: rows("css selector", f"tr[data-case={page.name}] .decision.corrected"))
    (row,) = rows("css selector", f"tr[data-case={page.name}]")
    assert angle in row.text
    assert f"was {plan_of(page)['final']['angle_deg']:.1f}°".replace("-", MINUS) in row.text
    assert "R. Reader" in row.text


def _drop_event(page: Page, paths: list[Path]) -> None:
    """Drag files over the page and let them go: the events of a real drop, with its files."""
    files = [base64.b64encode(path.read_bytes()).decode("ascii") for path in paths]
    page.browser.execute_script(
        "const carried = new DataTransfer(), target = document.getElementById('viewer');"
        "arguments[0].forEach((text, i) => { "
        "  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));"
        "  carried.items.add(new File([bytes], `Qvx${i}`)); });"
        "const fire = (name) => target.dispatchEvent(new DragEvent(name,"
        "  { dataTransfer: carried, bubbles: true, cancelable: true }));"
        "const hint = document.getElementById('drop-hint');"
        "window.overTaken = !fire('dragover'); window.hinted = !hint.hidden;"
        "window.dropTaken = !fire('drop'); window.hintLeft = !hint.hidden;",
        files,
    )  # fmt: skip


def test_a_dropped_series_gets_the_answer_of_infer_and_is_not_kept(
    page: Page, finished_run: Path, left_the_machine: Any, console_errors: Any
) -> None:
    before, files = page.browser.current_url, sorted(page.desk.output.rglob("*"))
    page.turn_by_drag(9.0)
    turned = page.angle_deg
    _drop_event(page, sorted((finished_run.parent / "series").iterdir()))
    # Both events are cancelled: else the browser would leave the page and show the file.
    took = page.browser.execute_script("return [overTaken, hinted, dropTaken, hintLeft]")
    assert took == [True, True, True, False]
    page.wait(lambda: page.element("trial").get_attribute("data-shown"), 60)
    plan = plan_of(page)
    assert page.angle_deg == pytest.approx(plan["final"]["angle_deg"], abs=0.051)
    told = page.text("transverse-text").replace(MINUS, "-")
    assert told == plan["planes"]["transverse"]["prescription"]
    assert f"{plan['confidence']:.2f}" in page.text("case-status")
    assert not page.element("accept").is_displayed()
    assert not page.element("roi-turn").is_displayed()
    page.keys("r")
    assert sorted(page.desk.output.rglob("*")) == files
    page.element("end-trial").click()
    page.wait_until_open(page.name)
    assert page.angle_deg == turned, "what was not saved is still there"
    assert page.browser.current_url == before
    assert left_the_machine() == []
    assert console_errors() == []


def test_what_cannot_be_tried_says_why_and_the_case_stays(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "notes"
    path.write_text("no image")
    page.browser.execute_script("document.getElementById('file').hidden = false")
    page.element("file").send_keys(str(path))
    page.wait(lambda: "nothing to plan on" in page.text("message"))
    assert page.element("case-id").text == page.name
    assert page.element("accept").is_displayed()


def test_single_keys_decide_and_step_and_leave_typing_alone(page: Page) -> None:
    unplanned = case_of(page.desk, has_plan=False)
    page.advance(True)
    page.element("reviewer").send_keys("Ann Archer")
    assert page.element("reviewer").get_attribute("value") == "Ann Archer"
    page.browser.execute_script("document.activeElement.blur()")
    page.keys("c")
    page.wait(lambda: "A accepts it" in page.text("message"))
    page.turn_by_drag(3.0)
    page.keys("u")
    assert page.angle_deg == pytest.approx(plan_of(page)["final"]["angle_deg"], abs=0.051)
    page.keys("a")
    page.wait_until_open(unplanned)
    review = json.loads((page.folder / "plan.reviewed.json").read_text())
    assert (review["decision"], review["reviewer"]) == ("accepted", "Ann Archer")
    assert f"{page.name} is accepted" in page.text("message")
    page.keys("r")
    page.wait(lambda: "Rejected by Ann" in page.text("saved"))
    assert "2 of 2 reviewed" in page.text("progress")
    was = page.text("position")
    page.keys("p" if was.startswith("2") else "n")
    page.wait_until_open(page.name)
    page.browser.execute_script("document.getElementById('single-keys').click()")
    page.keys("r")
    assert "Accepted" in page.text("saved")
    page.browser.execute_script("document.getElementById('single-keys').click()")


def test_the_pictures_of_the_next_case_are_there_before_it_is_opened(page: Page) -> None:
    first, second = page.desk.names

    def pictures_asked() -> list[str]:
        return page.browser.execute_script(
            "return performance.getEntriesByType('resource').map(e => e.name)"
            ".filter(name => name.includes(arguments[0]))",
            f"{second}/pictures/",
        )

    page.open(first)
    page.wait(pictures_asked)
    page.wait(lambda: len(pictures_asked()) == len(page.desk.case_entry(second)["pictures"]))
    page.browser.execute_script("performance.clearResourceTimings()")
    page.element("next").click()
    page.wait_until_open(second)
    assert pictures_asked() == []


def test_a_change_that_is_not_saved_is_marked_and_asked_for_on_leaving(page: Page) -> None:
    # The driver answers the question itself; whether it is asked is in the event.
    asks = "return !dispatchEvent(new Event('beforeunload', { cancelable: true }))"
    mark = f"button[value={page.name}] .decision-mark"
    page.turn_by_drag(3.0)
    (row,) = page.browser.find_elements("css selector", mark)
    assert row.text == "unsaved"
    assert page.browser.execute_script(asks) is True
    page.element("automatic").click()
    (row,) = page.browser.find_elements("css selector", mark)
    assert row.text == ""
    assert page.browser.execute_script(asks) is False, "nothing is lost, so nothing is asked"


@pytest.mark.parametrize(
    ("field", "typed", "told"),
    [("angle", "75", f"beyond the range of a plan, between {MINUS}60° and 60°"),
     ("x", "500", "the slice ends there"), ("roi-width", "250", "not more than the length"),
     ("roi-length", "2", "2.0 mm is not between 5.0 and 300.0 mm")],
)  # fmt: skip
def test_a_typed_number_beyond_the_range_is_refused_where_it_is_typed(
    page: Page, field: str, typed: str, told: str
) -> None:
    from selenium.webdriver import Keys

    before, box = page.element(field).get_attribute("value"), page.box
    page.element(field).click()
    page.chord(Keys.CONTROL, "a")
    page.keys(typed)
    assert told in page.text("pose-refusal")
    assert page.element(field).get_attribute("aria-invalid") == "true"
    assert page.element(field).get_attribute("value") == typed
    np.testing.assert_allclose(page.box, box, atol=0.1)
    assert not page.element("undo").is_enabled(), "nothing was changed"
    page.keys(Keys.TAB)
    assert page.element(field).get_attribute("value") == before


def test_each_step_is_undone_by_one_undo(page: Page) -> None:
    from selenium.webdriver import Keys

    first = page.angle_deg
    page.element("angle").click()
    page.chord(Keys.CONTROL, "a")
    for letter in "-12.5":
        page.keys(letter)
        time.sleep(0.2)
    page.browser.execute_script("document.getElementById('roi-turn').focus()")
    page.keys(Keys.ARROW_UP, Keys.ARROW_UP)
    seen = [page.angle_deg]
    while page.element("undo").is_enabled():
        page.element("undo").click()
        seen.append(page.angle_deg)
    assert seen == [pytest.approx(angle, abs=0.01) for angle in (-12.3, -12.4, -12.5, first)]


def test_no_line_runs_through_a_label(page: Page) -> None:
    for turn_deg in (0.0, 25.0, -20.0):
        if turn_deg:
            page.turn_by_drag(turn_deg)
        labels = page.browser.execute_script(
            "return [...document.querySelectorAll('.stage svg text, figcaption')].map((label) => {"
            "  const b = label.getBoundingClientRect(); return [b.left, b.top, b.right, b.bottom];"
            "})"
        )  # fmt: skip
        png = page.browser.get_screenshot_as_png()
        with Image.open(io.BytesIO(png)) as picture:
            shown = np.asarray(picture.convert("RGB")).astype(int)
        for left, top, right, bottom in np.round(labels).astype(int):
            under = shown[max(top, 0) : bottom, max(left, 0) : right]
            assert under.size
            # Lines, region and outline are coloured; a letter on its plate is gray.
            assert np.ptp(under, axis=2).max() <= 12


def _lies_on_the_picture(page: Page, name: str) -> bool:
    return bool(page.browser.execute_script(
        "const [a, b] = [arguments[0], 'stage-midsagittal'].map((id) =>"
        "  document.getElementById(id).getBoundingClientRect());"
        "return a.width > 20 && a.left >= b.left && a.right <= b.right && a.top >= b.top"
        "  && a.bottom <= Math.min(b.bottom, innerHeight)", name
    ))  # fmt: skip


@pytest.mark.parametrize("size", [(1024, 768), (1920, 1080)])
def test_the_case_id_always_stands_over_the_picture(
    page: Page, resized: Callable[[int, int], None], size: tuple[int, int]
) -> None:
    write_read_only_pages(page.desk)
    resized(*size)
    for _ in range(2):
        assert page.text("case-id") == page.name
        assert page.element("case-id").is_displayed()
        assert _lies_on_the_picture(page, "case-id")
        page.browser.get((page.folder / "review.html").as_uri())
        page.wait_until_open(page.name)


def test_names_of_a_mapping_are_shown_and_never_written(
    browser: Any, finished_run: Path, tmp_path: Path
) -> None:
    run, mapping = Path(shutil.copytree(finished_run, tmp_path / "out")), tmp_path / "who.csv"
    name = case_of(ReviewSession.of(run), has_plan=True)
    line = {
        "case_id": name,
        "series_number": "3",
        "description": "Qvx MPRAGE <i>",
        "contrast": "T1",
    }
    write_mapping(mapping, {name: {"kind": "dicom", **line}})
    with make_server(ReviewRuns.of(run, mapping), 0, DEFAULT) as server, serving(server):
        page = Page(browser, server)
        page.open()
        assert page.text("case-called") == "series 3, Qvx MPRAGE <i>, T1"
        assert "Qvx MPRAGE" in page.text("case-list")
        page.save("accept")
        page.wait(lambda: "Accepted" in page.text("saved"))
        page.element("report").click()
        page.wait(lambda: browser.find_elements("css selector", f"tr[data-case={name}]"))
        (row,) = browser.find_elements("css selector", f"tr[data-case={name}]")
        assert "series 3, Qvx MPRAGE <i>, T1" in row.text
        browser.find_element("id", "search").send_keys("qvx")
        assert len(browser.find_elements("css selector", "tr[data-case]")) == 1
        page.desk.report.wait()
    assert [p for p in run.rglob("*") if p.is_file() and b"Qvx" in p.read_bytes()] == []


def _border(page: Page) -> np.ndarray:
    """Left, top, right and bottom of the mask that is drawn, in pixels."""
    return np.array(page.browser.execute_script(
        "const b = document.querySelector('.mask-border').getBoundingClientRect();"
        "return [b.left, b.top, b.right, b.bottom]"
    ))  # fmt: skip


def _area_mm2(page: Page) -> float:
    return float(page.text("mask-area").split()[0])


def test_a_stroke_on_the_mask_is_measured_undone_and_saved(page: Page) -> None:
    first, angle = _area_mm2(page), page.angle_deg
    page.element("tool-draw").click()
    left, top, right, bottom = _border(page)
    middle = np.array([(left + right) / 2, top + 4])
    page.drag(middle, shifted(middle, 50, -4))
    drawn = _area_mm2(page)
    assert drawn > first + 10
    page.element("tool-erase").click()
    page.drag(np.array([left - 3, bottom]), np.array([left + 8, (top + bottom) / 2]))
    erased = _area_mm2(page)
    assert erased < drawn
    assert page.browser.find_elements("css selector", f"button[value={page.name}] .unsaved")
    page.element("undo").click()
    assert _area_mm2(page) == drawn
    page.element("redo").click()
    page.wait(lambda: "automatic" in page.text("angle-change"))
    page.browser.refresh()
    page.wait_until_open(page.name)
    assert _area_mm2(page) == erased, "a reload keeps what is not saved"
    page.save("correct")
    page.wait(lambda: "Corrected" in page.text("saved"), 90)
    review = json.loads((page.folder / "plan.reviewed.json").read_text())
    assert review["plan"]["morphometry"]["area_mm2"] == pytest.approx(erased, rel=0.02)
    mask = nib.load(page.folder / "mask.reviewed.nii.gz")
    pixel_mm2 = float(np.prod(mask.header.get_zooms()[:2]))
    assert np.asarray(mask.dataobj).sum() * pixel_mm2 == pytest.approx(erased, abs=0.51)
    assert review["roi"]["angle_deg"] == pytest.approx(page.angle_deg, abs=0.051)
    page.element("automatic").click()
    assert (_area_mm2(page), page.angle_deg) == (first, angle)


def test_the_mask_of_a_slice_beside_is_drawn_undone_and_saved(
    page: Page, accessibility: Any
) -> None:
    middle_mm2, angle = _area_mm2(page), page.angle_deg
    page.keys(".")
    page.wait(lambda: page.text("slice-words") == "2 mm right")
    caption = page.browser.find_element("css selector", "#stage-midsagittal figcaption")
    assert caption.text == "2 mm right of midsagittal"
    assert not page.element("roi-body").is_displayed()
    assert not page.element("angle").is_enabled(), "the region lies on the midsagittal slice"
    found = _area_mm2(page)
    page.element("tool-draw").click()
    left, top, right, _bottom = _border(page)
    above = np.array([(left + right) / 2, top - 40])
    page.drag(above, shifted(above, 60, 0))
    drawn, scale = _area_mm2(page), page.scale
    stroke_mm2 = math.pi * 2**2 + 4 * 60 / scale
    assert drawn - found == pytest.approx(stroke_mm2, rel=0.02)
    page.element("tool-erase").click()
    page.drag(above, shifted(above, 60, 0))
    assert _area_mm2(page) == pytest.approx(found, abs=1)
    page.keys("u")
    assert _area_mm2(page) == drawn
    page.keys(",")
    page.wait(lambda: page.text("slice-words") == "midsagittal")
    assert _area_mm2(page) == middle_mm2, "each slice has a mask of its own"
    assert not page.element("undo").is_enabled(), "and steps of its own"
    assert page.angle_deg == angle
    page.browser.refresh()
    page.wait_until_open(page.name)
    page.keys(".")
    page.wait(lambda: page.text("slice-words") == "2 mm right")
    assert _area_mm2(page) == drawn, "a reload keeps what is not saved"
    assert "Accept saves" in page.text("saved")
    assert accessibility() == []
    page.save("accept")
    page.wait(lambda: "with 1 slice beside it" in page.text("saved"), 90)
    slab = nib.load(page.folder / "neighbours_mask.reviewed.nii.gz")
    masks, before = (
        np.asarray(nib.load(page.folder / name).dataobj)
        for name in ("neighbours_mask.reviewed.nii.gz", "neighbours_mask.nii.gz")
    )
    pixel_mm2 = float(np.prod(slab.header.get_zooms()[:2]))
    assert masks[..., 3].sum() * pixel_mm2 == pytest.approx(drawn, abs=0.51)
    np.testing.assert_array_equal(np.delete(masks, 3, -1), np.delete(before, 3, -1))
    page.element("automatic").click()
    assert _area_mm2(page) == found


def test_the_region_follows_the_mask_until_a_hand_moves_it(page: Page, accessibility: Any) -> None:
    length = float(page.element("roi-length").get_attribute("value"))
    page.element("tool-pull").click()
    left, top, _right, bottom = _border(page)
    anterior = np.array([left + 2, (top + bottom) / 2])
    page.drag(anterior, shifted(anterior, -30, 0))
    assert _border(page)[0] == pytest.approx(left - 28, abs=6)
    page.wait(lambda: float(page.element("roi-length").get_attribute("value")) > length + 3)
    assert accessibility() == []
    page.keys("l")
    assert not page.element("mask-brush").is_displayed(), "the same key puts the brush away"
    page.turn_by_drag(6.0)
    turned = page.angle_deg
    page.element("tool-draw").click()
    page.drag(anterior, shifted(anterior, 6, 0))
    page.element("tool-draw").click()
    page.wait(lambda: page.browser.find_elements("css selector", ".outline"))
    assert page.angle_deg == turned


def test_the_mask_is_drawn_by_keys_alone(page: Page) -> None:
    from selenium.webdriver import Keys

    first = _area_mm2(page)
    page.browser.execute_script("document.activeElement.blur()")
    page.keys("d")
    assert page.browser.switch_to.active_element.get_attribute("id") == "mask-brush"
    page.keys(Keys.SPACE, *[Keys.ARROW_LEFT] * 8, Keys.SPACE)
    drawn = _area_mm2(page)
    assert drawn > first + 5
    page.chord(Keys.SHIFT, Keys.ARROW_LEFT)
    assert _area_mm2(page) == drawn, "a lifted brush draws nothing"
    page.keys("u")
    assert _area_mm2(page) == first, "one stroke is one step"


HIDES = "[data-hides] :is(.stack, .outline, .roi, .roi-axis) { display: none }"


def _printed(page: Page, folder: Path, with_plan: bool = True) -> np.ndarray:
    """The printed sheet as pixels of 1/200 inch, shape (H, W, 3); it has to be one page."""
    page.browser.execute_script(
        "document.getElementById('sheet').toggleAttribute('data-hides', !arguments[0]);"
        "const s = document.createElement('style'); s.textContent = arguments[1];"
        "document.head.append(s)", with_plan, HIDES
    )  # fmt: skip
    paper = {"printBackground": True, "preferCSSPageSize": True}
    printed = page.browser.execute_cdp_cmd("Page.printToPDF", paper)
    (folder / "sheet.pdf").write_bytes(base64.b64decode(printed["data"]))
    subprocess.run(["pdftoppm", "-r", "200", "-png", "sheet.pdf", "sheet"], cwd=folder, check=True)
    (path,) = folder.glob("sheet*.png")
    with Image.open(path) as picture:
        shown = np.asarray(picture.convert("RGB")).astype(int)
    path.unlink()
    return shown


def _filled(pixels: np.ndarray) -> np.ndarray:
    return ndimage.binary_fill_holes(ndimage.binary_dilation(pixels, iterations=2))


@pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="no pdftoppm: install poppler-utils")
@pytest.mark.parametrize("size", [(1024, 768), (1920, 1080)])
def test_the_printed_plan_lies_on_the_anatomy(
    page: Page, resized: Callable[[int, int], None], tmp_path: Path, size: tuple[int, int]
) -> None:
    resized(*size)
    page.turn_by_drag(9.0)
    page.element("zoom-in").click()
    sheet = _printed(page, tmp_path)
    bare = _printed(page, tmp_path, with_plan=False).mean(axis=2)
    red, green, blue = np.moveaxis(sheet, 2, 0)
    line = (red > 180) & (green > 170) & (blue < 120)
    inside = ndimage.binary_erosion(_filled(line), iterations=3)
    ring = ndimage.binary_dilation(inside, iterations=40) & ~ndimage.binary_dilation(
        inside, iterations=8
    )
    border = (np.median(bare[inside]) + np.median(bare[ring])) / 2
    pieces, _ = ndimage.label(bare > border)
    callosum = pieces == np.bincount(pieces[inside]).argmax()
    callosum &= ndimage.binary_dilation(inside, iterations=40)
    dice = 2 * (inside & callosum).sum() / (inside.sum() + callosum.sum())
    assert dice > 0.9
    # The region lies to the outline as it does in the plan, in size, place and angle.
    outline = np.array(page.desk.case_entry(page.name)["outline_mm"])
    angle_deg, *center_mm, length_mm, width_mm = (
        float(page.element(name).get_attribute("value"))
        for name in ("angle", "x", "y", "roi-length", "roi-width")
    )
    orange = (red > 200) & (green > 90) & (green < 170) & (blue < 110)
    box = _filled(orange)
    x_mm, y_mm = outline[:, 0], outline[:, 1]
    px_per_mm = np.ptp(np.nonzero(line)[1]) / np.ptp(x_mm)
    assert box.sum() == pytest.approx(length_mm * width_mm * px_per_mm**2, rel=0.04)
    rows, columns = np.nonzero(box)
    middle = np.array([columns.mean(), rows.mean()])
    edge = np.array([np.nonzero(line)[1].min(), np.nonzero(line)[0].min()])
    shift_mm = (edge - middle) / px_per_mm
    expected = [center_mm[0] - x_mm.max(), center_mm[1] - y_mm.max()]
    np.testing.assert_allclose(shift_mm, expected, atol=0.6)
    axis = np.linalg.eigh(np.cov(columns, rows))[1][:, 1]
    tilt_deg = math.degrees(math.atan2(axis[1], axis[0]))
    tilt_deg = (tilt_deg + 90) % 180 - 90
    assert tilt_deg == pytest.approx(angle_deg, abs=0.5)
    told = page.text("sheet")
    for words in (
        page.name,
        "Not saved yet",
        page.text("angle-readout"),
        "Printed",
        *(page.text(f"{name}-text") for name in ("transverse", "coronal", "sagittal")),
    ):
        assert words in told  # fmt: skip


def test_a_rejected_case_is_printed_without_a_plan(page: Page) -> None:
    page.save("reject")
    page.wait(lambda: "Rejected" in page.text("saved"))
    page.browser.execute_script("dispatchEvent(new Event('beforeprint'))")
    assert "No plan" in page.text("sheet")
    assert "Rejected by R. Reader" in page.text("sheet")
    assert page.browser.find_elements("css selector", "#sheet .roi, #sheet .stack") == []
