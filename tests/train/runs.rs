//! Runs on a small corpus: they learn, and what became of them does not depend on interruptions.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use enjamb::train::config::{Optimizer, PosteriorKind};
use enjamb::train::schedule::Annealing;
use enjamb::train::trainer::TrainingProgress;
use enjamb::train::{Config, Trainer};

const CHECKPOINT: &str = "checkpoint.safetensors";
const PREVIOUS: &str = "checkpoint.previous.safetensors";
/// How long a run by the program may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A folder of its own, removed at the end, with a corpus in it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("enjamb-train-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        let mut lines = String::new();
        for adjective in ["old", "young", "pale", "dark", "golden", "silent", "wild"] {
            for noun in ["moon", "sea", "rose", "night", "heart", "king", "wind", "bird"] {
                for verb in ["sings", "sleeps", "is gone", "will wait for me", "remembers thee"] {
                    lines += &format!("The {adjective} {noun} {verb}\n");
                }
            }
        }
        fs::write(path.join("corpus.txt"), lines).unwrap();
        Self(path)
    }

    fn corpus(&self) -> PathBuf {
        self.0.join("corpus.txt")
    }

    fn dir(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// 40 steps of a small network that go through every phase: an autoencoder, a decoder that starts
/// afresh, a rising weight, aggressive training of the encoder, both kinds of dropout, validation.
fn config() -> Config {
    let mut config = Config { seed: 3, threads: 2, ..Config::default() };
    config.corpus.held_out = 30;
    config.model.vocabulary = 60;
    config.model.embedding = 8;
    config.model.encoder = 12;
    config.model.decoder = 10;
    config.model.latent = 4;
    config.training.steps = 40;
    config.training.batch = 32;
    config.training.optimizer = Optimizer::Adam { rate: 0.01 };
    config.training.warmup = 5;
    config.training.cooldown = 10;
    config.training.validate_every = 9;
    config.training.checkpoint_seconds = 1e9;
    config.autoencoder.steps = 8;
    config.kl.annealing = Annealing::Linear { from: 0.1, steps: 20 };
    config.kl.floor = 0.05;
    config.aggressive.enabled = true;
    config.aggressive.max_inner_steps = 4;
    config.aggressive.compare_every = 2;
    config
}

fn trainer(config: &Config, folder: &Folder, name: &str) -> Trainer {
    Trainer::new(config.clone(), &folder.corpus(), &folder.dir(name)).unwrap()
}

fn weights(trainer: &Trainer) -> Vec<Vec<u32>> {
    let bits = |numbers: Vec<f32>| numbers.into_iter().map(f32::to_bits).collect();
    let parameters = trainer.network().parameters().iter();
    parameters.map(|(_, var)| bits(var.flatten_all().unwrap().to_vec1().unwrap())).collect()
}

/// The weights of a whole run without interruption.
fn whole(config: &Config, folder: &Folder, name: &str) -> Vec<Vec<u32>> {
    let mut trainer = trainer(config, folder, name);
    trainer.run(&mut |_| true).unwrap();
    weights(&trainer)
}

fn bytes(folder: &Folder, name: &str, file: &str) -> Vec<u8> {
    fs::read(folder.dir(name).join(file)).unwrap()
}

#[test]
fn with_one_seed_end_in_the_same_weights_and_with_another_in_others() {
    let folder = Folder::new("seeds");
    let first = whole(&config(), &folder, "first");
    assert!(whole(&config(), &folder, "second") == first);
    assert!(bytes(&folder, "first", CHECKPOINT) == bytes(&folder, "second", CHECKPOINT));
    let other = Config { seed: 4, ..config() };
    assert!(whole(&other, &folder, "other") != first);
}

/// Asked to stop at a step, which saves; at every step of the run.
#[test]
fn that_are_stopped_and_go_on_end_as_if_they_had_not_been() {
    let folder = Folder::new("stops");
    let expected = whole(&config(), &folder, "whole");
    let steps = config().training.steps;
    for stop in 1..=steps {
        let name = format!("at {stop}");
        trainer(&config(), &folder, &name).run(&mut |p| p.step < stop).unwrap();
        let mut second = trainer(&config(), &folder, &name);
        second.run(&mut |_| true).unwrap();
        assert!(weights(&second) == expected, "stopped at step {stop}");
        let same = bytes(&folder, "whole", CHECKPOINT) == bytes(&folder, &name, CHECKPOINT);
        assert!(same, "the state of the run that was stopped at step {stop}");
    }
}

/// Ended without being asked, some steps after the last checkpoint.
#[test]
fn that_break_off_go_on_from_the_last_checkpoint() {
    let folder = Folder::new("breaks");
    let expected = whole(&config(), &folder, "whole");
    for (saved, lost) in [(2, 3), (10, 21), (17, 39)] {
        let name = format!("{saved} {lost}");
        trainer(&config(), &folder, &name).run(&mut |p| p.step < saved).unwrap();
        let mut broken = trainer(&config(), &folder, &name);
        let break_off = |p: &TrainingProgress| match p.step < lost {
            true => true,
            false => std::panic::resume_unwind(Box::new(())),
        };
        let mut break_off = AssertUnwindSafe(break_off);
        assert!(catch_unwind(AssertUnwindSafe(|| broken.run(&mut *break_off))).is_err());
        let mut again = trainer(&config(), &folder, &name);
        again.run(&mut |_| true).unwrap();
        assert!(weights(&again) == expected, "saved at {saved}, ended at {lost}");
    }
}

/// The program, killed at any moment, among them moments at which it writes a checkpoint.
#[test]
fn that_are_killed_go_on_from_a_whole_checkpoint() {
    let folder = Folder::new("kills");
    let mut config = config();
    config.training.checkpoint_seconds = 1e-9; // at every step
    let expected = whole(&config, &folder, "whole");
    let file = folder.dir("config.toml");
    fs::write(&file, toml::to_string(&config).unwrap()).unwrap();
    let start = || {
        let arguments = [
            ("--corpus", folder.corpus()),
            ("--out", folder.dir("killed")),
            ("--config", file.clone()),
        ];
        let mut command = Command::new(env!("CARGO_BIN_EXE_enjamb"));
        command
            .arg("train")
            .args(arguments.iter().flat_map(|(name, path)| [Path::new(name), path]));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let begun = Instant::now();
    let mut wait = Duration::from_millis(40);
    loop {
        let mut child = start();
        let started = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break Some(status);
            }
            if started.elapsed() > wait {
                child.kill().unwrap();
                child.wait().unwrap();
                break None;
            }
            std::thread::sleep(Duration::from_millis(1));
        };
        if let Some(status) = status {
            let mut words = String::new();
            std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut words).unwrap();
            assert!(status.success(), "{words}");
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "a run that is killed again and again gets nowhere");
        wait += Duration::from_millis(7);
    }
    assert!(weights(&trainer(&config, &folder, "killed")) == expected);
}

/// What befalls a file.
type Damage = fn(Vec<u8>) -> Vec<u8>;

#[test]
fn with_a_damaged_checkpoint_go_on_from_the_one_before() {
    let folder = Folder::new("damage");
    let expected = whole(&config(), &folder, "whole");
    let damages: [(&str, Damage); 4] = [
        ("cut", |bytes| bytes[..bytes.len() / 2].to_vec()),
        ("empty", |_| Vec::new()),
        ("noise", |bytes| bytes.iter().map(|byte| byte.wrapping_mul(31)).collect()),
        ("one bit", |mut bytes| {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 64;
            bytes
        }),
    ];
    for (name, damage) in damages {
        trainer(&config(), &folder, name).run(&mut |p| p.step < 10).unwrap();
        trainer(&config(), &folder, name).run(&mut |p| p.step < 20).unwrap();
        let path = folder.dir(name).join(CHECKPOINT);
        fs::write(&path, damage(fs::read(&path).unwrap())).unwrap();
        let mut again = trainer(&config(), &folder, name);
        let notes = again.notes().join("\n");
        assert!(notes.contains(CHECKPOINT) && notes.contains("going on at step 10"), "{notes}");
        again.run(&mut |_| true).unwrap();
        assert!(weights(&again) == expected, "{name}");

        for file in [CHECKPOINT, PREVIOUS] {
            fs::write(folder.dir(name).join(file), b"not a checkpoint").unwrap();
        }
        let refused = Trainer::new(config(), &folder.corpus(), &folder.dir(name));
        let words = refused.err().unwrap().to_string();
        assert!(words.contains(CHECKPOINT) && words.contains(PREVIOUS), "{words}");
    }
}

#[test]
fn are_not_gone_on_with_by_another_network() {
    let folder = Folder::new("others");
    trainer(&config(), &folder, "run").run(&mut |p| p.step < 3).unwrap();
    let mut changed = config();
    changed.model.latent = 5;
    let refused = Trainer::new(changed, &folder.corpus(), &folder.dir("run"));
    assert!(refused.is_err());
    let mut changed = config();
    changed.corpus.max_words = 5;
    let refused = Trainer::new(changed, &folder.corpus(), &folder.dir("run"));
    let words = refused.err().unwrap().to_string();
    assert!(words.contains("another seed, corpus or model"), "{words}");
}

/// Held-out lines get likelier, with each kind of posterior.
#[test]
fn learn() {
    let folder = Folder::new("learn");
    for (name, posterior) in [
        ("gaussian", PosteriorKind::Gaussian),
        ("sphere", PosteriorKind::VonMisesFisher { concentration: 20.0 }),
    ] {
        let mut config = Config { autoencoder: Default::default(), ..config() };
        config.aggressive.enabled = false;
        config.model.posterior = posterior;
        config.training.steps = 300;
        config.training.word_dropout = 0.0;
        let mut trainer = trainer(&config, &folder, name);
        let before = trainer.validate().unwrap();
        trainer.run(&mut |_| true).unwrap();
        let after = trainer.validate().unwrap();
        println!("{name}: {before:?} {after:?}");
        assert!(after.objective < 0.6 * before.objective, "{name}: {before:?} {after:?}");
    }
}
