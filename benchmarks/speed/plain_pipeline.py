"""The plain pipeline: what a user would write for this job with the usual libraries.

    python benchmarks/speed/plain_pipeline.py SERIES CONFIG OUTPUT THREADS volume|slices

SimpleITK reads the series, MONAI turns it to LPS and resamples and normalises it, torch runs the
network of CONFIG eagerly (with random weights: the time is the same) on the nine middle sagittal
slices in one batch, scikit-image measures the largest region of the best slice, and mask, picture
and numbers are written. `volume` resamples the whole volume to the pixel size of the network, as
most scripts do; `slices` resamples the nine slices alone, as a careful one does. It looks for no
plane of symmetry, judges nothing and plans no stacks: it does less than callosal, not more.

It works once for each line of its input and answers with one line of JSON (seconds, peak memory),
so that `callosal bench` can let it run in turn.
"""

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import SimpleITK
import torch
import yaml
from monai.data import MetaTensor
from monai.transforms import Compose, NormalizeIntensity, Orientation, Spacing
from PIL import Image
from skimage.measure import label, regionprops

from callosal.models.attention_unet import AttentionUNet
from callosal.models.bisenetv2 import BiSeNetV2
from callosal.models.vit import ViTSegmenter

NETWORKS = {kind.__name__: kind for kind in (AttentionUNet, BiSeNetV2, ViTSegmenter)}
SPACING_MM = 0.5
N_SLICES = 9


def main() -> None:
    series, config, output = (Path(word) for word in sys.argv[1:4])
    torch.set_num_threads(int(sys.argv[4]))
    output.mkdir(parents=True, exist_ok=True)
    net = yaml.safe_load(config.read_text(encoding="utf-8"))["model"]["net"]
    network = NETWORKS[net["class_path"].rpartition(".")[2]](**net.get("init_args", {})).eval()
    for _ in sys.stdin:
        start = time.perf_counter()
        measured = plan(series, network, output, style=sys.argv[5])
        seconds = time.perf_counter() - start
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"seconds": seconds, "peak_mb": peak_mb, **measured}), flush=True)


def plan(series: Path, network: torch.nn.Module, output: Path, style: str) -> dict[str, Any]:
    """Read, resample, segment, measure and write."""
    slices = prepared(read(series), style)
    with torch.inference_mode():
        probability = torch.sigmoid(network(padded(slices))).numpy()[:, 0]
    masks = probability[:, : slices.shape[1], : slices.shape[2]] > 0.5
    best = int(masks.sum((1, 2)).argmax())
    measured = measure(masks[best])
    write(slices[best].numpy(), masks[best], measured, output)
    return measured


def read(series: Path) -> MetaTensor:
    """The series as a channel-first tensor with its affine."""
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(series)))
    image = reader.Execute()
    affine = np.eye(4)
    directions = np.array(image.GetDirection()).reshape(3, 3)
    affine[:3, :3] = directions @ np.diag(image.GetSpacing())
    affine[:3, 3] = image.GetOrigin()
    array = SimpleITK.GetArrayFromImage(image).astype(np.float32).transpose(2, 1, 0)
    # SimpleITK counts in LPS, MONAI in RAS.
    return MetaTensor(array[None], affine=np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine)


def prepared(volume: MetaTensor, style: str) -> torch.Tensor:
    """The middle sagittal slices, superior on top, anterior on the left, (N, H, W)."""
    turned = Orientation(axcodes="LPS")(volume)
    steps = [NormalizeIntensity(nonzero=True)]
    if style == "volume":
        thickness_mm = float(turned.pixdim[0])
        steps.insert(0, Spacing(pixdim=(thickness_mm, SPACING_MM, SPACING_MM)))
        return sagittal(Compose(steps)(turned))
    middle = turned.shape[1] // 2
    few = turned[:, middle - N_SLICES // 2 : middle + N_SLICES // 2 + 1]
    thickness_mm = float(few.pixdim[0])
    steps.insert(0, Spacing(pixdim=(thickness_mm, SPACING_MM, SPACING_MM)))
    return sagittal(Compose(steps)(few))


def sagittal(volume: torch.Tensor) -> torch.Tensor:
    middle = volume.shape[1] // 2
    slices = volume[0, middle - N_SLICES // 2 : middle + N_SLICES // 2 + 1]
    return torch.as_tensor(slices).permute(0, 2, 1).flip(1).contiguous()


def padded(slices: torch.Tensor) -> torch.Tensor:
    """Sides filled up to a multiple of 32, with a channel."""
    down, right = ((-side) % 32 for side in slices.shape[1:])
    return torch.nn.functional.pad(slices, (0, right, 0, down))[:, None]


def measure(mask: np.ndarray) -> dict[str, Any]:
    """Centre, axes and tilt of the largest region."""
    regions = sorted(regionprops(label(mask)), key=lambda region: -region.area)
    if not regions:
        return {"angle_deg": None}
    region = regions[0]
    return {
        "angle_deg": float(np.degrees(region.orientation)),
        "center": [float(value) * SPACING_MM for value in region.centroid],
        "length_mm": float(region.axis_major_length) * SPACING_MM,
        "width_mm": float(region.axis_minor_length) * SPACING_MM,
        "area_mm2": float(region.area) * SPACING_MM**2,
        "hull_area_mm2": float(region.area_convex) * SPACING_MM**2,
        "perimeter_mm": float(region.perimeter) * SPACING_MM,
    }


def write(image: np.ndarray, mask: np.ndarray, measured: dict[str, Any], output: Path) -> None:
    """Mask as NIfTI, a picture, the numbers."""
    nibabel.save(
        nibabel.Nifti1Image(mask.astype(np.uint8)[..., None], np.diag([0.5, 0.5, 1, 1])),
        output / "mask.nii.gz",
    )
    low, high = np.percentile(image, [1, 99])
    gray = (np.clip((image - low) / (high - low), 0, 1) * 255).astype(np.uint8)
    color = np.stack([gray, np.where(mask, 255, gray), gray], axis=-1)
    Image.fromarray(color).save(output / "overlay.png")
    (output / "plan.json").write_text(json.dumps(measured), encoding="utf-8")


if __name__ == "__main__":
    main()
