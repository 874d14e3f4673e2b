//! How the weight of the divergence and the rate of the optimizer change over the steps.

use serde::{Deserialize, Serialize};

use super::TrainError;

/// How the divergence's weight gets to its highest, as a share of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Annealing {
    /// There from the first step: plain VAE training.
    Constant,
    /// In a straight line (He et al. 2019: from 0.1 over ten epochs).
    Linear {
        /// The share at first.
        from: f64,
        /// Steps until it is whole.
        steps: usize,
    },
    /// Along a sigmoid (Bowman et al. 2016).
    Sigmoid {
        /// The step at which it is one half.
        middle: usize,
        /// Steps from one half to 0.73: the sigmoid's unit.
        scale: usize,
    },
    /// In several cycles, each rising in a straight line and then holding (Fu et al. 2019).
    Cyclical {
        /// Steps of a cycle.
        steps: usize,
        /// How many cycles, after which it stays.
        cycles: usize,
        /// The rising part of a cycle, in 0..1.
        rise: f64,
    },
}

impl Annealing {
    /// The share of the weight at a step counted from 0.
    pub fn share(&self, step: usize) -> f64 {
        match *self {
            Annealing::Constant => 1.0,
            Annealing::Linear { from, steps } => {
                (from + (1.0 - from) * step as f64 / steps as f64).min(1.0)
            }
            Annealing::Sigmoid { middle, scale } => {
                1.0 / (1.0 + (-(step as f64 - middle as f64) / scale as f64).exp())
            }
            Annealing::Cyclical { steps, cycles, rise } => match step / steps < cycles {
                true => ((step % steps) as f64 / steps as f64 / rise).min(1.0),
                false => 1.0,
            },
        }
    }

    pub(super) fn check(&self) -> Result<(), TrainError> {
        let wrong = match *self {
            Annealing::Constant => None,
            Annealing::Linear { from, steps } => (steps == 0 || !(0.0..=1.0).contains(&from))
                .then_some("linear: steps >= 1, from 0..1"),
            Annealing::Sigmoid { scale, .. } => (scale == 0).then_some("sigmoid: scale >= 1"),
            Annealing::Cyclical { steps, cycles, rise } => {
                (steps == 0 || cycles == 0 || !(rise > 0.0 && rise <= 1.0))
                    .then_some("cyclical: steps >= 1, cycles >= 1, rise above 0 and at most 1")
            }
        };
        match wrong {
            Some(expected) => Err(TrainError::new(format!("kl.annealing: expected {expected}"))),
            None => Ok(()),
        }
    }
}

/// The optimizer's rate at a step, as a share of the configured one: a straight rise, a plateau,
/// and a straight fall to a twentieth over the last `cooldown` of `steps`.
pub fn rate_share(step: usize, warmup: usize, cooldown: usize, steps: usize) -> f32 {
    let rise = ((step + 1) as f32 / warmup.max(1) as f32).min(1.0);
    let left = steps.saturating_sub(step) as f32 / cooldown.max(1) as f32;
    rise * left.clamp(0.05, 1.0)
}

#[cfg(test)]
mod test {
    //! The schedules at the places where they bend.

    use super::*;

    #[test]
    fn weights_rise_as_their_papers_say() {
        let linear = Annealing::Linear { from: 0.1, steps: 90 };
        assert_eq!((linear.share(0), linear.share(90), linear.share(900)), (0.1, 1.0, 1.0));
        assert!((linear.share(45) - 0.55).abs() < 1e-12);
        let sigmoid = Annealing::Sigmoid { middle: 100, scale: 10 };
        assert_eq!(sigmoid.share(100), 0.5);
        assert!(sigmoid.share(0) < 1e-4 && sigmoid.share(200) > 0.9999);
        let cyclical = Annealing::Cyclical { steps: 100, cycles: 2, rise: 0.5 };
        let shares = [0, 25, 50, 99, 100, 125, 199, 200].map(|step| cyclical.share(step));
        assert_eq!(shares, [0.0, 0.5, 1.0, 1.0, 0.0, 0.5, 1.0, 1.0]);
    }

    #[test]
    fn the_rate_warms_up_and_cools_down() {
        let share = |step| rate_share(step, 10, 100, 1000);
        assert_eq!((share(0), share(9), share(500), share(900)), (0.1, 1.0, 1.0, 1.0));
        assert!((share(950) - 0.5).abs() < 1e-6);
        assert_eq!(share(1000), 0.05);
        assert_eq!(rate_share(5, 0, 0, 1000), 1.0);
    }
}
