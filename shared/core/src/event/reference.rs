//! The merchant's own reference: what people have who ask whether an order was paid.
//!
//! A provider's `read` knows where it usually is. A [`ReferencePath`] names another place, for those who keep their
//! order number elsewhere, such as in a payment's metadata.

use std::collections::BTreeMap;

use crate::event::Event;
use crate::json::{self, Value};
use crate::provider::Provider;

/// Where a provider's payloads have the merchant's reference: names of members, such as `payment.metadata.order`. A
/// number is the place in an array, counted from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferencePath(Vec<String>);

impl ReferencePath {
    /// What a path looks like, for errors.
    pub const EXPECTED: &'static str = "names of members with dots between them, such as payment.metadata.order: \
        letters, digits, `_` and `-`, at most 200 characters";

    /// The longest path in characters.
    const LONGEST: usize = 200;

    /// Reads a path; `None` if it is none.
    ///
    /// ```
    /// use acuse_core::event::reference::ReferencePath;
    ///
    /// assert!(ReferencePath::parse("payment.metadata.order").is_some());
    /// assert!(ReferencePath::parse("$.payment").is_none());
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        let is_name = |name: &str| !name.is_empty() && name.chars().all(is_plain);
        let names: Vec<&str> = text.split('.').collect();
        let is_path = text.len() <= Self::LONGEST && names.iter().all(|name| is_name(name));
        is_path.then(|| Self(names.into_iter().map(str::to_owned).collect()))
    }

    /// The reference of a payload: a non-empty text, or a number as it is written. `None` if there is neither.
    pub fn find(&self, payload: &Value<'_>) -> Option<String> {
        let inner = |value, name: &String| match value {
            &Value::Array(ref items) => items.get(name.parse::<usize>().ok()?),
            object => object.get(name),
        };
        self.0.iter().try_fold(payload, inner)?.scalar_text()
    }
}

/// Where each provider's payloads have the merchant's reference, if it is not where the provider's `read` looks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct References(BTreeMap<String, ReferencePath>);

impl References {
    /// These paths, by the provider's name.
    pub fn new(paths: impl IntoIterator<Item = (&'static str, ReferencePath)>) -> Self {
        Self(paths.into_iter().map(|(name, path)| (name.to_owned(), path)).collect())
    }

    /// Gives the event the reference at its provider's path. One that has none there keeps its own.
    pub fn apply(&self, event: &mut Event) {
        let Some(path) = self.0.get(event.provider) else {
            return;
        };
        let found = json::parse(event.body()).ok().and_then(|payload| path.find(&payload));
        if found.is_some() {
            event.reference = found;
        }
    }

    /// [`apply`](Self::apply) for each of these.
    #[must_use]
    pub fn applied(&self, mut events: Vec<Event>) -> Vec<Event> {
        events.iter_mut().for_each(|event| self.apply(event));
        events
    }
}

/// The name of the variable that has a provider's path: `ONEPAY_REFERENCE`.
pub fn variable(provider: &Provider) -> String {
    provider.variable("REFERENCE")
}

/// The reference of a payload that no provider's `read` understands, where payloads usually have it: `reference` or
/// `external_id`, in the payload itself or in a member of it.
pub(crate) fn usual(payload: &Value<'_>) -> Option<String> {
    let own = |value: &Value<'_>| {
        let text = |name| value.get(name).and_then(Value::scalar_text);
        text("reference").or_else(|| text("external_id"))
    };
    let inner = || payload.as_object()?.iter().find_map(|(_, member)| own(member));
    own(payload).or_else(inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::{Account, Environment};
    use crate::clock::Timestamp;
    use crate::event::payload;
    use crate::providers;
    use crate::wire::content::Content;
    use crate::wire::delivery::{CanonicalForm, DeliveryId};
    use crate::wire::envelope::Envelope;

    fn found(path: &str, payload: &str) -> Option<String> {
        ReferencePath::parse(path)
            .unwrap()
            .find(&json::parse(payload.as_bytes()).unwrap())
    }

    #[test]
    fn the_reference_is_the_text_or_the_number_at_the_path() {
        let payload =
            r#"{"payment":{"metadata":{"order":"ORD-4821","n":4821.50,"none":"","deep":{}},"items":[{"sku":7}]}}"#;
        for (path, reference) in [
            ("payment.metadata.order", Some("ORD-4821")),
            ("payment.metadata.n", Some("4821.50")),
            ("payment.items.0.sku", Some("7")),
            ("payment.items.1.sku", None),
            ("payment.items.sku", None),
            ("payment.metadata.none", None),
            ("payment.metadata.deep", None),
            ("payment.order", None),
        ] {
            assert_eq!(found(path, payload).as_deref(), reference, "{path}");
        }
    }

    #[test]
    fn only_names_and_dots_are_a_path() {
        for path in ["order", "a-b.c_d.0", &"x".repeat(200)] {
            assert!(ReferencePath::parse(path).is_some(), "{path}");
        }
        let long = "x".repeat(201);
        for path in ["", ".", "a.", ".a", "a..b", "a b", "a[0]", "$.a", "ñ", &long] {
            assert_eq!(ReferencePath::parse(path), None, "{path}");
        }
    }

    /// The reference that the consumer reads in a payload of OnePay's, with this path.
    fn read(path: Option<&str>, payload: &'static str) -> Option<String> {
        let envelope = Envelope {
            account: Account::default(),
            provider: "onepay".to_owned(),
            content: Content::default(),
            delivery_id: DeliveryId::new(Timestamp::from_seconds(0), [0; 10]),
            received_at: Timestamp::from_seconds(0),
            form: CanonicalForm::Raw,
            body: payload.into(),
            replay: None,
        };
        let provider = providers::ALL.by_name("onepay").unwrap();
        let path = path.and_then(ReferencePath::parse);
        let references = References::new(path.map(|path| (provider.name, path)));
        let mut events = references.applied(payload::events(&envelope, provider, Environment::Live));
        events.remove(0).reference
    }

    const PAID: &str =
        r#"{"event":"payment.approved","payment":{"id":"p1","reference":"ORD-1","metadata":{"order":"4821"}}}"#;

    #[test]
    fn the_owner_says_where_the_order_number_is() {
        assert_eq!(read(None, PAID).as_deref(), Some("ORD-1"));
        assert_eq!(read(Some("payment.metadata.order"), PAID).as_deref(), Some("4821"));
        assert_eq!(
            read(Some("payment.metadata.none"), PAID).as_deref(),
            Some("ORD-1"),
            "its own"
        );
    }

    #[test]
    fn events_that_reach_no_hook_have_a_reference_too() {
        let (test, unreadable) = (
            r#"{"acuse.doctor":"now","reference":"T-1"}"#,
            r#"{"no":"type","payment":{"reference":"ORD-2","metadata":{"order":4822}}}"#,
        );
        assert_eq!(read(None, test).as_deref(), Some("T-1"));
        assert_eq!(read(None, unreadable).as_deref(), Some("ORD-2"));
        assert_eq!(
            read(Some("payment.metadata.order"), unreadable).as_deref(),
            Some("4822")
        );
        assert_eq!(read(Some("payment.metadata.order"), "not JSON"), None);
    }

    #[test]
    fn an_unknown_payload_has_its_reference_where_it_usually_is() {
        for (payload, reference) in [
            (r#"{"reference":"A"}"#, Some("A")),
            (r#"{"data":{"external_id":7},"x":{"reference":"B"}}"#, Some("7")),
            (r#"{"data":{"inner":{"reference":"A"}}}"#, None),
            (r#"["reference"]"#, None),
        ] {
            let payload = json::parse(payload.as_bytes()).unwrap();
            assert_eq!(usual(&payload).as_deref(), reference);
        }
    }
}
