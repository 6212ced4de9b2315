//! A provider's accounts: named credentials, each with its own webhook URL.

mod environment;
mod name;

use std::borrow::Cow;

pub use environment::Environment;
pub use name::AccountName;

/// An account, and the environment that it is bound to. A verified delivery carries the account that proved it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// The account's name.
    pub name: AccountName,
    /// The environment that all its deliveries must be of. `None`: it is not bound, and takes any.
    pub environment: Option<Environment>,
}

impl Account {
    /// `{provider}`, `{provider}/{account}`, `{provider}@{environment}` or `{provider}/{account}@{environment}`: one
    /// text, since a message has no room for another attribute. A consumer from before accounts does not know such a
    /// provider, and dead-letters the message instead of mixing up two accounts.
    pub fn with_provider(&self, provider: &str) -> String {
        let scope = self.name.scope(provider);
        match self.environment {
            None => scope.into_owned(),
            Some(environment) => format!("{scope}@{}", environment.name()),
        }
    }

    /// Reads [`with_provider`](Self::with_provider)'s text: the provider, and its account. `None` if the account's name
    /// or its environment is invalid.
    pub fn split(text: &str) -> Option<(&str, Self)> {
        let (scope, environment) = match text.split_once('@') {
            None => (text, None),
            Some((scope, environment)) => (scope, Some(Environment::from_name(environment)?)),
        };
        let (provider, name) = match scope.split_once('/') {
            None => (scope, AccountName::DEFAULT),
            Some((provider, name)) => (provider, AccountName::parse(name)?),
        };
        Some((provider, Self { name, environment }))
    }
}

impl AccountName {
    /// `{provider}` for the default account, else `{provider}/{account}`. Events of two accounts never share a key,
    /// and a message group is one account, so that a flood of one does not delay the others.
    pub fn scope<'a>(&self, provider: &'a str) -> Cow<'a, str> {
        match self.is_default() {
            true => Cow::Borrowed(provider),
            false => Cow::Owned(format!("{provider}/{self}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn provider_and_account_are_one_text() {
        for (text, name, environment) in [
            ("onepay", "default", None),
            ("onepay/test", "test", None),
            ("onepay@live", "default", Some(Environment::Live)),
            ("onepay/test@test", "test", Some(Environment::Test)),
        ] {
            let (provider, account) = Account::split(text).unwrap();
            assert_eq!((provider, account.name.as_str()), ("onepay", name));
            assert_eq!(account.environment, environment);
            assert_eq!(account.with_provider(provider), text);
        }
        for text in [
            "onepay/",
            "onepay/T",
            "onepay/a/b",
            "onepay@",
            "onepay@prod",
            "onepay@live/test",
            "onepay/test@",
        ] {
            assert_eq!(Account::split(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn two_accounts_never_share_a_scope(a in "[a-z0-9][a-z0-9_-]{0,8}", b in "[a-z0-9][a-z0-9_-]{0,8}") {
            let scope = |name: &str| AccountName::parse(name).unwrap().scope("onepay").into_owned();
            prop_assert_eq!(scope(&a) == scope(&b), a == b);
        }
    }
}
