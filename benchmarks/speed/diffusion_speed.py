"""Time of a sample: the ONNX loop beside the same network in torch and beside diffusers' pipeline.

    python benchmarks/speed/diffusion_speed.py CHECKPOINT.ckpt [--rounds 5] [--batch 1] \
        [--threads 1]

The checkpoint is exported first. The pipeline is diffusers' DDIMPipeline around a UNet2DModel of
nearly as many parameters on the same sample shape, with random weights: its speed is that of any.
The contestants take turns, so that a busy machine slows all of them; ratios are what to read.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from diffusers import DDIMPipeline, DDIMScheduler, UNet2DModel

from callosal.export.generator_export import export_generator
from callosal.export.generator_folder import Sampling
from callosal.export.generator_runtime import open_generator
from callosal.export.generator_sampling import Order, sample_pairs
from callosal.export.torch_samples import sample_in_torch
from callosal.models.generation.checkpoint import TrainedGenerator, load_generator
from callosal.models.generation.spec import scheduler_config


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--output", type=Path, help="JSON file to write")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    sampling = Sampling("euler_flow", arguments.steps, 1.0)
    generator = load_generator(arguments.checkpoint)
    runners = {
        "callosal, ONNX and numpy": onnx_runner(arguments, sampling),
        "the same network in torch": torch_runner(generator, arguments.batch, sampling),
        "diffusers' pipeline in torch": diffusers_runner(generator, arguments),
    }
    seconds = take_turns(runners, arguments.rounds, arguments.batch)
    report(generator, seconds, arguments)


def onnx_runner(arguments: argparse.Namespace, sampling: Sampling) -> Callable[[], None]:
    with tempfile.TemporaryDirectory() as folder:
        export_generator(arguments.checkpoint, Path(folder) / "generator", name="bench")
        opened = open_generator(Path(folder) / "generator", "cpu", arguments.threads)
    order = free_order(arguments.batch, len(opened.spec.conditions))
    return lambda: discard(sample_pairs(opened, order, sampling))


def torch_runner(generator: TrainedGenerator, batch: int, sampling: Sampling) -> Callable[[], None]:
    order = free_order(batch, len(generator.spec.conditions))
    scheduler = scheduler_config(generator.spec.objective)
    return lambda: discard(sample_in_torch(generator, order, sampling, scheduler))


def diffusers_runner(
    generator: TrainedGenerator, arguments: argparse.Namespace
) -> Callable[[], None]:
    pipeline = DDIMPipeline(peer_network(generator), DDIMScheduler(clip_sample=False))
    pipeline.set_progress_bar_config(disable=True)
    decoder = generator.autoencoder

    def run() -> None:
        made = pipeline(
            batch_size=arguments.batch,
            num_inference_steps=arguments.steps,
            output_type="np",
            return_dict=False,
        )[0]
        if decoder is not None:
            # The pipeline ends in latents, which have to be decoded as ours are.
            with torch.inference_mode():
                decoder.decode(torch.from_numpy(np.moveaxis(made, -1, 1)))

    return run


def peer_network(generator: TrainedGenerator) -> UNet2DModel:
    """The UNet2DModel of the nearest number of parameters, with the levels of ours."""
    channels, rows, columns = generator.spec.sample_shape
    wanted = parameters(generator.denoiser)
    widths = generator.spec.denoiser["widths"]
    peers = [
        UNet2DModel(
            sample_size=(rows, columns),
            in_channels=channels,
            out_channels=channels,
            block_out_channels=tuple(8 * round(scale * width / 8) for width in widths),
            layers_per_block=generator.spec.denoiser["depth"],
            down_block_types=("DownBlock2D",) * (len(widths) - 1) + ("AttnDownBlock2D",),
            up_block_types=("AttnUpBlock2D",) + ("UpBlock2D",) * (len(widths) - 1),
            norm_num_groups=8,
            attention_head_dim=32,
        )
        for scale in (0.5, 0.625, 0.75, 0.875, 1.0)
    ]
    return min(peers, key=lambda peer: abs(parameters(peer) - wanted)).eval()


def parameters(network: torch.nn.Module) -> int:
    return sum(weight.numel() for weight in network.parameters())


def free_order(batch: int, conditions: int) -> Order:
    nothing = np.zeros((batch, conditions), np.float32)
    return Order(0, range(batch), nothing, nothing)


def discard(result: object) -> None:
    del result


def take_turns(
    runners: dict[str, Callable[[], None]], rounds: int, batch: int
) -> dict[str, list[float]]:
    """Seconds a sample of each contestant in each round, after one round that does not count."""
    seconds: dict[str, list[float]] = {name: [] for name in runners}
    for turn in range(rounds + 1):
        for name, run in runners.items():
            start = time.perf_counter()
            run()
            if turn:
                seconds[name].append((time.perf_counter() - start) / batch)
    return seconds


def report(
    generator: TrainedGenerator, seconds: dict[str, list[float]], arguments: argparse.Namespace
) -> None:
    ours = seconds["callosal, ONNX and numpy"]
    sizes = parameters(generator.denoiser), parameters(peer_network(generator))
    print(
        f"{arguments.steps} steps, samples {generator.spec.sample_shape}, batch "
        f"{arguments.batch}, {arguments.threads} thread(s); {sizes[0] / 1e6:.2f} M parameters, "
        f"the pipeline's network {sizes[1] / 1e6:.2f} M"
    )
    print("| contestant | seconds a sample (median) | of ours | round by round |")
    print("|---|---|---|---|")
    ratios = {}
    for name, taken in seconds.items():
        each = [other / own for other, own in zip(taken, ours, strict=True)]
        ratios[name] = statistics.median(each)
        print(
            f"| {name} | {statistics.median(taken):.3f} | {ratios[name]:.2f} | "
            f"{min(each):.2f} to {max(each):.2f} |"
        )
    if arguments.output is not None:
        content = {"seconds": seconds, "ratios": ratios, "parameters": sizes}
        arguments.output.write_text(json.dumps(content, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
