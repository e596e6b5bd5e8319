"""What every lesson file must be, beside running: nbval runs them."""

import json
from pathlib import Path

import pytest

LESSONS = Path(__file__).parents[1] / "lessons"
FILES = sorted(LESSONS.glob("*.ipynb"))
EACH = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def test_there_are_lessons_and_the_readme_names_each_in_order():
    readme = (LESSONS / "README.md").read_text("utf-8")
    places = [readme.find(f"({path.name})") for path in FILES]
    assert len(FILES) >= 4 and -1 not in places and places == sorted(places)


@EACH
def test_a_lesson_is_no_larger_than_a_school_network_likes(path):
    assert path.stat().st_size < 1_600_000


@EACH
def test_a_viewer_without_a_kernel_sees_pictures_and_no_error(path):
    """JupyterLab shows "model not found" for the view of a widget that is not there."""
    notebook = json.loads(path.read_text("utf-8"))
    assert "widgets" not in notebook["metadata"]
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            kinds = output.get("data", {})
            assert not [kind for kind in kinds if "widget" in kind], "".join(cell["source"])
            assert "image/png" not in kinds or output["metadata"]["image/png"]["alt"]


@EACH
def test_a_lesson_rewinds_or_forks_a_run(path):
    """In a cell that a test runs: what only a solution shows could be broken."""
    notebook = json.loads(path.read_text("utf-8"))
    code = ["".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "code"]
    assert any(".rewind(" in source or ".fork(" in source for source in code)
