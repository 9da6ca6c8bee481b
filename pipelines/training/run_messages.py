"""Messages of the libraries that tell whoever trains nothing, left out one by one."""

import logging
import re
import warnings

_LOGGED = re.compile(
    r"💡 Tip|TPU available: False|GPU available: |Using \S+ Automatic Mixed Precision"
    r"|Seed set to |Found current_model_state"
    r"|Loading `train_dataloader` to estimate"
    # The networks here run in bfloat16, which uses those cores already.
    r"|You are using a CUDA device .* that has Tensor Cores"
)
_WARNED = (
    (
        "`isinstance\\(treespec, LeafSpec\\)` is deprecated",
        r"pytorch_lightning\.utilities\._pytree",
    ),
    ("Attribute 'net' is an instance of `nn.Module`", r"pytorch_lightning\.utilities\.parsing"),
    ("The '.*_dataloader' does not have many workers", r"pytorch_lightning\.trainer\.connectors"),
    # The order of the slices follows from the seed and the step: it goes on where it was.
    ("You're resuming from a checkpoint that ended", r"pytorch_lightning\.loops"),
    # The autoencoder that a latent generator works with is frozen.
    ("Found \\d+ module\\(s\\) in eval mode", r"pytorch_lightning\.loops\.fit_loop"),
    ("The number of training batches", r"pytorch_lightning\.loops\.fit_loop"),
)
_LOGGERS = (
    "pytorch_lightning.utilities.rank_zero",
    "lightning_fabric.utilities.rank_zero",
    "lightning_fabric.utilities.seed",
)


def leave_out_noise() -> None:
    """Leave out advice, deprecations inside the libraries, and what RunNotes says in words.

    Each is known by its words and by the module that says it; all others come through.
    """
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_is_worth_reading)
    for message, module in _WARNED:
        warnings.filterwarnings("ignore", message=message, module=module)


def _is_worth_reading(record: logging.LogRecord) -> bool:
    return _LOGGED.match(record.getMessage()) is None
