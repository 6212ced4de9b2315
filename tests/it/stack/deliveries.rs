//! Every answer of the verifier, for each provider.

use acuse_core::providers::{self, kuenta, onepay};
use acuse_core::receive::canonical;
use acuse_core::wire::delivery::CanonicalForm;
use acuse_core::wire::gzip;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_genuine_delivery_reaches_the_hooks_once() {
    for provider in providers::ALL {
        let body = payment(provider);
        let answer = deliver(provider, body.as_bytes()).await;
        assert_eq!(answer.text, "OK", "{}", provider.name);
        let id = resource_id(provider, &body);
        let record = record_with_status(provider, &id, "COMPLETED").await;
        assert_eq!(record.delivery_id, answer.delivery_id);
        assert!(record.hooks.contains_key("payments"));
        assert_eq!(record.payload.as_deref(), Some(body.as_bytes()));

        let item = payment_item(&record).await;
        assert_eq!((item["applied"].as_str(), item["status"].as_str()), ("1", "succeeded"));
        assert_eq!(item["last_type"], record.type_name);
        assert!(!item["amount"].is_empty() && !item["updated_at"].is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_delivery_is_refused_and_not_queued() {
    for provider in providers::ALL {
        let body = payment(provider);
        let tampered = body.replacen("event", "evenT", 1);
        let signature = signature_header(provider);
        let good = || Post::signed(provider, body.as_bytes());
        let mut cases = vec![
            ("wrong signature", "signature", good().with(signature, &"0".repeat(64))),
            ("missing signature", "signature", good().without(signature)),
            ("tampered body", "signature", good().with_body(tampered.as_bytes())),
            ("empty body", "signature", Post::signed(provider, b"")),
        ];
        if let Some(token) = provider.scheme.token.map(|token| token.header) {
            cases.push(("wrong token", "token", good().with(token, "wh_hdr_other")));
            cases.push(("missing token", "token", good().without(token)));
        }
        for (case, factor, post) in cases {
            let answer = send(post).await;
            assert_eq!(answer.status, 401, "{case} at {}", provider.name);
            assert_eq!(
                answer.text,
                format!("missing or wrong {factor}"),
                "{case} at {}",
                provider.name
            );
            assert_eq!(answer.delivery_id, None);
        }
        // A later delivery is completed, so a forged one that was queued would be too.
        let later = payment(provider);
        deliver(provider, later.as_bytes()).await;
        record_with_status(provider, &resource_id(provider, &later), "COMPLETED").await;
        let id = resource_id(provider, &body);
        let found = records(provider, |record| record.resource_id.as_deref() == Some(id.as_str())).await;
        assert_eq!(found.len(), 0, "{}", provider.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_delivery_is_quarantined() {
    let body = payment(&kuenta::PROVIDER);
    let post = Post::signed(&kuenta::PROVIDER, body.as_bytes());
    send(post.with("x-kuenta-signature", &"1".repeat(64))).await;
    let packed = data_encoding::BASE64.encode(body.as_bytes());
    let kept = message("QuarantineQueueUrl", "the quarantined delivery", |message| {
        message.body().is_some_and(|text| text.contains(&packed))
    });
    assert_eq!(attribute(&kept.await, "reason"), Some("the signature is wrong"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_duplicate_is_only_counted() {
    for provider in providers::ALL {
        let body = payment(provider);
        let id = resource_id(provider, &body);
        deliver(provider, body.as_bytes()).await;
        let first = record_with_status(provider, &id, "COMPLETED").await;
        for _ in 0..2 {
            deliver(provider, body.as_bytes()).await;
        }
        let record = record(provider, "two duplicates", |record| {
            // There are more if a delivery that was queued was answered 503, and sent again.
            record.key == first.key && record.duplicates >= 2
        })
        .await;
        assert_eq!((record.attempts, &record.completed_at), (1, &first.completed_at));
        assert_eq!(payment_item(&record).await["applied"], "1");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_of_an_unknown_type_is_accepted_and_recorded() {
    for provider in providers::ALL {
        let body = payment(provider);
        let known = type_name(provider, &body);
        let body = body.replace(&known, "payment.teleported");
        deliver(provider, body.as_bytes()).await;
        let payload = body.clone().into_bytes();
        let record = record(provider, "the unknown type", |record| {
            record.payload.as_deref() == Some(payload.as_slice()) && record.status == "COMPLETED"
        })
        .await;
        assert_eq!(record.type_name, "payment.teleported");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_genuine_delivery_that_is_not_json_is_rejected_and_dead_lettered() {
    for provider in providers::ALL {
        let marker = format!("not json {}", now().as_millis());
        let bytes = [b"\xff\xfe\x00 ".as_slice(), marker.as_bytes()].concat();
        for body in [marker.as_bytes(), &bytes] {
            let post = Post::signed(provider, body).with("content-type", "application/octet-stream");
            let answer = send(post).await;
            assert_eq!((answer.status, answer.text.as_str()), (200, "OK"), "{}", provider.name);
            let record = record(provider, "the unreadable payload", |record| {
                record.payload.as_deref() == Some(body)
            })
            .await;
            let record = record_with_key(provider, &record.key, "REJECTED").await;
            assert!(record.error.unwrap().starts_with("the payload is not JSON"));
            let dead = message("DeadLetterQueueUrl", "its dead letter", |message| {
                attribute(message, "delivery_id") == answer.delivery_id.as_deref()
            });
            assert!(
                attribute(&dead.await, "reason")
                    .unwrap()
                    .starts_with("the payload is not JSON")
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_megabyte_is_accepted_and_a_body_too_large_for_a_message_is_answered_413() {
    for provider in providers::ALL {
        let body = payment(provider);
        let padded = |length: usize| {
            let pad = " ".repeat(length - body.len());
            format!("{body}{pad}")
        };
        let megabyte = padded(1_000_000);
        deliver(provider, megabyte.as_bytes()).await;
        let record = record_with_status(provider, &resource_id(provider, &body), "COMPLETED").await;
        assert_eq!(record.payload.map(|payload| payload.len()), Some(1_000_000));
        let longer = padded(1_100_000);
        let answer = send(Post::signed(provider, longer.as_bytes())).await;
        assert_eq!(answer.status, 413, "{}", provider.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn header_names_may_be_in_any_case() {
    let title_case = acuse_cli::http::builder()
        .unwrap()
        .http1_title_case_headers()
        .build()
        .unwrap();
    for provider in providers::ALL {
        let body = payment(provider);
        let answer = send_with(&title_case, Post::signed(provider, body.as_bytes())).await;
        assert_eq!(answer.status, 200, "{}", provider.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_onepay_signed_rewritten_is_queued_as_it_was_signed() {
    let provider = &onepay::PROVIDER;
    let amounts = ["9007199254740992", "9007199254740992.0"];
    for (form, amount) in [CanonicalForm::JavaScript, CanonicalForm::Python]
        .into_iter()
        .zip(amounts)
    {
        let raw = payment(provider).replace("150000", "9007199254740993.0");
        let signed = canonical::bytes(&raw.clone().into(), form).unwrap();
        let post = Post::signed(provider, &signed).with_body(raw.as_bytes());
        assert_eq!(send(post).await.status, 200);
        let id = resource_id(provider, &raw);
        let record = record_with_status(provider, &id, "COMPLETED").await;
        assert_eq!(record.payload.as_deref(), Some(&signed[..]));
        assert_eq!(payment_item(&record).await["amount"], amount);
    }
}

/// The API alone decides about base64, whatever the content type. These are invocation events as AWS documents them.
#[tokio::test(flavor = "multi_thread")]
async fn a_base64_body_is_decoded_before_it_is_verified() {
    let running = stack().await;
    let mut tried = 0;
    for provider in providers::ALL {
        let name = provider.name;
        let output = format!("{}FunctionName", provider.logical_id());
        let path = format!("{}/fixtures/invoke/{name}.json", env!("CARGO_MANIFEST_DIR"));
        // One of the owner's has none.
        let Ok(event) = std::fs::read(path) else { continue };
        tried += 1;
        let url = format!(
            "{}/2015-03-31/functions/{}/invocations",
            running.endpoint, running.outputs[&output]
        );
        let answer = acuse_cli::http::client()
            .unwrap()
            .post(url)
            .body(event)
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(
            (&answer["statusCode"], &answer["body"]),
            (&200.into(), &"OK".into()),
            "{name}: {answer}"
        );
    }
    assert!(tried >= 3);
}

fn type_name(provider: &Provider, payload: &str) -> String {
    (provider.read)(&json::parse(payload.as_bytes()).unwrap())
        .unwrap()
        .type_name
        .as_str()
        .to_owned()
}

/// Like AWS's API, the emulator passes `application/json` on as UTF-8 text, and other content types as bytes.
#[tokio::test(flavor = "multi_thread")]
async fn a_compressed_encoded_or_form_body_reaches_the_hooks_as_json() {
    let provider = &kuenta::PROVIDER;
    let bytes = "application/octet-stream";
    for (media_type, encoding) in [
        (bytes, "gzip"),
        (bytes, "identity"),
        ("application/x-www-form-urlencoded", "identity"),
    ] {
        let text = payment(provider);
        let encoded = || text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
        let body = match (media_type, encoding) {
            (_, "gzip") => gzip::compress(text.as_bytes()).unwrap(),
            ("application/octet-stream", _) => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            _ => format!("payload={}", encoded()).into_bytes(),
        };
        let post = Post::signed(provider, &body).with("content-type", media_type);
        let answer = send(post.with("content-encoding", encoding)).await;
        assert_eq!(answer.status, 200, "{media_type} {encoding}");
        let id = resource_id(provider, &text);
        let first = record_with_status(provider, &id, "COMPLETED").await;
        assert_eq!(first.payload.as_deref(), Some(text.as_bytes()));
        // The same payload as plain JSON is the same event.
        deliver(provider, text.as_bytes()).await;
        let of_it = |record: &Record| record.resource_id.as_deref() == Some(id.as_str());
        let duplicate = record(provider, "the duplicate", |record| {
            of_it(record) && record.duplicates >= 1
        })
        .await;
        assert_eq!(duplicate.conflicts, None);
        assert_eq!(payment_item(&duplicate).await["applied"], "1");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_array_is_delivered_as_its_events() {
    let provider = &kuenta::PROVIDER;
    let texts: Vec<String> = (0..12).map(|_| payment(provider).trim_end().to_owned()).collect();
    let body = format!("[{}]", texts.join(",\n"));
    deliver(provider, body.as_bytes()).await;
    for text in &texts {
        let id = resource_id(provider, text);
        let record = record_with_status(provider, &id, "COMPLETED").await;
        assert_eq!(record.payload.as_deref(), Some(text.as_bytes()));
        assert_eq!(payment_item(&record).await["applied"], "1");
    }
}
