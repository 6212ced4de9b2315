use acuse_core::testing::StoppedClock;

use super::*;
use crate::config::Variables;
use crate::destinations::fake::sdk;
use crate::ledger::fake::{Requests, http};

fn secret(names: &[&str]) -> (u16, String) {
    let own = |name: &&str| format!(r#""{name}": {{"url": "sqs:arn:aws:sqs:us-east-1:123456789012:q"}}"#);
    let members = names.iter().map(own).collect::<Vec<_>>().join(", ");
    answer(&format!(r#"{{"destinations": {{{members}}}}}"#))
}

fn answer(text: &str) -> (u16, String) {
    (200, serde_json::json!({ "SecretString": text }).to_string())
}

fn refused() -> (u16, String) {
    (400, r#"{"__type": "AccessDeniedException"}"#.to_owned())
}

fn read(answers: Vec<(u16, String)>) -> (Configuration, StoppedClock, Requests) {
    let (http, requests) = http(answers);
    let variables = [("DESTINATIONS_SECRET_ID".to_owned(), "destinations".to_owned())];
    let clock = StoppedClock::at(Timestamp::from_seconds(1_800_000_000));
    let setup = Setup::new(sdk(http), Variables::listed(variables)).with_clock(Arc::new(clock.clone()));
    (Configuration::from_env(&setup).unwrap(), clock, requests)
}

async fn names(configuration: &Configuration) -> Result<Vec<String>, String> {
    let found = configuration.get().await.map_err(|error| chain(&error))?;
    Ok(found.iter().map(|own| own.name.to_string()).collect())
}

#[tokio::test]
async fn a_change_is_in_effect_within_half_a_minute() {
    let (configuration, clock, requests) = read(vec![secret(&["a"]), secret(&["a", "b"])]);
    for _ in 0..3 {
        assert_eq!(names(&configuration).await.unwrap(), ["a"]);
    }
    assert_eq!(requests.lock().unwrap().len(), 1);
    clock.advance(Duration::from_secs(30));
    assert_eq!(names(&configuration).await.unwrap(), ["a", "b"]);
}

#[tokio::test]
async fn whoever_comes_while_it_is_read_waits_for_the_same_answer() {
    let (configuration, _, requests) = read(vec![secret(&["a"])]);
    let reads = (0..10).map(|_| names(&configuration));
    let found = futures_util::future::join_all(reads).await;
    assert!(found.iter().all(|names| names.as_ref().unwrap() == &["a"]));
    assert_eq!(requests.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn during_an_outage_what_was_read_last_is_used_for_minutes() {
    let (configuration, clock, _) = read(vec![secret(&["a"]), refused()]);
    assert_eq!(names(&configuration).await.unwrap(), ["a"]);
    clock.advance(Duration::from_secs(4 * 60));
    assert_eq!(names(&configuration).await.unwrap(), ["a"]);
    clock.advance(Duration::from_secs(60));
    let error = names(&configuration).await.unwrap_err();
    assert!(error.starts_with("can't read the secret `destinations`"), "{error}");
}

#[tokio::test]
async fn the_newest_is_read_whatever_is_kept_and_an_invalid_secret_is_an_error() {
    let (configuration, clock, _) = read(vec![secret(&["a"]), secret(&["b"]), answer("{}")]);
    assert_eq!(names(&configuration).await.unwrap(), ["a"]);
    let newest = configuration.newest().await.unwrap();
    assert!(newest.get("b").is_some());
    clock.advance(Duration::from_secs(30));
    let error = names(&configuration).await.unwrap_err();
    assert!(error.starts_with("the destinations' secret is invalid: "), "{error}");
}

#[tokio::test]
async fn during_an_outage_nothing_old_is_called_the_newest() {
    let (configuration, _, _) = read(vec![secret(&["a"]), refused()]);
    assert_eq!(names(&configuration).await.unwrap(), ["a"]);
    let error = chain(&configuration.newest().await.unwrap_err());
    assert!(error.starts_with("can't read the secret `destinations`"), "{error}");
    assert_eq!(names(&configuration).await.unwrap(), ["a"]);
}
