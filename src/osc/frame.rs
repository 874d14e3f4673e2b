//! Frames on a stream: an int32 length before each packet, or SLIP with END on both sides.
//!
//! Which of the two a connection speaks is told from its first byte: a length prefix of a packet
//! under 16 MiB begins with 0, SLIP (RFC 1055, double END as OSC 1.1 asks) with END.

use enjamb_core::Error;
/// The largest packet that is taken, in bytes. Its length prefix begins with a zero byte.
pub const MAX_PACKET: usize = 16 * 1024 * 1024 - 1;

const END: u8 = 0xC0;
const ESC: u8 = 0xDB;
const ESC_END: u8 = 0xDC;
const ESC_ESC: u8 = 0xDD;

/// How packets are set apart on a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// A big-endian int32 of the packet's length, then the packet (OSC 1.0; sclang, liblo).
    LengthPrefix,
    /// END, the packet with END and ESC escaped, END (OSC 1.1; osc.js, TouchOSC).
    Slip,
}

impl Framing {
    /// Sets a packet apart.
    pub fn write(self, packet: &[u8], out: &mut Vec<u8>) {
        match self {
            Framing::LengthPrefix => {
                out.extend_from_slice(&(packet.len() as u32).to_be_bytes());
                out.extend_from_slice(packet);
            }
            Framing::Slip => {
                out.push(END);
                for &byte in packet {
                    match byte {
                        END => out.extend_from_slice(&[ESC, ESC_END]),
                        ESC => out.extend_from_slice(&[ESC, ESC_ESC]),
                        plain => out.push(plain),
                    }
                }
                out.push(END);
            }
        }
    }
}

/// Takes a stream's bytes as they come, in pieces of any size, and gives back its packets.
#[derive(Debug, Default)]
pub struct Deframer {
    framing: Option<Framing>,
    buffer: Vec<u8>,
    /// How much of the buffer has been given back as packets.
    n_read: usize,
    /// SLIP only: the packet so far, unescaped.
    packet: Vec<u8>,
    escaped: bool,
}

impl Deframer {
    /// A deframer for a new connection.
    pub fn new() -> Self {
        Self::default()
    }

    /// The connection's framing, once its first byte has come.
    pub fn framing(&self) -> Option<Framing> {
        self.framing
    }

    /// Whether a packet has begun that is not whole yet.
    pub fn is_midway(&self) -> bool {
        self.n_read < self.buffer.len() || !self.packet.is_empty() || self.escaped
    }

    /// Takes more bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.drain(..std::mem::take(&mut self.n_read));
        self.buffer.extend_from_slice(bytes);
    }

    /// The next packet; `None` when more bytes are needed.
    ///
    /// # Errors
    /// Plain words when the stream is no OSC. Nothing after that can be read, so it should be closed.
    pub fn next_packet(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let Some(&first) = self.buffer.get(self.n_read) else { return Ok(None) };
        let framing = *self.framing.get_or_insert(match first {
            END => Framing::Slip,
            _ => Framing::LengthPrefix,
        });
        match framing {
            Framing::LengthPrefix => self.next_prefixed(),
            Framing::Slip => self.next_slip(),
        }
    }

    fn next_prefixed(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let Some((length, rest)) = self.buffer[self.n_read..].split_first_chunk::<4>() else {
            return Ok(None);
        };
        let length = u32::from_be_bytes(*length) as usize;
        if length > MAX_PACKET {
            return Err(Error::invalid(format!(
                "expected OSC with a length prefix or SLIP; the first bytes claim a packet of \
                 {length} bytes, and at most {MAX_PACKET} are taken"
            )));
        }
        let Some(packet) = rest.get(..length) else { return Ok(None) };
        let packet = packet.to_vec();
        self.n_read += 4 + length;
        Ok(Some(packet))
    }

    fn next_slip(&mut self) -> Result<Option<Vec<u8>>, Error> {
        while let Some(&byte) = self.buffer.get(self.n_read) {
            self.n_read += 1;
            match (std::mem::take(&mut self.escaped), byte) {
                (true, ESC_END) => self.packet.push(END),
                (true, ESC_ESC) => self.packet.push(ESC),
                (true, other) => {
                    return Err(Error::invalid(format!(
                        "expected an escaped byte in SLIP, got {other:#04x}"
                    )));
                }
                (false, ESC) => self.escaped = true,
                // Two ENDs in a row have nothing between them.
                (false, END) if self.packet.is_empty() => {}
                (false, END) => return Ok(Some(std::mem::take(&mut self.packet))),
                (false, plain) => self.packet.push(plain),
            }
            if self.packet.len() > MAX_PACKET {
                return Err(Error::invalid(format!(
                    "expected packets of at most {MAX_PACKET} bytes"
                )));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn deframe(stream: &[u8], piece: usize) -> Result<Vec<Vec<u8>>, Error> {
        let mut deframer = Deframer::new();
        let mut packets = Vec::new();
        for bytes in stream.chunks(piece.max(1)) {
            deframer.push(bytes);
            while let Some(packet) = deframer.next_packet()? {
                packets.push(packet);
            }
        }
        Ok(packets)
    }

    #[test]
    fn golden_frames() {
        let packet = [b'/', END, ESC, 0];
        let mut out = Vec::new();
        Framing::LengthPrefix.write(&packet, &mut out);
        assert_eq!(out, [0, 0, 0, 4, b'/', END, ESC, 0]);
        out.clear();
        Framing::Slip.write(&packet, &mut out);
        assert_eq!(out, [END, b'/', ESC, ESC_END, ESC, ESC_ESC, 0, END]);
    }

    #[test]
    fn what_is_no_stream_of_osc_is_refused() {
        assert!(
            deframe(b"GET / HTTP/1.1\r\n", 3)
                .unwrap_err()
                .message()
                .contains("length prefix or SLIP")
        );
        assert!(deframe(&[END, b'/', ESC, 0], 1).unwrap_err().message().contains("escaped byte"));
    }

    proptest! {
        #[test]
        fn packets_survive_both_framings_in_any_pieces(
            packets in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..40), 1..6),
            piece in 1..50usize,
        ) {
            for framing in [Framing::LengthPrefix, Framing::Slip] {
                let mut stream = Vec::new();
                packets.iter().for_each(|packet| framing.write(packet, &mut stream));
                prop_assert_eq!(&deframe(&stream, piece).unwrap(), &packets);
            }
        }

        #[test]
        fn junk_never_panics(stream in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = deframe(&stream, 7);
        }
    }
}
