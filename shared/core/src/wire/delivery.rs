//! One HTTP attempt of a provider, before and after verification.

use std::fmt;

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use uuid::Uuid;

use crate::account::{Account, AccountName};
use crate::clock::Timestamp;
use crate::wire::content::Content;
use crate::wire::gzip::{self, GzipError};

/// One HTTP attempt. `State` is [`Unverified`] or [`Verified`]; only
/// [`signature::verify`](crate::receive::signature::verify) turns one into the other, and only a verified delivery
/// can be put into an [`Envelope`](crate::wire::envelope::Envelope).
#[derive(Debug, Clone)]
pub struct Delivery<State> {
    id: DeliveryId,
    received_at: Timestamp,
    state: State,
}

/// As received, from an unknown sender.
#[derive(Clone)]
pub struct Unverified {
    account: String,
    query: String,
    headers: HeaderMap,
    body: Bytes,
}

/// The provider signed exactly these bytes, with the secret of this account.
#[derive(Clone)]
pub struct Verified {
    account: Account,
    bytes: Bytes,
    form: CanonicalForm,
    content: Content,
}

/// Which bytes the provider signed: the body itself, the body as another runtime serializes it again (see
/// [`canonical`](crate::receive::canonical)), or the body with a different end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CanonicalForm {
    /// The body as received.
    Raw,
    /// `JSON.stringify(JSON.parse(body))` in Node.
    JavaScript,
    /// `json.dumps(json.loads(body), separators=(",", ":"))` in Python.
    Python,
    /// [`JavaScript`](Self::JavaScript) with members sorted by name.
    JavaScriptSorted,
    /// [`Python`](Self::Python) with `sort_keys=True`.
    PythonSorted,
    /// The body without trailing white space.
    Trimmed,
    /// The body with a line feed at its end, if it has none.
    Newline,
}

/// The most that a canonical form can be longer than its body, as a factor. DEL grows most: Python writes that byte as
/// `\u007f`. Numbers stay below: `1e20` becomes 21 digits in Node, and with its comma 22 bytes from 5.
pub const MOST_GROWTH: usize = 6;

/// Identifies one delivery in answers, logs, messages and records. Sorts by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryId(Uuid);

impl Delivery<Unverified> {
    /// A delivery to the default account from the HTTP adapter, which has already decoded the API's base64.
    pub fn received(id: DeliveryId, at: Timestamp, headers: HeaderMap, body: Bytes) -> Self {
        let account = AccountName::DEFAULT_TEXT.to_owned();
        Self {
            id,
            received_at: at,
            state: Unverified {
                account,
                query: String::new(),
                headers,
                body,
            },
        }
    }

    /// The same delivery, sent to this account. It may be any text, since it is from the URL.
    #[must_use]
    pub fn sent_to(mut self, account: impl Into<String>) -> Self {
        self.state.account = account.into();
        self
    }

    /// The same delivery, with this query string in its URL, without `?`. Nothing is read of it unless the provider
    /// signs a value in it.
    #[must_use]
    pub fn with_query(mut self, query: impl Into<String>) -> Self {
        self.state.query = query.into();
        self
    }

    /// The query string of its URL as received; empty if there is none.
    pub fn query(&self) -> &str {
        &self.state.query
    }

    /// The account that its URL names.
    pub fn account(&self) -> &str {
        &self.state.account
    }

    /// The headers as received.
    pub fn headers(&self) -> &HeaderMap {
        &self.state.headers
    }

    /// The body as received.
    pub fn body(&self) -> &Bytes {
        &self.state.body
    }

    /// Only [`signature::verify`](crate::receive::signature::verify) calls this.
    pub(crate) fn verified(&self, account: &Account, bytes: Bytes, form: CanonicalForm) -> Delivery<Verified> {
        let content = match form {
            CanonicalForm::Raw | CanonicalForm::Trimmed | CanonicalForm::Newline => {
                Content::from_headers(&self.state.headers)
            }
            // Serialized again, it is plain JSON.
            CanonicalForm::JavaScript
            | CanonicalForm::JavaScriptSorted
            | CanonicalForm::Python
            | CanonicalForm::PythonSorted => Content::default(),
        };
        Delivery {
            id: self.id,
            received_at: self.received_at,
            state: Verified {
                account: account.clone(),
                bytes,
                form,
                content,
            },
        }
    }

    /// The same delivery with its body decompressed; `None` unless its headers say that the body is gzip.
    pub(crate) fn decompressed(&self, limit: usize) -> Option<Result<Self, GzipError>> {
        if !Content::from_headers(&self.state.headers).is_gzip() {
            return None;
        }
        Some(gzip::decompress(&self.state.body, limit).map(|body| {
            let mut headers = self.state.headers.clone();
            headers.remove(CONTENT_ENCODING);
            Self::received(self.id, self.received_at, headers, body.into())
                .sent_to(self.account())
                .with_query(self.query())
        }))
    }
}

impl Delivery<Verified> {
    /// The account whose secret and token proved it, whatever its URL says.
    pub fn account(&self) -> &Account {
        &self.state.account
    }

    /// The bytes that the provider signed. They differ from the body unless [`form`](Self::form) is raw.
    pub fn bytes(&self) -> &Bytes {
        &self.state.bytes
    }

    /// The canonical form that the signature matched.
    pub fn form(&self) -> CanonicalForm {
        self.state.form
    }

    /// What the sender says about [`bytes`](Self::bytes).
    pub fn content(&self) -> &Content {
        &self.state.content
    }
}

impl<State> Delivery<State> {
    /// The id that this delivery has everywhere.
    pub fn id(&self) -> DeliveryId {
        self.id
    }

    /// When the verifier received it.
    pub fn received_at(&self) -> Timestamp {
        self.received_at
    }
}

impl DeliveryId {
    /// A version 7 UUID of `at` and ten random bytes.
    pub fn new(at: Timestamp, random: [u8; 10]) -> Self {
        let millis = u64::try_from(at.as_millis()).unwrap_or(0);
        Self(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }

    /// Reads what [`Display`](fmt::Display) printed.
    pub fn parse(text: &str) -> Option<Self> {
        Uuid::try_parse(text).ok().map(Self)
    }

    /// When this delivery was received; `None` if the UUID is not version 7.
    pub fn received_at(self) -> Option<Timestamp> {
        let time = self.0.get_timestamp().filter(|_| self.0.get_version_num() == 7)?;
        let (seconds, nanos) = time.to_unix();
        let millis = i64::try_from(seconds).ok()?.checked_mul(1000)?;
        Some(Timestamp::from_millis(
            millis.checked_add(i64::from(nanos / 1_000_000))?,
        ))
    }
}

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl CanonicalForm {
    /// All of them, the narrowest first: for a compact body with a line feed at its end, `trimmed` and `js` are the
    /// same text, but as a setting `trimmed` accepts less.
    pub const ALL: [Self; 7] = [
        Self::Raw,
        Self::Trimmed,
        Self::Newline,
        Self::JavaScript,
        Self::Python,
        Self::JavaScriptSorted,
        Self::PythonSorted,
    ];

    /// The name on the wire and in settings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::JavaScript => "js",
            Self::Python => "python",
            Self::JavaScriptSorted => "js-sorted",
            Self::PythonSorted => "python-sorted",
            Self::Trimmed => "trimmed",
            Self::Newline => "newline",
        }
    }

    /// Reads a [`name`](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.name() == name)
    }
}

/// Shows header names and the body's length only: values may contain signatures, tokens and personal data.
impl fmt::Debug for Unverified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unverified")
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("body_length", &self.body.len())
            .finish()
    }
}

impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified")
            .field("form", &self.form)
            .field("length", &self.bytes.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const AT: Timestamp = Timestamp::from_millis(1_700_000_000_123);

    #[test]
    fn an_id_has_its_time() {
        let id = DeliveryId::new(AT, [7; 10]);
        assert_eq!(id.received_at(), Some(AT));
        // The UUID of "www.example.com" in RFC 9562, A.2: of version 3, which has no time.
        let other = DeliveryId::parse("5df41881-3aed-3515-88a7-2f4a814cf09e").unwrap();
        assert_eq!(other.received_at(), None);
        // The UUID of RFC 9562, A.1: of version 1, which has one, but not when a delivery was received.
        let other = DeliveryId::parse("c232ab00-9414-11ec-b3c8-9f6bdeced846").unwrap();
        assert_eq!(other.received_at(), None);
    }

    #[test]
    fn debug_shows_no_value() {
        let mut headers = HeaderMap::new();
        headers.insert("x-webhook-token", HeaderValue::from_static("wh_hdr_1"));
        let body = Bytes::from_static(b"Ana Ruiz");
        let received = Delivery::received(DeliveryId::new(AT, [7; 10]), AT, headers, body.clone()).with_query("id=7");
        let verified = received.verified(&Account::default(), body, CanonicalForm::Raw);
        let (received, verified) = (format!("{received:?}"), format!("{verified:?}"));
        assert!(
            received.contains(r#"Unverified { headers: ["x-webhook-token"], body_length: 8 }"#),
            "{received}"
        );
        assert!(verified.contains("Verified { form: Raw, length: 8 }"), "{verified}");
        for shown in [received, verified] {
            assert!(
                !["wh_hdr_1", "Ana", "id=7"].iter().any(|value| shown.contains(value)),
                "{shown}"
            );
        }
    }
}
