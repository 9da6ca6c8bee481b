"""Draw the pictures of docs/review.md anew, from the public MNI152 average head.

    python docs/make_review_pictures.py

Needs chromium, chromedriver and selenium. Nothing but the demo's own output is shown: no picture
of a patient is ever in the project.
"""

import io
import shutil
import tempfile
import threading
import time
from pathlib import Path

from PIL import Image
from selenium import webdriver

from callosal.export.shipped import DEFAULT
from callosal.pipelines.commands.demo import demo
from callosal.pipelines.review.correction import automatic_roi
from callosal.pipelines.review.review_document import Decision, Judgement
from callosal.pipelines.review.review_session import ReviewSession
from callosal.pipelines.review.serve import make_server

PICTURES = Path(__file__).parent / "pictures"
SIZE = (1440, 900)
TURN_DEG = 3.0


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        if demo(Path(folder)) != 0:
            raise SystemExit("the demo is out of tolerance; no picture was drawn")
        desk = ReviewSession.of(Path(folder) / "result")
        with make_server(desk, 0, None, DEFAULT) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            browser = open_browser()
            try:
                take(browser, server.guard.url, "review.webp")
                correct(desk)
                media = {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
                browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
                take(browser, server.guard.url, "review_corrected.webp")
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


def take(browser: webdriver.Chrome, url: str, name: str) -> None:
    browser.get("about:blank")
    browser.get(url)
    end = time.monotonic() + 30
    while not browser.execute_script("return document.getElementById('viewer')?.dataset.case"):
        if time.monotonic() > end:
            raise SystemExit("the page did not open")
        time.sleep(0.05)
    time.sleep(0.5)  # until transitions have ended
    shot = Image.open(io.BytesIO(browser.get_screenshot_as_png())).convert("RGB")
    shot.save(PICTURES / name, quality=90, method=6)


if __name__ == "__main__":
    main()
