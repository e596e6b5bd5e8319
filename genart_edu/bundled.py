"""Where the lessons and demos are: inside an installed wheel, or beside the package in a clone."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType


def bundled(name: str) -> Path:
    """The folder `name`: "lessons" or "demos".  FileNotFoundError where this copy lacks it."""
    package = Path(__file__).resolve().parent
    in_wheel = package / "_bundled"
    folder = (in_wheel if in_wheel.is_dir() else package.parent) / name
    if not folder.is_dir():
        raise FileNotFoundError(f"This copy of genart_edu has no {name}: {folder} does not exist.")
    return folder


def demo(name: str) -> ModuleType:
    """The file demos/NAME.py as a module, loaded once: all pages share what it holds."""
    known = f"genart_edu_demos.{name}"
    if known not in sys.modules:
        spec = importlib.util.spec_from_file_location(known, bundled("demos") / f"{name}.py")
        assert spec is not None and spec.loader is not None
        module = sys.modules[known] = importlib.util.module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[known]
            raise
    return sys.modules[known]
