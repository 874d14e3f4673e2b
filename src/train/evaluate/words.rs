//! Lines as words: how many, and how alike two are.

/// Words of a line, split at spaces.
pub fn n_words(line: &str) -> usize {
    line.split_whitespace().count()
}

/// Words that stand in both lines in the same order (their longest common subsequence), as a share
/// of the longer line's; marks belong to their words.
pub fn alikeness(a: &str, b: &str) -> f64 {
    let a: Vec<&str> = a.split_whitespace().collect();
    let b: Vec<&str> = b.split_whitespace().collect();
    let mut best = vec![0; b.len() + 1];
    for word in &a {
        let mut diagonal = 0;
        for (j, other) in b.iter().enumerate() {
            let above = best[j + 1];
            best[j + 1] = if word == other { diagonal + 1 } else { above.max(best[j]) };
            diagonal = above;
        }
    }
    match a.len().max(b.len()) {
        0 => 1.0,
        longer => best[b.len()] as f64 / longer as f64,
    }
}

#[cfg(test)]
mod test {
    //! Lines whose likeness can be counted on fingers.

    use super::*;

    #[test]
    fn likeness_counts_words_in_order() {
        assert_eq!(alikeness("the moon is up", "the moon is up"), 1.0);
        assert_eq!(alikeness("the moon is up", "the sun is up now"), 0.6);
        assert_eq!(alikeness("up is the moon", "the moon is up"), 0.5);
        assert_eq!(alikeness("a", ""), 0.0);
        assert_eq!(alikeness("", ""), 1.0);
        assert_eq!(n_words(" a  b "), 2);
    }
}
