//! Pictures: an encoded image, and a segmentation that names the class of every pixel.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use image::{DynamicImage, ImageReader, Limits};
use std::io::Cursor;
use std::sync::Arc;

/// The largest side that is decoded, in pixels: a small file can claim to be a huge picture.
const MAX_SIDE: u32 = 16_384;

/// The encodings that images arrive and leave in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageFormat {
    /// Lossless, with transparency.
    Png,
    /// Lossy, three channels.
    Jpeg,
}

impl ImageFormat {
    /// The name used in a field's specification.
    pub fn name(self) -> &'static str {
        match self {
            ImageFormat::Png => "PNG",
            ImageFormat::Jpeg => "JPEG",
        }
    }

    fn media_type(self) -> &'static str {
        match self {
            ImageFormat::Png => "image/png",
            ImageFormat::Jpeg => "image/jpeg",
        }
    }
}

/// An encoded picture whose header has been read; the pixels are decoded when asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Image {
    bytes: Arc<[u8]>,
    format: ImageFormat,
    width: u32,
    height: u32,
}

impl Image {
    /// Takes PNG or JPEG bytes.
    ///
    /// # Errors
    /// Plain words when the bytes are neither, are cut off in the header, or claim a side over 16,384 pixels.
    pub fn from_bytes(bytes: impl Into<Arc<[u8]>>) -> Result<Self, String> {
        let bytes = bytes.into();
        let format = match image::guess_format(&bytes) {
            Ok(image::ImageFormat::Png) => ImageFormat::Png,
            Ok(image::ImageFormat::Jpeg) => ImageFormat::Jpeg,
            _ => return Err("expected a PNG or JPEG image, got other bytes".into()),
        };
        let (width, height) = reader(&bytes)?
            .into_dimensions()
            .map_err(|error| format!("the image's header can't be read: {error}"))?;
        if width > MAX_SIDE || height > MAX_SIDE {
            return Err(format!(
                "expected an image of at most {MAX_SIDE} pixels a side, got {width} x {height}"
            ));
        }
        Ok(Self { bytes, format, width, height })
    }

    /// Takes a data URI, or bare base64 as the 2019 clients sent it.
    ///
    /// # Errors
    /// Plain words when it is neither, or as [`from_bytes`](Self::from_bytes).
    pub fn from_data_uri(text: &str) -> Result<Self, String> {
        Self::from_bytes(decode_data_uri(text)?)
    }

    /// Encodes pixels.
    ///
    /// # Errors
    /// Plain words when the picture can't be encoded so (a zero side, say).
    pub fn encode(pixels: &DynamicImage, format: ImageFormat) -> Result<Self, String> {
        let mut bytes = Cursor::new(Vec::new());
        let written = match format {
            ImageFormat::Png => pixels.write_to(&mut bytes, image::ImageFormat::Png),
            // JPEG has no transparency, so it is dropped here rather than refused by the encoder.
            ImageFormat::Jpeg => {
                DynamicImage::from(pixels.to_rgb8()).write_to(&mut bytes, image::ImageFormat::Jpeg)
            }
        };
        written.map_err(|error| format!("the image can't be encoded: {error}"))?;
        Self::from_bytes(bytes.into_inner())
    }

    /// Decodes the pixels.
    ///
    /// # Errors
    /// Plain words when the data behind the header is damaged.
    pub fn decode(&self) -> Result<DynamicImage, String> {
        reader(&self.bytes)?
            .decode()
            .map_err(|error| format!("the image can't be decoded: {error}"))
    }

    /// The encoded bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Width and height in pixels.
    pub fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    /// The encoding.
    pub fn format(&self) -> ImageFormat {
        self.format
    }

    /// The wire form.
    pub fn to_data_uri(&self) -> String {
        format!("data:{};base64,{}", self.format.media_type(), BASE64.encode(&self.bytes))
    }
}

fn reader(bytes: &[u8]) -> Result<ImageReader<Cursor<&[u8]>>, String> {
    let mut reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|error| format!("the image can't be read: {error}"))?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    reader.limits(limits);
    Ok(reader)
}

fn decode_data_uri(text: &str) -> Result<Vec<u8>, String> {
    let payload = match text.strip_prefix("data:") {
        Some(rest) => {
            rest.split_once(";base64,").ok_or("expected a data URI with ';base64,' in it")?.1
        }
        None => text,
    };
    BASE64
        .decode(payload.trim())
        .map_err(|error| format!("expected an image as a data URI or base64 text: {error}"))
}

/// The classes of a segmentation: a name, an id and a colour each.
#[derive(Clone, Debug, PartialEq)]
pub struct Palette {
    /// One entry a class, in the order they were declared.
    pub classes: Vec<(String, u8, [u8; 3])>,
}

impl Palette {
    /// Names classes with ids counting from 0 and colours spread over the hues; the first is black.
    pub fn from_labels<S: Into<String>>(labels: impl IntoIterator<Item = S>) -> Self {
        let classes = labels
            .into_iter()
            .enumerate()
            .map(|(id, label)| (label.into(), id as u8, class_color(id)))
            .collect();
        Self { classes }
    }

    fn nearest(&self, [r, g, b]: [u8; 3]) -> u8 {
        let squared = |a: u8, b: u8| (i32::from(a) - i32::from(b)).pow(2);
        self.classes
            .iter()
            .min_by_key(|(_, _, color)| {
                squared(color[0], r) + squared(color[1], g) + squared(color[2], b)
            })
            .map_or(0, |(_, id, _)| *id)
    }

    fn color(&self, id: u8) -> [u8; 3] {
        self.classes.iter().find(|class| class.1 == id).map_or([0; 3], |class| class.2)
    }
}

/// Colours a golden angle apart, so that neighbouring ids never look alike.
fn class_color(id: usize) -> [u8; 3] {
    if id == 0 {
        return [0, 0, 0];
    }
    let hue = (id as f32 * 0.618_034).fract() * 6.0;
    let value = if id.is_multiple_of(2) { 0.72 } else { 0.95 };
    let channel = |offset: f32| {
        let k = (hue + offset) % 6.0;
        let dip = (k.min(4.0 - k)).clamp(0.0, 1.0);
        (value * (1.0 - 0.75 * dip) * 255.0).round() as u8
    };
    [channel(5.0), channel(3.0), channel(1.0)]
}

/// A class id for every pixel, row by row from the top left.
#[derive(Clone, Debug, PartialEq)]
pub struct Segmentation {
    width: u32,
    height: u32,
    ids: Arc<[u8]>,
    palette: Arc<Palette>,
}

impl Segmentation {
    /// Takes `width * height` ids.
    ///
    /// # Errors
    /// Plain words when their number differs from that.
    pub fn new(
        width: u32,
        height: u32,
        ids: impl Into<Arc<[u8]>>,
        palette: Arc<Palette>,
    ) -> Result<Self, String> {
        let ids = ids.into();
        let expected = width as usize * height as usize;
        if ids.len() != expected || expected == 0 {
            return Err(format!("expected {expected} ids (at least one), got {}", ids.len()));
        }
        Ok(Self { width, height, ids, palette })
    }

    /// Reads a PNG: grey pixels are ids, coloured ones the class of the nearest colour.
    ///
    /// # Errors
    /// Plain words when the picture can't be read.
    pub fn from_data_uri(text: &str, palette: Arc<Palette>) -> Result<Self, String> {
        let pixels = Image::from_data_uri(text)?.decode()?;
        let (width, height) = (pixels.width(), pixels.height());
        let ids: Vec<u8> = match &pixels {
            DynamicImage::ImageLuma8(_) | DynamicImage::ImageLumaA8(_) => {
                pixels.to_luma8().into_raw()
            }
            _ => pixels.to_rgb8().pixels().map(|pixel| palette.nearest(pixel.0)).collect(),
        };
        Self::new(width, height, ids, palette)
    }

    /// Width and height in pixels.
    pub fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    /// The ids, row by row.
    pub fn ids(&self) -> &[u8] {
        &self.ids
    }

    /// The wire form: a coloured PNG.
    pub fn to_data_uri(&self) -> String {
        let colors: [[u8; 3]; 256] = std::array::from_fn(|id| self.palette.color(id as u8));
        let raw: Vec<u8> = self.ids.iter().flat_map(|&id| colors[usize::from(id)]).collect();
        let pixels = image::RgbImage::from_raw(self.width, self.height, raw)
            .expect("the number of ids was checked on construction");
        Image::encode(&pixels.into(), ImageFormat::Png)
            .expect("a checked picture encodes into memory")
            .to_data_uri()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn palette() -> Arc<Palette> {
        Arc::new(Palette::from_labels(["void", "sky", "sea"]))
    }

    #[test]
    fn a_segmentation_survives_its_own_colours() {
        let there = Segmentation::new(3, 1, vec![2, 0, 1], palette()).unwrap();
        let back = Segmentation::from_data_uri(&there.to_data_uri(), palette()).unwrap();
        assert_eq!(there, back);
    }

    #[test]
    fn grey_pixels_are_ids() {
        let grey = image::GrayImage::from_raw(2, 1, vec![1, 2]).unwrap();
        let image = Image::encode(&grey.into(), ImageFormat::Png).unwrap();
        let read = Segmentation::from_data_uri(&image.to_data_uri(), palette()).unwrap();
        assert_eq!(read.ids(), [1, 2]);
    }

    #[test]
    fn bare_base64_is_an_image_too() {
        let pixels = image::RgbImage::from_pixel(4, 2, image::Rgb([9, 9, 9]));
        let image = Image::encode(&pixels.into(), ImageFormat::Jpeg).unwrap();
        let uri = image.to_data_uri();
        let bare = uri.split_once(',').unwrap().1;
        assert_eq!(Image::from_data_uri(bare).unwrap().size(), (4, 2));
    }

    #[test]
    fn what_is_no_image_is_refused() {
        for text in ["", "data:image/png,abc", "data:image/png;base64,!!!", "aGVsbG8="] {
            assert!(Image::from_data_uri(text).is_err(), "{text}");
        }
    }
}
