"""The verse VAE's training in PyTorch, as benches/train.rs measures it beside its own.

    pip install torch==2.15.0
    PYTHON=python cargo bench --bench train     (starts this script)

A request is a JSON line of standard input, `{"batch": lines, "threads": n, "bf16": false,
"steps": n}`, and is answered by a JSON line with `seconds` and the last `loss`, or an `error`. What
a good user of PyTorch writes: nn.LSTM, F.cross_entropy, clip_grad_norm_, the fused Adam.
"""

import argparse
import json
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

START, END, UNKNOWN = 0, 1, 2
N_SPECIAL = 3


class Verse(nn.Module):
    """He et al. 2019, with one embedding for input and output (see src/train)."""

    def __init__(self, vocabulary, embedding, hidden, latent):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, embedding)
        self.encoder = nn.LSTM(embedding, hidden, batch_first=True)
        self.posterior = nn.Linear(hidden, 2 * latent, bias=False)
        self.decoder = nn.LSTM(embedding + latent, hidden, batch_first=True)
        self.cell = nn.Linear(latent, hidden, bias=False)
        self.projection = nn.Linear(hidden, embedding, bias=False)
        nn.init.uniform_(self.embedding.weight, -0.1, 0.1)

    def forward(self, ids, kl_weight, word_dropout, output_dropout):
        _, (last, _) = self.encoder(self.embedding(ids))
        mean, log_variance = self.posterior(last[0]).float().chunk(2, -1)
        z = mean + torch.randn_like(mean) * torch.exp(0.5 * log_variance)
        kl = 0.5 * (mean**2 + log_variance.exp() - log_variance - 1).sum(-1).mean()

        inputs, targets = ids[:, :-1], ids[:, 1:]
        dropped = torch.rand(inputs.shape) < word_dropout
        dropped[:, 0] = False
        embedded = self.embedding(inputs.masked_fill(dropped, UNKNOWN))
        cell = self.cell(z).unsqueeze(0)
        latent = z.unsqueeze(1).expand(-1, inputs.shape[1], -1)
        states, _ = self.decoder(torch.cat([embedded, latent], -1), (torch.tanh(cell), cell))
        states = F.dropout(states, output_dropout, self.training)
        logits = F.linear(self.projection(states), self.embedding.weight)
        loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="sum")
        return loss / len(ids) + kl_weight * kl


def batch(n_lines, n_tokens, vocabulary):
    """Lines of which a few words are common and most are rare, as in any language."""
    ranks = (vocabulary - N_SPECIAL) ** torch.rand(n_lines, n_tokens) - 1
    words = N_SPECIAL + ranks.long()
    start, end = torch.full((n_lines, 1), START), torch.full((n_lines, 1), END)
    return torch.cat([start, words, end], 1)


def train(model, optimizer, batches, bf16):
    start = time.perf_counter()
    for ids in batches:
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            loss = model(ids, kl_weight=0.5, word_dropout=0.25, output_dropout=0.2)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
    loss = loss.item()
    return {"seconds": time.perf_counter() - start, "loss": loss}


def main():
    parser = argparse.ArgumentParser()
    for name in ("vocabulary", "embedding", "hidden", "latent", "tokens"):
        parser.add_argument(f"--{name}", type=int, required=True)
    sizes = parser.parse_args()
    models = {}
    for line in sys.stdin:
        request = json.loads(line)
        torch.set_num_threads(request["threads"])
        key = request["batch"], request["threads"], request["bf16"]
        if key not in models:
            torch.manual_seed(1)
            model = Verse(sizes.vocabulary, sizes.embedding, sizes.hidden, sizes.latent)
            models[key] = model, torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
        model, optimizer = models[key]
        batches = [
            batch(request["batch"], sizes.tokens, sizes.vocabulary)
            for _ in range(request["steps"])
        ]
        try:
            answer = train(model, optimizer, batches, request["bf16"])
        except RuntimeError as error:  # nn.LSTM has no bf16 on processors without AVX-512
            answer = {"error": str(error).split(".")[0]}
        print(json.dumps(answer), flush=True)


main()
