//! What a write costs in DynamoDB's units.

use serde_json::Value;

/// An item that a call wrote, or was refused to write.
#[derive(Debug, Clone)]
pub(crate) struct Written {
    /// The table's name.
    pub(crate) table: String,
    /// The item's size before, in bytes; `None` where it was not there.
    pub(crate) before: Option<usize>,
    /// The item's size after.
    pub(crate) after: Option<usize>,
    /// Whether it was in a transaction, which writes everything twice.
    pub(crate) transaction: bool,
    /// Whether it was written. A refused condition costs as well.
    pub(crate) done: bool,
}

impl Written {
    /// Write units of the table: a KB each of the larger of the item before and after.
    /// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html>
    pub(crate) fn units(&self) -> u64 {
        let twice = if self.transaction { 2 } else { 1 };
        twice * self.kilobytes()
    }

    /// Write units of an index that holds the whole item, and whose keys stay as they are.
    /// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html#GSI.ThroughputConsiderations.Writes>
    pub(crate) fn index_units(&self) -> u64 {
        if self.done { self.kilobytes() } else { 0 }
    }

    fn kilobytes(&self) -> u64 {
        let larger = self.before.max(self.after).unwrap_or_default();
        u64::try_from(larger.div_ceil(1024).max(1)).unwrap()
    }
}

/// An item's size as DynamoDB counts it: names and values in bytes.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html>
pub(crate) fn size(item: &Value) -> usize {
    let entries = item.as_object().into_iter().flatten();
    entries.map(|(name, typed)| name.len() + value(typed)).sum()
}

fn value(typed: &Value) -> usize {
    let Some((kind, value)) = typed.as_object().and_then(|typed| typed.iter().next()) else {
        return 0;
    };
    let text = || value.as_str().unwrap_or_default().len();
    match kind.as_str() {
        "S" => text(),
        // Two digits a byte, and one more.
        "N" => text().div_ceil(2) + 1,
        // Base64.
        "B" => text() / 4 * 3,
        // Three bytes, and one for each member.
        "M" => 3 + size(value) + value.as_object().map_or(0, serde_json::Map::len),
        "L" => {
            let members = value.as_array().into_iter().flatten();
            3 + members.map(|member| self::value(member) + 1).sum::<usize>()
        }
        _ => 1,
    }
}

#[test]
fn a_write_costs_what_dynamodb_documents() {
    let item = serde_json::json!({"pk": {"S": "a".repeat(1000)}, "at": {"N": "1795577656089"}, "h": {"M": {}}});
    assert_eq!(size(&item), 2 + 1000 + 2 + 8 + 1 + 3);
    let written = Written {
        table: String::new(),
        before: None,
        after: Some(1025),
        transaction: true,
        done: true,
    };
    assert_eq!((written.units(), written.index_units()), (4, 2));
    let refused = Written {
        before: Some(10),
        after: Some(10),
        transaction: false,
        done: false,
        ..written
    };
    assert_eq!((refused.units(), refused.index_units()), (1, 0));
}
