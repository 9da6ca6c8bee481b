"""`callosal bench`: speed on this machine, compared with other software."""

from importlib.resources import files
from pathlib import Path

from rich.console import Console

from callosal.export.devices import import_onnxruntime, usable_cores
from callosal.export.shipped import DEFAULT, reduced_models, resolve_model, training_name
from callosal.models.errors import InputError
from callosal.pipelines.speed.run import Bench, BenchPart, run_bench, write_record


def bench(
    series: Path | None = None,
    output: Path | None = None,
    model: str = DEFAULT,
    int8: Path | None = None,
    training_config: Path | None = None,
    parts: tuple[BenchPart, ...] = ("network", "reading", "plan", "startup"),
    rounds: int = 7,
    copies: int = 200,
    threads: int | None = None,
) -> int:
    """Measure speed on this machine, alternating with other software that does the same work.

    Software that is not installed is named and left out. The first line of each table is callosal;
    ratios are relative to it. Where it can be computed, the table also shows each time over the
    least that this machine could take: all bytes at the speed of its memory, all multiply-adds of
    the network at its measured peak.

    Args:
        series: Folder of one DICOM series; by default a phantom of 192 slices.
        output: JSON file to write.
        model: Name of a shipped model, or an ONNX file.
        int8: The same model in eight bits, to be measured too; for a shipped model it is found
            automatically.
        training_config: YAML of the model's training, from which torch builds the same network; for
            a shipped model it is found automatically.
        parts: network, reading, plan, startup, throughput. Throughput runs over many copies of the
            series, which takes minutes and gigabytes; it runs only if it is named.
        rounds: Runs of each program.
        copies: Copies of the series in the throughput run.
        threads: Threads of every network; by default the cores this process may use.

    Returns:
        Exit code 0.
    """
    if rounds < 1 or copies < 1:
        raise InputError(f"--rounds {rounds} --copies {copies}: both start at 1", "wrong_usage")
    # Before the minutes that the other parts take.
    import_onnxruntime()
    path = resolve_model(model)
    found = Path(str(files("callosal.configs"))) / f"{training_name(path)}.yaml"
    plain = Path(__file__).resolve().parents[2] / "benchmarks" / "speed" / "plain_pipeline.py"
    eight_bits = next((each.path for each in reduced_models(path)), None)
    asked = Bench(
        series, path, int8 or eight_bits, training_config or (found if found.is_file() else None),
        plain if plain.is_file() else None, parts, rounds, copies, threads or usable_cores(),
    )  # fmt: skip
    console = Console()
    record = run_bench(asked, console)
    if output is not None:
        write_record(output, record)
    return 0
