"""The loops on data whose exact answer is known, a Gaussian, and beside diffusers' schedulers."""

from functools import partial

import numpy as np
import pytest
import torch
from diffusers.schedulers import DDIMScheduler, DDPMScheduler

from callosal.export.diffusion_loop import Held, ddim, ddpm, dpm_solver_pp_2m, euler_flow, guided
from callosal.export.schedule import Schedule, levels, read_schedule
from callosal.models.generation.samplers import run_sampler, scheduler_for
from callosal.models.generation.spec import scheduler_config

MEAN, SPREAD = 0.4, 0.3
SHAPE = (64, 2, 3, 5)


def schedule_of(objective, steps):
    return read_schedule(scheduler_config(objective), objective, steps)


def gaussian_denoiser(objective):
    """What a perfect network predicts for pixels drawn from N(MEAN, SPREAD^2)."""

    def denoise(sample, time):
        signal, noise = levels(objective, time[0, 0].astype(float))
        gain = signal * SPREAD**2 / (signal**2 * SPREAD**2 + noise**2)
        clean = MEAN + gain * (sample - signal * MEAN)
        if noise == 0:
            clean = sample
        eps = (sample - signal * clean) / noise if noise else np.zeros_like(sample)
        velocity = eps - clean if objective == "rectified_flow" else signal * eps - noise * clean
        return velocity.astype(np.float32)

    return denoise


@pytest.fixture
def noise():
    return np.random.default_rng(0).standard_normal(SHAPE, dtype=np.float32)


def error(sampler, objective, steps, noise):
    """Largest distance from the exact end of the flow, which maps eps to MEAN + SPREAD * eps."""
    found = sampler(gaussian_denoiser(objective), noise, schedule_of(objective, steps))
    assert found.dtype == np.float32
    return float(np.abs(found - (MEAN + SPREAD * noise)).max())


@pytest.mark.parametrize(
    ("sampler", "objective"),
    [
        (euler_flow, "rectified_flow"),
        (ddim, "rectified_flow"),
        (ddim, "vp"),
        (dpm_solver_pp_2m, "rectified_flow"),
        (dpm_solver_pp_2m, "vp"),
    ],
)
def test_more_steps_come_nearer_to_the_exact_flow(sampler, objective, noise):
    coarse, fine = (error(sampler, objective, steps, noise) for steps in (10, 200))
    assert fine < 0.02
    assert fine < coarse / 5


@pytest.mark.parametrize("objective", ["rectified_flow", "vp"])
def test_the_second_order_is_worth_it(objective, noise):
    first, second = (error(sampler, objective, 20, noise) for sampler in (ddim, dpm_solver_pp_2m))
    assert second < first / 2


def test_ddim_on_a_flow_is_euler(noise):
    steps = schedule_of("rectified_flow", 7)
    denoise = gaussian_denoiser("rectified_flow")
    np.testing.assert_allclose(
        ddim(denoise, noise, steps), euler_flow(denoise, noise, steps), atol=1e-5
    )


@pytest.mark.parametrize("objective", ["rectified_flow", "vp"])
def test_ancestral_samples_have_the_distribution(objective, noise):
    draw = np.random.default_rng(1)
    fresh = [draw.standard_normal(SHAPE, dtype=np.float32) for _ in range(100)]
    sampler = partial(ddpm, fresh=lambda index: fresh[index])
    found = sampler(gaussian_denoiser(objective), noise, schedule_of(objective, 100))
    assert found.mean() == pytest.approx(MEAN, abs=0.03)
    assert found.std() == pytest.approx(SPREAD, abs=0.03)


LOOPS = {"euler_flow": euler_flow, "ddim": ddim, "dpm_solver_pp_2m": dpm_solver_pp_2m, "ddpm": ddpm}


def bent_network(sample, time):
    """A network that no schedule makes simple: it bends each sample by its neighbours and time."""
    turned = np.roll(sample, 1, axis=-1) if isinstance(sample, np.ndarray) else sample.roll(1, -1)
    return sample * (0.3 + time) - 0.5 * turned * turned / (1 + turned * turned) + 0.2 - time


def numpy_steps(name, noise, schedule, fresh):
    """Samples before each step and at the end, by the loop."""
    seen = []

    def denoise(sample, time):
        seen.append(sample.copy())
        return bent_network(sample, time[0, 0])

    extra = {"fresh": lambda index: fresh[index]} if name == "ddpm" else {}
    end = LOOPS[name](denoise, noise, schedule, **extra)
    return [*seen, end]


@pytest.mark.parametrize("steps", [1, 2, 10, 23])
@pytest.mark.parametrize(
    ("name", "objective"),
    [("euler_flow", "rectified_flow"), *((name, objective) for name in list(LOOPS)[1:]
                                         for objective in ("rectified_flow", "vp"))],
)  # fmt: skip
def test_each_step_is_that_of_diffusers(name, objective, steps, noise):
    """Euler for flows and DPM-Solver++, its first order as DDIM, its stochastic one as DDPM."""
    fresh = np.random.default_rng(1).standard_normal((steps, *SHAPE), dtype=np.float32)
    expected = []

    def predict(sample, time):
        expected.append(sample.numpy())
        return bent_network(sample, np.float32(time))

    scheduler = scheduler_for(name, scheduler_config(objective), steps)
    step_noise = (lambda step: torch.from_numpy(fresh[step - 1])) if name == "ddpm" else None
    expected.append(run_sampler(predict, torch.from_numpy(noise), scheduler, step_noise).numpy())
    found = numpy_steps(name, noise, schedule_of(objective, steps), fresh)
    assert len(found) == steps + 1
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(("name", "kind"), [("ddim", DDIMScheduler), ("ddpm", DDPMScheduler)])
@pytest.mark.parametrize("steps", [2, 10, 50])
def test_v_prediction_steps_as_the_schedulers_of_that_name(name, kind, steps, noise):
    config = {key: value for key, value in scheduler_config("vp").items() if key != "_class_name"}
    scheduler = kind(**config)
    scheduler.set_timesteps(steps)
    # DDPMScheduler draws noise by itself, so it is drawn beside it by a second generator.
    draws, again = (torch.Generator().manual_seed(2) for _ in range(2))
    fresh = [torch.randn(SHAPE, generator=again).numpy() for _ in range(steps)]
    extra = {"generator": draws} if name == "ddpm" else {}
    sample, expected = torch.from_numpy(noise), []
    for step in scheduler.timesteps:
        expected.append(sample.numpy())
        answer = bent_network(sample, np.float32((step + 1) / 1000))
        sample = scheduler.step(answer, step, sample, **extra).prev_sample
    product = torch.cat([scheduler.alphas_cumprod[scheduler.timesteps], torch.ones(1)]).double()
    times = np.append((scheduler.timesteps.numpy() + 1) / 1000, 0)
    schedule = Schedule("vp", times, product.sqrt().numpy(), (1 - product).sqrt().numpy())
    found = numpy_steps(name, noise, schedule, fresh)
    for ours, theirs in zip(found, [*expected, sample.numpy()], strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5, rtol=1e-5)


def test_euler_refuses_what_is_no_flow(noise):
    with pytest.raises(ValueError, match="v-prediction"):
        euler_flow(gaussian_denoiser("vp"), noise, schedule_of("vp", 3))


@pytest.mark.parametrize("sampler", [euler_flow, ddim, dpm_solver_pp_2m])
def test_what_is_held_stays_and_its_clock_stands(sampler, noise):
    seen = []
    mask = np.full(SHAPE, 0.7, np.float32)
    held = Held(mask, np.array([False, True]), np.array([False, True]))

    def denoise(sample, time):
        seen.append((sample[:, 1].copy(), time.copy()))
        return gaussian_denoiser("rectified_flow")(sample, time)

    found = sampler(denoise, noise, schedule_of("rectified_flow", 5), held)
    assert (found[:, 1] == 0.7).all()
    assert len(seen) == 5
    for sample, time in seen:
        assert (sample == np.float32(0.7)).all()
        assert (time[:, 1] == 0).all()
    assert [float(time[0, 0]) for _, time in seen] == pytest.approx([1, 0.8, 0.6, 0.4, 0.2])
    free = sampler(gaussian_denoiser("rectified_flow"), noise, schedule_of("rectified_flow", 5))
    np.testing.assert_array_equal(found[:, 0], free[:, 0])


def test_guidance_goes_beyond_what_is_asked_for():
    calls = []

    def network(sample, time, condition, given):
        calls.append(given.copy())
        return (condition * given).sum(axis=1)[:, None, None, None] + 0 * sample

    sample, time = np.zeros((2, 1, 2, 2), np.float32), np.zeros((2, 2), np.float32)
    condition = np.array([[2.0], [3.0]], np.float32)
    given = np.ones_like(condition)
    answer = guided(network, condition, given, 1.5)(sample, time)
    np.testing.assert_allclose(answer[:, 0, 0, 0], [3.0, 4.5])
    assert [call.sum() for call in calls] == [0, 2]
    calls.clear()
    guided(network, condition, given, 1.0)(sample, time)
    guided(network, condition, 0 * given, 1.5)(sample, time)
    assert len(calls) == 2, "one run of the network each where guidance changes nothing"
