//! TCP framing: the same packets whatever pieces the stream comes in.

#![no_main]

use enjamb::osc::frame::Deframer;
use enjamb_fuzz::on_small_stack;

fn deframe<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<Vec<u8>>, bool) {
    let (mut deframer, mut packets) = (Deframer::new(), Vec::new());
    for piece in pieces {
        deframer.push(piece);
        loop {
            match deframer.next_packet() {
                Ok(Some(packet)) => packets.push(packet),
                Ok(None) => break,
                Err(_) => return (packets, false),
            }
        }
    }
    (packets, true)
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((&size, stream)) = bytes.split_first() else { return };
    on_small_stack(|| {
        let whole = deframe(std::iter::once(stream));
        let pieces = deframe(stream.chunks(usize::from(size).max(1)));
        assert_eq!(whole, pieces);
    });
});
