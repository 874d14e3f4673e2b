//! Numbers as candle reads them, and errors that say what to do.

use super::super::tensors::{Tensor, write};
use super::*;
use candle_core::{DType, Device};

/// Every f32 whose upper bits differ, with lower bits that matter to rounding.
fn numbers() -> Vec<f32> {
    let low = [0, 1, 0xfff, 0x1000, 0x1001, 0x1fff];
    (0..=0x7ffff_u32).flat_map(|high| low.map(|low| f32::from_bits(high << 13 | low))).collect()
}

fn weights(tensors: &[Tensor<'_>]) -> Weights {
    Weights::from_bytes(Path::new("a.safetensors"), write(tensors, &[("format", "x")])).unwrap()
}

fn bytes(numbers: &[f32]) -> Vec<u8> {
    numbers.iter().flat_map(|x| x.to_le_bytes()).collect()
}

#[test]
fn numbers_are_those_of_candle_to_the_bit() {
    let mut all = numbers();
    let file = weights(&[Tensor {
        name: "x",
        dtype: Dtype::F32,
        shape: &[all.len()],
        bytes: &bytes(&all),
    }]);
    let bits = |numbers: &[f32]| -> Vec<u32> { numbers.iter().map(|x| x.to_bits()).collect() };
    assert_eq!(bits(&file.floats("x", &[all.len()]).unwrap()), bits(&all));
    assert!(file.halves("x", &[all.len()]).unwrap_err().to_string().contains("is no number"));
    all.retain(|x| x.abs() < 65520.0);
    let file = write(
        &[Tensor { name: "x", dtype: Dtype::F32, shape: &[all.len()], bytes: &bytes(&all) }],
        &[],
    );
    let candle = candle_core::safetensors::load_buffer(&file, &Device::Cpu).unwrap();
    let expected = candle["x"].to_dtype(DType::F16).unwrap().to_vec1::<f16>().unwrap();
    let file = Weights::from_bytes(Path::new("a"), file).unwrap();
    let halves = file.halves("x", &[all.len()]).unwrap();
    assert!(halves.iter().zip(&expected).all(|(a, b)| a.to_bits() == b.to_bits()));
}

#[test]
fn halves_are_read_as_they_are() {
    let halves: Vec<f16> = (0..=u16::MAX).map(f16::from_bits).filter(|x| x.is_finite()).collect();
    let bytes: Vec<u8> = halves.iter().flat_map(|x| x.to_le_bytes()).collect();
    let shape = [halves.len() / 2, 2];
    let file = weights(&[Tensor { name: "x", dtype: Dtype::F16, shape: &shape, bytes: &bytes }]);
    let got = file.halves("x", &shape).unwrap();
    assert!(got.iter().zip(&halves).all(|(a, b)| a.to_bits() == b.to_bits()));
}

#[test]
fn errors_name_the_file_and_what_it_lacks() {
    let file = weights(&[
        Tensor { name: "x", dtype: Dtype::U32, shape: &[2], bytes: &[1, 0, 0, 0, 0, 1, 0, 0] },
        Tensor { name: "y", dtype: Dtype::U8, shape: &[1, 2], bytes: &[7, 8] },
    ]);
    assert_eq!(file.integers("x", &[2]).unwrap(), [1, 256]);
    assert_eq!(file.bytes("y", &[1, 2]).unwrap(), [7, 8]);
    assert_eq!(file.shape("y").unwrap(), [1, 2]);
    assert_eq!(file.metadata("format").as_deref(), Some("x"));
    assert!(file.contains("x") && !file.contains("z") && file.metadata("z").is_none());
    let check = |error: WeightsError, expected: &str| {
        assert_eq!(error.kind(), WeightsErrorKind::Damaged);
        let error = error.to_string();
        assert!(error.contains("the weight file a.safetensors is not the one"), "{error}");
        assert!(error.contains(expected), "'{error}' should contain '{expected}'");
    };
    check(file.bytes("y", &[2]).unwrap_err(), "y should be [2] of U8 and is [1, 2] of U8");
    check(file.floats("x", &[2]).unwrap_err(), "x should be [2] of F32 and is [2] of U32");
    check(file.halves("x", &[2]).unwrap_err(), "x should be [2] of F16 and is [2] of U32");
    check(file.floats("z", &[2]).unwrap_err(), "z cannot be read (it is not there)");
    check(file.shape("z").unwrap_err(), "z cannot be read");
    let damaged = Weights::from_bytes(Path::new("a.safetensors"), vec![0; 3]);
    check(damaged.err().unwrap(), "it cannot be read (it has 3 bytes and no header)");
    let missing = Weights::open(Path::new("no/such/file")).err().unwrap();
    assert_eq!(missing.kind(), WeightsErrorKind::Missing);
    assert!(missing.to_string().contains("there is no weight file at no/such/file"));
}
