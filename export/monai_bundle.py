"""A segmenter as a MONAI bundle: metadata, inference config, ONNX and TorchScript.

MONAI, MONAI Label and MONAI Deploy read such a folder; running it needs MONAI and torch, and
nothing of callosal.
"""

import json
import shutil
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import nn

from callosal.export.contract import CORPUS_CALLOSUM, ORIENTATION, SegmenterContract
from callosal.export.onnx_export import ProbabilityNetwork
from callosal.models.errors import ParityError
from callosal.models.segmenter_checkpoint import load_segmenter

SCHEMA = (
    "https://github.com/Project-MONAI/MONAI-extra-test-data/releases/download/0.8.1/"
    "meta_schema_20240725.json"
)
METADATA, INFERENCE = "configs/metadata.json", "configs/inference.json"
TORCH_SCRIPT, ONNX = "models/model.ts", "models/model.onnx"
MAX_DIFFERENCE = 1e-5
_TRACED, _CHECKED = (1, 1, 256, 256), ((2, 1, 201, 173), (1, 1, 64, 96))


def write_bundle(checkpoint: Path, model: Path, folder: Path) -> None:
    """Write the bundle of an exported segmenter.

    Args:
        checkpoint: The checkpoint that was exported.
        model: The ONNX file of the export; its metadata go into the bundle.
        folder: Folder to write; files of an earlier bundle in it are replaced.

    Raises:
        InputError: The checkpoint cannot be used.
        ParityError: The TorchScript differs from the network; nothing is written.
    """
    props = onnx.load(model, load_external_data=False).metadata_props
    contract = SegmenterContract.from_metadata({p.key: p.value for p in props}, model.name)
    script = traced(ProbabilityNetwork(load_segmenter(checkpoint)).eval())
    for part in ("configs", "models", "docs"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    torch.jit.save(script, folder / TORCH_SCRIPT)
    shutil.copyfile(model, folder / ONNX)
    _write_json(folder / METADATA, metadata(contract))
    _write_json(folder / INFERENCE, inference_config(contract))
    (folder / "docs" / "README.md").write_text(_readme(contract), encoding="utf-8")


def traced(network: nn.Module) -> torch.jit.ScriptModule:
    """The TorchScript of a network, checked on other batches and sizes than it was traced with.

    Raises:
        ParityError: It gives other probabilities.
    """
    draw = torch.Generator().manual_seed(0)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # sizes are traced as values, which the check below shows
        script: torch.jit.ScriptModule = torch.jit.trace(  # type: ignore[no-untyped-call]
            network, torch.rand(_TRACED, generator=draw)
        )
        for shape in _CHECKED:
            image = torch.rand(shape, generator=draw) * 1000
            difference = float((script(image) - network(image)).abs().max())
            if not difference <= MAX_DIFFERENCE:
                raise ParityError(
                    f"TorchScript: at batch, channel, height, width {shape} the probabilities "
                    f"differ by {difference:.2e}, more than {MAX_DIFFERENCE:.0e}",
                    code="parity_lost",
                )
    return script


def metadata(contract: SegmenterContract) -> dict[str, Any]:
    """Content of metadata.json.

    Args:
        contract: Metadata of the ONNX file.
    """
    packages = {name: version(name) for name in ("monai", "torch", "numpy", "nibabel")}
    return {
        "schema": SCHEMA,
        "version": contract.version,
        "changelog": {contract.version: f"exported from checkpoint {contract.checkpoint_sha256}"},
        "monai_version": packages["monai"],
        "pytorch_version": packages["torch"].partition("+")[0],
        "numpy_version": packages["numpy"],
        "required_packages_version": {"nibabel": packages["nibabel"]},
        "optional_packages_version": {},
        "name": f"Corpus callosum, midsagittal MRI ({contract.name})",
        "task": "Segmentation of the corpus callosum on a midsagittal MRI slice",
        "description": f"2D network on slices of {contract.spacing_mm:g} mm pixels. "
        f"{ORIENTATION}. Normalisation inside the network: {contract.normalisation}.",
        "authors": "callosal",
        "copyright": "see the licence of callosal and the terms of the training data",
        "data_source": contract.training_data,
        "data_type": "nibabel",
        "image_classes": f"midsagittal slice, rows superior to inferior: {ORIENTATION}",
        "label_classes": f"1: {CORPUS_CALLOSUM['name']} "
        f"({CORPUS_CALLOSUM['scheme']} {CORPUS_CALLOSUM['code']})",
        "intended_use": "Research only; not a medical device.",
        "eval_metrics": {},
        "references": [],
        "network_data_format": {
            "inputs": {"image": _data("magnitude", {"0": "image"}, []) | {"modality": "MR"}},
            "outputs": {"pred": _data("segmentation", {"0": CORPUS_CALLOSUM["name"]}, [0, 1])},
        },
    }


def inference_config(contract: SegmenterContract) -> dict[str, Any]:
    """Content of inference.json: NIfTI slices of a folder to masks on the same grid.

    A file holds one slice as (row, column, 1), as `midsagittal.nii.gz` of a run does.

    Args:
        contract: Metadata of the ONNX file.
    """
    pixel_mm = contract.spacing_mm
    return {
        "imports": ["$import glob", "$import os", "$import torch"],
        "bundle_root": ".",
        "dataset_dir": "$@bundle_root + '/data'",
        "output_dir": "$@bundle_root + '/eval'",
        "files": "$sorted(glob.glob(os.path.join(@dataset_dir, '**', '*.nii.gz'), recursive=True))",
        "device": "$torch.device('cuda:0' if torch.cuda.is_available() else 'cpu')",
        "network_def": f"$torch.jit.load(@bundle_root + '/{TORCH_SCRIPT}', map_location=@device)",
        "network": "$@network_def.to(@device).eval()",
        "preprocessing": {
            "_target_": "Compose",
            "transforms": [
                {"_target_": "LoadImaged", "keys": "image", "image_only": True},
                {"_target_": "EnsureChannelFirstd", "keys": "image", "channel_dim": "no_channel"},
                {
                    "_target_": "Spacingd",
                    "keys": "image",
                    "pixdim": [pixel_mm, pixel_mm, -1.0],
                    "mode": "bilinear",
                },
            ],
        },
        "inferer": {
            "_target_": "SliceInferer",
            "roi_size": [-1, -1],
            "spatial_dim": 2,
            "overlap": 0.0,
        },
        "postprocessing": {
            "_target_": "Compose",
            "transforms": [
                {
                    "_target_": "Invertd",
                    "keys": "pred",
                    "transform": "@preprocessing",
                    "orig_keys": "image",
                    "nearest_interp": False,
                    "to_tensor": True,
                },
                {"_target_": "AsDiscreted", "keys": "pred", "threshold": contract.threshold},
                {
                    "_target_": "SaveImaged",
                    "keys": "pred",
                    "output_dir": "@output_dir",
                    "output_postfix": "callosum",
                    "output_dtype": "$__import__('numpy').uint8",
                    "data_root_dir": "@dataset_dir",
                    "resample": False,
                    "squeeze_end_dims": False,
                },
            ],
        },
        "predict": "$lambda item: @postprocessing({**item, "
        "'pred': @inferer(item['image'][None].to(@device), @network)[0].cpu()})",
        "initialize": ["$torch.set_grad_enabled(False)"],
        "run": ["$[@predict(@preprocessing({'image': path})) for path in @files]"],
    }


def _data(kind: str, channels: dict[str, str], value_range: list[float]) -> dict[str, Any]:
    return {
        "type": "image",
        "format": kind,
        "num_channels": 1,
        "spatial_shape": ["*", "*"],
        "dtype": "float32",
        "value_range": value_range,
        "is_patch_data": False,
        "channel_def": channels,
    }


def _readme(contract: SegmenterContract) -> str:
    return f"""# Corpus callosum, midsagittal MRI ({contract.name})

Probability of the corpus callosum on one midsagittal slice: {ORIENTATION}.
Pixels of {contract.spacing_mm:g} mm; raw intensities, normalised inside the network.
Above {contract.threshold:g} a pixel is callosum.

    python -m monai.bundle run --config_file configs/inference.json --bundle_root . \\
        --dataset_dir FOLDER --output_dir OUT

FOLDER holds NIfTI files of one slice each, array (row, column, 1), such as the
`midsagittal.nii.gz` that `callosal infer` writes.

Training data: {contract.training_data}

Research only; not a medical device.
"""


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
