//! Files against those of the `safetensors` library, and what is refused.

use super::*;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use safetensors::SafeTensors;
use safetensors::tensor::TensorView;

/// Two tensors and a text.
fn small() -> Vec<u8> {
    let tensors = [
        Tensor { name: "b", dtype: Dtype::U8, shape: &[3], bytes: &[1, 2, 3] },
        Tensor {
            name: "a",
            dtype: Dtype::F32,
            shape: &[1, 2],
            bytes: &[0, 0, 128, 63, 0, 0, 0, 64],
        },
    ];
    write(&tensors, &[("key", "value \"1\"")])
}

fn file(header: &str, numbers: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), numbers].concat()
}

#[test]
fn what_was_written_is_read() {
    let bytes = small();
    let header = TensorHeader::read(&bytes).unwrap();
    let a = header.get("a").unwrap();
    assert_eq!((a.dtype, &a.shape[..]), (Dtype::F32, &[1, 2][..]));
    assert_eq!(bytes[a.bytes.clone()], [0, 0, 128, 63, 0, 0, 0, 64]);
    assert_eq!(a.bytes.start % 8, 0);
    assert_eq!(bytes[header.get("b").unwrap().bytes.clone()], [1, 2, 3]);
    assert_eq!(header.metadata("key"), Some("value \"1\""));
    assert_eq!((header.get("c"), header.metadata("c")), (None, None));
    assert_eq!(TensorHeader::read(&write(&[], &[])), Ok(TensorHeader::default()));
}

#[test]
fn files_are_those_of_the_library_to_the_byte() {
    use safetensors::Dtype as Theirs;
    let types = [
        (Dtype::U8, Theirs::U8),
        (Dtype::I8, Theirs::I8),
        (Dtype::I16, Theirs::I16),
        (Dtype::U16, Theirs::U16),
        (Dtype::F16, Theirs::F16),
        (Dtype::BF16, Theirs::BF16),
        (Dtype::I32, Theirs::I32),
        (Dtype::U32, Theirs::U32),
        (Dtype::F32, Theirs::F32),
        (Dtype::F64, Theirs::F64),
        (Dtype::I64, Theirs::I64),
        (Dtype::U64, Theirs::U64),
    ];
    let bytes: Vec<u8> = (0..96).collect();
    let names: Vec<String> = (0..24).map(|i| format!("{}", i * 7 % 24)).collect();
    let shape = [3, 2];
    let tensor = |(i, name): (usize, &'static str)| {
        let (ours, theirs) = types[i % 12];
        let bytes = &bytes[i..][..6 * ours.size()];
        let view = TensorView::new(theirs, shape.to_vec(), bytes).unwrap();
        (Tensor { name, dtype: ours, shape: &shape, bytes }, (name, view))
    };
    let names = names.into_iter().map(|name| &*name.leak()).enumerate();
    let (ours, theirs): (Vec<_>, Vec<_>) = names.map(tensor).unzip();
    let metadata = HashMap::from([("format".to_owned(), "a test".to_owned())]);
    let expected = safetensors::serialize(theirs, Some(metadata)).unwrap();
    assert_eq!(write(&ours, &[("format", "a test")]), expected);
    assert!(TensorHeader::read(&expected).is_ok());
}

#[test]
fn what_does_not_fit_together_is_refused() {
    let check = |header: &str, n_bytes: usize, expected: &str| {
        let error = TensorHeader::read(&file(header, &vec![0; n_bytes])).unwrap_err();
        assert!(error.contains(expected), "'{error}' should contain '{expected}'");
    };
    let a = r#""a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}"#;
    let b = |from: usize, to: usize| {
        format!(r#"{{{a},"b":{{"dtype":"U8","shape":[2],"data_offsets":[{from},{to}]}}}}"#)
    };
    assert!(TensorHeader::read(&file(&b(4, 6), &[0; 6])).is_ok());
    check(&b(4, 6), 5, "b has the bytes 4..6 of 5");
    check(&b(4, 6), 7, "its tensors have 6 bytes, and there are 7");
    check(&b(5, 7), 7, "b has the bytes 5..7 of 7; expected it to begin at 4");
    check(&b(3, 5), 6, "b has the bytes 3..5 of 6; expected it to begin at 4");
    check(&b(4, 7), 7, "b of U8 [2] does not fill the bytes 4..7");
    check(&b(6, 4), 7, "b of U8 [2] does not fill the bytes 6..4");
    check(&b(usize::MAX, 1), 7, "does not fill the bytes");
    let huge = r#"{"a":{"dtype":"F16","shape":[4294967296,4294967296],"data_offsets":[0,0]}}"#;
    check(huge, 0, "a of F16 [4294967296, 4294967296] does not fill");
    check(&format!("{{{a},{a}}}"), 4, "a is there twice");
    check(r#"{"__metadata__":{},"__metadata__":{}}"#, 0, "__metadata__ is there twice");
    check(r#"{"__metadata__":{"a":1}}"#, 0, "its header: invalid type");
    check(&b(4, 6).replace("F16", "C64"), 6, "unknown variant `C64`");
    check(&b(4, 6).replace("[2]", "[-2]"), 6, "its header: invalid value");
    check("[]", 0, "expected tensors by their names");
    check("{", 0, "its header: EOF");
    assert!(
        TensorHeader::read(&file("\u{ff}", &[])[..9])
            .unwrap_err()
            .contains("2 bytes, and 1 follow")
    );
    assert!(TensorHeader::read(&[1, 0, 0, 0, 0, 0, 0, 0, 0xff]).unwrap_err().contains("utf-8"));
    assert!(TensorHeader::read(&[0; 7]).unwrap_err().contains("7 bytes and no header"));
    assert!(TensorHeader::read(&[0xff; 40]).unwrap_err().contains("and 32 follow"));
    assert!(TensorHeader::read(&[]).is_err());
}

#[test]
fn a_damaged_file_is_read_only_if_the_library_reads_it_and_says_the_same() {
    let whole = small();
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let mut n_read = 0;
    for round in 0..20_000 {
        let mut bytes = whole.clone();
        for _ in 0..1 + round % 3 {
            let at = rng.random_range(0..bytes.len());
            match rng.random_range(0..3) {
                0 => bytes[at] ^= 1 << rng.random_range(0..8),
                1 => bytes[at] = b"0123456789[]{},:\" "[rng.random_range(0..18)],
                _ => bytes.truncate(at.max(bytes.len() - 2)),
            }
        }
        let Ok(header) = TensorHeader::read(&bytes) else { continue };
        n_read += 1;
        let library = SafeTensors::deserialize(&bytes).unwrap();
        assert_eq!(library.len(), header.tensors.len());
        for (name, entry) in &header.tensors {
            let view = library.tensor(name).unwrap();
            assert_eq!(format!("{:?}", entry.dtype), format!("{:?}", view.dtype()));
            assert_eq!(
                (&entry.shape[..], &bytes[entry.bytes.clone()]),
                (view.shape(), view.data())
            );
        }
    }
    assert!(n_read > 500, "{n_read}");
}
