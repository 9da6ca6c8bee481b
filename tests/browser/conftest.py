"""A headless Chromium for the tests of pages, what it asked the network for, and axe-core."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

LOCAL = ("file:", "data:", "blob:", "about:", "chrome:", "devtools:", "http://127.0.0.1:",
         "ws://127.0.0.1:")  # fmt: skip
AXE = ".venv/npm/node_modules/axe-core/axe.min.js"
SERIOUS = ("serious", "critical")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A Chromium of 1280 x 900 that logs its requests; skips without it or without selenium.

    Debian's `chromium` and `chromium-driver` are found on the path. The page cannot be told from
    one that a person opened; nothing is stubbed.
    """
    webdriver = pytest.importorskip(
        "selenium.webdriver", reason="no selenium: pip install '.[dev]'"
    )
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("no chromium with chromedriver on the path: pages are not tested")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in (
        "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu",
        "--window-size=1280,900", "--hide-scrollbars", "--force-device-scale-factor=1",
    ):  # fmt: skip
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    started = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    try:
        yield started
    finally:
        started.quit()


@pytest.fixture
def requests(browser: Any) -> Callable[[], list[str]]:
    """Gives the URLs that pages asked for since the last call (or since the test began)."""

    def since_last() -> list[str]:
        log = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
        sent = [event["params"] for event in log if event["method"] == "Network.requestWillBeSent"]
        return [params["request"]["url"] for params in sent]

    since_last()
    return since_last


@pytest.fixture
def left_the_machine(requests: Callable[[], list[str]]) -> Callable[[], list[str]]:
    """Gives those of the requests that would leave this machine: none may."""
    return lambda: [url for url in requests() if not url.startswith(LOCAL)]


@pytest.fixture
def console_errors(browser: Any) -> Callable[[], list[str]]:
    """Gives the errors that pages logged since the last call (or since the test began)."""

    def since_last() -> list[str]:
        return [e["message"] for e in browser.get_log("browser") if e["level"] == "SEVERE"]

    since_last()
    return since_last


@pytest.fixture(scope="session")
def axe_source() -> str:
    """Source of axe-core, which CI installs with npm; skips where it is absent."""
    path = Path(os.environ.get("AXE_CORE", AXE))
    if not path.is_file():
        pytest.skip("no axe-core: make npm (or set AXE_CORE)")
    return path.read_text(encoding="utf-8")


@pytest.fixture
def accessibility(browser: Any, axe_source: str) -> Callable[[], list[str]]:
    """Runs axe-core on the open page and gives its serious and critical findings."""

    def findings() -> list[str]:
        browser.execute_script(axe_source)
        result = browser.execute_async_script(
            "const done = arguments[arguments.length - 1];"
            "axe.run(document).then(done, (error) => done({violations: [], error: `${error}`}));"
        )
        assert "error" not in result, result["error"]
        return [
            f"{found['id']}: {found['help']}: {[node['html'] for node in found['nodes'][:3]]}"
            for found in result["violations"]
            if found["impact"] in SERIOUS
        ]

    return findings
