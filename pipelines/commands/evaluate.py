"""`callosal evaluate`: score a model by case and by site, using the ONNX file itself."""

from pathlib import Path

from callosal.export.devices import Device
from callosal.export.shipped import DEFAULT


def evaluate(
    data: Path,
    output: Path,
    model: str = DEFAULT,
    split: str = "test",
    device: Device = "auto",
    pose_seed: int | None = None,
    limit: int | None = None,
) -> int:
    """Score an ONNX segmenter on labelled slices.

    Writes metrics.json (overall, by site, and baselines that need no image), cases.csv and
    worst.png (the ten worst cases; the data in green, the network in orange) into the output
    folder.

    Args:
        data: Folder of NIfTI pairs with participants.tsv.
        output: Folder to write into.
        model: Name of a shipped model, or an ONNX file.
        split: Which split of participants.tsv.
        device: auto, cpu, cuda, openvino or tensorrt.
        pose_seed: With a seed, every slice and its reference are turned, shifted, zoomed and
            resampled at random.
        limit: Score at most this many cases, evenly spread.

    Returns:
        Exit code 0.
    """
    # The help of this command has to come at once: what reads and scores is loaded here.
    from callosal.pipelines.evaluation.run import run_evaluation

    return run_evaluation(data, output, model, split, device, pose_seed, limit)
