"""docs/how-to/batch.md says what is so."""

import re
from dataclasses import fields
from pathlib import Path

import yaml

from callosal.pipelines.batch.case_work import PASSING
from callosal.pipelines.batch.ray_options import RayOptions

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "how-to" / "batch.md").read_text(encoding="utf-8")


def _block(start: str) -> str:
    """The indented block that begins with a line."""
    lines = PAGE[PAGE.index(f"    {start}") :].splitlines()
    end = next(i for i, line in enumerate(lines) if line and not line.startswith("    "))
    return "\n".join(line[4:] for line in lines[:end])


def test_the_options_of_the_cluster_are_those_of_the_command() -> None:
    named = set(re.findall(r"--ray\.(\w+)", PAGE))
    assert named == {field.name for field in fields(RayOptions)}


def test_the_kubernetes_job_is_whole() -> None:
    job = yaml.safe_load(_block("apiVersion: batch/v1"))
    (container,) = job["spec"]["template"]["spec"]["containers"]
    (rule,) = job["spec"]["podFailurePolicy"]["rules"]
    assert rule["onExitCodes"]["containerName"] == container["name"]
    assert f"--num-parts {job['spec']['completions']}" in container["args"][0]
    places = {volume["name"] for volume in job["spec"]["template"]["spec"]["volumes"]}
    assert {mount["name"] for mount in container["volumeMounts"]} == places


def test_faults_that_may_pass_are_named_where_they_are_explained() -> None:
    table = (DOCS / "reference" / "dicom-hazards.md").read_text(encoding="utf-8")
    assert {code for code in PASSING if f"`{code}`" in table} == PASSING
