"""`callosal generate`: labelled synthetic scans from a generator's folder, without torch."""

from pathlib import Path

from callosal.export.devices import Device
from callosal.models.errors import InputError


def generate(
    output: Path,
    model: str = "generator-whole",
    count: int = 16,
    seed: int = 0,
    condition: list[str] = [],  # noqa: B006 (read only)
    given_mask: Path | None = None,
    shape_model: bool = False,
    steps: int | None = None,
    guidance: float | None = None,
    sampler: str | None = None,
    mask_as_drawn: bool = False,
    batch_size: int = 4,
    dicom: bool = False,
    unfiltered: bool = False,
    training_data: Path | None = None,
    device: Device = "auto",
) -> int:
    """Make labelled synthetic midsagittal scans that `callosal fit` reads as they are.

    Writes a NIfTI pair for each sample (image and callosum mask at 0.5 mm), participants.tsv,
    manifest.json and grid.png. Samples that fail a check (pieces, area, contrast, agreement with an
    independent segmenter, a copy) are counted and drawn again. The same seed gives the same
    samples; if a run was interrupted, the same call continues where it stopped.

    Args:
        output: Folder to write into; created if it is missing.
        model: Name of a shipped generator, or a folder that `callosal export` wrote.
        count: Samples to write.
        seed: Seed of the set.
        condition: Wanted properties, each name=value or name=low:high (area_mm2=450 tilt_deg=-5:5).
        given_mask: Folder of masks (*_mask.nii.gz) to make images for, in turn.
        shape_model: Draw masks from the generator's statistical shape model and make images for
            them, instead of drawing both at once.
        steps: Steps of the sampler; by default the generator's.
        guidance: How strongly conditions are followed; 1 leaves this as it was trained. By default
            the generator's own value if --condition is given (1.5 for the shipped one), which takes
            twice the time, else 1.
        sampler: euler_flow, ddim, dpm_solver_pp_2m or ddpm; by default the generator's.
        mask_as_drawn: Keep each mask as it was drawn with its image. Without this option, the
            shipped generator, and others that were trained to do so, estimate the mask again from
            the finished image, in two more runs of the network.
        batch_size: Samples drawn at once; it affects only the speed.
        dicom: Also write each image as DICOM, marked as synthetic.
        unfiltered: Also write samples that fail a check.
        training_data: Folder of NIfTI pairs the generator was trained on: samples that are copies
            of its training slices are rejected.
        device: auto, cpu, cuda, openvino or tensorrt.

    Returns:
        Exit code: 0 all were written, 1 none, 2 some.
    """
    _check(count, seed, batch_size, steps, guidance)
    if given_mask is not None and shape_model:
        raise InputError(
            "--given-mask and --shape-model: masks come from one of them", code="wrong_usage"
        )
    # The help of this command has to come at once: what samples and checks is loaded here.
    from callosal.pipelines.synthesis.generation_session import GenerationRequest
    from callosal.pipelines.synthesis.run import run_generation

    request = GenerationRequest(
        count,
        seed,
        tuple(condition),
        given_mask,
        shape_model,
        steps,
        guidance,
        sampler,
        mask_as_drawn,
        batch_size,
        dicom,
        unfiltered,
        training_data,
    )
    return run_generation(model, output, device, request)


def _check(
    count: int, seed: int, batch_size: int, steps: int | None, guidance: float | None
) -> None:
    right = (
        count >= 1
        and seed >= 0
        and 1 <= batch_size <= 256
        and (steps is None or 1 <= steps <= 1000)
        and (guidance is None or 0 <= guidance <= 20)
    )
    if not right:
        raise InputError(
            f"--count {count} --seed {seed} --batch-size {batch_size} --steps {steps} --guidance "
            f"{guidance}: count from 1, seed from 0, batch-size 1 to 256, steps 1 to 1000, "
            "guidance 0 to 20",
            code="wrong_usage",
        )
