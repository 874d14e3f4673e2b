//! A few words for each dense region of a map, out of the sentences that lie there.
//!
//! Words are weighed by the log-odds ratio with an informative Dirichlet prior (Monroe, Colaresi and
//! Quinn, Fightin' Words, 2008): how much likelier is the word in the region than elsewhere, in
//! standard deviations of that estimate. The prior is the whole map's words, worth as many as an
//! average region has. What is said everywhere, as function words are, weighs little by this; a
//! short list leaves out the rest of them in English.

mod regions;
mod words;

use regions::Regions;
use std::collections::BTreeMap;
use words::Words;

/// Words in a label.
const WORDS: usize = 3;
/// A word must be this many standard deviations likelier in its region than elsewhere (of thousands
/// of words, many are two by chance),
const DEVIATIONS: f64 = 3.3;
/// and weigh at least this share of what the label's first word does,
const SHARE: f64 = 0.5;
/// and stand in this many of its sentences.
const SENTENCES: usize = 3;

/// What a region of a map is about.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    /// One to three words, the most telling first, with commas between them.
    pub text: String,
    /// Where the region is densest: x to the right and y up, in -1..1.
    pub place: [f32; 2],
    /// How many points the region has.
    pub count: usize,
}

/// Labels for the dense regions of a map of `texts` at `points`, the largest region first. No word
/// is in two labels. A region of which nothing can be told has none, so there may be no labels.
pub fn labels(texts: &[impl AsRef<str>], points: &[[f32; 2]]) -> Vec<Label> {
    let regions = Regions::new(points);
    let words = Words::new(texts);
    let mut chosen: Vec<Vec<(usize, f64)>> = vec![Vec::new(); regions.peaks.len()];
    for (weight, region, word) in weigh(&words, &regions) {
        let first = chosen[region].first().map_or(0.0, |(_, weight)| *weight);
        let taken = chosen.iter().flatten().any(|(taken, _)| *taken == word);
        if !taken && chosen[region].len() < WORDS && weight >= SHARE * first {
            chosen[region].push((word, weight));
        }
    }
    let label = |(region, chosen): (usize, &Vec<(usize, f64)>)| Label {
        text: chosen
            .iter()
            .map(|(word, _)| words.shown[*word].as_str())
            .collect::<Vec<_>>()
            .join(", "),
        place: regions.peaks[region],
        count: regions.of.iter().filter(|of| **of == region).count(),
    };
    let told = chosen.iter().enumerate().filter(|(_, chosen)| !chosen.is_empty());
    let mut labels: Vec<Label> = told.map(label).collect();
    labels.sort_by_key(|label| std::cmp::Reverse(label.count));
    labels
}

/// Weight, region and word of all words that tell regions apart, the weightiest first.
fn weigh(words: &Words, regions: &Regions) -> Vec<(f64, usize, usize)> {
    let n_regions = regions.peaks.len();
    let mut counts = BTreeMap::new(); // (region, word) -> sentences
    let mut in_region = vec![0; n_regions];
    let mut in_all = vec![0; words.shown.len()];
    for (said, region) in words.of.iter().zip(&regions.of) {
        for word in said {
            *counts.entry((*region, *word)).or_insert(0) += 1;
            in_region[*region] += 1;
            in_all[*word] += 1;
        }
    }
    let total: usize = in_region.iter().sum();
    let weight = |region: usize, word: usize, count: usize| {
        let prior = 1.0 / n_regions as f64;
        let alpha = in_all[word] as f64 * prior;
        let rest = total as f64 * prior - alpha;
        let here = (count as f64 + alpha, (in_region[region] - count) as f64 + rest);
        let there = in_all[word] - count;
        let others = total - in_region[region] - there;
        let elsewhere = (there as f64 + alpha, others as f64 + rest);
        let odds = (here.0 / here.1).ln() - (elsewhere.0 / elsewhere.1).ln();
        odds / (1.0 / here.0 + 1.0 / elsewhere.0).sqrt()
    };
    let mut weights: Vec<_> = counts
        .into_iter()
        .filter(|(_, count)| *count >= SENTENCES)
        .map(|((region, word), count)| (weight(region, word, count), region, word))
        .filter(|(weight, _, word)| *weight >= DEVIATIONS && words.tells(*word))
        .collect();
    weights.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    weights
}

#[cfg(test)]
mod test {
    use super::*;

    /// Sentences of three themes in three places, and function words everywhere.
    fn map() -> (Vec<String>, Vec<[f32; 2]>) {
        let themes = [
            (["the sea and its waves", "of the sea, a wave", "waves of the sea"], [-0.6, 0.6]),
            (["the moon is a night", "night of the moon", "the moons of a night"], [0.6, 0.5]),
            (["a rose in the garden", "the garden, the rose", "in a garden of roses"], [0.0, -0.6]),
        ];
        let place =
            |p: [f32; 2], i: usize| [p[0] + (i % 5) as f32 * 0.02, p[1] + (i / 5) as f32 * 0.02];
        let sentences = |(texts, p): ([&str; 3], [f32; 2])| {
            (0..20).map(move |i| (texts[i % 3].to_string(), place(p, i))).collect::<Vec<_>>()
        };
        themes.into_iter().flat_map(sentences).unzip()
    }

    #[test]
    fn themes_are_told() {
        let (texts, points) = map();
        let labels = labels(&texts, &points);
        assert_eq!(labels.iter().map(|label| label.count).collect::<Vec<_>>(), [20; 3]);
        for (label, words) in
            labels.iter().zip([["sea", "waves"], ["moon", "night"], ["garden", "rose"]])
        {
            assert!(words.iter().all(|word| label.text.contains(word)), "{}", label.text);
            assert_eq!(label.text.split(", ").count(), 2, "{}", label.text);
        }
        assert!(labels[0].place[0] < 0.0 && labels[0].place[1] > 0.0);
    }

    #[test]
    fn nothing_is_told_of_nothing() {
        assert!(labels(&[""; 0], &[]).is_empty());
        assert!(labels(&["the sea"], &[[0.0, 0.0]]).is_empty());
        assert!(labels(&["the sea"; 40], &[[0.2, 0.0]; 40]).is_empty());
        assert!(
            labels(&["", "\u{1f30a}", "  "], &[[0.0, 0.0], [f32::NAN, 0.5], [1.0, 1.0]]).is_empty()
        );
    }
}
