from itertools import islice
from pathlib import Path

import pytest
import torch

from callosal.models.errors import DataError
from callosal.models.generation.pair_source import PairSource
from callosal.pipelines.training.pair_batches import SliceStream
from callosal.pipelines.training.pair_datamodule import PairDataModule
from callosal.pipelines.training.pair_view import WindowSettings


@pytest.fixture
def data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> PairDataModule:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CALLOSAL_DATA", raising=False)
    view = WindowSettings(spacing_mm=2.0, shape=(48, 64), finer=1)
    data = PairDataModule(view=view, batch_size=3, phantoms=8, labelled=5, seed=1)
    data.setup("fit")
    return data


def test_every_slice_comes_once_before_any_comes_again(data: PairDataModule) -> None:
    stream = SliceStream(data._banks["train"], 4, seed=0, first=0, rank=0, ranks=1)
    seen = [stream._indices(step).tolist() for step in range(4)]
    assert sorted(seen[0] + seen[1]) == sorted(seen[2] + seen[3]) == list(range(8))
    assert seen[0] + seen[1] != seen[2] + seen[3]


def test_processes_share_the_order(data: PairDataModule) -> None:
    bank = data._banks["train"]
    streams = [SliceStream(bank, 2, seed=0, first=0, rank=rank, ranks=2) for rank in (0, 1)]
    seen = [index for step in (0, 1) for one in streams for index in one._indices(step).tolist()]
    assert sorted(seen) == list(range(8))


def test_a_stream_that_starts_later_goes_on_as_the_first(data: PairDataModule) -> None:
    bank = data._banks["train"]
    whole = list(islice(SliceStream(bank, 3, 0, 0, 0, 1), 6))
    later = list(islice(SliceStream(bank, 3, 0, 4, 0, 1), 2))
    for one, same in zip(whole[4:], later, strict=True):
        assert all(torch.equal(one[key], same[key]) for key in one)


def test_a_share_of_each_batch_shows_its_mask(data: PairDataModule) -> None:
    bank = data._banks["train"]
    stream = SliceStream(bank, 4, seed=0, first=0, rank=0, ranks=1, labelled_share=0.25)
    seen = [stream._indices(step).tolist() for step in range(5)]
    assert [bank.labelled[batch].sum() for batch in seen] == [1] * 5
    shown = [index for batch in seen for index in batch if bank.labelled[index]]
    assert sorted(shown) == [index for index in range(8) if bank.labelled[index]]


def test_a_share_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="labelled_share"):
        PairDataModule(labelled_share=1.0)


def test_a_batch_holds_windows_and_normalised_conditions(data: PairDataModule) -> None:
    assert isinstance(data, PairSource)
    batches = [
        data.on_after_batch_transfer(batch, 0) for batch in islice(data.train_dataloader(), 8)
    ]
    batch = batches[0]
    assert batch["pair"].shape == (3, 2, 48, 64)
    labelled = torch.cat([one["labelled"] for one in batches])
    conditions = torch.cat([one["condition"] for one in batches])
    assert set(labelled.tolist()) == {0.0, 1.0}
    assert (conditions[labelled == 0] == 0).all()
    assert conditions[labelled == 1].mean(0).abs().max() < 0.5
    masks = torch.cat([one["pair"][:, 1] for one in batches])
    assert (masks[labelled == 0] < -0.99).all()


def test_facts_tell_the_training_data(data: PairDataModule) -> None:
    facts = data.facts()
    assert facts.training_data == "procedural phantom: 8 training slices, 5 of them with their mask"
    assert facts.shape == (48, 64)
    assert sum(len(pair) for pair, _ in data.plain_pairs()) == 8


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        PairDataModule(root=tmp_path / "none")
