import base64
import hashlib
import json
import re

import pytest

from callosal.pipelines.callosum.quality import RANGES
from callosal.pipelines.case.verdict import PLANE_FACTORS
from callosal.pipelines.cli import main
from callosal.pipelines.pictures.reason_words import REASONS
from callosal.pipelines.reading.skips import NOT_IMAGES, NOT_MEANT
from callosal.pipelines.report.case_rows import case_rows
from callosal.pipelines.report.page import report_page, write_report
from callosal.pipelines.report.run_folder import RunFolder, read_run
from callosal.pipelines.review.correction import CORRECTED
from tests.report.made_run import make_run

EVIL = "</script><img src=https://example.invalid/x onerror=alert(1)>&\"'"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("run")
    make_run(path, 40, n_pictures=2)
    return path


def block(page, name):
    found = re.search(rf'<script type="application/json" id="{name}">(.*?)</script>', page)
    return json.loads(found[1])


def details(page):
    blocks = re.findall(r'<script type="application/json" class="details">(.*?)</script>', page)
    return [json.loads(text) for text in blocks]


def test_the_page_holds_every_case_and_picture(folder):
    page = write_report(folder).read_text(encoding="utf-8")
    run = read_run(folder)
    assert [row["case_id"] for row in block(page, "cases")["cases"]] == [
        case.case_id for case in run.cases
    ]
    pictures = [case["picture"] for some in details(page) for case in some]
    assert [text and base64.b64decode(text) for text in pictures] == [
        case.picture for case in run.cases
    ]


def test_pictures_come_in_blocks_behind_the_script(tmp_path):
    make_run(tmp_path, 120, n_pictures=1)
    page = report_page(read_run(tmp_path))
    assert [len(some) for some in details(page)] == [50, 50, 20]
    places = [found.start() for found in re.finditer('class="details"', page)]
    script = page.index('<script type="module"')
    assert [place < script for place in places] == [True, False, False]


def test_the_policy_allows_this_script_and_style_and_no_address(folder):
    page = report_page(read_run(folder))
    policy = re.search(r'Content-Security-Policy" content="(.*?)"', page)[1]
    script = re.search(r'<script type="module" async>(.*?)</script>', page, re.DOTALL)[1]
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)[1]
    for text in (script, style):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "http" not in policy
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", page)


@pytest.mark.parametrize("place", ["case_id", "status", "reasons", "kind", "transverse"])
def test_markup_in_a_table_stays_text(folder, tmp_path, place):
    make_run(tmp_path, 1, n_pictures=1)
    table = tmp_path / "results.jsonl"
    table.write_text(json.dumps(json.loads(table.read_text()) | {place: EVIL}) + "\n")
    page = report_page(read_run(tmp_path))
    assert "<img src=https" not in page
    assert page.count("</script>") == report_page(read_run(folder)).count("</script>")
    told = block(page, "cases")["cases"][0][place]
    assert told == ([EVIL] if place == "reasons" else EVIL)


def test_markup_in_a_record_stays_text(folder):
    run = read_run(folder)
    record = {"model": {"name": EVIL}, "versions": {EVIL: EVIL, "callosal": EVIL}, "device": [EVIL]}
    page = report_page(RunFolder(record, run.cases))
    assert "<img src=https" not in page
    assert "&lt;/script&gt;" in page


def test_outliers_of_the_sure_cases_are_marked(tmp_path):
    make_run(tmp_path, 420, n_pictures=1)
    rows = case_rows(read_run(tmp_path).cases)
    areas = [row["area_mm2"] for row in rows if "area_mm2" in row["outliers"]]
    assert areas
    assert all(not 640 - 3 * 95 < area < 640 + 3 * 95 for area in areas)
    assert all(row["status"] == "ok" for row in rows if "confidence" in row["outliers"])


def test_a_run_without_cases_has_a_page(tmp_path):
    (tmp_path / "results.jsonl").write_text("")
    assert "No case was planned on." in write_report(tmp_path).read_text(encoding="utf-8")


def test_the_command_says_where_the_page_is(folder, capsys):
    (folder / "report.html").unlink(missing_ok=True)
    assert main(["report", str(folder)]) == 0
    assert (folder / "report.html").is_file()
    assert "report.html" in capsys.readouterr().out


def test_the_command_refuses_a_folder_without_a_run(tmp_path, capsys):
    assert main(["report", str(tmp_path)]) == 1
    assert "bad_run_folder" in capsys.readouterr().err


def test_every_doubt_and_every_skip_is_told_in_words():
    codes = {code for _, code in RANGES.values()} | set(PLANE_FACTORS) | NOT_MEANT - NOT_IMAGES
    assert codes | {CORRECTED, "rejected"} <= set(REASONS)
    assert not [code for code, reason in REASONS.items() if "_" in reason.short + reason.meaning]
