//! The netpbm formats: raw pixels behind a few words of text, which need no codec.
//!
//! It reads and writes binary PGM (grey), PPM (RGB) and PAM (grey, RGB or RGBA) of 8 bits a channel, one
//! image a file. <https://netpbm.sourceforge.net/doc/>

use super::{Pixels, check_sides};
use crate::error::Error;

/// What every value of a pixel is at most.
const MAX_VALUE: u32 = 255;

/// Writes grey as PGM, RGB as PPM and RGBA as PAM.
pub fn write(pixels: &Pixels) -> Vec<u8> {
    let (width, height) = pixels.size();
    let header = match pixels.channels() {
        1 => format!("P5\n{width} {height}\n{MAX_VALUE}\n"),
        3 => format!("P6\n{width} {height}\n{MAX_VALUE}\n"),
        depth => format!(
            "P7\nWIDTH {width}\nHEIGHT {height}\nDEPTH {depth}\nMAXVAL {MAX_VALUE}\n\
             TUPLTYPE RGB_ALPHA\nENDHDR\n"
        ),
    };
    [header.as_bytes(), pixels.data()].concat()
}

/// Reads an image; `None` if the bytes are none of the three formats.
///
/// # Errors
/// If the header does not fit the format, the values are not of 8 bits, a side is too long, or the
/// number of pixels is wrong.
pub fn read(bytes: &[u8]) -> Option<Result<Pixels, Error>> {
    let [b'P', kind, b' ' | b'\t' | b'\n' | b'\r', ..] = bytes else { return None };
    let header = match kind {
        b'5' => read_short_header(bytes, 1),
        b'6' => read_short_header(bytes, 3),
        b'7' => read_pam_header(bytes),
        _ => return None,
    };
    let header = header.map_err(|error| error.context("the image's header can't be read"));
    Some(header.and_then(|header| header.take_pixels(bytes)))
}

#[derive(Debug, Default)]
struct Header {
    width: u32,
    height: u32,
    channels: u32,
    max_value: u32,
    /// Where the pixels begin.
    length: usize,
}

impl Header {
    fn take_pixels(&self, bytes: &[u8]) -> Result<Pixels, Error> {
        let Header { width, height, channels, .. } = *self;
        if self.max_value != MAX_VALUE {
            let got = self.max_value;
            return Err(Error::invalid(format!(
                "expected values of at most {MAX_VALUE} a channel, got {got}"
            )));
        }
        check_sides(width, height)?;
        let channels = u8::try_from(channels).unwrap_or(0);
        Pixels::new(width, height, channels, &bytes[self.length..])
    }
}

/// "P5", width, height, largest value, with white space and comments between, and one white space.
fn read_short_header(bytes: &[u8], channels: u32) -> Result<Header, Error> {
    let mut at = 2;
    let [width, height, max_value] = {
        let mut next = || next_number(bytes, &mut at);
        [next()?, next()?, next()?]
    };
    match bytes.get(at) {
        Some(byte) if byte.is_ascii_whitespace() => {
            Ok(Header { width, height, channels, max_value, length: at + 1 })
        }
        _ => Err("it is cut off".into()),
    }
}

fn next_number(bytes: &[u8], at: &mut usize) -> Result<u32, Error> {
    loop {
        match bytes.get(*at).ok_or("it is cut off")? {
            byte if byte.is_ascii_whitespace() => *at += 1,
            b'#' => *at += line(bytes, *at)?.len() + 1,
            _ => break,
        }
    }
    let n_digits = bytes[*at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let digits = &bytes[*at..*at + n_digits];
    *at += n_digits;
    number(digits)
}

fn number(digits: &[u8]) -> Result<u32, Error> {
    let text = std::str::from_utf8(digits).ok();
    text.and_then(|text| text.parse().ok()).ok_or_else(|| "expected a whole number".into())
}

fn line(bytes: &[u8], at: usize) -> Result<&[u8], Error> {
    let rest = bytes.get(at..).unwrap_or_default();
    let length = rest.iter().position(|&byte| byte == b'\n').ok_or("it is cut off")?;
    Ok(&rest[..length])
}

/// "P7", then lines of a name and a value, in any order, up to "ENDHDR".
fn read_pam_header(bytes: &[u8]) -> Result<Header, Error> {
    let mut header = Header { length: line(bytes, 0)?.len() + 1, ..Header::default() };
    loop {
        let line = line(bytes, header.length)?;
        header.length += line.len() + 1;
        let line = line.trim_ascii();
        if line == b"ENDHDR" {
            return Ok(header);
        }
        let name = line.split(u8::is_ascii_whitespace).next().unwrap_or_default();
        let value = line[name.len()..].trim_ascii();
        match name {
            b"WIDTH" => header.width = number(value)?,
            b"HEIGHT" => header.height = number(value)?,
            b"DEPTH" => header.channels = number(value)?,
            b"MAXVAL" => header.max_value = number(value)?,
            // The depth says as much as the tuple type.
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read() {
        for channels in [1, 3, 4] {
            for (width, height) in [(1, 1), (3, 2), (2, 300)] {
                let n_bytes = width as usize * height as usize * usize::from(channels);
                let data: Vec<u8> = (0..n_bytes).map(|n| (n * 7) as u8).collect();
                let pixels = Pixels::new(width, height, channels, data).unwrap();
                let bytes = write(&pixels);
                assert_eq!(read(&bytes).unwrap().unwrap(), pixels);
                for length in 3..bytes.len() {
                    assert!(read(&bytes[..length]).unwrap().is_err(), "cut off after {length}");
                }
            }
        }
    }

    #[test]
    fn headers_of_other_programs_are_read() {
        let cases: [&[u8]; 4] = [
            b"P5 2 1 255\n\x07\n",
            b"P5\n# made by hand\n2 # wide\n1\n255\n\x07\n",
            b"P7\nMAXVAL 255\n# a comment\nDEPTH 1\n\nHEIGHT 1\nWIDTH 2\nENDHDR\n\x07\n",
            b"P7\r\nWIDTH 2\r\nHEIGHT 1\r\nDEPTH 1\r\nMAXVAL 255\r\nENDHDR\n\x07\n",
        ];
        let expected = Pixels::new(2, 1, 1, vec![7, b'\n']).unwrap();
        for bytes in cases {
            assert_eq!(read(bytes).unwrap().unwrap(), expected, "{bytes:?}");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let cases: [(&[u8], &str); 8] = [
            (b"P5\n", "header can't be read: it is cut off"),
            (b"P6 two", "header can't be read: expected a whole number"),
            (b"P5 4294967297 1 255 ", "header can't be read: expected a whole number"),
            (b"P5 1 1 65535 \0\0", "expected values of at most 255 a channel, got 65535"),
            (b"P5 0 1 255 ", "expected an image of at least 1 pixel a side, got 0 x 1"),
            (b"P5 1 16385 255 ", "expected an image of at most 16384 pixels a side"),
            (b"P6 1 1 255 \0\0\0\0", "expected 3 bytes of pixels (1 x 1 x 3), got 4"),
            (b"P7\nWIDTH 1\nHEIGHT 1\nDEPTH 2\nMAXVAL 255\nENDHDR\n\0\0", "1, 3 or 4 channels"),
        ];
        for (bytes, expected) in cases {
            let problem = read(bytes).unwrap().unwrap_err();
            assert!(problem.message().contains(expected), "'{problem}' lacks '{expected}'");
        }
        for bytes in [&b""[..], b"P5", b"P55 1 1 255 \0", b"P1\n1 1\n1", b"\x89PNG\r\n\x1a\n"] {
            assert!(read(bytes).is_none());
        }
    }
}
