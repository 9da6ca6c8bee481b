from pathlib import Path

from callosal.pipelines.outputs.case_id import case_id, output_salt


def test_the_salt_stays_with_its_folder_and_is_private(tmp_path: Path) -> None:
    salt = output_salt(tmp_path)
    assert output_salt(tmp_path) == salt
    assert len(salt) == 32
    assert (tmp_path / ".salt").stat().st_mode & 0o077 == 0


def test_two_folders_name_one_series_differently(tmp_path: Path) -> None:
    names = set()
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        names.add(case_id("1.2.3", output_salt(tmp_path / name)))
    assert len(names) == 2
    assert all(name.startswith("case-") and "1.2.3" not in name for name in names)
