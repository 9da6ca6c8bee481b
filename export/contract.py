"""The metadata of an ONNX segmenter, so that one file is enough to run it."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from callosal.models.errors import ModelFileError

SCHEMA = "callosal/segmenter/1"
UNTOLD = "not stated"
"""Placeholder for unknown data and terms."""
ORIENTATION = "midsagittal; rows superior to inferior, columns anterior to posterior"
# SNOMED CT code of the corpus callosum (structure), as in DICOM CID 7140.
CORPUS_CALLOSUM = {"name": "corpus callosum", "scheme": "SCT", "code": "88442005"}


@dataclass(frozen=True)
class SegmenterContract:
    """The metadata of a segmenter.

    Attributes:
        name: Short name of the network and its training.
        spacing_mm: Pixel size the network was trained at, in mm (square pixels).
        threshold: Probability above which a pixel is callosum.
        normalisation: The graph's normalisation of raw intensities, in words.
        training_data: The training data, with its terms.
        checkpoint_sha256: Hash of the checkpoint the weights came from.
        config_sha256: Hash of the configuration of the training run.
        version: Version of callosal that exported the file.
        parity: Largest differences to the torch network, by measure.
        precision: "fp32", or "int8" or "fp16" with what it cost among the parity figures.
    """

    name: str
    spacing_mm: float
    threshold: float
    normalisation: str
    training_data: str
    checkpoint_sha256: str
    config_sha256: str
    version: str
    parity: Mapping[str, Any]
    precision: str = "fp32"

    def to_metadata(self) -> dict[str, str]:
        """The contract as ONNX metadata_props: plain words, JSON for everything else."""
        fields = {key: _as_text(value) for key, value in asdict(self).items()}
        return {
            "schema": SCHEMA,
            "orientation": ORIENTATION,
            "classes": json.dumps([CORPUS_CALLOSUM]),
            **fields,
        }

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str], file_name: str) -> "SegmenterContract":
        """Read the contract back.

        Raises:
            ModelFileError: The schema is unknown, or a field is missing or malformed.
        """
        if metadata.get("schema") != SCHEMA:
            raise ModelFileError(
                f"{file_name}: metadata names the schema {metadata.get('schema')!r}, not "
                f"{SCHEMA!r}; export the network with `callosal export`",
                code="foreign_model",
            )
        try:
            contract = cls(
                name=metadata["name"],
                spacing_mm=float(metadata["spacing_mm"]),
                threshold=float(metadata["threshold"]),
                normalisation=metadata["normalisation"],
                training_data=metadata["training_data"],
                checkpoint_sha256=metadata["checkpoint_sha256"],
                config_sha256=metadata["config_sha256"],
                version=metadata["version"],
                parity=json.loads(metadata["parity"]),
                precision=metadata.get("precision", "fp32"),
            )
        except (KeyError, ValueError) as error:
            raise ModelFileError(
                f"{file_name}: metadata is incomplete or malformed ({error})", code="bad_metadata"
            ) from error
        if not 0.1 <= contract.spacing_mm <= 5 or not 0 < contract.threshold < 1:
            raise ModelFileError(
                f"{file_name}: spacing {contract.spacing_mm} mm or threshold "
                f"{contract.threshold} is out of range",
                code="bad_metadata",
            )
        return contract


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
