"""The shelf of trained models: each is what its command makes, and the slider shows it."""

import io
import shlex
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from genart_edu.cli import main
from genart_edu.data.images import digits
from genart_edu.device import rngs
from genart_edu.lab.checkpoint import read
from genart_edu.lab.experiment import Experiment
from genart_edu.lab.saved import painter, resume
from genart_edu.lab.shelf import BETAS, PLANE, PLANE_COMMAND, STEPS, BetaSweep, shelf
from genart_edu.vae.diagnostics import mean_costs, mean_kl
from genart_edu.widgets.shelf import BetaSlider
from tests.jupyterlab import opened, run_all


def test_every_position_is_a_checkpoint_of_its_own_at_that_beta():
    models = shelf()
    assert [each.beta for each in models] == list(BETAS)
    for each in models:
        saved = read(each.path)
        assert saved.about["experiment"]["beta"] == each.beta == each.experiment.beta
        assert len(saved.log) == each.steps == STEPS
        assert each.path.stat().st_size <= 2_000_000
        state = {name: tensor.tolist() for name, tensor in each.model.state_dict().items()}
        assert state == {k: t.tolist() for k, t in saved.state["trainer"]["model"].items()}
    assert len({each.path for each in models}) == len(models)


BETA_2 = BETAS.index(2.0)


@pytest.mark.parametrize(
    ("path", "command"), [(shelf()[BETA_2].path, shelf()[BETA_2].command), (PLANE, PLANE_COMMAND)]
)
def test_its_command_makes_it_again(path, command, tmp_path):
    """The same costs and the same latents.  Another machine may differ in the last bits, which
    training enlarges: seen between two thread counts, .05 nats."""
    program, *words = shlex.split(command)
    assert program == "genart" and main([*words, "--out", str(tmp_path / "again")]) == 0
    _, shipped, _ = painter(path)
    _, again, _ = painter(tmp_path / "again" / "checkpoint.safetensors")
    x = digits().split(1_500)[1].x()
    ours, theirs = (mean_costs(each.model, x, rngs(0, 1)[0], 10) for each in (shipped, again))
    torch.testing.assert_close(list(ours), list(theirs), rtol=0, atol=0.3)
    torch.testing.assert_close(
        mean_kl(shipped.model, x), mean_kl(again.model, x), rtol=0, atol=0.15
    )


def test_one_can_train_on_from_it():
    experiment, run, _ = resume(shelf()[0].path)
    assert run.step == STEPS and experiment.beta == BETAS[0]
    for record in run.play(3):
        assert np.isfinite([record.reconstruction, record.kl]).all()


def test_the_latent_pads_model_has_two_latents_and_can_be_read():
    experiment, trainer, shape = painter(PLANE)
    assert (trainer.model.latent_dim, shape) == (2, (1, 8, 8))
    plain = Experiment("vae", "digits", latent_dim=2).settled(images=True)
    assert replace(experiment, device="auto") == plain
    assert len(read(PLANE).log) == 5_000


@pytest.fixture(scope="module")
def sweep() -> BetaSweep:
    return BetaSweep()


def test_more_beta_means_less_rate_and_more_distortion(sweep):
    rate, distortion = sweep.places.T
    assert (np.diff(rate) < 0).all() and (np.diff(distortion) > 0).all()
    assert sum(sweep.places[3]) < min(sum(place) for i, place in enumerate(sweep.places) if i != 3)


def test_the_words_are_the_numbers_and_the_command(sweep):
    x = digits().split(1_500)[1].x()
    for i, each in enumerate(sweep.models):
        reconstruction, kl = mean_costs(each.model, x, rngs(0, 1)[0], draws=10)
        words = sweep.status(i)
        assert words.startswith(f"β {each.beta:g}: −ELBO {reconstruction + kl:.1f} = ")
        assert f"KL {kl:.1f} nats" in words and words.endswith(f"{each.path.name}: {each.command}")


def test_every_position_has_a_picture_of_its_own(sweep):
    pictures = [np.asarray(Image.open(io.BytesIO(sweep.picture(i)))) for i in range(len(BETAS))]
    assert len({picture.shape for picture in pictures}) == 1
    for i, one in enumerate(pictures):
        assert all((one != other).any() for other in pictures[:i])
    again = np.asarray(Image.open(io.BytesIO(sweep.picture(0))))
    assert np.array_equal(again, pictures[0])


def test_the_slider_shows_what_it_stands_at(sweep):
    slider = BetaSlider()
    assert slider.slider.value == 1
    for beta in (0.1, 4.0):
        slider.move(beta)
        assert slider.picture.status == sweep.status(BETAS.index(beta))
        assert slider.picture.png == sweep.picture(BETAS.index(beta))
    bundle, about = slider._repr_mimebundle_()
    assert bundle["text/plain"] == "Beta slider: β 4 of 8 trained models"
    assert bundle["image/png"] == slider.picture.png and about["image/png"]["alt"]
    assert "application/vnd.jupyter.widget-view+json" in bundle


@pytest.mark.parametrize("beta", [0.3, 5, -1])
def test_a_beta_that_nobody_trained_is_refused(beta):
    with pytest.raises(ValueError, match=r"^beta must be one of 0\.1, 0\.25, .*; got "):
        BetaSlider().move(beta)


def test_a_theme_that_is_none_is_refused():
    with pytest.raises(ValueError, match=r"^theme must be one of light, dark; got 'blue'\.$"):
        BetaSlider("blue")


def test_in_jupyterlab_each_press_of_an_arrow_key_shows_another_model(browser, tmp_path_factory):
    cell = "from genart_edu.widgets.shelf import BetaSlider\n\nBetaSlider()"
    with opened(browser, tmp_path_factory, [cell]) as page:
        run_all(page)
        page.wait_for_function("document.querySelector('canvas')?.width > 0")
        handle, seen = page.locator(".noUi-handle"), []
        for key, beta in ("", 1), ("ArrowRight", 1.5), ("ArrowRight", 2), ("ArrowLeft", 1.5):
            if key:
                handle.press(key)
            page.locator(".genart-status", has_text=f"β {beta:g}: ").wait_for()
            page.wait_for_timeout(300)
            seen.append(page.locator("canvas").evaluate("canvas => canvas.toDataURL()"))
        assert len(set(seen)) == 3 and seen[1] == seen[3]
        name = "genart train vae --beta 1.5 --steps 2500"
        assert name in page.locator(".genart-status").inner_text()
