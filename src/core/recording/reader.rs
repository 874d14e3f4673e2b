//! Reads a recording line by line, as far as it goes.

use super::line::{FORMAT, Header, Line, RecordedEvent};
use crate::error::{Error, ErrorKind};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// How a recording ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It was ended.
    Closed,
    /// It broke off: by a power cut, a full disk, a kill.
    CutOff,
}

/// A recording that is read.
pub struct Reader<R> {
    lines: R,
    header: Header,
    /// The line of the file that was read last, from 1.
    at: usize,
    ending: Option<Ending>,
    buffer: Vec<u8>,
}

impl Reader<BufReader<File>> {
    /// Opens a file.
    ///
    /// # Errors
    /// Plain words: it can't be read, or is no recording.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let file = File::open(path)
            .map_err(|error| Error::new(ErrorKind::Io, format!("{}: {error}", path.display())))?;
        Self::new(BufReader::new(file)).map_err(|error| error.context(path.display()))
    }
}

impl<R: BufRead> Reader<R> {
    /// Reads the first line.
    ///
    /// # Errors
    /// Plain words: it is no recording, or one of another format.
    pub fn new(mut lines: R) -> Result<Self, Error> {
        #[derive(serde::Deserialize)]
        struct Format {
            enjamb_recording: u32,
        }
        let mut buffer = Vec::new();
        let mut first = lines.by_ref().take(MAX_HEADER);
        first.read_until(b'\n', &mut buffer).map_err(|error| error.to_string())?;
        let Format { enjamb_recording: format } =
            serde_json::from_slice(&buffer).map_err(|_| "this is no recording of enjamb")?;
        if format != FORMAT {
            return Err(Error::invalid(format!(
                "this is a recording of format {format}, and this enjamb reads format {FORMAT}"
            )));
        }
        let header = serde_json::from_slice(&buffer)
            .map_err(|error| format!("the first line of the recording is damaged: {error}"))?;
        Ok(Self { lines, header, at: 1, ending: None, buffer })
    }

    /// The first line.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// How it ended, once it has been read to its end.
    pub fn ending(&self) -> Ending {
        self.ending.unwrap_or(Ending::CutOff)
    }

    /// The next line, but for the one that says that the recording was ended. Of one that broke off,
    /// the lines that are whole.
    ///
    /// # Errors
    /// Plain words: it can't be read, or is damaged before its end.
    pub fn next_line(&mut self) -> Result<Option<Line>, Error> {
        if self.ending.is_some() {
            return Ok(None);
        }
        self.at += 1;
        self.buffer.clear();
        let read = self.lines.read_until(b'\n', &mut self.buffer);
        read.map_err(|error| format!("the recording can't be read: {error}"))?;
        match serde_json::from_slice(&self.buffer) {
            Ok(Line { event: RecordedEvent::Close, .. }) => self.ending = Some(Ending::Closed),
            Ok(line) if self.buffer.ends_with(b"\n") => return Ok(Some(line)),
            Ok(_) => self.ending = Some(Ending::CutOff),
            Err(error) => {
                let rest = self.lines.fill_buf().map_err(|error| error.to_string())?;
                if !rest.is_empty() {
                    return Err(Error::invalid(format!(
                        "line {} of the recording is damaged: {error}",
                        self.at
                    )));
                }
                self.ending = Some(Ending::CutOff);
            }
        }
        Ok(None)
    }
}

/// No project file comes near this.
const MAX_HEADER: u64 = 64 * 1024 * 1024;

#[cfg(test)]
impl Header {
    /// One of nothing.
    pub fn for_tests() -> Self {
        Self {
            enjamb_recording: FORMAT,
            enjamb: "0.1.0".into(),
            began: 0,
            seed: 0,
            files: Default::default(),
            project: String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn written() -> Vec<u8> {
        let mut text = serde_json::to_string(&Header::for_tests()).unwrap() + "\n";
        for line in [
            json!({ "t": 1, "kind": "trigger", "chain": "v", "action": "start" }),
            json!({ "t": 18_446_744_073_709_551_615_u64, "kind": "turn", "chain": "v" }),
            json!({ "t": 3, "kind": "answer", "chain": "v", "id": 0 }),
            json!({ "t": 3, "kind": "set", "chain": "v", "node": "w", "input": "z", "value": [0.1, 2] }),
            json!({ "t": 4, "kind": "close" }),
        ] {
            text += &format!("{line}\n");
        }
        text.into_bytes()
    }

    fn read(bytes: &[u8]) -> Result<(Vec<Line>, Ending), Error> {
        let mut reader = Reader::new(bytes)?;
        let mut lines = Vec::new();
        while let Some(line) = reader.next_line()? {
            lines.push(line);
        }
        Ok((lines, reader.ending()))
    }

    #[test]
    fn lines_are_what_was_written() {
        let (lines, ending) = read(&written()).unwrap();
        assert_eq!((lines.len(), ending), (4, Ending::Closed));
        assert_eq!(
            lines[1],
            Line { t: u64::MAX, event: RecordedEvent::Turn { chain: "v".into() } }
        );
        let again: Vec<String> =
            lines.iter().map(|line| serde_json::to_string(line).unwrap()).collect();
        let text = String::from_utf8(written()).unwrap();
        assert!(text.lines().skip(1).zip(&again).all(|(a, b)| a == b), "{again:#?}");
    }

    #[test]
    fn one_that_broke_off_is_read_up_to_its_last_whole_line() {
        let bytes = written();
        let n_header = bytes.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        let whole = read(&bytes).unwrap().0;
        for length in n_header..bytes.len() - 1 {
            let n_lines = bytes[n_header..length].iter().filter(|byte| **byte == b'\n').count();
            let (lines, ending) = read(&bytes[..length]).unwrap();
            let closes = bytes[..length].ends_with(b"\"close\"}");
            assert_eq!(ending == Ending::Closed, closes, "{length}");
            assert_eq!(lines, whole[..n_lines], "{length}");
        }
        // As some file systems leave it.
        let mut zeros = bytes[..bytes.len() - 9].to_vec();
        zeros.extend([0; 100]);
        assert_eq!(read(&zeros).unwrap(), (whole, Ending::CutOff));
    }

    #[test]
    fn what_is_damaged_or_no_recording_is_refused() {
        let text = String::from_utf8(written()).unwrap();
        for (text, expected) in [
            ("".into(), "no recording"),
            ("{}".into(), "no recording"),
            (text.replace("\"answer\"", "\"bless\""), "line 4 of the recording is damaged"),
            (text.replacen("recording\":1", "recording\":2", 1), "format 2"),
            (text.replacen("\"seed\"", "\"speed\"", 1), "the first line"),
        ] {
            let words = read(text.as_bytes()).unwrap_err();
            assert!(words.message().contains(expected), "{words}");
        }
    }
}
