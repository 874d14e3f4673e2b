//! The codec: headers as the image crate reads them, both formats both ways, damage.

use super::*;
use crate::value::{Image, Palette, Segmentation};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use image::ImageDecoder;
use std::sync::Arc;

fn codec() -> Arc<dyn Codec> {
    Arc::new(ImageCodec)
}

fn attached(bytes: Vec<u8>) -> Image {
    let image = Image::from_bytes(bytes).unwrap();
    image.attach(&codec());
    image
}

fn pictures(width: u32, height: u32) -> Vec<DynamicImage> {
    let noise = |x: u32, y: u32| (x * 7 + y * 13) as u8;
    let rgba = image::RgbaImage::from_fn(width, height, |x, y| {
        image::Rgba([noise(x, y), noise(y, x), 3, noise(x, x)])
    });
    let rgba = DynamicImage::from(rgba);
    vec![
        rgba.to_luma8().into(),
        rgba.to_luma_alpha8().into(),
        rgba.to_rgb8().into(),
        rgba.to_luma16().into(),
        rgba.to_luma_alpha16().into(),
        rgba.to_rgb16().into(),
        rgba.to_rgba16().into(),
        rgba,
    ]
}

fn written(picture: &DynamicImage, format: image::ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

#[test]
fn headers_are_read_as_the_image_crate_reads_them() {
    for (width, height) in [(1, 1), (3, 2), (257, 5), (16, 300)] {
        for picture in pictures(width, height) {
            for format in [image::ImageFormat::Png, image::ImageFormat::Jpeg] {
                let bytes = match format {
                    image::ImageFormat::Jpeg if picture.color().has_alpha() => continue,
                    _ => written(&picture, format),
                };
                let expected = ImageReader::with_format(Cursor::new(&bytes), format);
                let expected = expected.into_decoder().unwrap();
                let image = attached(bytes.clone());
                assert_eq!(image.size(), expected.dimensions());
                let pixels = image.pixels().unwrap();
                // Nothing had to be converted after the codec.
                assert_eq!(image.channels(), ImageCodec.decode(&bytes).unwrap().channels());
                assert_eq!((pixels.size(), pixels.channels()), (image.size(), image.channels()));
            }
        }
    }
}

#[test]
fn palettes_transparent_or_not_and_few_bits_are_read() {
    use png::{BitDepth, ColorType};
    let cases = [
        (ColorType::Indexed, BitDepth::Eight, false, 3),
        (ColorType::Indexed, BitDepth::Two, false, 3),
        (ColorType::Indexed, BitDepth::Eight, true, 4),
        (ColorType::Grayscale, BitDepth::One, false, 1),
        (ColorType::Grayscale, BitDepth::Four, false, 1),
        (ColorType::Grayscale, BitDepth::Eight, true, 4),
        (ColorType::Rgb, BitDepth::Eight, true, 4),
    ];
    for (color, depth, is_transparent, channels) in cases {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, 4, 2);
        encoder.set_color(color);
        encoder.set_depth(depth);
        if color == ColorType::Indexed {
            encoder.set_palette(vec![1, 2, 3, 4, 5, 6]);
        }
        if is_transparent {
            encoder.set_trns(match color {
                ColorType::Indexed => vec![0],
                ColorType::Grayscale => vec![0, 1],
                _ => vec![0, 1, 0, 1, 0, 1],
            });
        }
        let mut writer = encoder.write_header().unwrap();
        let n_bytes = 2 * (4 * color.samples() * depth as usize).div_ceil(8);
        writer.write_image_data(&vec![1; n_bytes]).unwrap();
        writer.finish().unwrap();
        let image = attached(bytes.clone());
        assert_eq!((image.size(), image.channels()), ((4, 2), channels), "{color:?} {depth:?}");
        assert_eq!(ImageCodec.decode(&bytes).unwrap().channels(), channels, "{color:?} {depth:?}");
        assert_eq!(image.pixels().unwrap().size(), (4, 2));
    }
}

#[test]
fn progressive_jpeg_is_read() {
    // The image crate reads them and can't write them: one scan of 18 blocks that are all the same.
    let mut bytes = vec![0xFF, 0xD8, 0xFF, 0xDB, 0, 67, 0];
    bytes.extend([1; 64]);
    bytes.extend([0xFF, 0xC2, 0, 17, 8, 0, 16, 0, 24, 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0]);
    bytes.extend([0xFF, 0xC4, 0, 20, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    bytes.extend([0xFF, 0xDA, 0, 12, 3, 1, 0, 2, 0, 3, 0, 0, 0, 0, 0, 0, 0x3F, 0xFF, 0xD9]);
    let image = attached(bytes);
    assert_eq!((image.size(), image.channels()), ((24, 16), 3));
    assert_eq!(image.pixels().unwrap().data()[..], [128; 24 * 16 * 3]);
}

#[test]
fn what_is_encoded_is_what_the_image_crate_writes() {
    for picture in pictures(37, 11) {
        let (channels, data) = match &picture {
            DynamicImage::ImageLuma8(grey) => (1, grey.as_raw()),
            DynamicImage::ImageRgb8(rgb) => (3, rgb.as_raw()),
            DynamicImage::ImageRgba8(rgba) => (4, rgba.as_raw()),
            _ => continue,
        };
        let image = Image::from_pixels(37, 11, channels, data.clone()).unwrap();
        image.attach(&codec());
        let png = image.encoded(ImageFormat::Png).unwrap();
        assert_eq!(png[..], written(&picture, image::ImageFormat::Png));
        assert_eq!(attached(png.to_vec()), image);
        let jpeg = image.encoded(ImageFormat::Jpeg).unwrap();
        let rgb = DynamicImage::from(picture.to_rgb8());
        assert_eq!(jpeg[..], written(&rgb, image::ImageFormat::Jpeg));
    }
}

#[test]
fn a_segmentation_is_the_coloured_png_that_it_always_was() {
    let palette = Arc::new(Palette::from_labels(["void", "sky", "sea"]));
    let ids: Vec<u8> = (0..64 * 64).map(|n: u32| (n / 100 % 3) as u8).collect();
    let colors = ids.iter().flat_map(|id| palette.classes[usize::from(*id)].2).collect();
    let picture = image::RgbImage::from_raw(64, 64, colors).unwrap();
    let expected = written(&picture.into(), image::ImageFormat::Png);
    let segmentation = Segmentation::new(64, 64, ids, Arc::clone(&palette)).unwrap();
    segmentation.attach(&codec());
    assert_eq!(segmentation.encoded().unwrap()[..], expected);
    let uri = format!("data:image/png;base64,{}", BASE64.encode(&expected));
    assert_eq!(segmentation.to_data_uri(), uri);
    let back = Segmentation::from_data_uri(&uri, palette).unwrap();
    back.attach(&codec());
    assert_eq!(back, segmentation);
}

#[test]
fn what_is_damaged_is_refused() {
    let mut cases: Vec<_> =
        pictures(40, 30).into_iter().map(|picture| (picture, image::ImageFormat::Png)).collect();
    cases.push((cases[2].0.clone(), image::ImageFormat::Jpeg));
    for (picture, format) in &cases {
        let format = *format;
        let bytes = written(picture, format);
        for length in 0..bytes.len().min(60) {
            let image = Image::from_bytes(bytes[..length].to_vec());
            let Ok(image) = image else { continue };
            image.attach(&codec());
            let words = image.pixels().unwrap_err();
            assert!(words.message().starts_with("the image can't be decoded: "), "{words}");
        }
        if format == image::ImageFormat::Png {
            let mut damaged = bytes.clone();
            let at = damaged.len() / 2;
            damaged[at] ^= 0x55;
            assert!(
                attached(damaged).pixels().unwrap_err().message().starts_with("the image can't be")
            );
        }
    }
    let picture = &pictures(1, 1)[2];
    let mut long = written(picture, image::ImageFormat::Png);
    long[16..20].copy_from_slice(&16_384_u32.to_be_bytes());
    // The checksum of its header is another now.
    assert!(attached(long).pixels().is_err());
}
