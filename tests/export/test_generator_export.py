"""Export of small random generators: the folder, parity, and what is refused."""

import json
import shutil
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import diffusers
import numpy as np
import onnx
import pytest
import torch
from diffusers.schedulers import FlowMatchEulerDiscreteScheduler

from callosal.export import generator_export
from callosal.export.generator_export import export_generator
from callosal.export.generator_folder import GeneratorFolder, Sampling, read_generator_folder
from callosal.export.generator_runtime import Generator, open_generator
from callosal.export.generator_sampling import Order, sample_pairs
from callosal.export.torch_samples import sample_in_torch
from callosal.models.errors import InputError, ModelFileError, ParityError
from callosal.models.generation.checkpoint import load_generator
from callosal.models.generation.noise import sample_noise
from callosal.models.generation.spec import scheduler_config
from callosal.pipelines.cli import main
from tests.export.small_generator import latent_checkpoint, pixel_checkpoint

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def latent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("latent")
    export_generator(latent_checkpoint(folder / "l.ckpt"), folder / "small", name="small")
    return folder / "small"


def _learned_jointly(checkpoint: Path, share: float) -> Path:
    content = torch.load(checkpoint, weights_only=True)
    content["hyper_parameters"]["joint_share"] = share
    torch.save(content, checkpoint)
    return checkpoint


@pytest.fixture(scope="module")
def by_command(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generator in pixels, exported by the command; `printed.txt` beside it is what it said."""
    folder = tmp_path_factory.mktemp("command")
    checkpoint = _learned_jointly(pixel_checkpoint(folder / "p.ckpt", side=16), 0.8)
    words = ["export", "--checkpoint", str(checkpoint), "--output", str(folder / "small"),
             "--steps", "4", "--training_data", "two lines, with terms"]  # fmt: skip
    with redirect_stdout(StringIO()) as printed:
        assert main(words) == 0
    (folder / "printed.txt").write_text(printed.getvalue())
    return folder / "small"


@pytest.fixture(scope="module")
def half(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same weights in half precision; their training saw fewer finished images."""
    folder = tmp_path_factory.mktemp("half")
    checkpoint = _learned_jointly(pixel_checkpoint(folder / "p.ckpt", side=16), 0.9)
    parity = export_generator(checkpoint, folder / "half", name="half", precision="fp16", steps=4)
    assert parity.rounding is not None
    return folder / "half"


def order_of(numbers, mask=None):
    draw = np.random.default_rng(3)
    condition = draw.standard_normal((len(numbers), 4), dtype=np.float32)
    return Order(5, numbers, condition, np.ones_like(condition), mask=mask)


def test_the_folder_has_the_diffusers_layout_and_says_what_it_is(latent: Path) -> None:
    files = {path.relative_to(latent).as_posix() for path in latent.rglob("*") if path.is_file()}
    assert files == {
        "model_index.json", "scheduler/scheduler_config.json", "unet/config.json",
        "unet/model.onnx", "vae/config.json", "vae_decoder/model.onnx", "vae_encoder/model.onnx",
    }  # fmt: skip
    folder = read_generator_folder(latent)
    assert folder.sampling == Sampling("euler_flow", 20, 1.5, mask_from_image=True)
    assert folder.parity["max_difference"] <= 1e-4
    assert folder.parity["masks_differing"] == 0
    assert json.loads(folder.parts["vae/config.json"])["latents_std"][3] == 2.0
    for name in ("unet", "vae_decoder", "vae_encoder"):
        model = onnx.load(str(latent / name / "model.onnx"))
        assert {entry.key for entry in model.metadata_props} >= {"schema", "checkpoint_sha256"}
        assert str(Path.cwd()).encode() not in model.SerializeToString()


@pytest.mark.parametrize("sampler", ["euler_flow", "ddim", "dpm_solver_pp_2m", "ddpm"])
def test_a_sample_is_the_same_whatever_stands_beside_it(latent, sampler) -> None:
    generator = open_generator(latent, "cpu", threads=1)
    sampling = Sampling(sampler, 6, 2.0, mask_from_image=True)
    together = sample_pairs(generator, order_of(range(3)), sampling)
    assert together.shape == (3, 2, 32, 48)
    order = order_of(range(3))
    alone = Order(5, [2], order.condition[2:], order.given[2:])
    np.testing.assert_array_equal(sample_pairs(generator, alone, sampling)[0], together[2])


def test_diffusers_samples_from_the_folder_what_callosal_does(latent: Path) -> None:
    generator = open_generator(latent, "cpu", threads=1)
    order, steps = order_of(range(2)), 6
    scheduler = FlowMatchEulerDiscreteScheduler.from_pretrained(latent, subfolder="scheduler")
    scheduler.set_timesteps(sigmas=np.linspace(1, 1 / steps, steps))
    sample = torch.from_numpy(sample_noise(order.seed, order.samples, (6, 8, 12)))
    for timestep in scheduler.timesteps:
        times = np.full((2, 2), float(timestep) / 1000, np.float32)
        answer = generator.predict(sample.numpy(), times, order.condition, order.given)
        sample = scheduler.step(torch.from_numpy(answer), timestep, sample).prev_sample
    found = sample_pairs(generator, order, Sampling("euler_flow", steps, 1.0))
    np.testing.assert_allclose(found, generator.decode(sample.numpy()), atol=1e-4)


@pytest.mark.parametrize("objective", ["rectified_flow", "vp"])
def test_the_scheduler_class_loads_its_configuration(objective: str, tmp_path: Path) -> None:
    config = scheduler_config(objective)
    (tmp_path / "scheduler_config.json").write_text(json.dumps(config))
    loaded = getattr(diffusers, config["_class_name"]).from_pretrained(tmp_path)
    assert config.items() <= dict(loaded.config, _class_name=type(loaded).__name__).items()


@pytest.mark.parametrize("again", [False, True])
def test_samples_are_those_of_torch(latent: Path, again: bool) -> None:
    order, sampling = order_of(range(3)), Sampling("euler_flow", 6, 2.0, again)
    generator = open_generator(latent, "cpu", threads=1)
    network = load_generator(latent.parent / "l.ckpt")
    expected = sample_in_torch(network, order, sampling, generator.folder.scheduler)
    found = sample_pairs(generator, order, sampling)
    np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.mark.parametrize("sampler", ["ddim", "dpm_solver_pp_2m", "ddpm"])
def test_samplers_of_v_prediction_are_those_of_torch(sampler, tmp_path) -> None:
    checkpoint = pixel_checkpoint(tmp_path / "v.ckpt", "vp", side=16)
    expected = load_generator(checkpoint)
    # The torch network stands in for its own export: the loops alone are compared.
    generator = open_like(expected)
    sampling = Sampling(sampler, 8, 1.5, mask_from_image=True)
    order = order_of(range(3))
    np.testing.assert_allclose(
        sample_pairs(generator, order, sampling),
        sample_in_torch(expected, order, sampling, generator.folder.scheduler),
        atol=1e-4,
    )


def open_like(expected):
    """A generator whose denoiser runs in torch."""

    class Session:
        def run(self, _, inputs):
            with torch.inference_mode():
                return [expected.denoiser(*map(torch.from_numpy, inputs.values())).numpy()]

    config = scheduler_config(expected.spec.objective)
    sampling = Sampling("ddim", 5, 1.0)
    folder = GeneratorFolder("torch", expected.spec, sampling, {}, config, "", {})
    return Generator(folder, "torch", Session(), None, None)


def test_a_given_mask_comes_back_unchanged(latent: Path) -> None:
    mask = np.full((2, 32, 48), -1, np.float32)
    mask[:, 12:20, 16:32] = 0.9
    pairs = sample_pairs(
        open_generator(latent, "cpu", threads=1),
        order_of(range(2), mask),
        Sampling("euler_flow", 3, 1.0, mask_from_image=True),
    )
    np.testing.assert_array_equal(pairs[:, 1], mask)
    assert np.isfinite(pairs[:, 0]).all()


@pytest.mark.parametrize("sampler", ["euler", "ddim_flow"])
def test_an_unknown_sampler_is_answered_with_those_that_fit(latent: Path, sampler) -> None:
    generator = open_generator(latent, "cpu", threads=1)
    with pytest.raises(ModelFileError, match="dpm_solver_pp_2m"):
        sample_pairs(generator, order_of(range(1)), Sampling(sampler, 3, 1.0))


@pytest.mark.parametrize(
    ("part", "code"),
    [("vae_decoder/model.onnx", "missing_part"), ("model_index.json", "missing_part"),
     ("scheduler/scheduler_config.json", "missing_part")],
)  # fmt: skip
def test_a_missing_part_is_named(latent: Path, tmp_path: Path, part, code) -> None:
    shutil.copytree(latent, tmp_path / "copy")
    (tmp_path / "copy" / part).unlink()
    with pytest.raises(ModelFileError, match=part) as error:
        open_generator(tmp_path / "copy", "cpu")
    assert error.value.code == code


def test_a_changed_part_is_named(latent: Path, tmp_path: Path) -> None:
    shutil.copytree(latent, tmp_path / "copy")
    path = tmp_path / "copy" / "vae" / "config.json"
    path.write_text(path.read_text().replace("2.0", "2.5"))
    with pytest.raises(ModelFileError, match=r"vae/config\.json") as error:
        open_generator(tmp_path / "copy", "cpu")
    assert error.value.code == "changed_part"


@pytest.mark.parametrize(
    "change",
    [{"schema": "other"}, {"generator": {}}, {"sampling": {"steps": 3}}, {"sha256": {}},
     {"sha256": None}],
    ids=["schema", "generator", "sampling", "parts", "none"],
)  # fmt: skip
def test_a_damaged_index_is_refused(latent: Path, tmp_path: Path, change) -> None:
    shutil.copytree(latent, tmp_path / "copy")
    path = tmp_path / "copy" / "model_index.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(ModelFileError):
        read_generator_folder(tmp_path / "copy")


def test_lost_parity_leaves_no_folder(
    by_command: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint = pixel_checkpoint(tmp_path / "p.ckpt", side=16)
    # The graphs of the same weights, as they were exported before.
    parts = dict(read_generator_folder(by_command).parts)

    def spoilt(generator, facts):
        with torch.no_grad():
            generator.denoiser.head.bias.add_(0.5)
        return parts

    monkeypatch.setattr(generator_export, "generator_parts", spoilt)
    with pytest.raises(ParityError, match="nothing was written"):
        export_generator(checkpoint, tmp_path / "out", name="out")
    assert [path.name for path in tmp_path.iterdir()] == ["p.ckpt"]


def test_half_precision_halves_the_files_and_little_else(by_command: Path, half: Path) -> None:
    sizes = [(folder / "unet" / "model.onnx").stat().st_size for folder in (half, by_command)]
    assert sizes[0] < 0.75 * sizes[1]
    folders = [read_generator_folder(folder) for folder in (half, by_command)]
    assert folders[0].parity["max_difference"] <= 1e-4
    assert 0 < folders[0].parity["rounding_image"] < 1e-2
    assert folders[0].parity["rounding_mask_dice"] > 0.9
    assert folders[1].spec.training_data == "two lines, with terms"


def test_eight_bits_are_not_for_generators(tmp_path: Path) -> None:
    checkpoint = pixel_checkpoint(tmp_path / "p.ckpt", side=16)
    with pytest.raises(InputError, match="fp16"):
        export_generator(checkpoint, tmp_path / "x", name="x", precision="int8")


def test_a_folder_of_something_else_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    checkpoint = pixel_checkpoint(tmp_path / "p.ckpt", side=16)
    with pytest.raises(InputError) as error:
        export_generator(checkpoint, tmp_path / "photos", name="x")
    assert error.value.code == "output_exists"


def test_masks_are_seen_again_by_generators_that_learned_it(by_command: Path, half: Path) -> None:
    # It learned masks and images jointly in 0.8 of the steps, the other one in 0.9.
    assert read_generator_folder(by_command).sampling.mask_from_image
    assert not read_generator_folder(half).sampling.mask_from_image


def test_the_command_exports_a_generator(by_command: Path) -> None:
    assert "the guided loop" in (by_command.parent / "printed.txt").read_text()
    assert read_generator_folder(by_command).sampling.steps == 4
    report = json.loads((by_command.parent / "small.parity.json").read_text())
    assert report["worst"]["max_difference"] <= 1e-4


def test_an_autoencoder_alone_is_answered_with_what_to_do(tmp_path: Path, capsys) -> None:
    torch.save({"state_dict": {}, "hyper_parameters": {"autoencoder": {}}}, tmp_path / "a.ckpt")
    words = ["export", "--checkpoint", str(tmp_path / "a.ckpt"), "--output", str(tmp_path / "x")]
    assert main(words) == 1
    assert "generator that was trained on it" in capsys.readouterr().err
