"""Whatever an export does to identifiers and tags, one volume gives one case or a refusal."""

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.uid import RLELossless
from scipy.spatial.transform import Rotation

from callosal.pipelines.dicom.headers import Header, scan
from callosal.pipelines.dicom.pixels import read_volume
from callosal.pipelines.dicom.stacks import find_stacks
from tests.dicom.make_series import SeriesRecipe, make_series

TURN = Rotation.from_euler("xyz", [7, -11, 14], degrees=True)
RECIPE = replace(
    SeriesRecipe(n_slices=20, rows=16, columns=12, slice_spacing_mm=1.8),
    orientation=tuple(TURN.apply([[0, 1, 0], [0, 0, -1]]).ravel()),
    tags={"SeriesTime": "101500", "AcquisitionTime": "101612"},
)
N = RECIPE.n_slices

Change = Callable[[Dataset, int, random.Random], None]


def new_uids(keyword: str, n_parts: int, is_by_turns: bool) -> Change:
    """The slices get so many UIDs, by turns or in blocks."""

    def change(ds: Dataset, index: int, _: random.Random) -> None:
        part = index % n_parts if is_by_turns else index * n_parts // N
        setattr(ds, keyword, f"1.9.{len(keyword)}.{part}")

    return change


def jitter(keyword: str, size: float, digits: int) -> Change:
    """A number or several vary from slice to slice, and are rounded."""

    def change(ds: Dataset, _: int, rng: random.Random) -> None:
        value = ds.get(keyword)
        values = [float(part) for part in (value if isinstance(value, list) else [value or 0])]
        moved = [round(part + rng.uniform(-size, size), digits) for part in values]
        setattr(ds, keyword, moved if len(moved) > 1 else moved[0])

    return change


def turned(size_rad: float) -> Change:
    """The directions vary from slice to slice."""

    def change(ds: Dataset, _: int, rng: random.Random) -> None:
        turn = Rotation.from_rotvec([rng.uniform(-size_rad, size_rad) for _ in range(3)])
        axes = turn.apply(np.reshape(RECIPE.orientation, (2, 3)))
        ds.ImageOrientationPatient = [float(f"{value:.6f}") for value in axes.ravel()]

    return change


def rounded(keyword: str, digits: int) -> Change:
    """Numbers keep few decimals."""

    def change(ds: Dataset, _: int, __: random.Random) -> None:
        setattr(ds, keyword, [round(float(value), digits) for value in getattr(ds, keyword)])

    return change


def tag(keyword: str, *values: object) -> Change:
    """A tag takes one of a few values."""
    return lambda ds, _, rng: setattr(ds, keyword, rng.choice(values))


def own_uids(keyword: str, first: int) -> Change:
    """The slices from one on have a UID each, the others keep theirs."""

    def change(ds: Dataset, index: int, _: random.Random) -> None:
        if index >= first:
            setattr(ds, keyword, f"1.8.{len(keyword)}.{index}")

    return change


def own_moment(ds: Dataset, index: int, _: random.Random) -> None:
    """Each slice was acquired at a time of its own."""
    ds.AcquisitionTime, ds.ContentTime = f"1016{index:02d}.250", f"1017{index:02d}"
    ds.AcquisitionNumber = index


def negative_zeros(ds: Dataset, index: int, _: random.Random) -> None:
    """Zeros of directions and positions are written with either sign."""
    for keyword in ("ImageOrientationPatient", "ImagePositionPatient"):
        values = [float(value) for value in getattr(ds, keyword)]
        sign = -1.0 if index % 2 else 1.0
        setattr(ds, keyword, [value if value else sign * 0.0 for value in values])


def rescaled(ds: Dataset, _: int, rng: random.Random) -> None:
    """Stored values are twice as large in some slices, their slope is half as large."""
    if rng.random() < 0.5 and not ds.file_meta.TransferSyntaxUID.is_compressed:
        ds.PixelData = (2 * stored(ds)).tobytes()
        ds.BitsStored, ds.HighBit = 16, 15
        ds.RescaleSlope, ds.RescaleIntercept = ds.get("RescaleSlope", 1) / 2, 0


def turned_round(ds: Dataset, _: int, rng: random.Random) -> None:
    """Low is white in some slices."""
    is_plain = ds.PhotometricInterpretation == "MONOCHROME2"
    if rng.random() < 0.5 and is_plain and not ds.file_meta.TransferSyntaxUID.is_compressed:
        ds.PhotometricInterpretation = "MONOCHROME1"
        ds.PixelData = (np.uint16(2**ds.BitsStored - 1) - stored(ds)).tobytes()


def compressed(ds: Dataset, _: int, rng: random.Random) -> None:
    """Some slices are packed."""
    if rng.random() < 0.3 and not ds.file_meta.TransferSyntaxUID.is_compressed:
        ds.compress(RLELossless, generate_instance_uid=False)


def stored(ds: Dataset) -> np.ndarray:
    return np.frombuffer(ds.PixelData, np.uint16)


OTHER_PIXELS = tag("PixelSpacing", [8.0, 9.0], [8.8, 9.9])

parts = st.sampled_from([1, 2, 3, N])
CHANGES: st.SearchStrategy[Change] = st.one_of(
    st.builds(
        new_uids,
        st.sampled_from(
            ["SeriesInstanceUID", "StudyInstanceUID", "FrameOfReferenceUID"]
        ),
        parts,
        st.booleans(),
    ),
    st.just(new_uids("SOPInstanceUID", N, True)),
    st.builds(
        own_uids,
        st.sampled_from(["SeriesInstanceUID", "StudyInstanceUID", "FrameOfReferenceUID"]),
        st.sampled_from([N // 2, N - 2, N - 1]),
    ),
    st.just(jitter("EchoTime", 0.03, 2)),
    st.just(jitter("RepetitionTime", 1, 1)),
    st.just(jitter("FlipAngle", 0.01, 3)),
    st.just(jitter("SliceThickness", 0.01, 4)),
    st.just(jitter("SpacingBetweenSlices", 0.5, 3)),
    st.sampled_from([own_moment, negative_zeros, rescaled, turned_round, compressed]),
    st.just(tag("InstanceNumber", None, 1, 7)),
    st.just(tag("IssuerOfPatientID", "MARKER", "")),
    st.builds(turned, st.sampled_from([0.0005, 0.003])),
    st.builds(rounded, st.just("ImagePositionPatient"), st.sampled_from([1, 2, 3])),
    st.builds(rounded, st.just("ImageOrientationPatient"), st.sampled_from([3, 4])),
    st.just(tag("EchoNumbers", 1, 2, None)),
    st.just(tag("ImageType", ["ORIGINAL", "PRIMARY", "M"], ["DERIVED", "PRIMARY", "M", "NORM"])),
    st.just(tag("AcquisitionNumber", 1, 2, 3)),
    st.just(OTHER_PIXELS),
    st.just(tag("PatientSex", "F", "O", "")),
    st.just(tag("SeriesNumber", None)),
    st.just(tag("SeriesNumber", 4, 5)),
    st.just(tag("SeriesTime", "101500", "")),
    st.just(tag("PatientName", "Marker^Patient", "MARKER^PATIENT", "")),
)  # fmt: skip


@example([jitter("EchoTime", 0.03, 2), rounded("ImagePositionPatient", 1), OTHER_PIXELS], 0)
@example([OTHER_PIXELS, new_uids("SeriesInstanceUID", 3, False)], 0)
@example([OTHER_PIXELS, new_uids("FrameOfReferenceUID", 2, False)], 0)
@example([new_uids("StudyInstanceUID", 3, False), OTHER_PIXELS], 0)
@example([rescaled, turned_round, compressed, own_moment, negative_zeros], 0)
@example([own_uids("SeriesInstanceUID", N - 1), tag("SeriesNumber", 4, 5)], 0)
@settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))
@given(changes=st.lists(CHANGES, max_size=4), seed=st.integers(0, 999))
def test_one_volume_is_one_case_or_a_refusal(changes: list[Change], seed: int) -> None:
    rng = random.Random(seed)
    slices = make_series(RECIPE)
    for change in changes:
        for index, ds in enumerate(slices):
            change(ds, index, rng)
    names = rng.sample(range(1000), N)
    with TemporaryDirectory() as folder:
        for ds, name in zip(slices, names, strict=True):
            ds.save_as(Path(folder) / f"{name:04d}", enforce_file_format=True)
        headers = [found for found in scan(Path(folder)) if isinstance(found, Header)]
        stacks = find_stacks(headers)
        kept = [stack for stack in stacks if stack.is_kept]
        assert len(kept) <= 1, [(len(stack.planes), stack.notes) for stack in stacks]
        if not kept:
            assert all(stack.reason for stack in stacks)
            return
        voxels = read_volume(kept[0]).array
    np.testing.assert_array_equal(voxels, [RECIPE.pixels(index) for index in range(N)])
    found = kept[0].geometry.map_indices_to_reference(np.array([[0, 0, 0], [N - 1, 15, 11]]))
    axes = np.reshape(RECIPE.orientation, (2, 3))
    far = RECIPE.position(N - 1) + axes.T @ [11 * RECIPE.spacing_mm[1], 15 * RECIPE.spacing_mm[0]]
    np.testing.assert_allclose(found, [RECIPE.position(0), far], atol=0.5)
