//! `json.dumps(json.loads(body), separators=(",", ":"))` of CPython 3.11.

use super::{Error, last_values, write_list, write_text};
use crate::json::{Text, Value};

/// `sys.get_int_max_str_digits()` by default, since 3.11.
pub(super) const MAX_INT_DIGITS: usize = 4300;

/// Whether `json.loads` reads `value`. It reads every integer, also one that a later member of
/// the same name replaces, and so never gets written.
pub(super) fn check(value: &Value<'_>) -> Result<(), Error> {
    match value {
        Value::Number(text) if is_int(text) && text.trim_start_matches('-').len() > MAX_INT_DIGITS => {
            Err(Error::IntegerTooLong)
        }
        Value::Array(items) => items.iter().try_for_each(check),
        Value::Object(members) => members.iter().try_for_each(|(_, value)| check(value)),
        _ => Ok(()),
    }
}

pub(super) fn write(value: &Value<'_>, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(text) => write_number(text, out),
        Value::String(text) => write_string(text, out),
        Value::Array(items) => write_list(out, *b"[]", items, write),
        Value::Object(members) => write_list(out, *b"{}", last_values(members), |(name, value), out| {
            write_string(name, out);
            out.push(b':');
            write(value, out);
        }),
    }
}

/// `ensure_ascii`: whatever is not printable ASCII is escaped.
fn write_string(text: &Text<'_>, out: &mut Vec<u8>) {
    write_text(out, text, |c| matches!(c, ' '..='~'));
}

fn write_number(text: &str, out: &mut Vec<u8>) {
    if !is_int(text) {
        write_float(text.parse().unwrap_or(f64::NAN), out);
    } else if text == "-0" {
        out.push(b'0');
    } else {
        out.extend_from_slice(text.as_bytes());
    }
}

/// A number without fraction and exponent is an `int` of any size, any other a `float`.
fn is_int(text: &str) -> bool {
    !text.contains(['.', 'e', 'E'])
}

/// `float.__repr__`: the shortest digits that read back the same, with an exponent below 1e-4
/// and from 1e16 on.
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

/// The shortest digits that read back as `number`, and the first one's exponent of ten.
///
/// Of two that are equally near, JavaScript and Python take the even one, the standard library
/// the higher one: 2250844678556845.25 is `…5.2` for them and `…5.3` for `{}`.
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
