//! Headers of PNG and JPEG images: format, size and channels, read without decoding the pixels.

use super::ImageFormat;
use crate::error::Error;

const PNG_SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
const CUT_OFF: &str = "it is cut off";

/// What a header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    pub format: ImageFormat,
    pub width: u32,
    pub height: u32,
    /// 1 (grey), 3 (RGB) or 4 (RGBA): what the pixels are decoded to.
    pub channels: u8,
    /// Whether the pixels are grey and of 8 bits or fewer, with or without transparency.
    pub is_grey: bool,
}

/// Reads the header; `None` if the bytes are neither PNG nor JPEG.
///
/// # Errors
/// If the header is cut off or damaged; the words go on from "the image's header can't be read: ".
pub fn read(bytes: &[u8]) -> Option<Result<Header, Error>> {
    let header = if bytes.starts_with(PNG_SIGNATURE) {
        read_png(bytes)
    } else if bytes.starts_with(&[0xFF, 0xD8, 0xFF]) {
        read_jpeg(bytes)
    } else {
        return None;
    };
    Some(header.and_then(|header| match header.width.min(header.height) {
        0 => Err("its width or height is 0".into()),
        _ => Ok(header),
    }))
}

/// PNG specification, third edition, chapters 5.3 (chunks), 11.2.1 (IHDR) and 11.3.1.1 (tRNS).
fn read_png(bytes: &[u8]) -> Result<Header, Error> {
    let field = |at: usize| -> Result<u32, Error> {
        let four = bytes.get(at..at + 4).ok_or(CUT_OFF)?;
        Ok(u32::from_be_bytes(four.try_into().expect("four bytes")))
    };
    let mut at = PNG_SIGNATURE.len();
    if field(at)? != 13 || bytes.get(at + 4..at + 8).ok_or(CUT_OFF)? != b"IHDR" {
        return Err("it does not begin with IHDR".into());
    }
    let (width, height) = (field(at + 8)?, field(at + 12)?);
    let [depth, color, ..] = field(at + 16)?.to_be_bytes();
    let channels = match (color, depth) {
        (0, 1 | 2 | 4 | 8 | 16) => 1,
        (2, 8 | 16) | (3, 1 | 2 | 4 | 8) => 3,
        (4 | 6, 8 | 16) => 4,
        _ => {
            return Err(Error::invalid(format!("there is no colour type {color} of {depth} bits")));
        }
    };
    // A chunk before the pixels may make one colour, or entries of a palette, transparent.
    let mut is_transparent = false;
    at += 13 + 12;
    loop {
        let length = field(at)? as usize;
        match bytes.get(at + 4..at + 8).ok_or(CUT_OFF)? {
            b"IDAT" | b"IEND" => break,
            b"tRNS" => is_transparent = true,
            _ => {}
        }
        at = at.checked_add(length).and_then(|at| at.checked_add(12)).ok_or(CUT_OFF)?;
        if at > bytes.len() {
            return Err(CUT_OFF.into());
        }
    }
    let channels = if is_transparent { 4 } else { channels };
    let is_grey = matches!(color, 0 | 4) && depth <= 8;
    Ok(Header { format: ImageFormat::Png, width, height, channels, is_grey })
}

/// ITU-T T.81, annex B: segments up to the frame header (SOF). As other readers do, it skips bytes
/// between segments that belong to none.
fn read_jpeg(bytes: &[u8]) -> Result<Header, Error> {
    let mut at = 2;
    loop {
        let rest = bytes.get(at..).ok_or(CUT_OFF)?;
        at += rest.iter().position(|&byte| byte == 0xFF).ok_or(CUT_OFF)?;
        let rest = &bytes[at..];
        at += rest.iter().position(|&byte| byte != 0xFF).ok_or(CUT_OFF)? + 1;
        match bytes[at - 1] {
            // Markers without a segment, and a zero, which is no marker.
            0x00 | 0x01 | 0xD0..=0xD8 => continue,
            0xD9 | 0xDA => return Err("it has no frame header".into()),
            0xC4 | 0xC8 | 0xCC => {}
            0xC0..=0xCF => {
                let frame = bytes.get(at..at + 8).ok_or(CUT_OFF)?;
                let side = |at: usize| u32::from(u16::from_be_bytes([frame[at], frame[at + 1]]));
                let is_grey = frame[7] == 1;
                return Ok(Header {
                    format: ImageFormat::Jpeg,
                    width: side(5),
                    height: side(3),
                    channels: if is_grey { 1 } else { 3 },
                    is_grey,
                });
            }
            _ => {}
        }
        let length = bytes.get(at..at + 2).ok_or(CUT_OFF)?;
        let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
        if length < 2 {
            return Err("a segment of it has no length".into());
        }
        at += length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32, depth: u8, color: u8, chunks: &[&[u8; 4]]) -> Vec<u8> {
        let mut bytes = PNG_SIGNATURE.to_vec();
        bytes.extend(13_u32.to_be_bytes());
        bytes.extend(b"IHDR");
        bytes.extend(width.to_be_bytes());
        bytes.extend(height.to_be_bytes());
        bytes.extend([depth, color, 0, 0, 0, 0, 0, 0, 0]);
        for chunk in chunks {
            bytes.extend([0; 4]);
            bytes.extend(*chunk);
            bytes.extend([0; 4]);
        }
        bytes
    }

    fn jpeg(segments: &[&[u8]]) -> Vec<u8> {
        [&[0xFF, 0xD8][..]].iter().chain(segments).flat_map(|bytes| bytes.iter()).copied().collect()
    }

    #[test]
    fn headers_say_what_they_say() {
        let of = |bytes: &[u8]| read(bytes).unwrap().unwrap();
        let cases = [
            (0, 8, &[b"IDAT"][..], 1, true),
            (0, 16, &[b"IDAT"], 1, false),
            (0, 1, &[b"tRNS", b"IDAT"], 4, true),
            (2, 8, &[b"gAMA", b"IDAT", b"tRNS"], 3, false),
            (2, 16, &[b"tRNS", b"IDAT"], 4, false),
            (3, 4, &[b"PLTE", b"IDAT"], 3, false),
            (3, 8, &[b"PLTE", b"tRNS", b"IDAT"], 4, false),
            (4, 8, &[b"IDAT"], 4, true),
            (6, 8, &[b"IEND"], 4, false),
        ];
        for (color, depth, chunks, channels, is_grey) in cases {
            let expected =
                Header { format: ImageFormat::Png, width: 3, height: 2, channels, is_grey };
            assert_eq!(of(&png(3, 2, depth, color, chunks)), expected, "{color} {depth}");
        }
        let frame = [0xFF, 0xC2, 0, 11, 8, 0, 2, 1, 3, 1];
        let app = [0xFF, 0xFF, 0xE0, 0, 4, 0xFF, 0xC0];
        let header = of(&jpeg(&[&app, &[7, 0xFF, 0x00], &frame]));
        assert_eq!((header.width, header.height, header.channels), (259, 2, 1));
        assert!(header.is_grey);
    }

    #[test]
    fn broken_headers_are_refused() {
        let cases = [
            (png(0, 2, 8, 2, &[b"IDAT"]), "its width or height is 0"),
            (png(2, 0, 8, 2, &[b"IDAT"]), "its width or height is 0"),
            (png(1, 1, 3, 2, &[b"IDAT"]), "there is no colour type 2 of 3 bits"),
            (png(1, 1, 8, 5, &[b"IDAT"]), "there is no colour type 5 of 8 bits"),
            (png(1, 1, 8, 2, &[]), "it is cut off"),
            (png(1, 1, 8, 2, &[b"gAMA"]), "it is cut off"),
            (PNG_SIGNATURE.to_vec(), "it is cut off"),
            ([PNG_SIGNATURE, &[0, 0, 0, 1], b"IHDR"].concat(), "it does not begin with IHDR"),
            (jpeg(&[&[0xFF]]), "it is cut off"),
            (jpeg(&[&[0xFF, 0xE0, 0, 1]]), "a segment of it has no length"),
            (jpeg(&[&[0xFF, 0xE0, 0xFF, 0xFF]]), "it is cut off"),
            (jpeg(&[&[0xFF, 0xC0, 0, 11, 8, 0, 1]]), "it is cut off"),
            (jpeg(&[&[0xFF, 0xC0, 0, 11, 8, 0, 0, 0, 1, 3]]), "its width or height is 0"),
            (jpeg(&[&[0xFF, 0xDA]]), "it has no frame header"),
        ];
        for (bytes, expected) in cases {
            assert_eq!(read(&bytes).unwrap().unwrap_err(), expected, "{bytes:?}");
        }
        assert_eq!(read(b""), None);
        assert_eq!(read(&PNG_SIGNATURE[..7]), None);
        assert_eq!(read(&[0xFF, 0xD8]), None);
    }
}
