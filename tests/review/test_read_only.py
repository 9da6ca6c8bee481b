import os
import re
from collections import Counter

import pytest

from callosal.pipelines.outputs.file_names import REVIEW_PAGE
from callosal.pipelines.review.page_files import page_folder
from callosal.pipelines.review.read_only import bundle, read_only_page, write_read_only_pages
from callosal.pipelines.review.review_document import Decision, Judgement


def test_modules_share_no_name_and_stand_behind_what_they_use():
    script = bundle(page_folder())
    names = re.findall(r"^(?:async )?(?:class|function|const|let) (\w+)", script, re.MULTILINE)
    assert [name for name, count in Counter(names).items() if count > 1] == []
    assert not re.search(r"^(import|export) ", script, re.MULTILINE)
    assert script.index("class PictureView") < script.index("class Viewer extends")


def test_every_module_but_the_worker_is_in():
    script = bundle(page_folder())
    for path in page_folder().glob("*.js"):
        first = next(
            iter(re.findall(r"^export (?:class|function) (\w+)", path.read_text(), re.M)), ""
        )
        assert first in script, path.name


def test_a_page_asks_for_nothing(desk, planned):
    page = read_only_page(desk, planned)
    assert "src=" not in page.replace("default-src=", "")
    assert not re.search(r'<(?:link|script|img)[^>]*(?:href|src)="(?!data:)', page)
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in page


def test_a_comment_cannot_end_the_script(desk, planned):
    evil = "</script><img src=x onerror=alert(1)>"
    desk.save(planned, Judgement(Decision.ACCEPTED, "A", evil, None), based_on=0)
    assert evil not in read_only_page(desk, planned)


def test_each_case_gets_its_page(desk, planned, unplanned):
    (desk.folder(unplanned) / "midsagittal.nii.gz").unlink()
    os.utime(desk.folder(unplanned) / "plan.json", (0, 0))  # so that the case is read anew
    assert write_read_only_pages(desk) == 1
    assert (desk.folder(planned) / REVIEW_PAGE).stat().st_size < 2_000_000
    assert not (desk.folder(unplanned) / REVIEW_PAGE).exists()


@pytest.mark.parametrize("word", ["--read-only", "--read-only=true"])
def test_the_command_writes_pages(run, word, capsys):
    from callosal.pipelines.cli import main

    assert main(["review", str(run), word]) == 0
    assert "2 pages written" in capsys.readouterr().out
