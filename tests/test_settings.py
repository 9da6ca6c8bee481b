from dataclasses import replace

from callosal.pipelines.settings import PlanSettings, ProtocolSettings, Settings, SliceSettings

DEFAULTS_SHA256 = "5eb8e8dbddbda9b7941d54a7c117fce644a60fc3e36abdb3e4993a68846c9b8c"


def test_equal_settings_have_equal_hashes_and_each_value_counts() -> None:
    settings = Settings()
    assert settings.config_sha256 == Settings().config_sha256
    changed = (
        replace(settings, line="endpoints"),
        replace(settings, plan=PlanSettings(coronal=SliceSettings(3.0))),
        replace(settings, plan=PlanSettings(coronal=SliceSettings(n_slices=20))),
        replace(settings, plan=PlanSettings(coronal=SliceSettings(fov_mm=(200.0, 200.0)))),
        replace(settings, protocol=ProtocolSettings()),
        replace(settings, dicom_objects=("sr", "seg")),
    )
    assert len({settings.config_sha256, *(each.config_sha256 for each in changed)}) == 7


def test_the_hash_of_the_defaults_stays_so_that_old_runs_are_taken_up_again() -> None:
    assert Settings().config_sha256 == DEFAULTS_SHA256
