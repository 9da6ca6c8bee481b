"""The page of visits as a person meets it: flipping, outlines, another measure, access."""

import pytest

from callosal.pipelines.longitudinal.page import visits_page
from callosal.pipelines.longitudinal.tables import series_tables
from tests.longitudinal.made_visits import made_measures, made_series


@pytest.fixture(scope="module")
def page(browser, tmp_path_factory):
    series, measures = made_series(), made_measures()
    tables = series_tables(series.visits, measures.visits, (0.99, 0.98, 0.99), [0.0, 1.0, 2.5])
    path = tmp_path_factory.mktemp("visits") / "visits.html"
    path.write_text(visits_page(series, measures, tables, "1.0"), encoding="utf-8")
    browser.get(path.as_uri())
    return browser


def shown(page):
    """Names of the pictures, and how many outlines, that are seen."""
    return page.execute_script(
        "const seen = (selector) => [...document.querySelectorAll(selector)]"
        ".filter((e) => getComputedStyle(e).display !== 'none');"
        "return [seen('#viewer img').map((e) => e.alt), seen('#viewer polygon').length]"
    )


def click(page, name):
    page.execute_script("document.getElementById(arguments[0]).click()", name)


def test_one_visit_is_shown_at_a_time_and_the_next_follows(page):
    assert shown(page) == [["slice of ses-1"], 1]
    click(page, "next")
    assert shown(page) == [["slice of ses-2"], 1]
    assert "ses-2 (2 of 3), 1.00 years" in page.find_element("id", "shown").text
    click(page, "previous")
    click(page, "previous")
    assert shown(page)[0] == ["slice of ses-3"]
    click(page, "next")
    assert not [entry for entry in page.get_log("browser") if entry["level"] == "SEVERE"]


def test_outlines_are_taken_away_and_the_mean_is_added(page):
    click(page, "outline")
    assert shown(page)[1] == 0
    click(page, "outline")
    click(page, "mean")
    assert shown(page)[1] == 2
    click(page, "mean")


def test_flipping_goes_on_until_it_is_stopped(page):
    click(page, "flip")
    assert page.find_element("id", "flip").get_attribute("aria-pressed") == "true"
    assert page.find_element("id", "shown").get_attribute("aria-live") == "off"
    click(page, "flip")
    assert page.find_element("id", "flip").get_attribute("aria-pressed") == "false"


def test_the_course_and_the_changes_are_told(page):
    assert "per year" in page.find_element("css selector", ".headline").text
    assert "left out" in page.find_element("id", "notes").text.lower()
    rows = page.execute_script("return document.querySelectorAll('#changes tbody tr').length")
    assert rows == 2
    page.execute_script(
        "const s = document.getElementById('measure'); s.value = 'cc_index';"
        "s.dispatchEvent(new Event('change'))"
    )
    words = page.execute_script(
        "return document.querySelector('#course svg').getAttribute('aria-label')"
    )
    assert words == "CC index of 3 visits"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(page, accessibility, scheme):
    page.execute_script("document.documentElement.dataset.theme = arguments[0]", scheme)
    assert accessibility() == []
