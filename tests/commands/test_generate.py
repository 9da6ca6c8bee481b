"""`callosal generate` from end to end, with a generator whose samples are known."""

import json
import shutil
import subprocess
import sys

import nibabel as nib
import numpy as np
import pydicom
import pytest
from PIL import Image

from callosal.pipelines.cli import main
from callosal.pipelines.datasets.nifti_pairs import read_split
from callosal.pipelines.datasets.slice_bank import LabelledSlice
from callosal.pipelines.phantom import phantom_slice
from callosal.pipelines.synthesis.joint_image import as_slice
from callosal.pipelines.synthesis.shape_model import fit_shape_model
from tests.synthesis.phantom_generator import phantom_pair, write_phantom_generator


@pytest.fixture(scope="module")
def generator(tmp_path_factory):
    return write_phantom_generator(tmp_path_factory.mktemp("generator") / "phantom")


def generate(model, output, *words):
    return main(["generate", "--model", str(model), "--output", str(output), *map(str, words)])


def manifest(output):
    return json.loads((output / "manifest.json").read_text())


def digests(output):
    return [sample["sha256"] for sample in manifest(output)["samples"]]


@pytest.fixture(scope="module")
def made(generator, tmp_path_factory):
    output = tmp_path_factory.mktemp("made") / "set"
    words = ("--count", 5, "--seed", 3, "--dicom", "--condition", "area_mm2=500:700")
    assert generate(generator, output, *words) == 0
    return output


def test_fit_reads_the_folder_as_it_is(made):
    train, val = (list(read_split(made, split)) for split in ("train", "val"))
    assert (len(train), len(val)) == (4, 1)
    assert train[0].spacing_mm == (0.5, 0.5)
    assert train[0].image.shape == (448, 416)
    assert train[0].image.dtype == np.uint8
    picture = nib.load(made / "sub-000000" / "sub-000000_T1w.nii.gz")
    assert picture.shape == (1, 416, 448)
    assert nib.aff2axcodes(picture.affine) == ("R", "A", "S")
    np.testing.assert_allclose(picture.affine @ [0, 207.5, 223.5, 1], [0, 0, 0, 1], atol=1e-6)


def test_the_manifest_tells_all_that_was_done(made, generator):
    told = manifest(made)
    assert told["synthetic"] is True
    assert told["seed"] == 3
    assert told["conditions"] == [{"name": "area_mm2", "low": 500.0, "high": 700.0}]
    assert told["counts"]["written"] == 5
    assert told["counts"]["yield"] == 1.0
    assert "not checked" in told["checks"]["copy"]
    first = told["samples"][0]
    assert 500 <= first["asked"]["area_mm2"] <= 700
    assert first["agreement_dice"] > 0.9
    assert len(set(digests(made))) == 5
    assert str(generator) not in (made / "manifest.json").read_text()


def test_masks_can_be_estimated_again_from_their_image(generator, tmp_path):
    phantom = phantom_pair()
    shown = as_slice(phantom, (2.0, 2.0)).mask
    right = []
    learned = write_phantom_generator(tmp_path / "learned", mask_from_image=True)
    for model, words, again in (
        (learned, (), True),
        (learned, ("--mask-as-drawn",), False),
        (generator, (), False),
    ):
        output = tmp_path / f"set-{len(right)}"
        assert generate(model, output, "--count", 2, *words) == 0
        assert manifest(output)["sampling"]["mask_from_image"] is again
        (drawn,) = read_split(output, "train")
        right.append(bool((drawn.mask == shown).all()))
    # Halfway to noise this network knows the phantom's mask exactly; at the end noise is left.
    assert right == [True, False, False]


def test_the_picture_shows_all(made):
    assert Image.open(made / "grid.png").width == 5 * 163


def test_the_dicom_says_that_it_is_synthetic(made):
    image = pydicom.dcmread(made / "sub-000002" / "dicom" / "slice-0001.dcm")
    assert image.ImageType[0] == "DERIVED"
    assert image.SyntheticData == "YES"
    assert "synthetic" in str(image.PatientName)
    others = {pydicom.dcmread(path).SeriesInstanceUID for path in made.glob("sub-*/dicom/*.dcm")}
    assert len(others) == 5
    (same,) = [s for s in read_split(made, "train") if s.name == "sub-000002"]
    np.testing.assert_array_equal(image.pixel_array, same.image)
    # Rows run to inferior, columns to posterior, as in the frame of the midsagittal slice.
    assert image.ImageOrientationPatient == [0, 1, 0, 0, 0, -1]


@pytest.mark.parametrize("batch_size", [1, 5])
def test_a_sample_is_the_same_in_every_batch_size(made, generator, tmp_path, batch_size):
    words = ("--count", 5, "--seed", 3, "--dicom", "--condition", "area_mm2=500:700")
    assert generate(generator, tmp_path / "o", *words, "--batch-size", batch_size) == 0
    assert digests(tmp_path / "o") == digests(made)


def test_a_run_that_was_cut_goes_on_where_it_stopped(made, generator, tmp_path, capsys):
    output = tmp_path / "set"
    shutil.copytree(made, output)
    lines = (output / "candidates.jsonl").read_text().splitlines(keepends=True)
    # Killed while the fourth sample was written, before the summary.
    (output / "candidates.jsonl").write_text("".join(lines[:4]) + lines[4][:30])
    (output / "sub-000003" / "sub-000003_T1w.nii.gz").unlink()
    for name in ("manifest.json", "participants.tsv", "grid.png"):
        (output / name).unlink()
    shutil.rmtree(output / "sub-000004")
    words = ("--count", 5, "--seed", 3, "--dicom", "--condition", "area_mm2=500:700")
    assert generate(generator, output, *words) == 0
    assert digests(output) == digests(made)
    assert len(list(read_split(output, "train"))) == 4
    assert generate(generator, output, *words, "--seed", 4) == 1
    assert "other_run" in capsys.readouterr().err


def test_more_can_be_asked_for_later(generator, tmp_path):
    assert generate(generator, tmp_path / "o", "--count", 2) == 0
    first = digests(tmp_path / "o")
    assert generate(generator, tmp_path / "o", "--count", 4) == 0
    assert digests(tmp_path / "o")[:2] == first
    assert len(set(digests(tmp_path / "o"))) == 4


def test_given_masks_are_dressed_in_turn(made, generator, tmp_path):
    output = tmp_path / "dressed"
    words = ("--count", 6, "--given-mask", made, "--seed", 9)
    assert generate(generator, output, *words) == 0
    told = manifest(output)
    assert [sample["given_mask"] for sample in told["samples"]] == [
        f"sub-{number % 5:06d}_label-CC_mask" for number in range(6)
    ]
    given = {s.name: s.mask for split in ("train", "val") for s in read_split(made, split)}
    for drawn in read_split(output, "train"):
        source = given[f"sub-{int(drawn.name[4:]) % 5:06d}"]
        assert 2 * (drawn.mask & source).sum() / (drawn.mask.sum() + source.sum()) > 0.97


@pytest.mark.parametrize("name", ["area_mm2=500", "length_mm=70", "tilt_deg=1"])
def test_what_a_given_mask_decides_cannot_be_asked_for(made, generator, tmp_path, name, capsys):
    words = ("--count", 1, "--given-mask", made, "--condition", name)
    assert generate(generator, tmp_path / "o", *words) == 3
    assert "only contrast" in capsys.readouterr().err
    assert generate(generator, tmp_path / "o", *words[:-1], "contrast=0.5:0.9") == 0


def test_a_shape_model_gives_masks_of_its_own(tmp_path):
    slices = []
    for seed in range(20):
        image, mask = phantom_slice(seed, (112, 104), 2.0)
        slices.append(LabelledSlice(f"p{seed}", "phantom", image, mask, (2.0, 2.0)))
    shapes = fit_shape_model(slices).to_bytes()
    model = write_phantom_generator(tmp_path / "shaped", shape_model=shapes)
    output = tmp_path / "o"
    # The phantom's image does not follow the mask, so the segmenter disagrees.
    assert generate(model, output, "--count", 3, "--shape-model", "--unfiltered") == 0
    told = manifest(output)
    assert "shape model" in told["masks"]
    assert [sample["components"] for sample in told["samples"]] == [1, 1, 1]
    assert len({sample["measured"]["area_mm2"] for sample in told["samples"]}) == 3


def test_what_fails_is_neither_written_nor_hidden(tmp_path, capsys):
    spoilt = phantom_pair()
    spoilt[1, 5:9, 5:9] = 0.8
    model = write_phantom_generator(tmp_path / "spoilt", spoilt)
    output = tmp_path / "o"
    assert generate(model, output, "--count", 1, "--steps", 3) == 1
    told = manifest(output)
    assert told["counts"]["written"] == 0
    assert told["counts"]["reasons"] == {"components": told["counts"]["tried"]}
    assert not list(output.glob("sub-*"))
    assert "components" in capsys.readouterr().out
    assert generate(model, tmp_path / "u", "--count", 1, "--unfiltered") == 0
    assert manifest(tmp_path / "u")["counts"]["yield"] == 0


@pytest.mark.parametrize("value", [np.nan, -1.0], ids=["nan", "black"])
def test_nan_and_black_are_never_written(tmp_path, value):
    broken = phantom_pair()
    broken[0] = value
    model = write_phantom_generator(tmp_path / "broken", broken)
    assert generate(model, tmp_path / "o", "--count", 1, "--steps", 3, "--unfiltered") == 1
    assert not list((tmp_path / "o").glob("sub-*"))


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        (("--count", 0), 3, "count from 1"),
        (("--condition", "are_mm2=5"), 3, "did you mean area_mm2"),
        (("--condition", "area_mm2=9999"), 3, "300 to 1200"),
        (("--sampler", "euler"), 1, "dpm_solver_pp_2m"),
        (("--given-mask", "nowhere"), 1, "no_masks"),
        (("--shape-model",), 1, "no_shape_model"),
        (("--shape-model", "--given-mask", "somewhere"), 3, "one of them"),
        (("--training-data", "nowhere"), 1, "participants.tsv"),
    ],
)
def test_wrong_wishes_are_refused_in_a_line(generator, tmp_path, capsys, words, code, expected):
    assert generate(generator, tmp_path / "o", *words) == code
    error = capsys.readouterr().err
    assert expected in error
    assert len(error.strip().splitlines()) <= 3
    assert not (tmp_path / "o").exists()


def test_generation_needs_no_torch(generator, tmp_path):
    script = (
        "import sys; from callosal.pipelines.cli import main;"
        f"code = main(['generate', '--model', {str(generator)!r}, '--output',"
        f" {str(tmp_path / 'o')!r}, '--count', '1']);"
        "heavy = {'torch', 'pytorch_lightning', 'monai', 'diffusers'} & set(sys.modules);"
        "sys.exit(f'{code} {heavy}' if code or heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
