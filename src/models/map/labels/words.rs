//! The words of sentences, told apart but for capitals, possessives and a final s.

use std::collections::{BTreeMap, BTreeSet};
use unicode_segmentation::UnicodeSegmentation;

/// English words that tell nothing wherever they stand, of today and of older verse.
const SILENT: &str = "
    about above across after again against all along also although always am amid among an and
    another any are around art as at be because been before being beneath beside besides between
    beyond both but by came can can't cannot canst come could couldn't couldst did didn't
    didst do does doesn't don't done dost doth down e'en e'er each else ere even ever every first
    for forth from get go got had has hast hath have having he he'd he'll hence her here herself
    him himself his how i'd i'll i'm i've if in into is isn't it its itself just know let like
    made make many may mayst me might mightst mine more most much must my myself nay ne'er never
    no nor not nothing now o'er of off oh on once one only or other our out over own perhaps put
    quite rather said saith same say says shall shalt she she'll should shouldst since so some
    something soon still such take than that the thee their them themselves then there thereof
    these they they'll they're they've thine thing things this those thou though through thus thy
    thyself till tis to too took toward towards twas two under until unto up upon us very was
    wasn't wast way ways we we'll we're we've well went were wert what when whence where wherefore
    whereof whether which while who whom whose why will wilt with within without won't would
    wouldst ye yes yet you you'll you're you've your
";

/// The words of a list of sentences.
pub struct Words {
    /// Every word as it is most often written, in small letters.
    pub shown: Vec<String>,
    /// The words of each sentence, each once.
    pub of: Vec<BTreeSet<usize>>,
}

impl Words {
    /// Takes sentences apart.
    pub fn new(texts: &[impl AsRef<str>]) -> Words {
        let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
        let mut forms: Vec<BTreeMap<String, usize>> = Vec::new();
        let mut number = |word: &str| {
            let form = word.to_lowercase().replace('’', "'");
            let form = whole(form.strip_suffix("'s").unwrap_or(&form));
            let next = numbers.len();
            let number = *numbers.entry(root(form).to_string()).or_insert(next);
            if number == next {
                forms.push(BTreeMap::new());
            }
            *forms[number].entry(form.to_string()).or_insert(0) += 1;
            number
        };
        let of = texts
            .iter()
            .map(|text| text.as_ref().unicode_words().map(&mut number).collect())
            .collect();
        let most = |forms: &BTreeMap<String, usize>| {
            let most = forms.iter().max_by_key(|(form, count)| (**count, std::cmp::Reverse(*form)));
            most.map(|(form, _)| form.clone()).unwrap_or_default()
        };
        Words { shown: forms.iter().map(most).collect(), of }
    }

    /// Whether a word may stand in a label.
    pub fn tells(&self, word: usize) -> bool {
        let word = &self.shown[word];
        let letters = word.chars().filter(|c| c.is_alphabetic()).count();
        let long = letters > 2 || (letters > 0 && !word.is_ascii());
        long && !SILENT.split_whitespace().any(|silent| silent == word)
    }
}

/// A word without a French or Italian article before it: l'amour, qu'amour.
fn whole(word: &str) -> &str {
    match word.split_once('\'') {
        Some((article, whole)) if article.len() <= 2 && whole.len() > 2 => whole,
        _ => word,
    }
}

/// What a word has in common with its plural.
fn root(word: &str) -> &str {
    match word.strip_suffix('s') {
        Some(root) if root.len() > 2 && !root.ends_with('s') => root,
        _ => word,
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn a_word_is_one_in_all_its_forms() {
        let words = Words::new(&["The Sea's kiss, the seas", "SEA of seas; the sea o'er l’amour"]);
        assert_eq!(words.shown, ["the", "sea", "kiss", "of", "o'er", "amour"]);
        assert_eq!(words.of, [BTreeSet::from([0, 1, 2]), BTreeSet::from([0, 1, 3, 4, 5])]);
        assert_eq!(
            [0, 1, 2, 3, 4, 5].map(|word| words.tells(word)),
            [false, true, true, false, false, true]
        );
    }
}
