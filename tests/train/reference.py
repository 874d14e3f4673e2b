"""What PyTorch makes of the verse VAE, for tests/train.rs to compare with the Rust trainer.

    pip install torch==2.15.0 numpy==2.4.6 scipy==1.17.1 safetensors==0.8.0
    python tests/train/reference.py         (writes tests/train/fixtures.safetensors beside itself)

The network is put together as in the published code of He et al. 2019 ("Lagging inference
networks", ICLR): nn.LSTM, the latent appended to the decoder's input at each step, linear layers
without bias. Weights, noise and masks are drawn as f32 and everything is computed in f64, so that
both sides start from the same numbers. Tensors are written in the trainer's names and layout: row
major [in, out], one bias a cell (PyTorch's second stays zero and is not trained).

Sizes: B lines a batch, T steps, V vocabulary, E embedding, H and D hidden, Z latent.
"""

import copy
import math
import pathlib

import scipy.integrate
import scipy.special
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn

B, T, V, E, H, D, Z = 3, 6, 23, 5, 7, 6, 4
START, END, UNKNOWN = 0, 1, 2
SEED, N_STEPS, CLIP = 7, 10, 5.0
KAPPA = 13.0
# The convolutional decoder: places that z is mapped to, their channels, layers, and the weight of
# its own loss.
PLACES, CHANNELS, LAYERS, ALPHA = 2, 3, 4, 0.2

torch.set_default_dtype(torch.float64)
generator = torch.Generator().manual_seed(SEED)
fixtures = {}


def uniform(*shape, scale=1.0):
    return ((torch.rand(shape, generator=generator, dtype=torch.float32) * 2 - 1) * scale).double()


def normal(*shape):
    return torch.randn(shape, generator=generator, dtype=torch.float32).double()


def bernoulli(keep, *shape):
    return (torch.rand(shape, generator=generator, dtype=torch.float32) < keep).double()


def write(name, value):
    tensor = torch.as_tensor(value).detach()
    fixtures[name] = tensor.clone().contiguous()


class Verse(nn.Module):
    """The verse VAE; with `conv` the decoder also reads the features of deconvolutions."""

    def __init__(self, conv=False):
        super().__init__()
        self.conv = conv
        self.embedding = nn.Embedding(V, E)
        self.encoder = nn.LSTM(E, H, batch_first=True)
        self.posterior = nn.Linear(H, 2 * Z, bias=False)
        self.decoder = nn.LSTM(E + Z + (CHANNELS if conv else 0), D, batch_first=True)
        self.cell = nn.Linear(Z, D, bias=False)
        self.projection = nn.Linear(D, E, bias=False)
        if conv:
            self.first = nn.Linear(Z, PLACES * CHANNELS, bias=False)
            self.deconvolutions = nn.ModuleList(
                nn.ConvTranspose1d(CHANNELS, CHANNELS, 4, stride=2, padding=1)
                for _ in range(LAYERS)
            )
            self.own_projection = nn.Linear(CHANNELS, E, bias=False)
        for parameter in self.parameters():
            parameter.data = uniform(*parameter.shape, scale=0.6)
        # Wide, so that some dimensions' KL lies above the floor of the free bits, some below.
        self.posterior.weight.data *= 4
        for lstm in (self.encoder, self.decoder):
            lstm.bias_hh_l0.data.zero_()
            lstm.bias_hh_l0.requires_grad_(False)

    def named(self, get):
        """Weights, or their gradients, by the names and in the layout of the trainer."""
        encoder, decoder = self.encoder, self.decoder
        inputs = get(decoder.weight_ih_l0).T
        named = {
            "embedding": get(self.embedding.weight),
            "encoder.input": get(encoder.weight_ih_l0).T,
            "encoder.recurrent": get(encoder.weight_hh_l0).T,
            "encoder.bias": get(encoder.bias_ih_l0),
            "encoder.posterior": get(self.posterior.weight).T,
            "decoder.input": inputs[:E],
            "decoder.latent": inputs[E : E + Z],
            "decoder.recurrent": get(decoder.weight_hh_l0).T,
            "decoder.bias": get(decoder.bias_ih_l0),
            "decoder.cell": get(self.cell.weight).T,
            "output.projection": get(self.projection.weight).T,
        }
        if self.conv:
            named["expansion.first"] = get(self.first.weight).T
            for i, layer in enumerate(self.deconvolutions):
                taps = get(layer.weight).permute(0, 2, 1)  # [in, tap, out]
                named[f"expansion.{i}.kernel"] = taps.reshape(CHANNELS, 4 * CHANNELS)
                named[f"expansion.{i}.bias"] = get(layer.bias)
            named["expansion.gates"] = inputs[E + Z :]
            named["expansion.projection"] = get(self.own_projection.weight).T
        return named

    def infer(self, ids):
        """[B, T] -> what the posterior's layer says of the encoder's last state."""
        states, (last, _) = self.encoder(self.embedding(ids))
        return states, self.posterior(last.squeeze(0))

    def posterior_of(self, ids):
        mean, log_variance = self.infer(ids)[1].chunk(2, -1)
        return mean, log_variance

    def decode(self, inputs, z, output_mask=None, features=None):
        """Inputs [B, T] and z [B, Z] -> logits [B, T, V] and the decoder's hidden states."""
        steps = inputs.shape[1]
        parts = [self.embedding(inputs), z.unsqueeze(1).expand(-1, steps, -1)]
        if features is not None:
            parts.append(features)
        cell = self.cell(z).unsqueeze(0)
        states, _ = self.decoder(torch.cat(parts, -1), (torch.tanh(cell), cell))
        read = states if output_mask is None else states * output_mask
        return self.projection(read) @ self.embedding.weight.T, states

    def reconstruction(
        self, ids, z, inputs=None, output_mask=None, features=None, offsets=0.0
    ):
        """-log p(x|z), summed over tokens, for each line."""
        inputs = ids[:, :-1] if inputs is None else inputs
        logits, _ = self.decode(inputs, z, output_mask, features)
        logits = logits + offsets
        losses = F.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten(), reduction="none")
        return losses.view(ids.shape[0], -1).sum(-1)

    def features(self, z, steps):
        """z [B, Z] -> [B, steps, CHANNELS] (Semeniuta et al. 2017)."""
        grown = self.first(z).view(-1, PLACES, CHANNELS).transpose(1, 2)
        for layer in self.deconvolutions:
            grown = torch.relu(layer(grown))
        return grown[:, :, :steps].transpose(1, 2)


def kl_of(mean, log_variance):
    """[B, Z]: KL(q || N(0, 1)) of each dimension."""
    return 0.5 * (mean**2 + log_variance.exp() - log_variance - 1)


def write_loss(name, model, loss, **parts):
    model.zero_grad()
    loss.backward()
    write(f"{name}/loss", loss)
    for part, value in parts.items():
        write(f"{name}/{part}", value)
    zero_if_none = lambda p: torch.zeros_like(p) if p.grad is None else p.grad
    for tensor, gradient in model.named(zero_if_none).items():
        write(f"{name}/gradient/{tensor}", gradient)


def vae_loss(model, ids, eps, weight=1.0, floor=None, **settings):
    """Mean over the lines, and its parts: reconstruction and KL."""
    mean, log_variance = model.posterior_of(ids)
    z = mean + eps * torch.exp(0.5 * log_variance)
    reconstruction = model.reconstruction(ids, z, **settings).mean()
    kl = kl_of(mean, log_variance).mean(0)  # [Z]
    floored = kl if floor is None else kl.clamp(min=floor)
    return reconstruction + weight * floored.sum(), reconstruction, kl.sum()


def losses(model, ids, eps):
    unread = bernoulli(0.6, B, T - 2) == 0  # x_1..x_n, not the start
    blanked = ids[:, :-1].clone()
    blanked[:, 1:][unread] = UNKNOWN
    keep = 0.7
    output_mask = bernoulli(keep, B, T - 1, D)
    # A sample of the vocabulary: the batch's own words, and others with probability 0.4.
    own = torch.isin(torch.arange(V), ids[:, 1:])
    drawn = bernoulli(0.4, V) == 1
    offsets = torch.where(own, 0.0, torch.where(drawn, -math.log(0.4), -math.inf))
    assert (drawn & ~own).any() and (~drawn & ~own).any()
    write("candidates/drawn", drawn.long())
    write("word_dropout/inputs", blanked)
    write("output_dropout/mask", output_mask / keep)
    cases = {
        "vae": {},
        "autoencoder": {"weight": 0.0},
        "weighted": {"weight": 0.3},
        "free_bits": {"floor": 0.15},
        "free_bits_weighted": {"floor": 0.15, "weight": 0.3},
        "word_dropout": {"inputs": blanked},
        "output_dropout": {"output_mask": output_mask / keep},
        "candidates": {"offsets": offsets},
    }
    for name, settings in cases.items():
        loss, reconstruction, kl = vae_loss(model, ids, eps, **settings)
        write_loss(name, model, loss, reconstruction=reconstruction, kl=kl)
    with torch.no_grad():
        mean, log_variance = model.posterior_of(ids)
        dimensions = kl_of(mean, log_variance).mean(0)
        assert (dimensions < 0.15).any() and (dimensions > 0.15).any(), dimensions
        z = mean + eps * torch.exp(0.5 * log_variance)
        write("vae/encoder_states", model.infer(ids)[0])
        write("vae/mean", mean)
        write("vae/log_variance", log_variance)
        write("vae/z", z)
        write("vae/decoder_states", model.decode(ids[:, :-1], z)[1])


def optimizers(model, ids, eps):
    """Ten steps each: losses before each step, gradient norms, and the weights at the end."""
    makers = {
        "adam": lambda p: torch.optim.Adam(p, lr=1e-3, betas=(0.9, 0.999), eps=1e-8),
        "sgd": lambda p: torch.optim.SGD(p, lr=1.0),
    }
    for name, make in makers.items():
        trained = copy.deepcopy(model)
        parameters = [p for p in trained.parameters() if p.requires_grad]
        optimizer = make(parameters)
        seen, norms = [], []
        for _ in range(N_STEPS):
            optimizer.zero_grad()
            loss, _, _ = vae_loss(trained, ids, eps)
            loss.backward()
            norms.append(nn.utils.clip_grad_norm_(parameters, CLIP).item())
            optimizer.step()
            seen.append(loss.item())
        print(name, "losses", [round(x, 4) for x in seen], "norms", [round(x, 2) for x in norms])
        write(f"{name}/losses", seen)
        write(f"{name}/norms", norms)
        for tensor, value in trained.named(lambda p: p.data).items():
            write(f"{name}/weights/{tensor}", value)


def log_normal(z, mean, log_variance):
    """log N(z; mean, exp(log_variance)), summed over dimensions."""
    deviations = (z - mean) ** 2 / log_variance.exp()
    return -0.5 * (deviations + log_variance + math.log(2 * math.pi)).sum(-1)


@torch.no_grad()
def estimators(model, ids):
    """Importance weighting, mutual information and active units, as He et al. compute them."""
    k = 9
    mean, log_variance = model.posterior_of(ids)
    eps = normal(k, B, Z)
    z = mean + eps * torch.exp(0.5 * log_variance)
    weights = []
    for sample in z:
        prior = log_normal(sample, torch.zeros(()), torch.zeros(Z))
        likelihood = -model.reconstruction(ids, sample)
        weights.append(likelihood + prior - log_normal(sample, mean, log_variance))
    write("importance/eps", eps)
    write("importance/log_weights", torch.stack(weights))
    write("importance/nll", -(torch.logsumexp(torch.stack(weights), 0) - math.log(k)))

    # calc_mi of the published code: one z a line, the batch's posteriors as the mixture.
    eps = normal(B, Z)
    z = mean + eps * torch.exp(0.5 * log_variance)
    negative_entropy = (
        -0.5 * Z * math.log(2 * math.pi) - 0.5 * (1 + log_variance).sum(-1)
    ).mean()
    density = log_normal(z.unsqueeze(1), mean.unsqueeze(0), log_variance.unsqueeze(0))  # [z, x]
    aggregate = torch.logsumexp(density, 1) - math.log(B)
    write("information/eps", eps)
    write("information/value", negative_entropy - aggregate.mean())

    # calc_au: the unbiased variance of the means over the data, and 0.01 as the threshold.
    means = normal(40, Z) * torch.tensor([1.0, 0.09, 0.11, 0.001]) + torch.tensor([0.0, 5, 0, -3])
    variances = means.var(0)
    write("active/means", means.float().double())
    write("active/variances", variances)
    write("active/count", int((variances >= 0.01).sum()))


def trained_for_decoding(model, ids, eps):
    """A copy that has learnt where lines end, but not so well that every search agrees."""
    trained = copy.deepcopy(model)
    optimizer = torch.optim.Adam([p for p in trained.parameters() if p.requires_grad], lr=0.02)
    for step in range(80):
        optimizer.zero_grad()
        # The lines' tails make shorter lines, so that ends come early as well as late.
        tail = torch.cat([ids[:, :1], ids[:, 1 + step % 2 :]], 1)
        vae_loss(trained, tail, eps)[0].backward()
        optimizer.step()
    for parameter in trained.parameters():
        parameter.data = parameter.data.half().double()  # as models ship
    return trained


@torch.no_grad()
def decoding(model):
    """Greedy and beam search of the published code, one z at a time; lines that come to an end."""
    limit, width, wanted = 24, 3, 12
    for tensor, value in model.named(lambda p: p.data).items():
        write(f"decoding/weights/{tensor}", value)
    zs = []
    while len(zs) < wanted:
        z = normal(Z)
        greedy, (line, score) = beam(model, z, 1, limit)[0], beam(model, z, width, limit)
        if greedy[-1] == END and line[-1] == END:
            write(f"decoding/greedy/{len(zs)}", greedy)
            write(f"decoding/beam/{len(zs)}", line)
            write(f"decoding/score/{len(zs)}", score)
            zs.append(z)
    write("decoding/z", torch.stack(zs))


def beam(model, z, width, limit):
    """Ids of the best line, its end included if it was reached, and its sum of log probabilities.

    Each turn keeps the best continuations of all live lines, as many as are still to be
    finished; those that end leave the beam. No normalisation by length.
    """
    cell = model.cell(z).view(1, 1, D)
    live = [([], 0.0, (torch.tanh(cell), cell))]
    finished = []
    for _ in range(limit):
        states, candidates = [], []
        for ids, score, state in live:
            token = torch.tensor([[ids[-1] if ids else START]])
            joined = torch.cat([model.embedding(token), z.view(1, 1, Z)], -1)
            output, state = model.decoder(joined, state)
            states.append(state)
            logits = model.projection(output) @ model.embedding.weight.T
            scores = score + F.log_softmax(logits.view(-1), -1)
            scores[[START, UNKNOWN]] = -math.inf  # which are no words
            candidates.append(scores)
        scores, indices = torch.cat(candidates).topk(width - len(finished))
        extended = []
        for score, index in zip(scores.tolist(), indices.tolist()):
            ids = live[index // V][0] + [index % V]
            if index % V == END:
                finished.append((ids, score))
            else:
                extended.append((ids, score, states[index // V]))
        live = extended
        if not live:
            break
    finished += [(ids, score) for ids, score, _ in live]
    return max(finished, key=lambda line: line[1])


def vmf_kl(kappa, dimensions):
    """KL from the uniform distribution on the sphere in `dimensions`-space, order d/2 - 1."""
    order = dimensions / 2 - 1
    # ive is scaled by exp(-kappa), so that large kappas do not overflow.
    log_bessel = math.log(scipy.special.ive(order, kappa)) + kappa
    ratio = scipy.special.ive(order + 1, kappa) / scipy.special.ive(order, kappa)
    return (
        kappa * ratio
        + order * math.log(kappa / 2)
        - log_bessel
        - scipy.special.gammaln(dimensions / 2)
    )


def vmf_kl_by_quadrature(kappa, dimensions):
    """The same from the density of w = mu·x, p(w) ~ exp(kappa w) (1 - w²)^((d-3)/2)."""
    # With w = cos t the measure is sin(t)^(d-2) dt, smooth in every dimension from 2.
    sine = lambda t: math.sin(t) ** (dimensions - 2)
    tilt = lambda t: math.exp(kappa * (math.cos(t) - 1)) * sine(t)
    whole = lambda f: scipy.integrate.quad(f, 0, math.pi, epsabs=0, epsrel=1e-11, limit=500)[0]
    base, mass = whole(sine), whole(tilt)
    mean = whole(lambda t: math.cos(t) * tilt(t)) / mass
    return kappa * (mean - 1) - math.log(mass / base)


def sphere(ids):
    """The von Mises-Fisher latent of Xu and Durrett 2018, radius and direction given."""
    model = Verse()
    for tensor, value in model.named(lambda p: p.data).items():
        write(f"vmf/weights/{tensor}", value)
    w = (bernoulli(0.5, B, 1) * 0.3 + 0.5 + uniform(B, 1, scale=0.1)).float().double()
    u = normal(B, Z)
    mean = F.normalize(model.posterior_of(ids)[0], dim=-1)
    tangent = F.normalize(u - (u * mean).sum(-1, keepdim=True) * mean, dim=-1)
    z = w * mean + torch.sqrt(1 - w**2) * tangent
    reconstruction = model.reconstruction(ids, z).mean()
    kl = vmf_kl(KAPPA, Z)
    write("vmf/w", w.squeeze(-1))
    write("vmf/u", u)
    write("vmf/z", z)
    write("vmf/kappa", KAPPA)
    write_loss("vmf", model, reconstruction + kl, reconstruction=reconstruction, kl=kl)

    rows = []
    for kappa in (0.5, 5.0, 13.0, 35.0, 80.0, 100.0, 200.0, 500.0):
        for dimensions in (3, 4, 5, 16, 32, 64):
            value = vmf_kl(kappa, dimensions)
            assert math.isclose(value, vmf_kl_by_quadrature(kappa, dimensions), rel_tol=1e-7)
            rows.append([kappa, dimensions, value])
    write("vmf/kls", rows)


def convolution(ids, eps):
    """The decoder with deconvolutions, whose features must predict the words by themselves too."""
    model = Verse(conv=True)
    for tensor, value in model.named(lambda p: p.data).items():
        write(f"convolution/weights/{tensor}", value)
    mean, log_variance = model.posterior_of(ids)
    z = mean + eps * torch.exp(0.5 * log_variance)
    features = model.features(z, ids.shape[1] - 1)
    reconstruction = model.reconstruction(ids, z, features=features).mean()
    logits = model.own_projection(features) @ model.embedding.weight.T
    own = F.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten(), reduction="sum") / B
    kl = kl_of(mean, log_variance).sum(-1).mean()
    write("convolution/features", features)
    write("convolution/alpha", ALPHA)
    loss = reconstruction + kl + ALPHA * own
    write_loss("convolution", model, loss, reconstruction=reconstruction, kl=kl)


def main():
    model = Verse()
    for tensor, value in model.named(lambda p: p.data).items():
        write(f"weights/{tensor}", value)
    words = torch.randint(UNKNOWN + 1, V, (B, T - 2), generator=generator)
    ids = torch.cat([torch.full((B, 1), START), words, torch.full((B, 1), END)], 1)
    eps = normal(B, Z)
    write("ids", ids)
    write("eps", eps)
    losses(model, ids, eps)
    optimizers(model, ids, eps)
    estimators(model, ids)
    decoding(trained_for_decoding(model, ids, eps))
    sphere(ids)
    convolution(ids, eps)
    path = pathlib.Path(__file__).with_name("fixtures.safetensors")
    save_file(fixtures, path)
    print(len(fixtures), "tensors,", path.stat().st_size, "bytes")


main()
