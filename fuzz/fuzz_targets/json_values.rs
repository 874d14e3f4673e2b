//! JSON values: read by a type that the first byte chooses, written, and read to the same again.

#![no_main]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use enjamb::image_codec::ImageCodec;
use enjamb::signature::Values;
use enjamb::value::{Codec, Value};
use enjamb::{DataType, Model};
use enjamb_fuzz::{Taker, data_types, on_small_stack};
use serde_json::Value as Json;
use std::sync::Arc;

/// Pictures larger than this are not decoded, since that would only test patience.
const MAX_PIXELS: u32 = 1 << 20;

fn check(data_type: &DataType, json: &Json) {
    let Ok(value) = data_type.read_json(json) else { return };
    if let Value::Image(image) = &value
        && image.size().0.saturating_mul(image.size().1) <= MAX_PIXELS
    {
        let codec: Arc<dyn Codec> = Arc::new(ImageCodec);
        image.attach(&codec);
        let _ = image.pixels();
    }
    let written = value.to_json();
    let again = data_type.read_json(&written).expect("what was written can be read");
    assert_eq!(again.to_json(), written);
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((&choice, rest)) = bytes.split_first() else { return };
    on_small_stack(|| {
        let data_types = data_types();
        let data_type = &data_types[usize::from(choice) % data_types.len()];
        if let Ok(json) = serde_json::from_slice(rest) {
            check(data_type, &json);
            let _ = Values::read_json(&json, &Taker.manifest().commands[0].inputs);
        }
        // Bytes that are no JSON may still be a picture.
        check(data_type, &Json::from(BASE64.encode(rest)));
    });
});
