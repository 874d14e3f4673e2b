"""The verse VAE's sampler in PyTorch, as benches/poetry.rs measures it beside its own.

    pip install torch==2.15.0 safetensors
    PYTHON=python cargo bench --bench poetry     (starts this script)

A request is a JSON line of standard input, `{"lines": n, "threads": n, "temperature": t}`, and is
answered by a JSON line with `seconds` and the `tokens` of all lines. The sampler is the published
one: a step of nn.LSTM on [embedding; z] for all lines together, a softmax over the vocabulary, a
draw; until every line has ended.
"""

import json
import sys
import time

import torch
from safetensors.torch import load_file
from torch import nn

START, END = 0, 1
LONGEST = 48


class Decoder(nn.Module):
    """He et al. 2019, with one embedding for input and output (see src/train)."""

    def __init__(self, weights):
        super().__init__()
        self.embedding = weights["embedding"]
        vocabulary, width = self.embedding.shape
        latent, hidden = weights["decoder.cell"].shape
        self.lstm = nn.LSTM(width + latent, hidden, batch_first=True)
        inputs = torch.cat([weights["decoder.input"], weights["decoder.latent"]])
        self.lstm.weight_ih_l0.data = inputs.T.contiguous()
        self.lstm.weight_hh_l0.data = weights["decoder.recurrent"].T.contiguous()
        self.lstm.bias_ih_l0.data = weights["decoder.bias"]
        self.lstm.bias_hh_l0.data = torch.zeros(4 * hidden)
        self.cell = weights["decoder.cell"]
        self.projection = weights["output.projection"]

    def sample(self, z, temperature):
        """Token ids, one row a line; what stands after an end does not count."""
        cell = (z @ self.cell).unsqueeze(0)
        state = (torch.tanh(cell), cell)
        token = torch.full((len(z),), START)
        ended = torch.zeros(len(z), dtype=torch.bool)
        rows = []
        for _ in range(LONGEST):
            step = torch.cat([self.embedding[token], z], -1).unsqueeze(1)
            output, state = self.lstm(step, state)
            logits = (output[:, 0] @ self.projection) @ self.embedding.T
            token = torch.multinomial(torch.softmax(logits / temperature, -1), 1)[:, 0]
            rows.append(token)
            ended |= token == END
            if ended.all():
                break
        return torch.stack(rows, 1)


def main():
    weights = {name: tensor.float() for name, tensor in load_file(sys.argv[1]).items()}
    decoder = Decoder(weights).eval()
    latent = weights["decoder.cell"].shape[0]
    with torch.inference_mode():
        for line in sys.stdin:
            request = json.loads(line)
            torch.set_num_threads(request["threads"])
            z = torch.randn(request["lines"], latent)
            start = time.perf_counter()
            ids = decoder.sample(z, request["temperature"])
            seconds = time.perf_counter() - start
            tokens = sum(row.index(END) + 1 if END in row else len(row) for row in ids.tolist())
            print(json.dumps({"seconds": seconds, "tokens": tokens}), flush=True)


if __name__ == "__main__":
    main()
