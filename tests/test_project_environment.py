"""pyproject.toml (what the code needs), environment.yml and constraints.txt agree."""

import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PYPI_NAME = {"pytorch": "torch", "matplotlib-base": "matplotlib", "playwright-python": "playwright"}
PYPI_ONLY = {"prdc"}  # conda-forge has no such package


def needs(requirements: list[str]) -> dict[str, SpecifierSet]:
    """["torch>=2.4"] -> {"torch": >=2.4}, by PyPI's names."""
    parsed = [Requirement(line) for line in requirements]
    return {canonicalize_name(PYPI_NAME.get(r.name, r.name)): r.specifier for r in parsed}


def problems(project: dict, environment: dict, constraints: list[str]) -> list[str]:
    extras = project["optional-dependencies"]
    used = needs(project["dependencies"] + extras["test"])
    found = []
    if not needs(extras["cluster"]).items() <= used.items():
        found.append("pyproject.toml: what cluster asks for is not what is tested")

    *conda, pip = environment["dependencies"]
    itself, *from_pypi = pip["pip"]
    listed = needs(conda)
    if itself != "-e ." or len(pip) > 1:
        found.append("environment.yml: the project itself")
    if needs(from_pypi).keys() != PYPI_ONLY or listed.keys() & PYPI_ONLY:
        found.append("environment.yml: what comes from PyPI")
    listed |= needs(from_pypi)
    if listed.pop("python", None) != SpecifierSet(project["requires-python"]):
        found.append("environment.yml: python")
    listed.pop("pip", None)
    found += [f"environment.yml: {name}" for name in used.keys() ^ listed.keys()]
    found += [f"environment.yml: {n}" for n in used.keys() & listed.keys() if used[n] != listed[n]]
    if environment["channels"] != ["conda-forge", "nodefaults"]:
        found.append("environment.yml: channels")

    pins = {}
    for line in constraints:
        name, _, version = line.partition("==")
        if name != canonicalize_name(name) or not version or "+" in version or name in pins:
            found.append(f"constraints.txt: {line!r} is no plain pin, or its second")
        pins[name] = version
    for name, specifier in (used | needs(extras["dev"])).items():
        if name == "genart-edu":  # [test]: looked at already
            continue
        if name not in pins or pins[name] not in specifier:
            found.append(f"constraints.txt: {name} {pins.get(name)} is not {specifier}")
    return found


@pytest.fixture
def files() -> dict:
    pins = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    return {
        "project": tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"],
        "environment": yaml.safe_load((ROOT / "environment.yml").read_text("utf-8")),
        "constraints": [line for line in pins if not line.startswith("#")],
    }


def test_the_three_files_agree(files):
    assert problems(**files) == []


def swap(lines: list, old: str, *new: str) -> None:
    """Put `new` in place of the one line that starts with `old`."""
    [place] = [i for i, line in enumerate(lines) if str(line).startswith(old)]
    lines[place : place + 1] = new


@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        (lambda p, e, c: swap(p["dependencies"], "torch"), "environment.yml: torch"),
        (lambda p, e, c: swap(p["dependencies"], "torch", "torch>=99"), "constraints.txt: torch"),
        (lambda p, e, c: swap(p["optional-dependencies"]["dev"], "ruff", "ruff>=99"), "ruff"),
        (lambda p, e, c: p.update({"requires-python": ">=3.12"}), "environment.yml: python"),
        (lambda p, e, c: swap(e["dependencies"], "pytorch"), "environment.yml: torch"),
        (lambda p, e, c: swap(e["dependencies"], "pytorch", "pytorch>=2.5"), "yml: torch"),
        (lambda p, e, c: swap(e["dependencies"], "pip", "pip", "pandas"), "yml: pandas"),
        (lambda p, e, c: e["channels"].append("defaults"), "environment.yml: channels"),
        (lambda p, e, c: swap(e["dependencies"][-1]["pip"], "-e .", "-e .."), "the project itself"),
        (lambda p, e, c: swap(e["dependencies"][-1]["pip"], "prdc"), "environment.yml: prdc"),
        (lambda p, e, c: swap(e["dependencies"][-1]["pip"], "prdc", "prdc"), "yml: prdc"),
        (lambda p, e, c: e["dependencies"][-1]["pip"].append("torch>=2.4"), "comes from PyPI"),
        (lambda p, e, c: e["dependencies"].insert(0, "prdc>=0.2"), "comes from PyPI"),
        (lambda p, e, c: p["optional-dependencies"]["cluster"].append("dask>=2024.8"), "cluster"),
        (lambda p, e, c: swap(p["optional-dependencies"]["cluster"], "dis", "distributed"), "clus"),
        (lambda p, e, c: swap(c, "torch=="), "constraints.txt: torch None"),
        (lambda p, e, c: swap(c, "torch==", "torch==2.0"), "constraints.txt: torch 2.0"),
        (lambda p, e, c: swap(c, "types-tqdm=="), "constraints.txt: types-tqdm None"),
        (lambda p, e, c: swap(c, "torch==", "torch==2.13.0+cpu"), "no plain pin"),
        (lambda p, e, c: swap(c, "torch==", "torch>=2.13.0"), "no plain pin"),
        (lambda p, e, c: c.append("torch==2.13.0"), "no plain pin"),
    ],
)
def test_a_disagreement_is_named(files, break_it, said):
    break_it(*files.values())
    assert any(said in problem for problem in problems(**files)), problems(**files)
