"""group.html as a person meets it: figures, cases, export, access."""

import csv
import io

import pytest

from callosal.pipelines.cli import main
from tests.group.made_group import PEOPLE, make_group

EXPORTED = """
const kept = URL.createObjectURL; let blob;
URL.createObjectURL = (given) => { blob = given; return kept(given); };
document.querySelector(arguments[0]).click(); URL.createObjectURL = kept;
const done = arguments[arguments.length - 1]; blob.text().then(done);
"""


@pytest.fixture(scope="module")
def page(browser, tmp_path_factory):
    dataset, output = make_group(tmp_path_factory.mktemp("group"))
    assert main(["bids", str(dataset), str(output), "group"]) == 0
    browser.get((output / "group.html").as_uri())
    return browser


def texts(page, selector):
    return page.execute_script(
        "return [...document.querySelectorAll(arguments[0])].map((e) => e.textContent)", selector
    )


def test_the_figures_are_drawn(page):
    assert len(texts(page, "figure svg, .figure > svg")) == 4
    assert len(texts(page, "#distribution .point")) == 2 * PEOPLE - 1
    assert "2 outliers" in texts(page, "#distribution p")[0]
    assert "of 100 places differ" in texts(page, "#map p")[0]
    assert texts(page, "#differences tbody th")[0].startswith("CC index")
    assert not [entry for entry in page.get_log("browser") if entry["level"] == "SEVERE"]


def test_what_to_check_comes_first(page):
    assert texts(page, "#checks li") == ["participants.tsv lists sub-99, without any result."]


def test_no_mark_lies_under_the_legend(page):
    tops = page.execute_script(
        "const said = [...document.querySelectorAll('#age svg > text')];"
        "const names = said.filter((e) => /^[FM] /.test(e.textContent));"
        "const bottom = Math.max(...names.map((e) => e.getBoundingClientRect().bottom));"
        "return [...document.querySelectorAll('#age svg :has(> title)')]"
        ".map((e) => e.getBoundingClientRect().top - bottom)"
    )
    assert len(tops) == PEOPLE
    assert min(tops) > -5  # half a mark


def test_another_measure_is_drawn_everywhere(page):
    page.execute_script(
        "const s = document.getElementById('measure'); s.value = 'cc_index';"
        "s.dispatchEvent(new Event('change'))"
    )
    assert "CC index" in texts(page, "#distribution svg")[0]
    assert "CC index" in texts(page, "#age svg")[0]
    page.execute_script(
        "const s = document.getElementById('measure'); s.value = 'area_mm2';"
        "s.dispatchEvent(new Event('change'))"
    )


def test_outliers_are_filtered_and_open_their_case(page):
    page.execute_script("document.getElementById('outliers').click()")
    assert texts(page, "#images td button") == ["sub-01", "sub-01"]
    page.execute_script("document.querySelector('#images td button').click()")
    assert texts(page, "#detail-title") == ["sub-01 ses-1"]
    assert "2,000" in "".join(texts(page, "#detail dd"))
    href = page.execute_script("return document.querySelector('#detail a').getAttribute('href')")
    assert href == "runs/sub-01/report.html"
    page.execute_script(
        "document.getElementById('detail').close(); document.getElementById('outliers').click()"
    )


def test_values_and_figures_are_saved(page):
    rows = list(csv.DictReader(io.StringIO(page.execute_async_script(EXPORTED, "#export"))))
    assert len(rows) == 2 * PEOPLE
    assert float(rows[0]["area_mm2"]) == 2000.0
    assert rows[0]["thickness_100_mm"]
    drawing = page.execute_async_script(EXPORTED, "#map button")
    assert drawing.startswith("<svg")
    assert "Hedges" in drawing


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(page, accessibility, scheme):
    page.execute_script("document.documentElement.dataset.theme = arguments[0]", scheme)
    assert accessibility() == []
