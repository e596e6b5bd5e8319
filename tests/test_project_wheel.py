"""The built wheel, installed away from the clone: lessons, demos and data come with it."""

import os
import re
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest

from genart_edu.bundled import demo

ROOT = Path(__file__).parents[1]
OPEN_DEMOS = """
import urllib.request
from genart_edu.bundled import demo

app = demo("app")
for file in app.PAGES.values():
    page = demo(file).demo
    port = app.serve(page, "127.0.0.1", None, "", demo("door").Room())
    without = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    assert without.open(f"http://127.0.0.1:{port}").status == 200, file
    page.close()
    print("opened", file)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, timeout=300)
    [path] = folder.glob("genart_edu-*.whl")
    return path


class Elsewhere(NamedTuple):
    """An environment that has the wheel and not the clone; it works in its folder `home`."""

    home: Path
    programs: Path

    def run(self, program: str, *arguments: str) -> str:
        """What the program prints; AssertionError if it fails."""
        variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        done = subprocess.run(
            [str(self.programs / program), *arguments],
            cwd=self.home,
            env=variables | {"PYTHONUTF8": "1", "VIRTUAL_ENV": str(self.home / "env")},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=300,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def elsewhere(wheel, tmp_path_factory) -> Elsewhere:
    home = tmp_path_factory.mktemp("a class room, 教室")
    env = {"base": str(home / "env"), "platbase": str(home / "env")}
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", env["base"]], check=True)
    pip = [sys.executable, "-m", "pip", "--python", env["base"], "install"]
    options = ["--no-deps", "--no-index", str(wheel)]
    subprocess.run(pip + options, check=True, timeout=300)

    # The other packages are this environment's. Its own .pth files, which show the clone of an
    # editable install, do not count: those are read in an environment's own folder only.
    packages = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    pth = Path(sysconfig.get_path("purelib", "venv", env), "others.pth")
    pth.write_text("\n".join(packages), "utf-8")
    return Elsewhere(home, Path(sysconfig.get_path("scripts", "venv", env)))


def files(folder: str) -> list[str]:
    """What lies in `folder` of the clone, but for what tools leave there."""
    paths = (path.relative_to(ROOT) for path in (ROOT / folder).rglob("*") if path.is_file())
    tools = {"__pycache__", ".ipynb_checkpoints", ".DS_Store"}
    return [path.as_posix() for path in paths if not tools & set(path.parts)]


def test_the_wheel_holds_lessons_demos_and_data(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    bundled = [f"genart_edu/_bundled/{path}" for path in files("lessons") + files("demos")]
    assert any(path.endswith(".ipynb") for path in bundled)
    assert "genart_edu/_bundled/demos/app.py" in bundled
    assert set(bundled + files("genart_edu")) <= names
    assert "genart_edu/data/digits.npz" in names
    assert {name.split("/")[0].split("-")[0] for name in names} == {"genart_edu"}


def test_the_clone_is_out_of_sight(elsewhere):
    code = "import sys, genart_edu; print(genart_edu.__file__, *sys.path, sep='\\n')"
    file, *path = elsewhere.run("python", "-c", code).splitlines()
    assert Path(file).is_relative_to(elsewhere.home)
    assert str(ROOT) not in path


def test_the_command_is_there(elsewhere):
    printed = elsewhere.run("genart", "--help")
    assert all(word in printed for word in ("train", "sample", "demo", "lab", "doctor"))


def test_the_digits_load(elsewhere):
    code = "from genart_edu.data.images import digits; print(len(digits()))"
    assert elsewhere.run("python", "-c", code) == "1797\n"


def test_every_demo_opens(elsewhere):
    opened = re.findall(r"^opened (.+)$", elsewhere.run("python", "-c", OPEN_DEMOS), re.MULTILINE)
    assert opened == [*demo("app").PAGES.values()]


def test_the_modules_of_every_lesson_are_there(elsewhere):
    text = "".join((ROOT / p).read_text("utf-8") for p in files("lessons") if p.endswith(".ipynb"))
    modules = sorted(set(re.findall(r"(?:from|import) (genart_edu\.[\w.]+)", text)))
    assert modules
    elsewhere.run("python", "-c", f"import {', '.join(modules)}")


def test_the_lessons_become_the_students_own(elsewhere):
    code = "from pathlib import Path; from genart_edu.classroom import copy_lessons as copy;"
    copy = ("python", "-c", f"{code} print(*copy(Path('my lessons')))")
    elsewhere.run(*copy)
    mine = elsewhere.home / "my lessons"
    expected = {path.removeprefix("lessons/") for path in files("lessons")}
    assert expected <= {p.relative_to(mine).as_posix() for p in mine.rglob("*") if p.is_file()}

    lesson, *_ = sorted(mine.glob("*.ipynb"))
    lesson.write_text("an edit", "utf-8")
    elsewhere.run(*copy)
    assert lesson.read_text("utf-8") == "an edit"
