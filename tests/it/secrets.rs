//! A provider's secret, which Secrets Manager has in two versions.

mod fake;
mod writes;

use acuse_aws::verifier::SecretsManager;
use acuse_core::providers::kuenta;
use acuse_core::receive::secrets::Secrets;
use acuse_core::receive::{SecretStore, StoreError};
use axum::Router;
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::runtime::serve;
use fake::at;

/// Loads the secrets from a Secrets Manager that answers this for the two versions.
async fn load(current: Value, previous: Value) -> Result<Secrets, StoreError> {
    let answer = async move |body: String| {
        let answer = match body.contains("AWSCURRENT") {
            true => current,
            false => previous,
        };
        let status = match answer.get("__type") {
            Some(_) => StatusCode::BAD_REQUEST,
            None => StatusCode::OK,
        };
        (status, answer.to_string())
    };
    let client = at(serve(Router::new().fallback(answer)).await);
    let store = SecretsManager::new(client, "kuenta".to_owned(), &kuenta::PROVIDER);
    let accounts = store.load().await?;
    let secrets = accounts.get("default").unwrap();
    secrets.cloned().map_err(|error| StoreError::Unusable(error.clone()))
}

fn stored(secret: &str) -> Value {
    json!({"SecretString": json!({"signing_secrets": [secret]}).to_string()})
}

#[tokio::test]
async fn an_invalid_version_is_skipped_and_a_denied_one_fails_the_load() {
    let (none, denied) = (
        json!({"__type": "ResourceNotFoundException"}),
        json!({"__type": "AccessDeniedException"}),
    );
    let unusable = json!({"SecretString": "{\"tokens\": []}"});
    for (current, previous, expected) in [
        (stored("new"), none.clone(), Some(0)),
        (stored("new"), stored("old"), Some(1)),
        (stored("new"), unusable.clone(), Some(0)),
        (unusable.clone(), stored("old"), Some(0)),
        (unusable.clone(), none, None),
        // Without the old secret, deliveries that are still signed with it would be refused.
        (stored("new"), denied.clone(), None),
        (denied, stored("old"), None),
    ] {
        let loaded = load(current.clone(), previous.clone()).await;
        let older = loaded.as_ref().ok().map(Secrets::older);
        assert_eq!(older, expected, "{current} and {previous}: {loaded:?}");
    }
}
