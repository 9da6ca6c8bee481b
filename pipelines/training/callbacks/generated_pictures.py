"""Pictures of what a generator makes or an autoencoder gives back, drawn while they train."""

import math

import numpy as np
import pytorch_lightning as pl
import torch
from PIL import Image
from torch import Tensor

from callosal.models.errors import InputError
from callosal.models.generation.autoencoder_module import AutoencoderModule
from callosal.models.generation.conditions import draw_conditions
from callosal.models.generation.diffusion_module import DiffusionModule
from callosal.models.generation.noise import sample_noise
from callosal.models.generation.samplers import run_sampler, scheduler_for
from callosal.models.generation.sampling import Guidance, joint_prediction
from callosal.models.generation.spec import scheduler_config
from callosal.pipelines.training.callbacks.sample_pictures import ANSWER, outline, samples_file

Batch = dict[str, Tensor]

GENERATED_COLUMNS = 8


class GeneratedPictures(pl.Callback):
    """Writes `samples/step-<n>.png` after each validation.

    A generator shows pairs, always from the same noise and asked for the same conditions; an
    autoencoder shows validation slices above their reconstructions. The mask is outlined in
    orange.

    Args:
        count: Pairs in the picture.
        steps: Sampling steps of a generator.
        tile: Side of each tile in pixels.
        seed: Seed of the noise.
    """

    def __init__(self, count: int = 16, steps: int = 20, tile: int = 160, seed: int = 0) -> None:
        self.count = count
        self.steps = steps
        self.tile = tile
        self.seed = seed

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Refuse what generates nothing.

        Raises:
            InputError: `wrong_usage`.
        """
        if not isinstance(pl_module, DiffusionModule | AutoencoderModule):
            raise InputError(
                "GeneratedPictures: shows what generators and autoencoders make; of a segmenter "
                "take SamplePictures",
                code="wrong_usage",
            )

    @torch.no_grad()
    def on_validation_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: object,
        batch: Batch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Draw after the last batch, while the averaged weights are in place."""
        if batch_idx + 1 != trainer.num_val_batches[0] or not trainer.is_global_zero:
            return
        if trainer.log_dir is None or trainer.sanity_checking:
            return
        if isinstance(pl_module, DiffusionModule):
            pairs, columns = self._generated(pl_module), GENERATED_COLUMNS
        else:
            assert isinstance(pl_module, AutoencoderModule)
            pairs = torch.cat([batch["pair"], pl_module(batch["pair"])])
            columns = len(batch["pair"])
        picture_of(pairs.float().cpu(), self.tile, columns).save(samples_file(trainer))

    def _generated(self, module: DiffusionModule) -> Tensor:
        spec = module.spec()
        noise = torch.from_numpy(sample_noise(self.seed, range(self.count), spec.sample_shape))
        asked = torch.from_numpy(
            draw_conditions(spec.conditions, spec.correlation, self.seed, range(self.count))
        )
        predict = joint_prediction(module, Guidance(asked, torch.ones_like(asked)))
        sampler = "euler_flow" if spec.objective == "rectified_flow" else "ddim"
        scheduler = scheduler_for(sampler, scheduler_config(spec.objective), self.steps)
        sample = run_sampler(predict, noise.to(module.device), scheduler)
        return module.codec.decode(sample)


def picture_of(pairs: Tensor, tile: int, columns: int) -> Image.Image:
    """Draw pairs (N, 2, H, W) in rows of so many, the mask outlined, in tiles of `tile` pixels."""
    sheet = Image.new("RGB", (columns * tile, math.ceil(len(pairs) / columns) * tile))
    for index, (image, mask) in enumerate(pairs):
        grey = np.clip((image.numpy() + 1) / 2, 0, 1) * 255
        colour = np.repeat(grey[..., None], 3, axis=2).astype(np.uint8)
        colour[outline(mask > 0)] = ANSWER
        place = (index % columns * tile, index // columns * tile)
        sheet.paste(Image.fromarray(colour).resize((tile, tile)), place)
    return sheet
