"""An archive in which every text, name and date that could tell who the patient is, is a marker."""

from collections.abc import Mapping
from pathlib import Path

import nibabel as nib
import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import JPEG2000Lossless

from callosal.pipelines.dicom.write import write_mr_series
from callosal.pipelines.phantom import phantom_head

FOR_THE_HOSPITAL = {
    "PatientName": "Qvx01Name^Qvx01Given",
    "PatientID": "Qvx02Id",
    "PatientBirthDate": "19031107",
    "IssuerOfPatientID": "Qvx04Issuer",
    "StudyDate": "19051213",
    "AccessionNumber": "Qvx06Acc",
    "StudyID": "Qvx07Study",
    "StudyDescription": "Qvx08StudyText",
    "ReferringPhysicianName": "Qvx09Referrer",
}
"""What SEG and report carry by design, so that an archive files them with the patient."""

FOR_NOBODY = {
    "OtherPatientIDs": "Qvx10Other",
    "PatientAddress": "Qvx11Street",
    "PatientTelephoneNumbers": "Qvx12Phone",
    "PatientMotherBirthName": "Qvx13Mother",
    "PatientComments": "Qvx14Comment",
    "AdditionalPatientHistory": "Qvx15History",
    "EthnicGroup": "Qvx16Group",
    "Occupation": "Qvx17Work",
    "InstitutionName": "Qvx18Clinic",
    "InstitutionAddress": "Qvx19Town",
    "InstitutionalDepartmentName": "Qvx20Ward",
    "StationName": "Qvx21Station",
    "PerformingPhysicianName": "Qvx22Doctor",
    "OperatorsName": "Qvx23Operator",
    "PhysiciansOfRecord": "Qvx24Record",
    "SeriesDescription": "Qvx25Series",
    "ProtocolName": "Qvx26Protocol",
    "ImageComments": "Qvx27Image",
    "DeviceSerialNumber": "Qvx28Serial",
    "RequestedProcedureDescription": "Qvx29Request",
    "ContentCreatorName": "Qvx30Creator",
    "private element": "Qvx31Private",
    "element in a sequence": "Qvx32Nested",
    "file meta source": "Qvx33AeTitle",
    "preamble": "Qvx34Preamble",
    "trailing padding": "Qvx35Padding",
    "folder": "Qvx36Folder",
    "DICOM file": "Qvx37File",
    "file that is no image": "Qvx38Letter",
    "broken file": "Qvx39Broken",
    "NIfTI file": "Qvx40Nifti",
    "NIfTI descrip": "Qvx41Descrip",
    "NIfTI aux_file": "Qvx42Aux",
    "NIfTI intent_name": "Qvx43Intent",
    "NIfTI extension": "Qvx44Extension",
}
MARKERS: Mapping[str, str] = {**FOR_THE_HOSPITAL, **FOR_NOBODY}
_KINDS = {"private element", "element in a sequence", "file meta source", "preamble",
          "trailing padding", "folder", "DICOM file", "file that is no image", "broken file",
          "NIfTI file", "NIfTI descrip", "NIfTI aux_file", "NIfTI intent_name",
          "NIfTI extension"}  # fmt: skip


def plant(root: Path) -> None:
    """Write the archive: a good series, a gap, a decoder's fault, broken files, NIfTI files."""
    root = root / FOR_NOBODY["folder"]
    head = phantom_head(1, (80, 120, 120), (2.0, 2.0, 2.0)).volume
    good = _write_series(head, root / f"{FOR_NOBODY['folder']} good", seed=1)
    gap = _write_series(head, root / "gap", seed=2)
    for path in gap[30:33]:
        path.unlink()
    for path in _write_series(head, root / "codec", seed=3):
        _spoil_codec(path)
    broken = root / f"{FOR_NOBODY['broken file']}.dcm"
    broken.write_bytes(good[0].read_bytes()[:700])
    (root / f"{FOR_NOBODY['broken file']} empty.dcm").touch()
    (root / f"{FOR_NOBODY['file that is no image']}.txt").write_text("a letter")
    _write_nifti(head.array, root / f"{FOR_NOBODY['NIfTI file']}.nii.gz")
    flat = root / f"{FOR_NOBODY['NIfTI file']} cut.nii.gz"
    flat.write_bytes((root / f"{FOR_NOBODY['NIfTI file']}.nii.gz").read_bytes()[:5000])


def _write_series(volume, folder: Path, seed: int) -> list[Path]:
    written = write_mr_series(volume, folder, description="planted", seed=seed, series_number=seed)
    paths = []
    for number, path in enumerate(written):
        image = dcmread(path)
        _mark(image)
        image.preamble = FOR_NOBODY["preamble"].encode().ljust(128, b"\0")
        image.file_meta.SourceApplicationEntityTitle = FOR_NOBODY["file meta source"]
        paths.append(folder / f"{FOR_NOBODY['DICOM file']}{number}.dcm")
        image.save_as(paths[-1])
        path.unlink()
    return paths


def _mark(image: Dataset) -> None:
    for keyword, marker in MARKERS.items():
        if keyword not in _KINDS:
            setattr(image, keyword, marker)
    block = image.private_block(0x0029, FOR_NOBODY["private element"], create=True)
    block.add_new(0x10, "LO", FOR_NOBODY["private element"])
    item = Dataset()
    item.ScheduledProcedureStepDescription = FOR_NOBODY["element in a sequence"]
    image.RequestAttributesSequence = Sequence([item])
    image.add_new(0xFFFCFFFC, "OB", FOR_NOBODY["trailing padding"].encode())


def _spoil_codec(path: Path) -> None:
    image = dcmread(path)
    image.compress(JPEG2000Lossless)
    data = bytearray(image.PixelData)
    data[len(data) // 3 : len(data) // 2] = b"\xff\x93" * ((len(data) // 2 - len(data) // 3) // 2)
    image.PixelData = bytes(data)
    image.save_as(path)


def _write_nifti(array: np.ndarray, path: Path) -> None:
    affine = np.array([[-2, 0, 0, 79], [0, 0, -2, 119], [0, -2, 0, 119], [0, 0, 0, 1.0]])
    image = nib.Nifti1Image(array.astype(np.int16), affine)
    image.header["descrip"] = FOR_NOBODY["NIfTI descrip"]
    image.header["aux_file"] = FOR_NOBODY["NIfTI aux_file"]
    image.header["intent_name"] = FOR_NOBODY["NIfTI intent_name"]
    comment = nib.nifti1.Nifti1Extension("comment", FOR_NOBODY["NIfTI extension"].encode())
    image.header.extensions.append(comment)
    nib.save(image, path)
