"""The `callosal` console script.

`fit`, `validate` and `test` are Lightning's; every other command is a typed function whose
docstring is its help. Nothing heavy is imported before the command is known.
"""

import gc
import os
import sys
import warnings
from collections.abc import Sequence
from typing import NoReturn

from callosal.models.errors import WRONG_USAGE, CallosalError

COMMANDS: dict[str, str] = {
    "demo": "plan on a head of known tilt, and show the truth beside the result",
    "infer": "turn DICOM folders and NIfTI files into scan plans",
    "bids": "turn a BIDS dataset into derivatives and a group table",
    "audit": "compare acquired stacks with the plan of their exam",
    "stitch": "join the stations of a spine into one volume, with an ROI that turns",
    "watch": "plan on the series that arrive in a folder",
    "listen": "plan on the series that are sent by DICOM",
    "send": "send the results of a run to an archive",
    "fetch": "fetch the series of an archive that can be planned on",
    "merge": "merge the parts of a run that several machines shared",
    "report": "write the page of a run, report.html, again",
    "list-series": "list every stack found, and why each was kept or skipped",
    "review": "look at the plans of a run; accept, correct or reject them",
    "collect": "collect reviewed cases as a folder to train on",
    "fit": "train from a YAML config",
    "validate": "score a checkpoint on the validation sites",
    "test": "score a checkpoint on the test sites",
    "evaluate": "score an ONNX file by case and by site",
    "generate": "make labelled synthetic scans with a generator",
    "randomise": "make synthetic pairs from masks, without a trained generator",
    "slabs": "cut labelled thick slices from 3D heads, for training on localizers",
    "evaluate-generator": "check that synthetic pairs are good, varied and not copies",
    "export": "export a checkpoint to ONNX, with a parity report",
    "bench": "measure speed on this machine, beside that of similar software",
    "models": "list the shipped models",
    "doctor": "show what this machine can do",
}
TRAINING = frozenset({"fit", "validate", "test"})
EXTRAS = {
    "ancpbids": "bids",
    "ray": "ray",
    "pynetdicom": "pacs",
    "dicomweb_client": "pacs",
    "requests": "pacs",
    "prometheus_client": "pacs",
    "onnxruntime": "cpu",
}
"""Extra of a package that is missing; all others come with `train`."""


STOPPED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    Args:
        arguments: Words after `callosal`; those of the process by default.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or words[0] in ("-h", "--help"):
        print(_overview())
        return 0 if words else WRONG_USAGE
    if words[0] == "--version":
        print(f"callosal {_version()}")
        return 0
    if words[0] not in COMMANDS:
        print(_unknown(words[0]), file=sys.stderr)
        return WRONG_USAGE
    try:
        return _run(words[0], words[1:])
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("callosal"):
            raise
        extra = EXTRAS.get(error.name, "train")
        print(
            f"callosal {words[0]}: missing_extra: needs the package {error.name}; "
            f"in a clone run pip install '.[{extra}]', with a wheel pip install "
            f"'callosal-{_version()}-py3-none-any.whl[{extra}]'",
            file=sys.stderr,
        )
        return 1
    except CallosalError as error:
        print(f"callosal {words[0]}: {error.code}: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return STOPPED
    except SystemExit as exit_request:
        # argparse ends a process with 2 for a wrong option; here 2 means that cases failed.
        return WRONG_USAGE if exit_request.code else 0


def _run(command: str, words: list[str]) -> int:
    if command in TRAINING:
        from callosal.pipelines.training.cli import run_training

        run_training([command, *words])
        return 0
    from callosal.pipelines.console.help_pages import command_function, help_page

    text = help_page(command) if words in (["-h"], ["--help"]) else None
    if text is not None:
        print(text, end="")
        return 0
    from callosal.pipelines.console.command_line import call_function

    return call_function(command, command_function(command), words)


def _overview() -> str:
    lines = [f"  {name:<18} {text}" for name, text in COMMANDS.items()]
    return "\n".join(
        [
            "usage: callosal COMMAND ...",
            "",
            "Finds the corpus callosum on head MRI and turns it into a scan plan.",
            "Not a medical device: for research only.",
            "",
            *lines,
            "",
            "callosal COMMAND --help lists the options of a command.",
        ]
    )


def _version() -> str:
    from importlib.metadata import version  # takes as long as Python itself to start

    return version("callosal")


def _unknown(word: str) -> str:
    import difflib

    near = difflib.get_close_matches(word, COMMANDS, 1)
    hint = f"did you mean '{near[0]}'?" if near else "callosal --help lists the commands"
    return f"callosal: there is no command '{word}'; {hint}"


def settle_process() -> None:
    """Set what has to be set before numpy comes: for short runs, and beside other work."""
    # numpy would share each small product among all cores and wait for the slowest: on a machine
    # that does anything else at the time, a case then takes up to four times as long.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # Reading headers and importing libraries makes many small objects that stay: looking through
    # them all again and again took a sixth of the time of a short run.
    # The older ones are looked at all the more often: what a case leaves must not pile up.
    gc.set_threshold(100_000, 2, 2)
    from callosal.pipelines.console.process_memory import share_freed_memory  # ctypes

    share_freed_memory()
    # They quote values of headers, names among them. Set here, before there are threads: filters
    # that one thread sets for a while are dropped when another one restores its own.
    for package in ("highdicom", "pydicom"):
        warnings.filterwarnings("ignore", module=rf"{package}(\.|$)")
    # This one is blamed on the caller.
    warnings.filterwarnings("ignore", message='The string ".*" is unlikely to represent')


def run() -> NoReturn:
    """Entry of the console script."""
    if len(sys.argv) > 1 and sys.argv[1] in COMMANDS:
        settle_process()
    code = main()
    # The interpreter looks for cycles once more before it ends, half a second after a short run.
    gc.freeze()
    sys.exit(code)


if __name__ == "__main__":
    run()
