"""Where the lessons and demos are: inside an installed wheel, or beside the package in a clone."""

from pathlib import Path


def bundled(name: str) -> Path:
    """The folder `name`: "lessons" or "demos".  FileNotFoundError where this copy lacks it."""
    package = Path(__file__).resolve().parent
    in_wheel = package / "_bundled"
    folder = (in_wheel if in_wheel.is_dir() else package.parent) / name
    if not folder.is_dir():
        raise FileNotFoundError(f"This copy of genart_edu has no {name}: {folder} does not exist.")
    return folder
