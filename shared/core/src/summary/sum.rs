//! Sums of amounts as sent, exact to the last digit.

use std::fmt;

use serde::{Serialize, Serializer};
use thiserror::Error;

/// Decimals that are added exactly. No currency has more than 4; some providers send 6.
const DECIMALS: usize = 9;

/// Digits before the point of one amount, at most: 10^11 such amounts fit a sum.
const WHOLE: usize = 18;

/// A sum of amounts: a decimal number, never rounded. It shows as many decimals as the amount with the most had.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sum {
    /// In units of 10^-9.
    units: i128,
    decimals: usize,
}

/// Not a plain decimal number with at most 18 digits before the point and 9 after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "an amount is a decimal number, such as 150000.00: at most {WHOLE} digits before the point and {DECIMALS} after it"
)]
pub struct Unreadable;

impl Sum {
    /// Adds an amount as it was sent: `150000`, `150000.00`, `-0.5`.
    ///
    /// # Errors
    /// [`Unreadable`]: the sum is as it was.
    pub fn add(&mut self, sent: &str) -> Result<(), Unreadable> {
        let (units, decimals) = read(sent).ok_or(Unreadable)?;
        self.units = self.units.checked_add(units).ok_or(Unreadable)?;
        self.decimals = self.decimals.max(decimals);
        Ok(())
    }

    /// Adds another sum.
    ///
    /// # Errors
    /// [`Unreadable`] if the result does not fit, and the sum is as it was.
    pub fn merge(&mut self, other: Self) -> Result<(), Unreadable> {
        self.units = self.units.checked_add(other.units).ok_or(Unreadable)?;
        self.decimals = self.decimals.max(other.decimals);
        Ok(())
    }
}

impl fmt::Display for Sum {
    /// `150000.00`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one = 10_u128.pow(u32::try_from(DECIMALS).unwrap_or_default());
        let (whole, rest) = (self.units.unsigned_abs() / one, self.units.unsigned_abs() % one);
        let sign = if self.units < 0 { "-" } else { "" };
        write!(f, "{sign}{whole}")?;
        if self.decimals == 0 {
            return Ok(());
        }
        let decimals = format!("{rest:0DECIMALS$}");
        write!(f, ".{}", decimals.get(..self.decimals).unwrap_or(&decimals))
    }
}

/// As text: JSON's numbers are rounded by those who read them.
impl Serialize for Sum {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The amount in units, and how many decimals it was sent with.
fn read(sent: &str) -> Option<(i128, usize)> {
    let sent = sent.trim();
    let (is_negative, digits) = match sent.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, sent),
    };
    let (whole, fraction) = match digits.split_once('.') {
        // `5.` is not a number.
        Some((_, "")) => return None,
        Some(parts) => parts,
        None => (digits, ""),
    };
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_number(whole) || !is_number(fraction) {
        return None;
    }
    let whole = whole.trim_start_matches('0');
    // Zeros at the end change nothing, so there may be any number of them.
    let significant = fraction.trim_end_matches('0');
    if whole.len() > WHOLE || significant.len() > DECIMALS {
        return None;
    }
    let units: i128 = format!("0{whole}{significant:0<DECIMALS$}").parse().ok()?;
    let units = if is_negative { -units } else { units };
    Some((units, fraction.len().min(DECIMALS)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sum(amounts: &[&str]) -> String {
        let mut sum = Sum::default();
        for amount in amounts {
            sum.add(amount).unwrap();
        }
        sum.to_string()
    }

    #[test]
    fn a_sum_shows_as_many_decimals_as_were_sent() {
        assert_eq!(sum(&[]), "0");
        assert_eq!(sum(&["1500", "2500"]), "4000");
        assert_eq!(sum(&["1500.00", "2500"]), "4000.00");
        assert_eq!(sum(&["0.1", "0.2"]), "0.3");
        assert_eq!(sum(&["-0.05", "0.01"]), "-0.04");
        assert_eq!(sum(&["-1", "1.0"]), "0.0");
        assert_eq!(
            sum(&["999999999999999999.999999999", "0.000000001"]),
            "1000000000000000000.000000000"
        );
        assert_eq!(sum(&["1.00000000000000000000"]), "1.000000000");
        assert_eq!(sum(&[" 007 "]), "7");
    }

    #[test]
    fn what_is_not_a_plain_number_is_unreadable_and_changes_nothing() {
        for text in [
            "",
            " ",
            "-",
            ".",
            ".5",
            "5.",
            "1e3",
            "1,500",
            "1.500,00",
            "+1",
            "1.-5",
            "--1",
            "COP 5",
            "NaN",
            "٣",
            "1 5",
            "1000000000000000000",
            "0.0000000001",
        ] {
            let mut sum = Sum::default();
            sum.add("1.5").unwrap();
            assert_eq!(sum.add(text), Err(Unreadable), "{text:?}");
            assert_eq!(sum.to_string(), "1.5", "{text:?}");
        }
    }

    /// An amount in cents, and one text of it.
    fn amount() -> impl Strategy<Value = (i64, String)> {
        (-10_000_000_000_000_i64..10_000_000_000_000, 0..3_usize).prop_map(|(cents, zeros)| {
            let (sign, own) = (if cents < 0 { "-" } else { "" }, cents.unsigned_abs());
            let text = format!("{sign}{}.{:02}{}", own / 100, own % 100, "0".repeat(zeros));
            (cents, text)
        })
    }

    proptest! {
        #[test]
        fn a_sum_is_exact_and_its_order_does_not_matter(mut amounts in prop::collection::vec(amount(), 0..200)) {
            let exact: i64 = amounts.iter().map(|(cents, _)| cents).sum();
            let of = |amounts: &[(i64, String)]| {
                let mut sum = Sum::default();
                amounts.iter().for_each(|(_, text)| sum.add(text).unwrap());
                sum
            };
            let (sum, half) = (of(&amounts), amounts.len() / 2);
            let mut merged = of(&amounts[..half]);
            merged.merge(of(&amounts[half..])).unwrap();
            prop_assert_eq!(sum, merged);
            amounts.reverse();
            prop_assert_eq!(sum, of(&amounts));
            let digits: String = sum.to_string().chars().filter(|c| *c != '.').collect();
            let scale = 10_i64.pow(u32::try_from(sum.decimals.max(2) - 2).unwrap());
            let shown: i128 = digits.parse().unwrap();
            prop_assert_eq!(shown, if sum.decimals == 0 { 0 } else { i128::from(exact) * i128::from(scale) });
        }

        #[test]
        fn no_text_panics(text in ".{0,40}") {
            let _ = Sum::default().add(&text);
        }
    }
}
