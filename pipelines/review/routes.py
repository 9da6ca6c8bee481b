"""From a request to its answer."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from callosal.models.errors import CallosalError, InputError
from callosal.pipelines.outputs.file_names import REPORT
from callosal.pipelines.report.page import with_names
from callosal.pipelines.report.run_folder import OPENED
from callosal.pipelines.review.guard import REPORT_POLICY
from callosal.pipelines.review.history import ReviewConflictError, latest_review
from callosal.pipelines.review.messages import (
    PageRequest,
    PageResponse,
    error_response,
    json_response,
    not_found,
)
from callosal.pipelines.review.page_files import CONTENT_TYPES, PageFile
from callosal.pipelines.review.review_document import Decision, Judgement, roi_of_entry
from callosal.pipelines.review.review_runs import ReviewRuns
from callosal.pipelines.review.tried_files import FileTrial

_PAGE = "index.html"
_MISSING = ("no_such_case", "no_such_picture", "no_views")


@dataclass(frozen=True, eq=False)
class Routes:
    """What the server answers.

    Attributes:
        runs: The runs under review.
        trial: Plans files that are dropped onto the page.
        files: Files of the page by path.
        facts: What the page should know of this server.
    """

    runs: ReviewRuns
    trial: FileTrial
    files: Mapping[str, PageFile]
    facts: Mapping[str, Any]

    def answer(self, request: PageRequest) -> PageResponse:
        """The answer to a request that passed the guard; errors of callosal become answers."""
        try:
            return self._answer(request)
        except ReviewConflictError as error:
            return self._conflict(request.path[1], error)
        except CallosalError as error:
            return error_response(error, 404 if error.code in _MISSING else 422)

    def _answer(self, request: PageRequest) -> PageResponse:
        if request.method == "POST":
            return self._post(request)
        match request.path:
            case ("cases",):
                return json_response(self.runs.overview())
            case ("facts",):
                return json_response(self.facts)
            case ("cases", name):
                entry = self.runs.of_case(name).case_entry(name)
                return json_response(entry, etag=entry["revision"])
            case ("cases", name, "pictures", picture):
                return self._picture(name, picture)
            case ("cases", name, file) if file in OPENED:
                return self._of_run(self.runs.of_case(name).folder(name) / file)
            case ("report.html",):
                return self._report()
        return self._file("/".join(request.path))

    def _post(self, request: PageRequest) -> PageResponse:
        match request.path:
            case ("cases", name, "plan"):
                return json_response(
                    self.runs.of_case(name).planned(name, roi_of_entry(request.json()))
                )
            case ("cases", name, "outline"):
                return json_response(self.runs.of_case(name).outlined(name, request.json()))
            case ("cases", name, "review"):
                return self._save(name, request)
            case ("tried",):
                return json_response(self.trial.plan(request.body))
        return not_found()

    def _picture(self, name: str, picture: str) -> PageResponse:
        image = self.runs.of_case(name).picture(name, picture)
        levels = image.pixels.astype("<u2").tobytes()
        return PageResponse(200, "application/octet-stream", levels)

    def _save(self, name: str, request: PageRequest) -> PageResponse:
        if not (request.if_match[:1] == request.if_match[-1:] == '"'):
            raise InputError("the request names no revision in If-Match", "bad_request")
        revision = request.if_match.strip('"')
        if not revision.isdecimal():
            raise InputError("If-Match is no revision", "bad_request")
        content, session = request.json(), self.runs.of_case(name)
        judgement = _judgement(content)
        if content.get("mask") is not None:
            judgement = replace(judgement, mask=session.mask_of(name, content["mask"]))
        if content.get("neighbours") is not None:
            masks = session.neighbour_masks_of(name, content["neighbours"])
            judgement = replace(judgement, neighbours=masks)
        saved = session.save(name, judgement, int(revision))
        return json_response(saved, etag=saved["review"]["revision"])

    def _conflict(self, name: str, error: ReviewConflictError) -> PageResponse:
        current = latest_review(self.runs.of_case(name).folder(name))
        content = {"code": error.code, "message": str(error), "review": current}
        return json_response(content, 412, None if current is None else current["revision"])

    def _report(self) -> PageResponse:
        """The report with all decisions so far, and what a mapping calls the cases."""
        session = self.runs.only
        if session is None:
            return not_found()
        session.report.wait()
        answer = self._of_run(session.output / REPORT)
        if answer.status != 200 or not session.called:
            return answer
        return replace(
            answer, body=with_names(answer.body.decode("utf-8"), session.called).encode("utf-8")
        )

    def _of_run(self, path: Path) -> PageResponse:
        """A file that infer wrote."""
        if not path.is_file():
            return not_found()
        is_report = path.suffix == ".html"
        headers = {"Content-Security-Policy": REPORT_POLICY} if is_report else {}
        return PageResponse(200, CONTENT_TYPES[path.suffix], path.read_bytes(), headers)

    def _file(self, path: str) -> PageResponse:
        file = self.files.get(_PAGE if path in ("", "review.html") else path)
        return not_found() if file is None else PageResponse(200, file.content_type, file.read())


def _judgement(content: Mapping[str, Any]) -> Judgement:
    """A decision as the page sends it.

    Raises:
        InputError: Something is missing or of the wrong type (`bad_request`).
    """
    reviewer, comment = content.get("reviewer"), content.get("comment")
    decision, roi = content.get("decision"), content.get("roi")
    if not isinstance(reviewer, str) or not isinstance(comment, str):
        raise InputError("reviewer and comment have to be text", "bad_request")
    if decision not in tuple(Decision):
        raise InputError(f"the decision is one of {', '.join(Decision)}", "bad_request")
    return Judgement(
        Decision(decision), reviewer, comment, None if roi is None else roi_of_entry(roi)
    )
