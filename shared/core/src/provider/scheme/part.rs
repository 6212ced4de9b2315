//! What a signature signs.

/// A part of the signed content. A signature whose parts are not all there is wrong: the sender can't have signed them.
///
/// ```
/// use acuse_core::provider::scheme::{Digest, Member, Part, Signature};
///
/// /// `md5(key~merchant~reference~value~currency~state)`, in the field `sign` of a form.
/// const PAYU: Signature = Signature {
///     member: Some(Member::Form("sign")),
///     content: &[
///         Part::Secret,
///         Part::Text("~"),
///         Part::Form("merchant_id"),
///         Part::Text("~"),
///         Part::Form("reference_sale"),
///         Part::Text("~"),
///         Part::OneDecimal(&[Part::Form("value")]),
///         Part::Text("~"),
///         Part::Form("currency"),
///         Part::Text("~"),
///         Part::Form("state_pol"),
///     ],
///     digest: Digest::MD5_WITH_SECRET,
///     ..Signature::hmac(&[])
/// };
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The body in one of the [canonical forms](super::Signature::forms).
    Body,
    /// The same in base64.
    BodyBase64,
    /// This text.
    Text(&'static str),
    /// The text of the signature's [`time`](super::Signature::time).
    Time,
    /// The value of this header.
    Header(&'static str),
    /// The text of a string or number in the body, by its path.
    Value(&'static [&'static str]),
    /// The text of each value whose path the body itself lists. The list must not be empty.
    Listed {
        /// The path of the list.
        list: &'static [&'static str],
        /// The object that the listed paths (`transaction.id`) start from.
        under: &'static [&'static str],
    },
    /// The value of this field of a form body, decoded. The field must be there exactly once: otherwise nothing says
    /// which of its values was signed.
    Form(&'static str),
    /// The value of this name in the URL's query string, decoded. It must be there exactly once.
    Query(&'static str),
    /// The secret itself, as its [`Key`](super::Key) reads it.
    Secret,
    /// These parts in lower case.
    Lower(&'static [Part]),
    /// These parts, an amount, without a second decimal that is zero, but with a first one: `150.00` and `150` become
    /// `150.0`, and `150.26` stays.
    OneDecimal(&'static [Part]),
    /// These parts, or nothing if one of them is absent.
    Optional(&'static [Part]),
}

/// A value of the delivery that is not a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Member {
    /// A string in the JSON body, by its path.
    Value(&'static [&'static str]),
    /// A field of a form body, which must be there exactly once.
    Form(&'static str),
    /// A value in the URL's query string, which must be there exactly once.
    Query(&'static str),
}
