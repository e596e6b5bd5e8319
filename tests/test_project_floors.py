"""The floors of the house (docs/architecture.md): imports point down only.  And its size."""

import ast
import subprocess
import sys
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FLOORS = [  # rooms and single files of genart_edu, from the ground up
    {"__init__"},
    {"data", "nets", "device", "metrics", "views", "bundled"},
    {"vae", "gan"},
    {"lab"},
    {"art", "exercises"},
    {"widgets"},
    {"classroom", "doctor"},
    {"cli", "demos"},
]
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
DEVICE = ("device", 1)  # the one room that its neighbours may use
ROOMS_FOR = {  # the only rooms that may import a library
    "ipywidgets": {"widgets"},
    "anywidget": {"widgets"},
    "gradio": {"demos"},
    "matplotlib": {"views"}.union(*FLOORS[3:]),
}


def imports(source: str, package: list[str]) -> set[str]:
    """Dotted names of what `source` imports; `package`: where it lies, for relative imports."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            base = base + node.module.split(".") if node.module else base
            found |= {".".join([*base, alias.name]) for alias in node.names}
    return found


def problems(path: str, source: str) -> list[str]:
    """What `source`, at `path` below the root, imports against the rules."""
    parts = Path(path).with_suffix("").parts
    room = parts[0] if parts[0] == "demos" else parts[1]
    if room not in FLOOR:
        return [f"{path} is on no floor"]
    found = []
    for name in sorted(imports(source, list(parts[:-1]))):
        top, _, rest = name.partition(".")
        if room not in ROOMS_FOR.get(top, {room}):
            found.append(f"{path} imports {top}")
        if top == "demos":
            found.append(f"{path} imports {name}: demos are loaded by file")
        if top != "genart_edu" or rest == "__version__":
            continue
        target = rest.split(".")[0]
        if target not in FLOOR:
            found.append(f"{path} imports {name}, which is on no floor")
        elif target != room and FLOOR[target] >= FLOOR[room] and (target, FLOOR[room]) != DEVICE:
            found.append(f"{path} imports {name}, which is not below it")
    return found


def sources(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def lines_of_code(path: Path) -> int:
    """Lines that hold code: what explains it, and what is empty, costs nothing."""
    if path.suffix == ".js":
        lines = [line.strip() for line in path.read_text("utf-8").splitlines()]
        return sum(not line.startswith("//") for line in lines if line)
    found: set[int] = set()
    first = True  # of a statement: a string there is a docstring
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            if token.type in NO_CODE:
                first = first or token.type == tokenize.NEWLINE
                continue
            if not (first and token.type == tokenize.STRING):
                found |= set(range(token.start[0], token.end[0] + 1))
            first = False
    return len(found)


NO_CODE = {
    *(tokenize.ENCODING, tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE),
    *(tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER),
}


def test_imports_point_down():
    found = []
    for path in sources("genart_edu", "demos"):
        found += problems(path.relative_to(ROOT).as_posix(), path.read_text("utf-8"))
    assert found == []


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("genart_edu/data/x.py", "import genart_edu.lab.run"),
        ("genart_edu/data/x.py", "from genart_edu import lab"),
        ("genart_edu/data/x.py", "from genart_edu.nets import mlp"),  # another room of its floor
        ("genart_edu/data/x.py", "from ..views import canvas"),
        ("genart_edu/vae/x.py", "from genart_edu.gan.model import Generator"),
        ("genart_edu/vae/x.py", "def f():\n    import genart_edu.widgets.player"),
        ("genart_edu/lab/x.py", "from .. import cli"),
        ("genart_edu/lab/x.py", "import genart_edu"),
        ("genart_edu/lab/x.py", "from genart_edu.attic import old"),
        ("genart_edu/lab/x.py", "import ipywidgets"),
        ("genart_edu/lab/x.py", "from anywidget import AnyWidget"),
        ("genart_edu/gan/x.py", "from matplotlib.figure import Figure"),
        ("genart_edu/nets.py", "import matplotlib.pyplot as plt"),
        ("genart_edu/cli.py", "import gradio as gr"),
        ("genart_edu/cli.py", "from demos import app"),
        ("genart_edu/widgets/x.py", "if True:\n    from gradio import Blocks"),
        ("genart_edu/__init__.py", "from genart_edu.device import rngs"),
        ("genart_edu/device.py", "from genart_edu import nets"),
        ("genart_edu/attic.py", "import math"),
        ("demos/x.py", "from . import app"),
        ("demos/x.py", "from genart_edu import cli"),
    ],
)
def test_an_import_against_the_rules_is_named(path, source):
    assert problems(path, source) != []


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("genart_edu/data/x.py", "from . import images\nfrom genart_edu.data.idx import idx"),
        ("genart_edu/data/x.py", "from genart_edu.device import rngs"),
        ("genart_edu/vae/x.py", "import torch\nfrom genart_edu import nets\nfrom . import model"),
        ("genart_edu/lab/x.py", "import matplotlib.figure\nimport genart_edu.gan.model"),
        ("genart_edu/widgets/x.py", "import ipywidgets\nfrom genart_edu.lab import live"),
        ("genart_edu/cli.py", "from genart_edu import __version__\nfrom genart_edu import widgets"),
        ("demos/x.py", "import gradio as gr\nfrom genart_edu.lab.live import Live"),
    ],
)
def test_an_import_within_the_rules_passes(path, source):
    assert problems(path, source) == []


def test_importing_the_package_alone_is_cheap():
    heavy = "{'torch', 'numpy', 'matplotlib', 'gradio', 'ipywidgets'}"
    code = f"import sys, genart_edu; print({heavy} & sys.modules.keys())"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert run.stdout == "set()\n", run.stdout + run.stderr


def test_files_are_short():
    """With all that explains them: a student reads a file from top to bottom."""
    paths = sources("genart_edu", "demos")
    length = {
        str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in paths
    }
    assert {name: n for name, n in length.items() if n >= 200} == {}


def test_the_package_is_small():
    """In lines of code, so that nobody saves on a docstring's shapes, equation and paper."""
    wings = sources("genart_edu/vae", "genart_edu/gan")
    everything = [*sources("genart_edu"), *(ROOT / "genart_edu").rglob("*.js")]
    assert 0 < sum(map(lines_of_code, wings)) < 1_500
    assert 0 < sum(map(lines_of_code, everything)) < 6_800


def test_what_explains_code_is_not_counted_as_code(tmp_path):
    python, script = tmp_path / "x.py", tmp_path / "x.js"
    python.write_text('''"""What
    it is."""

# Why.
X = """two
lines"""


def f():  # why
    """What."""
    return (
        X
    )
''')
    script.write_text("// Why.\n\nlet x = 1; // why\n")
    assert (lines_of_code(python), lines_of_code(script)) == (6, 1)
