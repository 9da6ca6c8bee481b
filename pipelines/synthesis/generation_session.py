"""What is opened once for a run of `callosal generate`, and what decides its samples."""

from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from callosal.export.devices import Device
from callosal.export.generator_folder import SHAPE_MODEL, GeneratorFolder, Sampling
from callosal.export.generator_runtime import Generator, open_generator
from callosal.export.generator_sampling import require_sampler
from callosal.export.runtime import Segmenter, open_segmenter
from callosal.export.shipped import DEFAULT, resolve_generator, resolve_model
from callosal.models.errors import InputError
from callosal.models.generation.spec import SHAPE_CONDITIONS
from callosal.pipelines.datasets.nifti_pairs import read_split
from callosal.pipelines.synthesis.checks import (
    MIN_AGREEMENT,
    CheckLimits,
    area_range,
)
from callosal.pipelines.synthesis.copies import TrainingBank, training_bank
from callosal.pipelines.synthesis.drawn_masks import DrawnMasks
from callosal.pipelines.synthesis.given_masks import GivenMasks, find_masks
from callosal.pipelines.synthesis.shape_model import ShapeModel
from callosal.pipelines.synthesis.wanted_ranges import WantedRange, parse_wanted


@dataclass(frozen=True)
class GenerationRequest:
    """What a user asks `callosal generate` for; see there.

    Attributes:
        count: Samples wanted.
        seed: Seed of the set.
        condition: Ranges as they were typed.
        given_mask: Folder of masks to be dressed with images.
        shape_model: Draw masks from the generator's shape model.
        steps: Stations of the loop; None takes the generator's own.
        guidance: Scale of the guidance; None takes the generator's own.
        sampler: Algorithm; None takes the generator's own.
        mask_as_drawn: Whether masks that are drawn stay as they are.
        batch_size: Samples that are drawn at once.
        dicom: Also write DICOM.
        unfiltered: Write what fails the checks as well.
        training_data: Folder of the slices that samples must not be copies of.
    """

    count: int
    seed: int
    condition: tuple[str, ...]
    given_mask: Path | None
    shape_model: bool
    steps: int | None
    guidance: float | None
    sampler: str | None
    mask_as_drawn: bool
    batch_size: int
    dicom: bool
    unfiltered: bool
    training_data: Path | None


@dataclass(frozen=True, eq=False)
class GenerationSession:
    """All that is opened once for a run.

    Attributes:
        generator: Opened generator.
        sampling: Algorithm, steps, guidance, and whether masks are estimated again.
        wanted: What is asked of all samples.
        masks: Masks to be dressed; None where the generator makes its own.
        limits: What samples are held against.
        request: What the user asked for.
        output: Folder to write into.
    """

    generator: Generator
    sampling: Sampling
    wanted: tuple[WantedRange, ...]
    masks: GivenMasks | DrawnMasks | None
    limits: CheckLimits
    request: GenerationRequest
    output: Path


def open_generation(
    model: str, output: Path, device: Device, request: GenerationRequest
) -> GenerationSession:
    """Open all that a run needs.

    Args:
        model: Name of a shipped generator, or its folder.
        output: Folder to write into.
        device: Where the networks run.
        request: What the user asked for.

    Raises:
        CallosalError: The generator or an option cannot be used.
    """
    generator = open_generator(resolve_generator(model), device)
    own = generator.folder.sampling
    sampling = Sampling(
        request.sampler or own.sampler,
        own.steps if request.steps is None else request.steps,
        own.guidance if request.guidance is None else request.guidance,
        own.mask_from_image and _draws_masks(request) and not request.mask_as_drawn,
    )
    if request.guidance is None and not request.condition:
        # What nobody asked for is not to be exaggerated.
        sampling = replace(sampling, guidance=1.0)
    spec = generator.spec
    require_sampler(spec, sampling.sampler)
    masks = _masks(generator.folder, request)
    area_mm2 = None if masks else area_range(spec.conditions)
    limits = CheckLimits(area_mm2, _judge(device), _bank(request.training_data))
    wanted = parse_wanted(request.condition, spec.conditions)
    _check_wanted(wanted, request)
    return GenerationSession(generator, sampling, wanted, masks, limits, request, output)


def _draws_masks(request: GenerationRequest) -> bool:
    """Whether masks are drawn together with their images."""
    return request.given_mask is None and not request.shape_model


def _check_wanted(wanted: tuple[WantedRange, ...], request: GenerationRequest) -> None:
    for one in wanted:
        if one.name in SHAPE_CONDITIONS and not _draws_masks(request):
            raise InputError(
                f"--condition {one.name}: with --given-mask or --shape-model the mask decides "
                "it; of these only contrast can be asked for",
                code="wrong_usage",
            )


def _masks(folder: GeneratorFolder, request: GenerationRequest) -> GivenMasks | DrawnMasks | None:
    if request.given_mask is not None:
        return find_masks(request.given_mask, folder.spec)
    if not request.shape_model:
        return None
    if SHAPE_MODEL not in folder.parts:
        raise InputError(
            f"--shape-model: the generator {folder.name} has none; export it with --data FOLDER",
            code="no_shape_model",
        )
    return DrawnMasks(ShapeModel.from_bytes(folder.parts[SHAPE_MODEL]), request.seed, folder.spec)


def _judge(device: Device) -> Segmenter:
    return open_segmenter(resolve_model(DEFAULT), device)


def _bank(folder: Path | None) -> TrainingBank | None:
    return None if folder is None else training_bank(list(read_split(folder, "train")))


def description(session: GenerationSession) -> dict[str, Any]:
    """All that decides the samples; equal descriptions give equal samples."""
    folder, limits, request = session.generator.folder, session.limits, session.request
    judge = limits.segmenter
    return {
        "software": f"callosal {version('callosal')}",
        "model": {
            "name": folder.name,
            "sha256": folder.sha256,
            "training_data": folder.spec.training_data,
        },
        "seed": request.seed,
        "sampling": asdict(session.sampling),
        "conditions": [asdict(one) for one in session.wanted],
        "masks": session.masks.description() if session.masks else "by the generator",
        "checks": {
            "filtered": not request.unfiltered,
            "components": 1,
            "area_mm2": limits.area_mm2,
            "contrast": "callosum brighter than the ring around it",
            "agreement_dice": MIN_AGREEMENT,
            "segmenter": {"name": judge.contract.name, "sha256": judge.sha256},
            "copy": "not checked: no --training-data was given"
            if limits.training is None
            else {
                "correlation_below": round(limits.training.threshold, 4),
                "training_slices": len(limits.training.pictures),
            },
        },
        "dicom": request.dicom,
    }
