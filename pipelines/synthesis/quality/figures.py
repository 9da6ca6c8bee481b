"""Pictures of a comparison: distributions of shape, distances to training, the nearest pairs."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from callosal.pipelines.synthesis.grid_picture import gray, outlined
from callosal.pipelines.synthesis.quality.memorisation import Neighbours
from callosal.pipelines.synthesis.quality.shape import SHAPES
from callosal.pipelines.synthesis.quality.window import Windows

COLORS = {"training": "#999999", "held-out": "#0072b2", "generated": "#d55e00"}
TITLES = {
    "area_mm2": "area, mm²",
    "midline_length_mm": "length of the midline, mm",
    "thickness_mean_mm": "mean thickness, mm",
    "curvature_mean_per_mm": "mean curvature, 1/mm",
    "tilt_deg": "tilt, degrees",
}
TILE = 160
NEAREST = 8

Values = NDArray[np.float64]


def write_shapes(path: Path, sets: Mapping[str, Mapping[str, Values]]) -> None:
    """Histograms of every measure, one line a set (training, held-out, generated)."""
    figure = Figure(figsize=(13, 3.2), layout="constrained")
    for axes, name in zip(figure.subplots(1, len(SHAPES)), SHAPES, strict=True):
        known = {key: v[name][np.isfinite(v[name])] for key, v in sets.items()}
        everything = np.concatenate(list(known.values()))
        low, high = np.quantile(everything, [0.002, 0.998])
        bins = np.linspace(low, high, 25).tolist()
        for key, values in known.items():
            axes.hist(values, bins, density=True, histtype="step", color=COLORS[key], label=key)
        axes.set_xlabel(TITLES[name])
        axes.set_yticks([])
    figure.axes[0].legend(fontsize=8)
    figure.savefig(path, dpi=100)


def write_distances(path: Path, spaces: Mapping[str, Neighbours]) -> None:
    """Distances to the nearest training slice, with the threshold of a copy."""
    figure = Figure(figsize=(10, 3.2), layout="constrained")
    for axes, (space, found) in zip(figure.subplots(1, len(spaces)), spaces.items(), strict=True):
        everything = np.concatenate([found.generated, found.held_out])
        bins = np.linspace(everything.min(), np.quantile(everything, 0.995), 30).tolist()
        for key, values in (("held-out", found.held_out), ("generated", found.generated)):
            axes.hist(values, bins, density=True, histtype="step", color=COLORS[key], label=key)
        axes.axvline(found.threshold, color="black", lw=1, ls="--", label="copy")
        axes.set_xlabel(f"distance to the nearest training slice, {space}")
        axes.set_yticks([])
        axes.legend(fontsize=8)
    figure.savefig(path, dpi=100)


def write_nearest(path: Path, generated: Windows, training: Windows, found: Neighbours) -> None:
    """The samples nearest to a training slice: above the sample, below that slice."""
    order = np.argsort(found.generated)[:NEAREST]
    sheet = Image.new("RGB", (len(order) * TILE, 2 * TILE))
    pen = ImageDraw.Draw(sheet)
    for column, index in enumerate(order):
        other = found.nearest[index]
        pairs = (
            (generated.images[index], generated.masks[index]),
            (training.images[other], training.masks[other]),
        )
        for row, (image, mask) in enumerate(pairs):
            sheet.paste(outlined(gray(image), mask, TILE), (column * TILE, row * TILE))
        copied = " copy" if found.copied[index] else ""
        text = f"{found.generated[index]:.3f}{copied}"
        pen.text((column * TILE + 4, 4), text, fill=(255, 255, 255))
    sheet.save(path)
