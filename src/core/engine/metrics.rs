//! Counters and latency histograms, one set a command, written without locks.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Buckets for each doubling of the latency: 4 keep every quantile within 19 % of the truth.
const PER_OCTAVE: usize = 4;
/// Doublings from 1 µs: 27 of them reach 134 s, beyond which all is counted in the last bucket.
const N_OCTAVES: usize = 27;
const N_BUCKETS: usize = PER_OCTAVE * N_OCTAVES;

/// Counts of latencies in buckets that grow geometrically from 1 µs to 134 s.
#[derive(Debug)]
pub struct Histogram {
    buckets: [AtomicU64; N_BUCKETS],
    sum_ns: AtomicU64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { buckets: [const { AtomicU64::new(0) }; N_BUCKETS], sum_ns: AtomicU64::new(0) }
    }
}

impl Histogram {
    /// Counts one latency.
    pub fn record(&self, latency: Duration) {
        let micros = latency.as_nanos() as f64 / 1e3;
        let index = (micros.max(1.0).log2() * PER_OCTAVE as f64) as usize;
        self.buckets[index.min(N_BUCKETS - 1)].fetch_add(1, Relaxed);
        self.sum_ns.fetch_add(latency.as_nanos() as u64, Relaxed);
    }

    /// How many latencies were counted.
    pub fn count(&self) -> u64 {
        self.buckets.iter().map(|bucket| bucket.load(Relaxed)).sum()
    }

    /// The sum of all latencies.
    pub fn sum(&self) -> Duration {
        Duration::from_nanos(self.sum_ns.load(Relaxed))
    }

    /// The latency that a share `q` in 0..1 of the runs did not exceed, from above; zero when
    /// nothing was counted.
    pub fn quantile(&self, q: f64) -> Duration {
        let rank = (q * self.count() as f64).ceil().max(1.0) as u64;
        let mut seen = 0;
        for (index, bucket) in self.buckets.iter().enumerate() {
            seen += bucket.load(Relaxed);
            if seen >= rank {
                return upper_bound(index);
            }
        }
        Duration::ZERO
    }

    /// Upper bounds and the counts at or under them, a pair for each doubling of the latency.
    pub fn cumulative(&self) -> impl Iterator<Item = (Duration, u64)> + '_ {
        let mut seen = 0;
        self.buckets.iter().enumerate().filter_map(move |(index, bucket)| {
            seen += bucket.load(Relaxed);
            (index % PER_OCTAVE == PER_OCTAVE - 1).then(|| (upper_bound(index), seen))
        })
    }
}

fn upper_bound(index: usize) -> Duration {
    Duration::from_nanos((1e3 * 2f64.powf((index + 1) as f64 / PER_OCTAVE as f64)) as u64)
}

/// What happened to a command's runs since the model was hosted.
#[derive(Debug, Default)]
pub struct CommandCounters {
    /// Runs that were asked for and let into the queue.
    pub queued: AtomicU64,
    /// Runs that were turned away: queue full, bad inputs, model not ready.
    pub refused: AtomicU64,
    /// Runs that gave their outputs.
    pub succeeded: AtomicU64,
    /// Runs that failed, panics, hangs and passed deadlines among them.
    pub failed: AtomicU64,
    /// Runs that were cancelled.
    pub cancelled: AtomicU64,
    /// Partial outputs that were sent.
    pub partials: AtomicU64,
    /// From being let into the queue to the last output.
    pub latency: Histogram,
    /// From the run's beginning to the last output: the model's own part of the latency.
    pub run_time: Histogram,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_within_a_bucket_of_the_truth() {
        let histogram = Histogram::default();
        for micros in 1..=1000 {
            histogram.record(Duration::from_micros(micros));
        }
        for q in [0.01, 0.5, 0.99, 1.0] {
            let ratio = histogram.quantile(q).as_secs_f64() * 1e6 / (q * 1000.0);
            assert!((1.0..=1.2).contains(&ratio), "quantile {q} is off by {ratio}");
        }
        assert_eq!(histogram.cumulative().last().unwrap().1, 1000);
        assert_eq!(histogram.sum(), Duration::from_micros(500_500));
    }

    #[test]
    fn nothing_and_far_too_much_are_counted_too() {
        let histogram = Histogram::default();
        assert_eq!(histogram.quantile(0.5), Duration::ZERO);
        histogram.record(Duration::ZERO);
        histogram.record(Duration::from_secs(100_000));
        assert_eq!(histogram.count(), 2);
    }
}
