"""The documentation site shows the files that its pages include, and says so where one is gone."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
MARKER = re.compile(r"^-+\s*8\s*<.*$", re.MULTILINE)
INCLUDE = re.compile(r'--8<-- "([\w./-]+?)(?::\d+:\d+)?"')
LISTINGS = ("two_visits.py", "cohort.py", "ten_scans.py")


def build(config, site):
    pytest.importorskip("mkdocs", reason="the site needs the extra `docs`")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet"]
    return subprocess.run(
        [*command, "--config-file", str(config), "--site-dir", str(site)],
        cwd=ROOT, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"}, capture_output=True, text=True,
        timeout=300, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    done = build(ROOT / "mkdocs.yml", folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_every_marker_of_a_page_includes_a_file_that_is_there():
    markers = [m for page in ROOT.glob("docs/**/*.md") for m in MARKER.findall(page.read_text())]
    included = [INCLUDE.fullmatch(marker) for marker in markers]
    assert len(markers) >= len(LISTINGS)
    assert all(included), markers
    assert all((ROOT / found[1]).is_file() for found in included)


def test_the_formatter_leaves_the_markers_alone():
    pytest.importorskip("ruff", reason="no ruff")
    command = [sys.executable, "-m", "ruff", "format", "--check", "."]
    done = subprocess.run(command, cwd=ROOT / "docs", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_site_shows_the_listings_and_no_marker(site):
    pages = {path: path.read_text(encoding="utf-8") for path in site.rglob("*.html")}
    assert not [path for path, text in pages.items() if re.search(r"-+\s*8\s*&lt;", text)]
    gallery = re.sub(r"<[^>]+>", "", pages[site / "how-to" / "gallery" / "index.html"])
    for name in LISTINGS:
        lines = (ROOT / "examples" / name).read_text(encoding="utf-8").splitlines()
        title = next(line for line in lines if line.startswith("def "))
        assert title.replace(">", "&gt;") in gallery, name


def test_a_page_that_includes_a_missing_file_is_no_site(tmp_path):
    config = yaml.load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"), yaml.SafeLoader)
    small = {"site_name": "t", "strict": config["strict"],
             "markdown_extensions": config["markdown_extensions"]}  # fmt: skip
    (tmp_path / "mkdocs.yml").write_text(yaml.safe_dump(small), encoding="utf-8")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("# t\n\nAll is well.\n")
    assert build(tmp_path / "mkdocs.yml", tmp_path / "site").returncode == 0
    (tmp_path / "docs" / "index.md").write_text('# t\n\n--8<-- "examples/gone.py"\n')
    refused = build(tmp_path / "mkdocs.yml", tmp_path / "site")
    assert refused.returncode != 0
    assert "gone.py" in refused.stdout + refused.stderr
