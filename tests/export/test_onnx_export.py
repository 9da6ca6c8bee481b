"""Export of a small network: the contract, parity, and what happens when parity is lost."""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
import pytorch_lightning as pl
import torch
from torch import nn

from callosal.export import accuracy, onnx_export, parity
from callosal.export.accuracy import LabelledImage
from callosal.export.eight_bit import make_int8
from callosal.export.graph import check_graph
from callosal.export.monai_bundle import INFERENCE, METADATA, ONNX, TORCH_SCRIPT, write_bundle
from callosal.export.onnx_export import Slices, export_segmenter
from callosal.export.precision import Precision
from callosal.export.runtime import open_segmenter
from callosal.models.attention_unet import AttentionUNet
from callosal.models.errors import InputError, ModelFileError, ParityError
from callosal.models.segmentation_module import SegmentationModule
from callosal.pipelines.phantom import phantom_slice

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(3)
    net = AttentionUNet(widths=(8, 16, 24))
    # Running statistics as after training, so that batch norm is not the identity.
    net.train()(torch.randn(4, 1, 64, 64))
    module = SegmentationModule(net, spacing_mm=0.8)
    path = tmp_path_factory.mktemp("run") / "last.ckpt"
    trainer = pl.Trainer(logger=False, enable_checkpointing=False, accelerator="cpu")
    trainer.strategy.connect(module)
    trainer.save_checkpoint(path)
    content = torch.load(path, weights_only=False)
    content["hyper_parameters"]["net"] = {
        "class_path": "callosal.models.attention_unet.AttentionUNet",
        "init_args": {"widths": [8, 16, 24]},
    }
    content["hyper_parameters"]["_instantiator"] = "pytorch_lightning.cli.instantiate_module"
    content["started_from"] = "started from a: BY-NC"
    torch.save(content, path)
    return path


def long_axis_deg(probability: np.ndarray) -> float | None:
    """Stands in for the plan angle, which takes minutes on the noise of an untrained network."""
    pixels = np.argwhere(probability >= 0.5)
    if len(pixels) < 3:
        return None
    axis = np.linalg.eigh(np.cov(pixels.T))[1][:, 1]
    return float(np.degrees(np.arctan2(axis[0], axis[1])))


def phantoms(first: int, count: int) -> Slices:
    drawn = [phantom_slice(seed, (256, 256), 0.8) for seed in range(first, first + count)]
    images = [image.astype(np.float32) for image, _ in drawn]
    labelled = [
        LabelledImage(image, mask > 0) for image, (_, mask) in zip(images, drawn, strict=True)
    ]
    return Slices(images, images, labelled, long_axis_deg)


@pytest.fixture(scope="module")
def exported(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "small.onnx"
    slices = phantoms(0, 2)
    export_segmenter(checkpoint, path, name="small", training_data="phantoms", slices=slices)
    return path


@pytest.fixture
def written(exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The float graph of the checkpoint is there already; half precision is written as ever."""
    write_graph = onnx_export.write_graph

    def copy_or_write(network: nn.Module, path: Path) -> None:
        if isinstance(network, onnx_export.HalfNetwork):
            write_graph(network, path)
        else:
            shutil.copy(exported, path)

    monkeypatch.setattr(onnx_export, "write_graph", copy_or_write)
    monkeypatch.setattr(parity, "SIZES", ((97, 131),))


def test_a_bundle_holds_what_was_exported(checkpoint: Path, exported: Path, tmp_path: Path) -> None:
    write_bundle(checkpoint, exported, tmp_path)
    assert (tmp_path / ONNX).read_bytes() == exported.read_bytes()
    told = json.loads((tmp_path / METADATA).read_text())
    contract = open_segmenter(exported, "cpu").contract
    assert told["data_source"] == contract.training_data == "phantoms; started from a: BY-NC"
    assert contract.checkpoint_sha256 in told["changelog"][told["version"]]
    assert str(contract.threshold) in (tmp_path / INFERENCE).read_text()
    image = np.random.default_rng(0).random((1, 1, 97, 131), dtype=np.float32)
    script = torch.jit.load(tmp_path / TORCH_SCRIPT)
    expected = open_segmenter(exported, "cpu").probability(image)
    np.testing.assert_allclose(script(torch.from_numpy(image)).detach(), expected, atol=1e-4)


def test_the_terms_of_the_start_follow_those_of_the_training(exported: Path) -> None:
    told = open_segmenter(exported, "cpu", threads=1).contract.training_data
    assert told == "phantoms; started from a: BY-NC"


def test_one_file_with_free_dimensions_and_the_contract(exported: Path, checkpoint: Path) -> None:
    model = onnx.load(str(exported))
    shape = [dim.dim_param for dim in model.graph.input[0].type.tensor_type.shape.dim]
    assert [name for name in shape if name] == ["batch", "height", "width"]
    assert [value.name for value in model.graph.input] == ["image"]
    assert [value.name for value in model.graph.output] == ["probability"]
    assert model.opset_import[0].version >= 18
    assert list(exported.parent.iterdir()) == [exported]
    segmenter = open_segmenter(exported, "cpu", threads=1)
    assert segmenter.contract.spacing_mm == 0.8
    expected = hashlib.sha256(checkpoint.read_bytes()).hexdigest()
    assert segmenter.contract.checkpoint_sha256 == expected
    assert segmenter.contract.parity["max_probability_difference"] <= 1e-4


@pytest.mark.parametrize("shape", [(1, 64, 64), (3, 97, 131), (2, 301, 128)])
def test_the_runtime_gives_probabilities_of_the_input_shape(
    exported: Path, shape: tuple[int, int, int]
) -> None:
    count, height, width = shape
    images = np.random.default_rng(0).normal(size=(count, 1, height, width)).astype(np.float32)
    answer = open_segmenter(exported, "cpu", threads=1).probability(images)
    assert answer.shape == images.shape
    assert answer.min() >= 0
    assert answer.max() <= 1


def test_raw_intensities_may_have_any_scale(exported: Path) -> None:
    segmenter = open_segmenter(exported, "cpu", threads=1)
    image = phantom_slice(0, (192, 192), 1.0)[0][None, None].astype(np.float32)
    np.testing.assert_allclose(
        segmenter.probability(image), segmenter.probability(image * 37), atol=1e-3
    )


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((1, 1, 63, 64), np.float32),
        np.zeros((1, 64, 64), np.float32),
        np.zeros((1, 1, 64, 64)),
        np.full((1, 1, 64, 64), np.nan, np.float32),
    ],
    ids=["small", "shape", "type", "nan"],
)
def test_wrong_images_are_refused(exported: Path, images: np.ndarray) -> None:
    with pytest.raises(ValueError, match="images must"):
        open_segmenter(exported, "cpu", threads=1).probability(images)


def test_lost_parity_leaves_no_file(
    checkpoint: Path, exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoilt(network: nn.Module, path: Path) -> None:
        model = onnx.load(str(exported))
        weight = next(one for one in model.graph.initializer if len(one.dims) == 4)
        values = onnx.numpy_helper.to_array(weight) + np.float32(0.5)
        weight.CopyFrom(onnx.numpy_helper.from_array(values, weight.name))
        onnx.save(model, str(path))

    monkeypatch.setattr(onnx_export, "write_graph", spoilt)
    monkeypatch.setattr(parity, "SIZES", ((97, 131),))
    slices = phantoms(0, 1)
    with pytest.raises(ParityError, match="nothing was written"):
        export_segmenter(
            checkpoint, tmp_path / "m.onnx", name="m", training_data="none", slices=slices
        )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("precision", "size"), [("int8", 0.7), ("fp16", 0.65)])
def test_smaller_precisions_give_the_same_probabilities(
    precision: Precision, size: float, exported: Path, checkpoint: Path, tmp_path: Path,
    written: None, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    # The graph of so small a network weighs as much as its weights, and untrained it finds nothing.
    monkeypatch.setitem(accuracy.MAX_SIZE_RATIO, precision, size)
    monkeypatch.setattr(accuracy, "MAX_DICE_DROP", 1.0)
    monkeypatch.setattr(accuracy, "MAX_MEAN_ANGLE_DEG", 180.0)
    path = tmp_path / "small.onnx"
    slices = phantoms(0, 3)
    result = export_segmenter(
        checkpoint, path, name="small", training_data="phantoms", slices=slices,
        precision=precision,
    )  # fmt: skip
    assert result.reduction is not None
    assert list(tmp_path.iterdir()) == [path]
    small, whole = (open_segmenter(each, "cpu", threads=1) for each in (path, exported))
    assert small.contract.precision == precision
    assert small.contract.parity["reduction"]["precision"] == precision
    # Raw intensities of any scale: the normalisation must not have been quantised.
    for scale in (1, 40):
        image = slices.parity[0][None, None] * np.float32(scale)
        difference = small.probability(image) - whole.probability(image)
        assert abs(difference).max() < 0.1
    assert small.probability(np.zeros((2, 1, 97, 131), np.float32)).shape == (2, 1, 97, 131)


def test_eight_bits_of_a_float_file_keep_what_it_says(
    exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(accuracy.MAX_SIZE_RATIO, "int8", 0.7)
    monkeypatch.setattr(accuracy, "MAX_MEAN_ANGLE_DEG", 180.0)
    slices = phantoms(0, 3)
    path = tmp_path / "small-int8.onnx"
    # Untrained it finds nothing, so that any Dice is a drop of chance.
    monkeypatch.setattr(accuracy, "MAX_DICE_DROP", 1.0)
    reduction = make_int8(exported, path, name="small-int8", slices=slices)
    assert list(tmp_path.iterdir()) == [path]
    small, whole = (open_segmenter(each, "cpu", threads=1) for each in (path, exported))
    assert small.contract.name == "small-int8"
    assert small.contract.precision == "int8"
    told = small.contract.parity["reduction"]["time_ratio"]
    assert told == pytest.approx(reduction.time_ratio)
    for kept in ("checkpoint_sha256", "spacing_mm", "training_data", "threshold"):
        assert getattr(small.contract, kept) == getattr(whole.contract, kept)
    image = slices.parity[0][None, None]
    assert abs(small.probability(image) - whole.probability(image)).max() < 0.1
    # Seven bits of weights: eight would overflow where a processor has no VNNI.
    weights = [onnx.numpy_helper.to_array(w) for w in onnx.load(str(path)).graph.initializer]
    eighths = [w for w in weights if w.dtype == np.int8 and w.ndim == 4]
    assert eighths
    assert max(int(abs(w.astype(int)).max()) for w in eighths) <= 64
    with pytest.raises(InputError, match="eight bits are made of a float file"):
        make_int8(path, tmp_path / "again.onnx", name="again", slices=slices)
    monkeypatch.setattr(accuracy, "MAX_DICE_DROP", -1.0)
    with pytest.raises(ParityError, match="nothing was written"):
        make_int8(exported, tmp_path / "lost.onnx", name="lost", slices=slices)
    assert list(tmp_path.iterdir()) == [path]


def test_lost_accuracy_leaves_no_file(
    checkpoint: Path, written: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accuracy, "MAX_DICE_DROP", -1.0)
    with pytest.raises(ParityError, match="nothing was written") as error:
        export_segmenter(
            checkpoint, tmp_path / "m.onnx", name="m", training_data="none",
            slices=phantoms(0, 1), precision="int8",
        )  # fmt: skip
    assert error.value.code == "accuracy_lost"
    assert list(tmp_path.iterdir()) == []


def test_a_fixed_dimension_is_refused(exported: Path, tmp_path: Path) -> None:
    model = onnx.load(str(exported))
    model.graph.input[0].type.tensor_type.shape.dim[2].dim_value = 256
    onnx.save(model, str(tmp_path / "fixed.onnx"))
    with pytest.raises(ParityError, match="height is fixed"):
        check_graph(tmp_path / "fixed.onnx", "fixed.onnx")


def test_a_foreign_checkpoint_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.ckpt"
    path.write_bytes(b"not a checkpoint")
    with pytest.raises(InputError, match=r"other\.ckpt"):
        export_segmenter(
            path, tmp_path / "m.onnx", name="m", training_data="none", slices=phantoms(0, 0)
        )


def test_weights_outside_of_the_file_are_refused(exported: Path, tmp_path: Path) -> None:
    model = onnx.load(str(exported))
    path = tmp_path / "split.onnx"
    onnx.save(model, str(path), save_as_external_data=True, location="weights.bin",
              size_threshold=0)  # fmt: skip
    with pytest.raises(ModelFileError) as error:
        open_segmenter(path, "cpu", threads=1)
    assert error.value.code == "bad_model_file"


@pytest.mark.parametrize("content", [b"", b"not onnx at all", bytes(1000)])
def test_what_is_no_onnx_file_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "broken.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=r"broken\.onnx"):
        open_segmenter(path, "cpu", threads=1)


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"none\.onnx"):
        open_segmenter(tmp_path / "none.onnx", "cpu")
