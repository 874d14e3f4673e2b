//! Segmentations: the class of every pixel, and the palette that names and colours the classes.

use super::codec::Codec;
use super::image::{Image, ImageFormat, Pixels, data_uri, no_codec};
use crate::error::Error;
use std::fmt;
use std::sync::{Arc, OnceLock};

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

/// A class id for every pixel, row by row from the top left. Cloning is cheap: clones share the ids, and
/// the coloured PNG once it is made.
///
/// Two segmentations are equal if their palettes are, and they are clones, arrived as the same bytes, or
/// have the same ids, for which encoded ones are decoded.
#[derive(Clone)]
pub struct Segmentation(Arc<Shared>);

struct Shared {
    width: u32,
    height: u32,
    palette: Arc<Palette>,
    /// The picture in which it arrived: what the ids are read from.
    source: Image,
    ids: OnceLock<Arc<[u8]>>,
    /// The coloured PNG.
    encoded: OnceLock<Result<Arc<[u8]>, Error>>,
}

impl Segmentation {
    /// Takes `width * height` ids.
    ///
    /// # Errors
    /// If their number differs from that, or a side is over 16,384 pixels.
    pub fn new(
        width: u32,
        height: u32,
        ids: impl Into<Arc<[u8]>>,
        palette: Arc<Palette>,
    ) -> Result<Self, Error> {
        let ids = ids.into();
        let expected = width as usize * height as usize;
        if ids.len() != expected || expected == 0 {
            return Err(Error::invalid(format!(
                "expected {expected} ids (at least one), got {}",
                ids.len()
            )));
        }
        // The ids are the pixels of a grey image, which checks its sides.
        Image::from_pixels(width, height, 1, ids).map(|image| Self::from_image(image, palette))
    }

    /// Takes a picture as [`Image::from_bytes`] does. The ids are read from it when they are first asked
    /// for: grey pixels are ids, coloured ones the class of the nearest colour.
    ///
    /// # Errors
    /// As [`Image::from_bytes`].
    pub fn from_bytes(bytes: impl Into<Arc<[u8]>>, palette: Arc<Palette>) -> Result<Self, Error> {
        Image::from_bytes(bytes).map(|image| Self::from_image(image, palette))
    }

    /// Takes a picture as [`Image::from_data_uri`] does; else as [`from_bytes`](Self::from_bytes).
    ///
    /// # Errors
    /// As [`Image::from_data_uri`].
    pub fn from_data_uri(text: &str, palette: Arc<Palette>) -> Result<Self, Error> {
        Image::from_data_uri(text).map(|image| Self::from_image(image, palette))
    }

    /// Takes the ids from an image: grey pixels are ids, coloured ones the class of the nearest colour.
    pub fn from_image(source: Image, palette: Arc<Palette>) -> Self {
        let (width, height) = source.size();
        let (ids, encoded) = (OnceLock::new(), OnceLock::new());
        Self(Arc::new(Shared { width, height, palette, source, ids, encoded }))
    }

    /// Width and height in pixels.
    pub fn size(&self) -> (u32, u32) {
        (self.0.width, self.0.height)
    }

    /// The classes.
    pub fn palette(&self) -> &Arc<Palette> {
        &self.0.palette
    }

    /// The ids, row by row, decoded when first asked for.
    ///
    /// # Errors
    /// If it arrived as a picture that can't be decoded, as [`Image::pixels`].
    pub fn ids(&self) -> Result<&Arc<[u8]>, Error> {
        let pixels = self.0.source.pixels()?;
        Ok(self.0.ids.get_or_init(|| self.ids_of(pixels)))
    }

    fn ids_of(&self, pixels: &Pixels) -> Arc<[u8]> {
        let channels = usize::from(pixels.channels());
        match (self.0.source.is_grey(), channels) {
            (true, 1) => Arc::clone(pixels.data()),
            // Grey with transparency: its red, green and blue are the same.
            (true, _) => pixels.data().chunks_exact(channels).map(|pixel| pixel[0]).collect(),
            (false, _) => {
                // Neighbours are most often of one class.
                let mut last = ([0; 3], self.0.palette.nearest([0; 3]));
                let rgb = pixels.with_channels(3);
                let nearest = |pixel: &[u8]| {
                    let color = [pixel[0], pixel[1], pixel[2]];
                    if color != last.0 {
                        last = (color, self.0.palette.nearest(color));
                    }
                    last.1
                };
                rgb.data().chunks_exact(3).map(nearest).collect()
            }
        }
    }

    /// The coloured PNG, made when first asked for.
    ///
    /// # Errors
    /// As [`ids`](Self::ids); and if it has no codec to encode it.
    pub fn encoded(&self) -> Result<Arc<[u8]>, Error> {
        if let Some(encoded) = self.0.encoded.get() {
            return encoded.clone();
        }
        // Without a codec it fails now, and may not later.
        self.ids()?;
        let codec = self.0.source.codec().ok_or_else(|| no_codec(ImageFormat::Png, "written"))?;
        let encode = || {
            let colored = self.colored()?;
            colored.attach(codec);
            colored.encoded(ImageFormat::Png)
        };
        self.0.encoded.get_or_init(encode).clone()
    }

    fn colored(&self) -> Result<Image, Error> {
        let colors: [[u8; 3]; 256] = std::array::from_fn(|id| self.0.palette.color(id as u8));
        let ids = self.ids()?;
        let mut data = Vec::with_capacity(ids.len() * 3);
        ids.iter().for_each(|&id| data.extend(colors[usize::from(id)]));
        let (width, height) = self.size();
        Image::from_pixels(width, height, 3, data)
    }

    /// The wire form: a data URI of the coloured PNG. What can't be encoded for want of a codec is a
    /// coloured PPM; what can't be decoded, the bytes in which it arrived.
    pub fn to_data_uri(&self) -> String {
        if let Ok(bytes) = self.encoded() {
            return data_uri(ImageFormat::Png, &bytes);
        }
        self.colored().as_ref().unwrap_or(&self.0.source).to_data_uri()
    }

    /// Gives it and its clones a codec, as [`Image::attach`].
    pub fn attach(&self, codec: &Arc<dyn Codec>) {
        self.0.source.attach(codec);
    }

    /// The format in which it arrived, if that can't be read for want of a codec.
    pub fn unreadable_format(&self) -> Option<ImageFormat> {
        self.0.source.unreadable_format()
    }
}

impl PartialEq for Segmentation {
    fn eq(&self, other: &Self) -> bool {
        if self.size() != other.size() || self.0.palette != other.0.palette {
            return false;
        }
        let bytes = |of: &Self| of.0.source.source().map(|(_, bytes)| Arc::clone(bytes));
        Arc::ptr_eq(&self.0, &other.0)
            || bytes(self).is_some_and(|mine| bytes(other) == Some(mine))
            || matches!((self.ids(), other.ids()), (Ok(a), Ok(b)) if a == b)
    }
}

impl fmt::Debug for Segmentation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (width, height) = self.size();
        write!(f, "Segmentation({width} x {height}, {} classes)", self.0.palette.classes.len())
    }
}
