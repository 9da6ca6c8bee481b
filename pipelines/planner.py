"""The planner: from an image to its scan plan, from a slice to its callosum, without torch."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from highdicom import CoordinateSystemNames, Volume
from numpy.typing import NDArray

from callosal.export.devices import Device
from callosal.export.runtime import open_segmenter
from callosal.export.shipped import DEFAULT, resolve_model
from callosal.models.errors import InputError
from callosal.pipelines.batch.case_work import Fault, fault_of
from callosal.pipelines.callosum.segmentation import Callosum, find_callosa
from callosal.pipelines.case.case_pictures import draw_case_overlay
from callosal.pipelines.case.process import failed_document, process_volume
from callosal.pipelines.dicom.pixel_layout import MAX_INTENSITY
from callosal.pipelines.dicom.views import check_sagittal_view
from callosal.pipelines.geometry.slice_image import SliceImage, checked_spacing_mm, on_slice
from callosal.pipelines.midplane.localizer_volumes import Images
from callosal.pipelines.midplane.sagittal_views import sagittal_candidates
from callosal.pipelines.pictures.overlay import draw_overlay
from callosal.pipelines.pictures.picture_file import png_bytes
from callosal.pipelines.planning.plan_file import Plan
from callosal.pipelines.reading.cases import Case, find_cases
from callosal.pipelines.reading.nifti import Image, NiftiGrid, read_nibabel
from callosal.pipelines.reading.nifti_facts import describe_nifti
from callosal.pipelines.reading.repeated_slices import without_repeats
from callosal.pipelines.reading.skips import Skip
from callosal.pipelines.settings import Settings

Source = str | os.PathLike[str] | Volume | Image
"""A path, a highdicom Volume or a nibabel image (of which there are no types)."""


class Planner:
    """An opened model that plans cases and segments slices, as `callosal infer` does.

    Args:
        model: Name of a shipped model, or an ONNX file that `callosal export` wrote.
        device: auto takes a GPU where it works; any other is used or refused.
        settings: How pose and plan are made.

    Attributes:
        segmenter: The opened model.
        settings: As given.

    Raises:
        ModelFileError: There is no such model, or its file cannot be used.
        DeviceError: The device or onnxruntime is missing.

    Example:
        >>> import callosal
        >>> from callosal.pipelines.phantom import phantom_head
        >>> planner = callosal.Planner(device="cpu")
        >>> plan = planner.plan(phantom_head(3, (80, 120, 120), (2.0, 2.0, 2.0)).volume)
        >>> str(plan.status), abs(plan.final.angle_deg) < 45
        ('ok', True)
    """

    def __init__(
        self,
        model: str | os.PathLike[str] = DEFAULT,
        device: Device = "auto",
        settings: Settings = Settings(),  # noqa: B008 (frozen)
    ) -> None:
        self.segmenter = open_segmenter(resolve_model(os.fspath(model)), device)
        self.settings = settings

    def plan(self, source: Source) -> Plan:
        """Plan one case.

        Args:
            source: A NIfTI file, a DICOM file, a folder of one series or localizer, a nibabel
                image, or a highdicom Volume in patient coordinates.

        Returns:
            What `callosal infer` writes to plan.json, with its overlay as picture. Look at
            `status` first: without stacks, `final` and `planes` are None.

        Raises:
            InputError: The source cannot be read or shows no sagittal view, with its reason code;
                or it holds more than one case (`several_cases`): `plan_many` takes these.
            GeometryError: The mask is degenerate.
        """
        cases, skipped = _found(source)
        if len(cases) > 1:
            raise InputError(
                f"{_name(source)}: holds {len(cases)} cases; plan_many plans each of them",
                "several_cases",
            )
        if not cases:
            skip = _telling(skipped)
            raise InputError(f"{skip.label}: {skip.message}", skip.code)
        return self._plan(cases[0])

    def plan_many(self, sources: Iterable[Source]) -> Iterator[Plan]:
        """Plan every case of every source, one at a time.

        Sources are taken, read and planned as plans are asked for; one case is held in memory.

        Args:
            sources: As of `plan`; folders may hold many cases.

        Yields:
            One plan a case, in order; `name` says of what. A case or source that is broken,
            refused or shows nothing gives a plan of status `failed` with its reason code and a
            `message`, and the others go on.
        """
        for source in [sources] if isinstance(sources, str | os.PathLike) else sources:
            try:
                cases, skipped = _found(source)
            except Exception as error:
                yield _failed(_name(source), {}, fault_of(error))
                continue
            faults = [skip for skip in skipped if skip.is_fault]
            for skip in faults if cases or faults else [_telling(skipped)]:
                yield _failed(skip.label, skip.source, Fault(skip.code, skip.message))
            for case in cases:
                try:
                    plan = self._plan(case)
                except Exception as error:
                    plan = _failed(case.label, case.source, fault_of(error))
                yield plan

    def segment(self, pixels: NDArray[np.generic], spacing_mm: tuple[float, float]) -> Callosum:
        """Find the callosum on one midsagittal slice of any pixel size.

        The slice is resampled to the model's pixels as `infer` does it, and the answer back.
        Orientation cannot be checked: on a slice that is flipped or turned, `quality` is low at
        best.

        Args:
            pixels: Raw intensities, finite, shape (H, W); rows superior to inferior, columns
                anterior to posterior.
            spacing_mm: Distance between rows and between columns, in mm.

        Returns:
            The callosum. Its `mask` lies on the pixels given, shape (H, W); outline and box are
            in mm from the centre of the slice, x toward anterior, y toward superior. Do not rely
            on one whose `quality.confidence` is below 0.5.

        Raises:
            InputError: The pixels are not one finite slice of numbers (`bad_pixels`), show too
                little (`no_sagittal_view`, `field_of_view_too_small`), or no callosum was found
                (`no_callosum`).
            GeometryError: The spacing is not two positive numbers (`bad_spacing`).
        """
        place = _checked_slice(pixels, spacing_mm)
        volume = Volume(place.pixels[None], place.affine_lps[:, [2, 0, 1, 3]], "PATIENT")
        check_sagittal_view(volume.get_geometry())
        slices = sagittal_candidates(volume, self.segmenter.contract.spacing_mm)
        (callosum,) = find_callosa(slices, self.segmenter)
        if callosum is None:
            raise InputError(
                "pixels: no callosum was found; check that the slice is midsagittal, its rows run "
                "superior to inferior and its columns anterior to posterior",
                "no_callosum",
            )
        shown = callosum.on_grid(place)
        return replace(shown, picture=partial(_picture, shown))

    def _plan(self, case: "Case | _Given") -> Plan:
        outcome = process_volume(case.load(), self.segmenter, self.settings, case.source)
        overlay = draw_case_overlay(outcome)
        return replace(
            Plan.from_document(outcome.document),
            name=case.label,
            picture=None if overlay is None else png_bytes(overlay),
        )


@dataclass(frozen=True, eq=False)
class _Given:
    """A volume that lies in memory, in the words of a `Case`."""

    volume: Volume
    label: str
    source: Mapping[str, Any]

    def load(self) -> Images:
        return without_repeats(self.volume)


def _found(source: Source) -> tuple[Sequence[Case | _Given], Sequence[Skip]]:
    if isinstance(source, str | os.PathLike):
        index = find_cases([Path(source)])
        return index.cases, index.skipped
    name = _name(source)
    if isinstance(source, Volume):
        volume, kind = _checked_volume(source), "volume"
        grid = NiftiGrid(volume.get_geometry(), ())
    else:
        (volume, grid), kind = read_nibabel(source), "nifti"
    check_sagittal_view(grid.geometry)
    return [_Given(volume, name, {**describe_nifti(grid), "kind": kind})], []


def _checked_volume(volume: Volume) -> Volume:
    values = volume.array
    if values.ndim != 3 or values.dtype.kind not in "iuf":
        raise InputError(
            f"volume: shape {values.shape} of type {values.dtype} is not one grayscale image",
            "not_grayscale",
        )
    if volume.coordinate_system != CoordinateSystemNames.PATIENT:
        raise InputError("volume: is not in patient coordinates", "no_orientation")
    if not _are_intensities(values):
        raise InputError("volume: some voxels are not numbers; replace them", "not_finite")
    return volume


def _checked_slice(pixels: NDArray[np.generic], spacing_mm: tuple[float, float]) -> SliceImage:
    values = np.asarray(pixels)
    if values.ndim != 2 or not values.size or values.dtype.kind not in "iuf":
        raise InputError(
            f"pixels: shape {values.shape} of type {values.dtype} is not one slice (H, W) of "
            "intensities",
            "bad_pixels",
        )
    if not _are_intensities(values):
        raise InputError("pixels: some are not numbers; replace them, by 0 for air", "bad_pixels")
    return on_slice(values, checked_spacing_mm(spacing_mm))


def _are_intensities(values: NDArray[Any]) -> bool:
    return values.dtype.kind != "f" or bool((np.abs(values) <= MAX_INTENSITY).all())


def _picture(callosum: Callosum) -> bytes:
    caption = f"callosum, confidence {callosum.quality.confidence:.2f}"
    return png_bytes(
        draw_overlay(callosum.slice_image, [callosum.contour_mm], callosum.box, None, None, caption)
    )


def _telling(skipped: Sequence[Skip]) -> Skip:
    """What best says why there is no case: a fault, if there is any."""
    return max(skipped, key=lambda skip: skip.is_fault)


def _failed(name: str, source: Mapping[str, Any], fault: Fault) -> Plan:
    plan = Plan.from_document(failed_document(source, fault.code))
    return replace(plan, name=name, message=fault.message)


def _name(source: Source) -> str:
    if isinstance(source, str | os.PathLike):
        return Path(source).name
    return "volume" if isinstance(source, Volume) else "image"
