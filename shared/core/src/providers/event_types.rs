//! A provider's event types as one table.

/// Declares a provider's event types as a closed enum with an `Unknown` arm, from one table:
/// variant, name on the wire, [`Kind`](crate::provider::Kind).
///
/// ```
/// acuse_core::event_types! {
///     /// PagosYa's event types.
///     pub enum EventType of "pagosya" {
///         PaymentPaid = "payment.paid" => PaymentSucceeded,
///     }
/// }
///
/// assert_eq!(EventType::from_name("payment.paid").kind(), acuse_core::provider::Kind::PaymentSucceeded);
/// assert_eq!(EventType::NAMES, ["payment.paid"]);
/// ```
#[macro_export]
macro_rules! event_types {
    ($(#[$meta:meta])* $vis:vis enum $Type:ident of $provider:literal {
        $($Variant:ident = $name:literal => $Kind:ident),+ $(,)?
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[non_exhaustive]
        $vis enum $Type {
            $(#[doc = concat!("`", $name, "`")] $Variant,)+
            /// A type that Acuse does not know. It is valid, recorded and handed to hooks.
            Unknown(String),
        }

        impl $Type {
            /// The names of all known types.
            pub const NAMES: &'static [&'static str] = &[$($name),+];

            /// The type with this name on the wire.
            pub fn from_name(name: &str) -> Self {
                match name {
                    $($name => Self::$Variant,)+
                    other => Self::Unknown(other.to_owned()),
                }
            }

            /// The type of `event`; `None` if another provider sent it.
            pub fn of(event: &$crate::event::Event) -> Option<Self> {
                (event.provider == $provider).then(|| Self::from_name(&event.type_name))
            }

            /// The same in words that all providers share.
            pub fn kind(&self) -> $crate::provider::Kind {
                match self {
                    $(Self::$Variant => $crate::provider::Kind::$Kind,)+
                    Self::Unknown(_) => $crate::provider::Kind::Unknown,
                }
            }
        }
    };
}
