//! Image headers and raw pixels: read within bounds, and pixels written and read again as they were.

#![no_main]

use enjamb::image_codec::ImageCodec;
use enjamb::value::{Codec, Image, ImageFormat, MAX_SIDE};
use enjamb_fuzz::on_small_stack;
use std::sync::Arc;

/// Pictures larger than this are not decoded, since that would only test patience.
const MAX_PIXELS: u32 = 1 << 16;

fn check(bytes: &[u8]) {
    let Ok(image) = Image::from_bytes(bytes) else { return };
    let (width, height) = image.size();
    assert!((1..=MAX_SIDE).contains(&width) && (1..=MAX_SIDE).contains(&height));
    assert!(matches!(image.channels(), 1 | 3 | 4));
    match image.source() {
        Some((format, source)) => {
            assert_eq!(**source, *bytes);
            assert_eq!(image.unreadable_format(), Some(format));
            let codec: Arc<dyn Codec> = Arc::new(ImageCodec);
            image.attach(&codec);
            if width * height <= MAX_PIXELS
                && let Ok(pixels) = image.pixels()
            {
                assert_eq!((pixels.size(), pixels.channels()), (image.size(), image.channels()));
            }
        }
        None => {
            let written = image.encoded(ImageFormat::Netpbm).expect("pixels need no codec");
            assert_eq!(Image::from_bytes(written).expect("what was written can be read"), image);
        }
    }
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    on_small_stack(|| {
        check(bytes);
        // Few inputs begin as an image does by themselves.
        check(&[&b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR"[..], bytes].concat());
        check(&[&b"\xFF\xD8\xFF"[..], bytes].concat());
        check(&[&b"P7\n"[..], bytes].concat());
        check(&[&b"P6 "[..], bytes].concat());
    });
});
