//! `acuse send` signs a fixture so that the verify function accepts it.

use acuse_core::clock::Timestamp;
use acuse_core::receive::secrets::Secrets;
use acuse_core::receive::signature::{sign_delivery, verify};
use acuse_core::wire::delivery::{Delivery, DeliveryId};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::provider;

#[test]
fn each_fixture_verifies_once_it_is_signed() {
    let now = Timestamp::from_seconds(1_900_000_000);
    for preset in acuse_presets::all() {
        let provider = provider(preset.name);
        if provider.scheme.signatures.iter().all(|way| way.digest.is_public()) {
            continue;
        }
        let secrets = serde_json::json!({"signing_secrets": ["c2VjcmV0LW9mLXRoZS1zYW1wbGVz"], "token": "token"});
        let secrets = Secrets::parse(provider, &secrets.to_string()).unwrap();
        for fixture in &preset.fixtures {
            let body = Bytes::from_static(fixture.body.trim_end().as_bytes());
            let signed = sign_delivery(&provider.scheme, &secrets, &body, now, "msg_1");
            let headers: HeaderMap = signed
                .headers
                .iter()
                .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()))
                .collect();
            let delivery = Delivery::received(DeliveryId::new(now, [0; 10]), now, headers, signed.body);
            let verified = verify(&delivery.with_query(&signed.query), &provider.scheme, &secrets, now);
            assert!(
                verified.is_ok(),
                "{}/{}: {:?}",
                preset.name,
                fixture.file,
                verified.err()
            );
        }
    }
}
