"""Files that a training command names in short: configs that ship, the last checkpoint."""

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from callosal.models.errors import InputError
from callosal.models.generation.checkpoint import read_checkpoint
from callosal.pipelines.training.callbacks.run_checkpoint import FILE_NAME

LAST = "last"


def with_shipped_configs(words: Sequence[str]) -> list[str]:
    """Replace names of configs that ship, as in `--config attention_unet`, by their files.

    A file of that name in the current folder comes first.

    >>> with_shipped_configs(["--config", "own.yaml", "--config=vit"])[-1].endswith("vit.yaml")
    True
    """
    replaced: list[str] = []
    for index, word in enumerate(words):
        option, equals, value = word.partition("=")
        if option == "--config" and equals:
            replaced.append(f"--config={_config(value)}")
        elif index and words[index - 1] == "--config":
            replaced.append(_config(word))
        else:
            replaced.append(word)
    return replaced


def shipped_configs() -> dict[str, Path]:
    """The configs of this install by name."""
    return {path.stem: path for path in sorted(Path(str(files("callosal.configs"))).glob("*.yaml"))}


def _config(name: str) -> str:
    if Path(name).is_file():
        return name
    return str(shipped_configs().get(name, name))


def found_checkpoint(name: str, folder: Path) -> Path:
    """The checkpoint that `--ckpt_path` names.

    Args:
        name: A file, or `last` for the checkpoint that was written last.
        folder: The runs' `default_root_dir`, where that one is looked for.

    Raises:
        InputError: There is none (`wrong_usage`), or it cannot be read (`bad_checkpoint`).
    """
    if name == LAST and not Path(name).is_file():
        saved = folder.glob(f"version_*/checkpoints/{FILE_NAME}")
        newest = max(saved, key=lambda path: path.stat().st_mtime_ns, default=None)
        if newest is None:
            raise InputError(
                f"--ckpt_path last: no run under {folder} has a checkpoint; name the file, or "
                "leave --ckpt_path out to start again from step 0",
                code="wrong_usage",
            )
        return newest
    path = Path(name)
    if not path.is_file():
        raise InputError(
            f"--ckpt_path {name}: there is no such file; name a .ckpt file, or last for the "
            "checkpoint written last",
            code="wrong_usage",
        )
    read_checkpoint(path)
    return path
