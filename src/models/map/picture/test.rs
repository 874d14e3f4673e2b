//! Tests of the picture as a whole.

use super::*;
use proptest::prelude::*;

/// A map of as many sentences, spread over it in a spiral.
fn map(n: usize) -> (Vec<String>, Vec<[f32; 2]>) {
    let words =
        ["the sea", "and the moon", "under a hill", "O rose", "no longer", "sings", "in vain"];
    let text = |i: usize| {
        [1, 3, 7].map(|step| words[i * step % words.len()]).join(" ") + &format!(", {i}")
    };
    let point = |i: usize| {
        let (angle, radius) = (i as f32 * 2.4, (i as f32 / n as f32).sqrt());
        [radius * angle.cos(), radius * angle.sin()]
    };
    ((0..n).map(text).collect(), (0..n).map(point).collect())
}

fn texts(picture: &Picture) -> Vec<&Text> {
    let texts = picture.marks.iter().filter_map(|mark| match mark {
        Mark::Text(text) => Some(text),
        _ => None,
    });
    texts.collect()
}

/// Checks what holds for every picture, and returns the texts on it, title and caption last.
fn check(sentences: &[impl AsRef<str>], points: &[[f32; 2]], options: &Options) -> Vec<String> {
    let picture = Picture::new(sentences, points, options);
    assert_eq!(picture, Picture::new(sentences, points, options));
    let sheet = Rect([0.0, 0.0, SHEET[0], SHEET[1]]);
    let texts = texts(&picture);
    for (i, text) in texts.iter().enumerate() {
        assert!(sheet.contains(text.bounds), "{text:?} leaves the sheet");
        // Tall capitals of a turnover may reach up into the line that it belongs to.
        let belongs =
            |other: &Text| i > 0 && other == texts[i - 1] && text.at[1] > other.at[1] + text.size;
        let overlapping = texts[..i].iter().find(|other| other.bounds.overlaps(text.bounds));
        assert!(overlapping.is_none_or(|other| belongs(other)), "{text:?} is on {overlapping:?}");
    }
    let svg = picture.svg();
    let read = roxmltree::Document::parse(&svg).unwrap();
    let written: Vec<&str> =
        read.descendants().filter(|n| n.has_tag_name("text")).flat_map(|n| n.text()).collect();
    let laid_out: Vec<&str> = texts.iter().map(|text| text.text.as_str()).collect();
    assert_eq!(written, laid_out);
    laid_out.into_iter().map(str::to_string).collect()
}

#[test]
fn many_sentences_and_a_thread() {
    let (sentences, points) = map(1200);
    let label = |text: &str, place| Label { text: text.to_string(), place, count: 20 };
    let labels =
        [label("sea, moon", [0.0, 0.0]), label("rose", [0.02, 0.0]), label("ירח", [0.5, 0.5])];
    let thread = [[-0.9, -0.9], [0.0, 0.3], [0.9, -0.4]];
    let options = Options {
        title: "A <small> map & more",
        labels: &labels,
        thread: &thread,
        ..Options::default()
    };
    let texts = check(&sentences, &points, &options);
    assert!(texts.len() > 150, "{}", texts.len());
    assert_eq!(texts[..2], ["sea, moon", "rose"]);
    assert_eq!(texts[texts.len() - 2..], ["1,200 sentences", "A <small> map & more"]);
    let picture = Picture::new(&sentences, &points, &options);
    let dots = picture
        .marks
        .iter()
        .map(|mark| if let Mark::Dots { centres, .. } = mark { centres.len() } else { 0 });
    assert_eq!(dots.sum::<usize>(), 1200 + 2);
    assert!(
        picture
            .marks
            .iter()
            .any(|mark| matches!(mark, Mark::Thread { curves, .. } if curves.len() == 2))
    );
}

#[test]
fn few_sentences_and_odd_ones() {
    let options = Options::default();
    assert_eq!(check(&[""; 0], &[], &options), ["no sentences"]);
    assert_eq!(check(&["The sea"], &[[0.0, 0.0]], &options), ["The sea", "one sentence"]);
    assert_eq!(check(&["The sea"; 90], &[[1.0, 1.0]; 90], &options), ["The sea", "90 sentences"]);
    let odd =
        ["ירח על הים", "\u{1f319}\u{1f30a}", "", "\u{0}\u{fffe}\u{202e}", "the moon \u{1f319}"];
    let places = [[-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0], [f32::NAN, 0.0], [7.0, 0.0]];
    assert_eq!(check(&odd, &places, &options), ["the moon", "4 sentences"]);
    let long = ["sea ".repeat(10_000), "m".repeat(10_000)];
    let title = "A title that goes on and on ".repeat(40);
    assert_eq!(
        check(&long, &[[-1.0, 0.0], [1.0, 0.0]], &Options { title: &title, ..options }).len(),
        5
    );
}

#[test]
fn png_has_the_colours() {
    let (sentences, points) = map(40);
    let options = Options { palette: ColorScheme::DARK, title: "Map", ..Options::default() };
    let png = Picture::new(&sentences, &points, &options).png(400);
    let mut reader = png::Decoder::new(std::io::Cursor::new(&png)).read_info().unwrap();
    let mut rgb = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut rgb).unwrap();
    assert_eq!((frame.width, frame.height, frame.color_type), (400, 500, png::ColorType::Rgb));
    assert_eq!(rgb[..3], ColorScheme::DARK.paper);
    let brightest = rgb.chunks_exact(3).map(|pixel| pixel[0]).max();
    assert!(brightest > Some(200));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_well_formed(
        map in prop::collection::vec(("\\PC*|[ -~]*|[<>&\"']{1,9}", -1f32..1.0, -1f32..1.0), 0..12),
        title in "\\PC*|[<>&\"' ]*",
    ) {
        let texts: Vec<&str> = map.iter().map(|(text, ..)| text.as_str()).collect();
        let points: Vec<[f32; 2]> = map.iter().map(|(_, x, y)| [*x, *y]).collect();
        check(&texts, &points, &Options { title: &title, ..Options::default() });
    }
}
