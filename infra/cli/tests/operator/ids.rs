//! Ids of any text, from a provider's signed event to the operator's search.

use acuse_core::providers::unopago;
use serde_json::{Value, json};

use super::*;

/// Ids as JSON text, because a lone surrogate can only be written that way.
const IDS: [&str; 8] = [
    r#""a#b|c%d""#,
    r#""kuenta#live#payment#1|payment.completed""#,
    r#""esc\u001b[2J\r\n\u0000x""#,
    r#""\u202ertl\u200f\u05d0""#,
    r#""lone\ud800x""#,
    r#""u\u0308ber \u00fcber""#,
    r#""~0000""#,
    r#""C:\\new\\temp""#,
];

#[tokio::test(flavor = "multi_thread")]
async fn ids_of_any_text_are_listed_and_found() {
    let provider = &unopago::PROVIDER;
    let local = local_secrets(provider);
    let unique = uuid::Uuid::new_v4().simple().to_string();
    let long = format!("\"{}\"", "l#".repeat(1500));
    for id in IDS.into_iter().chain([long.as_str()]) {
        // Unique to this run.
        let id = format!("{}{unique}\"", id.strip_suffix('"').unwrap());
        let body = format!(r#"{{"event":"payment_received","data":{{"id":{id}}}}}"#);
        assert_eq!(post(provider, &body.clone().into(), &local).await, 200);
        let digest = acuse_core::provider::id::digest(&body).replace('~', "");
        let arrived = async {
            loop {
                let records = records_at(stack().await, provider).await;
                if let Some(record) = records.into_iter().find(|record| record.body_sha256 == digest) {
                    return record;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        let record = tokio::time::timeout(PATIENCE, arrived).await.expect("it arrives");
        let stored = record.resource_id.unwrap();
        let escaped = acuse_cli::terminal::escape(&stored);
        // An argument can't contain NUL; such an id is found as the list prints it.
        let typed = [&stored, &escaped, &record.key]
            .into_iter()
            .filter(|which| !which.contains('\0'));
        for which in typed {
            let shown = done(&["events", "show", "--json", which], "").await;
            let shown: Value = serde_json::from_str(shown.trim()).unwrap();
            assert_eq!(shown["key"], json!(record.key), "{which:?}");
        }
        // The provider's own id, if it can be typed.
        if let Ok(own) = serde_json::from_str::<String>(&id)
            && !own.contains('\0')
        {
            let shown = done(&["events", "show", "--json", &own], "").await;
            let shown: Value = serde_json::from_str(shown.trim()).unwrap();
            assert_eq!(shown["key"], json!(record.key), "{own:?}");
        }
        let inspector = &stack().await.inspector;
        let mut url = reqwest::Url::parse(&format!("{inspector}/events")).unwrap();
        url.query_pairs_mut().append_pair("q", &stored);
        let page = acuse_cli::http::client().unwrap().get(url).send().await.unwrap();
        assert_eq!(page.status(), 200);
        let page = page.text().await.unwrap();
        assert_eq!(page.matches("<tr data-key").count(), 1, "{page}");
        let hiding =
            |c: char| c.is_control() && c != '\n' || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}');
        let body = page.split_once("<tbody").unwrap().1;
        assert_eq!(body.replace(&record.key, "").find(hiding), None, "{body}");
    }
}
