//! The codec: what decodes and encodes pictures, handed in by whoever builds the runtime.

use super::{ImageFormat, Pixels};
use crate::error::Error;

/// Decodes and encodes PNG and JPEG. The core has none of its own: a runtime without a codec takes and
/// sends raw pixels only, in the netpbm formats.
///
/// An image asks its codec at most once for its pixels and once for each format, on the thread that
/// first needs them.
pub trait Codec: Send + Sync {
    /// Decodes the bytes of a PNG or JPEG image to 8 bits a channel.
    ///
    /// # Errors
    /// If the bytes are damaged or of a kind that the codec does not support; the words say why.
    fn decode(&self, bytes: &[u8]) -> Result<Pixels, Error>;

    /// Encodes pixels as PNG or JPEG. JPEG has no transparency, so it is dropped.
    ///
    /// # Errors
    /// If the pixels can't be encoded so; the words say why.
    fn encode(&self, pixels: &Pixels, format: ImageFormat) -> Result<Vec<u8>, Error>;
}
