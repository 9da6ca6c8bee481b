import pytest
import pytorch_lightning as pl
import torch
from PIL import Image
from pytorch_lightning.loggers import CSVLogger

from callosal.models.errors import InputError
from callosal.pipelines.training.callbacks.curves import (
    PICTURE,
    TrainingCurves,
    draw_curves,
    read_curves,
)

TABLE = """epoch,lr-AdamW,step,train/loss,val/dice,val/loss
,0.0004,49,,,
0,,49,5.5,,
0,,99,0.4,,
0,,99,,0.91,0.5
"""


@pytest.fixture
def metrics(tmp_path):
    path = tmp_path / "metrics.csv"
    path.write_text(TABLE)
    return path


def test_stages_of_one_measure_share_a_panel(metrics):
    assert read_curves(metrics) == {
        "lr-AdamW": {"train": [(49, 0.0004)]},
        "loss": {"train": [(49, 5.5), (99, 0.4)], "val": [(99, 0.5)]},
        "dice": {"val": [(99, 0.91)]},
    }


def test_a_panel_for_each_measure_is_drawn(metrics, tmp_path):
    draw_curves(metrics, tmp_path / PICTURE)
    with Image.open(tmp_path / PICTURE) as picture:
        assert picture.size == (round(3 * 4.4 * 110), 330)


def test_a_table_without_measures_is_refused(tmp_path):
    (tmp_path / "metrics.csv").write_text("epoch,step\n0,1\n")
    with pytest.raises(InputError, match="no measure"):
        draw_curves(tmp_path / "metrics.csv", tmp_path / PICTURE)


class Line(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def training_step(self, batch, index):
        loss = (self.weight - batch).square().mean()
        self.log("train/loss", loss)
        return loss

    def validation_step(self, batch, index):
        self.log("val/loss", (self.weight - batch).square().mean())

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 0.1)


def test_a_run_leaves_its_curves_beside_its_metrics(tmp_path):
    batches = torch.utils.data.DataLoader(torch.ones(4, 1), batch_size=1)
    trainer = pl.Trainer(
        max_steps=4, accelerator="cpu", logger=CSVLogger(tmp_path, name=""), log_every_n_steps=1,
        callbacks=[TrainingCurves()], enable_progress_bar=False, enable_checkpointing=False,
        enable_model_summary=False,
    )  # fmt: skip
    trainer.fit(Line(), batches, batches)
    assert (tmp_path / "version_0" / PICTURE).is_file()
