import pytest

from callosal.export.contract import SegmenterContract
from callosal.models.errors import ModelFileError


@pytest.fixture
def contract() -> SegmenterContract:
    return SegmenterContract(
        "net", 0.5, 0.5, "in words", "phantoms", "a" * 64, "b" * 64, "0.1.0", {"worst": 1e-6}
    )


def test_metadata_round_trip(contract: SegmenterContract) -> None:
    metadata = contract.to_metadata()
    assert SegmenterContract.from_metadata(metadata, "net.onnx") == contract
    assert all(isinstance(value, str) for value in metadata.values())
    assert "88442005" in metadata["classes"]


@pytest.mark.parametrize("field", ["spacing_mm", "threshold", "normalisation", "parity"])
def test_a_missing_field_is_named(contract: SegmenterContract, field: str) -> None:
    metadata = contract.to_metadata()
    del metadata[field]
    with pytest.raises(ModelFileError, match=rf"net\.onnx.*{field}"):
        SegmenterContract.from_metadata(metadata, "net.onnx")


@pytest.mark.parametrize(
    ("field", "value"), [("spacing_mm", "0"), ("threshold", "1.5"), ("spacing_mm", "nan")]
)
def test_values_out_of_range_are_refused(
    contract: SegmenterContract, field: str, value: str
) -> None:
    with pytest.raises(ModelFileError, match="out of range"):
        SegmenterContract.from_metadata({**contract.to_metadata(), field: value}, "net.onnx")


def test_a_foreign_model_is_refused() -> None:
    with pytest.raises(ModelFileError, match="callosal export") as error:
        SegmenterContract.from_metadata({"schema": "other/1"}, "net.onnx")
    assert error.value.code == "foreign_model"
