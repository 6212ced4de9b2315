//! Numbers as text, mostly where a runtime changes notation.

use fastrand::Rng;

const BOUNDARIES: &[&str] = &[
    "0",
    "-0",
    "0.0",
    "-0.0",
    "-0e0",
    "0e-999999",
    "-0E+5",
    "1.0",
    "1.10",
    "150000.00",
    "100e-2",
    "9007199254740991",
    "9007199254740992",
    "9007199254740993",
    "-9007199254740993",
    "9007199254740992.5",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775809",
    "18446744073709551615",
    "18446744073709551616",
    "2147483647",
    "2147483648",
    "4294967295",
    "4294967296",
    "1073741823",
    "1073741824",
    "1e15",
    "1e16",
    "1e17",
    "1e20",
    "1e21",
    "1e22",
    "1e23",
    "9999999999999998",
    "9999999999999999.5",
    "99999999999999999999",
    "999999999999999900000",
    "999999999999999999999",
    "123456789012345680000",
    "0.001",
    "0.0001",
    "0.00001",
    "0.000001",
    "0.0000001",
    "1e-4",
    "1e-5",
    "1e-6",
    "1e-7",
    "1e-8",
    "9.999999e-5",
    "0.00009999",
    "9.5e-7",
    "1.5E+016",
    "1e+00",
    "1E-000",
    "1e308",
    "1e309",
    "-1e309",
    "1.7976931348623157e308",
    "1.7976931348623158e308",
    "1.7976931348623159e308",
    "179769313486231580793e289",
    "5e-324",
    "4.9e-324",
    "2.5e-324",
    "2.4703282292062327e-324",
    "2.4703282292062328e-324",
    "2.2250738585072014e-308",
    "2.2250738585072011e-308",
    "1e-400",
    "-1e-400",
    "1e99999999999999999999",
    "1e-99999999999999999999",
    "0.1",
    "0.3",
    "0.30000000000000004",
    "123456.789e-3",
    "5e15",
    "5e-5",
];

pub(crate) fn number(random: &mut Rng) -> String {
    match random.u8(0..16) {
        0..4 => random.choice(BOUNDARIES).unwrap().to_string(),
        4 => integer_near_a_power(random),
        5..8 => a_double(random),
        8..10 => between_two_doubles(random),
        10..15 => by_the_grammar(random),
        _ => long(random),
    }
}

fn integer_near_a_power(random: &mut Rng) -> String {
    let power = if random.bool() {
        1_i128 << random.u32(0..126)
    } else {
        10_i128.pow(random.u32(0..38))
    };
    let number = power + random.i128(-3..=3);
    let tail = random.choice(["", "", ".0", "e0", ".5", "e-3", "E+2"]).unwrap();
    format!("{}{number}{tail}", if random.bool() && number > 0 { "-" } else { "" })
}

/// Any double in one of many spellings.
fn a_double(random: &mut Rng) -> String {
    let number = std::iter::repeat_with(|| match random.u8(0..6) {
        0 => f64::from_bits(random.u64(..)),
        // A power of two has one neighbour nearer than the other.
        1 => f64::from_bits((random.u64(1..2047) << 52).wrapping_add_signed(random.i64(-1..=1))),
        // So large that two shortest texts may be equally near.
        2 => f64::from_bits(random.u64(1e14_f64.to_bits()..1e17_f64.to_bits())),
        // As people write them.
        3 => f64::from(random.i32(..)) / 100.0,
        // Around the exponents where the runtimes change notation.
        4 => random.f64() * 10_f64.powi(random.i32(-9..25)),
        _ => (random.f64() * 10_f64.powi(random.i32(-8..23))).round(),
    })
    .find(|number| number.is_finite())
    .unwrap();
    match random.u8(0..6) {
        0 => format!("{number}"),
        1 => format!("{number:?}"),
        2 => format!("{number:e}"),
        3 => format!("{number:.*E}", random.usize(0..25)),
        4 => format!("{number:.*}", random.usize(0..25)),
        _ => exponent_respelled(&format!("{number:.17e}"), random),
    }
}

/// `e-7` as `E-007`, `e7` as `e+07`.
fn exponent_respelled(text: &str, random: &mut Rng) -> String {
    let (digits, exponent) = text.split_once('e').unwrap();
    let (sign, exponent) = match exponent.strip_prefix('-') {
        Some(exponent) => ("-", exponent),
        None => (*random.choice(["", "+"].iter()).unwrap(), exponent),
    };
    let letter = random.choice(["e", "E"]).unwrap();
    format!("{digits}{letter}{sign}{}{exponent}", "0".repeat(random.usize(0..4)))
}

/// The exact middle between two doubles, where parsing rounds to even, or very close to it.
fn between_two_doubles(random: &mut Rng) -> String {
    let middle = u128::from(random.u64(1 << 53..1 << 54) | 1);
    let (digits, exponent) = if random.bool() {
        ((middle << random.u32(0..74)).to_string(), 0)
    } else {
        // middle / 2^k = middle * 5^k / 10^k
        let halvings = random.u32(0..32);
        ((middle * 5_u128.pow(halvings)).to_string(), halvings)
    };
    let zeros = "0".repeat(random.usize(0..800));
    match (random.u8(0..3), exponent) {
        (0, 0) => digits,
        (0, _) => format!("{digits}e-{exponent}"),
        (1, _) => format!("{digits}.{zeros}1e-{exponent}"),
        _ => {
            let (most, last) = digits.split_at(digits.len() - 1);
            // One unit lower in the last place, and then nines.
            match last.parse::<u8>().unwrap().checked_sub(1) {
                Some(lower) => format!("{most}{lower}.{}e-{exponent}", zeros.replace('0', "9") + "9"),
                None => format!("{digits}.0{zeros}E-{exponent}"),
            }
        }
    }
}

fn by_the_grammar(random: &mut Rng) -> String {
    let mut text = String::new();
    if random.bool() {
        text.push('-');
    }
    if random.u8(0..3) == 0 {
        text.push('0');
    } else {
        text.push(random.char('1'..='9'));
        let most = random.usize(0..22);
        push_digits(&mut text, most, random);
    }
    if random.bool() {
        text.push('.');
        let zeros = random.usize(0..9);
        text += &"0".repeat(zeros);
        text.push(random.digit(10));
        let most = random.usize(0..22);
        push_digits(&mut text, most, random);
    }
    if random.bool() {
        text.push(*random.choice(&['e', 'E']).unwrap());
        text += random.choice(["", "+", "-"]).unwrap();
        text += &"0".repeat(random.usize(0..3));
        let largest = *random.choice(&[9, 30, 400, u32::MAX]).unwrap();
        text += &random.u32(0..=largest).to_string();
    }
    text
}

/// Very long: around Python's limit of 4300 digits for an integer, and with an exponent that cancels the zeros.
fn long(random: &mut Rng) -> String {
    let mut text = String::from(if random.bool() { "-" } else { "" });
    match random.u8(0..8) {
        0 => {
            let rest = random.usize(4297..4302);
            text.push(random.char('1'..='9'));
            push_digits(&mut text, rest, random);
        }
        1 => {
            let zeros = random.usize(0..6000);
            text += &format!("0.{}", "0".repeat(zeros));
            push_digits(&mut text, 20, random);
            text += &format!("e{}", zeros + random.usize(0..30));
        }
        2 => {
            let zeros = random.usize(0..6000);
            text += &format!("7{}e-{}", "0".repeat(zeros), zeros + random.usize(0..30));
        }
        _ => {
            let digits = random.usize(20..1200);
            text.push(random.char('1'..='9'));
            push_digits(&mut text, digits, random);
            if random.bool() {
                text.push('.');
                push_digits(&mut text, digits, random);
            }
        }
    }
    text
}

fn push_digits(text: &mut String, count: usize, random: &mut Rng) {
    text.extend(std::iter::repeat_with(|| random.digit(10)).take(count));
}
