"""How fast report and review page of a large run are in Chromium.

    callosal demo --output DEMO
    python benchmarks/speed/review_pages.py DEMO/result [--cases 2000] [--rounds 7] [--steps 40]

Makes a run of many cases out of the cases of one: folders are linked, rows copied, so that every
case has real pictures. Measures, in the page's own clock, until report.html shows its table with
pictures and until all of it is read, and from the press of *next* until the next case is drawn.
Medians, with the slowest tenth in brackets. The promises are half a second for the report and a
tenth of one for the next case.
"""

import argparse
import json
import os
import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver

from callosal.export.shipped import DEFAULT
from callosal.pipelines.outputs.file_names import CASES, ROWS, RUN_FILE
from callosal.pipelines.outputs.results import read_rows
from callosal.pipelines.report.page import write_report
from callosal.pipelines.review.review_runs import ReviewRuns
from callosal.pipelines.review.serve import make_server

WATCHED = """
const watch = () => {
  const [picture] = document.querySelectorAll("tr[data-case] img");
  if (!picture?.naturalWidth) return requestAnimationFrame(watch);
  requestAnimationFrame(() => { window.tableShownMs = performance.now(); });
};
watch();
"""
OPENED = """
const done = arguments[arguments.length - 1];
const told = () => {
  const [page] = performance.getEntriesByType("navigation");
  if (!page.loadEventEnd || !window.tableShownMs) return setTimeout(told, 20);
  done([window.tableShownMs, Math.max(page.loadEventEnd, window.tableShownMs)]);
};
told();
"""
STEPPED = """
const done = arguments[arguments.length - 1];
const viewer = document.getElementById("viewer"), before = viewer.dataset.case;
const start = performance.now();
new MutationObserver((_, observer) => {
  if (viewer.dataset.case === undefined || viewer.dataset.case === before) return;
  observer.disconnect();
  requestAnimationFrame(() => done(performance.now() - start));
}).observe(viewer, { attributes: true });
document.getElementById("next").click();
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("run", type=Path, help="output of infer or demo with at least one plan")
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=7, help="openings of the report")
    parser.add_argument("--steps", type=int, default=40, help="steps to a next case")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.run.parent) as folder:  # for links
        large = make_large(arguments.run, Path(folder) / "large", arguments.cases)
        start = time.perf_counter()
        report = write_report(large)
        print(
            f"{arguments.cases} cases, report of {report.stat().st_size / 1e6:.1f} MB written in "
            f"{time.perf_counter() - start:.1f} s; load of the machine {os.getloadavg()[0]:.1f}"
        )
        with chromium() as browser:
            shown, read = zip(*report_ms(browser, report, arguments.rounds), strict=True)
            tell("report shows its table", shown)
            tell("report is read in whole", read)
            tell("next case", step_ms(browser, large, arguments.steps))


def make_large(run: Path, output: Path, count: int) -> Path:
    """A run of `count` cases, each a link to a case of a small one."""
    rows = [row for row in read_rows(run) if (run / CASES / str(row["case_id"])).is_dir()]
    (output / CASES).mkdir(parents=True)
    shutil.copy(run / RUN_FILE, output / RUN_FILE)
    with (output / ROWS).open("w", encoding="utf-8") as stream:
        for number in range(count):
            row, name = rows[number % len(rows)], f"case-{number:012x}"
            source = run / CASES / str(row["case_id"])
            (output / CASES / name).mkdir()
            for path in source.iterdir():
                if path.is_file():
                    os.link(path, output / CASES / name / path.name)
            stream.write(json.dumps({**row, "case_id": name}) + "\n")
    return output


@contextmanager
def chromium() -> Iterator[Any]:
    """A headless Chromium; Debian's driver is named outright, so that none is looked for."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1440,900"):
        options.add_argument(argument)
    browser = webdriver.Chrome(
        options=options, service=webdriver.ChromeService(shutil.which("chromedriver"))
    )
    browser.set_script_timeout(120)
    try:
        yield browser
    finally:
        browser.quit()


def report_ms(browser: Any, report: Path, rounds: int) -> list[tuple[float, float]]:
    """Milliseconds until the table shows pictures and until all is read, of each opening."""
    browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WATCHED})
    found = []
    for _ in range(rounds):
        browser.get("about:blank")
        browser.get(report.as_uri())
        shown, read = browser.execute_async_script(OPENED)
        found.append((float(shown), float(read)))
    return found


def step_ms(browser: Any, run: Path, steps: int) -> list[float]:
    """Milliseconds from *next* to the next case, of each step."""
    with make_server(ReviewRuns.of(run), 0, DEFAULT) as server:
        threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
        browser.get(server.guard.url)
        while not browser.execute_script(
            "return document.getElementById('viewer')?.dataset.case !== undefined"
        ):
            time.sleep(0.05)
        found = []
        for _ in range(steps):
            time.sleep(0.3)  # a person looks; nobody steps faster than the eye
            found.append(float(browser.execute_async_script(STEPPED)))
        server.shutdown()
    return found


def tell(what: str, times_ms: Sequence[float]) -> None:
    slow = sorted(times_ms)[int(0.9 * len(times_ms))]
    print(f"{what}: {statistics.median(times_ms):.0f} ms ({slow:.0f} ms)", flush=True)


if __name__ == "__main__":
    main()
