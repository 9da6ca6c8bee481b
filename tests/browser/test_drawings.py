"""The drawings of the documentation, as a browser lays them out."""

from pathlib import Path

import pytest

DRAWINGS = sorted(Path(__file__).parents[2].glob("docs/pictures/architecture*.svg"))

LOOK = """
const texts = [...document.querySelectorAll('text')].map((t) => [t.textContent, t.getBBox()]);
const boxes = [...document.querySelectorAll('rect.b')].map((r) => r.getBBox());
const view = document.documentElement.viewBox.baseVal;
const holds = (b, x, y) => x > b.x && x < b.x + b.width && y > b.y && y < b.y + b.height;
const fits = (b, t) => t.x >= b.x && t.y >= b.y && t.x + t.width <= b.x + b.width
  && t.y + t.height <= b.y + b.height;
const found = [];
for (const [text, place] of texts) {
  const home = boxes.find((b) => holds(b, place.x + place.width / 2, place.y + place.height / 2));
  if (!fits(home ?? view, place)) found.push(`overflows: ${text}`);
}
for (const arrow of document.querySelectorAll('path.a')) {
  for (let at = 0; at <= arrow.getTotalLength(); at += 2) {
    const { x, y } = arrow.getPointAtLength(at);
    for (const [text, place] of texts) if (holds(place, x, y)) found.push(`struck out: ${text}`);
    for (const b of boxes) if (holds(b, x, y)) found.push(`through a box: ${x}, ${y}`);
  }
}
return [...new Set(found)];
"""


@pytest.mark.parametrize("drawing", DRAWINGS, ids=lambda path: path.name)
def test_no_text_overflows_and_no_arrow_strikes_one_out(browser, drawing):
    browser.get(drawing.as_uri())
    assert browser.execute_script(LOOK) == []


def test_a_struck_out_text_is_seen(browser, tmp_path):
    drawing = tmp_path / "bad.svg"
    drawing.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 100"><rect class="b" x="10" '
        'y="10" width="50" height="20"/><text x="12" y="24" font-size="14">far too long</text>'
        '<path class="a" d="M70 0V90"/></svg>'
    )
    browser.get(drawing.as_uri())
    found = browser.execute_script(LOOK)
    assert "overflows: far too long" in found
    assert "struck out: far too long" in found
