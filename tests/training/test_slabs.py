import numpy as np
import pytest
from scipy import ndimage

from callosal.export.runtime import open_segmenter
from callosal.export.shipped import DEFAULT, resolve_model
from callosal.models.errors import InputError
from callosal.pipelines.phantom import phantom_head
from callosal.pipelines.training.slabs import LabelledHead, SlabSettings, draw_slab, outlined

NATURAL = SlabSettings(natural=1.0)


@pytest.fixture(scope="module")
def head() -> LabelledHead:
    volume = phantom_head(1).volume
    segmenter = open_segmenter(resolve_model(DEFAULT), "cpu")
    return LabelledHead(volume, np.eye(4), outlined(volume, segmenter))


def test_the_outline_lies_on_the_callosum_of_the_slab(head: LabelledHead) -> None:
    thin = SlabSettings((1.0, 1.0), 0.0, 0.0, (0.5, 0.5), natural=1.0)
    image, mask = draw_slab(head, 3, thin)
    inside = image[ndimage.binary_erosion(mask, iterations=2)]
    ring = ndimage.binary_dilation(mask, iterations=8) & ~ndimage.binary_dilation(
        mask, iterations=4
    )
    assert np.median(inside) > 1.15 * np.median(image[ring])
    area_mm2 = mask.sum() * 0.25
    assert area_mm2 == pytest.approx(head.callosum.facts.area_mm2, rel=0.02)


def test_a_tilted_slab_shows_the_outline_as_it_projects(head: LabelledHead) -> None:
    areas = [
        draw_slab(head, seed, SlabSettings((4.0, 4.0), 15.0, 0.0, natural=1.0))[1].sum() * 0.25
        for seed in range(6)
    ]
    full_mm2 = head.callosum.facts.area_mm2
    assert max(areas) <= 1.08 * full_mm2
    assert min(areas) >= 0.93 * full_mm2


def test_the_same_seed_gives_the_same_slab(head: LabelledHead) -> None:
    first, again, other = (draw_slab(head, seed, NATURAL) for seed in (1, 1, 2))
    assert np.array_equal(first[0], again[0])
    assert np.array_equal(first[1], again[1])
    assert not np.array_equal(first[0], other[0])


def test_thicker_slabs_are_smoother(head: LabelledHead) -> None:
    def roughness(thickness_mm: float) -> float:
        settings = SlabSettings((thickness_mm,) * 2, 0.0, 0.0, (0.5, 0.5), natural=1.0)
        image, _ = draw_slab(head, 5, settings)
        return float(np.abs(np.diff(image, axis=1)).mean() / image.mean())

    assert roughness(10.0) < 0.9 * roughness(1.0)


def test_motion_between_the_series_is_taken_out(head: LabelledHead) -> None:
    moved = np.eye(4)
    moved[:3, 3] = (3.0, -5.0, 8.0)
    volume = head.image
    elsewhere = type(volume)(
        volume.array, np.linalg.inv(moved) @ volume.affine, coordinate_system="PATIENT"
    )
    image, mask = draw_slab(LabelledHead(elsewhere, moved, head.callosum), 4, NATURAL)
    there, there_mask = draw_slab(head, 4, NATURAL)
    assert np.array_equal(mask, there_mask)
    assert np.allclose(image, there, atol=1e-2 * there.max())


def test_a_head_without_a_sure_callosum_is_refused() -> None:
    volume = phantom_head(1, (60, 90, 90), (2.4, 2.4, 2.4)).volume
    noise = np.random.default_rng(0).normal(100, 30, volume.array.shape).clip(0)
    blank = volume.with_array(noise.astype(np.float32))
    with pytest.raises(InputError, match="no sure callosum"):
        outlined(blank, open_segmenter(resolve_model(DEFAULT), "cpu"))
