//! Amounts and other texts exactly as a provider sent them.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, Unexpected};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// An amount of money as the provider sent it: the digits of a number or the text of a string. Acuse never converts it,
/// because providers disagree on units. It is stored as text.
///
/// It fits a field of your own type as well, and is never rounded. (So it is an error inside of `#[serde(flatten)]` and
/// of untagged enums, where serde has rounded numbers before.)
///
/// ```
/// # use acuse_core::event::Amount;
/// #[derive(serde::Deserialize)]
/// struct Payment {
///     amount: Amount,
/// }
/// let payment: Payment = serde_json::from_str(r#"{"amount": 90071992547409931.10}"#)?;
/// assert_eq!(payment.amount.as_str(), "90071992547409931.10");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Amount(String);

impl Amount {
    /// The text as sent, such as `150000` or `150000.00`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether both texts are the same decimal number: `1000` is worth `"1000.00"`. Texts that are no plain decimal
    /// numbers have to be equal.
    ///
    /// ```
    /// use acuse_core::event::Amount;
    ///
    /// assert!(Amount::from("1000").is_worth("1000.00"));
    /// assert!(!Amount::from("90071992547409931").is_worth("90071992547409930"));
    /// ```
    pub fn is_worth(&self, other: &str) -> bool {
        match (decimal(&self.0), decimal(other)) {
            (Some(own), Some(other)) => own == other,
            _ => self.0 == other,
        }
    }

    /// The amount times ten to the power of `decimals`, exactly: with 2, both `1500` and `1500.00` are 150,000. `None` if
    /// the text is not a plain decimal number, has more decimals than that, or does not fit.
    pub fn times_ten_to(&self, decimals: u32) -> Option<i64> {
        let (whole, fraction) = self.0.split_once('.').unwrap_or((&self.0, ""));
        let has_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let is_plain = has_digits(whole.strip_prefix('-').unwrap_or(whole))
            && (has_digits(fraction) || fraction.is_empty() && !self.0.ends_with('.'));
        let fraction = fraction.trim_end_matches('0');
        let missing = decimals.checked_sub(u32::try_from(fraction.len()).ok()?)?;
        let digits: i64 = format!("{whole}{fraction}").parse().ok().filter(|_| is_plain)?;
        digits.checked_mul(10_i64.checked_pow(missing)?)
    }
}

/// The sign, the whole part and the fraction of a plain decimal number, without zeros that say nothing.
fn decimal(text: &str) -> Option<(bool, &str, &str)> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) {
        return None;
    }
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    Some((negative && !(whole.is_empty() && fraction.is_empty()), whole, fraction))
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for Amount {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl PartialEq<str> for Amount {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for Amount {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        AsSent::deserialize(deserializer).map(Self::from)
    }
}

impl From<AsSent> for Amount {
    fn from(sent: AsSent) -> Self {
        Self(sent.0)
    }
}

impl From<AsSent> for String {
    fn from(sent: AsSent) -> Self {
        sent.0
    }
}

/// The text of a string or of a number. Only reads JSON: anything else may have rounded the number already.
pub struct AsSent(String);

impl<'de> Deserialize<'de> for AsSent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let json = raw.get();
        match json.bytes().next() {
            Some(b'"') => serde_json::from_str(json).map(Self).map_err(D::Error::custom),
            Some(b'-' | b'0'..=b'9') => Ok(Self(json.to_owned())),
            found => {
                let found = match found {
                    Some(b'{') => Unexpected::Map,
                    Some(b'[') => Unexpected::Seq,
                    Some(b'n') => Unexpected::Unit,
                    _ => Unexpected::Other("boolean"),
                };
                Err(D::Error::invalid_type(found, &"a string or a number"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_the_text_that_was_sent() {
        for (json, text) in [
            ("150000", "150000"),
            ("150000.00", "150000.00"),
            ("-0.10", "-0.10"),
            ("9007199254740993", "9007199254740993"),
            ("1e400", "1e400"),
            (r#""1.000,50""#, "1.000,50"),
            (r#""""#, ""),
        ] {
            let amount: Amount = serde_json::from_str(json).unwrap();
            assert_eq!(amount, text);
            assert_eq!(amount, *text);
        }
        for (json, found) in [
            ("true", "boolean"),
            ("null", "null"),
            ("[1]", "sequence"),
            ("{}", "map"),
        ] {
            let error = serde_json::from_str::<Amount>(json).unwrap_err().to_string();
            let expected = format!("invalid type: {found}, expected a string or a number");
            assert!(error.starts_with(&expected), "{error}");
        }
    }

    /// Acuse never converts, so `1.5` and `1.50` are two texts.
    #[test]
    fn amounts_are_equal_if_their_texts_are() {
        let amount = Amount::from("1.50");
        assert_ne!(amount, "1.5");
        assert_ne!(amount, *"1.5");
    }

    #[test]
    fn an_amount_converts_only_if_that_is_exact() {
        let cases = [
            ("1500", 2, Some(150_000)),
            ("1500.00", 2, Some(150_000)),
            ("1500.5", 2, Some(150_050)),
            ("-0.05", 2, Some(-5)),
            ("1500.000", 0, Some(1500)),
            ("1500.001", 2, None),
            ("1e3", 2, None),
            ("1,500", 2, None),
            ("+1", 2, None),
            (".5", 2, None),
            ("5.", 2, None),
            ("", 2, None),
            ("-", 2, None),
            ("1.-5", 2, None),
            ("92233720368547758.07", 2, Some(i64::MAX)),
            ("92233720368547758.08", 2, None),
            ("1", 4_000_000_000, None),
        ];
        for (text, decimals, expected) in cases {
            assert_eq!(Amount::from(text).times_ten_to(decimals), expected, "{text}");
        }
    }
}
