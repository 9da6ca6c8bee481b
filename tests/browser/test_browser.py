"""The fixtures see what they are there to see."""


def test_requests_of_a_page_are_seen(browser, requests, left_the_machine, tmp_path):
    page = tmp_path / "page.html"
    page.write_text("<!doctype html><title>t</title><img src='https://example.invalid/a.png'>")
    browser.get(page.as_uri())
    assert left_the_machine() == ["https://example.invalid/a.png"]


def test_errors_of_a_page_are_seen(browser, console_errors, tmp_path):
    page = tmp_path / "page.html"
    page.write_text("<!doctype html><title>t</title><script>throw new Error('told')</script>")
    browser.get(page.as_uri())
    assert any("told" in error for error in console_errors())


def test_axe_finds_a_picture_without_text(browser, accessibility, tmp_path):
    page = tmp_path / "page.html"
    page.write_text("<!doctype html><html lang='en'><title>t</title><img src='a.png'></html>")
    browser.get(page.as_uri())
    assert any(found.startswith("image-alt") for found in accessibility())
