//! The packed product against a plain triple loop, whatever the number of rows.

use super::*;
use ::half::f16;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn random(length: usize, seed: u64) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..length).map(|_| rng.random_range(-1.0..1.0)).collect()
}

fn kernels() -> Vec<Kernel> {
    let mut kernels = vec![Kernel::Portable];
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            kernels.push(Kernel::Avx2);
        }
        if is_x86_feature_detected!("avx512f") {
            kernels.push(Kernel::Avx512);
        }
    }
    kernels
}

/// Dense rows, one after the other.
fn rows(n: usize, depth: usize, width: usize) -> Vec<Row> {
    let row = |i| Row { from: i * depth, to: i * width };
    (0..n).map(row).collect()
}

#[test]
fn agrees_with_the_naive_product() {
    for kernel in kernels() {
        for (n, depth, width) in [(1, 1, 1), (3, 7, 33), (2, 64, 64), (13, 40, 96), (25, 5, 31)] {
            let weights = random(depth * width, 1);
            let input = random(n * depth, 2);
            let start = random(n * width, 3);
            let packed = Packed::with_kernel(&weights, depth, width, kernel);
            let mut output = start.clone();
            packed.add_product(&input, &mut output, &rows(n, depth, width));
            for r in 0..n {
                for c in 0..width {
                    let expected = (0..depth).fold(start[r * width + c] as f64, |sum, k| {
                        sum + input[r * depth + k] as f64 * weights[k * width + c] as f64
                    });
                    let got = output[r * width + c] as f64;
                    assert!(
                        (got - expected).abs() < 1e-5,
                        "{kernel:?} {n}x{depth}x{width}: row {r}, column {c}: {got} for {expected}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_row_is_the_same_to_the_bit_in_any_company() {
    let (depth, width) = (129, 70);
    let weights = random(depth * width, 1);
    let input = random(40 * depth, 2);
    for kernel in kernels() {
        let packed = Packed::with_kernel(&weights, depth, width, kernel);
        let mut alone = vec![0.0; 40 * width];
        for row in rows(40, depth, width) {
            packed.add_product(&input, &mut alone, &[row]);
        }
        for n in 1..=40 {
            let mut together = vec![0.0; n * width];
            packed.add_product(&input, &mut together, &rows(n, depth, width));
            assert!(together == alone[..n * width], "{kernel:?}, {n} rows");
        }
    }
}

#[test]
#[cfg(target_arch = "x86_64")]
fn avx2_and_avx512_give_the_same_bits() {
    let (depth, width) = (300, 96);
    let weights = random(depth * width, 1);
    let input = random(5 * depth, 2);
    let mut results = Vec::new();
    for kernel in kernels() {
        if kernel != Kernel::Portable {
            let mut output = vec![0.5; 5 * width];
            let packed = Packed::with_kernel(&weights, depth, width, kernel);
            packed.add_product(&input, &mut output, &rows(5, depth, width));
            results.push(output);
        }
    }
    assert!(results.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn halves_give_the_bits_of_the_same_numbers_in_single() {
    for (depth, width) in [(1, 1), (7, 33), (129, 70), (300, 96), (512, 256)] {
        let halves: Vec<f16> = random(depth * width, 1).into_iter().map(f16::from_f32).collect();
        let weights: Vec<f32> = halves.iter().map(|half| half.to_f32()).collect();
        let input = random(40 * depth, 2);
        for kernel in kernels() {
            let single = Packed::with_kernel(&weights, depth, width, kernel);
            let packed = HalfPacked::with_kernel(&halves, depth, width, kernel);
            for n in (1..=14).chain([40]) {
                let (mut expected, mut got) = (vec![0.5; n * width], vec![0.5; n * width]);
                single.add_product(&input, &mut expected, &rows(n, depth, width));
                packed.add_product(&input, &mut got, &rows(n, depth, width));
                assert!(expected == got, "{kernel:?}, {n} rows of {depth}x{width}");
            }
        }
    }
}

#[test]
#[should_panic]
fn a_row_beyond_the_input_panics() {
    let packed = Packed::new(&[1.0; 4], 2, 2);
    packed.add_product(&[1.0; 3], &mut [0.0; 2], &[Row { from: 2, to: 0 }]);
}
