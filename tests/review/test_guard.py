import pytest

from callosal.models.errors import InputError
from callosal.pipelines.review.guard import Guard

GUARD = Guard("t0ken", 8123)
OWN = {"Host": "127.0.0.1:8123", "Origin": "http://127.0.0.1:8123"}


def test_the_page_itself_is_admitted():
    assert GUARD.admits("GET", {"Host": OWN["Host"]})
    assert GUARD.admits("POST", OWN)


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8123", "127.0.0.1", "", None])
def test_a_foreign_host_is_refused(host):
    headers = {**OWN, "Host": host}
    if host is None:
        del headers["Host"]
    assert not GUARD.admits("GET", headers)


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:8124", None])
def test_what_changes_something_names_its_own_origin(origin):
    headers = {**OWN, "Origin": origin}
    if origin is None:
        del headers["Origin"]
    assert not GUARD.admits("POST", headers)


def test_another_page_cannot_even_read():
    assert not GUARD.admits("GET", {**OWN, "Origin": "http://evil.example"})


def test_methods_other_than_get_need_the_origin():
    assert not GUARD.admits("PUT", {"Host": OWN["Host"]})


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/t0ken/", ()),
        ("/t0ken", ()),
        ("/t0ken/cases/case-1?x=1", ("cases", "case-1")),
        ("/t0ken/ort/ort.wasm.min.mjs", ("ort", "ort.wasm.min.mjs")),
    ],
)
def test_paths_behind_the_token(target, path):
    assert GUARD.path(target) == path


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/other/cases",
        "/t0ken/../secret",
        "/t0ken/cases/..%2f..%2fsecret",
        "/t0ken//etc/passwd",
        "/t0ken/cases/.salt",
        "/t0ken/cases/a\\b",
        "/t0ken/cases/" + "x" * 200,
        "/T0KEN/cases",
    ],
)
def test_other_paths_are_none(target):
    assert GUARD.path(target) is None


def test_a_name_that_was_said_is_admitted_with_its_own_origin_alone():
    guard = Guard("t0ken", 8123, ("localhost", "review.example.org:443"))
    for host in ("localhost", "localhost:8123", "LOCALHOST:8123", "review.example.org:443"):
        own = {"Host": host, "Origin": f"https://{host.lower()}"}
        assert guard.admits("GET", {"Host": host})
        assert guard.admits("POST", own)
        assert not guard.admits("POST", {**own, "Origin": "http://evil.example"})
        assert not guard.admits("POST", {**own, "Origin": guard.origin})
    assert not guard.admits("GET", {"Host": "review.example.org:8123"})
    assert not guard.admits("GET", {"Host": "evil.example"})


@pytest.mark.parametrize("name", ["", "a b", "http://localhost", "*", "a/b", "x:y"])
def test_a_name_that_is_none_is_refused(name):
    with pytest.raises(InputError, match="--host-name"):
        Guard("t0ken", 8123, (name,))
