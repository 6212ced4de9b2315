//! Whether the processor's SHA instructions are used, by how fast it goes.

use std::process::Command;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use crate::Failure;

/// The instructions make SHA-256 about five times as fast, which shows on a loaded machine too.
const AT_LEAST: f64 = 2.0;
const ROUNDS: usize = 5;

/// SHA-256 over 1 MiB again and again, for a fifth of a second.
pub(crate) fn megabytes_a_second() -> f64 {
    let body = vec![7_u8; 1 << 20];
    let begun = Instant::now();
    let mut hashed = 0_u32;
    while begun.elapsed() < Duration::from_millis(200) {
        std::hint::black_box(Sha256::digest(std::hint::black_box(&body)));
        hashed += 1;
    }
    f64::from(hashed) * body.len() as f64 / 1e6 / begun.elapsed().as_secs_f64()
}

/// This program's speed beside that of `software`, in turns; the best of each counts.
pub(crate) fn compare(software: &str) -> Result<(), Failure> {
    let (mut own, mut soft) = (0.0_f64, 0.0_f64);
    for _ in 0..ROUNDS {
        own = own.max(megabytes_a_second());
        let output = Command::new(software).arg("hash").output()?;
        soft = soft.max(String::from_utf8(output.stdout)?.trim().parse()?);
    }
    let (has, ratio) = (processor_has_them(), own / soft);
    let word = if has { "has" } else { "has no" };
    println!("this processor {word} SHA-256 instructions");
    println!("SHA-256: {own:.0} MB/s, in software {soft:.0} MB/s: {ratio:.1} times as fast");
    match has && ratio < AT_LEAST {
        true => Err("the processor has SHA-256 instructions, but the shipped build does not use them".into()),
        false => Ok(()),
    }
}

#[cfg(target_arch = "x86_64")]
fn processor_has_them() -> bool {
    std::arch::is_x86_feature_detected!("sha")
}

#[cfg(target_arch = "aarch64")]
fn processor_has_them() -> bool {
    std::arch::is_aarch64_feature_detected!("sha2")
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn processor_has_them() -> bool {
    false
}
