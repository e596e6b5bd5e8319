"""Experiments: the same seed gives the same bits, and a choice that can't be gets a sentence."""

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from genart_edu.data.catalogue import load
from genart_edu.gan.layers import Pack
from genart_edu.gan.objective import HINGE
from genart_edu.gan.training import GANTrainer
from genart_edu.lab import checkpoint
from genart_edu.lab.checkpoint import read, save
from genart_edu.lab.choices import ACTIVATIONS, OBJECTIVES
from genart_edu.lab.experiment import Experiment
from genart_edu.lab.options import KINDS as CHOICES
from genart_edu.lab.run import Run
from genart_edu.lab.saved import painter, resume
from genart_edu.lab.saved import save as save_experiment
from genart_edu.lab.stages import Stage
from genart_edu.nets import Bfloat16, leaky_relu, relu
from genart_edu.vae.likelihood import Bernoulli, LearnedVariance, OptimalVariance
from genart_edu.vae.training import VAETrainer
from tests.states import everything, flat

KINDS = [("vae", "digits"), ("vae", "moons"), ("gan", "digits"), ("gan", "ring")]
ALL = pytest.mark.parametrize(("model", "data"), KINDS)


def small(model, data, **choices):
    return Experiment(
        **{"model": model, "data": data, "hidden_dim": 16, "batch_size": 16} | choices
    )


def started(experiment: Experiment, steps: int = 0) -> tuple[Run, Stage]:
    run, stage = experiment.start()
    for _ in run.play(steps, every=1_000):
        pass
    return run, stage


@ALL
def test_the_same_seed_gives_the_same_numbers_to_the_bit(model, data):
    first, again = (everything(started(small(model, data), 30)[0]) for _ in range(2))
    assert first == again


@ALL
def test_another_seed_gives_other_weights_noise_and_batches(model, data):
    one, two = (small(model, data, seed=seed).start()[0] for seed in (0, 1))
    assert not torch.equal(next(one.batches)[0], next(two.batches)[0])
    assert not torch.equal(one.trainer.rng.get_state(), two.trainer.rng.get_state())
    weights = [flat(run.trainer.state_dict()) for run in (one, two)]
    names = [name for name in weights[0] if name.endswith("weight")]
    assert names and all(weights[0][name] != weights[1][name] for name in names)


@ALL
def test_its_streams_are_independent(model, data):
    """Weights, noise and batches must not be drawn from one stream begun three times over."""
    run, _ = small(model, data).start()
    states = [run.trainer.rng.get_state(), run.batches.rng.get_state()]
    assert not torch.equal(*states)


@ALL
def test_watching_a_run_never_changes_it(model, data):
    watched, stage = small(model, data, latent_dim=2).start()
    for _ in watched.play(30, every=3):
        stage.look(watched.history)
        stage.status(watched.history)
    assert everything(watched) == everything(started(small(model, data, latent_dim=2), 30)[0])


@ALL
def test_torchs_own_rng_is_neither_used_nor_moved(model, data):
    torch.manual_seed(1)
    before = torch.get_rng_state()
    run, stage = started(small(model, data), 10)
    stage.look(run.history)
    stage.status(run.history)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    assert everything(started(small(model, data), 10)[0]) == everything(run)


def test_experiments_side_by_side_do_not_disturb_each_other():
    alone = [everything(started(small(*kind), 10)[0]) for kind in KINDS]
    runs = [small(*kind).start()[0] for kind in KINDS]
    for _ in range(10):
        for run in runs:
            run.advance()
    assert [everything(run) for run in runs] == alone


def test_every_choice_reaches_the_part_it_is_for():
    run, _ = Experiment(
        latent_dim=3,
        hidden_dim=5,
        depth=2,
        activation="relu",
        batch_size=7,
        lr=0.1,
        beta=2,
        likelihood="gaussian",
    ).start()
    trainer = run.trainer
    assert isinstance(trainer, VAETrainer)
    assert (trainer.lr, trainer.beta) == (0.1, 2)
    assert isinstance(trainer.model.likelihood, LearnedVariance)
    assert next(run.batches)[0].shape == (7, 64)
    shapes = [tuple(p.shape) for p in trainer.model.encoder.parameters() if p.ndim == 2]
    assert shapes == [(5, 64), (5, 5), (6, 5)]
    assert any(isinstance(layer, type(relu())) for layer in trainer.model.encoder)


def test_every_choice_of_a_gan_reaches_the_part_it_is_for():
    choices = {"latent_dim": 3, "hidden_dim": 5, "depth": 1, "activation": "leaky_relu"}
    numbers = {"lr": 0.1, "discriminator_lr": 0.2, "r1": 0.3, "gradient_penalty": 0.4}
    numbers |= {"instance_noise": 0.5, "average": 0.6, "n_critic": 3, "unroll": 2}
    more = {"objective": "hinge", "packing": 4, "beta1": 0.7, "cosine": 100, "batch_size": 6}
    run, _ = Experiment("gan", "ring", **choices, **numbers, **more).start()
    trainer = run.trainer
    assert isinstance(trainer, GANTrainer)
    assert {name: getattr(trainer, name) for name in numbers} == numbers
    assert trainer.objective is HINGE
    assert trainer.generator_optimizer.param_groups[0]["betas"][0] == 0.7
    assert [trainer.schedule(step) for step in (0, 50, 100)] == pytest.approx([1, 0.5, 0])
    shapes = [tuple(p.shape) for p in trainer.generator.parameters() if p.ndim == 2]
    assert shapes == [(5, 3), (2, 5)]
    judges = [tuple(p.shape) for p in trainer.discriminator.parameters() if p.ndim == 2]
    assert judges == [(5, 4 * 2), (1, 5)]
    assert any(isinstance(layer, Pack) for layer in trainer.discriminator)
    assert any(isinstance(layer, type(leaky_relu())) for layer in trainer.discriminator)
    assert next(run.batches)[0].shape == (3 * 4 * 6, 2)  # 6 packs of 4 for each of 3 updates


@pytest.mark.parametrize("cure", ["minibatch_std", "spectral_norm", "labels", "conv"])
def test_every_switch_of_a_gan_changes_its_discriminator(cure):
    plain, other = (Experiment("gan", **switch).start()[0] for switch in ({}, {cure: True}))
    names = [list(run.trainer.discriminator.state_dict()) for run in (plain, other)]
    shapes = [[p.shape for p in run.trainer.discriminator.parameters()] for run in (plain, other)]
    assert (names[0], shapes[0]) != (names[1], shapes[1])
    for _ in other.play(2):
        pass
    assert np.isfinite(other.log.rows()).all()


EVERYTHING: dict[str, Any] = {
    **{"objective": "least_squares", "n_critic": 2, "r1": 0.1, "gradient_penalty": 0.1},
    **{"instance_noise": 0.1, "unroll": 1, "average": 0.9, "cosine": 90, "packing": 2},
    **{"minibatch_std": True, "spectral_norm": True},
}


@pytest.mark.parametrize(
    ("data", "choices"),
    [
        ("ring", EVERYTHING),
        ("spiral", EVERYTHING | {"seeds": 3}),
        ("digits", EVERYTHING | {"labels": True}),
        ("digits", {"conv": True, "labels": True, "spectral_norm": True, "average": 0.9}),
        ("digits", {"conv": True, "precision": "bfloat16", "r1": 0.1, "average": 0.9}),
    ],
)
def test_with_every_choice_made_it_is_saved_watched_and_resumed_to_the_bit(data, choices, tmp_path):
    experiment = Experiment("gan", data, hidden_dim=8, batch_size=6, seed=5, **choices)
    torch.manual_seed(1)
    before = torch.get_rng_state()
    (run, stage), (unseen, _) = experiment.start(), experiment.start()
    for each in run, unseen:
        for _ in each.play(3, every=3):
            pass
        each.half_step("discriminator_step")
        each.half_step("generator_step")
        stage.look(run.history), stage.status(run.history), stage.measure()
    assert everything(run) == everything(unseen)
    save_experiment(tmp_path / "run", experiment, run, stage)
    settled, again, its_stage = resume(tmp_path / "run")
    assert settled.batch_size == 6
    assert everything(again) == everything(run)
    for either in run, again:
        for _ in either.play(4, every=4):
            pass
    assert everything(again) == everything(run)
    assert its_stage.status(again.history) == stage.status(run.history)
    assert torch.equal(torch.get_rng_state(), before)


def test_seeds_are_networks_that_train_as_one():
    run, stage = small("gan", "ring", seeds=3, batch_size=7).start()
    assert next(run.batches)[0].shape == (3, 7, 2)
    for _ in run.play(4):
        pass
    assert run.history["generator_loss"].shape == (4, 3)
    assert stage.measure()["modes"].shape == (3,)
    assert run.half_step("discriminator_step") > 0


def test_a_damaged_choice_in_a_checkpoint_is_a_sentence(tmp_path):
    experiment = Experiment("gan", "ring")
    run, _ = experiment.start()
    for damage in {"activation": "tanh"}, {"latent_dim": "x"}, {"variance": [1]}:
        broken = dataclasses.replace(experiment.settled(images=False), **damage)
        about = {"experiment": dataclasses.asdict(broken), "shape": [2], "classes": 0}
        checkpoint.save(tmp_path / "run", run, about)
        for use in painter, resume:
            with pytest.raises(ValueError, match=r"^(activation|latent_dim|variance) must be "):
                use(tmp_path / "run")


@ALL
def test_what_is_not_chosen_is_settled_once_and_for_all(model, data):
    """The settled experiment says everything, and is the same experiment."""
    experiment = Experiment(model, data)
    settled = experiment.settled(images=data == "digits")
    for field in dataclasses.fields(settled):
        chosen = getattr(experiment, field.name)
        assert chosen is None or getattr(settled, field.name) == chosen
    needed = ["latent_dim", "hidden_dim", "depth", "activation", "lr", "batch_size"]
    assert all(getattr(settled, name) is not None for name in needed)
    assert everything(started(settled, 3)[0]) == everything(started(experiment, 3)[0])


def test_what_a_vae_can_be_reaches_the_part_it_is_for():
    choices = {"likelihood": "gaussian", "free_bits": 0.5, "cycle": 8, "latent_dim": 3}
    trainer = Experiment("vae", "digits-grey", variance="optimal", **choices).start()[0].trainer
    assert isinstance(trainer.model.likelihood, OptimalVariance)
    assert trainer.free_bits == 0.5
    assert [trainer.schedule(step) for step in range(6)] == [0, 0.25, 0.5, 0.75, 1, 1]
    trainer = Experiment("vae", "digits-grey", variance=0.1, likelihood="gaussian", warmup=4)
    trainer = trainer.start()[0].trainer
    assert trainer.model.likelihood.variance == pytest.approx(0.1)
    assert [trainer.schedule(step) for step in range(6)] == [0, 0.25, 0.5, 0.75, 1, 1]


def test_convolutions_and_labels_reach_the_model_and_the_batches():
    run, stage = Experiment("vae", "motifs", conv=True, labels=True, hidden_dim=4).start()
    assert run.trainer.model.classes == stage.classes == 8
    assert any(isinstance(layer, torch.nn.Conv2d) for layer in run.trainer.model.encoder)
    x, labels = next(run.batches)
    assert x.shape == (64, 784) and labels.shape == (64,) and labels.unique().numel() == 8
    run.advance()


@pytest.mark.parametrize("model", ["vae", "gan"])
def test_precision_is_of_the_networks_and_float32_unless_chosen(model):
    """The same weights either way; half as many digits move a loss by less than 1%."""
    costs = []
    for choices, many in [({}, 0), ({"precision": "bfloat16"}, 2)]:
        run, _ = started(Experiment(model, "digits", conv=True, **choices), 1)
        trainer: Any = run.trainer
        names = ("model",) if model == "vae" else ("generator", "discriminator")
        parts = [part for name in names for part in getattr(trainer, name).modules()]
        assert sum(isinstance(part, Bfloat16) for part in parts) == many
        costs.append(sum(float(column[0]) for column in run.history.values()))
    assert 0 < abs(costs[1] - costs[0]) < 0.01 * abs(costs[0])


def test_the_labels_of_a_batch_are_those_of_its_pictures():
    run, _ = Experiment("vae", "digits", labels=True).start()
    train = load("digits")[0]
    x, labels = next(run.batches)
    for picture, label in zip(x, labels, strict=True):
        same = (train.x() == picture).all(1)
        assert label in train.labels[same]


def test_labels_need_data_that_have_some(tmp_path):
    for n in range(12):
        Image.new("L", (8, 8), color=20 * n).save(tmp_path / f"{n}.png")
    with pytest.raises(ValueError, match=r"^labels need data with classes; folder:.* has none\.$"):
        Experiment(data=f"folder:{tmp_path}", labels=True).start()


def test_likelihoods_fit_the_data_unless_chosen():
    likelihood = {data: Experiment(data=data).start()[0].trainer for data in ("digits", "moons")}
    assert likelihood["digits"].model.likelihood is Bernoulli
    assert isinstance(likelihood["moons"].model.likelihood, LearnedVariance)


def test_pixels_made_by_a_gan_lie_between_0_and_1_and_points_do_not():
    z = 10 * torch.randn(50, 16, generator=torch.Generator().manual_seed(0))
    on_digits = Experiment("gan", "digits").start()[0].trainer.generator(z)
    assert on_digits.min() >= 0 and on_digits.max() <= 1
    on_ring = Experiment("gan", "ring", latent_dim=16).start()[0].trainer.generator(z)
    assert on_ring.min() < 0


def test_few_pictures_make_smaller_batches(tmp_path):
    for n in range(12):
        Image.new("L", (8, 8), color=20 * n).save(tmp_path / f"{n}.png")
    experiment = Experiment(data=f"folder:{tmp_path}")
    run, stage = experiment.start()
    assert next(run.batches)[0].shape[0] == 10
    path = tmp_path.with_name("run")
    save_experiment(path, experiment, run, stage)
    _, again, _ = resume(path)  # and it can be gone on with
    assert next(again.batches)[0].shape[0] == 10


def test_a_trainer_alone_has_the_weights_that_the_run_starts_with():
    """Painting from a checkpoint builds the networks without the data."""
    alone = Experiment("gan", "ring").trainer((2,), torch.device("cpu"))
    assert flat(alone.state_dict()) == flat(
        Experiment("gan", "ring").start()[0].trainer.state_dict()
    )


@pytest.mark.parametrize(
    ("choice", "known"), [("activation", ACTIVATIONS), ("objective", OBJECTIVES)]
)
def test_what_the_command_line_offers_is_what_can_be_built(choice, known):
    assert CHOICES[choice].words == f"one of {', '.join(known)}"
    assert all(CHOICES[choice].allows(name) for name in known)


# ---- what can't be ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choices", "sentence"),
    [
        ({"model": "wgan"}, r"model must be one of vae, gan; got 'wgan'\."),
        ({"model": None}, r"model must be one of vae, gan; got None\."),
        ({"data": "cifar"}, r"data must be one of digits, .*, folder:PATH; got 'cifar'\."),
        ({"latent_dim": 0}, r"latent_dim must be a whole number of at least 1; got 0\."),
        ({"latent_dim": 2.5}, r"latent_dim must be a whole number of at least 1; got 2\.5\."),
        ({"hidden_dim": -1}, r"hidden_dim must be a whole number of at least 1; got -1\."),
        ({"depth": -1}, r"depth must be a whole number of at least 0; got -1\."),
        ({"batch_size": 0}, r"batch_size must be a whole number of at least 1; got 0\."),
        ({"batch_size": 1_501}, r"batch_size must be from 1 to 1500 \(all images\); got 1501\."),
        (
            {"activation": "tanh"},
            r"activation must be one of leaky_relu, relu, sigmoid; got 'tanh'\.",
        ),
        ({"likelihood": "poisson"}, r"likelihood must be one of bernoulli, gaussian; got 'poi.*"),
        ({"likelihood": "bernoulli", "data": "ring"}, r"likelihood bernoulli is for pixels in .*"),
        (
            {"objective": "magic", "model": "gan"},
            r"objective must be one of minimax, .*; got 'magic'\.",
        ),
        (
            {"n_critic": 0, "model": "gan"},
            r"n_critic must be a whole number of at least 1; got 0\.",
        ),
        ({"packing": 1.5, "model": "gan"}, r"packing must be a whole number .* 1; got 1\.5\."),
        ({"beta1": 1, "model": "gan"}, r"beta1 must be a number from 0 to below 1; got 1\."),
        ({"average": -0.1, "model": "gan"}, r"average must be a number from 0 .*; got -0\.1\."),
        ({"r1": float("nan"), "model": "gan"}, r"r1 must be a finite number .*; got nan\."),
        ({"spectral_norm": "false", "model": "gan"}, r"spectral_norm must be True or False; .*"),
        ({"seeds": 0, "model": "gan"}, r"seeds must be a whole number of at least 1; got 0\."),
        (
            {"seeds": 2, "model": "gan"},
            r"seeds are for densities in the plane; digits are pictures\.",
        ),
        ({"seeds": 2, "conv": True, "model": "gan"}, r"conv and seeds do not go together: .*"),
        ({"seeds": 2, "data": "moons"}, r"seeds: a choice of a gan, not of a vae\."),
        (
            {"packing": 3, "batch_size": 501, "model": "gan"},
            r"batch_size must be from 1 to 500, since .* got 501\.",
        ),
        ({"lr": -1.0}, r"lr must be a finite number of at least 0; got -1\.0\."),
        ({"lr": float("nan")}, r"lr must be a finite number of at least 0; got nan\."),
        ({"lr": "fast"}, r"lr must be a finite number of at least 0; got 'fast'\."),
        ({"discriminator_lr": float("inf")}, r"discriminator_lr must be a finite .*; got inf\."),
        ({"beta": -0.1}, r"beta must be a finite number of at least 0; got -0\.1\."),
        ({"free_bits": -1}, r"free_bits must be a finite number of at least 0; got -1\."),
        ({"warmup": -1}, r"warmup must be a whole number of at least 0; got -1\."),
        ({"warmup": 1, "cycle": 1}, r"warmup and cycle are two schedules: choose one\."),
        ({"variance": 0}, r"variance must be learned, optimal or a finite number above 0; got 0\."),
        ({"variance": "best"}, r"variance must be learned, optimal or a finite .*; got 'best'\."),
        ({"conv": True, "depth": 4}, r"convolutions on 8x8 pictures need a depth from 1 to 3 .*"),
        ({"conv": True, "data": "ring"}, r"conv and labels are for pictures; ring is a density\."),
        ({"labels": True, "data": "ring"}, r"conv and labels are for pictures; ring is .*"),
        ({"r1": 1, "packing": 2}, r"r1 and packing: a choice of a gan, not of a vae\."),
        ({"beta": 2, "warmup": 5, "model": "gan"}, r"beta and warmup: a choice of a vae, not .*"),
        ({"variance": "optimal"}, r"variance is a choice of a gaussian likelihood; this one is .*"),
        ({"variance": [1]}, r"variance must be learned, optimal or a finite .*; got \[1\]\."),
        ({"seed": -1}, r"seed must be a whole number of at least 0; got -1\."),
        ({"seed": None}, r"seed must be a whole number of at least 0; got None\."),
        ({"seed": 2**63}, r"seed must be less than 2\^63; got 9223372036854775808\."),
        ({"threads": 0}, r"threads must be a whole number of at least 1; got 0\."),
        ({"device": "tpu"}, r"device must be one of auto, cpu, cuda, mps; got 'tpu'\."),
    ],
)
def test_a_choice_that_cannot_be_gets_one_sentence(choices, sentence):
    with pytest.raises(ValueError, match=f"^{sentence}$") as caught:
        Experiment(**choices).start()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("seed", [0, 2**32, 2**63 - 1])
def test_any_other_seed_will_do(seed):
    small("gan", "ring", seed=seed).start()[0].advance()


# ---- save and resume ----------------------------------------------------------------------


@ALL
def test_a_saved_experiment_goes_on_to_the_bit(model, data, tmp_path):
    experiment, path = small(model, data, seed=5), tmp_path / "数字 1" / "run.safetensors"
    run, stage = started(experiment, 20)
    run.set(lr=1e-4)
    save_experiment(path, experiment, run, stage)
    settled, again, its_stage = resume(path)
    assert everything(again) == everything(run)
    for either in run, again:
        for _ in either.play(50, every=50):
            pass
    assert everything(again) == everything(run)
    assert its_stage.status(again.history) == stage.status(run.history)
    assert (settled.model, settled.data, settled.seed) == (model, data, 5)


def test_what_is_saved_names_every_choice(tmp_path):
    """So that a later version, with other defaults, builds the same networks."""
    experiment = Experiment("gan", "ring", device="auto")
    save_experiment(tmp_path / "run", experiment, *experiment.start())
    about = read(tmp_path / "run").about
    assert about["experiment"]["device"] in ("cpu", "cuda", "mps")
    assert about["experiment"]["activation"] and about["experiment"]["lr"]
    assert about["shape"] == [2]


@pytest.mark.parametrize("about", [{}, {"experiment": {"model": "vae", "wings": 2}}, []])
def test_a_checkpoint_that_does_not_say_what_it_is_from_is_refused(tmp_path, about):
    run, _ = small("gan", "ring").start()
    save(tmp_path / "run", run, about)
    with pytest.raises(ValueError, match=r"run does not say which experiment it is from\.$"):
        resume(tmp_path / "run")
