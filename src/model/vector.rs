//! Loops over numbers, compiled for the processor's wide registers as well.
//!
//! Rust targets the oldest processor of an architecture unless told otherwise. Each function
//! here is compiled twice from one body and chosen when it is called. Nothing is reordered or
//! fused in either, so both give the same bits.

#![allow(unsafe_code)]

macro_rules! wide {
    ($(#[$doc:meta])* pub fn $name:ident($($argument:ident: $type:ty),*) $body:block) => {
        $(#[$doc])*
        #[inline]
        pub fn $name($($argument: $type),*) {
            #[inline(always)]
            fn body($($argument: $type),*) $body

            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2")]
                fn avx2($($argument: $type),*) {
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
    /// One step of an LSTM cell (Hochreiter and Schmidhuber 1997, with a forget gate).
    ///
    /// `gates` holds the four sums i, f, g, o, each of the cell's width, and leaves as the four
    /// activations. `cell` and `hidden` are the new state.
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
    /// Turns `x` into `exp(x - max x)` and says the maximum and the sum.
    pub fn exponentials(x: &mut [f32], max: &mut f32, total: &mut f32) {
        let mut lanes = [f32::NEG_INFINITY; LANES];
        let (chunks, rest) = x.as_chunks::<LANES>();
        for chunk in chunks {
            for (lane, &x) in lanes.iter_mut().zip(chunk) {
                *lane = if x > *lane { x } else { *lane };
            }
        }
        let top = lanes.iter().chain(rest).fold(f32::NEG_INFINITY, |top, x| top.max(*x));
        x.iter_mut().for_each(|x| *x = exp(*x - top));
        *max = top;
        *total = sum(x, |x| x);
    }
}

wide! {
    /// `x = x * factor`
    pub fn multiply(x: &mut [f32], factor: f32) {
        x.iter_mut().for_each(|x| *x *= factor);
    }
}

/// `e^x` to within 2 units in the last place, for `x` clamped to where neither end overflows.
///
/// Range reduction by ln 2 in two parts and a polynomial of degree 5, as in the Cephes library.
#[inline(always)]
fn exp(x: f32) -> f32 {
    /// Adding it rounds to a whole number, which then stands in the low bits.
    const ROUND: f32 = 12_582_912.0; // 1.5 * 2^23
    let x = x.clamp(-87.0, 88.0);
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let whole = shifted - ROUND;
    let x = x - whole * 0.693_359_4 - whole * -2.121_944_4e-4;
    let mut y = 1.987_569_1e-4;
    for coefficient in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
        y = y * x + coefficient;
    }
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(127 << 23));
    (y * x * x + x + 1.0) * power
}

#[inline(always)]
fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

#[inline(always)]
fn tanh(x: f32) -> f32 {
    1.0 - 2.0 / (exp(2.0 * x) + 1.0)
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
mod test {
    //! The approximations against the standard library's functions.

    use super::*;

    #[test]
    fn exponentials_sigmoids_and_tangents_are_close() {
        for i in -9000..9000 {
            let x = i as f32 * 0.01;
            let exact = f64::from(x.clamp(-87.0, 88.0)).exp();
            assert!((f64::from(exp(x)) / exact - 1.0).abs() < 3e-7, "exp {x}");
            assert!((f64::from(tanh(x)) - f64::from(x).tanh()).abs() < 2e-7, "tanh {x}");
            let exact = 1.0 / (1.0 + (-f64::from(x)).exp());
            assert!((f64::from(sigmoid(x)) - exact).abs() < 2e-7, "sigmoid {x}");
        }
    }

    #[test]
    fn a_softmax_sums_to_one() {
        let mut x: Vec<f32> = (0..37).map(|i| (i as f32 * 7.3).sin() * 30.0).collect();
        let (copy, mut max, mut total) = (x.clone(), 0.0, 0.0);
        exponentials(&mut x, &mut max, &mut total);
        assert_eq!(max, copy.iter().copied().fold(f32::MIN, f32::max));
        let exact: f64 = copy.iter().map(|x| f64::from(x - max).exp()).sum();
        assert!((f64::from(total) / exact - 1.0).abs() < 1e-6);
    }
}
