"""Draw the pictures of the review page, from the public MNI152 average head and a drawn spine.

    python docs/make_review_pictures.py               # all of them
    python docs/make_review_pictures.py localizer     # some: series, localizer, stitch

Needs chromium, chromedriver and selenium. Nothing but the demo's own output is shown: no picture
of a patient is ever in the project.
"""

import io
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from selenium import webdriver

from callosal.export.shipped import DEFAULT
from callosal.pipelines.commands.demo import demo
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.review.correction import automatic_roi
from callosal.pipelines.review.review_document import Decision, Judgement
from callosal.pipelines.review.review_runs import ReviewRuns
from callosal.pipelines.review.review_session import ReviewSession
from callosal.pipelines.review.serve import make_server

PICTURES = Path(__file__).parent / "pictures"
SIZE = (1440, 900)
TURN_DEG = 3.0


def main() -> None:
    wanted = sys.argv[1:] or ["series", "localizer", "stitch"]
    with tempfile.TemporaryDirectory() as folder:
        if "series" in wanted:
            with opened(Path(folder) / "series") as (desk, browser, url):
                take(browser, url, "review.webp")
                take(browser, url, "review_mask.webp", tool="tool-draw")
                correct(desk)
                media = {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
                browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
                take(browser, url, "review_corrected.webp")
        if "localizer" in wanted:
            with opened(Path(folder) / "localizer", localizer=True) as (_, browser, url):
                take(browser, url, "localizer-review.webp")
        if "stitch" in wanted:
            with opened(Path(folder) / "stitch", stitch=True) as (desk, browser, url):
                lean(desk)
                take(browser, url, "stitch-review.webp")


@contextmanager
def opened(
    folder: Path, localizer: bool = False, stitch: bool = False
) -> Iterator[tuple[ReviewSession, webdriver.Chrome, str]]:
    """The demo's run under review: its desk, a browser and the address of the page."""
    if demo(folder, localizer=localizer, stitch=stitch) != 0:
        raise SystemExit("the demo is out of tolerance; no picture was drawn")
    desk = ReviewSession.of(folder / "result")
    with make_server(ReviewRuns((desk,)), 0, DEFAULT) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = open_browser()
        try:
            yield desk, browser, server.guard.url
        finally:
            browser.quit()
            server.shutdown()


def open_browser() -> webdriver.Chrome:
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"):
        options.add_argument(argument)
    options.binary_location = shutil.which("chromium") or ""
    # Named outright: selenium would look for a driver in the network.
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    browser = webdriver.Chrome(options=options, service=service)
    view = {"width": SIZE[0], "height": SIZE[1], "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", view)
    return browser


def correct(desk: ReviewSession) -> None:
    """A correction such as a reader would save."""
    (name,) = desk.names
    found = automatic_roi(desk.case(name).plan, desk.settings)
    if found is None:
        raise SystemExit("the demo has no plan; no picture was drawn")
    roi = found.rotated_about(found.center_mm, TURN_DEG).moved((0, 1.5))
    comment = "Turned onto the splenium"
    desk.save(name, Judgement(Decision.CORRECTED, "A. Reader", comment, roi), based_on=0)


def lean(desk: ReviewSession) -> None:
    """A region along the loins, leaning as they do."""
    (name,) = desk.names
    roi = RotatedBox((-8.0, -150.0), (210.0, 80.0), 84.0)
    desk.save(name, Judgement(Decision.CORRECTED, "A. Reader", "Lumbar spine", roi), based_on=0)


def take(browser: webdriver.Chrome, url: str, name: str, tool: str = "") -> None:
    browser.get("about:blank")
    browser.get(url)
    end = time.monotonic() + 30
    while not browser.execute_script("return document.getElementById('viewer')?.dataset.case"):
        if time.monotonic() > end:
            raise SystemExit("the page did not open")
        time.sleep(0.05)
    if tool:
        browser.find_element("id", tool).click()
    time.sleep(0.5)  # until transitions have ended
    shot = Image.open(io.BytesIO(browser.get_screenshot_as_png())).convert("RGB")
    shot.save(PICTURES / name, quality=90, method=6)


if __name__ == "__main__":
    main()
