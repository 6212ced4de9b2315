//! The queries of docs/archive.md are over attributes that the ledger's items have, of the type that they name.

use std::collections::BTreeSet;

use super::*;

#[tokio::test]
async fn the_archives_queries_fit_the_items() {
    let tables = Tables::create().await;
    let mut event = event("p1");
    event.amount = Some("150000.00".to_owned());
    event.currency = Some("COP".to_owned());
    event.reference = Some("ORD-4821".to_owned());
    event.occurred_at = Some(seconds(-5));
    event.account.name = acuse_core::account::AccountName::parse("shop").unwrap();
    let claimed = tables.claimed(&event, "a", 0).await;
    let rejected = Change::Reject {
        reason: "no".to_owned(),
    };
    tables.ledger.change(&claimed, rejected, seconds(1)).await.unwrap();
    let short = tables.item(&event).await;
    let long = event_with("long", &"año ".repeat(20_000));
    tables.claimed(&long, "a", 0).await;
    let long = tables.item(&long).await;

    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/archive.md")).unwrap();
    // `$.Item.pk.S`
    let paths = page.split("$.").skip(1).map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '.');
        rest[..end.unwrap_or(rest.len())].split('.').collect::<Vec<_>>()
    });
    let named: BTreeSet<(&str, &str)> = paths
        .filter(|path| path.len() == 3 && ["Item", "NewImage", "Keys"].contains(&path[0]))
        .map(|path| (path[1], path[2]))
        .collect();
    assert!(named.len() > 15, "{named:?}");
    for (name, kind) in named {
        let value = if kind == "B" { long.get(name) } else { short.get(name) };
        let fits = match kind {
            "S" => value.is_some_and(AttributeValue::is_s),
            "N" => value.is_some_and(AttributeValue::is_n),
            "B" => value.is_some_and(AttributeValue::is_b),
            _ => false,
        };
        assert!(fits, "docs/archive.md: `{name}.{kind}` is {value:?}");
    }
}
