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
