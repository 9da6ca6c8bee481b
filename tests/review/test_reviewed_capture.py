import numpy as np
from PIL import Image
from pydicom import dcmread

from callosal.pipelines.archive.outgoing import read_outgoing
from callosal.pipelines.outputs.file_names import REVIEWED_SECONDARY_CAPTURE
from callosal.pipelines.review.review_document import Decision
from tests.review.test_reviewed_report import decided


def test_a_correction_gets_its_picture_as_a_secondary_capture(desk, planned):
    assert decided(desk, planned, Decision.CORRECTED, 4.0)["notes"] == []
    folder = desk.folder(planned)
    capture, first = (
        dcmread(folder / name) for name in (REVIEWED_SECONDARY_CAPTURE, "plan_sr.dcm")
    )
    assert (capture.PatientID, capture.StudyInstanceUID) == (
        first.PatientID, first.StudyInstanceUID,
    )  # fmt: skip
    assert capture.InstanceNumber == 2
    with Image.open(folder / "overlay.reviewed.png") as picture:
        np.testing.assert_array_equal(capture.pixel_array, np.asarray(picture))
    assert (folder / "reviews" / "sc_0001.dcm").is_file()
    # The run makes no captures, so none is sent.
    assert [item.name for item in read_outgoing(folder).objects] == ["0001.dcm"]


def test_a_later_decision_removes_the_picture_of_the_correction(desk, planned):
    decided(desk, planned, Decision.CORRECTED, 4.0)
    decided(desk, planned, Decision.ACCEPTED)
    assert not (desk.folder(planned) / REVIEWED_SECONDARY_CAPTURE).exists()
    decided(desk, planned, Decision.CORRECTED, 2.0)
    assert dcmread(desk.folder(planned) / REVIEWED_SECONDARY_CAPTURE).InstanceNumber == 4
