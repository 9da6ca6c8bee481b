"""A trained segmenter from a checkpoint."""

import re
import warnings
from pathlib import Path

from callosal.models.errors import InputError
from callosal.models.generation.checkpoint import read_checkpoint
from callosal.models.network_record import lacking
from callosal.models.segmentation_module import SegmentationModule


def load_segmenter(path: Path) -> SegmentationModule:
    """Load the averaged weights of a training run in evaluation mode, without unpickling code.

    Raises:
        InputError: The file is missing, is not a checkpoint of a SegmentationModule, or does not
            say how its network was built.
    """
    net = read_checkpoint(path).get("hyper_parameters", {}).get("net")
    if isinstance(net, dict) and net.get("init_args", {}) is None:
        # Other arguments can fit the weights and still give other answers.
        name = str(net["class_path"]).rpartition(".")[2]
        raise InputError(f"{path.name}: {lacking(name)}", code="bad_checkpoint")
    try:
        with warnings.catch_warnings():
            # The hyper-parameters must name the network, because it is built from them.
            warnings.filterwarnings("ignore", "Attribute 'net' is an instance of `nn.Module`")
            module = SegmentationModule.load_from_checkpoint(
                path, map_location="cpu", weights_only=True
            )
    except Exception as error:
        # Torch and Lightning raise many kinds here; all mean that the file is unusable.
        raise InputError(f"{path.name}: {_reason(error)}", code="bad_checkpoint") from error
    return module.eval()


def _reason(error: Exception) -> str:
    """Why a checkpoint is unusable, in one line."""
    missing = re.search(r"No module named '([^']+)'", str(error))
    if missing:
        return (
            f"its network cannot be imported ({missing[0]}); put the folder of {missing[1]}.py on "
            "PYTHONPATH, as it was for the training"
        )
    first = next(iter(str(error).splitlines()), "no message")
    return f"not a checkpoint of a segmenter ({type(error).__name__}: {first})"
