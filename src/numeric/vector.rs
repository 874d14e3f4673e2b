//! Loops over numbers, compiled for the processor's wide registers as well.
//!
//! Rust targets the oldest processor of an architecture unless told otherwise. Each function
//! here is compiled twice from one body and chosen when it is called. Nothing is reordered or
//! fused in either, so both give the same bits.

#![allow(unsafe_code)]

/// Compiles a function twice from one body, for AVX2 and for any processor, and chooses when it is called.
#[macro_export]
macro_rules! wide {
    ($(#[$doc:meta])*
     pub fn $name:ident($($argument:ident: $type:ty),* $(,)?) $(-> $result:ty)? $body:block) => {
        $(#[$doc])*
        #[inline]
        #[allow(unsafe_code)]
        pub fn $name($($argument: $type),*) $(-> $result)? {
            #[inline(always)]
            fn body($($argument: $type),*) $(-> $result)? $body

            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2")]
                fn avx2($($argument: $type),*) $(-> $result)? {
                    body($($argument),*)
                }
                if is_x86_feature_detected!("avx2") {
                    // SAFETY: the processor has the feature.
                    return unsafe { avx2($($argument),*) };
                }
            }
            body($($argument),*)
        }
    };
}

pub use crate::wide;

/// Keeps a variance from being zero.
const EPSILON: f32 = 1e-12;

/// Numbers that are added up side by side.
const LANES: usize = 16;

wide! {
    /// Subtracts the mean of `x` and divides by the standard deviation.
    pub fn normalize(x: &mut [f32]) {
        let mean = sum(x, |x| x) / x.len() as f32;
        x.iter_mut().for_each(|x| *x -= mean);
        let factor = 1.0 / (sum(x, |x| x * x) / x.len() as f32 + EPSILON).sqrt();
        x.iter_mut().for_each(|x| *x *= factor);
    }
}

wide! {
    /// `out = out * gain + shift * times`
    pub fn scale(out: &mut [f32], gain: &[f32], shift: &[f32], times: f32) {
        for ((out, gain), shift) in out.iter_mut().zip(gain).zip(shift) {
            *out = *out * gain + shift * times;
        }
    }
}

wide! {
    /// `out = out + x`
    pub fn add(out: &mut [f32], x: &[f32]) {
        for (out, x) in out.iter_mut().zip(x) {
            *out += x;
        }
    }
}

wide! {
    /// `out = relu(out) + x`
    pub fn rectify_and_add(out: &mut [f32], x: &[f32]) {
        for (out, x) in out.iter_mut().zip(x) {
            *out = out.max(0.0) + x;
        }
    }
}

wide! {
    /// `out = relu(bias + parts, in order) + x`; all have the length of `out`, a multiple of 16.
    pub fn add_rectify_and_add(out: &mut [f32], bias: &[f32], parts: &[&[f32]], x: &[f32]) {
        for (i, out) in out.chunks_exact_mut(LANES).enumerate() {
            let places = i * LANES..(i + 1) * LANES;
            let mut sums = [0.0; LANES];
            sums.copy_from_slice(&bias[places.clone()]);
            for part in parts {
                for (sum, part) in sums.iter_mut().zip(&part[places.clone()]) {
                    *sum += part;
                }
            }
            for ((out, sum), x) in out.iter_mut().zip(sums).zip(&x[places]) {
                *out = sum.max(0.0) + x;
            }
        }
    }
}

wide! {
    /// `out = bytes * scale + low`
    pub fn dequantize(out: &mut [f32], bytes: &[u8], scale: f32, low: f32) {
        for (out, &byte) in out.iter_mut().zip(bytes) {
            *out = f32::from(byte) * scale + low;
        }
    }
}

wide! {
    /// Brings `x` to length 1.
    pub fn to_length_one(x: &mut [f32]) {
        let factor = 1.0 / sum(x, |x| x * x).max(EPSILON).sqrt();
        x.iter_mut().for_each(|x| *x *= factor);
    }
}

wide! {
    /// One step of an LSTM cell (Hochreiter and Schmidhuber 1997; gates as PyTorch orders them).
    ///
    /// `gates` holds what goes into the gates i, f, g and o, each of the length D of the others:
    /// `cell = σ(f) * cell + σ(i) * tanh(g)` and `hidden = σ(o) * tanh(cell)`.
    pub fn lstm(gates: &[f32], cell: &mut [f32], hidden: &mut [f32]) {
        let n = cell.len();
        let (hidden, gates) = (&mut hidden[..n], &gates[..4 * n]);
        let ((i, f), (g, o)) = {
            let (first, last) = gates.split_at(2 * n);
            (first.split_at(n), last.split_at(n))
        };
        let (i, f, g, o) = (&i[..n], &f[..n], &g[..n], &o[..n]);
        for at in 0..n {
            cell[at] = sigmoid(f[at]) * cell[at] + sigmoid(i[at]) * tanh(g[at]);
            hidden[at] = sigmoid(o[at]) * tanh(cell[at]);
        }
    }
}

wide! {
    /// [`lstm`] with what its gradient needs: `gates` leaves as the four activations, and the cell
    /// `before` is kept.
    pub fn lstm_cell(gates: &mut [f32], before: &[f32], cell: &mut [f32], hidden: &mut [f32]) {
        let width = cell.len();
        let (input, rest) = gates.split_at_mut(width);
        let (forget, rest) = rest.split_at_mut(width);
        let (new, output) = rest.split_at_mut(width);
        let (before, hidden, output) = (&before[..width], &mut hidden[..width], &mut output[..width]);
        for j in 0..width {
            input[j] = sigmoid(input[j]);
            forget[j] = sigmoid(forget[j]);
            new[j] = tanh(new[j]);
            output[j] = sigmoid(output[j]);
            cell[j] = forget[j] * before[j] + input[j] * new[j];
            hidden[j] = output[j] * tanh(cell[j]);
        }
    }
}

wide! {
    /// The gradient of [`lstm_cell`].
    ///
    /// From the activations, the state before and after, and the gradients of the hidden state and
    /// of the cell: the gradient of the four sums, and in `d_cell` that of the cell before.
    pub fn lstm_cell_gradient(
        gates: &[f32], before: &[f32], cell: &[f32], d_hidden: &[f32], d_cell: &mut [f32], d_gates: &mut [f32]
    ) {
        let width = cell.len();
        let (input, rest) = gates.split_at(width);
        let (forget, rest) = rest.split_at(width);
        let (new, output) = rest.split_at(width);
        let (d_input, rest) = d_gates.split_at_mut(width);
        let (d_forget, rest) = rest.split_at_mut(width);
        let (d_new, d_output) = rest.split_at_mut(width);
        let (before, d_hidden, d_cell) = (&before[..width], &d_hidden[..width], &mut d_cell[..width]);
        let (output, d_output) = (&output[..width], &mut d_output[..width]);
        for j in 0..width {
            let squashed = tanh(cell[j]);
            let d = d_cell[j] + d_hidden[j] * output[j] * (1.0 - squashed * squashed);
            d_output[j] = d_hidden[j] * squashed * output[j] * (1.0 - output[j]);
            d_input[j] = d * new[j] * input[j] * (1.0 - input[j]);
            d_forget[j] = d * before[j] * forget[j] * (1.0 - forget[j]);
            d_new[j] = d * input[j] * (1.0 - new[j] * new[j]);
            d_cell[j] = d * forget[j];
        }
    }
}

wide! {
    /// `out = tanh(x)`
    pub fn hyperbolic_tangents(out: &mut [f32], x: &[f32]) {
        for (out, x) in out.iter_mut().zip(x) {
            *out = tanh(*x);
        }
    }
}

wide! {
    /// `out = exp((x - shift) * factor)`, and exactly 0 where that is under 1e-37; gives their sum.
    pub fn exponentials(out: &mut [f32], x: &[f32], shift: f32, factor: f32) -> f32 {
        for (out, x) in out.iter_mut().zip(x) {
            let x = (x - shift) * factor;
            *out = if x > LEAST_EXPONENT { exp(x) } else { 0.0 };
        }
        sum(out, |x| x)
    }
}

wide! {
    /// `x = exp(x - shift)`, and exactly 0 where that is under 1e-37; gives their sum.
    pub fn exponentiate(x: &mut [f32], shift: f32) -> f32 {
        for x in x.iter_mut() {
            let shifted = *x - shift;
            *x = if shifted > LEAST_EXPONENT { exp(shifted) } else { 0.0 };
        }
        sum(x, |x| x)
    }
}

wide! {
    /// `x = x * factor`
    pub fn multiply(x: &mut [f32], factor: f32) {
        x.iter_mut().for_each(|x| *x *= factor);
    }
}

wide! {
    /// The greatest number; numbers that are none count for nothing.
    pub fn greatest(x: &[f32]) -> f32 {
        let mut greatest = [f32::NEG_INFINITY; LANES];
        let (chunks, rest) = x.as_chunks::<LANES>();
        for chunk in chunks {
            for (greatest, &x) in greatest.iter_mut().zip(chunk) {
                *greatest = if x > *greatest { x } else { *greatest };
            }
        }
        greatest.iter().chain(rest).fold(f32::NEG_INFINITY, |a, &b| if b > a { b } else { a })
    }
}

wide! {
    /// The sum of all numbers.
    pub fn total(x: &[f32]) -> f32 {
        sum(x, |x| x)
    }
}

wide! {
    /// The dot product.
    pub fn dot(a: &[f32], b: &[f32]) -> f32 {
        sum_of_pairs(a, b, |a, b| a * b)
    }
}

wide! {
    /// The square of the distance between two points.
    pub fn squared_distance(a: &[f32], b: &[f32]) -> f32 {
        sum_of_pairs(a, b, |a, b| (a - b) * (a - b))
    }
}

wide! {
    /// `out = out + x * times`
    pub fn add_scaled(out: &mut [f32], x: &[f32], times: f32) {
        for (out, x) in out.iter_mut().zip(x) {
            *out += x * times;
        }
    }
}

/// The products of rows of bytes with a query of their width, of at most 100,000 numbers in
/// -127..127.
///
/// # Panics
/// If there are not as many rows as products.
pub fn byte_products(out: &mut [f32], rows: &[i8], query: &[i16]) {
    assert_eq!(rows.len(), out.len() * query.len());
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has the feature.
        return unsafe { byte_products_avx2(out, rows, query) };
    }
    for (out, row) in out.iter_mut().zip(rows.chunks_exact(query.len().max(1))) {
        *out = byte_product(row, query) as f32;
    }
}

fn byte_product(a: &[i8], b: &[i16]) -> i32 {
    a.iter().zip(b).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum()
}

/// The compiler finds no good way by itself, and then waits for memory at every row.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn byte_products_avx2(out: &mut [f32], rows: &[i8], query: &[i16]) {
    use std::arch::x86_64::*;
    /// How far ahead memory is asked for, in bytes.
    const AHEAD: usize = 2048;
    let (query_chunks, query_rest) = query.as_chunks::<LANES>();
    for (out, row) in out.iter_mut().zip(rows.chunks_exact(query.len().max(1))) {
        let (chunks, rest) = row.as_chunks::<LANES>();
        let mut sums = _mm256_setzero_si256();
        for (i, (a, b)) in chunks.iter().zip(query_chunks).enumerate() {
            // SAFETY: both are as long as what is loaded; asking ahead for what is not there does
            // nothing.
            let (a, b) = unsafe {
                if i % 4 == 0 {
                    _mm_prefetch::<_MM_HINT_T0>(a.as_ptr().wrapping_add(AHEAD));
                }
                (_mm_loadu_si128(a.as_ptr().cast()), _mm256_loadu_si256(b.as_ptr().cast()))
            };
            sums = _mm256_add_epi32(sums, _mm256_madd_epi16(_mm256_cvtepi8_epi16(a), b));
        }
        let halves =
            _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256::<1>(sums));
        let pairs = _mm_add_epi32(halves, _mm_shuffle_epi32::<0b01_00_11_10>(halves));
        let sum = _mm_add_epi32(pairs, _mm_shuffle_epi32::<0b10_11_00_01>(pairs));
        *out = (_mm_cvtsi128_si32(sum) + byte_product(rest, query_rest)) as f32;
    }
}

/// Beyond these the exponential of an `f32` is denormal or infinite.
const LEAST_EXPONENT: f32 = -85.0;
const GREATEST_EXPONENT: f32 = 88.0;

/// The exponential to 2 units in the last place, of numbers that are no further out than the
/// limits above (others count as those): the polynomial of Cephes' `expf` after taking out a power
/// of two. Unlike the library's it is compiled into wide loops.
#[inline(always)]
fn exp(x: f32) -> f32 {
    /// Adding it leaves a number rounded to a whole one, in the last bits.
    const ROUND: f32 = 12_582_912.0;
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    let x = if x > LEAST_EXPONENT { x } else { LEAST_EXPONENT };
    let x = if x < GREATEST_EXPONENT { x } else { GREATEST_EXPONENT };
    let rounded = x * std::f32::consts::LOG2_E + ROUND;
    let n = rounded - ROUND;
    let r = x - n * LN2_HIGH - n * LN2_LOW;
    let mut p = 1.987_569_1e-4;
    for c in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
        p = p * r + c;
    }
    let power = f32::from_bits((rounded.to_bits() << 23).wrapping_add(1f32.to_bits()));
    (p * r * r + r + 1.0) * power
}

#[inline(always)]
fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

#[inline(always)]
fn tanh(x: f32) -> f32 {
    1.0 - 2.0 / (1.0 + exp(2.0 * x))
}

/// The sum of `f(a, b)`, as [`sum`] adds up.
#[inline(always)]
fn sum_of_pairs(a: &[f32], b: &[f32], f: impl Fn(f32, f32) -> f32) -> f32 {
    let mut sums = [0.0; LANES];
    let ((a, rest_a), (b, rest_b)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (a, b) in a.iter().zip(b) {
        for ((sum, &a), &b) in sums.iter_mut().zip(a).zip(b) {
            *sum += f(a, b);
        }
    }
    for ((sum, &a), &b) in sums.iter_mut().zip(rest_a).zip(rest_b) {
        *sum += f(a, b);
    }
    sums.iter().sum()
}

/// The sum of `f(x)`, in sixteen partial sums, so that no addition waits for the one before.
#[inline(always)]
fn sum(x: &[f32], f: impl Fn(f32) -> f32) -> f32 {
    let mut sums = [0.0; LANES];
    let (chunks, rest) = x.as_chunks::<LANES>();
    for chunk in chunks {
        for (sum, &x) in sums.iter_mut().zip(chunk) {
            *sum += f(x);
        }
    }
    for (sum, &x) in sums.iter_mut().zip(rest) {
        *sum += f(x);
    }
    sums.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponentials_are_those_of_the_library() {
        let x: Vec<f32> = (-8600..8000).map(|i| i as f32 / 100.0).collect();
        let mut out = vec![0.0; x.len()];
        let sum = exponentials(&mut out, &x, 0.0, 1.0);
        for (&x, &got) in x.iter().zip(&out) {
            let expected = f64::from(x).exp();
            let error = (f64::from(got) - expected).abs() / expected;
            assert!(error < 3e-7 || (x <= LEAST_EXPONENT && got == 0.0), "exp({x}) is {got}");
        }
        assert!(sum.is_finite());
        exponentials(&mut out[..1], &[f32::NEG_INFINITY], 3.0, 2.0);
        assert_eq!(out[0], 0.0);
    }

    #[test]
    fn an_lstm_cell_is_that_of_the_equations() {
        let n = 37;
        let gates: Vec<f32> = (0..4 * n).map(|i| (i as f32 * 0.7).sin() * 12.0).collect();
        let before: Vec<f32> = (0..n).map(|i| (i as f32 * 1.3).cos() * 3.0).collect();
        let (mut cell, mut hidden) = (before.clone(), vec![0.0; n]);
        lstm(&gates, &mut cell, &mut hidden);
        let sigmoid = |x: f32| 1.0 / (1.0 + (-f64::from(x)).exp());
        for at in 0..n {
            let [i, f, g, o] = [0, 1, 2, 3].map(|gate| gates[gate * n + at]);
            let expected = sigmoid(f) * f64::from(before[at]) + sigmoid(i) * f64::from(g).tanh();
            assert!((f64::from(cell[at]) - expected).abs() < 1e-6);
            let expected = sigmoid(o) * expected.tanh();
            assert!((f64::from(hidden[at]) - expected).abs() < 1e-6);
        }
    }

    #[test]
    fn products_of_bytes_are_exact() {
        for width in [1, 15, 16, 37, 512] {
            let rows: Vec<i8> = (0..3 * width).map(|i| (i * 37 % 255 - 127) as i8).collect();
            let query: Vec<i16> = (0..width).map(|i| (i * 59 % 255 - 127) as i16).collect();
            let mut out = [0.0; 3];
            byte_products(&mut out, &rows, &query);
            for (row, out) in rows.chunks_exact(width as usize).zip(out) {
                assert_eq!(out, byte_product(row, &query) as f32);
            }
        }
        byte_products(&mut [], &[], &[]);
    }

    #[test]
    fn the_greatest_is_found_in_any_place() {
        for n in 1..40 {
            for at in 0..n {
                let x: Vec<f32> = (0..n).map(|i| if i == at { 1.0 } else { -1.0 }).collect();
                assert_eq!(greatest(&x), 1.0);
            }
        }
        assert_eq!(greatest(&[f32::NAN, -2.0]), -2.0);
    }
}
