//! `json.dumps(json.loads(body), separators=(",", ":"))` of CPython 3.11.

use super::{Dialect, Error, Members, last_values};
use crate::json::{Text, Value};

/// `sys.get_int_max_str_digits()` by default, since 3.11.
pub(super) const MAX_INT_DIGITS: usize = 4300;

/// `value` if `json.loads` accepts it. It parses every integer, even one that a later member of the same name replaces.
pub(super) fn checked(value: Value<'_>) -> Result<Value<'_>, Error> {
    fn check(value: &Value<'_>) -> Result<(), Error> {
        match value {
            Value::Number(text) if is_int(text) && text.trim_start_matches('-').len() > MAX_INT_DIGITS => {
                Err(Error::IntegerTooLong)
            }
            Value::Array(items) => items.iter().try_for_each(check),
            Value::Object(members) => members.iter().try_for_each(|(_, value)| check(value)),
            _ => Ok(()),
        }
    }
    check(&value).map(|()| value)
}

pub(super) struct Python;

impl Dialect for Python {
    fn write_number(text: &str, out: &mut Vec<u8>) {
        if !is_int(text) {
            write_float(text.parse().unwrap_or(f64::NAN), out);
        } else if text == "-0" {
            out.push(b'0');
        } else {
            out.extend_from_slice(text.as_bytes());
        }
    }

    /// `ensure_ascii`: only printable ASCII.
    fn is_plain(c: char) -> bool {
        matches!(c, ' '..='~')
    }

    fn members<'v, 'a>(members: &'v [(Text<'a>, Value<'a>)]) -> Members<'v, 'a> {
        last_values(members)
    }
}

/// A number without fraction and exponent is an `int` of any size; any other is a `float`.
fn is_int(text: &str) -> bool {
    !text.contains(['.', 'e', 'E'])
}

/// `float.__repr__`: the shortest digits that parse to the same number, with an exponent below 1e-4 and from 1e16 on.
fn write_float(number: f64, out: &mut Vec<u8>) {
    if number.is_infinite() {
        out.extend_from_slice(if number > 0.0 { b"Infinity" } else { b"-Infinity" });
        return;
    }
    let (digits, exponent) = shortest(number.abs());
    let (first, rest) = digits.split_at_checked(1).unwrap_or(("0", ""));
    let sign = if number.is_sign_negative() { "-" } else { "" };
    let text = match usize::try_from(exponent) {
        Ok(exponent @ 0..16) => match digits.split_at_checked(exponent + 1) {
            Some((whole, fraction)) if !fraction.is_empty() => format!("{sign}{whole}.{fraction}"),
            _ => format!("{sign}{digits:0<width$}.0", width = exponent + 1),
        },
        Err(_) if exponent >= -4 => {
            let zeros = "0".repeat(usize::from(exponent.unsigned_abs()) - 1);
            format!("{sign}0.{zeros}{digits}")
        }
        _ => {
            let point = if rest.is_empty() { "" } else { "." };
            let direction = if exponent < 0 { '-' } else { '+' };
            format!("{sign}{first}{point}{rest}e{direction}{:02}", exponent.unsigned_abs())
        }
    };
    out.extend_from_slice(text.as_bytes());
}

/// The shortest digits that parse to `number`, and the first digit's exponent of ten.
///
/// Of two candidates that are equally near, JavaScript and Python choose the even one, Rust's standard library the
/// higher one: 2250844678556845.25 is `…5.2` for them and `…5.3` for `{}`.
fn shortest(number: f64) -> (String, i16) {
    let mut buffer = ryu_js::Buffer::new();
    let text = buffer.format_finite(number);
    let (plain, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let exponent: i16 = exponent.parse().unwrap_or(0);
    let (whole, fraction) = plain.split_once('.').unwrap_or((plain, ""));
    let places = i16::try_from(whole.len()).unwrap_or(0);
    let all = format!("{whole}{fraction}");
    let digits = all.trim_start_matches('0');
    let zeros = i16::try_from(all.len() - digits.len()).unwrap_or(0);
    let digits = digits.trim_end_matches('0');
    if digits.is_empty() {
        return ("0".to_owned(), 0);
    }
    (digits.to_owned(), exponent + places - zeros - 1)
}
