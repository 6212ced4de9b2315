use acuse_core::providers;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::configuration::ConfigurationError;
use super::*;

const LEFT: Duration = Duration::from_secs(10);

/// Answers each request with the next of these, and returns where.
async fn api(answers: Vec<(u16, String)>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1/webhooks", listener.local_addr().unwrap());
    tokio::spawn(async move {
        for (status, body) in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            let head = String::from_utf8(head).unwrap().to_lowercase();
            assert!(head.contains("authorization: bearer sk"), "{head}");
            let length = body.len();
            let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    url
}

fn watch(secret: &str) -> Watch {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    Watch {
        providers: providers::ALL,
        urls: [
            "kuenta=https://k.example/",
            "onepay=https://o.example/",
            "https://hooks.shop.co",
            "https://abc.example",
        ]
        .map(StackUrl::parse)
        .into(),
        secret: Secret::fixed("ENDPOINTS_SECRET_ID", secret),
        public: Http::within(Egress::Public, Arc::clone(&clock)).unwrap(),
        private: Http::within(Egress::Private, Arc::clone(&clock)).unwrap(),
        clock,
    }
}

async fn outcomes(answers: Vec<(u16, String)>) -> Vec<Outcome> {
    let url = api(answers).await;
    let entry = serde_json::json!({"onepay/shop": {
        "url": url, "headers": {"authorization": "Bearer sk"}, "events": ["payment.approved"], "environment": "live", "allow_private": true,
    }});
    watch(&entry.to_string()).check_all(LEFT).await
}

fn list(url: &str, events: &str) -> String {
    format!(r#"{{"data": [{{"id": "w1", "url": "{url}", "events": ["{events}"], "is_test": false}}]}}"#)
}

/// Another provider's function answers 404 to it.
#[tokio::test]
async fn a_webhook_at_another_providers_function_is_wrong() {
    let listed = list("https://k.example/webhooks/onepay/shop", "payment.approved");
    assert_eq!(outcomes(vec![(200, listed)]).await, [Outcome::Wrong]);
}

#[tokio::test]
async fn a_webhook_is_well_at_any_url_of_the_stack() {
    for url in [
        "https://hooks.shop.co/webhooks/onepay/shop",
        "https://ABC.example/webhooks/onepay/shop/",
        "https://o.example/webhooks/onepay/shop",
    ] {
        assert_eq!(
            outcomes(vec![(200, list(url, "payment.approved"))]).await,
            [Outcome::Well]
        );
    }
}

#[tokio::test]
async fn what_is_wrong_is_counted_as_wrong() {
    let own = "https://hooks.shop.co/webhooks/onepay/shop";
    let off = list(own, "payment.approved").replace("\"is_test\"", "\"is_active\": false, \"is_test\"");
    for body in [
        r#"{"data": []}"#.to_owned(),
        list("https://old.shop.co/webhooks/onepay/shop", "payment.approved"),
        list("https://hooks.shop.co/webhooks/onepay", "payment.approved"),
        list(own, "payment.created"),
        off,
    ] {
        assert_eq!(outcomes(vec![(200, body.clone())]).await, [Outcome::Wrong], "{body}");
    }
}

#[tokio::test]
async fn an_api_that_does_not_tell_proves_nothing() {
    let own = list("https://hooks.shop.co/webhooks/onepay/shop", "payment.approved");
    let of_test = own.replace("false", "true").replace("onepay/shop", "other");
    for (status, body) in [
        (401, "{}".to_owned()),
        (429, String::new()),
        (500, String::new()),
        (302, String::new()),
        (200, own.chars().take(30).collect()),
        (200, "<html>".to_owned()),
        (200, r#"{"message": "x"}"#.to_owned()),
        (200, of_test),
    ] {
        assert_eq!(
            outcomes(vec![(status, body.clone())]).await,
            [Outcome::Unknown],
            "{status} {body}"
        );
    }
}

#[tokio::test]
async fn all_pages_are_read_and_half_a_list_proves_nothing() {
    let first = r#"{"data": [], "last_page": 2}"#.to_owned();
    let second = list("https://hooks.shop.co/webhooks/onepay/shop", "payment.approved");
    assert_eq!(
        outcomes(vec![(200, first.clone()), (200, second)]).await,
        [Outcome::Well]
    );
    assert_eq!(
        outcomes(vec![(200, first), (500, String::new())]).await,
        [Outcome::Unknown]
    );
}

#[tokio::test]
async fn a_secret_that_cannot_be_used_is_counted_and_not_shown() {
    for (secret, expected) in [
        ("{}", "it is empty: put the APIs"),
        ("sk_live_hunter2", "the secret is not"),
        (
            r#"{"onepay": {"url": "https://a", "token": "hunter2"}}"#,
            "the secret is not",
        ),
        (r#"{"onepay": {"url": 7}}"#, "the secret is not"),
        (r#"{"onpay": {"url": "https://a"}}"#, "`onpay` should be a provider"),
        (
            r#"{"onepay": {"url": "http://hunter2"}}"#,
            "the `url` of `onepay` should start with https://",
        ),
        (
            r#"{"onepay": {"url": "http://127.0.0.1:9000/hunter2"}}"#,
            "and this machine's own address if `allow_private` is set",
        ),
        (
            r#"{"onepay": {"url": "http://shop.example/hunter2", "allow_private": true}}"#,
            "the `url` of `onepay` should start with https://",
        ),
        (
            r#"{"onepay": {"url": "https://a", "environment": "prod"}}"#,
            "the `environment` of `onepay`",
        ),
    ] {
        let watch = watch(secret);
        assert_eq!(watch.check_all(LEFT).await, [Outcome::Unknown], "{secret}");
        let reason = watch.configuration().await.err().unwrap();
        assert!(reason.contains(expected) && !reason.contains("hunter2"), "{reason}");
    }
    assert!(matches!(
        Configuration::parse("{}", providers::ALL),
        Err(ConfigurationError::Empty)
    ));
}

/// Whoever can write the secret gains no view of the function's own network, or of its credentials.
#[tokio::test]
async fn only_public_addresses_are_asked_unless_private_ones_are_allowed() {
    let listed = async |url: &str, allow_private: bool| {
        let secret = serde_json::json!({"onepay": {"url": url, "allow_private": allow_private}}).to_string();
        let watch = watch(&secret);
        let configuration = watch.configuration().await.unwrap();
        chain(&watch.list(&configuration.endpoints[0]).await.unwrap_err())
    };
    for (url, allow_private, expected) in [
        ("https://127.0.0.1:1/", false, "127.0.0.1 is a loopback address"),
        ("https://localhost:1/", false, "is a loopback address"),
        ("https://10.0.0.7/", false, "10.0.0.7 is a private address"),
        ("https://[::1]:1/", false, "::1 is a loopback address"),
        (
            "https://169.254.169.254/latest/meta-data/",
            false,
            "link-local or metadata address",
        ),
        (
            "https://169.254.169.254/latest/meta-data/",
            true,
            "link-local or metadata address",
        ),
        ("https://[fd00:ec2::254]/", true, "metadata address"),
    ] {
        let refused = listed(url, allow_private).await;
        assert!(refused.contains(expected), "{url}: {refused}");
    }
    let refused = listed("http://127.0.0.1:1/", true).await;
    assert!(!refused.contains("loopback"), "it was tried: {refused}");
}

#[tokio::test]
async fn without_time_nothing_is_known() {
    let entry = r#"{"onepay": {"url": "https://a.invalid", "headers": {}}}"#;
    assert_eq!(watch(entry).check_all(Duration::ZERO).await, [Outcome::Unknown]);
}

#[test]
fn a_further_page_is_asked_for_beside_the_urls_own_query() {
    assert_eq!(with_page("https://a.co/webhooks", 2), "https://a.co/webhooks?page=2");
    assert_eq!(
        with_page("https://a.co/webhooks?limit=50", 3),
        "https://a.co/webhooks?limit=50&page=3"
    );
}
