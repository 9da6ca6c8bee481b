"""Known vulnerabilities of the oldest versions that pyproject.toml allows.

    make audit              # or: python benchmarks/release/audit_floors.py [--listing FILE]

Of each requirement, extras and build system included, the lowest published version within its
bounds is looked up (`pip index versions`) and given to pip-audit, which asks PyPI's advisory
service. What runs is usually newer; what an installation may legally hold is checked here. A
version that the service does not know is not taken for sound: exit code 2 says that something was
not checked, 1 that something is vulnerable. Needs the network and pip-audit.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.version import Version

PYPROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--listing", type=Path, help="also write the floors to this file")
    arguments = parser.parse_args()
    floors = {wanted.name: lowest(wanted, published(wanted.name)) for wanted in requirements()}
    pinned = [f"{name}=={floor}" for name, floor in sorted(floors.items()) if floor is not None]
    if arguments.listing is not None:
        arguments.listing.write_text("\n".join(pinned) + "\n", encoding="utf-8")
    unknown = {name: "no version found" for name, floor in floors.items() if floor is None}
    return told(audited(pinned), unknown)


def requirements() -> list[Requirement]:
    """What the project may bring: itself left out, each package once, by its highest floor."""
    project = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))
    extras = project["project"]["optional-dependencies"].values()
    words = [*project["build-system"]["requires"], *project["project"]["dependencies"]]
    words += [word for extra in extras for word in extra]
    found: dict[str, Requirement] = {}
    for wanted in map(Requirement, words):
        earlier = found.get(wanted.name)
        if wanted.name != project["project"]["name"] and earlier is None:
            found[wanted.name] = wanted
        elif earlier is not None:
            earlier.specifier &= wanted.specifier
    return list(found.values())


def published(name: str) -> list[Version]:
    """Released versions of a package, none where the registry does not answer."""
    command = [sys.executable, "-m", "pip", "index", "versions", name]
    answer = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    line = re.search(r"^Available versions: (.+)$", answer, re.MULTILINE)
    return [Version(word) for word in line[1].split(", ")] if line else []


def lowest(wanted: Requirement, versions: list[Version]) -> Version | None:
    """The oldest version within the bounds, None where there is none."""
    return min(wanted.specifier.filter(versions), default=None)


def audited(pinned: list[str]) -> list[dict[str, Any]]:
    """pip-audit's findings, one a package."""
    with tempfile.TemporaryDirectory() as folder:
        listing = Path(folder) / "floors.txt"
        listing.write_text("\n".join(pinned), encoding="utf-8")
        command = [sys.executable, "-m", "pip_audit", "--requirement", str(listing), "--no-deps",
                   "--disable-pip", "--format", "json", "--progress-spinner", "off"]  # fmt: skip
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        return list(json.loads(answer.stdout)["dependencies"])
    except ValueError:
        sys.exit(f"pip-audit gave no answer; is it installed?\n{answer.stderr[-1000:]}")


def told(findings: list[dict[str, Any]], unknown: dict[str, str]) -> int:
    """Print what was found, and the exit code."""
    unchecked = unknown | {item["name"]: item["skip_reason"] for item in findings
                           if "skip_reason" in item}  # fmt: skip
    holes = list(vulnerabilities(findings))
    for line in holes:
        print(line)
    for name, reason in sorted(unchecked.items()):
        print(f"{name}: not checked: {reason}")
    n_checked = len(findings) - sum("skip_reason" in item for item in findings)
    print(f"{n_checked} floors checked, {len(unchecked)} not, {len(holes)} known vulnerabilities")
    if holes:
        return 1
    return 2 if unchecked else 0


def vulnerabilities(findings: list[dict[str, Any]]) -> Iterator[str]:
    for item in findings:
        for hole in item.get("vulns", ()):
            names = ", ".join([hole["id"], *hole.get("aliases", ())])
            fixed = ", ".join(hole.get("fix_versions", ())) or "nowhere yet"
            yield f"{item['name']} {item['version']}: {names}; fixed in {fixed}"


if __name__ == "__main__":
    sys.exit(main())
