//! The objects in a provider's payloads as types.

/// Declares an object that a provider sends, as a struct: `id`, the fields listed, each of which may be missing, and
/// `other`, the members without a field of their own. A field that has another shape than its guide says counts as missing
/// and is in `other`, so that no event is rejected for what its hook does not read. `of` reads it from an event about such a resource.
///
/// serde's `flatten` would do, but reads the other members into a form that rounds numbers.
///
/// ```
/// use acuse_core::event::Amount;
///
/// acuse_core::object! {
///     /// A payment.
///     pub struct Payment of "pagosya", "payment" {
///         amount: Amount = "amount",
///         /// Such as `COP`.
///         currency: String = "currency",
///     }
/// }
///
/// let payment: Payment = serde_json::from_str(r#"{"id": 7, "amount": 1500.10, "status": "paid"}"#)?;
/// assert_eq!(payment.id, "7");
/// assert_eq!(payment.amount.unwrap(), "1500.10");
/// assert_eq!(payment.other.text("status").as_deref(), Some("paid"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[macro_export]
macro_rules! object {
    ($(#[$meta:meta])* $vis:vis struct $Type:ident of $provider:literal, $kind:literal {
        $($(#[$doc:meta])* $field:ident: $T:ty = $name:literal),* $(,)?
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone)]
        #[non_exhaustive]
        $vis struct $Type {
            /// `id`.
            pub id: String,
            $(#[doc = concat!("`", $name, "`.")] $(#[$doc])* pub $field: Option<$T>,)*
            /// The other members, exactly as sent.
            pub other: $crate::event::Other,
        }

        impl $Type {
            #[doc = concat!("The `", $kind, "` that `event` is about; `None` if it is about something else.")]
            ///
            /// # Errors
            /// [`Mismatch`]($crate::event::Mismatch) names the field; a hook that uses `?` on it rejects the event.
            pub fn of(event: &$crate::event::Event) -> Result<Option<Self>, $crate::event::Mismatch> {
                match event.provider == $provider && event.is_about($kind) {
                    true => event.resource_as().map(Some),
                    false => Ok(None),
                }
            }
        }

        impl<'de> $crate::__private::serde::Deserialize<'de> for $Type {
            fn deserialize<D: $crate::__private::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                use $crate::__private::{Member, serde};

                struct Object;

                impl<'de> serde::de::Visitor<'de> for Object {
                    type Value = $Type;

                    fn expecting(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                        f.write_str("an object")
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<$Type, A::Error> {
                        let (mut id, mut other) = (None, $crate::event::Other::default());
                        $(let mut $field: Option<$T> = None;)*
                        while let Some(name) = map.next_key::<String>()? {
                            match name.as_str() {
                                "id" => {
                                    let sent = map.next_value::<Option<<String as Member>::Sent>>()?;
                                    id = sent.map(Into::into);
                                }
                                $($name => $field = <$T>::next(name, &mut map, &mut other)?,)*
                                _ => other.insert(name, map.next_value()?),
                            }
                        }
                        let id = id.ok_or_else(|| serde::de::Error::missing_field("id"))?;
                        Ok($Type { id, $($field,)* other })
                    }
                }

                deserializer.deserialize_map(Object)
            }
        }

        impl $crate::__private::Member for $Type {
            type Sent = Self;
            const SHAPE: $crate::__private::Shape =
                $crate::__private::Shape::Object(&[$(($name, <$T as $crate::__private::Member>::SHAPE)),*]);
        }
    };
}

/// What a field's type is read from. Texts may be sent as numbers. Only for [`object!`](crate::object).
pub trait Member: Sized {
    /// The type that reads what was sent.
    type Sent: serde::de::DeserializeOwned + Into<Self>;

    /// What it is in a JSON Schema.
    const SHAPE: Shape;

    /// The value of the member `name`; `None` for `null`, and for a value of another shape, which goes to `other`.
    fn next<'de, A: serde::de::MapAccess<'de>>(
        name: String,
        map: &mut A,
        other: &mut crate::event::Other,
    ) -> Result<Option<Self>, A::Error> {
        let json: Box<serde_json::value::RawValue> = map.next_value()?;
        Ok(match serde_json::from_str::<Option<Self::Sent>>(json.get()) {
            Ok(value) => value.map(Into::into),
            Err(_) => {
                other.insert(name, json);
                None
            }
        })
    }
}

impl Member for String {
    type Sent = crate::event::amount::AsSent;
    const SHAPE: Shape = Shape::Text;
}

impl Member for crate::event::Amount {
    type Sent = Self;
    const SHAPE: Shape = Shape::Amount;
}

/// What a declared member may be, for the JSON Schemas of the documentation.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// A text.
    Text,
    /// A number, or a text with one.
    Amount,
    /// An object with these members besides `id`.
    Object(&'static [(&'static str, Shape)]),
}

#[cfg(test)]
mod tests;
