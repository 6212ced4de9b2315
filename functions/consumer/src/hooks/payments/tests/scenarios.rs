//! The scenarios of `acuse send` end in the state that they say, in whatever order their events arrive.

use std::collections::BTreeMap;

use acuse_files::scenario;

use super::*;

#[tokio::test]
async fn a_scenario_ends_in_its_state_in_any_order() {
    let table = Table::create().await;
    let mut count = 0;
    for scenario in scenario::all(acuse_core::providers::ALL).unwrap() {
        for backwards in [false, true] {
            let new_id = |_: &str| {
                count += 1;
                format!("id_{count}")
            };
            let mut played = scenario.play(at(0), new_id).unwrap();
            if backwards {
                played.reverse();
            }
            let mut rows = BTreeMap::new();
            for played in played {
                let event = read(played.entry.provider, played.payload);
                for _ in 0..=u8::from(played.entry.twice) {
                    table.apply(&event).await;
                }
                rows.insert(&played.entry.resource, row_of(&event));
            }
            let mut ends = BTreeMap::new();
            for (name, row) in rows {
                if let Some(item) = table.item(&row).await {
                    ends.insert(name.clone(), text(&item, "status"));
                }
            }
            assert_eq!(ends, scenario.ends, "{}", scenario.name);
        }
    }
}
