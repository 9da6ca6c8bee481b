"""The errors of callosal: one small tree; each error is also the builtin it specialises.

It lives in the lowest layer so that every other may raise it. Each error carries a reason
code, the word that `list-series`, `results.csv` and `plan.json` show.
"""

WRONG_USAGE = 3
"""Exit code of a command that was called wrongly; argparse's 2 means here that cases failed."""


WRONG_VALUES = frozenset(
    {"wrong_usage", "wrong_limit", "wrong_seed", "bad_fold", "empty_split", "no_model",
     "no_such_checkpoint", "no_such_folder"}
)  # fmt: skip
"""Codes of mistakes in what was typed: an option's value, or what it names is not there."""


class CallosalError(Exception):
    """Base of every error that callosal raises on purpose.

    Args:
        message: What is wrong, where, what was found and what to do, in one line.
        code: Reason code in lower snake case, stable across versions.

    Example:
        >>> import callosal
        >>> try:
        ...     callosal.Planner(model="no_such_model")
        ... except callosal.CallosalError as error:
        ...     print(error.code)
        no_model
    """

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code

    @property
    def exit_code(self) -> int:
        """Exit code of a command that ends with this error.

        >>> DataError("--limit 0", "wrong_limit").exit_code, InputError("a.dcm", "cut").exit_code
        (3, 1)
        """
        return WRONG_USAGE if self.code in WRONG_VALUES else 1

    def __reduce__(self) -> tuple[type["CallosalError"], tuple[str, str]]:
        """Pickle with the code, so that the error survives a process boundary."""
        return type(self), (str(self), self.code)


class InputError(CallosalError, ValueError):
    """A file or series cannot be used: unreadable, inconsistent, or not head MRI.

    Example:
        >>> import callosal
        >>> try:
        ...     callosal.Planner(device="cpu").plan("missing.nii.gz")
        ... except callosal.InputError as error:
        ...     print(error.code)
        no_such_input
    """


class GeometryError(CallosalError, ValueError):
    """A mask, contour or plane is degenerate, so no pose can be computed from it."""


class DataError(CallosalError, ValueError):
    """Training data is wrong: grids differ, masks are empty, splits overlap."""


class ModelFileError(CallosalError, ValueError):
    """A model file does not keep the ONNX contract, or was changed since its export."""


class DeviceError(CallosalError, RuntimeError):
    """The requested device or runtime is missing."""


class ParityError(CallosalError, ArithmeticError):
    """An exported file differs from its network."""


class OutputError(CallosalError, RuntimeError):
    """The output folder cannot be written: full, read-only, or in use by another run."""


class EngineError(CallosalError, RuntimeError):
    """There are no workers or no cluster to run the cases."""
