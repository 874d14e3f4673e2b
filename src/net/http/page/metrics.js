// Latencies out of `/metrics`, whose histograms are in the text form of Prometheus.

/** For each model, within what time half of its runs, and nineteen of twenty, were done. */
export function latencies(text) {
  const models = new Map();
  for (const line of text.split("\n")) {
    const match = /^enjamb_latency_seconds_bucket\{model="([^"]*)",command="[^"]*",le="([^"]*)"\} (\d+)/.exec(line);
    if (!match) continue;
    const [, model, bound, n] = match;
    const buckets = models.get(model) ?? new Map();
    const upTo = bound === "+Inf" ? Infinity : Number(bound);
    buckets.set(upTo, (buckets.get(upTo) ?? 0) + Number(n));
    models.set(model, buckets);
  }
  const quantile = (buckets, share) => {
    const sorted = [...buckets].sort((a, b) => a[0] - b[0]);
    const all = sorted.at(-1)[1];
    if (all === 0) return "—";
    return spell(sorted.find(([, n]) => n >= share * all)[0]);
  };
  return new Map([...models].map(([model, buckets]) => [model, [quantile(buckets, 0.5), quantile(buckets, 0.95)]]));
}

function spell(seconds) {
  if (seconds === Infinity) return "long";
  return seconds < 1 ? `${Number((seconds * 1000).toPrecision(2))} ms` : `${Number(seconds.toPrecision(2))} s`;
}
