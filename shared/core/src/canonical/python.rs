//! `json.dumps(json.loads(body), separators=(",", ":"))` of CPython 3.11.

use super::{Error, last_values, write_list, write_text};
use crate::json::{Text, Value};

/// `sys.get_int_max_str_digits()` by default, since 3.11.
pub(super) const MAX_INT_DIGITS: usize = 4300;

pub(super) fn write(value: &Value<'_>, out: &mut Vec<u8>) -> Result<(), Error> {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(text) => write_number(text, out)?,
        Value::String(text) => write_string(text, out),
        Value::Array(items) => write_list(out, *b"[]", items, write)?,
        Value::Object(members) => write_list(out, *b"{}", last_values(members), |(name, value), out| {
            write_string(name, out);
            out.push(b':');
            write(value, out)
        })?,
    }
    Ok(())
}

/// `ensure_ascii`: whatever is not printable ASCII is escaped.
fn write_string(text: &Text<'_>, out: &mut Vec<u8>) {
    write_text(out, text, |c| matches!(c, ' '..='~'));
}

/// A number without fraction and exponent is an `int` of any size, any other a `float`.
fn write_number(text: &str, out: &mut Vec<u8>) -> Result<(), Error> {
    if text.contains(['.', 'e', 'E']) {
        write_float(text.parse().unwrap_or(f64::NAN), out);
    } else if text.trim_start_matches('-').len() > MAX_INT_DIGITS {
        return Err(Error::IntegerTooLong);
    } else if text == "-0" {
        out.push(b'0');
    } else {
        out.extend_from_slice(text.as_bytes());
    }
    Ok(())
}

/// `float.__repr__`: the shortest digits that read back the same, with an exponent below 1e-4
/// and from 1e16 on.
fn write_float(number: f64, out: &mut Vec<u8>) {
    if number.is_infinite() {
        out.extend_from_slice(if number > 0.0 { b"Infinity" } else { b"-Infinity" });
        return;
    }
    // Rust's `{:e}` gives those digits: `1.5e-7`.
    let scientific = format!("{number:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let text = if (-4..16).contains(&exponent) {
        // `{:?}` would do, but for its own thresholds of exponents.
        let plain = format!("{number}");
        if plain.contains('.') {
            plain
        } else {
            format!("{plain}.0")
        }
    } else {
        format!("{digits}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
    };
    out.extend_from_slice(text.as_bytes());
}
