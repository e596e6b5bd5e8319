"""What a run leaves: a script that makes the same bits, and pictures that say what they are."""

import io
import json
import os
import runpy
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence

from genart_edu.data.catalogue import load
from genart_edu.lab import checkpoint, export, saved
from genart_edu.lab.experiment import Experiment
from genart_edu.lab.run import Run
from genart_edu.lab.stages import figure_of
from genart_edu.lab.tree import Tree
from genart_edu.views.style import DARK
from tests.states import everything, flat

VAE = Experiment(hidden_dim=8, batch_size=16, latent_dim=2)
RING = Experiment("gan", "ring", hidden_dim=8, batch_size=16, seed=3)
DRAWN = "drawn:-0.50 0.00 0.50 0.00;0.00 0.80"
SAVED = """
from pathlib import Path
from genart_edu.lab import checkpoint
checkpoint.save(Path("again.safetensors"), run, {})
"""


def played(run: Run, steps: int) -> None:
    for _ in run.play(steps, every=1_000):
        pass


def vae() -> Tree:
    tree = Tree(VAE)
    played(tree.run, 130)
    tree.run.set(beta=2.0, lr=1 / 3000)
    played(tree.run, 40)
    return tree


def gan() -> Tree:
    """Half steps before the first step, a setting moved twice, and a target redrawn."""
    tree = Tree(RING)
    tree.run.half_step("discriminator_step")
    tree.run.half_step("discriminator_step")
    played(tree.run, 60)
    tree.run.set(lr=1e-4, discriminator_lr=2e-4)
    tree.run.set(lr=3e-4)
    tree.run.half_step("generator_step")
    tree.run.set(r1=0.1)
    played(tree.run, 51)
    tree.run.set(data=DRAWN)
    played(tree.run, 9)
    return tree


def ensemble() -> Tree:
    tree = Tree(Experiment("gan", "grid", hidden_dim=8, batch_size=8, seeds=3))
    played(tree.run, 20)
    tree.run.half_step("generator_step")
    played(tree.run, 20)
    return tree


def fork() -> Tree:
    """A fork that was rewound to after an event of its own: a later one lies ahead."""
    tree = Tree(RING)
    tree.run.set(discriminator_lr=0.002)
    played(tree.run, 80)
    tree.rewind(50)
    tree.fork(lr=2e-4)
    played(tree.run, 40)
    tree.run.half_step("generator_step")
    tree.rewind(70)
    return tree


KINDS = pytest.mark.parametrize("grow", [vae, gan, ensemble, fork])


def script(tree: Tree) -> str:
    return export.script(tree.experiment, tree.run, tree.stage)


def again(source: str, folder: Path) -> Run:
    """The run that a script makes, here."""
    path = folder / "run.py"
    path.write_text(source, encoding="utf-8")
    return runpy.run_path(str(path))["run"]


# ---- the script ---------------------------------------------------------------------------


@KINDS
def test_the_script_ends_in_the_same_bits_in_a_fresh_process(grow, tmp_path):
    tree = grow()
    path = tmp_path / "a run 空格.py"
    path.write_text(script(tree) + SAVED, encoding="utf-8")
    root = str(Path(export.__file__).parents[2])
    done = subprocess.run(
        [sys.executable, path.name],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": root},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    found = checkpoint.read(tmp_path / "again.safetensors")
    assert flat(found.state) == flat(tree.run.state_dict())
    assert found.tape == tree.run.events
    history = {name: column.tolist() for name, column in found.log.arrays().items()}
    assert history == {name: column.tolist() for name, column in tree.run.history.items()}
    assert done.stdout.strip() == tree.stage.status(tree.run.history)


def test_what_was_done_is_said_call_by_call():
    assert (
        script(gan()).split(".start()\n")[1]
        == f'''run.half_step("discriminator_step")
run.half_step("discriminator_step")
for _ in run.play(60, every=60):
    pass
run.set(lr=0.0001, discriminator_lr=0.0002)
run.set(lr=0.0003)
run.half_step("generator_step")
run.set(r1=0.1)
for _ in run.play(51, every=51):
    pass
run.set(data="{DRAWN}")
for _ in run.play(9, every=9):
    pass
print(stage.renew(run).status(run.history))
'''
    )


def test_all_that_was_left_open_is_said():
    source = script(Tree(RING))
    assert source.startswith('"""GAN on ring · seed 3 · step 0: ')
    for line in ('    model="gan",', "    depth=2,", "    r1=0.0,", '    device="cpu",'):
        assert line in source.splitlines()
    assert "beta" not in source and "data=" in source


LINES = ";".join(f"{x / 100:.2f} -1.00 {x / 100:.2f} 0.00" for x in range(0, 100, 9))


@pytest.mark.parametrize(
    "experiment",
    [
        RING,
        Experiment("vae", "moons", hidden_dim=8, warmup=9),
        Experiment("gan", f"drawn:{LINES}", hidden_dim=8, lr=np.float64(1e-3)),
        Experiment("vae", "digits-grey", hidden_dim=8, likelihood="gaussian", variance=0.1),
        Experiment("gan", hidden_dim=4, labels=True, conv=True, batch_size=4, n_critic=2),
    ],
    ids=["no steps", "schedule", "drawing", "variance", "labels"],
)
def test_any_experiment_can_be_written_down(experiment, tmp_path, capsys):
    tree = Tree(experiment)
    played(tree.run, 0 if experiment is RING else 3)
    assert everything(again(script(tree), tmp_path)) == everything(tree.run)
    assert capsys.readouterr().out.startswith(f"Step {tree.run.step}")


NAMES = "plain", "中文 it's", *(() if os.name == "nt" else ("a \"b\" 'c'", "C:\\Users\\n"))


@pytest.mark.parametrize("name", NAMES)
def test_ones_own_folder_whatever_its_name(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / name
    folder.mkdir()
    for i, picture in enumerate(load("digits")[0].pixels[:30]):
        Image.fromarray(np.asarray(picture).reshape(8, 8)).save(folder / f"{i:02}.png")
    tree = Tree(Experiment("vae", f"folder:{folder.name}", hidden_dim=8))
    played(tree.run, 4)
    assert everything(again(script(tree), tmp_path)) == everything(tree.run)


def test_a_run_that_was_resumed_is_written_from_its_first_step_on(tmp_path):
    tree = gan()
    path = tmp_path / "checkpoint.safetensors"
    saved.save(path, tree.experiment, tree.run, tree.stage)
    experiment, run, stage = saved.resume(path)
    played(run, 5)
    assert everything(again(export.script(experiment, run, stage), tmp_path)) == everything(run)


# ---- the picture --------------------------------------------------------------------------

STRIP = 60  # pixels of small print: .3 inches of 200


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(opened(data).convert("RGB")).astype(int)


def picture(tree: Tree, *theme) -> bytes:
    return export.picture(tree.experiment, tree.run, tree.stage, *theme)


@KINDS
def test_a_picture_says_what_it_is_in_fields_that_any_program_reads(grow):
    tree = grow()
    fields = opened(picture(tree)).text
    past = json.loads(fields["genart_edu"])
    built = Experiment(**past["experiment"])
    assert built == saved.as_built(tree.experiment, tree.run, tree.stage)
    assert (past["step"], past["events"]) == (tree.run.step, [[*e] for e in tree.run.events])
    kind = f"{built.model.upper()} on {built.data} · seed {built.seed} · step {tree.run.step:,}"
    assert fields["Title"] == kind and fields["Description"].startswith(kind)
    assert fields["Software"].startswith("genart_edu 0.")


def test_the_small_print_says_what_is_not_usual_and_what_was_done():
    experiment = replace(RING, labels=False, lr=0.002, packing=2, minibatch_std=True)
    tree = Tree(experiment)
    for _ in range(3):
        tree.run.half_step("discriminator_step")
    played(tree.run, 2)
    tree.run.set(r1=0.25, data=DRAWN)
    assert opened(picture(tree)).text["Description"] == (
        "GAN on ring · seed 3 · step 2 · hidden dim 8 · batch size 16 · learning rate 0.002 · "
        "packing 2 · minibatch std True · discriminator step 3x at 0 · R1 0.25 at 2 · "
        "data drawn at 2"
    )


def test_of_a_usual_run_there_is_little_to_say():
    for experiment in Experiment(), Experiment("gan", "grid"), Experiment("gan"):
        text = opened(picture(Tree(experiment))).text
        assert text["Description"] == text["Title"]


@pytest.mark.parametrize("theme", [(), (DARK,)], ids=["light", "dark"])
def test_the_small_print_stands_below_and_covers_nothing(theme):
    tree = gan()
    for _ in range(12):
        tree.run.set(discriminator_lr=0.000123456)
        tree.run.advance()
    tree.stage.figure(tree.run.history)
    alone = pixels(tree.stage.figure(tree.run.history, *theme)._repr_png_()[0])
    printed = pixels(picture(tree, *theme))
    assert printed.shape == (alone.shape[0] + STRIP, *alone.shape[1:])
    assert (printed[:-STRIP] == alone).all()
    strip = abs(printed[-STRIP:] - printed[-1, -1]).max(axis=2) > 100
    inked = np.flatnonzero(strip.any(axis=0))
    assert 20 < inked[0] < 60 and 0.7 * strip.shape[1] < inked[-1] < strip.shape[1] - 20
    assert not strip[:8].any() and not strip[-8:].any()


# ---- the film -----------------------------------------------------------------------------


def film(tree: Tree, frames: int) -> Image.Image:
    return opened(export.film(tree.experiment, tree.run, tree.stage, frames))


def shots(gif: Image.Image) -> list[np.ndarray]:
    return [np.asarray(frame.convert("RGB")).astype(int) for frame in ImageSequence.Iterator(gif)]


def shown(tree: Tree, step: int) -> np.ndarray:
    """The scene of a run that is made anew, by hand, up to a step."""
    run, stage = tree.experiment.start()
    for event in (event for event in tree.run.events if event.step <= step):
        played(run, event.step - run.step)
        if event.name in run.trainer.half_steps:
            run.half_step(event.name)
        else:
            run.set(**{event.name: event.value})
    played(run, step - run.step)
    stage = stage.renew(run)
    stage.layers.update(tree.stage.layers)
    buffer = io.BytesIO()
    figure = figure_of([stage.panels[stage.scene]], run.history)
    figure.savefig(buffer, format="png", dpi=100)
    return pixels(buffer.getvalue())


@KINDS
def test_a_film_shows_the_run_at_evenly_spaced_steps_as_it_was(grow):
    """Four frames, each the same as of a run that was made anew: the target of its time, too."""
    tree = grow()
    if "surface" in tree.stage.layers:
        tree.stage.layers.update(surface=False, optimum=False, manifold=True)
    found = shots(film(tree, 4))
    steps = [0, tree.run.step // 3, tree.run.step * 2 // 3, tree.run.step]
    expected = [shown(tree, step) for step in steps]
    assert len(found) == 4
    for i, shot in enumerate(found):
        apart = [abs(shot[: len(one)] - one).mean() for one in expected]
        assert apart[i] < 0.5 and all(
            other > 2 * apart[i] for j, other in enumerate(apart) if j != i
        )
        assert (abs(shot[len(expected[0]) :] - shot[-1, -1]).max(axis=2) > 100).sum() > 100


def test_a_film_says_when_and_what_it_is_and_lasts_on_its_last_picture():
    tree = vae()
    gif = film(tree, 5)
    times = [frame.info["duration"] for frame in ImageSequence.Iterator(gif)]
    assert times == [250, 250, 250, 250, 2_000] and gif.info["loop"] == 0
    assert gif.info["comment"].decode() == opened(picture(tree)).text["genart_edu"]


def test_what_does_not_move_in_a_film_does_not_flicker():
    """The axes and their names are the same pixels in each frame; white is white."""
    found = shots(film(vae(), 5))
    still = np.ptp(np.stack(found)[:, :40], axis=0)  # the title
    assert still.max() == 0 and all((shot[0, 0] == 255).all() for shot in found)
    tones = {tuple(tone) for shot in found for tone in shot.reshape(-1, 3)}
    assert len(tones) <= 256


@pytest.mark.parametrize("steps", [0, 1, 3])
def test_a_short_run_has_a_frame_for_each_step(steps):
    tree = Tree(VAE)
    played(tree.run, steps)
    assert len(shots(film(tree, 24))) == steps + 1


@pytest.mark.parametrize("stop", [None, KeyboardInterrupt, ZeroDivisionError])
def test_the_run_rests_while_it_is_filmed_whatever_happens(stop, monkeypatch):
    tree, calls = fork(), []
    before, keys = everything(tree.run), tree.run.memory.states
    budget, layers, end = tree.run.memory.budget, dict(tree.stage.layers), tree.run.end
    draw = export.figure_of

    def broken(*args):
        calls.append(args)
        if stop and len(calls) == 3:
            raise stop
        return draw(*args)

    monkeypatch.setattr(export, "figure_of", broken)
    if stop:
        with pytest.raises(stop):
            film(tree, 4)
    else:
        film(tree, 4)
    assert everything(tree.run) == before and tree.stage.layers == layers
    assert (tree.run.end, tree.run.memory.budget) == (end, budget)
    assert {step: tree.run.memory.states[step] for step in keys} == keys
    tree.rewind(end)
    assert [event.name for event in tree.run.events][-1] == "generator_step"


# ---- all of it, in a folder ---------------------------------------------------------------

FILES = ["run.py", "history.csv", "picture.png", "film.gif"]


@pytest.fixture
def brief(monkeypatch):
    """Films of two frames."""
    make = export.film
    monkeypatch.setattr(export, "film", lambda *of: make(*of, frames=2))


def test_keep_leaves_the_tree_and_what_tells_of_the_run_that_is_looked_at(brief, tmp_path):
    tree = fork()
    folder = tmp_path / "a place with 空格"
    paths = export.keep(tree, folder)
    assert sorted(folder.iterdir()) == sorted(paths)
    assert [path.name for path in paths][:2] == ["run-1.safetensors", "run-2.safetensors"]
    assert [path.name for path in paths][2:] == FILES
    assert (folder / "run.py").read_text("utf-8") == script(tree)
    rows = (folder / "history.csv").read_text().splitlines()
    assert rows[0] == ",".join(tree.run.history) and len(rows) == 1 + tree.run.step
    played(tree.run, 3)
    assert export.keep(tree, folder) == paths
    assert (folder / "run.py").read_text("utf-8") == script(tree)
    assert sorted(folder.iterdir()) == sorted(paths)


@pytest.fixture
def drawn(monkeypatch):
    """Pictures that cost nothing, for tests of what becomes of the files."""
    monkeypatch.setattr(export, "film", lambda *_: b"film")
    monkeypatch.setattr(export, "picture", lambda *_: b"picture")


def test_export_finds_a_folder_once_and_says_where(drawn, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tree, other = Tree(VAE), Tree(VAE)
    files = ", ".join(["run-1.safetensors", *FILES])
    for each, name in (tree, "vae-digits"), (tree, "vae-digits"), (other, "vae-digits-2"):
        assert export.export(each) == f"Kept in {Path('genart-runs') / name}: {files}."
        assert (tmp_path / "genart-runs" / name / "run.py").exists()


def test_another_trees_folder_is_left_alone(drawn, tmp_path):
    export.keep(fork(), tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(ValueError, match="holds runs already"):
        export.keep(gan(), tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("name", FILES)
def test_what_can_not_be_written_is_said_and_the_rest_stays(drawn, name, tmp_path, monkeypatch):
    tree = vae()
    export.keep(tree, tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    move = os.replace

    def full(part, path):
        if Path(path).name == name:
            raise OSError(28, "No space left on device")
        move(part, path)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match=f"Can't write .*{name}: No space left on device"):
        export.keep(tree, tmp_path)
    monkeypatch.undo()
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
