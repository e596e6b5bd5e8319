"""The maps: shapes, classes, and what a convolution may and may not see."""

import pytest
import torch
from torch import Tensor

from genart_edu.vae.likelihood import Bernoulli, GivenVariance, LearnedVariance
from genart_edu.vae.model import ConditionalVAE, conv_vae, mlp_vae
from genart_edu.vae.objective import elbo_costs

SHAPES = [(1, 8, 8), (1, 28, 28), (3, 17, 33), (1, 7, 5)]


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pictures(n: int, data_dim: int) -> Tensor:
    return torch.rand(n, data_dim, generator=seeded(3))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("likelihood", [Bernoulli, GivenVariance(0.1), LearnedVariance()])
def test_convolutions_take_flat_pictures_of_any_size(shape, likelihood):
    data_dim = torch.Size(shape).numel()
    model = conv_vae(shape, 5, hidden_dim=4, likelihood=likelihood, rng=seeded())
    x = pictures(6, data_dim)
    mean, logvar = model.encode(x)
    assert mean.shape == logvar.shape == (6, 5)
    assert model.decode(mean).mean.shape == (6, data_dim)
    costs = elbo_costs(model, x, seeded())
    assert costs.reconstruction.shape == (6,) and costs.kl.shape == (6, 5)


def test_a_convolution_sees_neighbours_in_the_picture():
    """Moving a shape by one period of all strides moves the features of its layer, no more."""
    model = conv_vae((1, 16, 16), 2, hidden_dim=4, rng=seeded())
    convolutions = model.encoder[:-2]
    picture = torch.zeros(1, 16, 16)
    picture[:, 4:8, 4:8] = 1
    moved = picture.roll(4, dims=-1)
    here, there = (convolutions(p.flatten(-3)[None]) for p in (picture, moved))
    torch.testing.assert_close(here.roll(1, dims=-1)[..., 1:3, 1:3], there[..., 1:3, 1:3])


def test_a_learned_variance_does_not_mix_means_and_variances():
    """The first half of a convolutional decoder's flat output is the mean, picture-shaped."""
    model = conv_vae((1, 8, 8), 2, hidden_dim=4, likelihood=LearnedVariance(), rng=seeded())
    z = torch.randn(3, 2, generator=seeded(1))
    planes = model.decoder(z).unflatten(-1, (2, 8, 8))
    torch.testing.assert_close(model.decode(z).mean, planes[:, 0].flatten(1))


@pytest.mark.parametrize(("depth", "hidden_dim"), [(4, 8), (0, 8), (2, 0)])
def test_convolutions_that_cannot_be_are_refused(depth, hidden_dim):
    sentence = r"^convolutions on 8x8 pictures need a depth from 1 to 3 and a hidden_dim of at "
    with pytest.raises(ValueError, match=sentence):
        conv_vae((1, 8, 8), 2, depth=depth, hidden_dim=hidden_dim, rng=seeded())


def test_a_latent_space_has_a_dimension_at_least():
    with pytest.raises(ValueError, match=r"^latent_dim must be at least 1; got 0\.$"):
        conv_vae((1, 8, 8), 0, rng=seeded())


def test_its_weights_come_from_its_own_rng():
    before = torch.get_rng_state()
    first, again, other = (conv_vae((1, 8, 8), 2, rng=seeded(s)) for s in (0, 0, 1))
    weights = [torch.nn.utils.parameters_to_vector(m.parameters()) for m in (first, again, other)]
    assert torch.equal(weights[0], weights[1]) and not torch.equal(weights[0], weights[2])
    assert torch.equal(torch.get_rng_state(), before)


# ---- classes -------------------------------------------------------------------------------


@pytest.fixture(params=["mlp", "conv"])
def conditional(request) -> ConditionalVAE:
    if request.param == "mlp":
        model = mlp_vae(64, 2, hidden_dim=16, classes=3, rng=seeded())
    else:
        model = conv_vae((1, 8, 8), 2, hidden_dim=4, classes=3, rng=seeded())
    assert isinstance(model, ConditionalVAE)
    torch.nn.init.normal_(model.pictures, generator=seeded(9))  # they start at zero
    return model


def test_both_maps_are_told_the_class(conditional):
    x, z = pictures(4, 64), torch.randn(4, 2, generator=seeded(1))
    first, second = (conditional.given(torch.full((4,), label)) for label in (0, 2))
    assert not torch.allclose(first.encode(x)[0], second.encode(x)[0])
    assert not torch.allclose(first.decode(z).mean, second.decode(z).mean)


def test_each_example_has_its_own_class(conditional):
    x, labels = pictures(3, 64), torch.tensor([2, 0, 1])
    together = conditional.given(labels).encode(x)[0]
    alone = [conditional.given(labels[i : i + 1]).encode(x[i : i + 1])[0] for i in range(3)]
    torch.testing.assert_close(together, torch.cat(alone))


def test_one_class_serves_many_codes(conditional):
    z = torch.randn(5, 2, generator=seeded(1))
    one = conditional.given(torch.tensor([1])).decode(z).mean
    torch.testing.assert_close(one, conditional.given(torch.full((5,), 1)).decode(z).mean)


def test_for_a_linear_map_the_picture_of_a_class_is_the_same_as_one_hot_beside_x():
    model = mlp_vae(6, 2, depth=0, classes=3, rng=seeded()).double()
    torch.nn.init.normal_(model.pictures, generator=seeded(9))
    x, labels = pictures(4, 6).double(), torch.tensor([0, 1, 2, 1])
    weight = model.encoder[0].weight
    beside = torch.cat([weight, weight @ model.pictures.T], dim=1)  # (2 L, D + K)
    one_hot = torch.eye(3).double()[labels]
    peer = torch.cat([x, one_hot], dim=1) @ beside.T + model.encoder[0].bias
    torch.testing.assert_close(torch.cat(model.given(labels).encode(x), dim=1), peer)


def test_a_conditional_vae_without_labels_says_what_it_needs(conditional):
    with pytest.raises(ValueError, match=r"^A conditional VAE needs to be told the labels\.$"):
        conditional.given(None)


def test_a_plain_vae_is_itself_whatever_it_is_told():
    model = mlp_vae(6, 2, rng=seeded())
    assert model.given(None) is model.given(torch.tensor([1])) is model
