use acuse_core::clock::Timestamp;
use acuse_core::providers::kuenta;
use acuse_core::receive::signature::sign;
use acuse_core::testing::{Dice, FakeOutbox, FakeStore, StoppedClock};
use acuse_core::wire::envelope::Message;
use serde_json::{Value, json};

use super::*;

const BODY: &str = r#"{"event":"payment.completed","data":{"id":"p1"}}"#;

/// An HTTP API's event of a signed delivery.
fn delivery() -> Value {
    json!({
        "version": "2.0",
        "routeKey": "POST /webhooks/kuenta",
        "rawPath": "/webhooks/kuenta",
        "rawQueryString": "",
        "headers": {
            "host": "abcdef1234.execute-api.us-east-1.amazonaws.com",
            "x-forwarded-proto": "https",
            "x-kuenta-signature": sign("good", BODY.as_bytes()),
        },
        "requestContext": {
            "domainName": "abcdef1234.execute-api.us-east-1.amazonaws.com",
            "http": {"method": "POST", "path": "/webhooks/kuenta"},
            "stage": "$default",
            "timeEpoch": 1_705_090_431_000_u64,
        },
        "body": BODY,
        "isBase64Encoded": false,
    })
}

/// The same event with another value at `pointer`.
fn with(pointer: &str, value: impl Into<Value>) -> Value {
    let mut event = delivery();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    event.pointer_mut(parent).unwrap()[name] = value.into();
    event
}

/// A verifier with empty queues.
struct Scene {
    store: FakeStore,
    outbox: FakeOutbox,
}

impl Scene {
    fn new() -> Self {
        Self::holding(r#"{"signing_secrets":["good"]}"#)
    }

    fn holding(secret: &str) -> Self {
        Self {
            store: FakeStore::holding(&kuenta::PROVIDER, secret),
            outbox: FakeOutbox::default(),
        }
    }

    /// The function's response to `event`, as JSON.
    async fn answer(&self, event: &Value) -> Value {
        let clock = StoppedClock::at(Timestamp::from_seconds(1_705_090_431));
        let verifier = Verifier::new(&kuenta::PROVIDER, &self.store, &self.outbox, clock, Dice::default());
        // Parsed from text, as in the runtime.
        let request = serde_json::from_slice(event.to_string().as_bytes()).unwrap();
        serde_json::to_value(answer(&verifier, request).await).unwrap()
    }

    fn assert_untouched(&self) {
        assert_eq!((self.outbox.queued(), self.outbox.quarantined()), (vec![], vec![]));
        assert_eq!(self.store.loads.load(std::sync::atomic::Ordering::SeqCst), 0);
    }
}

#[tokio::test]
async fn query_path_and_host_do_not_matter() {
    let mut odd = vec![delivery(), with("/rawPath", "/webhooks/kuenta/")];
    for query in [
        "a=1&b=2",
        "a=b c",
        "name=\"José\"",
        "<script>",
        "{}|\\^`",
        "%",
        "%zz",
        "\u{0}\n\r",
        "a=ñ&b=💸",
        "?#?#",
        &"x".repeat(70_000),
    ] {
        odd.push(with("/rawQueryString", query));
    }
    for host in [
        "",
        " ",
        "a b",
        "a/b",
        "http://[",
        "[::1",
        "u:p@evil",
        "evil:99999",
        "ñ.example",
        "..",
        "a\"b",
        "<>",
        "*",
    ] {
        odd.push(with("/headers/host", host));
        odd.push(with("/requestContext/domainName", host));
    }
    for path in [
        "",
        "/",
        "//",
        "not a path",
        "/a b/\"",
        "/webhooks/kuenta//",
        "/%",
        "/../..",
        "/#",
        "[",
        "\u{0}",
    ] {
        odd.push(with("/rawPath", path));
    }
    for proto in ["", "gopher", "a b", "https,http"] {
        odd.push(with("/headers/x-forwarded-proto", proto));
    }
    for stage in ["", "live", "a b", "/"] {
        odd.push(with("/requestContext/stage", stage));
    }
    odd.push(with("/queryStringParameters", json!({"a b": "\"", "": ""})));
    odd.push(with("/queryStringParameters", Value::Null));
    odd.push(with("/pathParameters", Value::Null));
    odd.push(with("/pathParameters", json!({"proxy": ""})));
    odd.push(with("/headers/x-odd", "ñ\u{7f}a".replace('\u{7f}', "")));
    for event in odd {
        let scene = Scene::new();
        let answer = scene.answer(&event).await;
        assert_eq!(
            (&answer["statusCode"], &answer["body"]),
            (&json!(200), &json!("OK")),
            "{event}"
        );
        assert_eq!(scene.outbox.queued().len(), 1, "{event}");
    }
}

#[tokio::test]
async fn get_and_head_have_no_effect() {
    for (method, body) in [("GET", json!("webhooks are posted here")), ("HEAD", Value::Null)] {
        let scene = Scene::new();
        let answer = scene.answer(&with("/requestContext/http/method", method)).await;
        assert_eq!(
            (&answer["statusCode"], &answer["body"]),
            (&json!(200), &body),
            "{method}"
        );
        scene.assert_untouched();
    }
}

#[tokio::test]
async fn other_methods_get_405_with_the_allowed_ones() {
    for method in ["OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "post", "FOO"] {
        let scene = Scene::new();
        let answer = scene.answer(&with("/requestContext/http/method", method)).await;
        assert_eq!(answer["statusCode"], 405, "{method}");
        assert_eq!(answer["headers"]["allow"], "GET, HEAD, POST", "{method}");
        scene.assert_untouched();
    }
}

/// The event of a request for `/webhooks/kuenta/{proxy}`.
fn below(method: &str, proxy: &str) -> Value {
    let mut event = with("/pathParameters", json!({ "proxy": proxy }));
    event["requestContext"]["http"]["method"] = method.into();
    event
}

const ACCOUNTS: &str = r#"{"accounts":{"default":{"signing_secrets":["other"]},"test":{"signing_secrets":["good"],"environment":"test"}}}"#;

/// What the attribute `provider` of the queued messages says.
fn queued(scene: &Scene) -> Vec<String> {
    let queued = scene.outbox.queued();
    let provider = |message: &Message| message.attribute("provider").unwrap().to_owned();
    queued.iter().map(provider).collect()
}

#[tokio::test]
async fn the_url_names_the_account() {
    for proxy in ["test", "test/"] {
        let scene = Scene::holding(ACCOUNTS);
        assert_eq!(scene.answer(&below("POST", proxy)).await["statusCode"], 200, "{proxy}");
        assert_eq!(queued(&scene), ["kuenta/test@test"], "{proxy}");
    }
    for proxy in ["", "/", "default", "default/"] {
        let scene = Scene::holding(ACCOUNTS);
        let answer = scene.answer(&below("POST", proxy)).await;
        assert_eq!(answer["statusCode"], 401, "the secret is another account's: {proxy}");
        let scene = Scene::new();
        assert_eq!(scene.answer(&below("POST", proxy)).await["statusCode"], 200, "{proxy}");
        assert_eq!(queued(&scene), ["kuenta"], "{proxy}");
    }
}

/// What names no account, or none that is stored. An HTTP API decodes the path.
const UNKNOWN: [&str; 11] = [
    "other", "other/", "a/b", "test/a", "test//", "/test", "%74est", "TEST", "Test", " ", "..",
];

#[tokio::test]
async fn a_delivery_to_an_unknown_account_is_kept_and_answered_404() {
    for proxy in UNKNOWN {
        let scene = Scene::holding(ACCOUNTS);
        let answer = scene.answer(&below("POST", proxy)).await;
        assert_eq!(
            (&answer["statusCode"], &answer["body"]),
            (&json!(404), &json!("no such account")),
            "{proxy:?}"
        );
        assert_eq!(scene.outbox.queued(), [], "{proxy:?}");
        let kept = scene.outbox.quarantined();
        assert_eq!(
            kept[0].attribute("reason"),
            Some("there is no such account"),
            "{proxy:?}"
        );
    }
}

/// Whether an account exists would need the secrets, which may be older than the account. A panel that checks the URL
/// before it shows the account's secret would get the wrong answer.
#[tokio::test]
async fn get_and_head_have_no_effect_whether_or_not_an_account_exists() {
    for method in ["GET", "HEAD"] {
        for proxy in ["", "test", "test/", "other"] {
            let scene = Scene::holding(ACCOUNTS);
            let answer = scene.answer(&below(method, proxy)).await;
            assert_eq!(answer["statusCode"], 200, "{method} {proxy}");
            scene.assert_untouched();
        }
        for proxy in ["a/b", "test//", "Test", "%74est", ".."] {
            let scene = Scene::holding(ACCOUNTS);
            let answer = scene.answer(&below(method, proxy)).await;
            assert_eq!(answer["statusCode"], 404, "{method} {proxy}");
            scene.assert_untouched();
        }
    }
}

#[tokio::test]
async fn the_body_is_decoded_and_may_be_absent() {
    let base64 = |text: &str| {
        let mut event = with("/body", BASE64.encode(text.as_bytes()));
        event["isBase64Encoded"] = true.into();
        event
    };
    let mut without = delivery();
    without.as_object_mut().unwrap().remove("body");
    let mut broken = with("/body", "not base64!");
    broken["isBase64Encoded"] = true.into();
    for (event, status) in [
        (base64(BODY), 200),
        (base64(""), 401),
        (without, 401),
        (with("/body", Value::Null), 401),
        (with("/body", ""), 401),
        (broken, 400),
    ] {
        assert_eq!(Scene::new().answer(&event).await["statusCode"], status, "{event}");
    }
}

#[tokio::test]
async fn headers_and_cookies_reach_the_verifier() {
    let mut event = with("/cookies", json!(["a=1", "b=2"]));
    event["headers"]["X-Many"] = json!(["one", "two"]);
    // With a wrong signature, so that the quarantine shows what arrived.
    event["headers"]["x-kuenta-signature"] = "forged".into();
    let scene = Scene::new();
    assert_eq!(scene.answer(&event).await["body"], "missing or wrong signature");
    let kept: Value = serde_json::from_str(&scene.outbox.quarantined()[0].text).unwrap();
    let headers = kept["headers"].as_array().unwrap();
    for (name, value) in [
        ("cookie", "a=1; b=2"),
        ("x-many", "one"),
        ("x-many", "two"),
        ("host", "abcdef1234.execute-api.us-east-1.amazonaws.com"),
    ] {
        assert!(
            headers.contains(&json!([name, BASE64.encode(value.as_bytes())])),
            "{name}: {headers:?}"
        );
    }
}

/// Function URLs and `cargo lambda watch` send fewer fields.
#[tokio::test]
async fn a_minimal_event_is_accepted() {
    let event = json!({
        "headers": delivery()["headers"],
        "requestContext": {"http": {"method": "POST"}},
        "body": BODY,
    });
    assert_eq!(Scene::new().answer(&event).await["statusCode"], 200);
}

#[tokio::test]
async fn a_body_that_is_too_long_gets_413_with_the_limit() {
    let answer = Scene::new().answer(&with("/body", "x".repeat(LONGEST_TEXT + 1))).await;
    assert_eq!(answer["statusCode"], 413);
    assert_eq!(answer["body"], "the body is longer than 1044480 bytes");
    let longest = Scene::new().answer(&with("/body", "x".repeat(LONGEST_TEXT))).await;
    assert_eq!(longest["statusCode"], 401);
}

#[tokio::test]
async fn a_registration_window_answers_200_without_an_id() {
    let scene = Scene::new();
    scene.store.register(Some(Timestamp::from_seconds(1_705_090_491)));
    let answer = scene.answer(&with("/headers/x-kuenta-signature", "forged")).await;
    assert_eq!((&answer["statusCode"], &answer["body"]), (&json!(200), &json!("OK")));
    assert_eq!(answer["headers"].get("x-delivery-id"), None);
    assert_eq!(scene.outbox.queued(), []);
    assert_eq!(scene.outbox.quarantined().len(), 1);
}

/// The query of a provider that signs a value in it is read as it was sent.
#[tokio::test]
async fn a_signed_value_of_the_query_counts() {
    use acuse_core::provider::Provider;
    use acuse_core::provider::scheme::{Part, Scheme, Signature};
    static IN_QUERY: Provider = Provider {
        scheme: Scheme {
            token: None,
            signatures: &[Signature {
                content: &[Part::Lower(&[Part::Query("data.id")])],
                ..Signature::hmac(&["x-kuenta-signature"])
            }],
        },
        ..kuenta::PROVIDER
    };
    for (query, expected) in [
        ("type=payment&data.id=PAY%209", 200),
        ("data.id=pay+9", 200),
        ("data.id=pay_9", 401),
        ("data.id=pay+9&data.id=pay+9", 401),
        ("", 401),
        ("%\u{0}&=&data.id", 401),
    ] {
        let scene = Scene::new();
        let clock = StoppedClock::at(Timestamp::from_seconds(1_705_090_431));
        let verifier = Verifier::new(&IN_QUERY, &scene.store, &scene.outbox, clock, Dice::default());
        let mut event = with("/rawQueryString", query);
        event["headers"]["x-kuenta-signature"] = sign("good", b"pay 9").into();
        let request = serde_json::from_slice(event.to_string().as_bytes()).unwrap();
        let answer = answer(&verifier, request).await;
        assert_eq!(answer.status_code, expected, "{query}");
    }
}

/// The example of AWS's documentation, as a signed delivery to the path of `path`. It has no `pathParameters`, and its
/// stage and route are placeholders.
/// <https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-request-payload>
fn to_function_url(path: &str) -> Value {
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "parameter1=value1&parameter1=value2&parameter2=value",
        "cookies": ["cookie1", "cookie2"],
        "headers": {
            "header1": "value1",
            "host": "abcdef.lambda-url.us-east-1.on.aws",
            "x-forwarded-for": "123.123.123.123",
            "x-kuenta-signature": sign("good", BODY.as_bytes()),
        },
        "queryStringParameters": {"parameter1": "value1,value2", "parameter2": "value"},
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "<urlid>",
            "authentication": null,
            "authorizer": {
                "iam": {
                    "accessKey": "AKIA...",
                    "accountId": "111122223333",
                    "callerId": "AIDA...",
                    "cognitoIdentity": null,
                    "principalOrgId": null,
                    "userArn": "arn:aws:iam::111122223333:user/example-user",
                    "userId": "AIDA...",
                },
            },
            "domainName": "<url-id>.lambda-url.us-west-2.on.aws",
            "domainPrefix": "<url-id>",
            "http": {
                "method": "POST",
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "123.123.123.123",
                "userAgent": "agent",
            },
            "requestId": "id",
            "routeKey": "$default",
            "stage": "$default",
            "time": "12/Mar/2020:19:03:58 +0000",
            "timeEpoch": 1_583_348_638_390_u64,
        },
        "body": BODY,
        "pathParameters": null,
        "isBase64Encoded": false,
        "stageVariables": null,
    })
}

#[tokio::test]
async fn a_function_url_serves_the_paths_of_the_api_and_no_others() {
    for path in ["/webhooks/kuenta", "/webhooks/kuenta/", "/webhooks/kuenta/default"] {
        let scene = Scene::new();
        let answer = scene.answer(&to_function_url(path)).await;
        assert_eq!(
            (&answer["statusCode"], scene.outbox.queued().len()),
            (&json!(200), 1),
            "{path}"
        );
    }
    for path in [
        "",
        "/",
        "/kuenta",
        "/webhooks",
        "/webhooks/",
        "/webhooks/kuentas",
        "/webhooks/onepay",
        "//webhooks/kuenta",
        "/Webhooks/kuenta",
    ] {
        let scene = Scene::new();
        assert_eq!(scene.answer(&to_function_url(path)).await["statusCode"], 404, "{path}");
        scene.assert_untouched();
    }
}

#[tokio::test]
async fn a_function_url_brings_the_account_and_base64_like_the_api() {
    let scene = Scene::new();
    let answer = scene.answer(&to_function_url("/webhooks/kuenta/unknown")).await;
    assert_eq!(answer["body"], "no such account");

    let (scene, mut event) = (Scene::new(), to_function_url("/webhooks/kuenta"));
    event["body"] = BASE64.encode(BODY.as_bytes()).into();
    event["isBase64Encoded"] = true.into();
    assert_eq!(scene.answer(&event).await["statusCode"], 200);
    assert_eq!(scene.outbox.queued().len(), 1);

    let (scene, mut event) = (Scene::new(), to_function_url("/webhooks/kuenta"));
    event["requestContext"]["http"]["method"] = "GET".into();
    assert_eq!(scene.answer(&event).await["body"], "webhooks are posted here");
    scene.assert_untouched();
}
