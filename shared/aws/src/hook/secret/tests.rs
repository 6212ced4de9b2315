//! A secret's reading and keeping.

use acuse_core::testing::StoppedClock;
use aws_credential_types::Credentials;
use aws_sdk_secretsmanager::config::{BehaviorVersion, Region};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;

use super::*;

/// Answers with the text in it, or not at all; and counts.
#[derive(Debug, Clone, Default)]
struct Store(Arc<Mutex<(Option<String>, u32)>>);

impl HttpConnector for Store {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        let mut state = self.0.lock().unwrap();
        state.1 += 1;
        let (status, body) = match &state.0 {
            Some(text) => (200, serde_json::json!({"SecretString": text}).to_string()),
            None => (
                400,
                r#"{"__type": "ResourceNotFoundException", "message": "none"}"#.to_owned(),
            ),
        };
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body))))
    }
}

fn secret(store: &Store, clock: &StoppedClock) -> Secret {
    let store = store.clone();
    let config = aws_sdk_secretsmanager::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .http_client(http_client_fn(move |_: &HttpConnectorSettings, _| {
            SharedHttpConnector::new(store.clone())
        }))
        .build();
    Secret::new(
        Client::from_conf(config),
        "API_SECRET",
        "shop/api".to_owned(),
        Arc::new(clock.clone()),
    )
}

#[tokio::test]
async fn a_secret_is_kept_for_five_minutes() {
    let (store, clock) = (
        Store::default(),
        StoppedClock::at(Timestamp::from_seconds(1_700_000_000)),
    );
    store.0.lock().unwrap().0 = Some(" first\n".to_owned());
    let secret = secret(&store, &clock);
    let also = secret.clone();
    assert_eq!(secret.text().await.unwrap().expose(), "first");
    store.0.lock().unwrap().0 = Some("second".to_owned());
    clock.advance(Duration::from_secs(299));
    assert_eq!(also.text().await.unwrap().expose(), "first");
    assert_eq!(store.0.lock().unwrap().1, 1);
    clock.advance(Duration::from_secs(1));
    assert_eq!(secret.text().await.unwrap().expose(), "second");
}

#[tokio::test]
async fn an_error_names_variable_secret_and_field_and_no_value() {
    let (store, clock) = (
        Store::default(),
        StoppedClock::at(Timestamp::from_seconds(1_700_000_000)),
    );
    let secret = secret(&store, &clock);
    let missing = secret.text().await.unwrap_err();
    let mut reasons = vec![missing.to_string()];
    store.0.lock().unwrap().0 = Some(r#"{"api_key": "wh_juan", "n": 7}"#.to_owned());
    assert_eq!(secret.field("api_key").await.unwrap().expose(), "wh_juan");
    reasons.push(secret.field("token").await.unwrap_err().to_string());
    reasons.push(secret.field("n").await.unwrap_err().to_string());
    let fixed = Secret::fixed("API_SECRET", "juan");
    reasons.push(fixed.field("api_key").await.unwrap_err().to_string());
    reasons.push(format!("{secret:?} {:?}", fixed.text().await.unwrap()));
    assert!(reasons.iter().all(|reason| !reason.contains("juan")), "{reasons:#?}");
    insta::assert_snapshot!(reasons.join("\n"), @r#"
    can't read the secret `shop/api`, which the environment variable API_SECRET names
    the secret in the environment variable API_SECRET should be a JSON object with the text `token`
    the secret in the environment variable API_SECRET should be a JSON object with the text `n`
    the secret in the environment variable API_SECRET should be a JSON object with the text `api_key`
    Secret { variable: "API_SECRET", .. } SecretText(SecretBox<str>([REDACTED]))
    "#);
}
