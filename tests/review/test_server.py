"""The server over a socket: what it refuses, what it answers."""

import http.client
import json
import threading

import numpy as np
import pytest

from callosal.export.shipped import DEFAULT
from callosal.models.errors import InputError
from callosal.pipelines.review.correction import automatic_roi
from callosal.pipelines.review.guard import CONTENT_POLICY
from callosal.pipelines.review.review_document import roi_entry
from callosal.pipelines.review.review_runs import ReviewRuns
from callosal.pipelines.review.serve import make_server
from callosal.pipelines.review.server import MAX_TRIED_BYTES


@pytest.fixture
def server(desk):
    with make_server(ReviewRuns((desk,)), 0, DEFAULT) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.02], daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def asked(server, method, path, body=None, token=None, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", server.guard.port, timeout=20)
    origin = {} if method == "GET" else {"Origin": server.guard.origin}
    sent = {**origin, **{name.replace("_", "-"): value for name, value in headers.items()}}
    target = f"/{token or server.guard.token}/{path}"
    connection.request(method, target, body, sent)
    answer = connection.getresponse()
    return answer.status, dict(answer.headers), answer.read()


def judgement(desk, name, turn_deg=1.0, **changes):
    before = automatic_roi(desk.case(name).plan, desk.settings)
    roi = roi_entry(before.rotated_about(before.center_mm, turn_deg))
    return json.dumps(
        {"decision": "corrected", "reviewer": "A", "comment": "", "roi": roi, **changes}
    )


def test_it_listens_on_this_machine_alone(server):
    assert server.server_address[0] == "127.0.0.1"


def test_the_page_and_its_rules(server):
    status, headers, body = asked(server, "GET", "")
    assert status == 200
    assert b"<main" in body
    assert headers["Content-Security-Policy"] == CONTENT_POLICY
    assert "http" not in CONTENT_POLICY
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["", "cases", "main.js"])
def test_without_the_token_there_is_nothing(server, path):
    assert asked(server, "GET", path, token="wrong")[0] == 404


def test_foreign_hosts_and_origins_are_refused(server, desk, planned):
    assert asked(server, "GET", "cases", Host="evil.example")[0] == 403
    sent = judgement(desk, planned)
    status, _, _ = asked(
        server, "POST", f"cases/{planned}/review", sent, Origin="http://evil", If_Match='"0"'
    )
    assert status == 403
    assert not (desk.folder(planned) / "reviews").exists()


@pytest.mark.parametrize(
    "path",
    [
        "cases/case-000000000000",
        "cases/..",
        "cases/%2e%2e/plan.json",
        "../run.json",
        "run.json",
        "cases/{name}/done.json",
        "cases/{name}/mask.nii.gz",
        "cases/{name}/pictures/mask",
        "model.onnx",
        "__init__.py",
    ],
)
def test_nothing_else_is_given_out(server, planned, path):
    assert asked(server, "GET", path.format(name=planned))[0] == 404


def test_the_report_opens_with_its_pictures_and_leads_here(server, desk, planned):
    assert asked(server, "GET", "report.html")[0] in (200, 404)
    (desk.output / "report.html").write_text("<p>report")
    status, headers, body = asked(server, "GET", "report.html?review")
    assert (status, body) == (200, b"<p>report")
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "connect-src" not in headers["Content-Security-Policy"]
    status, headers, body = asked(server, "GET", f"cases/{planned}/overlay.png")
    assert (status, headers["Content-Type"], body[1:4]) == (200, "image/png", b"PNG")
    assert asked(server, "GET", f"review.html?case={planned}")[2] == asked(server, "GET", "")[2]


def test_a_case_and_its_pictures(server, desk, planned):
    status, headers, body = asked(server, "GET", f"cases/{planned}")
    entry = json.loads(body)
    assert (status, headers["ETag"], entry["revision"]) == (200, '"0"', 0)
    for name, place in entry["pictures"].items():
        _, _, pixels = asked(server, "GET", f"cases/{planned}/pictures/{name}")
        assert np.frombuffer(pixels, "<u2").size == np.prod(place["shape"])


def test_planning_keeps_nothing(server, desk, planned):
    roi = json.dumps(json.loads(judgement(desk, planned, 4.0))["roi"])
    status, _, body = asked(server, "POST", f"cases/{planned}/plan", roi)
    assert status == 200
    before = desk.case(planned).plan.document["final"]["angle_deg"]
    assert json.loads(body)["final"]["angle_deg"] == pytest.approx(before + 4.0)
    assert not (desk.folder(planned) / "reviews").exists()


def test_saving_needs_the_revision_that_was_seen(server, desk, planned):
    path = f"cases/{planned}/review"
    assert asked(server, "POST", path, judgement(desk, planned))[0] == 422
    status, headers, _ = asked(server, "POST", path, judgement(desk, planned), If_Match='"0"')
    assert (status, headers["ETag"]) == (200, '"1"')
    status, headers, body = asked(
        server, "POST", path, judgement(desk, planned, 9.0), If_Match='"0"'
    )
    assert (status, headers["ETag"]) == (412, '"1"')
    assert json.loads(body)["review"]["revision"] == 1


@pytest.mark.parametrize(
    "body",
    ["", "[]", "{", '{"decision": "accepted"}', '{"decision": 1, "reviewer": "", "comment": ""}'],
)
def test_broken_messages_are_told(server, planned, body):
    status, _, told = asked(server, "POST", f"cases/{planned}/review", body, If_Match='"0"')
    assert status == 422
    assert json.loads(told)["code"] == "bad_request"


def test_a_large_message_is_refused_before_it_is_read(server, planned):
    path = f"cases/{planned}/review"
    status, _, told = asked(server, "POST", path, b"", Content_Length=str(1 << 20))
    assert (status, json.loads(told)["code"]) == (413, "too_large")


def test_a_file_without_images_is_told(server):
    message = (13).to_bytes(4, "little") + b'{"sizes":[8]}no image'
    status, _, told = asked(server, "POST", "tried", message)
    assert status == 422
    assert "nothing to plan on" in json.loads(told)["message"]


def test_too_many_bytes_are_refused_before_they_are_read(server):
    status, _, told = asked(server, "POST", "tried", b"", Content_Length=str(MAX_TRIED_BYTES + 1))
    assert (status, json.loads(told)["code"]) == (413, "too_large")


def test_a_taken_port_is_told(server, desk):
    with pytest.raises(InputError) as error:
        make_server(ReviewRuns((desk,)), server.guard.port, DEFAULT)
    assert error.value.code == "port_taken"
