"""A sweep is the experiments that one would run by hand, wherever they run, whatever stops it."""

import csv
import itertools
import os
import signal
import sys
import time
from dataclasses import replace

import distributed
import numpy as np
import pytest
from distributed import Client, LocalCluster
from PIL import Image

from genart_edu.lab import sweep as sweeping
from genart_edu.lab.experiment import Experiment
from genart_edu.lab.parts import NotFinite
from genart_edu.lab.run import Run
from genart_edu.lab.sweep import sweep, train_and_measure

GAN = Experiment("gan", "ring", hidden_dim=8, batch_size=16, device="cpu")
VAE = Experiment("vae", "digits", hidden_dim=8, latent_dim=2, batch_size=16, device="cpu")
GRID: dict[str, list[float]] = {"packing": [1, 2], "discriminator_lr": [1e-3, 1e-2]}
KILL = getattr(signal, "SIGKILL", signal.SIGTERM)  # Windows has none, and kills by the other
SETTINGS = list(itertools.product(*GRID.values()))


def table(folder):
    with (folder / "sweep.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def by_hand(base, steps, **choices):
    """Without a sweep.  -> the steps made, whether it diverged, what the stage measures: (S,)."""
    run, stage = Experiment(**{**vars(base), **choices}).start()
    diverged = False
    try:
        list(run.play(steps))
    except NotFinite:
        diverged = True
    return run.step, diverged, {name: np.atleast_1d(v) for name, v in stage.measure().items()}


def said(measured, member=0):
    return {name: str(values[member]) for name, values in measured.items()}


@pytest.fixture(scope="module")
def serial(tmp_path_factory):
    folder = tmp_path_factory.mktemp("a place with 空格") / "sweep"
    assert sweep(GAN, GRID, seeds=3, steps=12, folder=folder) == 0
    return folder


def test_its_rows_are_what_the_same_experiments_give_by_hand(serial):
    rows = table(serial)
    assert len(rows) == len(SETTINGS) * 3
    for i, (packing, rate) in enumerate(SETTINGS):
        _, _, measured = by_hand(GAN, 12, packing=packing, discriminator_lr=rate, seeds=3)
        for member, row in enumerate(rows[3 * i : 3 * i + 3]):
            begins = {"packing": str(packing), "discriminator_lr": str(rate), "seed": "0"}
            begins |= {"member": str(member), "step": "12", "diverged": "False"}
            assert row == begins | said(measured, member)


def test_two_processes_leave_the_same_files(serial, tmp_path):
    assert sweep(GAN, GRID, seeds=3, steps=12, folder=tmp_path, jobs=2) == 0
    for name in ("sweep.csv", "sweep.json", "map.png"):
        assert (tmp_path / name).read_bytes() == (serial / name).read_bytes()


def test_the_table_is_in_order_whichever_job_was_finished_first(serial, tmp_path, monkeypatch):
    here = sweeping._here
    monkeypatch.setattr(sweeping, "_here", lambda *how: reversed(list(here(*how))))
    assert sweep(GAN, GRID, seeds=3, steps=12, folder=tmp_path) == 0
    assert (tmp_path / "sweep.csv").read_bytes() == (serial / "sweep.csv").read_bytes()


def test_it_says_how_many_collapsed_and_draws_it(serial, capsys):
    assert sweep(GAN, GRID, 3, 12, serial) == 0  # nothing is left to do
    lines = capsys.readouterr().out.splitlines()
    for line, (packing, rate) in zip(lines, SETTINGS, strict=False):
        _, _, measured = by_hand(GAN, 12, packing=packing, discriminator_lr=rate, seeds=3)
        collapsed = measured["collapsed"].sum()
        assert line == f"packing {packing}, discriminator_lr {rate}: {collapsed} of 3 collapsed"
    assert np.asarray(Image.open(serial / "map.png").convert("L")).std() > 10


@pytest.mark.parametrize(
    ("grid", "names", "rows", "columns"),
    [
        ({}, ("", ""), [""], [""]),
        ({"lr": [1e-4, 1e-3]}, ("", "lr"), [""], ["0.0001", "0.001"]),
        ({"packing": [1, 2, 4], "r1": [0, 1]}, ("packing", "r1"), ["1", "2", "4"], ["0", "1"]),
        (
            {"conv": [False, True], "packing": [1, 2], "depth": [3]},
            ("conv, packing", "depth"),
            ["False, 1", "False, 2", "True, 1", "True, 2"],
            ["3"],
        ),
    ],
)
def test_the_map_has_the_last_name_from_left_to_right(grid, names, rows, columns, monkeypatch):
    drawn = []

    class Counts(sweeping.CountMap):
        def update(self, counts):
            drawn.append(counts)
            assert (self.names, [*self.rows], [*self.columns]) == (names, rows, columns)
            return super().update(counts)

    monkeypatch.setattr(sweeping, "CountMap", Counts)
    settings = list(itertools.product(*grid.values()))
    assert sweeping._map(grid, list(range(len(settings))), 32).startswith(b"\x89PNG")
    for i, setting in enumerate(settings):
        *others, last = [*map(str, setting)] or [""]
        assert drawn[0][rows.index(", ".join(others)), columns.index(last)] == i


def test_elsewhere_every_seed_is_an_experiment_of_its_own(tmp_path):
    assert sweep(VAE, {"beta": [0.5, 2.0]}, seeds=2, steps=5, folder=tmp_path, jobs=2) == 0
    rows = table(tmp_path)
    for row, (beta, seed) in zip(rows, itertools.product((0.5, 2.0), (0, 1)), strict=True):
        _, _, measured = by_hand(VAE, 5, beta=beta, seed=seed)
        begins = {"beta": str(beta), "seed": str(seed), "step": "5", "diverged": "False"}
        assert row == begins | said(measured)


def test_what_diverged_is_a_row_of_where_it_stands(tmp_path, capsys):
    base = Experiment(**{**vars(GAN), "objective": "wasserstein"})
    assert sweep(base, {"lr": [1e30]}, seeds=3, steps=20, folder=tmp_path) == 0
    rows = table(tmp_path)
    assert len(rows) == 3
    for seed, row in enumerate(rows):
        step, diverged, measured = by_hand(base, 20, lr=1e30, seed=seed)
        assert diverged and step < 20
        begins = {"lr": "1e+30", "seed": str(seed), "step": str(step), "diverged": "True"}
        assert row == begins | said(measured)
    assert "lr 1e+30: 0 of 3 collapsed, 3 diverged" in capsys.readouterr().out


def test_one_seed_that_diverges_does_not_stop_those_that_trained_as_one_with_it(
    tmp_path, monkeypatch, capsys
):
    start = Experiment.start

    def fragile(experiment):
        run, stage = start(experiment)
        if experiment.seeds > 1 or experiment.seed == 6:
            monkeypatch.setattr(run, "advance", lambda: breaks_in_its_third_step(run))
        never = {"collapsed": np.array(False)}  # to diverge is another way to fail
        return run, replace(stage, measure=lambda: stage.measure() | never)

    def breaks_in_its_third_step(run):
        if run.step == 2:
            raise NotFinite(3, "generator_loss")
        Run.advance(run)

    base = Experiment(**{**vars(GAN), "seed": 5})
    alone = [by_hand(base, steps, seed=seed) for seed, steps in ((5, 12), (6, 2), (7, 12))]
    with monkeypatch.context() as patch:
        patch.setattr(Experiment, "start", fragile)
        assert sweep(base, {}, seeds=3, steps=12, folder=tmp_path) == 0
    expected = [
        {"seed": str(5 + i), "step": str(step), "diverged": str(i == 1)}
        | said(measured)
        | {"collapsed": "False"}
        for i, (step, _, measured) in enumerate(alone)
    ]
    assert table(tmp_path) == expected
    assert "ring: 0 of 3 collapsed, 1 diverged" in capsys.readouterr().out


def only(n, error):
    """In place of train_and_measure: n jobs, then `error`."""
    done = itertools.count()

    def limited(*job):
        if next(done) == n:
            raise error
        return train_and_measure(*job)

    return limited


def test_the_same_again_after_ctrl_c_does_the_rest_and_only_that(
    serial, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(sweeping, "train_and_measure", only(2, KeyboardInterrupt))
    assert sweep(GAN, GRID, 3, 12, tmp_path) == 130
    assert "the same command again goes on" in capsys.readouterr().out
    assert table(tmp_path) == table(serial)[:6] and not (tmp_path / "map.png").exists()
    monkeypatch.setattr(sweeping, "train_and_measure", only(2, AssertionError("it did more")))
    assert sweep(GAN, GRID, 3, 12, tmp_path) == 0
    for name in ("sweep.csv", "map.png"):
        assert (tmp_path / name).read_bytes() == (serial / name).read_bytes()


def test_a_killed_process_costs_only_what_was_not_finished(serial, tmp_path, monkeypatch, capsys):
    file, measure = tmp_path / "sweep.csv", train_and_measure

    def deadly(setting, *job):
        if setting["packing"] == "2":
            while not file.exists():
                time.sleep(0.01)
            os._exit(9)
        return measure(setting, *job)

    monkeypatch.setattr(sweeping, "train_and_measure", deadly)
    assert sweep(GAN, GRID, 3, 12, tmp_path, jobs=2) == 1
    assert "worker was killed" in capsys.readouterr().out
    kept = table(tmp_path)
    assert kept and all(row in table(serial) for row in kept)
    monkeypatch.undo()
    assert sweep(GAN, GRID, 3, 12, tmp_path) == 0
    assert file.read_bytes() == (serial / "sweep.csv").read_bytes()


@pytest.mark.parametrize(
    ("base", "grid", "says"),
    [
        (GAN, {"generator_loss": [1]}, "got 'generator_loss'"),
        (GAN, {"seeds": [1, 2]}, "got 'seeds'"),
        (GAN, {"packing": [2, 0]}, "packing must be a whole number of at least 1"),
        (GAN, {"packing": [1, 2], "beta": [1.0, 2.0]}, "beta: a choice of a vae"),
        (GAN, {"data": ["ring", "moon"]}, "data must be one of"),
        (GAN, {"conv": [False, True]}, "conv"),
        (GAN, {"device": ["cpu", "toaster"]}, "device must be one of"),
        (GAN, {"lr": []}, "a value of each name"),
        (VAE, {"likelihood": ["gaussian", "poisson"]}, "likelihood must be one of"),
        (VAE, {"data": ["digits", "ring"], "likelihood": ["bernoulli"]}, "use gaussian here"),
        (VAE, {"batch_size": [16, 2_000]}, "1500"),
    ],
)
def test_a_setting_that_cant_be_is_refused_before_anything_runs(
    base, grid, says, tmp_path, monkeypatch
):
    monkeypatch.setattr(sweeping, "train_and_measure", only(0, AssertionError("it ran")))
    with pytest.raises(ValueError, match=says) as refused:
        sweep(base, grid, 2, 5, tmp_path / "new")
    assert len(str(refused.value).splitlines()) == 1
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(("seeds", "steps"), [(0, 5), (2, 0)])
def test_no_seed_and_no_step_are_refused(seeds, steps, tmp_path):
    with pytest.raises(ValueError, match="a seed, a step"):
        sweep(GAN, GRID, seeds, steps, tmp_path)


@pytest.mark.parametrize("other", [{"seeds": 4}, {"steps": 13}, {"base": VAE, "grid": {}}])
def test_another_sweeps_folder_is_left_as_it_is(serial, other):
    before = {path.name: path.read_bytes() for path in serial.iterdir()}
    with pytest.raises(ValueError, match="holds another sweep"):
        sweep(**{"base": GAN, "grid": GRID, "seeds": 3, "steps": 12, "folder": serial, **other})
    assert {path.name: path.read_bytes() for path in serial.iterdir()} == before


@pytest.fixture(scope="module")
def cluster():
    with LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        dashboard_address=None,
    ) as cluster:
        yield cluster


def test_a_cluster_that_loses_a_worker_gives_the_same_results(
    serial, cluster, tmp_path, monkeypatch
):
    lost, write, measure = [], sweeping.write_whole, train_and_measure
    with Client(cluster) as client:
        pids = client.run(os.getpid)

    def slow(*job):
        time.sleep(0.3)  # so that there is a job in the middle of which a worker can die
        return measure(*job)

    def write_and_kill(path, content):
        write(path, content)
        if path.name == "sweep.csv" and not lost:
            busy = max(
                cluster.scheduler.workers.values(), key=lambda worker: len(worker.processing)
            )
            lost.extend(busy.processing)
            os.kill(pids[busy.address], KILL)

    monkeypatch.setattr(sweeping, "train_and_measure", slow)
    monkeypatch.setattr(sweeping, "write_whole", write_and_kill)
    assert sweep(GAN, GRID, 3, 12, tmp_path, address=cluster.scheduler_address) == 0
    assert lost
    for name in ("sweep.csv", "map.png"):
        assert (tmp_path / name).read_bytes() == (serial / name).read_bytes()


def test_a_job_that_every_worker_dies_of_ends_the_sweep_with_a_sentence(
    cluster, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(cluster.scheduler, "allowed_failures", 0)
    monkeypatch.setattr(sweeping, "train_and_measure", lambda *job: os._exit(9))
    assert sweep(GAN, {}, 3, 12, tmp_path, address=cluster.scheduler_address) == 1
    assert "worker was killed" in capsys.readouterr().out


def test_where_nobody_answers_a_sentence_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(distributed, "Client", lambda at, timeout: Client(at, timeout=0.1))
    says = r"^No Dask scheduler answers at tcp://127\.0\.0\.1:1\.$"
    with pytest.raises(ConnectionError, match=says):
        sweep(GAN, GRID, 3, 12, tmp_path, address="tcp://127.0.0.1:1")


def test_without_dask_a_sentence_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ValueError, match=r"pip install .genart-edu\[cluster\]"):
        sweep(GAN, GRID, 3, 12, tmp_path, address="tcp://127.0.0.1:1")


def test_pictures_that_broke_are_a_row_and_not_the_end(tmp_path):
    base = Experiment("gan", "digits", hidden_dim=8, batch_size=16, device="cpu")
    assert sweep(base, {"lr": [1e-3, 1e30]}, seeds=1, steps=4, folder=tmp_path) == 0
    healthy, broken = table(tmp_path)
    assert healthy["diverged"] == "False" and 0 <= float(healthy["coverage"]) <= 1
    assert (broken["diverged"], broken["collapsed"]) == ("True", "True")


def test_a_loss_that_grows_without_bound_is_a_divergence_too(tmp_path):
    base = Experiment("gan", "ring", hidden_dim=32, batch_size=32, objective="wasserstein")
    grid = {"discriminator_lr": [1e-4, 1.0]}
    assert sweep(base, grid, seeds=2, steps=150, folder=tmp_path) == 0
    calm, wild = table(tmp_path)[:2], table(tmp_path)[2:]
    assert [row["diverged"] for row in calm] == ["False"] * 2
    assert [row["diverged"] for row in wild] == ["True"] * 2
    assert [row["step"] for row in wild] == ["150"] * 2
