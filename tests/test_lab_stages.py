"""Stages: what the views are given is what the trainer makes, and looking changes nothing."""

import math
import re

import numpy as np
import pytest
import torch

from genart_edu.data.catalogue import load
from genart_edu.data.densities import ring
from genart_edu.data.images import Images
from genart_edu.device import rngs
from genart_edu.gan.diagnostics import divergences, modes, optimal_surface
from genart_edu.lab.experiment import Experiment
from genart_edu.lab.latent import arc
from genart_edu.lab.stages import far_away, grid_columns, latents, on_stage, samples
from genart_edu.lab.vae_panels import traversals
from genart_edu.lab.vae_stages import vae_on_images
from genart_edu.views.bars import Bars
from genart_edu.views.canvas import Canvas
from genart_edu.views.curves import Curves
from genart_edu.views.images import ImageGrid, Rows, residuals
from genart_edu.views.latent import LatentPlane
from genart_edu.views.plane import Plane
from genart_edu.views.rate import RateDistortion
from genart_edu.views.seeds import SeedGrid

KINDS = [("vae", "digits"), ("vae", "moons"), ("gan", "digits"), ("gan", "ring")]
ALL = pytest.mark.parametrize(("model", "data"), KINDS)


def started(model, data, steps=0, **choices):
    run, stage = Experiment(model, data, hidden_dim=16, **choices).start()
    for _ in run.play(steps, every=1_000):
        pass
    return run, stage


def panel(stage, view_type):
    """The one view of that type in a stage: its place."""
    (place,) = [i for i, view in enumerate(stage.views()) if type(view) is view_type]
    return place


@ALL
@pytest.mark.parametrize("latent_dim", [2, 3])
@pytest.mark.parametrize("steps", [0, 1, 12])
def test_every_view_gets_what_it_takes_before_the_first_step_too(model, data, latent_dim, steps):
    run, stage = started(model, data, steps, latent_dim=latent_dim)
    canvas = Canvas(stage.views())
    looks = stage.look(run.history)
    assert len(looks) == len(stage.views())
    frame = canvas.frame(looks)
    assert frame.dtype == np.uint8 and frame.std() > 0
    for arrays in looks:
        assert all(a is None or isinstance(a, np.ndarray) for a in arrays)
        assert all(np.isfinite(a).all() for a in arrays[:3] if a is not None)


@ALL
def test_two_looks_at_one_moment_are_equal(model, data):
    run, stage = started(model, data, 5, latent_dim=2)
    first, again = stage.look(run.history), stage.look(run.history)
    for a, b in zip(first, again, strict=True):
        for one, other in zip(a, b, strict=True):
            assert one is other is None or np.array_equal(one, other, equal_nan=True)
    assert stage.status(run.history) == stage.status(run.history)


@ALL
def test_the_same_noise_becomes_other_pictures_as_the_run_goes_on(model, data):
    run, stage = started(model, data, latent_dim=3)
    early = stage.look(run.history)[-1][-1]
    list(run.play(20))
    late = stage.look(run.history)[-1][-1]
    assert early.shape == late.shape and not np.array_equal(early, late)


@pytest.mark.parametrize("data", ["digits", "moons"])
def test_the_curves_of_a_vae_are_its_costs_and_their_sum(data):
    run, stage = started("vae", data, 7)
    history = run.history
    steps, bound, reconstruction, kl = stage.look(history)[panel(stage, Curves)]
    assert steps.tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert np.array_equal(reconstruction, history["reconstruction"])
    assert np.array_equal(kl, history["kl"])
    assert np.array_equal(bound, reconstruction + kl)


@pytest.mark.parametrize("data", ["digits", "ring"])
def test_the_curves_of_a_gan_are_its_two_losses(data):
    run, stage = started("gan", data, 7)
    history = run.history
    steps, discriminator, generator = stage.look(history)[panel(stage, Curves)]
    assert steps.tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert np.array_equal(discriminator, history["discriminator_loss"])
    assert np.array_equal(generator, history["generator_loss"])


def test_pairs_are_pictures_it_never_saw_above_what_became_of_them():
    run, stage = started("vae", "digits", 5)
    real, decoded = stage.look(run.history)[panel(stage, Rows)]
    test = load("digits")[1]
    n = len(real)
    assert real.shape == decoded.shape == (n, 1, 8, 8)
    x = test.x(slice(n))
    assert np.array_equal(real, x.view(n, 1, 8, 8).numpy())
    with torch.no_grad():
        logits = run.trainer.model.decoder(run.trainer.model.encode(x)[0])
    expected = (1 / (1 + (-logits).exp())).view(n, 1, 8, 8)  # probabilities, never logits
    np.testing.assert_allclose(decoded, expected.numpy(), rtol=1e-5, atol=1e-6)


def test_the_bars_are_the_kl_of_each_latent_and_whether_it_is_active():
    run, stage = started("vae", "digits", 60, latent_dim=5)
    values, alive = stage.look(run.history)[panel(stage, Bars)]
    mean, logvar = run.trainer.model.encode(load("digits")[1].x(slice(200)))
    q = torch.distributions.Normal(mean, (logvar / 2).exp())
    kl = torch.distributions.kl_divergence(q, torch.distributions.Normal(0.0, 1.0)).mean(0)
    np.testing.assert_allclose(values, kl.detach().numpy(), rtol=1e-4, atol=1e-6)
    assert alive.tolist() == (mean.var(0) > 0.01).tolist()


def test_a_binary_picture_is_measured_against_coins():
    """64 of them, each as biased as its pixel: entropies from numpy."""
    _, stage = started("vae", "digits")
    ink = load("digits")[1].x(slice(200)).numpy().mean(0).clip(1e-9, 1 - 1e-9)
    entropy = -(ink * np.log(ink) + (1 - ink) * np.log(1 - ink)).sum()
    assert stage.views()[panel(stage, Curves)].references["coins"] == pytest.approx(
        entropy, abs=0.2
    )
    _, grey = started("vae", "digits-grey", likelihood="gaussian")
    assert "coins" not in grey.views()[panel(grey, Curves)].references
    assert "coins" in stage.caption and "coins" not in grey.caption


def test_the_lattice_is_the_plane_with_z2_upwards():
    run, stage = started("vae", "digits", 3, latent_dim=2)
    (grid,) = stage.look(run.history)[-1]
    assert len(grid) == 121
    corner = run.trainer.model.decode(torch.tensor([-3.0, 3.0])).mean  # upper left
    np.testing.assert_allclose(grid[0].ravel(), corner.detach().numpy(), rtol=1e-5, atol=1e-6)


def test_a_traversal_moves_one_latent_and_leaves_the_others():
    run, _ = started("vae", "digits", 3, latent_dim=4)
    z = torch.tensor([0.1, 0.2, 0.3, 0.4])
    rows = traversals(run.trainer.model, z, [2, 0]).view(2, 11, 64)
    there = run.trainer.model.decode(torch.tensor([0.1, 0.2, 3.0, 0.4])).mean
    torch.testing.assert_close(rows[0, -1], there.detach())
    torch.testing.assert_close(
        rows[1, 5], run.trainer.model.decode(torch.tensor([0.0, 0.2, 0.3, 0.4])).mean.detach()
    )


@pytest.mark.parametrize("latent_dim", [1, 2, 3])
@pytest.mark.parametrize("labels", [False, True])
def test_a_vae_leaves_stills_of_its_kl_and_of_its_latents(latent_dim, labels):
    run, stage = started("vae", "digits", 12, latent_dim=latent_dim, labels=labels)
    assert set(stage.stills) == {"kl", "latent"}
    for name in stage.stills:
        figure = stage.still(name, run.history)
        assert figure.alt and figure._repr_png_()[0].startswith(b"\x89PNG")


def test_the_path_of_a_run_leads_to_where_it_stands():
    run, stage = started("vae", "digits", 150)
    history, panels = run.history, stage.stills["kl"](run.history)
    (path,) = [panel for panel in panels if isinstance(panel.view, RateDistortion)]
    rate, distortion, here = path.arrays(history)
    assert path.view.names == ("step 1", "step 10", "step 30", "step 100")
    assert rate[2] == pytest.approx(history["kl"][15:30].mean())
    assert distortion[2] == pytest.approx(history["reconstruction"][15:30].mean())
    recent = [history[name][-100:].mean() for name in ("kl", "reconstruction")]
    assert here.tolist() == pytest.approx(recent)


def test_before_its_first_step_a_run_stands_nowhere():
    run, stage = started("vae", "digits")
    assert stage.still("kl", run.history).alt and stage.still("latent", run.history).alt


def test_the_latents_are_shown_from_the_most_to_the_least_informative():
    run, stage = started("vae", "digits", 300, latent_dim=5)
    bars, _ = stage.look(run.history)[panel(stage, Bars)]
    order = [f"z{'₁₂₃₄₅'[i]}" for i in np.argsort(-bars)]
    plane, grid = (panel.view for panel in stage.stills["latent"](run.history))
    assert list(grid.rows) == order and list(plane.axes) == order[:2]


def test_the_error_is_that_of_the_mean():
    run, stage = started("vae", "digits", 30)
    (rows,) = [p for p in stage.stills["kl"](run.history) if isinstance(p.view, Rows)]
    x, mean, drawn, error = rows.arrays(run.history)
    assert np.array_equal(error, residuals(x, mean)) and set(np.unique(drawn)) == {0, 1}


def test_more_classes_than_can_be_told_apart_are_not_told_apart():
    labels = torch.arange(60) % 12
    names = tuple(f"class {i}" for i in range(12))
    test = Images(torch.randint(2, (60, 1, 8, 8), dtype=torch.uint8), labels, names, white=1)
    run, _ = started("vae", "digits", 3, latent_dim=2)
    stage = vae_on_images(run.trainer, test)
    _, told, _ = stage.look(run.history)[panel(stage, LatentPlane)]
    assert told is None and stage.still("latent", run.history).alt


@pytest.mark.parametrize(
    ("n", "classes", "columns"), [(64, 0, 8), (64, 8, 8), (64, 10, 10), (64, 2, 8), (64, 1, 8)]
)
def test_a_grid_of_samples_holds_whole_turns_of_the_classes(n, classes, columns):
    assert grid_columns(n, classes) == columns
    assert grid_columns(n, 100) == 8


def test_a_conditional_vae_is_told_the_class_of_what_it_shows():
    run, stage = started("vae", "digits", 3, labels=True)
    (grid,) = stage.look(run.history)[panel(stage, ImageGrid)]
    z = latents(run.trainer, 64, rngs(0, 1)[0])
    expected = run.trainer.model.given(torch.arange(64) % 10).decode(z).mean
    np.testing.assert_allclose(grid.reshape(64, 64), expected.detach().numpy(), rtol=1e-4)
    test = load("digits")[1]
    _, decoded = stage.look(run.history)[panel(stage, Rows)]
    maps = run.trainer.model.given(test.labels[:24])
    expected = maps.decode(maps.encode(test.x(slice(24)))[0]).mean
    np.testing.assert_allclose(decoded.reshape(24, 64), expected.detach().numpy(), rtol=1e-4)


@pytest.mark.parametrize("model", ["vae", "gan"])
def test_samples_are_pictures_from_black_to_white(model):
    run, stage = started(model, "digits", 5)
    samples = stage.look(run.history)[-1][0]
    assert samples.shape[1:] == (1, 8, 8)
    assert samples.min() >= 0 and samples.max() <= 1


@pytest.mark.parametrize("data", ["digits", "moons"])
def test_there_is_a_latent_plane_where_the_latent_space_is_one(data):
    for latent_dim, planes in (1, 0), (2, 1), (3, 0):
        run, stage = started("vae", data, latent_dim=latent_dim)
        assert sum(isinstance(view, LatentPlane) for view in stage.views()) == planes
    run, stage = started("vae", "digits", 3, latent_dim=2)
    means, labels, std = stage.look(run.history)[panel(stage, LatentPlane)]
    test = load("digits")[1]
    with torch.no_grad():
        expected, logvar = run.trainer.model.encode(test.x(slice(len(means))))
    assert np.array_equal(means, expected.numpy())
    assert np.allclose(std**2, logvar.exp().numpy(), rtol=1e-5)
    assert np.array_equal(labels, test.labels[: len(means)].numpy())


def test_the_status_says_the_step_and_the_mean_of_the_last_hundred_losses():
    run, stage = started("vae", "digits")
    assert stage.status(run.history) == "Step 0."
    list(run.play(1_150, every=1_150))
    status = stage.status(run.history)
    kl = run.history["kl"][1_050:].mean()
    assert status.startswith("Step 1,150, reconstruction ")
    assert f", kl {kl:.2f} nats." in status.lower()


def test_the_status_counts_modes_as_the_density_does():
    run, stage = started("gan", "ring", 3)
    means = ring().means[torch.arange(2_500) % 4]  # four modes, each hit in its middle
    run.trainer.generator.forward = lambda z: means[: len(z)]
    status = stage.status(run.history)
    counted = (
        r"nats; 4 of 8 modes, 100% of the fakes of high quality, JS (\d\.\d\d) nats\.  Too early"
    )
    js = re.search(counted, status)
    assert js and float(js[1]) > math.log(4 / 3) / 2  # of half the modes; points cover less
    shares, captured = stage.look(run.history)[panel(stage, Bars)]
    assert captured.tolist() == [True] * 4 + [False] * 4
    assert shares.tolist() == [25.0] * 4 + [0.0] * 4
    assert "discriminator loss" in status and "generator loss" in status


def test_the_surface_is_the_discriminators_belief():
    run, stage = started("gan", "ring", 3)
    _, fake, surface, best, *_ = stage.look(run.history)[panel(stage, Plane)]
    assert np.array_equal(best, optimal_surface(torch.from_numpy(fake), ring()), equal_nan=True)
    assert surface.ndim == 2 and surface.min() >= 0 and surface.max() <= 1
    corner = torch.tensor([[-ring().extent, -ring().extent]])
    logit = run.trainer.discriminator(corner).item()
    assert surface[0, 0] == pytest.approx(1 / (1 + math.exp(-logit)), abs=1e-6)


@pytest.mark.parametrize("cure", [{"packing": 2}, {"minibatch_std": True}])
def test_a_discriminator_that_judges_several_together_has_no_surface(cure):
    run, stage = started("gan", "ring", 3, **cure)
    real, fake, *rest = stage.look(run.history)[panel(stage, Plane)]
    assert len(real) == len(fake) == 500 and rest == [None] * 4
    assert not {"surface", "optimum", "gradients"} & stage.layers.keys()
    assert (
        "judges several" in stage.caption
        and "judges several" not in started("gan", "ring")[1].caption
    )


def test_of_seeds_one_sees_the_fakes_of_each_and_how_many_modes_it_found():
    run, stage = started("gan", "ring", 3, seeds=5)
    fakes, captured = stage.look(run.history)[panel(stage, SeedGrid)]
    assert fakes.shape == (5, 200, 2) and not np.array_equal(fakes[0], fakes[1])
    assert np.array_equal(captured, stage.measure()["modes"])
    _, discriminator, _ = stage.look(run.history)[panel(stage, Curves)]
    assert np.allclose(discriminator, run.history["discriminator_loss"].mean(1))
    collapsed = stage.measure()["collapsed"].sum()
    said = rf"; \d(\.\d+)? of 8 modes, .* nats, {collapsed} of 5 collapsed\.$"
    assert re.search(said, stage.status(run.history))


@pytest.mark.parametrize("objective", ["minimax", "least_squares", "hinge", "wasserstein"])
def test_the_lines_beside_the_losses_are_those_of_a_discriminator_that_guesses(objective):
    run, stage = started("gan", "ring", 0, objective=objective)
    curves = stage.views()[panel(stage, Curves)]
    for net in run.trainer.discriminator.parameters():
        net.data.zero_()
    record = run.trainer.step(next(run.batches)[0])
    said = np.array([*curves.references.values()])
    for loss in record.discriminator_loss, record.generator_loss:
        assert np.isclose(said, loss.item(), atol=1e-3).any()


def test_what_is_shown_of_an_averaged_generator_is_the_average():
    run, stage = started("gan", "ring", 20, average=0.99)
    fake = stage.look(run.history)[panel(stage, Plane)][1]
    z = latents(run.trainer, 2_500, rngs(0, 1)[0])[:500]
    with torch.no_grad():
        assert np.array_equal(fake, run.trainer.painter(z).numpy())
        assert not np.array_equal(fake, run.trainer.generator(z).numpy())


def test_modes_and_divergences_are_measured_on_2_500_fakes():
    run, stage = started("gan", "ring", 3)
    fakes = samples(run.trainer, latents(run.trainer, 2_500, rngs(0, 1)[0]))
    found, apart = stage.measure(), divergences(fakes, ring())
    assert (found["js"], found["kl"]) == (apart.js, apart.kl)
    assert found["high_quality"] == modes(fakes, ring()).high_quality


def test_a_gan_on_pictures_has_collapsed_if_it_covers_less_than_a_tenth():
    run, stage = started("gan", "digits", 3)
    test = load("digits")[1]
    paint = run.trainer.painter.forward
    run.trainer.painter.forward = lambda z: test.x(slice(len(z)))
    assert not stage.measure()["collapsed"] and stage.measure()["coverage"] == 1
    run.trainer.painter.forward = lambda z: test.x(slice(1)).expand(len(z), -1)
    assert stage.measure()["collapsed"] and stage.measure()["coverage"] < 0.1
    run.trainer.painter.forward = lambda z: paint(z) * torch.nan
    found = stage.measure()
    assert found["collapsed"] and np.isnan(found["coverage"])


def test_the_gradients_of_both_players_are_drawn():
    run, stage = started("gan", "ring", 5)
    (gradients,) = stage.stills["gradients"](run.history)
    _, discriminator, generator = gradients.arrays(run.history)
    assert np.array_equal(discriminator, run.history["discriminator_gradient"])
    assert np.array_equal(generator, run.history["generator_gradient"])


@pytest.mark.parametrize(
    ("objective", "unit", "says"),
    [
        ("minimax", " nats", "log(1 - D(fake))"),
        ("nonsaturating", " nats", "-log D(fake)"),
        ("hinge", "", ""),
        ("wasserstein", "", ""),
    ],
)
def test_only_losses_that_are_logarithms_are_nats(objective, unit, says):
    run, stage = started("gan", "ring", 3, objective=objective)
    assert re.search(rf"generator loss -?\d+\.\d\d{unit};", stage.status(run.history))
    assert says in stage.caption and ("cross entropy" in stage.caption) == bool(unit)


def test_a_run_that_began_far_away_and_comes_nearer_does_not_diverge():
    history = {
        "step": np.arange(3),
        "kl": np.array([1e8, 1e7, 1e7]),
        "generator_gradient": [9e9] * 3,
    }
    assert not far_away(history).any()
    history["kl"] = np.array([[1.0, 1.0], [1.0, -2e6], [1.0, 1.0]])
    assert far_away(history).tolist() == [[False, False], [False, True], [False, False]]


@ALL
def test_every_stage_says_in_numbers_whether_it_collapsed(model, data):
    found = started(model, data, 3)[1].measure()
    assert found["collapsed"].dtype == bool
    assert all(np.isfinite(v).all() or name == "reverse_kl" for name, v in found.items())


@ALL
def test_what_each_curve_means_stands_beside_it(model, data):
    _, stage = started(model, data)
    curves = ["reconstruction", "KL", "ELBO"] if model == "vae" else ["discriminator", "generator"]
    assert all(curve in stage.caption for curve in curves)
    assert stage.shape == ((1, 8, 8) if data == "digits" else (2,))


# ---- layers ---------------------------------------------------------------------------------


def test_every_layer_of_the_plane_comes_and_goes_by_itself():
    run, stage = started("gan", "ring", 3)
    places = ("real", "fakes", "surface", "optimum", "manifold", "gradients")
    stage.layers.update(dict.fromkeys(places, False))
    for i, name in enumerate(places):
        stage.layers[name] = True
        drawn = stage.look(run.history)[panel(stage, Plane)]
        assert [a is not None and len(a) > 0 for a in drawn] == [j == i for j in range(6)], name
        stage.layers[name] = False


def test_the_manifold_is_where_the_generator_takes_a_lattice_of_equal_shares():
    run, stage = started("gan", "ring", 3)
    stage.layers["manifold"] = True
    mesh = stage.look(run.history)[panel(stage, Plane)][4]
    corner = torch.tensor([[-2.5758293, -2.5758293], [2.5758293, -2.5758293]])  # of .005, .995
    expected = run.trainer.generator(corner).detach().numpy()
    np.testing.assert_allclose([mesh[0, 0], mesh[0, -1]], expected, atol=1e-6)


def test_an_arrow_points_where_a_fake_lowers_its_loss():
    run, stage = started("gan", "ring", 30)
    stage.layers["gradients"] = True
    at, pull = stage.look(run.history)[panel(stage, Plane)][5].transpose(1, 0, 2)

    def loss(x):
        return torch.nn.functional.softplus(-run.trainer.discriminator(torch.from_numpy(x)))

    with torch.no_grad():
        lower = loss(at + 1e-3 * pull) <= loss(at)
    assert lower.float().mean() > 0.95 and np.abs(pull).max() > 1e-3


def test_the_manifold_needs_two_latents():
    assert "manifold" not in started("gan", "ring", latent_dim=3)[1].layers


def test_the_distances_are_kept_from_look_to_look_and_none_of_a_future_taken_back():
    run, stage = started("gan", "ring", 4)
    (distances,) = [p for p in stage.panels if p.layer == "distances"]
    before = stage.measure()
    distances.arrays(run.history)
    list(run.play(3))
    steps, kl, js = distances.arrays(run.history)
    assert steps.tolist() == [4, 7] and (kl[0], js[0]) == (before["kl"], before["js"])
    past = {name: column[:5] for name, column in run.history.items()}
    assert distances.arrays(past)[0].tolist() == [4, 5]


def test_a_stage_made_anew_shows_the_target_of_now():
    run, stage = started("gan", "ring", 3)
    run.set(data="drawn:0.50 0.50;-0.50 0.50;0.00 -1.00")
    assert "of 8 modes" in stage.status(run.history)
    again, renewed = on_stage(run, stage.renew)
    assert again is run and "of 3 modes" in renewed.status(run.history)
    assert renewed.views()[panel(renewed, Plane)] is not stage.views()[panel(stage, Plane)]


def test_a_stage_made_anew_where_nothing_changed_shows_the_same():
    run, stage = started("gan", "digits", 3)
    _, renewed = on_stage(run, stage.renew)
    for was, now in zip(stage.look(run.history), renewed.look(run.history), strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(was, now, strict=True))
    assert renewed.status(run.history) == stage.status(run.history)
    assert (renewed.shape, renewed.caption) == (stage.shape, stage.caption)


@pytest.mark.parametrize("choices", [{}, {"packing": 3}, {"minibatch_std": True}])
def test_after_enough_steps_the_plane_says_how_the_gan_is(choices):
    run, stage = started("gan", "ring", 1_500, **choices)
    said = stage.status(run.history).split("nats.  ")[1]
    names = "Healthy|Learning|Collapsed|Oscillating|Discriminator won|Can't tell"
    assert re.match(rf"({names}): .*\d+%.*\.$", said)


@pytest.mark.parametrize("labels", [False, True])
def test_with_its_quality_shown_a_gan_on_pictures_says_how_it_is(labels):
    run, stage = started("gan", "digits", 5, labels=labels)
    stage.look(run.history)
    assert "Too early" not in stage.status(run.history)
    stage.layers["quality"] = True
    stage.look(run.history)
    assert "Too early to tell" in stage.status(run.history)


def test_the_nearest_pictures_are_those_of_the_training_data():
    run, stage = started("gan", "digits", 5)
    (neighbours,) = [p for p in stage.panels if p.layer == "neighbours"]
    fakes, nearest = (a.reshape(len(a), -1) for a in neighbours.arrays(run.history))
    train = load("digits")[0].x().numpy()
    found = ((fakes[:, None] - train) ** 2).sum(-1)
    np.testing.assert_array_equal(nearest, train[found.argmin(1)])


def test_a_film_gets_a_row_when_twice_as_many_steps_were_made():
    run, stage = started("gan", "digits")
    (film,) = [p for p in stage.panels if p.layer == "film"]
    rows = []
    for _ in range(8):
        rows.append(len(film.arrays(run.history)[0]) // 8)
        list(run.play(25))
    assert rows == [1, 1, 2, 2, 3, 3, 3, 3]  # at 0, 50 and 100 steps
    past = {name: column[:60] for name, column in run.history.items()}
    assert len(film.arrays(past)[0]) == 16


def test_between_two_draws_the_way_keeps_its_distance_from_the_middle():
    generator = torch.Generator().manual_seed(0)
    start, end = torch.randn(2, 5, 16, generator=generator).double()
    share = torch.linspace(0, 1, 9).double()[:, None, None]
    way = arc(start, end, share)
    assert torch.allclose(way[0], start) and torch.allclose(way[-1], end)
    unit = torch.nn.functional.normalize
    ways = arc(unit(start, dim=-1), unit(end, dim=-1), share)
    assert torch.allclose(ways.norm(dim=-1), torch.ones(9, 5).double())
    turned = (ways[1:] * ways[:-1]).sum(-1).acos()  # equal angles from step to step
    assert torch.allclose(turned, turned[:1].expand_as(turned))
    assert torch.allclose(arc(start, start, share), start.expand(9, 5, 16))
    assert arc(torch.tensor([1.0]), torch.tensor([-0.5]), torch.tensor([0.5])).abs() <= 1


def test_between_two_draws_the_class_stays():
    run, stage = started("gan", "digits", 3, labels=True)
    told = []
    paint = run.trainer.painter.forward
    run.trainer.painter.forward = lambda z, y: told.append(y.view(8, 8)) or paint(z, y)
    (between,) = [p for p in stage.panels if p.layer == "between"]
    between.arrays(run.history)
    assert (told[0] == torch.arange(8)[:, None]).all()
