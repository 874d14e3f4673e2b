//! The poet reads lines and writes lines: vocabulary, encoder and decoders, on several threads.

use super::constraints::Constraints;
use super::decoder::{DecodeOptions, Decoder, News};
use super::encoder::{Posterior, VerseEncoder};
use super::lexicon::Lexicon;
use super::network::{Sizes, Space, VerseNetwork};
use super::vocabulary::{UNKNOWN, Vocabulary};
use enjamb_core::model::Error;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver};

/// The most sub-words of a line that is read; the longest lines that the model knows have half.
pub const LONGEST_READ: usize = 64;
/// Lines below which another thread costs more than it saves.
const LINES_A_THREAD: usize = 8;

/// A loaded model with the buffers of its threads.
pub struct Poet {
    vocabulary: Vocabulary,
    network: Arc<VerseNetwork>,
    lexicon: Arc<Lexicon>,
    encoder: VerseEncoder,
    decoders: Vec<Decoder>,
}

impl Poet {
    /// Loads `vocabulary.json` and `weights.safetensors` from the folder `dir`. Uses one thread;
    /// see [`with_threads`](Self::with_threads).
    ///
    /// # Errors
    ///
    /// If a file is missing or is not what it should be.
    pub fn load(dir: &Path) -> Result<Poet, Error> {
        let failed = |words: String| Error::failed(words);
        let vocabulary = Vocabulary::load(&dir.join("vocabulary.json"));
        let vocabulary = vocabulary.map_err(|error| failed(error.to_string()))?;
        let network = VerseNetwork::load(&dir.join("weights.safetensors"), vocabulary.len());
        let network = Arc::new(network.map_err(|error| failed(error.to_string()))?);
        let lexicon = Arc::new(Lexicon::new(&vocabulary));
        let encoder = VerseEncoder::new(Arc::clone(&network));
        let poet = Poet { vocabulary, network, lexicon, encoder, decoders: Vec::new() };
        Ok(poet.with_threads(1))
    }

    /// Lets many lines be written on `n` threads (at least 1).
    pub fn with_threads(mut self, n: usize) -> Poet {
        let decoder = || Decoder::new(Arc::clone(&self.network), Arc::clone(&self.lexicon));
        self.decoders = (0..n.max(1)).map(|_| decoder()).collect();
        self
    }

    /// The vocabulary.
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// The sizes of the network.
    pub fn sizes(&self) -> Sizes {
        self.network.sizes()
    }

    /// What is known about the latent space.
    pub fn space(&self) -> &Space {
        self.network.space()
    }

    /// The sub-words of a line.
    ///
    /// # Errors
    ///
    /// When there are none, none that the model knows, or more than [`LONGEST_READ`].
    pub fn spell(&self, line: &str) -> Result<Vec<u32>, Error> {
        // Sub-words are at least a byte long, so that this spares a long text's splitting.
        let is_huge = line.len() > 64 * LONGEST_READ;
        let ids = if is_huge { Vec::new() } else { self.vocabulary.encode(line) };
        if is_huge || ids.len() > LONGEST_READ {
            return Err(format!(
                "the text is too long, with {} characters: expected a single line of at most {} \
                 words",
                line.chars().count(),
                LONGEST_READ / 2
            )
            .into());
        }
        if ids.is_empty() {
            return Err("the text is empty: expected a line of at least one word".into());
        }
        if ids.iter().all(|id| *id == UNKNOWN || self.vocabulary.token(*id) == "▁") {
            return Err(
                format!("the model knows nothing in '{line}': expected English words").into()
            );
        }
        Ok(ids)
    }

    /// Where lines lie in the latent space.
    ///
    /// # Errors
    ///
    /// As [`spell`](Self::spell), for the first line that can't be read.
    pub fn read(&mut self, lines: &[&str]) -> Result<Vec<Posterior>, Error> {
        self.read_each(lines).into_iter().collect()
    }

    /// Where lines lie, or for each that can't be read why.
    pub fn read_each(&mut self, lines: &[&str]) -> Vec<Result<Posterior, Error>> {
        let spelled: Vec<_> = lines.iter().map(|line| self.spell(line)).collect();
        let readable: Vec<Vec<u32>> = spelled.iter().flatten().cloned().collect();
        let mut posteriors = self.encoder.encode(&readable).into_iter();
        let outcome = |spelled: Result<_, Error>| spelled.map(|_| posteriors.next());
        let outcomes = spelled.into_iter().map(outcome);
        outcomes.map(|outcome| outcome.map(|one| one.expect("one for each"))).collect()
    }

    /// Writes a line for each wish.
    ///
    /// `tell` hears, on this thread, of every step and of each line as soon as it is there, in no
    /// certain order.
    ///
    /// # Errors
    ///
    /// What `tell` gives; the writing ends then.
    ///
    /// # Panics
    ///
    /// When a z has not the length that the network wants.
    pub fn write(
        &mut self,
        wishes: &[DecodeOptions],
        mut tell: impl FnMut(News<str>) -> Result<(), Error>,
    ) -> Result<Vec<String>, Error> {
        let mut lines = vec![String::new(); wishes.len()];
        let vocabulary = &self.vocabulary;
        let mut finish = |news: News<[u32]>| {
            let News::Line(number, ids) = news else { return tell(News::Step) };
            lines[number] = vocabulary.true_case(&vocabulary.decode(ids));
            tell(News::Line(number, &lines[number]))
        };
        let mut tell_all = |elsewhere: &Receiver<(usize, Vec<u32>)>, news: News<[u32]>| {
            for (number, ids) in elsewhere.try_iter() {
                finish(News::Line(number, &ids))?;
            }
            finish(news)
        };
        let n_threads = self.decoders.len().min(wishes.len().div_ceil(LINES_A_THREAD)).max(1);
        let (first, others) = self.decoders[..n_threads].split_first_mut().expect("one thread");
        // No thread begins with more than its share, or the last to start would have none.
        let share = wishes.len().div_ceil(n_threads);
        let (taken, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
        let next = || {
            let number = taken.fetch_add(1, Ordering::Relaxed);
            wishes.get(number).map(|wish| (number, wish))
        };
        std::thread::scope(|scope| {
            let (sender, elsewhere) = mpsc::channel();
            for decoder in others {
                let (sender, next, stop) = (sender.clone(), &next, &stop);
                scope.spawn(move || {
                    // An error here ends this thread alone: the one that counts is the caller's.
                    decoder.write(share, next, |news| {
                        if let News::Line(number, ids) = news {
                            // The receiver is gone only when the writing was ended.
                            let _ = sender.send((number, ids.to_vec()));
                        }
                        match stop.load(Ordering::Relaxed) {
                            true => Err(Error::cancelled()),
                            false => Ok(()),
                        }
                    })
                });
            }
            drop(sender);
            let mut outcome = first.write(share, next, |news| tell_all(&elsewhere, news));
            // This thread has nothing left to do; the others may.
            while outcome.is_ok() {
                let Ok((number, ids)) = elsewhere.recv() else { break };
                outcome = tell_all(&elsewhere, News::Line(number, &ids))
                    .and_then(|()| tell_all(&elsewhere, News::Step));
            }
            stop.store(true, Ordering::Relaxed);
            outcome
        })?;
        Ok(lines)
    }

    /// Constraints in text; see [`Constraints::new`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn constraints(
        &self,
        max_words: usize,
        avoid: &str,
        start: &str,
    ) -> Result<Constraints, Error> {
        Constraints::new(&self.vocabulary, max_words, avoid, start)
    }
}
