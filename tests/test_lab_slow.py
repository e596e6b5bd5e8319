"""Slow motion shows the real step: against plain computations, and without touching it."""

import copy
import inspect
import math
import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Bernoulli, Normal, kl_divergence
from torch.nn import functional as F

import genart_edu
from genart_edu.gan.model import mlp_discriminator, mlp_generator
from genart_edu.gan.training import GANTrainer
from genart_edu.lab import slow
from genart_edu.lab.choices import OBJECTIVES
from genart_edu.lab.experiment import Experiment
from genart_edu.lab.flow import flow, rows, said
from genart_edu.lab.slow import STOPS, Moment, slow_motion, stop
from genart_edu.vae.likelihood import LearnedVariance
from genart_edu.vae.model import Autoencoder, mlp_vae
from genart_edu.vae.objective import autoencoder_costs
from genart_edu.vae.training import VAETrainer
from tests.states import everything

OF_D = ("noise", "generator", "discriminator", "loss", "gradient", "update")
OF_G = ("discriminator", "loss", "gradient", "update")
OF_VAE = ("encoder", "noise", "z", "decoder", "costs", "gradient", "update")
SMALL: dict[str, Any] = {"hidden_dim": 8, "depth": 1, "batch_size": 4}
PLANE: dict[str, Any] = {"model": "gan", "data": "ring", **SMALL}
RUNS: dict[str, dict[str, Any]] = {
    **{kind: PLANE | {"objective": kind} for kind in OBJECTIVES},
    "n_critic": PLANE | {"n_critic": 3},
    "r1": PLANE | {"r1": 0.5},
    "gradient penalty": PLANE | {"gradient_penalty": 2.0, "n_critic": 2},
    "seeds": PLANE | {"seeds": 3, "r1": 0.1},
    "cures": PLANE | {"unroll": 2, "average": 0.9, "instance_noise": 0.1, "packing": 2},
    "spectral norm": PLANE | {"spectral_norm": True, "minibatch_std": True, "cosine": 30},
    "labels": {"model": "gan", "data": "digits", "labels": True, **SMALL},
    "bernoulli": {"data": "digits", "warmup": 10, "free_bits": 0.1, **SMALL},
    "gaussian": {"data": "ring", **SMALL},
    "optimal": {"data": "digits", "likelihood": "gaussian", "variance": "optimal", **SMALL},
    "conditional": {"data": "digits", "labels": True, **SMALL},
    "convolutions": {"data": "digits", "conv": True, **SMALL},
}
EACH = pytest.mark.parametrize("kind", RUNS)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def start(kind: str) -> Any:
    return Experiment(**RUNS[kind]).start()[0]


def moments_of(run: Any, half: str = "") -> list[Moment]:
    work = (lambda: run.half_step(half)) if half else run.advance
    return slow_motion(work, run.trainer, lambda: None)


def make_gan(**settings) -> GANTrainer:
    generator = mlp_generator(3, 2, hidden_dim=20, rng=seeded())
    discriminator = mlp_discriminator(2, hidden_dim=20, rng=seeded(7))
    return GANTrainer(generator, discriminator, latent_dim=3, rng=seeded(1), **settings)


def make_vae(likelihood=None, **settings) -> VAETrainer:
    more = {"likelihood": likelihood} if likelihood else {}
    return VAETrainer(
        mlp_vae(12, 3, hidden_dim=20, rng=seeded(), **more), rng=seeded(1), **settings
    )


def step(trainer, *batch, look=lambda: None) -> list[Moment]:
    return slow_motion(lambda: trainer.step(*batch), trainer, look)


def points(seed: int = 2) -> Tensor:
    return torch.randn(16, 2, generator=seeded(seed)) + 1


def pixels() -> Tensor:
    x = torch.rand(16, 12, generator=seeded(2)) < 0.4
    return x.to(torch.get_default_dtype())


def flat(net: nn.Module) -> Tensor:
    return nn.utils.parameters_to_vector(net.parameters()).detach().clone()


def adams_first(weights: Tensor, gradient: Tensor, lr: float) -> Tensor:
    """Kingma & Ba 2015, algorithm 1, t = 1: both averages are then the gradient's own."""
    return weights - lr * gradient / (gradient.abs() + 1e-8)


def values(moments: list[Moment], half: str, name: str) -> dict[str, Tensor]:
    [moment] = [m for m in moments if (m.half, m.name) == (half, name)]
    return moment.values


def same(ours: Tensor, plain: Tensor) -> None:
    torch.testing.assert_close(ours, plain.detach(), rtol=0, atol=1e-10)


# ---- the numbers are true ---------------------------------------------------------------


def test_the_numbers_of_a_gan_are_those_of_a_plain_computation(float64):
    trainer, real = make_gan(lr=1e-3, discriminator_lr=2e-3), points()
    generator, discriminator = map(copy.deepcopy, (trainer.generator, trainer.discriminator))
    seen = step(trainer, real)

    z = torch.randn(16, 3, generator=seeded(1))
    fake = generator(z)
    same(values(seen, "discriminator", "noise")["z"], z)
    same(values(seen, "discriminator", "generator")["fake"], fake)

    real_logits, fake_logits = discriminator(real), discriminator(fake.detach())
    for name in "discriminator", "loss":
        same(values(seen, "discriminator", name)["real_logits"], real_logits)
        same(values(seen, "discriminator", name)["fake_logits"], fake_logits)
    loss = -real_logits.sigmoid().log() - (1 - fake_logits.sigmoid()).log()
    same(values(seen, "discriminator", "loss")["loss"], loss)
    found = torch.autograd.grad(loss.mean(), list(discriminator.parameters()))
    gradient = nn.utils.parameters_to_vector(found)
    before, after = flat(discriminator), adams_first(flat(discriminator), gradient, 2e-3)
    same(values(seen, "discriminator", "gradient")["gradient"], gradient)
    same(values(seen, "discriminator", "update")["before"], before)
    same(values(seen, "discriminator", "update")["after"], after)

    nn.utils.vector_to_parameters(after, discriminator.parameters())
    fake_logits = discriminator(fake)
    loss = -fake_logits.sigmoid().log()
    same(values(seen, "generator", "discriminator")["fake_logits"], fake_logits)
    same(values(seen, "generator", "loss")["loss"], loss)
    found = torch.autograd.grad(loss.mean(), list(generator.parameters()))
    gradient = nn.utils.parameters_to_vector(found)
    same(values(seen, "generator", "gradient")["gradient"], gradient)
    same(values(seen, "generator", "update")["before"], flat(generator))
    same(values(seen, "generator", "update")["after"], adams_first(flat(generator), gradient, 1e-3))


@pytest.mark.parametrize("likelihood", [None, LearnedVariance()])
def test_the_numbers_of_a_vae_are_those_of_a_plain_computation(float64, likelihood):
    trainer, x = make_vae(likelihood, lr=3e-3, beta=2.0), pixels()
    model = copy.deepcopy(trainer.model)
    seen = step(trainer, x)

    mean, logvar = model.encoder(x).chunk(2, dim=1)
    noise = torch.randn(16, 3, generator=seeded(1))
    q = Normal(mean, (logvar / 2).exp())
    z = q.loc + q.scale * noise
    if likelihood:
        mean_of_x, free = model.decoder(z).chunk(2, dim=1)
        p = Normal(mean_of_x, ((-6 + (1 + (free + 6).exp()).log()) / 2).exp())
    else:
        p = Bernoulli(logits=model.decoder(z))
    reconstruction, kl = -p.log_prob(x).sum(1), kl_divergence(q, Normal(0.0, 1.0))
    loss = (reconstruction + 2.0 * kl.sum(1)).mean()
    gradient = nn.utils.parameters_to_vector(torch.autograd.grad(loss, list(model.parameters())))
    plain = {
        "encoder": {"mean": mean, "logvar": logvar},
        "noise": {"noise": noise},
        "z": {"z": z},
        "decoder": {"mean": p.mean},
        "costs": {"reconstruction": reconstruction, "kl": kl},
        "gradient": {"weights": flat(model), "gradient": gradient},
        "update": {"before": flat(model), "after": adams_first(flat(model), gradient, 3e-3)},
    }
    assert [moment.name for moment in seen] == list(plain)
    for moment in seen:
        assert moment.values.keys() == plain[moment.name].keys()
        for name, value in moment.values.items():
            same(value, plain[moment.name][name])


def test_the_numbers_of_an_autoencoder_are_those_of_a_plain_computation():
    vae, x = make_vae().model, pixels()
    trainer = VAETrainer(
        Autoencoder(vae.encoder, vae.decoder[:0]), costs=autoencoder_costs, rng=seeded()
    )
    trainer.model.decoder = nn.Linear(6, 12)
    plain = copy.deepcopy(trainer.model)
    seen = step(trainer, x)
    assert rows(seen) == (("", ("encoder", "decoder", "costs", "gradient", "update")),)
    same(values(seen, "", "encoder")["z"], plain.encoder(x))
    logits = plain.decoder(plain.encoder(x))
    same(values(seen, "", "decoder")["mean"], logits.sigmoid())
    cost = F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1)
    torch.testing.assert_close(values(seen, "", "costs")["reconstruction"], cost.detach())
    assert not values(seen, "", "costs")["kl"].any()


def slope_of(net: nn.Module, x: Tensor) -> Tensor:
    """dD/dx by finite differences, in float64.  (B, D)."""
    bump = 1e-6 * torch.eye(x.shape[1])
    return torch.stack([(net(x + b) - net(x - b)) / 2e-6 for b in bump], dim=1).detach()


def test_penalties_are_shown_where_there_are_any(float64):
    real = points()
    for settings in {"r1": 0.5}, {"gradient_penalty": 2.0}:
        trainer = make_gan(**settings)
        net, fake = copy.deepcopy(trainer.discriminator), None
        rng = seeded(1)
        fake = trainer.generator(torch.randn(16, 3, generator=rng)).detach()
        share = torch.rand(16, 1, generator=rng)
        [shown] = [m for m in step(trainer, real) if m.name == "penalty"]
        if "r1" in settings:
            plain = 0.5 * slope_of(net, real).square().sum(1)
        else:
            plain = (slope_of(net, share * real + (1 - share) * fake).norm(dim=1) - 1).square()
        torch.testing.assert_close(shown.values["penalty"], plain, rtol=0, atol=1e-6)
    assert all(moment.name != "penalty" for moment in step(make_gan(), real))


def everything_shown(trainer) -> dict[tuple[str, str, str], Tensor]:
    seen = step(trainer, points())
    return {(m.half, m.name, key): v for m in seen for key, v in m.values.items()}


@pytest.mark.parametrize("net", ["generator", "discriminator"])
def test_another_weight_is_seen_in_what_follows_from_it_and_nowhere_else(net):
    trainer, other = make_gan(), make_gan()
    with torch.no_grad():
        next(getattr(other, net).parameters())[0, 0] += 0.5
    one, two = everything_shown(trainer), everything_shown(other)
    stays = {key for key in one if torch.equal(one[key], two[key])}
    noise, fake = ("discriminator", "noise", "z"), ("discriminator", "generator", "fake")
    weights_of_d = {("discriminator", "gradient", "weights"), ("discriminator", "update", "before")}
    weights_of_g = {("generator", "gradient", "weights"), ("generator", "update", "before")}
    real = {("discriminator", box, "real_logits") for box in ("discriminator", "loss")}
    moves_g = {noise, *real, *weights_of_d}
    assert stays == (moves_g if net == "generator" else {noise, fake, *weights_of_g})


def test_the_first_of_s_networks_is_the_one_that_is_followed():
    seen = moments_of(start("seeds"))
    got = {(m.half, m.name): m.values for m in seen}
    gradient = got["generator", "gradient"]["gradient"]
    trainer = start("seeds").trainer
    assert gradient.shape == (3, flat(trainer.generator).numel() // 3)
    _, texts = flow(seen, len(seen) - 1)
    shown = dict(zip(dict.fromkeys(m[:2] for m in seen), texts, strict=True))
    assert shown["generator", "gradient"] == f"length {gradient[0].norm():.2f}"
    first, *others = got["generator", "loss"]["loss"].mean(-1)
    assert shown["generator", "loss"].endswith(f"batch mean {first:.2f}")
    assert all(f"{first:.2f}" != f"{other:.2f}" for other in others)


# ---- the lines are true -----------------------------------------------------------------


def test_every_line_is_found_in_its_file_at_its_number():
    root = Path(genart_edu.__file__).parent
    for _, _, _, moment in STOPS:
        line = (root / moment.file).read_text("utf-8").splitlines()[moment.line - 1]
        assert line.strip() == moment.code[moment.at].strip() != ""
        assert moment.code[0].startswith("def ")


def test_every_stop_is_reached_and_nothing_else():
    reached = {(m.file, m.line, m.half) for kind in RUNS for m in moments_of(start(kind))}
    trainer = VAETrainer(
        Autoencoder(nn.Linear(12, 2), nn.Linear(2, 12)), costs=autoencoder_costs, rng=seeded()
    )
    reached |= {(m.file, m.line, m.half) for m in step(trainer, pixels())}
    offered = {(s.moment.file, s.moment.line) for s in STOPS}
    assert {place[:2] for place in reached} == offered


@pytest.mark.parametrize("part", ["nothing like it", "self"])
def test_a_part_that_is_not_on_one_line_alone_is_refused(part):
    with pytest.raises(ValueError):
        stop("", "noise", GANTrainer.fake_like, part)


def in_pieces(x: Tensor) -> SimpleNamespace:
    """Statements on several lines each, one after the other."""
    if x.ndim:
        before = x + 1
        double = torch.add(
            before,
            x + 1,  # the same
        )
        before = double - 3
    return SimpleNamespace(
        out=before + 10,
        more=before - 1,
    )


@pytest.mark.parametrize(
    ("part", "names", "shown"),
    [
        ("double = torch", ["double", "before"], [8.0, 4.0]),
        ("# the same", ["double"], [8.0]),  # on a later line of it
        ("before = double", ["before"], [5.0]),  # before a return of several lines
        ("more=", ["out", "more"], [15.0, 4.0]),  # attributes of what is returned
    ],
)
def test_a_statement_may_be_on_several_lines(monkeypatch, part, names, shown):
    monkeypatch.setattr(slow, "STOPS", (stop("", "z", in_pieces, part, *names),))
    trainer = SimpleNamespace(model=None)
    [moment] = slow_motion(lambda: in_pieces(torch.tensor([3.0])), trainer, lambda: None)
    assert {name: value.item() for name, value in moment.values.items()} == dict(
        zip(names, shown, strict=True)
    )
    line = inspect.getsource(sys.modules[__name__]).splitlines()[moment.line - 1]
    assert part in line and part in moment.code[moment.at]


# ---- which moments there are ------------------------------------------------------------


def test_a_gans_step_is_ds_half_and_then_gs():
    seen = moments_of(start("nonsaturating"))
    assert [(m.half, m.name) for m in seen] == [
        *(("discriminator", name) for name in OF_D),
        *(("generator", name) for name in OF_G),
    ]
    assert rows(seen) == (("D's half", OF_D), ("G's half", OF_G))


def test_a_half_step_is_one_half():
    seen = moments_of(start("nonsaturating"), "discriminator_step")
    assert rows(seen) == (("D's half", OF_D),)
    seen = moments_of(start("nonsaturating"), "generator_step")
    assert rows(seen) == (("G's half", ("noise", "generator", *OF_G)),)


def test_n_critic_repeats_ds_half():
    names = [(m.half, m.name) for m in moments_of(start("n_critic"))]
    once = [("discriminator", name) for name in OF_D]
    assert names == [*once * 3, *(("generator", name) for name in OF_G)]


def test_what_an_unrolled_discriminator_foresees_is_no_moment():
    seen = moments_of(start("cures"))
    assert rows(seen) == (("D's half", OF_D), ("G's half", OF_G)) and len(seen) == 10


@pytest.mark.parametrize("kind", ["bernoulli", "gaussian", "optimal", "conditional"])
def test_a_vaes_step_is_one_row(kind):
    assert rows(moments_of(start(kind))) == (("", OF_VAE),)


# ---- nothing is touched -----------------------------------------------------------------


@EACH
def test_a_watched_run_is_the_unwatched_one_to_the_bit(kind):
    watched, plain = start(kind), start(kind)
    trainer = watched.trainer

    def look():
        return len(watched.history["step"]), flat(
            getattr(trainer, "generator", None) or trainer.model
        )

    for i in range(20):
        seen = slow_motion(watched.advance, trainer, look)
        plain.advance()
        assert seen[-1].seen[0] == i + 1
    for half in watched.trainer.half_steps:
        moments_of(watched, half)
        plain.half_step(half)
    assert everything(watched) == everything(plain)


def test_numbers_are_copies():
    trainer = make_gan()
    trainer.generator = nn.Sequential(nn.ReLU(inplace=True), trainer.generator)
    seen = step(trainer, points())
    assert seen[0].values["z"].min() < 0  # as it was drawn, whatever a layer did to it
    before = copy.deepcopy([moment.values for moment in seen])
    trainer.step(points(3))
    for moment, old in zip(seen, before, strict=True):
        for name, value in moment.values.items():
            assert torch.equal(value, old[name]) and not value.requires_grad


def test_what_there_is_to_see_is_asked_for_at_the_start_and_after_each_update():
    trainer = make_gan(n_critic=2, average=0.5)
    asked = []

    def look():
        asked.append([flat(trainer.discriminator), flat(trainer.generator), flat(trainer.painter)])
        return len(asked)

    seen = step(trainer, torch.cat([points(), points(3)]), look=look)
    of_d = [*[1] * 5, 2]
    assert [m.seen for m in seen] == [*of_d, *(n + 1 for n in of_d), 3, 3, 3, 4]
    for number, moment in enumerate(m for m in seen if m.name == "update"):
        of = 0 if moment.half == "discriminator" else 1
        assert torch.equal(asked[number][of], moment.values["before"])
        assert torch.equal(asked[number + 1][of], moment.values["after"])
    assert torch.equal(asked[-1][2], flat(trainer.painter))  # the average has followed


def test_a_look_is_not_filmed():
    trainer = make_gan()
    other = make_gan()
    seen = step(trainer, points(), look=lambda: other.step(points()))
    assert len(seen) == len(OF_D) + len(OF_G)
    assert torch.equal(seen[0].values["z"], torch.randn(16, 3, generator=seeded(1)))


def test_who_looks_may_ask_for_gradients():
    trainer, real, enabled = make_gan(n_critic=2), torch.cat([points(), points(3)]), []
    work = partial(trainer.discriminator_step, real)
    slow_motion(work, trainer, lambda: enabled.append(torch.is_grad_enabled()))
    assert enabled == [True] * 3


def test_whoever_traced_before_traces_again():
    calls = []

    def tracer(frame, event, arg):
        calls.append(frame.f_code.co_name)

    trainer, earlier = make_gan(), sys.gettrace()
    for before in tracer, None:
        sys.settrace(before)
        try:
            step(trainer, points())
            found = sys.gettrace()
        finally:
            sys.settrace(earlier)
        assert found is before
    assert "update_generator" not in calls


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_error_passes_through_and_ends_the_tracing(error):
    trainer, earlier = make_gan(), sys.gettrace()

    def broken(z):
        raise error("broken")

    trainer.generator.forward = broken
    with pytest.raises(error, match="broken"):
        step(trainer, points())
    assert sys.gettrace() is earlier


def test_an_error_while_looking_passes_through():
    trainer, earlier, times = make_gan(), sys.gettrace(), iter([0, 1])
    with pytest.raises(ZeroDivisionError):
        step(trainer, points(), look=lambda: 1 / (1 - next(times)))
    assert sys.gettrace() is earlier


# ---- what a diagram says ----------------------------------------------------------------


def moment(name: str, half: str = "", **shown: Tensor) -> Moment:
    return Moment(
        half, name, "gan/training.py", 7, ("def f():", "    x = 1  # why"), 1, shown, None
    )


def text(box: str, **shown) -> str:
    flowed = {name: torch.tensor(value) for name, value in shown.items()}
    return flow([moment(box)._replace(values=flowed)], 0)[1][0]


def test_the_first_example_is_followed():
    two = [[0.42, -1.3], [5.0, 6.0]]
    assert text("noise", z=two) == "z 0.42 −1.30"
    assert text("generator", fake=two) == "fake 0.42 −1.30"
    logits = {"real_logits": [1.2, 0.0], "fake_logits": [-0.35, 0.0]}
    d = f"D {1 / (1 + math.exp(-1.2)):.2f} {1 / (1 + math.exp(0.35)):.2f}"
    assert text("discriminator", **logits) == f"logit real 1.20\nlogit fake −0.35\n{d}"
    assert text("loss", **logits, loss=[0.5, 1.0]) == "loss 0.50\nbatch mean 0.75"
    assert text("penalty", penalty=[0.5, 1.0]) == "penalty 0.50\nbatch mean 0.75"
    assert text("gradient", weights=[1.0, 1.0], gradient=[3.0, -4.0]) == "length 5.00"
    assert text("update", before=[1.0, 1.0], after=[1.0, 0.99902]) == "largest change\n0.00098"
    vae = {"mean": two, "logvar": [[0.0, 2 * math.log(3)], [1.0, 1.0]]}
    assert text("encoder", **vae) == "mean 0.42 −1.30\nlogvar 0.00 2.20"
    costs = {"reconstruction": [54.12, 0.0], "kl": [[1.0, 2.5], [0.0, 0.0]]}
    assert text("costs", **costs) == "reconstruction\n54.1\nKL 3.50"


def test_of_many_numbers_some_are_told_and_of_a_picture_its_mean():
    assert text("noise", z=torch.arange(16.0).expand(2, 16).tolist()) == "z 0.00 1.00 …"
    picture = torch.full((2, 784), 0.125).tolist()
    assert text("generator", fake=picture) == text("decoder", mean=picture)
    assert text("decoder", mean=picture) == "784 pixels\nmean 0.12"
    assert text("decoder", mean=[[1.0, 2.0]]) == "mean 1.00 2.00"


SIZES = [0.0, 1e-30, 3e-10, 5e-9, 0.0049, 0.00499, 0.005, 0.9949, 9.9949, 9.996, 99.949, 99.96]
SIZES += [999.5, 9_999.4, 9_999.5, 1.5e5, 9.9e9, 3e37, math.inf, math.nan]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("sign", [1, -1])
def test_no_number_is_too_long_for_its_box(size, sign):
    number = sign * size
    logits = {"real_logits": [number], "fake_logits": [number]}
    for shown in (
        text("discriminator", **logits),
        text("loss", **logits, loss=[number]),
        text("costs", reconstruction=[number], kl=[[number]]),
        text("encoder", mean=[[number] * 2], logvar=[[number] * 2]),
        text("noise", noise=[[number] * 9]),
        text("update", before=[0.0], after=[number]),
    ):
        assert shown.count("\n") < 4 - (shown[:4] != "mean")
        assert all(0 < len(line) <= 16 for line in shown.split("\n"))
    told = text("discriminator", **logits).split("\n")[0].removeprefix("logit real ")
    told = told.replace("−", "-")
    if 1e-9 < size < math.inf:  # right in as many digits as there are
        unit = 10.0 ** math.floor(math.log10(size))
        assert abs(float(told) - number) <= 0.501 * (
            unit if size < 0.005 or size > 1e4 else unit / 10
        )
    else:
        assert abs(float(told)) == size or (size < 1e-9 and float(told) == 0) or told == "nan"


def test_a_box_is_empty_until_something_came_there():
    seen = moments_of(start("nonsaturating"))
    for i in range(len(seen)):
        at, texts = flow(seen, i)
        assert at == i and all(texts[: i + 1]) and not any(texts[i + 1 :])


def test_when_a_half_begins_anew_its_boxes_are_emptied():
    seen = moments_of(start("n_critic"))
    at, texts = flow(seen, len(OF_D) + 1)
    assert at == 1 and [bool(t) for t in texts] == [True] * 2 + [False] * 8
    assert texts[:2] != flow(seen, 1)[1][:2]
    at, texts = flow(seen, 3 * len(OF_D))
    assert at == len(OF_D) and [bool(t) for t in texts] == [True] * 7 + [False] * 3


def test_a_sentence_says_where_and_what():
    shown = moment("loss", "generator", fake_logits=torch.zeros(2), loss=torch.tensor([0.5, 1.0]))
    where = "Generator's half, loss: gan/training.py, line 7: x = 1."
    assert said(shown) == f"{where}  First example: loss 0.50, batch mean 0.75."
    shown = moment("update", before=torch.zeros(2), after=torch.tensor([0.5, 1.0]))
    assert said(shown) == "update: gan/training.py, line 7: x = 1.  largest change 1."
