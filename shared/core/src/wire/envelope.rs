//! The queue message: the only thing that the verifier and the consumer share.

use bytes::Bytes;
use bytestring::ByteString;
use data_encoding::BASE64;
use thiserror::Error;

use crate::account::Account;
use crate::clock::Timestamp;
use crate::wire::content::Content;
use crate::wire::delivery::{CanonicalForm, Delivery, DeliveryId, MOST_GROWTH, Verified};
use crate::wire::gzip::{self, GzipError};

/// The version that verify functions write, and replays of events.
pub const VERSION: &str = "1";

/// The version of a conflict's replay. A consumer from before conflicts existed would drop it as a duplicate of the
/// first event; a version it doesn't know goes to its dead-letter queue instead.
const CONFLICT_VERSION: &str = "2";

/// The version of a reconciled event. A consumer that does not know them would record it as a delivery that the provider
/// signed.
const RECONCILED_VERSION: &str = "3";

/// The longest text of one message in bytes, and therefore the longest body that a verifier accepts. SQS allows 1 MiB
/// including the names, types and values of attributes, which stay well under 4 KiB.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>
pub const LONGEST_TEXT: usize = 1024 * 1024 - 4096;

/// The longest canonical form of the longest body, and so the most that is compressed and decompressed.
pub(crate) const LONGEST_BODY: usize = MOST_GROWTH * LONGEST_TEXT;

/// A verified delivery on its way to the consumer. Can't be made from an unverified one. The operator's tool makes
/// others, which say so in [`replay`](field@Self::replay).
#[derive(Debug, Clone)]
pub struct Envelope {
    /// The provider's name.
    pub provider: String,
    /// The account that proved the delivery.
    pub account: Account,
    /// What the sender says about its body.
    pub content: Content,
    /// The delivery's id.
    pub delivery_id: DeliveryId,
    /// When the verifier received it.
    pub received_at: Timestamp,
    /// Which bytes the provider signed.
    pub form: CanonicalForm,
    /// Those bytes.
    pub body: Bytes,
    /// Set if an operator sent it on purpose.
    pub replay: Option<Replay>,
}

/// What an operator sends on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replay {
    /// An event: it is claimed even if it was rejected, is expired or belongs to another environment.
    Event,
    /// A conflict, as an event of its own: it is claimed under the key of its own record.
    Conflict,
    /// An event that never arrived, made of what the provider's API says. It is read and claimed like a delivery, and
    /// marked: no signature vouches for it.
    Reconciled,
}

/// A queue message: text and string attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The verified text itself, or the verified bytes in base64.
    pub text: String,
    /// The attributes, by name.
    pub attributes: Vec<(&'static str, String)>,
}

/// The verified bytes don't fit one message, not even compressed.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{length} bytes don't fit one SQS message of {LONGEST_TEXT}")]
pub struct TooLong {
    /// How long the verified bytes are.
    pub length: usize,
}

/// Why a message is not an envelope. The consumer keeps such a message in the dead-letter queue.
#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the texts say it")]
pub enum EnvelopeError {
    #[error("the message has no attribute `{0}`")]
    Missing(&'static str),
    #[error("the message's attribute `{name}` is {value:?}; it should be {expected}")]
    Attribute {
        name: &'static str,
        /// Its value, cut to 64 characters.
        value: String,
        expected: &'static str,
    },
    #[error("this consumer does not know the message's provider {0:?}; deploy the consumer first")]
    UnknownProvider(String),
    /// The body is not what the attribute `encoding` says.
    #[error("the message's body is not {0}")]
    Encoding(&'static str),
    #[error("the message's body can't be decompressed: {0}")]
    Gzip(#[from] GzipError),
}

const PROVIDER: &str = "provider";
const DELIVERY_ID: &str = "delivery_id";
const RECEIVED_AT: &str = "received_at";
const FORM: &str = "form";
const ENVELOPE: &str = "envelope";
const REPLAY: &str = "replay";
const CONTENT_TYPE: &str = "content_type";
const CONTENT_ENCODING: &str = "content_encoding";
const ENCODING: &str = "encoding";
const ENCODING_BASE64: &str = "base64";
const ENCODING_GZIP: &str = "gzip+base64";

impl Envelope {
    /// Puts a verified delivery of `provider` into an envelope.
    pub fn seal(provider: &str, delivery: &Delivery<Verified>) -> Self {
        Self {
            provider: provider.to_owned(),
            account: delivery.account().clone(),
            content: delivery.content().clone(),
            delivery_id: delivery.id(),
            received_at: delivery.received_at(),
            form: delivery.form(),
            body: delivery.bytes().clone(),
            replay: None,
        }
    }

    /// The same delivery with a JSON text that was read from its body.
    pub(crate) fn with_json(&self, text: Bytes) -> Self {
        Self {
            provider: self.provider.clone(),
            account: self.account.clone(),
            content: Content::default(),
            body: text,
            ..*self
        }
    }

    /// The message that carries it. The body travels as text if SQS accepts that, else as base64, compressed first if
    /// it would not fit otherwise.
    ///
    /// # Errors
    /// [`TooLong`] if it does not fit even so.
    pub fn to_message(&self) -> Result<Message, TooLong> {
        let too_long = TooLong {
            length: self.body.len(),
        };
        let (text, encoding) = match std::str::from_utf8(&self.body) {
            Ok(text) if is_sqs_text(text) && text.len() <= LONGEST_TEXT => (text.to_owned(), None),
            _ if BASE64.encode_len(self.body.len()) <= LONGEST_TEXT => {
                (BASE64.encode(&self.body), Some(ENCODING_BASE64))
            }
            // The consumer would not decompress it.
            _ if self.body.len() > LONGEST_BODY => return Err(too_long),
            _ => {
                let compressed = gzip::compress(&self.body).ok();
                let compressed = compressed.filter(|bytes| BASE64.encode_len(bytes.len()) <= LONGEST_TEXT);
                (BASE64.encode(&compressed.ok_or(too_long)?), Some(ENCODING_GZIP))
            }
        };
        let version = match self.replay {
            Some(Replay::Conflict) => CONFLICT_VERSION,
            Some(Replay::Reconciled) => RECONCILED_VERSION,
            _ => VERSION,
        };
        let mut attributes = vec![
            (ENVELOPE, version.to_owned()),
            (PROVIDER, self.account.with_provider(&self.provider)),
            (DELIVERY_ID, self.delivery_id.to_string()),
            (RECEIVED_AT, self.received_at.as_millis().to_string()),
            (FORM, self.form.name().to_owned()),
        ];
        let content = &self.content;
        attributes.extend(content.media_type.clone().map(|value| (CONTENT_TYPE, value)));
        attributes.extend(content.encoding.clone().map(|value| (CONTENT_ENCODING, value)));
        attributes.extend(encoding.map(|encoding| (ENCODING, encoding.to_owned())));
        attributes.extend(self.replay.map(|replay| (REPLAY, replay.name().to_owned())));
        Ok(Message { text, attributes })
    }

    /// Reads a message's text and attributes. Its body shares the text's memory, unless the text is encoded: the texts of a
    /// batch may have 6 MB.
    ///
    /// # Errors
    /// [`EnvelopeError`] names the attribute, its value and a valid one.
    pub fn from_message<'a>(
        text: impl Into<ByteString>,
        attribute: impl Fn(&str) -> Option<&'a str>,
    ) -> Result<Self, EnvelopeError> {
        let required = |name| attribute(name).ok_or(EnvelopeError::Missing(name));
        let version = required(ENVELOPE)?;
        if ![VERSION, CONFLICT_VERSION, RECONCILED_VERSION].contains(&version) {
            return Err(invalid(
                ENVELOPE,
                version,
                "1, 2 or 3; a newer verifier wrote it: deploy the consumer first",
            ));
        }
        let (id, at, form) = (required(DELIVERY_ID)?, required(RECEIVED_AT)?, required(FORM)?);
        let (provider, account) = sender(required(PROVIDER)?)?;
        let text = text.into();
        let body = match attribute(ENCODING) {
            None => text.into_bytes(),
            Some(ENCODING_BASE64) => Bytes::from(decode(&text)?),
            Some(ENCODING_GZIP) => Bytes::from(gzip::decompress(&decode(&text)?, LONGEST_BODY)?),
            Some(other) => return Err(invalid(ENCODING, other, "base64, gzip+base64, or absent")),
        };
        Ok(Self {
            provider: provider.to_owned(),
            account,
            content: Content {
                media_type: attribute(CONTENT_TYPE).map(str::to_owned),
                encoding: attribute(CONTENT_ENCODING).map(str::to_owned),
            },
            delivery_id: DeliveryId::parse(id).ok_or_else(|| invalid(DELIVERY_ID, id, "a UUID"))?,
            received_at: at
                .parse()
                .map(Timestamp::from_millis)
                .map_err(|_| invalid(RECEIVED_AT, at, "milliseconds since the Unix epoch"))?,
            form: CanonicalForm::from_name(form)
                .ok_or_else(|| invalid(FORM, form, "raw, js, python or another canonical form"))?,
            body,
            replay: attribute(REPLAY).and_then(Replay::from_name),
        })
    }
}

impl Replay {
    const fn name(self) -> &'static str {
        match self {
            Self::Event => "1",
            Self::Conflict => "conflict",
            Self::Reconciled => "reconciled",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Event, Self::Conflict, Self::Reconciled]
            .into_iter()
            .find(|own| own.name() == name)
    }
}

impl Message {
    /// The value of the attribute `name`.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let (_, value) = self.attributes.iter().find(|(own, _)| *own == name)?;
        Some(value)
    }
}

/// SQS accepts only the characters of XML 1.0; anything else fails the call.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>
fn is_sqs_text(text: &str) -> bool {
    // A fold over all bytes, without an early exit, lets the compiler vectorize it.
    let is_control = |byte: u8| byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r');
    let has_controls = text.bytes().fold(false, |has, byte| has | is_control(byte));
    // Their first byte is rare, and looking for one byte is fast.
    let has_noncharacters = text.as_bytes().contains(&0xEF) && (text.contains("\u{FFFE}") || text.contains("\u{FFFF}"));
    !text.is_empty() && !has_controls && !has_noncharacters
}

/// The provider and the account that the attribute `provider` names.
fn sender(text: &str) -> Result<(&str, Account), EnvelopeError> {
    let expected = "a provider, or `provider/account`, and for a bound account `@test` or `@live` after it";
    Account::split(text).ok_or_else(|| invalid(PROVIDER, text, expected))
}

fn invalid(name: &'static str, value: &str, expected: &'static str) -> EnvelopeError {
    EnvelopeError::Attribute {
        name,
        value: value.chars().take(64).collect(),
        expected,
    }
}

fn decode(text: &str) -> Result<Vec<u8>, EnvelopeError> {
    let bytes = BASE64.decode(text.as_bytes());
    bytes.map_err(|_| EnvelopeError::Encoding("base64"))
}

#[cfg(test)]
mod tests;
