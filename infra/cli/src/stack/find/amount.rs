//! An amount on a day: what a customer sees in the bank's app.

use std::fmt;
use std::str::FromStr;

use acuse_aws::ledger::reader::{LedgerReader, ReadError};
use acuse_aws::ledger::record::Record;
use acuse_core::clock::Timestamp;
use acuse_core::event::reference::References;
use futures_util::future::try_join_all;

use crate::registry::providers;
use crate::stack::DAY;
use crate::stack::events::{complete, newest_first};
use crate::stack::filter::start_of_day;

/// An amount, compared by value: `150000` is `150000.00`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amount {
    whole: String,
    fraction: String,
}

/// An amount on a day (UTC).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnDay {
    /// The amount.
    pub amount: Amount,
    /// Where the day begins.
    pub day: Timestamp,
}

impl FromStr for Amount {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "an amount is written with digits and perhaps a point: 150000 or 150000.00";
        let text = text.trim();
        let (sign, digits) = match text.strip_prefix('-') {
            Some(digits) => ("-", digits),
            None => ("", text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(whole) || !is_number(fraction) {
            return Err(EXPECTED);
        }
        Ok(Self {
            whole: format!("{sign}{}", whole.trim_start_matches('0')),
            fraction: fraction.trim_end_matches('0').to_owned(),
        })
    }
}

impl Amount {
    /// Whether a provider's text has this value.
    pub fn is(&self, sent: &str) -> bool {
        sent.parse().is_ok_and(|sent: Self| sent == *self)
    }

    /// Digits that every text of this value contains; `None` for zero, which has many.
    fn digits(&self) -> Option<&str> {
        let parts = [self.whole.trim_start_matches('-'), &self.fraction];
        parts.into_iter().find(|digits| !digits.is_empty())
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let zero = if self.whole.is_empty() || self.whole == "-" {
            "0"
        } else {
            ""
        };
        write!(f, "{}{zero}", self.whole)?;
        match self.fraction.is_empty() {
            true => Ok(()),
            false => write!(f, ".{}", self.fraction),
        }
    }
}

impl OnDay {
    /// `150000 2026-11-27`; `None` if it is anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let (amount, day) = text.split_once(char::is_whitespace)?;
        Some(Self {
            amount: amount.parse().ok()?,
            day: start_of_day(day.trim())?,
        })
    }

    /// The day's events with this amount, newest first. It takes the reads of a list of the day, in many queries at once.
    pub async fn records(&self, ledger: &LedgerReader, references: &References) -> Result<Vec<Record>, ReadError> {
        let (day, digits) = (self.day, self.amount.digits());
        let days = providers()
            .iter()
            .map(|provider| ledger.received_between(provider.name, day, day.plus(DAY), digits));
        let records = try_join_all(days).await?.into_iter().flatten();
        let records = records.map(|mut record| {
            complete(references, &mut record);
            record
        });
        let has = |record: &Record| record.amount.as_deref().is_some_and(|sent| self.amount.is(sent));
        let mut found: Vec<Record> = records.filter(has).collect();
        found.sort_by(newest_first);
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_compared_by_value() {
        let amount: Amount = "150000".parse().unwrap();
        for sent in ["150000", "150000.00", "150000.0", "0150000", " 150000 "] {
            assert!(amount.is(sent), "{sent}");
        }
        for sent in [
            "150000.01",
            "-150000",
            "15000",
            "1.5e5",
            "150,000",
            "",
            "150000.",
            "COP 150000",
        ] {
            assert!(!amount.is(sent), "{sent}");
        }
        assert!(!"0.50".parse::<Amount>().unwrap().is(".5"));
        assert!("0.50".parse::<Amount>().unwrap().is("0.5"));
        assert_eq!("0.50".parse::<Amount>().unwrap().to_string(), "0.5");
        assert_eq!("007".parse::<Amount>().unwrap().to_string(), "7");
        // What DynamoDB looks for is in every text of the same value.
        for (amount, digits) in [("-0150000.00", Some("150000")), ("0.50", Some("5")), ("0", None)] {
            assert_eq!(amount.parse::<Amount>().unwrap().digits(), digits, "{amount}");
        }
    }

    #[test]
    fn an_amount_and_a_day_are_one_search() {
        let found = OnDay::parse("150000.00  2026-11-27").unwrap();
        assert_eq!(found.day.day(), "2026-11-27");
        assert!(found.amount.is("150000"));
        for text in ["150000", "2026-11-27", "ORD 2026-11-27", "150000 yesterday", ""] {
            assert_eq!(OnDay::parse(text), None, "{text}");
        }
    }
}
