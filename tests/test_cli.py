"""`genart` as a user types it: what it leaves, what it says, and its exit codes."""

import csv
import io
import json
import runpy
import subprocess
import sys
from dataclasses import asdict, fields
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from genart_edu import classroom, cli
from genart_edu.lab import export
from genart_edu.lab.experiment import Experiment
from genart_edu.lab.options import varied
from genart_edu.lab.run import Run


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    folder = tmp_path / "a place with 空格"
    folder.mkdir()
    monkeypatch.chdir(folder)


def run(*words):
    """The exit code; argparse leaves by SystemExit."""
    try:
        return cli.main(words)
    except SystemExit as leaving:
        return leaving.code


def history(folder):
    rows = list(csv.DictReader(io.StringIO((folder / "history.csv").read_text())))
    return {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}


SWEEP = ("sweep", "gan", "--data", "ring", "--hidden-dim", "8", "--out", "genart-runs/sweep")


@pytest.mark.parametrize(
    "choices",
    [
        ("vae",),
        ("vae", "--data", "digits-grey", "--likelihood", "gaussian", "--latent-dim", "2"),
        ("vae", "--data", "moons"),
        ("vae", "--beta", "2", "--free-bits", ".1", "--warmup", "5", "--labels"),
        ("vae", "--data", "motifs", "--conv", "--hidden-dim", "4", "--cycle", "6"),
        ("vae", "--data", "digits-grey", "--likelihood", "gaussian", "--variance", "optimal"),
        ("vae", "--data", "digits-grey", "--likelihood", "gaussian", "--variance", ".1"),
        ("gan", "--data", "ring", "--objective", "minimax", "--n-critic", "2", "--r1", ".1"),
        ("gan", "--data", "ring", "--seeds", "3", "--packing", "2", "--average", ".9"),
        ("gan", "--data", "ring", "--minibatch-std", "--unroll", "1", "--cosine", "12"),
        ("gan", "--conv", "--labels", "--hidden-dim", "4", "--spectral-norm", "--beta1", "0"),
        ("gan", "--gradient-penalty", "1", "--instance-noise", ".1", "--discriminator-lr", ".001"),
        ("gan", "--data", "motifs", "--batch-size", "16", "--activation", "relu"),
    ],
)
def test_train_leaves_checkpoint_history_and_poster_and_says_where(choices, capsys):
    assert run("train", *choices, "--steps", "12", "--out", "out", "--device", "cpu") == 0
    said = capsys.readouterr().out
    for name in ("checkpoint.safetensors", "history.csv", "poster.png"):
        assert str(Path("out") / name) in said
    kept = history(Path("out"))
    assert kept["step"].tolist() == list(range(1, 13))
    assert all(np.isfinite(column).all() for column in kept.values())
    pictures = {path.name for path in Path("out").glob("*.png")}
    stills = {"vae": {"kl.png", "latent.png"}, "gan": {"gradients.png"}}
    assert pictures == {"poster.png"} | stills[choices[0]]
    for name in pictures:
        assert np.asarray(Image.open(f"out/{name}").convert("L")).std() > 10  # something is drawn


def test_a_run_that_breaks_in_its_first_step_still_leaves_all_and_says_how_to_go_on(capsys):
    assert run("train", "vae", "--lr", "1e38", "--steps", "5", "--out", "out") == 1
    said = capsys.readouterr().out
    assert "was not finite" in said and "Go on with: genart resume" in said
    assert {"history.csv", "poster.png", "kl.png"} <= {path.name for path in Path("out").iterdir()}


def said(*words):
    """The experiment that a command line says."""
    options = vars(cli._parser().parse_args(words))
    names = [field.name for field in fields(Experiment)]
    return Experiment(**{name: options[name] for name in options if name in names})


@pytest.mark.parametrize("command", [("train",), ("sweep", "--out", "out")])
def test_what_is_not_said_is_the_experiments_own(command):
    assert said(*command, "gan", "--data", "ring") == Experiment("gan", "ring")


@pytest.mark.parametrize("name", [field.name for field in fields(Experiment)[1:]])
def test_every_choice_of_an_experiment_can_be_said_and_varied(name):
    """As what it is there: a number is no text."""
    own = getattr(Experiment("vae", "digits").settled(images=True), name)
    own = own if own is not None else getattr(Experiment("gan").settled(images=True), name)
    other = (not own) if isinstance(own, bool) else own if isinstance(own, str) else own + 1
    words = [f"--{name.replace('_', '-')}", *([] if isinstance(own, bool) else [str(other)])]
    value = getattr(said("train", "vae", *words), name)
    assert (value, type(value)) == (other, type(own))
    assert varied(f"{name.replace('_', '-')}={own},{other}") == (name, [own, other])


def test_the_history_of_seeds_that_train_as_one_has_a_column_for_each():
    assert run("train", "gan", "--data", "ring", "--seeds", "3", "--steps", "4", "--out", "3") == 0
    together, _ = Experiment("gan", "ring", seeds=3).start()
    list(together.play(4))
    kept = history(Path("3"))
    for name, values in together.history.items():
        if name != "step":
            columns = [kept.pop(f"{name} {i}") for i in range(3)]
            assert np.array_equal(np.stack(columns, axis=1), values)
    assert list(kept) == ["step"]


def test_the_same_seed_gives_the_same_history_and_another_seed_another():
    for out, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        assert run("train", "vae", "--steps", "20", "--seed", seed, "--out", out) == 0
    a, b, c = (Path(out, "history.csv").read_text() for out in "abc")
    assert a == b != c


def test_a_run_is_never_overwritten(capsys):
    assert run("train", "vae", "--steps", "1") == run("train", "vae", "--steps", "1") == 0
    assert sorted(f.name for f in Path("genart-runs").iterdir()) == ["vae-digits", "vae-digits-2"]
    assert run("train", "vae", "--steps", "1", "--out", "genart-runs/vae-digits") == 2
    assert "holds a run already" in capsys.readouterr().err


def test_resume_goes_on_as_if_it_had_never_stopped():
    assert run("train", "gan", "--data", "digits-grey", "--steps", "30", "--out", "whole") == 0
    assert run("train", "gan", "--data", "digits-grey", "--steps", "17", "--out", "parts") == 0
    assert run("resume", "parts/checkpoint.safetensors", "--steps", "13") == 0
    assert Path("parts/history.csv").read_text() == Path("whole/history.csv").read_text()


def test_ctrl_c_keeps_the_run_and_says_how_to_go_on(monkeypatch, capsys):
    assert run("train", "vae", "--steps", "40", "--out", "whole") == 0
    advance = Run.advance

    def interrupted(self):
        if self.step == 23:
            raise KeyboardInterrupt
        advance(self)

    with monkeypatch.context() as patch:
        patch.setattr(Run, "advance", interrupted)
        assert run("train", "vae", "--steps", "40", "--out", "parts") == 130
    assert "genart resume" in capsys.readouterr().out
    assert len(history(Path("parts"))["step"]) == 23
    assert run("resume", "parts/checkpoint.safetensors", "--steps", "17") == 0
    assert Path("parts/history.csv").read_text() == Path("whole/history.csv").read_text()


def test_training_that_breaks_down_keeps_the_last_good_state(capsys):
    assert run("train", "vae", "--lr", "1e20", "--steps", "20", "--out", "out") == 1
    assert "not finite" in capsys.readouterr().out
    assert np.isfinite(history(Path("out"))["kl"]).all()


FILES = ["film.gif", "history.csv", "picture.png", "run.py"]


def test_export_leaves_a_script_that_makes_a_saved_run_again_and_its_pictures(capsys):
    assert run("train", "gan", "--data", "ring", "--steps", "12", "--out", "out") == 0
    before = {path: path.read_bytes() for path in Path("out").iterdir()}
    capsys.readouterr()
    assert run("export", "out/checkpoint.safetensors", "--out", "elsewhere") == 0
    assert sorted(path.name for path in Path("elsewhere").iterdir()) == FILES
    said = capsys.readouterr().out
    assert "12 steps" in said and all(str(Path("elsewhere") / name) in said for name in FILES)
    assert run("export", "out/checkpoint.safetensors") == 0
    for name in FILES:
        assert Path("out", name).read_bytes() == Path("elsewhere", name).read_bytes()
    assert {path: path.read_bytes() for path in before} == before
    made = runpy.run_path("out/run.py")["run"]
    for name, values in history(Path("out")).items():
        assert made.history[name].tolist() == values.tolist()


def test_ctrl_c_while_a_film_is_made_leaves_what_was_written_whole(monkeypatch):
    assert run("train", "vae", "--steps", "3", "--out", "out") == 0

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(export, "film", interrupted)
    assert run("export", "out/checkpoint.safetensors", "--out", "new") == 130
    assert sorted(path.name for path in Path("new").iterdir()) == FILES[1:]
    assert Image.open("new/picture.png").text["Title"] == "VAE on digits · seed 0 · step 3"


@pytest.mark.parametrize("data", ["digits", "ring"])
def test_sample_paints_what_was_trained(data, capsys):
    assert run("train", "gan", "--data", data, "--steps", "5", "--out", "out") == 0
    capsys.readouterr()
    for seed in ("0", "1"):
        assert run("sample", "out/checkpoint.safetensors", "-n", "10", "--seed", seed) == 0
    first, second = (Path(line) for line in capsys.readouterr().out.splitlines())
    pixels = [np.asarray(Image.open(path).convert("L"), float) for path in (first, second)]
    assert pixels[0].std() > 10
    assert not np.array_equal(*pixels)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "COMMAND"),
        (("paint",), "invalid choice"),
        (("train",), "model"),
        (("train", "diffusion"), "vae, gan"),
        (("train", "vae", "--data", "nothing"), "digits"),
        (("train", "vae", "--data", "folder:not here"), "not here"),
        (("train", "vae", "--steps", "0"), "--steps"),
        (("train", "vae", "--lr", "fast"), "--lr"),
        (("train", "vae", "--lr", "-1"), "lr"),
        (("train", "vae", "--lr", "nan"), "lr"),
        (("train", "vae", "--latent-dim", "0"), "latent_dim"),
        (("train", "vae", "--beta", "-0.1"), "beta"),
        (("train", "vae", "--likelihood", "poisson"), "bernoulli, gaussian"),
        (("train", "gan", "--objective", "magic"), "minimax, nonsaturating"),
        (("train", "gan", "--beta1", "1"), "beta1"),
        (("train", "gan", "--beta", "2"), "of a vae"),
        (("train", "gan", "--seeds", "2"), "in the plane"),
        (("train", "gan", "--batch-size", "1501"), "1500"),
        (("train", "gan", "--device", "toaster"), "cuda"),
        (("train", "gan", "--seed", "-1"), "seed"),
        (("resume", "nothing.safetensors"), "nothing.safetensors"),
        (("sample", "README.md"), "README.md"),
        (("export", "nothing.safetensors"), "nothing.safetensors"),
        (("export", "README.md"), "README.md"),
        (("sample", "x", "-n", "0"), "-n"),
        ((*SWEEP, "--vary", "speed=1,2"), "'speed'"),
        ((*SWEEP, "--vary", "lr=1e-3,fast"), "lr can't be '1e-3,fast'"),
        ((*SWEEP, "--vary", "lr"), "lr can't be ''"),
        ((*SWEEP, "--vary", "conv=maybe"), "conv can't be 'maybe'"),
        ((*SWEEP, "--vary", "packing=1,0"), "packing"),
        ((*SWEEP, "--vary", "seed=1,2"), "'seed'"),
        ((*SWEEP, "--jobs", "0"), "--jobs"),
        ((*SWEEP, "--seeds", "0"), "a seed"),
        (("sweep", "gan", "--data", "ring"), "--out"),
    ],
)
def test_a_bad_argument_gets_one_sentence_and_exit_code_2(words, says, capsys):
    Path("README.md").write_text("no checkpoint")
    assert run(*words) == 2
    said = capsys.readouterr().err.strip()
    assert said.startswith("genart") and says in said
    assert len(said.splitlines()) == 1 and "Traceback" not in said
    assert not Path("genart-runs").exists()


def test_sweep_leaves_a_table_a_map_and_what_it_was_and_can_be_said_again(capsys):
    words = (*SWEEP, "--vary", "packing=1,2", "--vary", "discriminator-lr=1e-3", "--steps", "3")
    words = (*words, "--vary", "discriminator-lr=1e-2", "--seeds", "2", "--device", "cpu")
    assert run(*words) == 0
    first = capsys.readouterr().out
    settings = [f"packing {p}, discriminator_lr {lr}: " for p in (1, 2) for lr in (0.001, 0.01)]
    lines = first.splitlines()
    assert [line[: line.index(": ") + 2] for line in lines[:4]] == settings
    assert all(line.endswith(" of 2 collapsed") for line in lines[:4])
    folder = Path("genart-runs/sweep")
    assert [line.strip() for line in lines[4:]] == [
        str(folder / "sweep.csv"),
        str(folder / "map.png"),
    ]
    rows = list(csv.DictReader(io.StringIO((folder / "sweep.csv").read_text())))
    assert [(row["packing"], row["member"]) for row in rows] == [
        (packing, member) for packing in "12" for _ in range(2) for member in "01"
    ]
    about = json.loads((folder / "sweep.json").read_text())
    assert about["base"] == {**asdict(Experiment("gan", "ring", hidden_dim=8, device="cpu"))}
    assert about["grid"] == {"packing": [1, 2], "discriminator_lr": [0.001, 0.01]}
    assert (about["seeds"], about["steps"]) == (2, 3)
    assert np.asarray(Image.open(folder / "map.png").convert("L")).std() > 10
    assert run(*words) == 0 and capsys.readouterr().out == first
    assert run(*words, "--lr", "1") == 2
    assert "holds another sweep" in capsys.readouterr().err


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from genart_edu.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = 'torch', 'numpy', 'gradio', 'matplotlib', 'typing', 'pathlib', 'dataclasses'\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.splitlines()[-1] == "[]"
    assert "doctor" in said.stdout


SERVED = {"host": "127.0.0.1", "port": None, "browser": True, "password": "", "open_to_all": False}


@pytest.mark.parametrize(
    ("words", "opens", "given"),
    [
        (("demo",), "open_demo", SERVED),
        (
            ("demo", "--port", "8000", "--no-browser"),
            "open_demo",
            SERVED | {"port": 8_000, "browser": False},
        ),
        (
            ("demo", "--host", "0.0.0.0", "--password", "apfel"),
            "open_demo",
            SERVED | {"host": "0.0.0.0", "password": "apfel"},
        ),
        (("demo", "--open"), "open_demo", SERVED | {"open_to_all": True}),
        (("lab",), "open_lab", {"folder": Path("genart-lessons"), "browser": True}),
        (("lab", "mine", "--no-browser"), "open_lab", {"folder": Path("mine"), "browser": False}),
    ],
)
def test_demo_and_lab_open_what_was_said(words, opens, given, monkeypatch):
    calls = []
    monkeypatch.setattr(classroom, opens, lambda **how: calls.append(how))
    assert run(*words) == 0
    assert calls == [given]


def test_lab_copies_the_lessons_and_never_touches_an_edit(monkeypatch):
    shipped = Path("shipped")
    shipped.mkdir()
    for name in ("01.ipynb", "02.ipynb", "README.md", "left-out.pyc"):
        (shipped / name).write_text(f"{name}, first edition")
    monkeypatch.setattr(classroom, "bundled", lambda name: shipped)
    mine = Path("mine")
    assert len(classroom.copy_lessons(mine)) == 3
    assert {f.name for f in mine.glob("[!.]*")} == {"01.ipynb", "02.ipynb", "README.md"}

    (mine / "01.ipynb").write_text("my own work")
    for name in ("01.ipynb", "02.ipynb"):
        (shipped / name).write_text(f"{name}, second edition")
    assert len(classroom.copy_lessons(mine)) == 2
    assert (mine / "01.ipynb").read_text() == "my own work"
    assert (mine / "02.ipynb").read_text() == "02.ipynb, second edition"
    assert (mine / "README.md").read_text() == "README.md, first edition"


def test_lab_leaves_a_file_alone_that_it_did_not_write(monkeypatch):
    shipped, mine = Path("shipped"), Path("mine")
    for folder in (shipped, mine):
        folder.mkdir()
        (folder / "01.ipynb").write_text(f"in {folder}")
    monkeypatch.setattr(classroom, "bundled", lambda name: shipped)
    classroom.copy_lessons(mine)
    assert (mine / "01.ipynb").read_text() == "in mine"


def test_doctor_answers_every_question(capsys):
    assert run("doctor") == 0
    said = capsys.readouterr().out
    for what in ("Python", "torch", "device", "downloaded data", "port 7860", "this folder"):
        assert f"{what}: " in said
    assert "writable" in said


def test_doctor_finds_what_is_wrong(monkeypatch, capsys):
    import tempfile

    def read_only(**_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(tempfile, "TemporaryFile", read_only)
    assert run("doctor") == 0
    assert "this folder: NO, Permission denied" in capsys.readouterr().out


def test_a_checkpoint_whose_weights_are_not_its_experiments_is_refused(capsys):
    assert run("train", "vae", "--steps", "2", "--out", "out") == 0
    path = Path("out/checkpoint.safetensors")
    content = path.read_bytes()
    assert content.count(b'\\"latent_dim\\": 16') == 1  # JSON inside of JSON
    path.write_bytes(content.replace(b'\\"latent_dim\\": 16', b'\\"latent_dim\\": 17'))
    for command in ("sample", "resume"):
        capsys.readouterr()
        assert run(command, str(path)) == 2
        said = capsys.readouterr().err.strip()
        assert len(said.splitlines()) == 1 and said.startswith("genart: ")


def test_sample_shows_each_of_the_networks_that_trained_as_one(capsys):
    sizes = []
    for seeds in "1", "9":
        words = ["gan", "--data", "ring", "--hidden-dim", "8", "--steps", "3"]
        assert run("train", *words, "--seeds", seeds, "--out", seeds) == 0
        assert run("sample", f"{seeds}/checkpoint.safetensors", "-n", "7") == 0
        sizes.append(Image.open(f"{seeds}/samples-7-seed-0.png").size)
    assert sizes[1][0] > sizes[0][0] and sizes[1][1] > sizes[0][1]  # 3 by 3 planes
