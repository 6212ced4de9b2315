//! The cases that are counted.

use acuse_core::clock::Timestamp;
use acuse_core::event::key::IdempotencyKey;
use acuse_core::event::{Environment, Event, Kind, Resource};
use acuse_core::provider::{Occurs, Reading};
use acuse_core::providers;
use acuse_core::providers::onepay::PROVIDER;
use acuse_core::receive::canonical;
use acuse_core::receive::secrets::Secrets;
use acuse_core::receive::signature;
use acuse_core::wire::delivery::{CanonicalForm, Delivery, DeliveryId, Unverified};
use acuse_core::wire::envelope::Envelope;
use bytes::Bytes;
use bytestring::ByteString;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderValue};
use sha2::Sha256;

use crate::{Failure, body, invocations};

/// One thing that is done once. What it needs is made before, and not counted.
pub(crate) struct Case {
    pub(crate) name: String,
    prepare: Box<dyn FnOnce() -> Result<Work, Failure>>,
}

/// Gives a number that depends on the whole result, so that none of it is optimised away.
pub(crate) type Work = Box<dyn FnOnce() -> usize>;

/// The sizes of bodies.
pub(crate) const SIZES: [(&str, usize); 3] = [("1K", 1 << 10), ("64K", 1 << 16), ("1M", 1 << 20)];

const SECRET: &str = "wh_tok_4f1c9c0a8e2b47d6";
const NOW: Timestamp = Timestamp::from_seconds(1_710_928_800);

/// All cases, in the order of the report.
pub(crate) fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut add = |name: String, prepare: Box<dyn FnOnce() -> Result<Work, Failure>>| {
        cases.push(Case { name, prepare });
    };
    for (size, length) in SIZES {
        add(format!("hmac/{size}"), Box::new(move || Ok(hmac(length))));
    }
    for form in [CanonicalForm::Raw, CanonicalForm::JavaScript, CanonicalForm::Python] {
        for (size, length) in SIZES {
            add(
                format!("verify/{}/{size}", form.name()),
                Box::new(move || verify(form, length)),
            );
        }
    }
    for (size, length) in SIZES {
        add(
            format!("seal/{size}"),
            Box::new(move || Ok(seal(body::of_length(length).into()))),
        );
    }
    // Bytes that SQS takes for no text travel as base64.
    add(
        "seal/base64/64K".to_owned(),
        Box::new(|| Ok(seal(vec![0x1F; 1 << 16].into()))),
    );
    for (size, length) in SIZES {
        add(format!("open/{size}"), Box::new(move || open(length)));
    }
    for (size, length) in SIZES {
        add(format!("event/{size}"), Box::new(move || Ok(event(length))));
    }
    add("key/plain".to_owned(), Box::new(|| Ok(key("pay_2Jk8sQ0".to_owned()))));
    add(
        "key/escaped".to_owned(),
        Box::new(|| Ok(key("pay#2Jk8|sQ0%".to_owned()))),
    );
    add("key/hashed".to_owned(), Box::new(|| Ok(key("x".repeat(2048)))));
    add("start/onepay".to_owned(), Box::new(|| invocations::start(&PROVIDER)));
    for provider in providers::ALL.iter() {
        add(
            format!("deliver/{}", provider.name),
            Box::new(|| invocations::deliver(provider)),
        );
    }
    add("deliver/sdk".to_owned(), Box::new(invocations::send));
    add("consume/new".to_owned(), Box::new(|| invocations::consume(false)));
    add("consume/duplicate".to_owned(), Box::new(|| invocations::consume(true)));
    cases
}

/// Runs the case of this name.
pub(crate) fn run(name: &str) -> Result<(), Failure> {
    let case = all().into_iter().find(|case| case.name == name);
    let case = case.ok_or_else(|| format!("no case is called {name:?}"))?;
    println!("{}", measured((case.prepare)()?));
    Ok(())
}

/// What callgrind counts, by this function's name.
#[inline(never)]
fn measured(work: Work) -> usize {
    work()
}

/// HMAC alone: what verification can't do without.
fn hmac(length: usize) -> Work {
    let body = body::of_length(length);
    Box::new(move || match Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()) {
        Ok(mac) => usize::from(mac.chain_update(&body).verify_slice(&[7; 32]).is_err()),
        Err(_) => 0,
    })
}

fn verify(form: CanonicalForm, length: usize) -> Result<Work, Failure> {
    let body = body::of_length(length);
    let signed = match form {
        CanonicalForm::Raw | CanonicalForm::JavaScript | CanonicalForm::Python => {
            canonical::bytes(&body.clone().into(), form)?
        }
        other => return Err(format!("no case signs the form {}", other.name()).into()),
    };
    let mut headers = HeaderMap::new();
    headers.insert("x-webhook-token", HeaderValue::from_static("wh_hdr_local"));
    headers.insert("x-signature", signature::sign(SECRET, &signed).parse()?);
    let secrets = format!(r#"{{"signing_secrets": ["{SECRET}"], "token": "wh_hdr_local"}}"#);
    let secrets = Secrets::parse(&PROVIDER, &secrets)?;
    let delivery: Delivery<Unverified> = Delivery::received(id(), NOW, headers, body.into());
    signature::verify(&delivery, &PROVIDER.scheme, &secrets, NOW)?;
    Ok(Box::new(move || {
        let verified = signature::verify(&delivery, &PROVIDER.scheme, &secrets, NOW);
        verified.map_or(0, |verified| verified.bytes().len())
    }))
}

fn seal(body: Bytes) -> Work {
    let envelope = envelope(body);
    Box::new(move || envelope.to_message().map_or(0, |message| message.text.len()))
}

fn open(length: usize) -> Result<Work, Failure> {
    let message = envelope(body::of_length(length).into()).to_message()?;
    let text = ByteString::from(message.text.as_str());
    Ok(Box::new(move || {
        let envelope = Envelope::from_message(text.clone(), |name| message.attribute(name));
        envelope.map_or(0, |envelope| envelope.body.len())
    }))
}

fn event(length: usize) -> Work {
    let envelope = envelope(body::of_length(length).into());
    Box::new(move || {
        let event = Event::read(envelope, &PROVIDER, Environment::Live);
        event.key.sort.len() + usize::from(event.unreadable.is_some())
    })
}

fn key(id: String) -> Work {
    let reading = Reading {
        resource: Some(Resource::new("payment", id)),
        ..Reading::new("payment.approved", Kind::PaymentSucceeded, Occurs::Once)
    };
    Box::new(move || {
        let key = IdempotencyKey::derive(PROVIDER.name, Environment::Live, &reading, "5a5a");
        key.partition.len() + key.sort.len()
    })
}

fn envelope(body: Bytes) -> Envelope {
    Envelope {
        account: Default::default(),
        provider: PROVIDER.name.to_owned(),
        content: Default::default(),
        delivery_id: id(),
        received_at: NOW,
        form: CanonicalForm::Raw,
        body,
        replay: None,
    }
}

fn id() -> DeliveryId {
    DeliveryId::new(NOW, [7; 10])
}
