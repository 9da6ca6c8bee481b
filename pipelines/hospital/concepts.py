"""Codes that SEG and report use; what no public scheme has comes from `99CALLOSAL`."""

from highdicom.coding_schemes import CodingSchemeIdentificationItem
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

SCHEME = "99CALLOSAL"

CALLOSUM = codes.SCT.CorpusCallosum
GENU = codes.SCT.GenuOfCorpusCallosum
SPLENIUM = codes.SCT.SpleniumOfCorpusCallosum
STRUCTURE = codes.SCT.AnatomicalStructure
MRI = Code("25056-3", "LN", "MRI unspecified body region")
NETWORK = codes.DCM.ArtificialIntelligence

LENGTH = codes.SCT.Length
AREA = codes.SCT.Area
WIDTH = codes.SCT.Width
ANGLE = codes.SCT.Angle
MILLIMETER = codes.UCUM.Millimeter
SQUARE_MILLIMETER = codes.UCUM.SquareMillimeter
DEGREE = codes.UCUM.Degree
UNITY = codes.UCUM.NoUnits

BOX = Code("box", SCHEME, "Least rectangle around the callosum")
FINAL = Code("final-pose", SCHEME, "Final pose of the callosum")
CONFIDENCE = Code("confidence", SCHEME, "Confidence, 0 to 1")
STATUS = Code("status", SCHEME, "Status of the plan")
DOF = Code("dof-estimated", SCHEME, "Angles that were measured")
MIDLINE_LENGTH = Code("midline-length", SCHEME, "Length of the callosal midline")
MEAN_THICKNESS = Code("thickness-mean", SCHEME, "Mean thickness of the callosum")
CC_INDEX = Code("cc-index", SCHEME, "Corpus callosum index")
N_SLICES = Code("n-slices", SCHEME, "Number of slices")
FOV_ROWS = Code("fov-rows", SCHEME, "Field of view along the rows")
FOV_COLUMNS = Code("fov-columns", SCHEME, "Field of view along the columns")

LINES = {
    "subcallosal": Code("line-subcallosal", SCHEME, "Subcallosal line"),
    "endpoints": Code("line-endpoints", SCHEME, "Line from genu tip to splenium tip"),
    "principal_axis": Code("line-principal", SCHEME, "Long axis of inertia of the callosum"),
}
STACKS = {
    "transverse": Code("stack-transverse", SCHEME, "Planned transverse stack"),
    "coronal": Code("stack-coronal", SCHEME, "Planned coronal stack"),
    "sagittal": Code("stack-sagittal", SCHEME, "Planned sagittal stack"),
}
STATUSES = {
    "ok": Code("ok", SCHEME, "OK"),
    "low_confidence": Code("low-confidence", SCHEME, "Low confidence: check before use"),
}


def coding_scheme() -> CodingSchemeIdentificationItem:
    """What an archive learns about the private scheme."""
    return CodingSchemeIdentificationItem(
        SCHEME, name="Scan plans of the corpus callosum", version="1",
        responsible_organization="callosal",
    )  # fmt: skip
