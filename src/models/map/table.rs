//! A map as a table: comma-separated values and JSON, for other programs.

use serde::Serialize;
use std::fmt::Write;

/// A row: a sentence and where it lies.
#[derive(Serialize)]
struct Row<'a> {
    index: usize,
    x: f32,
    y: f32,
    text: &'a str,
}

fn rows<'a>(texts: &'a [impl AsRef<str>], points: &'a [[f32; 2]]) -> impl Iterator<Item = Row<'a>> {
    let rows = texts.iter().zip(points).enumerate();
    rows.map(|(index, (text, [x, y]))| Row { index, x: *x, y: *y, text: text.as_ref() })
}

/// The map as comma-separated values (RFC 4180): `index,x,y,text`, numbered from 0, x and y in
/// -1..1, the text always in quotes and otherwise as it was, new lines included.
pub fn csv(texts: &[impl AsRef<str>], points: &[[f32; 2]]) -> String {
    let mut csv = String::from("index,x,y,text\r\n");
    for Row { index, x, y, text } in rows(texts, points) {
        let text = text.replace('"', "\"\"");
        write!(csv, "{index},{x},{y},\"{text}\"\r\n").expect("a string takes all");
    }
    csv
}

/// The map as a JSON array of objects with `index`, `x`, `y` and `text`, one a line. A place that is
/// not a number is null.
pub fn json(texts: &[impl AsRef<str>], points: &[[f32; 2]]) -> String {
    let rows = rows(texts, points);
    let rows: Vec<String> =
        rows.map(|row| serde_json::to_string(&row).expect("plain text and numbers")).collect();
    format!("[\n{}\n]\n", rows.join(",\n"))
}

#[cfg(test)]
mod test {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quotes() {
        let texts = ["The sea, the \"sea\"", "two\nlines", "=1+1"];
        let points = [[0.5, -1.0], [0.1, 0.0], [1.0, 1.0]];
        assert_eq!(
            csv(&texts, &points),
            "index,x,y,text\r\n0,0.5,-1,\"The sea, the \"\"sea\"\"\"\r\n1,0.1,0,\"two\nlines\"\r\n2,1,1,\"=1+1\"\r\n"
        );
        assert_eq!(
            json(&texts[..1], &points[..1]),
            "[\n{\"index\":0,\"x\":0.5,\"y\":-1.0,\"text\":\"The sea, the \\\"sea\\\"\"}\n]\n"
        );
        assert_eq!(csv(&[""; 0], &[]), "index,x,y,text\r\n");
        assert_eq!(json(&[""; 0], &[]), "[\n\n]\n");
    }

    /// Reads comma-separated values in which only the last field is quoted.
    fn read(csv: &str) -> Vec<(f32, f32, String)> {
        let mut rest = csv.strip_prefix("index,x,y,text\r\n").unwrap();
        let mut rows = Vec::new();
        while !rest.is_empty() {
            let (numbers, quoted) = rest.split_once('"').unwrap();
            let numbers: Vec<f32> = numbers.split(',').flat_map(str::parse).collect();
            let open = quoted.replace("\"\"", "\0\0");
            let end = open.find('"').unwrap();
            rows.push((numbers[1], numbers[2], quoted[..end].replace("\"\"", "\"")));
            rest = quoted[end..].strip_prefix("\"\r\n").unwrap();
        }
        rows
    }

    proptest! {
        #[test]
        fn any_text_comes_back(map in prop::collection::vec(("\\PC*|[\"\n\r,]*", -1f32..1.0, -1f32..1.0), 0..5)) {
            let texts: Vec<&str> = map.iter().map(|(text, ..)| text.as_str()).collect();
            let points: Vec<[f32; 2]> = map.iter().map(|(_, x, y)| [*x, *y]).collect();
            let rows: Vec<_> = map.iter().map(|(text, x, y)| (*x, *y, text.clone())).collect();
            prop_assert_eq!(read(&csv(&texts, &points)), rows);
            let json: Vec<serde_json::Value> = serde_json::from_str(&json(&texts, &points)).unwrap();
            for (json, text) in json.iter().zip(&texts) {
                prop_assert_eq!(json["text"].as_str(), Some(*text));
            }
        }
    }
}
