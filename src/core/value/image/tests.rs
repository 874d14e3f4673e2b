//! Images and segmentations with a codec that counts: what is decoded and encoded, when, and how often.

use super::*;
use crate::value::{Palette, Segmentation, Value};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Writes headers as PNG and JPEG have them, and behind them the pixels as they are.
#[derive(Default)]
pub(crate) struct CountingCodec {
    pub n_decoded: AtomicUsize,
    pub n_encoded: AtomicUsize,
}

impl CountingCodec {
    /// One, to count by and to attach.
    pub fn new() -> (Arc<Self>, Arc<dyn Codec>) {
        let codec = Arc::new(Self::default());
        (Arc::clone(&codec), codec)
    }

    /// How often it decoded and encoded.
    pub fn counts(&self) -> (usize, usize) {
        (self.n_decoded.load(Relaxed), self.n_encoded.load(Relaxed))
    }
}

impl Codec for CountingCodec {
    fn decode(&self, bytes: &[u8]) -> Result<Pixels, Error> {
        self.n_decoded.fetch_add(1, Relaxed);
        let header = header::read(bytes).ok_or("no header")??;
        let at = if header.format == ImageFormat::Png { 8 + 25 + 8 } else { 2 + 13 };
        Pixels::new(header.width, header.height, header.channels, &bytes[at..])
    }

    fn encode(&self, pixels: &Pixels, format: ImageFormat) -> Result<Vec<u8>, Error> {
        self.n_encoded.fetch_add(1, Relaxed);
        let (width, height) = pixels.size();
        let mut bytes = Vec::new();
        let pixels = match format {
            ImageFormat::Png => {
                let color = [0, 0, 0, 2, 6][usize::from(pixels.channels())];
                bytes.extend(b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR");
                bytes.extend([width, height].map(u32::to_be_bytes).as_flattened());
                bytes.extend([8, color, 0, 0, 0, 0, 0, 0, 0]);
                bytes.extend((pixels.data().len() as u32).to_be_bytes());
                bytes.extend(b"IDAT");
                pixels.clone()
            }
            _ => {
                bytes.extend([0xFF, 0xD8, 0xFF, 0xC0, 0, 11, 8]);
                bytes
                    .extend([height, width].map(|side| (side as u16).to_be_bytes()).as_flattened());
                bytes.extend([3, 0, 0, 0]);
                pixels.with_channels(3)
            }
        };
        bytes.extend(&**pixels.data());
        Ok(bytes)
    }
}

fn palette() -> Arc<Palette> {
    Arc::new(Palette::from_labels(["void", "sky", "sea"]))
}

fn png(width: u32, height: u32, channels: u8, data: &[u8]) -> Vec<u8> {
    let pixels = Pixels::new(width, height, channels, data).unwrap();
    CountingCodec::default().encode(&pixels, ImageFormat::Png).unwrap()
}

const NO_CODEC: &str = "this runtime has no image codec, so a PNG image can't be read; expected raw \
                        pixels (a PAM, PPM or PGM image)";

#[test]
fn pixels_are_decoded_once_and_each_format_is_encoded_once() {
    let (counter, codec) = CountingCodec::new();
    let bytes = png(2, 1, 4, &[1, 2, 3, 4, 5, 6, 7, 8]);
    let image = Image::from_bytes(bytes.clone()).unwrap();
    assert_eq!((image.size(), image.channels()), ((2, 1), 4));
    let clones = [image.clone(), image.clone()];
    image.attach(&codec);
    assert_eq!(counter.counts(), (0, 0));
    for image in clones.iter().chain([&image]) {
        assert_eq!(image.pixels().unwrap().data()[..], [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(image.encoded(ImageFormat::Png).unwrap()[..], bytes);
        assert_eq!(image.to_data_uri(), data_uri(ImageFormat::Png, &bytes));
        assert!(Arc::ptr_eq(image.pixels().unwrap().data(), clones[0].pixels().unwrap().data()));
        let jpeg = image.encoded(ImageFormat::Jpeg).unwrap();
        assert!(Arc::ptr_eq(&jpeg, &clones[0].encoded(ImageFormat::Jpeg).unwrap()));
        assert_eq!(jpeg[jpeg.len() - 6..], [1, 2, 3, 5, 6, 7]);
    }
    assert_eq!(counter.counts(), (1, 1));
}

#[test]
fn threads_that_ask_at_once_wait_for_one_answer() {
    let (counter, codec) = CountingCodec::new();
    let image = Image::from_bytes(png(1, 1, 3, &[1, 2, 3])).unwrap();
    image.attach(&codec);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| image.encoded(ImageFormat::Jpeg).unwrap());
        }
    });
    assert_eq!(counter.counts(), (1, 1));
}

#[test]
fn pixels_leave_as_their_type_says() {
    let (_, codec) = CountingCodec::new();
    for (channels, expected) in [(1, "image/png"), (3, "image/jpeg"), (4, "image/png")] {
        let mut image = Image::from_pixels(1, 1, channels, vec![9; channels.into()]).unwrap();
        let uri = |image: &Image| image.to_data_uri().split(';').next().unwrap()[5..].to_string();
        assert_eq!(uri(&image), "image/x-portable-anymap");
        assert_eq!(Image::from_data_uri(&image.to_data_uri()).unwrap(), image);
        image.attach(&codec);
        assert_eq!(uri(&image), expected);
        for (format, expected) in
            [(ImageFormat::Png, "image/png"), (ImageFormat::Jpeg, "image/jpeg")]
        {
            image.set_output_format(format);
            assert_eq!(uri(&image), expected);
        }
    }
}

#[test]
fn without_a_codec_only_raw_pixels_are_read() {
    let image = Image::from_bytes(png(1, 1, 3, &[1, 2, 3])).unwrap();
    assert_eq!(image.unreadable_format(), Some(ImageFormat::Png));
    assert_eq!(image.pixels().unwrap_err(), NO_CODEC);
    assert!(image.encoded(ImageFormat::Jpeg).is_err());
    // What arrived encoded leaves as it came.
    assert!(Value::from(image.clone()).to_json().as_str().unwrap().starts_with("data:image/png"));
    let (_, codec) = CountingCodec::new();
    image.attach(&codec);
    assert_eq!(image.pixels().unwrap().data()[..], [1, 2, 3]);
    let raw = Image::from_bytes(*b"P6 1 1 255 \x01\x02\x03").unwrap();
    assert_eq!((raw.unreadable_format(), raw.source()), (None, None));
    assert_eq!(raw, image);
    assert!(raw.encoded(ImageFormat::Png).unwrap_err().message().contains("can't be written"));
}

#[test]
fn damage_is_told_once_for_all_clones() {
    let (counter, codec) = CountingCodec::new();
    let mut bytes = png(2, 1, 1, &[1, 2]);
    bytes.pop();
    let image = Image::from_bytes(bytes.clone()).unwrap();
    image.attach(&codec);
    for image in [&image, &image.clone()] {
        let words = image.pixels().unwrap_err();
        assert!(
            words.message().starts_with("the image can't be decoded: expected 2 bytes"),
            "{words}"
        );
    }
    assert_eq!(counter.counts(), (1, 0));
    let again = Image::from_bytes(bytes.clone()).unwrap();
    assert_eq!(image, again);
    assert_ne!(image, Image::from_bytes(png(2, 1, 1, &[1, 2])).unwrap());
    let segmentation = Segmentation::from_bytes(bytes.clone(), palette()).unwrap();
    segmentation.attach(&codec);
    assert!(segmentation.ids().is_err() && segmentation.encoded().is_err());
    assert_eq!(segmentation.to_data_uri(), data_uri(ImageFormat::Png, &bytes));
}

#[test]
fn images_are_equal_by_their_bytes_or_their_pixels() {
    let (counter, codec) = CountingCodec::new();
    let of = |bytes: Vec<u8>| {
        let image = Image::from_bytes(bytes).unwrap();
        image.attach(&codec);
        image
    };
    let bytes = png(1, 1, 3, &[1, 2, 3]);
    assert_eq!(of(bytes.clone()), of(bytes.clone()));
    assert_ne!(of(bytes.clone()), of(png(1, 1, 4, &[1, 2, 3, 4])));
    assert_eq!(counter.counts(), (0, 0));
    assert_ne!(of(bytes.clone()), of(png(1, 1, 3, &[1, 2, 4])));
    let jpeg = of(bytes.clone()).encoded(ImageFormat::Jpeg).unwrap();
    assert_eq!(of(bytes.clone()), of(jpeg.to_vec()));
    assert_eq!(of(bytes), Image::from_pixels(1, 1, 3, vec![1, 2, 3]).unwrap());
}

#[test]
fn sides_and_sizes_are_checked() {
    let cases: [(u32, u32, u8, usize, &str); 6] = [
        (0, 1, 3, 0, "at least 1 pixel a side, got 0 x 1"),
        (1, 0, 3, 0, "at least 1 pixel a side, got 1 x 0"),
        (16_385, 1, 1, 16_385, "at most 16384 pixels a side, got 16385 x 1"),
        (1, u32::MAX, 1, 0, "at most 16384 pixels a side"),
        (1, 1, 2, 2, "expected an image of 1, 3 or 4 channels, got 2"),
        (2, 2, 3, 11, "expected 12 bytes of pixels (2 x 2 x 3), got 11"),
    ];
    for (width, height, channels, n_bytes, expected) in cases {
        let refused = Image::from_pixels(width, height, channels, vec![0; n_bytes]).unwrap_err();
        assert!(refused.message().contains(expected), "'{refused}' lacks '{expected}'");
    }
    let mut long = png(1, 1, 1, &[0]);
    long[16..20].copy_from_slice(&16_385_u32.to_be_bytes());
    let refused = Image::from_bytes(long).unwrap_err();
    assert_eq!(refused, "expected an image of at most 16384 pixels a side, got 16385 x 1");
    assert!(Image::from_pixels(16_384, 1, 1, vec![0; 16_384]).is_ok());
}

#[test]
fn channels_are_converted() {
    let of = |channels, data: &[u8]| Pixels::new(1, 1, channels, data).unwrap();
    let (grey, rgb, rgba) = (of(1, &[200]), of(3, &[255, 0, 0]), of(4, &[0, 255, 0, 7]));
    assert_eq!(grey.with_channels(4).data()[..], [200, 200, 200, 255]);
    assert_eq!(grey.with_channels(3).with_channels(1), grey);
    assert_eq!(rgb.with_channels(1).data()[..], [54]);
    assert_eq!(rgb.with_channels(4).data()[..], [255, 0, 0, 255]);
    assert_eq!(rgba.with_channels(3).data()[..], [0, 255, 0]);
    assert!(Arc::ptr_eq(rgba.with_channels(4).data(), rgba.data()));
}

#[test]
fn what_is_no_image_is_refused() {
    for text in ["", "data:image/png,abc", "data:image/png;base64,!!!", "aGVsbG8="] {
        assert!(Image::from_data_uri(text).is_err(), "{text}");
    }
    let refused = Image::from_data_uri("aGVsbG8=").unwrap_err();
    assert_eq!(refused, "expected a PNG or JPEG image, got other bytes");
}

#[test]
fn bare_base64_is_an_image_too() {
    let uri = Image::from_bytes(png(4, 2, 3, &[9; 24])).unwrap().to_data_uri();
    let bare = uri.split_once(',').unwrap().1;
    assert_eq!(Image::from_data_uri(bare).unwrap().size(), (4, 2));
}

#[test]
fn a_segmentation_survives_its_own_colours() {
    let (counter, codec) = CountingCodec::new();
    let there = Segmentation::new(3, 1, vec![2, 0, 1], palette()).unwrap();
    for expected in ["data:image/x-portable-anymap", "data:image/png"] {
        let uri = there.to_data_uri();
        assert!(uri.starts_with(expected), "{uri}");
        let back = Segmentation::from_data_uri(&uri, palette()).unwrap();
        back.attach(&codec);
        assert_eq!(back.ids().unwrap()[..], [2, 0, 1]);
        assert_eq!(there, back);
        there.attach(&codec);
    }
    assert_eq!(counter.counts(), (1, 1));
    assert!(Arc::ptr_eq(&there.encoded().unwrap(), &there.clone().encoded().unwrap()));
    assert_eq!(counter.counts(), (1, 1));
}

#[test]
fn grey_pixels_are_ids_and_coloured_ones_the_nearest_class() {
    let (_, codec) = CountingCodec::new();
    let [_, sky, sea] = [0, 1, 2].map(|id| palette().classes[id].2);
    let near = sea.map(|channel| channel.saturating_add(3));
    let ids_of = |image: Image| {
        image.attach(&codec);
        Segmentation::from_image(image, palette()).ids().unwrap().to_vec()
    };
    assert_eq!(ids_of(Image::from_bytes(png(2, 1, 1, &[1, 2])).unwrap()), [1, 2]);
    assert_eq!(ids_of(Image::from_pixels(2, 1, 1, vec![1, 2]).unwrap()), [1, 2]);
    let rgb = [near, sky, [0; 3]].concat();
    assert_eq!(ids_of(Image::from_bytes(png(3, 1, 3, &rgb)).unwrap()), [2, 1, 0]);
    // Grey with transparency, colour type 4, is decoded to four channels.
    let mut grey = png(2, 1, 4, &[1, 1, 1, 255, 2, 2, 2, 0]);
    grey[25] = 4;
    assert_eq!(ids_of(Image::from_bytes(grey).unwrap()), [1, 2]);
}

#[test]
fn segmentations_take_as_many_ids_as_they_have_pixels() {
    for (width, height, n_ids) in [(0, 0, 0), (0, 5, 0), (2, 2, 3), (2, 2, 5)] {
        assert!(Segmentation::new(width, height, vec![0; n_ids], palette()).is_err());
    }
    assert!(Segmentation::new(16_385, 1, vec![0; 16_385], palette()).is_err());
    let one = Segmentation::new(1, 1, vec![7], palette()).unwrap();
    assert_eq!((one.size(), &one.ids().unwrap()[..]), ((1, 1), &[7][..]));
    assert_ne!(one, Segmentation::new(1, 1, vec![6], palette()).unwrap());
    assert_eq!(one, Segmentation::new(1, 1, vec![7], palette()).unwrap());
}
