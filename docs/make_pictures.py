"""Draw the pictures of README and docs from the public MNI152 average head and a drawn spine.

    python docs/make_pictures.py            # all of them
    python docs/make_pictures.py report     # some: demo, localizer, protocols, ...

Nothing but the demo's own head is used: no picture of a patient is ever in the project. The
report's screenshots need Chromium with chromedriver, and selenium (extra `dev`).
"""

import io
import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from PIL import Image
from selenium import webdriver

from callosal.pipelines.commands.demo import demo, write_scout, write_series
from callosal.pipelines.commands.infer import infer
from callosal.pipelines.midplane.localizer_volumes import LocalizerVolumes
from callosal.pipelines.phantom.demo_head import mni152_file
from callosal.pipelines.reading.cases import find_cases
from callosal.pipelines.review.correction import automatic_roi
from callosal.pipelines.review.review_document import Decision, Judgement
from callosal.pipelines.review.review_session import ReviewSession
from callosal.pipelines.stitching.exams import find_exams

PICTURES = Path(__file__).parent / "pictures"
GAP = 12
"""Pixels between the parts of a picture."""

N_HEADS = 12
THICK_HEADS = (5, 10)
"""Of these heads every twelfth slice is kept: the callosum is cut short, the case is doubtful."""

TURN_DEG, READER = 3.0, "A. Reader"
BROKEN_HEAD = 8
"""Of this head one file is cut off in the middle of its pixels."""


def main() -> None:
    drawn: dict[str, Callable[[Path], None]] = {
        "demo": draw_demo,
        "localizer": draw_localizer,
        "protocols": draw_protocols,
        "report": draw_report,
        "robustness": draw_robustness,
        "stitch": draw_stitch,
    }
    for name in sys.argv[1:] or drawn:
        with tempfile.TemporaryDirectory() as folder:
            drawn[name](Path(folder))


def draw_demo(folder: Path) -> None:
    if demo(folder) != 0:
        raise SystemExit("the demo is out of tolerance; no picture was drawn")
    (overlay,) = folder.glob("result/cases/*/overlay.png")
    shutil.copyfile(overlay, PICTURES / "demo.png")


def draw_localizer(folder: Path) -> None:
    """Every slice of the demo's scout, a row for each orientation."""
    write_scout(folder, seed=0)
    (case,) = find_cases([folder]).cases
    images = case.load()
    if not isinstance(images, LocalizerVolumes):
        raise SystemExit("the demo's scout was not read as a localizer; no picture was drawn")
    figure = Figure(figsize=(9.5, 5.8), facecolor="black")
    grid = figure.subplots(3, 5, gridspec_kw={"wspace": 0.02, "hspace": 0.02})
    for row, name, stack in zip(grid, ("sagittal", "coronal", "axial"), images.stacks, strict=True):
        for axes, pixels in zip(row, stack.array, strict=True):
            axes.imshow(pixels[20:-20, 20:-20], cmap="gray", vmin=0, vmax=float(stack.array.max()))
            axes.set_axis_off()
        row[0].text(4, 16, name, color="white", fontsize=10)
    figure.subplots_adjust(0, 0, 1, 1)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    with Image.open(buffer) as picture:
        picture.convert("RGB").save(PICTURES / "localizer.webp", quality=85)


def draw_protocols(folder: Path) -> None:
    """A measured and an assumed line on the average head."""
    head = mni152_file("t1")
    if head is None:
        raise SystemExit("nilearn is missing; no picture was drawn")
    overlays = []
    for name in ("ac_pc", "hippocampus"):
        infer([head], output=folder / name, protocol=name)
        (overlay,) = (folder / name).glob("cases/*/overlay.png")
        with Image.open(overlay) as picture:
            overlays.append(picture.convert("RGB"))
    sheet = Image.new("RGB", (2 * overlays[0].width + GAP, overlays[0].height), "white")
    for number, one in enumerate(overlays):
        sheet.paste(one, (number * (one.width + GAP), 0))
    sheet.resize((sheet.width * 2 // 3, sheet.height * 2 // 3)).save(
        PICTURES / "protocols.webp", quality=85
    )


def draw_stitch(folder: Path) -> None:
    """The stations of a drawn spine, and beside them the joined picture."""
    if demo(folder, stitch=True) != 0:
        raise SystemExit("the demo is out of tolerance; no picture was drawn")
    (exam,) = find_exams([folder / "stations"]).exams
    (joined,) = folder.glob("result/cases/*/stitched.png")
    with Image.open(joined) as picture:
        whole = picture.convert("RGB")
    stations = [_shown(volume.array[volume.spatial_shape[0] // 2]) for volume in exam.load()]
    height = (whole.height - 2 * GAP) // len(stations)
    small = [one.resize((round(one.width * height / one.height), height)) for one in stations]
    left = max(one.width for one in small) + 2 * GAP
    sheet = Image.new("RGB", (left + whole.width, whole.height), "white")
    for number, one in enumerate(small):
        sheet.paste(one, (0, number * (height + GAP)))
    sheet.paste(whole, (left, 0))
    sheet.save(PICTURES / "stitch.webp", quality=85)


def _shown(pixels: np.ndarray) -> Image.Image:
    bright = float(np.quantile(pixels, 0.995))
    return Image.fromarray(np.clip(pixels / bright * 255, 0, 255).astype(np.uint8))


def draw_report(folder: Path) -> None:
    """The report of twelve heads, each tilted its way: two thinned, one broken, some reviewed."""
    for seed in range(N_HEADS):
        write_series(folder / "heads" / f"head-{seed:02d}", seed)
    for seed in THICK_HEADS:
        slices = sorted((folder / "heads" / f"head-{seed:02d}").iterdir())
        for index, path in enumerate(slices):
            if index % 12:
                path.unlink()
    broken = sorted((folder / "heads" / f"head-{BROKEN_HEAD:02d}").iterdir())[80]
    broken.write_bytes(broken.read_bytes()[:4000])
    infer([folder / "heads"], output=folder / "run")
    _review(folder / "run")
    page = (folder / "run" / "report.html").as_uri()
    for scheme in ("light", "dark"):
        with_page(page, scheme, _shoot_report)


def _review(run: Path) -> None:
    """Decisions such as a reader would save: the least certain case rejected, two others kept."""
    desk = ReviewSession.of(run)
    rejected, *_, accepted, corrected = sorted(desk.names, key=lambda name: _confidence(desk, name))
    found = automatic_roi(desk.case(corrected).plan, desk.settings)
    if found is None:
        raise SystemExit("the surest head has no plan; no picture was drawn")
    roi = found.rotated_about(found.center_mm, TURN_DEG)
    for name, judgement in (
        (corrected, Judgement(Decision.CORRECTED, READER, "Turned onto the splenium", roi)),
        (accepted, Judgement(Decision.ACCEPTED, READER, "", None)),
        (rejected, Judgement(Decision.REJECTED, READER, "The slices lie too far apart", None)),
    ):
        desk.save(name, judgement, based_on=0)
    desk.report.wait()


def _confidence(desk: ReviewSession, name: str) -> float:
    return float(desk.case(name).plan.confidence or 0)


def draw_robustness(folder: Path) -> None:
    """The first table of docs/reference/robustness.md as a plot."""
    text = (PICTURES.parent / "reference" / "robustness.md").read_text(encoding="utf-8")
    table = re.search(r"^\| picture \| n \| Dice .*?\n\n", text, re.DOTALL | re.MULTILINE)
    if table is None:
        raise SystemExit(
            "docs/reference/robustness.md: the table of degraded pictures is not there"
        )
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in table[0].strip().splitlines()[2:]
    ]
    figure = Figure(figsize=(9.5, 0.3 * len(rows) + 1.0), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    names = [row[0] for row in rows]
    for axes, column, title in (
        (left, 2, "Dice with the mask of the good picture"),
        (right, 4, "final angle error, degrees"),
    ):
        values = [float(row[column]) for row in rows]
        axes.axvline(values[0], color="#999999", lw=1, ls=":")
        axes.hlines(names, values[0], values, color="#9ec1dc", lw=3)
        axes.plot(values, names, "o", color="#0072b2", ms=6)
        axes.set_title(title, loc="left", fontsize=10, fontweight="bold")
        axes.grid(axis="x", alpha=0.25)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.tick_params(axis="y", length=0)
    left.invert_yaxis()
    figure.savefig(PICTURES / "robustness.svg", metadata={"Date": None})


def with_page(url: str, scheme: str, shoot: Callable[[webdriver.Chrome, str], None]) -> None:
    """Open a page in a headless Chromium of 1280 x 960 in a light or dark scheme."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for argument in ("--headless=new", "--no-sandbox", "--hide-scrollbars", "--disable-gpu"):
        options.add_argument(argument)
    browser = webdriver.Chrome(
        options=options, service=webdriver.ChromeService(shutil.which("chromedriver"))
    )
    try:
        size = {"width": 1280, "height": 960, "deviceScaleFactor": 1, "mobile": False}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
        browser.get(url)
        shoot(browser, scheme)
    finally:
        browser.quit()


def save_screenshot(browser: webdriver.Chrome, name: str) -> None:
    """Save what the browser shows as WebP, a fifth of the size of a PNG."""
    with Image.open(io.BytesIO(browser.get_screenshot_as_png())) as picture:
        picture.convert("RGB").save(PICTURES / name, quality=88)


def _shoot_report(browser: webdriver.Chrome, scheme: str) -> None:
    save_screenshot(browser, f"report-{scheme}.webp")
    if scheme == "light":
        browser.execute_script(
            "document.querySelector('tr:has(.decision.corrected) .open').click()"
        )
        browser.execute_async_script(
            "const done = arguments[0], image = () => document.querySelector('dialog img');"
            "const look = () => image()?.complete ? done() : setTimeout(look, 50); look();"
        )
        save_screenshot(browser, "report-case.webp")


if __name__ == "__main__":
    main()
