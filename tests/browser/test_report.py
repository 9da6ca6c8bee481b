"""report.html as a person meets it: speed, filters, keyboard, privacy, access."""

import json
import shutil

import numpy as np
import pytest

from callosal.pipelines.report.page import write_report
from tests.report.made_run import PROFILE_MM, TURNED_DEG, add_review, drawn_overlay, make_run

pytest.importorskip("selenium", reason="no selenium: it is in [dev]")
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

MANY, SOME = 2000, 420
MINUS, TIMES = "\N{MINUS SIGN}", "\N{MULTIPLICATION SIGN}"
EVIL = "<img src=x onerror=\"document.title='broken'\">"


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """The folder of 2,000 cases and their rows."""
    folder = tmp_path_factory.mktemp("many")
    rows = make_run(folder, MANY, n_pictures=6)
    write_report(folder)
    return folder, rows


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The same of 420 cases; the first planned case has its large picture too."""
    folder = tmp_path_factory.mktemp("run")
    rows = make_run(folder, SOME, n_pictures=6)
    planned = next(row for row in rows if row["status"] == "ok")
    drawn_overlay(0).save(folder / "cases" / planned["case_id"] / "overlay.png")
    write_report(folder)
    return folder, rows


@pytest.fixture
def page(browser, run):
    browser.get((run[0] / "report.html").as_uri())
    return browser


def shown_ids(page):
    return page.execute_script(
        "return [...document.querySelectorAll('tr[data-case]')].map((row) => row.dataset.case)"
    )


def work_seconds(page):
    """What the page's thread has worked since it began to be counted."""
    metrics = page.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
    return {found["name"]: found["value"] for found in metrics}["TaskDuration"]


def click(page, selector):
    page.execute_script("document.querySelector(arguments[0]).click()", selector)


def keys(page, *pressed):
    page.switch_to.active_element.send_keys(*pressed)


def ids_of(rows, key=lambda row: row["case_id"], reverse=False):
    """Ids in the table's order: what was not measured comes last both ways, skipped ones folded."""
    rows = [row for row in rows if row["status"] != "skipped"]
    known = [row for row in rows if key(row) is not None]
    missing = [row for row in rows if key(row) is None]
    return [row["case_id"] for row in [*sorted(known, key=key, reverse=reverse), *missing]]


def test_two_thousand_cases_open_in_under_two_seconds_of_work(browser, many):
    browser.get("about:blank")
    # The processor time of the page's thread: the clock on the wall also counts what else runs.
    browser.execute_cdp_cmd("Performance.enable", {"timeDomain": "threadTicks"})
    browser.get((many[0] / "report.html").as_uri())
    seconds = work_seconds(browser)
    browser.execute_cdp_cmd("Performance.disable", {})
    assert len(shown_ids(browser)) == 50
    assert 0 < seconds < 2


def test_two_thousand_cases_are_filtered_in_under_half_a_second_of_work(browser, many):
    browser.get((many[0] / "report.html").as_uri())
    browser.execute_cdp_cmd("Performance.enable", {"timeDomain": "threadTicks"})
    before = work_seconds(browser)
    click(browser, '[data-status="failed"]')
    assert shown_ids(browser) == ids_of([r for r in many[1] if r["status"] == "failed"])[:50]
    assert 0 < work_seconds(browser) - before < 0.5
    browser.execute_cdp_cmd("Performance.disable", {})


def test_nothing_leaves_the_machine_and_nothing_fails(page, run, requests, console_errors):
    page.get((run[0] / "report.html").as_uri())
    click(page, ".open")
    page.find_element(By.CSS_SELECTOR, "dialog figure img")
    asked = requests()
    assert asked
    assert all(url.startswith(("file:", "data:")) for url in asked)
    assert [error for error in console_errors() if "overlay.png" not in error] == []


def test_a_status_tile_filters_and_a_second_click_takes_it_back(page, run):
    failed = [row for row in run[1] if row["status"] == "failed"]
    click(page, '[data-status="failed"]')
    assert shown_ids(page) == ids_of(failed)[:50]
    assert page.find_element(By.ID, "shown").text == f"{len(failed)} of {SOME}"
    click(page, '[data-status="failed"]')
    assert len(shown_ids(page)) == 50
    assert page.find_element(By.ID, "shown").text == f"{SOME} in all"


def test_search_finds_by_id_and_by_reason_together(page, run):
    page.find_element(By.ID, "search").send_keys("blurred low")
    wanted = [r for r in run[1] if "blurred" in r["reasons"] and r["status"] == "low_confidence"]
    assert shown_ids(page) == ids_of(wanted)[:50]
    page.find_element(By.ID, "clear").click()
    page.find_element(By.ID, "search").send_keys(run[1][7]["case_id"])
    assert shown_ids(page) == [run[1][7]["case_id"]]


@pytest.mark.parametrize(
    ("column", "key"),
    [
        ("final_angle_deg", lambda row: row["final_angle_deg"]),
        ("confidence", lambda row: row["confidence"]),
        ("seconds", lambda row: row["seconds"]),
        ("angle95_deg", lambda row: row["angle95_deg"]),
    ],
)
def test_columns_sort_both_ways_with_what_is_missing_last(page, run, column, key):
    for reverse in (False, True):
        click(page, f'[data-column="{column}"]')
        head = page.find_element(By.CSS_SELECTOR, f'th:has([data-column="{column}"])')
        assert head.get_attribute("aria-sort") == ("descending" if reverse else "ascending")
        assert shown_ids(page) == ids_of(run[1], key, reverse)[:50]


def test_a_bar_of_a_distribution_filters_to_its_range(page, run):
    bars = page.find_elements(By.CSS_SELECTOR, "#histograms article:nth-child(2) .bin")
    label = bars[10].get_attribute("aria-label")
    low, high = (float(part) for part in label.split(" square")[0].replace(",", "").split(" to "))
    bars[10].click()
    wanted = [r for r in run[1] if r["area_mm2"] is not None and low <= r["area_mm2"] <= high]
    assert 0 < len(wanted) < SOME
    assert shown_ids(page) == ids_of(wanted)[:50]
    assert f": {len(wanted)} cases" in label


def test_only_outliers_are_left_on_request(page, run):
    click(page, "#outliers")
    sure = [row for row in run[1] if row["status"] == "ok"]
    far = {row["case_id"] for row in sure if row["final_angle_deg"] > 25}
    shown = shown_ids(page)
    assert far
    assert far <= set(shown)
    assert len(shown) < len(sure) / 5
    marks = page.find_elements(By.CSS_SELECTOR, "tr[data-case]:has(.far-value)")
    assert len(marks) == len(shown)


def test_the_keyboard_alone_goes_everywhere(page, run):
    ids = ids_of(run[1])
    page.find_element(By.TAG_NAME, "body").send_keys("/")
    assert page.switch_to.active_element.get_attribute("id") == "search"
    page.execute_script("document.querySelector('.open').focus()")
    keys(page, Keys.ARROW_DOWN)
    keys(page, Keys.ARROW_DOWN)
    keys(page, Keys.ENTER)
    title = page.find_element(By.ID, "detail-title")
    assert title.text == ids[2]
    keys(page, Keys.ARROW_RIGHT)
    assert page.find_element(By.ID, "detail-title").text == ids[3]
    keys(page, Keys.ESCAPE)
    assert page.find_elements(By.CSS_SELECTOR, "dialog[open]") == []
    assert page.switch_to.active_element.text == ids[3]
    keys(page, Keys.PAGE_DOWN)
    assert shown_ids(page) == ids[50:100]
    assert page.switch_to.active_element.text == ids[50]


def test_the_case_shows_its_large_picture_where_it_is_and_its_small_one_elsewhere(page, run):
    planned = [row["case_id"] for row in run[1] if row["status"] == "ok"]
    widths = []
    for case in planned[:2]:
        click(page, f'tr[data-case="{case}"] .open')
        widths.append(page.execute_async_script(
            "const done = arguments[0], image = () => document.querySelector('dialog img');"
            "const look = () => image()?.naturalWidth ? done(image().naturalWidth)"
            " : setTimeout(look, 20); look();"
        ))  # fmt: skip
        keys(page, Keys.ESCAPE)
    assert widths == [840, 224]


def test_one_file_alone_still_shows_its_pictures(browser, run, tmp_path, left_the_machine):
    shutil.copy(run[0] / "report.html", tmp_path / "mailed.html")
    browser.get((tmp_path / "mailed.html").as_uri())
    widths = browser.execute_async_script(
        "const done = arguments[0]; const images = [...document.querySelectorAll('.cases img')];"
        "Promise.all(images.slice(0, 5).map((i) => (i.loading = 'eager', i.decode())))"
        ".then(() => done(images.slice(0, 5).map((i) => i.naturalWidth)));"
    )
    assert widths == [224] * 5
    assert left_the_machine() == []


def test_only_a_report_that_review_serves_links_to_it(page, run):
    assert page.find_elements(By.CSS_SELECTOR, "a.review") == []
    page.get((run[0] / "report.html").as_uri() + "?review&token=t")
    link = page.find_element(By.CSS_SELECTOR, "tr[data-case] a.review").get_attribute("href")
    assert link.endswith(f"review.html?token=t&case={shown_ids(page)[0]}")


def test_all_rows_that_pass_are_printed(page):
    page.execute_script("dispatchEvent(new Event('beforeprint'))")
    assert len(shown_ids(page)) == SOME
    page.execute_script("dispatchEvent(new Event('afterprint'))")
    assert len(shown_ids(page)) == 50


def test_markup_from_a_table_is_shown_as_text(browser, tmp_path, console_errors):
    make_run(tmp_path, 30, n_pictures=1)
    table = tmp_path / "results.jsonl"
    names = ("case_id", "status", "kind", "reasons", "transverse")
    first, *rest = table.read_text().splitlines()
    table.write_text("\n".join([json.dumps(json.loads(first) | dict.fromkeys(names, EVIL)), *rest]))
    write_report(tmp_path)
    browser.get((tmp_path / "report.html").as_uri())
    assert browser.find_elements(By.CSS_SELECTOR, "img[src='x']") == []
    assert EVIL in browser.find_element(By.CSS_SELECTOR, ".cases").text
    assert browser.title == "callosal: 30 cases"


def test_what_was_skipped_is_folded_into_a_line_a_reason(page, run):
    skipped = [row for row in run[1] if row["status"] == "skipped"]
    assert len(skipped) > 2
    click(page, '[data-status="skipped"]')
    assert shown_ids(page) == []
    (line,) = page.find_elements(By.CSS_SELECTOR, "tr.folded button")
    assert line.text == (
        f"{len(skipped)} skipped: later time point, another time point of a series that is planned"
    )
    assert page.find_element(By.ID, "shown").text == f"{len(skipped)} of {SOME}"
    line.click()
    assert shown_ids(page) == sorted(row["case_id"] for row in skipped)
    keys(page, Keys.ARROW_DOWN, Keys.ENTER)
    assert f"1 of {len(skipped)}" in page.find_element(By.ID, "detail").text
    keys(page, Keys.ESCAPE)
    click(page, "tr.folded button")
    assert shown_ids(page) == []


def test_the_first_cause_comes_before_the_codes(browser, tmp_path):
    rows = make_run(tmp_path, 40, n_pictures=1)
    row = next(row for row in rows if row["status"] == "low_confidence")
    plan = tmp_path / "cases" / row["case_id"] / "plan.json"
    source = {"kind": "dicom", "spacing_mm": [6.0, 1.0, 1.0], "orientation": "axial"}
    plan.write_text(json.dumps(json.loads(plan.read_text()) | {"source": source}))
    table = tmp_path / "results.jsonl"
    table.write_text("".join(
        json.dumps(other | ({"reasons": "weak_evidence"} if other is row else {})) + "\n"
        for other in rows
    ))  # fmt: skip
    write_report(tmp_path)
    browser.get((tmp_path / "report.html").as_uri())
    cell = browser.find_element(By.CSS_SELECTOR, f'tr[data-case="{row["case_id"]}"] .reasons')
    told = "Not certain: slices of 6 mm are too thick for this network."
    assert cell.text.split("\n") == [told, "weak evidence"]
    click(browser, f'tr[data-case="{row["case_id"]}"] .open')
    assert told in browser.find_element(By.CSS_SELECTOR, "#detail .said").text


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory):
    """A run of twelve cases of which a person corrected one, rejected one and accepted one."""
    folder = tmp_path_factory.mktemp("reviewed")
    rows = make_run(folder, 12, n_pictures=2)
    planned = [row for row in rows if row["status"] == "ok"][:3]
    for row, decision in zip(planned, ("corrected", "rejected", "accepted"), strict=True):
        add_review(folder, row, decision)
    write_report(folder)
    return folder, planned


def test_decisions_are_told_in_the_table_and_filtered_by(browser, reviewed):
    browser.get((reviewed[0] / "report.html").as_uri())
    corrected, rejected, accepted = reviewed[1]
    first = browser.find_element(By.CSS_SELECTOR, f'tr[data-case="{corrected["case_id"]}"]')
    assert f"{TURNED_DEG:.1f}°".replace("-", MINUS) in first.text
    assert f"was {corrected['final_angle_deg']:.1f}°".replace("-", MINUS) in first.text
    assert first.find_element(By.CSS_SELECTOR, ".decision.corrected").text == "corrected"
    assert "R. Reader" in first.text
    click(browser, "#reviewed")
    assert set(shown_ids(browser)) == {row["case_id"] for row in reviewed[1]}
    choice = browser.find_element(By.ID, "review")
    assert choice.get_property("value") == "reviewed"
    for value, ids in (("rejected", [rejected["case_id"]]), ("accepted", [accepted["case_id"]])):
        choice.find_element(By.CSS_SELECTOR, f'option[value="{value}"]').click()
        assert shown_ids(browser) == ids
    choice.find_element(By.CSS_SELECTOR, 'option[value="open"]').click()
    assert len(shown_ids(browser)) == 9
    browser.find_element(By.ID, "clear").click()
    browser.find_element(By.ID, "search").send_keys("r. reader corrected")
    assert shown_ids(browser) == [corrected["case_id"]]


def test_the_case_tells_review_stacks_profile_and_files(browser, reviewed, accessibility):
    browser.get((reviewed[0] / "report.html").as_uri())
    corrected = reviewed[1][0]
    click(browser, f'tr[data-case="{corrected["case_id"]}"] .open')
    panel = browser.find_element(By.ID, "detail").text.replace("\N{NO-BREAK SPACE}", " ")
    for text in ("corrected by R. Reader", "a little low", f"was {corrected['transverse']}"):
        assert text.replace("-", MINUS) in panel
    assert panel.count(f"28 {TIMES} 5 mm, gap 1 mm, FOV 190 {TIMES} 210 mm") == 3
    links = browser.find_elements(By.CSS_SELECTOR, "#detail .links a")
    assert {"plan.json", "plan.reviewed.json"} == {link.get_attribute("title") for link in links}
    curve = browser.find_element(By.CSS_SELECTOR, "#detail .profile .curve")
    points = np.array([[float(v) for v in point.split(",")]
                       for point in curve.get_attribute("points").split()])  # fmt: skip
    assert len(points) == len(PROFILE_MM)
    assert np.corrcoef(-points[:, 1], PROFILE_MM)[0, 1] > 0.9999
    words = browser.find_element(By.CSS_SELECTOR, "#detail .profile").get_attribute("aria-label")
    assert f"largest {max(PROFILE_MM):.1f} mm" in words
    assert accessibility() == []


def test_one_case_is_told_in_values_within_their_cards(browser, tmp_path):
    (row,) = make_run(tmp_path, 1, seed=2, n_pictures=1)
    assert row["status"] == "ok"
    write_report(tmp_path)
    browser.get((tmp_path / "report.html").as_uri())
    assert browser.find_elements(By.CSS_SELECTOR, ".bin") == []
    shown = browser.find_element(By.ID, "histograms").text
    assert f"{row['final_angle_deg']:.1f}°".replace("-", MINUS) in shown
    assert f"{row['area_mm2']:,.0f} mm" in shown
    page = browser.find_element(By.TAG_NAME, "main").text
    assert "90 %" not in page
    assert "time of the case" in page
    assert not browser.find_element(By.ID, "pager").is_displayed()


@pytest.mark.parametrize("width", [390, 1024, 1280])
def test_labels_and_table_stay_within_the_page(browser, run, reviewed, width):
    size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        for folder in (run[0], reviewed[0]):
            browser.get((folder / "report.html").as_uri())
            assert browser.execute_script(
                "const over = (e, inner) => { const b = e.getBoundingClientRect();"
                "  return [...e.querySelectorAll(inner)].filter((i) => { const c ="
                "  i.getBoundingClientRect(); return c.left < b.left || c.right > b.right; }); };"
                "const cards = [...document.querySelectorAll('.panel, .tile')];"
                "return cards.flatMap((c) => over(c, 'span, p, li')).map((e) => e.textContent)"
            ) == []  # fmt: skip
            page = "const d = document.documentElement; return d.scrollWidth - d.clientWidth"
            assert browser.execute_script(page) <= 0
            frame = "const f = arguments[0]; return f.scrollWidth - f.clientWidth"
            table = browser.find_element(By.ID, "case-list")
            if width >= 1024:
                assert browser.execute_script(frame, table) <= 0
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(page, accessibility, scheme):
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    # The tiles fade to their new colours in 120 ms; half-way their contrast is no one's choice.
    page.execute_async_script(
        "const done = arguments[0];"
        "requestAnimationFrame(() => Promise.allSettled("
        "document.getAnimations().map((each) => each.finished)).then(() => done()));"
    )
    assert accessibility() == []
    click(page, "tr:has(.reason) .open")
    assert accessibility() == []
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
