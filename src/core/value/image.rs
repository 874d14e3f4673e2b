//! Images: shared pixels, decoded when somebody asks for them and encoded when somebody reads them.
//!
//! An [`Image`] holds pixels, or encoded bytes, or both. Whatever is missing is made from the other on
//! first demand, once for all clones, by the [`Codec`] that the runtime was built with. So a model that
//! passes an image on to the next passes on its pixels, and what nobody reads is never encoded.

mod header;
mod netpbm;
#[cfg(test)]
pub(crate) mod tests;

use super::codec::Codec;
use crate::error::Error;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::fmt;
use std::sync::{Arc, OnceLock};

/// The longest side of an image, in pixels: a small file can claim to be a huge picture.
pub const MAX_SIDE: u32 = 16_384;

/// The encodings that images arrive and leave in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageFormat {
    /// Lossless, with transparency.
    Png,
    /// Lossy, three channels.
    Jpeg,
    /// Raw pixels behind a line of text, which need no codec: PGM, PPM or PAM.
    Netpbm,
}

impl ImageFormat {
    /// The name used in a field's specification.
    pub fn name(self) -> &'static str {
        match self {
            ImageFormat::Png => "PNG",
            ImageFormat::Jpeg => "JPEG",
            ImageFormat::Netpbm => "PNM",
        }
    }

    fn media_type(self) -> &'static str {
        match self {
            ImageFormat::Png => "image/png",
            ImageFormat::Jpeg => "image/jpeg",
            ImageFormat::Netpbm => "image/x-portable-anymap",
        }
    }
}

/// Pixels of 8 bits a channel, interleaved, row by row from the top left. Clones share them.
#[derive(Clone, PartialEq)]
pub struct Pixels {
    width: u32,
    height: u32,
    channels: u8,
    data: Arc<[u8]>,
}

impl Pixels {
    /// Takes `width * height * channels` bytes.
    ///
    /// # Errors
    /// If a side is 0 or over 16,384 pixels, the channels are not 1 (grey), 3 (RGB) or 4 (RGBA), or the
    /// number of bytes is another.
    pub fn new(
        width: u32,
        height: u32,
        channels: u8,
        data: impl Into<Arc<[u8]>>,
    ) -> Result<Self, Error> {
        let data = data.into();
        check_sides(width, height)?;
        if width == 0 || height == 0 {
            return Err(Error::invalid(format!(
                "expected an image of at least 1 pixel a side, got {width} x {height}"
            )));
        }
        if !matches!(channels, 1 | 3 | 4) {
            return Err(Error::invalid(format!(
                "expected an image of 1, 3 or 4 channels, got {channels}"
            )));
        }
        let n_bytes = width as usize * height as usize * usize::from(channels);
        if data.len() != n_bytes {
            return Err(Error::invalid(format!(
                "expected {n_bytes} bytes of pixels ({width} x {height} x {channels}), got {}",
                data.len()
            )));
        }
        Ok(Self { width, height, channels, data })
    }

    /// Width and height in pixels.
    pub fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    /// 1 (grey), 3 (RGB) or 4 (RGBA).
    pub fn channels(&self) -> u8 {
        self.channels
    }

    /// The bytes.
    pub fn data(&self) -> &Arc<[u8]> {
        &self.data
    }

    /// The same picture in 1, 3 or 4 channels: grey by luminance, no transparency where there was none.
    /// Pixels that have so many already are shared, not copied.
    ///
    /// # Panics
    /// If the channels are not 1, 3 or 4.
    #[must_use]
    pub fn with_channels(&self, channels: u8) -> Self {
        assert!(matches!(channels, 1 | 3 | 4), "there are no pixels of {channels} channels");
        if channels == self.channels {
            return self.clone();
        }
        let n_pixels = self.width as usize * self.height as usize;
        let mut data = Vec::with_capacity(n_pixels * usize::from(channels));
        for pixel in self.data.chunks_exact(self.channels.into()) {
            let [red, green, blue, alpha] = match *pixel {
                [red, green, blue, alpha] => [red, green, blue, alpha],
                [red, green, blue] => [red, green, blue, 255],
                _ => [pixel[0], pixel[0], pixel[0], 255],
            };
            match channels {
                1 => data.push(luminance([red, green, blue])),
                3 => data.extend([red, green, blue]),
                _ => data.extend([red, green, blue, alpha]),
            }
        }
        Self { width: self.width, height: self.height, channels, data: data.into() }
    }
}

/// By the weights of ITU-R BT.709.
fn luminance([red, green, blue]: [u8; 3]) -> u8 {
    ((2126 * u32::from(red) + 7152 * u32::from(green) + 722 * u32::from(blue)) / 10_000) as u8
}

impl fmt::Debug for Pixels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pixels({} x {} x {})", self.width, self.height, self.channels)
    }
}

fn check_sides(width: u32, height: u32) -> Result<(), Error> {
    match width > MAX_SIDE || height > MAX_SIDE {
        true => Err(Error::invalid(format!(
            "expected an image of at most {MAX_SIDE} pixels a side, got {width} x {height}"
        ))),
        false => Ok(()),
    }
}

/// A picture. Cloning is cheap: clones share pixels and encoded bytes, and what is made of them later.
///
/// Two images are equal if they are clones, if they arrived as the same bytes, or else if their pixels
/// are equal, for which encoded ones are decoded. One that can't be decoded equals only its own bytes.
#[derive(Clone)]
pub struct Image {
    shared: Arc<Shared>,
    /// What it leaves in if it did not arrive encoded; else by its channels.
    output_format: Option<ImageFormat>,
}

struct Shared {
    width: u32,
    height: u32,
    channels: u8,
    is_grey: bool,
    /// The PNG or JPEG bytes in which it arrived.
    source: Option<(ImageFormat, Arc<[u8]>)>,
    codec: OnceLock<Arc<dyn Codec>>,
    pixels: OnceLock<Result<Pixels, Error>>,
    /// By format.
    encoded: [OnceLock<Result<Arc<[u8]>, Error>>; 3],
}

impl From<Pixels> for Image {
    fn from(pixels: Pixels) -> Self {
        let shared = Shared {
            width: pixels.width,
            height: pixels.height,
            channels: pixels.channels,
            is_grey: pixels.channels == 1,
            source: None,
            codec: OnceLock::new(),
            pixels: OnceLock::from(Ok(pixels)),
            encoded: Default::default(),
        };
        Self { shared: Arc::new(shared), output_format: None }
    }
}

impl Image {
    /// Takes pixels: 8 bits a channel, interleaved, row by row from the top left.
    ///
    /// # Errors
    /// As [`Pixels::new`].
    pub fn from_pixels(
        width: u32,
        height: u32,
        channels: u8,
        data: impl Into<Arc<[u8]>>,
    ) -> Result<Self, Error> {
        Pixels::new(width, height, channels, data).map(Self::from)
    }

    /// Takes PNG, JPEG or netpbm (binary PGM, PPM or PAM) bytes. Of PNG and JPEG only the header is
    /// read here.
    ///
    /// # Errors
    /// If the bytes are none of these, are cut off in the header, or claim a side over 16,384 pixels.
    pub fn from_bytes(bytes: impl Into<Arc<[u8]>>) -> Result<Self, Error> {
        let bytes = bytes.into();
        if let Some(pixels) = netpbm::read(&bytes) {
            return pixels.map(Self::from);
        }
        let header::Header { format, width, height, channels, is_grey } = header::read(&bytes)
            .ok_or("expected a PNG or JPEG image, got other bytes")?
            .map_err(|problem| format!("the image's header can't be read: {problem}"))?;
        check_sides(width, height)?;
        let shared = Shared {
            width,
            height,
            channels,
            is_grey,
            source: Some((format, bytes)),
            codec: OnceLock::new(),
            pixels: OnceLock::new(),
            encoded: Default::default(),
        };
        Ok(Self { shared: Arc::new(shared), output_format: None })
    }

    /// Takes a data URI, or bare base64 as the 2019 clients sent it.
    ///
    /// # Errors
    /// If it is neither, or as [`from_bytes`](Self::from_bytes).
    pub fn from_data_uri(text: &str) -> Result<Self, Error> {
        Self::from_bytes(decode_data_uri(text)?)
    }

    /// Width and height in pixels.
    pub fn size(&self) -> (u32, u32) {
        (self.shared.width, self.shared.height)
    }

    /// 1 (grey), 3 (RGB) or 4 (RGBA).
    pub fn channels(&self) -> u8 {
        self.shared.channels
    }

    pub(super) fn codec(&self) -> Option<&Arc<dyn Codec>> {
        self.shared.codec.get()
    }

    /// Whether its pixels are grey and of 8 bits or fewer, whatever their transparency.
    pub(super) fn is_grey(&self) -> bool {
        self.shared.is_grey
    }

    /// The PNG or JPEG bytes in which it arrived, if it did not arrive as pixels.
    pub fn source(&self) -> Option<(ImageFormat, &Arc<[u8]>)> {
        self.shared.source.as_ref().map(|(format, bytes)| (*format, bytes))
    }

    /// The pixels, decoded when first asked for.
    ///
    /// # Errors
    /// If the data behind the header is damaged, or the image has no codec to decode it.
    pub fn pixels(&self) -> Result<&Pixels, Error> {
        let shared = &*self.shared;
        let pixels = match (shared.pixels.get(), &shared.source) {
            (Some(pixels), _) => pixels,
            (None, None) => unreachable!("an image has pixels or bytes"),
            (None, Some((format, bytes))) => {
                let codec = shared.codec.get().ok_or_else(|| no_codec(*format, "read"))?;
                shared.pixels.get_or_init(|| decode(&**codec, bytes, shared))
            }
        };
        pixels.as_ref().map_err(Error::clone)
    }

    /// The encoded bytes, made when first asked for: those very bytes, if it arrived so.
    ///
    /// # Errors
    /// As [`pixels`](Self::pixels); and if the pixels can't be encoded, or there is no codec to do it.
    pub fn encoded(&self, format: ImageFormat) -> Result<Arc<[u8]>, Error> {
        let shared = &*self.shared;
        if let Some((arrived, bytes)) = &shared.source
            && *arrived == format
        {
            return Ok(Arc::clone(bytes));
        }
        let slot = &shared.encoded[format as usize];
        if let Some(encoded) = slot.get() {
            return encoded.clone();
        }
        let pixels = self.pixels()?;
        if format == ImageFormat::Netpbm {
            return slot.get_or_init(|| Ok(netpbm::write(pixels).into())).clone();
        }
        let codec = shared.codec.get().ok_or_else(|| no_codec(format, "written"))?;
        let encode = || match codec.encode(pixels, format) {
            Ok(bytes) => Ok(bytes.into()),
            Err(error) => Err(Error::invalid(format!("the image can't be encoded: {error}"))),
        };
        slot.get_or_init(encode).clone()
    }

    /// The bytes in which it leaves, and their format: those in which it arrived; else as the output's
    /// type says, or without one JPEG for 3 channels and PNG for the others; else, without a codec,
    /// netpbm.
    pub fn to_wire(&self) -> (ImageFormat, Arc<[u8]>) {
        if let Some((format, bytes)) = self.source() {
            return (format, Arc::clone(bytes));
        }
        let by_channels = match self.channels() {
            3 => ImageFormat::Jpeg,
            _ => ImageFormat::Png,
        };
        let format = self.output_format.unwrap_or(by_channels);
        self.encoded(format).map_or_else(
            |_| {
                let encoded = self.encoded(ImageFormat::Netpbm);
                (ImageFormat::Netpbm, encoded.expect("an image that did not arrive encoded"))
            },
            |bytes| (format, bytes),
        )
    }

    /// The wire form in JSON: [`to_wire`](Self::to_wire) as a data URI.
    pub fn to_data_uri(&self) -> String {
        let (format, bytes) = self.to_wire();
        data_uri(format, &bytes)
    }

    /// Gives it and its clones a codec, unless they have one. The engine does so to images that pass
    /// through it.
    pub fn attach(&self, codec: &Arc<dyn Codec>) {
        // Whichever codec came first may have been used already.
        let _ = self.shared.codec.set(Arc::clone(codec));
    }

    /// Sets the format in which it leaves, if it did not arrive encoded.
    pub fn set_output_format(&mut self, format: ImageFormat) {
        self.output_format = Some(format);
    }

    /// The format in which it arrived, if that can't be read for want of a codec.
    pub fn unreadable_format(&self) -> Option<ImageFormat> {
        let shared = &self.shared;
        let (format, _) = shared.source.as_ref()?;
        (shared.codec.get().is_none() && shared.pixels.get().is_none()).then_some(*format)
    }
}

fn decode(codec: &dyn Codec, bytes: &[u8], shared: &Shared) -> Result<Pixels, Error> {
    let pixels =
        codec.decode(bytes).map_err(|error| format!("the image can't be decoded: {error}"))?;
    let (expected, got) = ((shared.width, shared.height), pixels.size());
    match got == expected {
        // What it was said to be when it was accepted is what it stays.
        true => Ok(pixels.with_channels(shared.channels)),
        false => Err(Error::invalid(format!(
            "the image can't be decoded: its header says {} x {}, its pixels are {} x {}",
            expected.0, expected.1, got.0, got.1
        ))),
    }
}

/// What to say of a format that can't be `read` or `written`.
pub(crate) fn no_codec(format: ImageFormat, what: &str) -> String {
    format!(
        "this runtime has no image codec, so a {} image can't be {what}; expected raw pixels (a PAM, \
         PPM or PGM image)",
        format.name()
    )
}

impl PartialEq for Image {
    fn eq(&self, other: &Self) -> bool {
        if Arc::ptr_eq(&self.shared, &other.shared) {
            return true;
        }
        if self.size() != other.size() || self.channels() != other.channels() {
            return false;
        }
        match (self.source(), other.source()) {
            (Some((_, bytes)), Some((_, others))) if bytes == others => true,
            _ => matches!((self.pixels(), other.pixels()), (Ok(a), Ok(b)) if a == b),
        }
    }
}

impl fmt::Debug for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (width, height) = self.size();
        write!(f, "Image({width} x {height} x {}", self.channels())?;
        match self.source() {
            Some((format, bytes)) => write!(f, ", {} bytes of {})", bytes.len(), format.name()),
            None => f.write_str(")"),
        }
    }
}

pub(super) fn data_uri(format: ImageFormat, bytes: &[u8]) -> String {
    let mut uri = format!("data:{};base64,", format.media_type());
    BASE64.encode_string(bytes, &mut uri);
    uri
}

fn decode_data_uri(text: &str) -> Result<Vec<u8>, Error> {
    let payload = match text.strip_prefix("data:") {
        Some(rest) => {
            rest.split_once(";base64,").ok_or("expected a data URI with ';base64,' in it")?.1
        }
        None => text,
    };
    BASE64
        .decode(payload.trim())
        .map_err(|error| format!("expected an image as a data URI or base64 text: {error}").into())
}
