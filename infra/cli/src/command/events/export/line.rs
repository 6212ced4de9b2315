//! An event as a line: JSON, or comma-separated values.
//!
//! A line is one event, whatever is in it: line breaks and other control characters are written as escapes. In CSV, a cell
//! of text from outside that begins like a formula gets a `'`, so that a spreadsheet shows it instead of running it.
//! <https://owasp.org/www-community/attacks/CSV_Injection>

use acuse_aws::ledger::record::Record;
use serde_json::{Value, json};

use super::Format;
use crate::command::Failure;
use crate::command::events::found::add;
use crate::command::events::show::with_payload;
use crate::terminal::{escape, escape_json};

/// The names of the columns. New ones come at the end.
pub(super) const COLUMNS: [&str; 22] = [
    "received_at",
    "occurred_at",
    "provider",
    "account",
    "environment",
    "type",
    "kind",
    "resource_kind",
    "resource_id",
    "reference",
    "amount",
    "currency",
    "status",
    "error",
    "attempts",
    "duplicates",
    "completed_at",
    "conflict_of",
    "erased_at",
    "delivery_id",
    "body_sha256",
    "key",
];

/// Writes lines of one format.
pub(super) struct Lines(Format);

impl Lines {
    pub(super) fn of(format: Format) -> Self {
        Self(format)
    }

    /// The first line of a file, if its format has one.
    pub(super) fn head(format: Format) -> Result<Option<String>, Failure> {
        match format {
            Format::Jsonl => Ok(None),
            Format::Csv => row(&COLUMNS).map(Some),
        }
    }

    /// A record's key as its line has it.
    pub(super) fn key(&self, record: &Record) -> String {
        match self.0 {
            Format::Jsonl => record.key.clone(),
            Format::Csv => cell(&record.key),
        }
    }

    /// The record, its deliveries and its payload as sent.
    pub(super) fn json(&self, record: &Record, mut line: Value, kind: Option<&str>, payload: Option<&[u8]>) -> String {
        add(&mut line, "kind", json!(kind));
        add(&mut line, "body_sha256", json!(record.body_sha256));
        escape_json(&with_payload(&line, payload))
    }

    pub(super) fn csv(&self, record: &Record, kind: Option<&str>) -> Result<String, Failure> {
        let text = |text: &Option<String>| cell(text.as_deref().unwrap_or_default());
        row(&[
            record.received_at.as_deref().unwrap_or_default(),
            record.occurred_at.as_deref().unwrap_or_default(),
            &record.provider,
            record.account.as_str(),
            &record.environment,
            &cell(&record.type_name),
            kind.unwrap_or_default(),
            &text(&record.resource_kind),
            &text(&record.resource_id),
            &text(&record.reference),
            &amount(record.amount.as_deref().unwrap_or_default()),
            &text(&record.currency),
            record.status,
            &text(&record.error),
            &record.attempts.to_string(),
            &record.duplicates.to_string(),
            record.completed_at.as_deref().unwrap_or_default(),
            &text(&record.conflict_of),
            record.erased_at.as_deref().unwrap_or_default(),
            record.delivery_id.as_deref().unwrap_or_default(),
            &record.body_sha256,
            &cell(&record.key),
        ])
    }
}

fn row(cells: &[&str; COLUMNS.len()]) -> Result<String, Failure> {
    let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
    writer.write_record(cells)?;
    let bytes = writer.into_inner().map_err(|error| Failure::new(error.to_string()))?;
    Ok(String::from_utf8_lossy(&bytes).trim_end_matches('\n').to_owned())
}

/// Text from outside.
fn cell(text: &str) -> String {
    let text = escape(text);
    // Full-width ones are taken for the same in some languages.
    let formula = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];
    match text.trim_start().starts_with(formula) {
        true => format!("'{text}"),
        false => text,
    }
}

/// An amount as sent. A negative number is no formula, and can be summed.
fn amount(text: &str) -> String {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let is_number = unsigned.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    match is_number && unsigned.starts_with(|first: char| first.is_ascii_digit()) {
        true => text.to_owned(),
        false => cell(text),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use aws_sdk_dynamodb::types::AttributeValue;

    use super::*;

    fn record(texts: &[(&str, &str)]) -> Record {
        let own = [
            ("pk", "onepay#live#payment#p1"),
            ("sk", "payment.approved"),
            ("provider", "onepay"),
            ("environment", "live"),
            ("type", "payment.approved"),
            ("status", "COMPLETED"),
            ("body_sha256", "5a"),
        ];
        let texts = own.iter().chain(texts);
        let mut item: HashMap<_, _> = texts
            .map(|(name, text)| ((*name).to_owned(), AttributeValue::S((*text).to_owned())))
            .collect();
        for (name, number) in [("attempts", "1"), ("received_at", "1700000000000")] {
            item.insert(name.to_owned(), AttributeValue::N(number.to_owned()));
        }
        Record::from_item(&item).unwrap()
    }

    fn csv(texts: &[(&str, &str)]) -> HashMap<String, String> {
        let line = Lines::of(Format::Csv)
            .csv(&record(texts), Some("PaymentSucceeded"))
            .unwrap();
        assert_eq!(line.lines().count(), 1, "{line}");
        let head = Lines::head(Format::Csv).unwrap().unwrap();
        let text = format!("{head}\n{line}\n");
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let names = reader.headers().unwrap().clone();
        let row = reader.records().next().unwrap().unwrap();
        names
            .iter()
            .zip(row.iter())
            .map(|(name, cell)| (name.to_owned(), cell.to_owned()))
            .collect()
    }

    #[test]
    fn a_row_has_what_a_finance_team_sums_and_amounts_as_sent() {
        let row = csv(&[
            ("amount", "90071992547409931.10"),
            ("currency", "COP"),
            ("reference", "ORD-4821, \"dos\""),
        ]);
        assert_eq!(row["amount"], "90071992547409931.10");
        assert_eq!((&*row["currency"], &*row["reference"]), ("COP", "ORD-4821, \"dos\""));
        assert_eq!(
            (&*row["kind"], &*row["received_at"]),
            ("PaymentSucceeded", "2023-11-14T22:13:20.000Z")
        );
        assert_eq!(
            (&*row["account"], &*row["key"]),
            ("default", "onepay#live#payment#p1|payment.approved")
        );
        for amount in ["-150000.00", "+1", "0", "150000"] {
            assert_eq!(csv(&[("amount", amount)])["amount"], amount);
        }
    }

    #[test]
    fn no_cell_from_outside_is_a_formula_or_breaks_a_line() {
        let formulas = [
            "=HYPERLINK(\"http://evil\")",
            "+1+cmd|' /C calc'!A0",
            "-2+3",
            "@SUM(1)",
            "  =1",
            "＝1+1",
        ];
        for text in formulas {
            let names = [
                "type",
                "resource_id",
                "resource_kind",
                "reference",
                "currency",
                "error",
                "amount",
            ];
            let row = csv(&names.map(|name| (name, text)));
            for name in names {
                assert_eq!(row[name], format!("'{text}"), "{name}");
            }
        }
        for text in ["\t=1", "\r\n=1", "a\nb"] {
            let row = csv(&[("reference", text)]);
            assert!(!row["reference"].contains(['\n', '\r', '\t']), "{row:?}");
        }
        assert_eq!(csv(&[("amount", "-")])["amount"], "'-");
        assert_eq!(csv(&[("amount", "-1=2")])["amount"], "'-1=2");
    }

    #[test]
    fn a_line_of_json_has_the_payload_as_it_was_sent() {
        let record = record(&[("payload", "{\n\"amount\": 90071992547409931.10}")]);
        let line = serde_json::to_value(&record).unwrap();
        let lines = Lines::of(Format::Jsonl);
        let line = lines.json(&record, line, None, record.payload.as_deref());
        assert!(
            line.ends_with(r#""payload":{ "amount": 90071992547409931.10}}"#),
            "{line}"
        );
        assert_eq!(line.lines().count(), 1);
    }
}
