//! What happened, in words that all providers share.

/// The enum with its names and the list of all of them, from one list.
macro_rules! kinds {
    ($($(#[$attribute:meta])* $kind:ident,)*) => {
        /// What happened, in words that all providers share.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        #[expect(missing_docs, reason = "the names say it")]
        pub enum Kind {
            $($(#[$attribute])* $kind,)*
        }

        impl Kind {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)*];

            /// The name, such as `PaymentSucceeded`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => stringify!($kind),)*
                }
            }
        }
    };
}

kinds! {
    PaymentCreated,
    PaymentProcessing,
    PaymentSucceeded,
    PaymentPartiallyPaid,
    PaymentFailed,
    PaymentExpired,
    PaymentCancelled,
    PaymentRefunded,
    PaymentDisputed,
    /// It changed, and the payload does not say how: ask the provider's API.
    PaymentUpdated,
    PayoutCreated,
    PayoutApproved,
    PayoutProcessing,
    PayoutCompleted,
    PayoutCancelled,
    PayoutFailed,
    SubscriptionCreated,
    SubscriptionActivated,
    SubscriptionCharged,
    SubscriptionCancelled,
    InvoiceCreated,
    InvoicePaid,
    CustomerUpdated,
    AccountEnrolled,
    AccountFailed,
    CreditRequested,
    CreditApproved,
    CreditRejected,
    CreditDisbursed,
    CreditCompleted,
    DocumentCreated,
    DocumentSigned,
    DocumentExpired,
    ValidationStarted,
    ValidationCompleted,
    ValidationFailed,
    /// A type that Acuse does not know, or a payload that can't be read.
    Unknown,
}
