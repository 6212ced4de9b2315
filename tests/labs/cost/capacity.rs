//! What a write costs in DynamoDB's units.

use acuse_tests::recording::recorder::Written;
use serde_json::Value;

/// Write units of the table: one per KB of the larger of the item before and after, and twice as many in a
/// transaction. A refused condition costs as much.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html>
pub(crate) fn units(write: &Written) -> u64 {
    let factor = if write.transaction { 2 } else { 1 };
    factor * kilobytes(write)
}

/// Write units of the index `by-day`, which holds the whole of each item that has a `day`, and whose keys don't change.
/// An item that loses its `day` is taken out of the index, for as much.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html#GSI.ThroughputConsiderations.Writes>
pub(crate) fn day_units(write: &Written) -> u64 {
    let mut items = [&write.before, &write.after].into_iter().flatten();
    let is_listed = items.any(|item| item.get("day").is_some());
    match write.done && is_listed {
        true => kilobytes(write),
        false => 0,
    }
}

/// Write units of the index `by-reference`, which has keys alone: one when an item comes into it, if its keys have less
/// than 1 KB, and none when anything else of the item changes.
pub(crate) fn reference_units(write: &Written) -> u64 {
    let key = |item: &Option<Value>| item.as_ref().and_then(|item| item.get("reference_key")).cloned();
    let is_new = key(&write.after).is_some() && key(&write.before) != key(&write.after);
    u64::from(write.done && is_new)
}

fn kilobytes(write: &Written) -> u64 {
    let items = [&write.before, &write.after].into_iter().flatten();
    let larger = items.map(size).max().unwrap_or_default();
    u64::try_from(larger.div_ceil(1024).max(1)).unwrap()
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
        "SS" => {
            let texts = value.as_array().into_iter().flatten();
            texts.map(|text| text.as_str().unwrap_or_default().len()).sum()
        }
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
    let item = |length: usize| serde_json::json!({"pk": {"S": "a".repeat(length)}, "at": {"N": "1795577656089"}, "h": {"M": {}}, "day": {"S": "d"}});
    assert_eq!(size(&item(1000)), 2 + 1000 + 2 + 8 + 1 + 3 + 3 + 1);
    let written = Written {
        table: String::new(),
        before: None,
        after: Some(item(1025)),
        transaction: true,
        done: true,
    };
    assert_eq!((units(&written), day_units(&written)), (4, 2));
    let refused = Written {
        before: Some(item(10)),
        after: Some(item(10)),
        transaction: false,
        done: false,
        ..written
    };
    assert_eq!((units(&refused), day_units(&refused)), (1, 0));
    let unlisted = Written {
        before: None,
        after: Some(serde_json::json!({"pk": {"S": "destination#shop"}})),
        done: true,
        ..refused
    };
    assert_eq!((units(&unlisted), day_units(&unlisted)), (1, 0));
    let mut found = item(10);
    found["reference_key"] = serde_json::json!({"S": "ORD-4821"});
    let first = Written {
        table: String::new(),
        before: None,
        after: Some(found.clone()),
        transaction: false,
        done: true,
    };
    assert_eq!(reference_units(&first), 1);
    let changed = Written {
        before: Some(found),
        ..first
    };
    assert_eq!(reference_units(&changed), 0);
}
