//! Golden bytes both ways, and packets that are wrong in one place.

use super::*;
use proptest::prelude::*;

fn read_all(bytes: &[u8]) -> Vec<(TimeTag, Result<Message, Error>)> {
    let mut all = Vec::new();
    read(bytes, |time, message| all.push((time, message)));
    all
}

fn read_one(bytes: &[u8]) -> Result<Message, Error> {
    let mut all = read_all(bytes);
    assert_eq!(all.len(), 1);
    all.remove(0).1
}

fn message(address: &str, arguments: Vec<Argument>) -> Message {
    Message { address: address.into(), arguments }
}

fn nested(depth: usize) -> Vec<u8> {
    let mut inner = write(&message("/ping", vec![]), false);
    for _ in 0..depth {
        inner = bundle([inner.as_slice()].into_iter(), usize::MAX).remove(0);
    }
    inner
}

#[test]
fn golden_bytes_both_ways() {
    // The example of the OSC 1.0 specification.
    let bytes = b"/foo\0\0\0\0,iisff\0\0\0\0\x03\xe8\xff\xff\xff\xffhello\0\0\0\
                  \x3f\x9d\xf3\xb6\x40\xb5\xb2\x2d";
    let expected = message(
        "/foo",
        vec![
            Argument::Int(1000),
            Argument::Int(-1),
            Argument::Text("hello".into()),
            Argument::Float(1.234),
            Argument::Float(5.678),
        ],
    );
    assert_eq!(read_one(bytes).unwrap(), expected);
    assert_eq!(write(&expected, false), bytes);
}

#[test]
fn every_argument_type_is_read_and_given_back() {
    let all = message(
        "/ping",
        vec![
            Argument::Long(1 << 40),
            Argument::Double(0.1),
            Argument::Blob(vec![1, 2, 3]),
            Argument::Bool(true),
            Argument::Bool(false),
            Argument::Nil,
            Argument::Impulse,
            Argument::Array(vec![Argument::Int(1), Argument::Array(vec![])]),
            Argument::Opaque(Opaque::Time(1, 2)),
            Argument::Opaque(Opaque::Midi([1, 2, 3, 4])),
            Argument::Opaque(Opaque::Color([1, 2, 3, 4])),
            Argument::Text("žluťoučký 詩".into()),
        ],
    );
    assert_eq!(read_one(&write(&all, false)).unwrap(), all);
}

#[test]
fn what_senders_do_unlike_the_specification_is_read() {
    assert_eq!(read_one(b"/ping\0\0\0").unwrap(), message("/ping", vec![]));
    let symbol = read_one(b"/a\0\0,S\0\0verse\0\0\0").unwrap();
    assert_eq!(symbol.arguments, [Argument::Text("verse".into())]);
    let char = read_one(b"/a\0\0,c\0\0\0\0\0x").unwrap();
    assert_eq!(char.arguments, [Argument::Text("x".into())]);
}

#[test]
fn what_is_wrong_is_said() {
    let cases: &[(&[u8], &str)] = &[
        (b"", "empty packet"),
        (b"GET / HTTP/1.1\r\n", "expected an address that starts with '/'"),
        (b"/no-end", "the address has no end"),
        (b"/a\0\0,i", "the type tags have no end"),
        (b"/a\0\0\0\0\0\x01", "no type tags"),
        (b"/a\0\0,i\0\0\0", "can't be read"),
        (b"/a\0\0,x\0\0", "can't be read"),
        (b"/a\0\0,]\0\0", "an array ends that never began"),
        (b"/a\0\0,[\0\0", "an array begins that never ends"),
        (b"/a\0\0,s\0\0\xff\xfe\0\0", "can't be read"),
        (b"#bundle\0\0\0", "cut off in its time tag"),
        (b"#bundle\0\0\0\0\0\0\0\0\x01\0\0", "2 stray bytes"),
        (b"#bundle\0\0\0\0\0\0\0\0\x01\xff\xff\xff\xff", "claims 4294967295 bytes"),
    ];
    for (bytes, expected) in cases {
        let problem = read_one(bytes).unwrap_err();
        assert!(problem.message().contains(expected), "'{problem}' lacks '{expected}'");
    }
}

#[test]
fn nesting_is_capped_before_it_can_hurt() {
    assert_eq!(read_one(&nested(MAX_BUNDLE_DEPTH)).unwrap().address, "/ping");
    assert!(
        read_one(&nested(MAX_BUNDLE_DEPTH + 1)).unwrap_err().message().contains("nested deeper")
    );
    // 65 kB of nothing but nesting, on the small stack that a network thread may have.
    let deep = nested(3000);
    std::thread::Builder::new()
        .stack_size(64 * 1024)
        .spawn(move || assert!(read_one(&deep).is_err()))
        .unwrap()
        .join()
        .unwrap();
    let brackets = [b"/a\0\0,".as_slice(), &[b'['; 60_000], &[b']'; 60_000], &[0; 3]].concat();
    assert!(read_one(&brackets).is_err());
}

#[test]
fn one_bad_message_in_a_bundle_costs_itself_alone() {
    let good = write(&message("/good", vec![Argument::Int(1)]), false);
    let bytes = bundle([good.as_slice(), b"/bad\0\0\0\0,x\0\0", &good].into_iter(), 1 << 16);
    let all = read_all(&bytes[0]);
    assert_eq!(all.iter().map(|(_, read)| read.is_ok()).collect::<Vec<_>>(), [true, false, true]);
}

#[test]
fn nested_bundles_keep_their_own_times() {
    let timed = |ntp: u64, content: &[u8]| {
        let mut bytes = b"#bundle\0".to_vec();
        bytes.extend(ntp.to_be_bytes());
        bytes.extend((content.len() as u32).to_be_bytes());
        bytes.extend(content);
        bytes
    };
    let inner = timed(99 << 32, b"/a\0\0,\0\0\0");
    let times: Vec<_> = read_all(&timed(1, &inner)).iter().map(|(time, _)| *time).collect();
    assert_eq!(times, [TimeTag::At(99 << 32)]);
}

#[test]
fn ascii_mode_spells_what_a_patch_can_show() {
    let bytes = write(&message("/a", vec![Argument::Text("“Été” — 心".into())]), true);
    let [Argument::Text(text)] = &read_one(&bytes).unwrap().arguments[..] else { panic!() };
    assert!(text.is_ascii() && text.contains("Ete"), "{text}");
}

#[test]
fn bundles_are_filled_up_to_their_limit() {
    let one = write(&message("/a", vec![Argument::Float(1.0)]), false);
    let bundles = bundle(std::iter::repeat_n(one.as_slice(), 10), 100);
    assert!(bundles.iter().all(|bundle| bundle.len() <= 100));
    let n_read: usize = bundles.iter().map(|bundle| read_all(bundle).len()).sum();
    assert_eq!((bundles.len(), n_read), (2, 10));
}

#[test]
fn long_vectors_split_into_parts_that_fit() {
    let floats = (0..512).map(|n| Argument::Float(n as f32));
    let arguments: Vec<_> =
        [Argument::Int(0), Argument::Int(2)].into_iter().chain(floats).collect();
    let whole = message("/sentences/embed/embeddings", arguments);
    let parts = split(&whole, write(&whole, false).len(), 1400).unwrap();
    let mut joined = Vec::new();
    for part in &parts {
        assert!(write(part, false).len() <= 1400);
        assert_eq!(part.address, "/sentences/embed/embeddings/part");
        assert_eq!(part.arguments[..2], whole.arguments[..2]);
        assert_eq!(part.arguments[2], Argument::Int(joined.len() as i32));
        assert_eq!(part.arguments[3], Argument::Int(512));
        joined.extend_from_slice(&part.arguments[4..]);
    }
    assert_eq!(joined, whole.arguments[2..]);
    let text = message("/a", vec![Argument::Text("x".repeat(2000))]);
    assert!(split(&text, write(&text, false).len(), 1400).is_err());
}

proptest! {
    #[test]
    fn junk_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
        read_all(&bytes);
        let mut message = b"/a\0\0,".to_vec();
        message.extend(&bytes);
        read_all(&message);
        let mut bundle = b"#bundle\0\0\0\0\0\0\0\0\x01".to_vec();
        bundle.extend(&bytes);
        read_all(&bundle);
    }
}
