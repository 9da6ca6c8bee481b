"""A MONAI bundle of a small network: MONAI verifies its metadata and runs it."""

import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import torch
from monai.bundle import run, verify_metadata

from callosal.export.contract import SegmenterContract
from callosal.export.monai_bundle import (
    INFERENCE,
    METADATA,
    TORCH_SCRIPT,
    inference_config,
    metadata,
    traced,
)
from callosal.export.onnx_export import ProbabilityNetwork
from callosal.models.attention_unet import AttentionUNet
from callosal.models.errors import ParityError
from callosal.models.segmentation_module import SegmentationModule

CONTRACT = SegmenterContract("small", 0.8, 0.5, "z", "phantoms", "a" * 64, "b" * 64, "0.1.0", {})
IMAGE = {
    "type": "object",
    "required": ["type", "format", "num_channels", "spatial_shape", "dtype", "value_range",
                 "is_patch_data", "channel_def"],
    "properties": {"num_channels": {"type": "integer"}, "is_patch_data": {"type": "boolean"},
                   "spatial_shape": {"type": "array"}, "channel_def": {"type": "object"}},
}  # fmt: skip
SCHEMA = {
    "type": "object",
    "required": ["schema", "version", "changelog", "monai_version", "pytorch_version",
                 "numpy_version", "required_packages_version", "task", "description", "authors",
                 "copyright", "network_data_format"],
    "properties": {
        "version": {"pattern": r"^\d+\.\d+\.\d+"},
        "monai_version": {"pattern": r"^\d+\.\d+\.\d+"},
        "pytorch_version": {"pattern": r"^\d+\.\d+\.\d+$"},
        "numpy_version": {"pattern": r"^\d+\.\d+\.\d+"},
        "changelog": {"type": "object", "minProperties": 1},
        "network_data_format": {
            "required": ["inputs", "outputs"],
            "properties": {
                "inputs": {"additionalProperties": IMAGE, "minProperties": 1},
                "outputs": {"additionalProperties": IMAGE, "minProperties": 1},
            },
        },
    },
}  # fmt: skip
"""What MONAI's schema of metadata asks for; the file itself lies on its server."""


@pytest.fixture(scope="module")
def network() -> ProbabilityNetwork:
    torch.manual_seed(3)
    net = AttentionUNet(widths=(8, 16, 24))
    net.train()(torch.randn(2, 1, 64, 64))
    return ProbabilityNetwork(SegmentationModule(net, spacing_mm=0.8)).eval()


@pytest.fixture(scope="module")
def bundle(network, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("bundle")
    for part in ("configs", "models"):
        (folder / part).mkdir()
    torch.jit.save(traced(network), folder / TORCH_SCRIPT)
    (folder / METADATA).write_text(json.dumps(metadata(CONTRACT)))
    (folder / INFERENCE).write_text(json.dumps(inference_config(CONTRACT)))
    return folder


def test_monai_verifies_the_metadata(bundle, tmp_path):
    # MONAI takes a schema that is there instead of loading it from its server.
    schema = tmp_path / "schema.json"
    schema.write_text(json.dumps(SCHEMA))
    verify_metadata(meta_file=str(bundle / METADATA), filepath=str(schema))
    broken = {k: v for k, v in metadata(CONTRACT).items() if k != "network_data_format"}
    (tmp_path / "broken.json").write_text(json.dumps(broken))
    with pytest.raises(ValueError, match="network_data_format"):
        verify_metadata(meta_file=str(tmp_path / "broken.json"), filepath=str(schema))


def test_monai_runs_the_bundle_and_the_mask_lies_on_the_slice(network, bundle, tmp_path):
    rng = np.random.default_rng(0)
    pixels = np.kron(rng.random((25, 30)), np.ones((4, 4))).astype(np.float32) * 500
    # Rows run inferior, columns posterior, as in midsagittal.nii.gz (RAS).
    affine = np.array([[0, 0, 1.0, 3], [0, -0.8, 0, 40], [-0.8, 0, 0, 60], [0, 0, 0, 1]])
    data, out = tmp_path / "data", tmp_path / "out"
    data.mkdir()
    nib.save(nib.Nifti1Image(pixels[..., None], affine), data / "midsagittal.nii.gz")
    run(config_file=str(bundle / INFERENCE), bundle_root=str(bundle), dataset_dir=str(data),
        output_dir=str(out))  # fmt: skip
    torch.set_grad_enabled(True)
    (path,) = out.rglob("*callosum.nii.gz")
    mask = nib.load(path)
    expected = network(torch.from_numpy(pixels)[None, None])[0, 0].detach().numpy() >= 0.5
    assert 0 < expected.mean() < 1
    np.testing.assert_allclose(mask.affine, affine, atol=1e-4)
    found = np.asarray(mask.dataobj).squeeze() > 0
    assert (found == expected).mean() > 0.995


def test_a_network_that_traces_to_other_numbers_is_refused():
    class Odd(torch.nn.Module):
        def forward(self, image):
            return image / image.shape[2] if image.shape[2] > 200 else image * 0

    with pytest.raises(ParityError):
        traced(Odd())
