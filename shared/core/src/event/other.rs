//! The members of a payload that have no field of their own.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::Mismatch;
use super::mismatch;

/// Those members of an object that its type has no field for, exactly as sent.
///
/// ```
/// # use acuse_core::providers::onepay::Payment;
/// # let json = r#"{"id": "p-1", "payment_link": "https://h/p-1", "customer": {"email": "a@b.co"}}"#;
/// # let payment: Payment = serde_json::from_str(json).unwrap();
/// #[derive(serde::Deserialize)]
/// struct Customer {
///     email: String,
/// }
/// assert_eq!(payment.other.text("payment_link").as_deref(), Some("https://h/p-1"));
/// let customer: Option<Customer> = payment.other.read("customer")?;
/// # assert_eq!(customer.unwrap().email, "a@b.co");
/// # Ok::<(), acuse_core::event::Mismatch>(())
/// ```
#[derive(Clone, Default)]
pub struct Other(BTreeMap<String, Box<RawValue>>);

impl Other {
    /// The text of a string or a number, exactly as sent; `None` for anything else.
    pub fn text(&self, name: &str) -> Option<String> {
        let json = self.0.get(name)?.get();
        crate::json::parse(json.as_bytes()).ok()?.scalar_text()
    }

    /// The member `name` as a type of your own; `None` if it is absent or `null`.
    ///
    /// # Errors
    /// [`Mismatch`] names the field, from `name` on.
    pub fn read<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Mismatch> {
        let json = self.0.get(name).map(|json| json.get()).filter(|json| *json != "null");
        json.map(|json| mismatch::read_member(name, json)).transpose()
    }

    /// The names of the members, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// For [`object!`](crate::object), which fills it.
    #[doc(hidden)]
    pub fn insert(&mut self, name: String, json: Box<RawValue>) {
        self.0.insert(name, json);
    }
}

/// Only the names: the values may be personal data.
impl fmt::Debug for Other {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted() {
        let mut other = Other::default();
        for name in ["payment_link", "customer"] {
            other.insert(name.to_owned(), RawValue::from_string("1".to_owned()).unwrap());
        }
        assert_eq!(other.names().collect::<Vec<_>>(), ["customer", "payment_link"]);
    }
}
