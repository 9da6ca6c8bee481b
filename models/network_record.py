"""What a checkpoint says of its network, so that it can be built again without unpickling code."""

import inspect
import warnings
from typing import Any, Protocol, runtime_checkable

from torch import nn


@runtime_checkable
class KeepsArguments(Protocol):
    """A network that keeps what it was built with.

    Attributes:
        init_args: Arguments of its constructor by name: numbers, text, and lists of them.
    """

    init_args: dict[str, Any]


def record_network(checkpoint: dict[str, Any]) -> None:
    """Replace a network among a checkpoint's hyper-parameters by its class and arguments.

    The command line builds networks from such a record and keeps it. A network that was built in
    Python stands there itself: it could only be read back by running code of the file.

    Args:
        checkpoint: What Lightning is about to save; its `hyper_parameters` are changed.
    """
    parameters = checkpoint.get("hyper_parameters", {})
    net = parameters.get("net")
    if not isinstance(net, nn.Module):
        return
    parameters["net"] = {
        "class_path": f"{type(net).__module__}.{type(net).__qualname__}",
        "init_args": _arguments(net),
    }
    parameters["_instantiator"] = "pytorch_lightning.cli.instantiate_module"


def warn_without_record(net: nn.Module) -> None:
    """Warn at the start of a training whose checkpoints could not be loaded."""
    if _arguments(net) is None:
        warnings.warn(
            f"checkpoints of this run cannot be exported: {lacking(type(net).__name__)}",
            stacklevel=2,
        )


def lacking(name: str) -> str:
    """What a network without a record of its arguments lacks, and what to do.

    Args:
        name: Its class.
    """
    return (
        f"{name} was built in Python and does not keep its arguments; set "
        "self.init_args = {...} in its constructor, or train with callosal fit"
    )


def _arguments(net: nn.Module) -> dict[str, Any] | None:
    """The arguments a network was built with; None where it does not say."""
    if isinstance(net, KeepsArguments):
        return dict(net.init_args)
    # Of a constructor that takes nothing, nothing has to be kept.
    return None if inspect.signature(type(net)).parameters else {}
