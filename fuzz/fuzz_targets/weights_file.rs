//! Weight files: every tensor lies within the file, or the file is refused.

#![no_main]

use enjamb_fuzz::on_small_stack;
use enjamb_numeric::tensors::{Dtype, TensorHeader};
use enjamb_numeric::weights::Weights;
use std::path::Path;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    on_small_stack(|| {
        let Ok(header) = TensorHeader::read(bytes) else { return };
        let file = Weights::from_bytes(Path::new("weights.safetensors"), bytes.to_vec());
        let file = file.expect("its header can be read");
        for name in ["a", "b", "embedding"] {
            assert_eq!(file.contains(name), header.get(name).is_some());
            let Some(entry) = header.get(name) else { continue };
            assert_eq!(bytes[entry.bytes.clone()].len() % entry.dtype.size(), 0);
            let shape = &entry.shape;
            match entry.dtype {
                Dtype::F32 => drop(file.floats(name, shape).expect("its type and shape")),
                Dtype::U32 => drop(file.integers(name, shape).expect("its type and shape")),
                Dtype::U8 => assert!(file.bytes(name, shape).is_ok()),
                _ => {}
            }
            // Refused if a number is too great.
            let _ = file.halves(name, shape);
        }
    });
});
