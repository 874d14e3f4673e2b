//! The image codec that the runtime uses unless it is given another: PNG and JPEG by the `image` crate.

use crate::value::{Codec, ImageFormat, MAX_SIDE, Pixels};
use enjamb_core::Error;
use image::codecs::{jpeg::JpegEncoder, png::PngEncoder};
use image::{DynamicImage, ExtendedColorType, ImageEncoder, ImageReader, Limits};
use std::io::Cursor;

/// PNG and JPEG, at most 16,384 pixels a side. More than 8 bits a channel are rounded to 8, and grey with
/// transparency becomes RGBA.
#[derive(Clone, Copy, Debug, Default)]
pub struct ImageCodec;

impl Codec for ImageCodec {
    fn decode(&self, bytes: &[u8]) -> Result<Pixels, Error> {
        let mut reader = ImageReader::new(Cursor::new(bytes))
            .with_guessed_format()
            .map_err(|error| error.to_string())?;
        let mut limits = Limits::default();
        limits.max_image_width = Some(MAX_SIDE);
        limits.max_image_height = Some(MAX_SIDE);
        reader.limits(limits);
        let image = reader.decode().map_err(|error| error.to_string())?;
        let (width, height) = (image.width(), image.height());
        let (channels, data) = match image {
            DynamicImage::ImageLuma8(_) | DynamicImage::ImageLuma16(_) => {
                (1, image.into_luma8().into_raw())
            }
            _ if image.color().has_alpha() => (4, image.into_rgba8().into_raw()),
            _ => (3, image.into_rgb8().into_raw()),
        };
        Pixels::new(width, height, channels, data)
    }

    fn encode(&self, pixels: &Pixels, format: ImageFormat) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        let (width, height) = pixels.size();
        let written = match format {
            ImageFormat::Png => {
                let color = match pixels.channels() {
                    1 => ExtendedColorType::L8,
                    3 => ExtendedColorType::Rgb8,
                    _ => ExtendedColorType::Rgba8,
                };
                PngEncoder::new(&mut bytes).write_image(pixels.data(), width, height, color)
            }
            ImageFormat::Jpeg => {
                let (rgb, color) = (pixels.with_channels(3), ExtendedColorType::Rgb8);
                JpegEncoder::new(&mut bytes).write_image(rgb.data(), width, height, color)
            }
            ImageFormat::Netpbm => return Err("expected PNG or JPEG".into()),
        };
        written.map_err(|error| error.to_string())?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests;
