"""`callosal evaluate-generator`: are generated pairs realistic and varied, and not copies?"""

from pathlib import Path

from callosal.export.devices import Device
from callosal.export.shipped import DEFAULT


def evaluate_generator(
    input: Path,
    training: Path,
    output: Path,
    split: str = "train",
    held_out: str = "val",
    model: str = DEFAULT,
    device: Device = "auto",
    limit: int | None = None,
    spacing_mm: float | None = None,
) -> int:
    """Compare a folder of generated pairs with real slices.

    Writes metrics.json, samples.csv (one row per sample) and pictures: samples, distributions of
    shape, distances to the training slices, and the samples nearest to a training slice. Every
    figure is shown beside its baseline, the same figure for real held-out slices.

    Args:
        input: Folder of generated NIfTI pairs with participants.tsv.
        training: Folder of real pairs that the generator was trained on.
        output: Folder to write into.
        split: The split of those real pairs that the generator has seen.
        held_out: A split that the generator has not seen.
        model: Segmenter that checks the masks: a shipped model, or an ONNX file.
        device: auto, cpu, cuda, openvino or tensorrt.
        limit: Compare at most this many generated pairs, evenly spread.
        spacing_mm: Pixel size of the comparison; by default that of the pairs. If the pairs were
            written finer than the generator draws, give the generator's pixel size.

    Returns:
        Exit code 0.
    """
    # The help of this command has to come at once: what reads and scores is loaded here.
    from callosal.pipelines.synthesis.quality.run import run_generator_evaluation

    return run_generator_evaluation(
        input, training, output, split, held_out, model, device, limit, spacing_mm
    )
