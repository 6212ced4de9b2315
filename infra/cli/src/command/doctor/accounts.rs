//! A provider's accounts: their secrets, a test delivery to each, and its registration window.

use std::collections::{BTreeMap, BTreeSet};

use acuse_aws::system::SystemClock;
use acuse_core::account::AccountName;
use acuse_core::clock::Clock;
use acuse_core::provider::Provider;
use acuse_core::receive::SecretStore;
use acuse_core::receive::registration::Window;
use acuse_core::receive::secrets::{Secrets, StoredAccount};
use futures_util::{StreamExt, stream};

use super::{Checked, Problem, delivery};
use crate::stack::filter::account_option;
use crate::stack::secret::StackSecret;
use crate::stack::target::Target;

/// How many test deliveries are on their way at once: few, since each may start a function.
const AT_ONCE: usize = 8;

/// Reports each account's secret and, if `deliver`, its test delivery.
pub(super) async fn check(
    target: &Target,
    provider: &'static Provider,
    deliver: bool,
    mut report: impl FnMut(&str, Checked),
) {
    let name = provider.name;
    match open_window(target, provider).await {
        Ok(None) => {}
        Ok(Some(window)) => {
            let open = Problem(format!(
                "open until {}: deliveries that fail verification are answered 200. Close it with `acuse register {name} --close`",
                window.until
            ));
            report(&format!("{}: registration", window.account.scope(name)), Err(open));
        }
        Err(problem) => report(&format!("{name}: registration"), Err(problem)),
    }
    let (provider, found) = match stored(target, provider).await {
        Ok(found) => found,
        Err(problem) => return report(&format!("{name}: secret"), Err(problem)),
    };
    let several = found.len() > 1;
    if !found.contains_key(&AccountName::DEFAULT) {
        let none = format!("none: deliveries to `/webhooks/{name}` are refused with 401; only other accounts are used");
        report(&format!("{name}: secret"), Ok(none));
    }
    let mut found: Vec<_> = found.into_iter().collect();
    found.sort_by_key(|(account, _)| !account.is_default());
    let checks = found.into_iter().map(|(account, found)| async move {
        let arrived = match &found {
            Ok((secrets, _)) if deliver => Some(delivery::arrives(target, provider, secrets).await),
            _ => None,
        };
        (account, found.map(|(_, text)| text), arrived)
    });
    let mut checks = stream::iter(checks).buffered(AT_ONCE);
    while let Some((account, valid, arrived)) = checks.next().await {
        let scope = account.scope(name);
        report(&format!("{scope}: secret"), valid);
        if let Some(arrived) = arrived {
            report(&format!("{scope}: test delivery"), arrived);
        }
    }
    if several {
        report(&format!("{name}: accounts"), separate(target, provider).await);
    }
}

async fn open_window(target: &Target, provider: &'static Provider) -> Result<Option<Window>, Problem> {
    let window = target.secrets(provider)?.registration().await?;
    Ok(window.filter(|window| window.is_open(window.account.as_str(), SystemClock.now())))
}

/// Accounts by name: their secrets and what to say about them, or what is wrong.
type Found = BTreeMap<AccountName, Result<(Secrets, String), Problem>>;

/// The provider with the stack's settings, and its accounts.
async fn stored(target: &Target, provider: &'static Provider) -> Result<(&'static Provider, Found), Problem> {
    let provider = target.provider(provider)?;
    let store = target.secrets(provider)?;
    let missing = || Problem(format!("no secret yet: `acuse secrets put {}`", provider.name));
    let current = store.current().await?.ok_or_else(missing)?;
    let accepted = store.load().await?;
    let accepted = accepted.iter().map(|secrets| {
        let name = &secrets.account().name;
        let is_stored = matches!(current.get(name.as_str()), Some(Ok(own)) if !own.is_empty());
        let found = match is_stored {
            true => Ok((secrets.clone(), well_formed(provider, secrets))),
            false => Err(left_over(provider, name)),
        };
        (name.clone(), found)
    });
    let mut found: Found = accepted.collect();
    // Functions fall back on the previous version. Here, that would hide that the current one is invalid.
    let errors = current.errors();
    found.extend(errors.map(|error| (error.account.clone(), Err(error.clone().into()))));
    match found.is_empty() {
        true => Err(missing()),
        false => Ok((provider, found)),
    }
}

/// `acuse` leaves no account like this, unless a removal was interrupted.
fn left_over(provider: &Provider, account: &AccountName) -> Problem {
    let which = format!("{} --account {account}", provider.name);
    Problem(format!(
        "only in the previous version of the secret, so it is refused once any account of the provider changes. Store it again with `acuse secrets put {which}`, or withdraw it with `acuse secrets remove {which}`"
    ))
}

fn well_formed(provider: &Provider, secrets: &Secrets) -> String {
    // Only a delivery of the provider's own shows that it is the right one.
    let mut text = "well formed".to_owned();
    let account = secrets.account();
    if let Some(environment) = account.environment {
        text += &format!("; bound to `{}`", environment.name());
    }
    if let (Some(token), true) = (provider.scheme.token, secrets.has_no_token()) {
        text += &format!(
            "; its second factor is off, because the secret states that no token comes in `{}`",
            token.header
        );
    }
    match secrets.older() {
        0 => text,
        older => {
            let (name, option) = (provider.name, account_option(&account.name));
            text + &format!("; {older} older accepted as well, until `acuse secrets rotate {name}{option} --finish`")
        }
    }
}

/// Whether no two accounts have a signing secret or a token in common: with a shared one, a delivery for one account
/// can be sent to the other, test money as live.
async fn separate(target: &Target, provider: &'static Provider) -> Checked {
    let accounts = StackSecret::of(target, provider)?.get().await?.version.accounts;
    let shared = shared(&accounts);
    match shared.is_empty() {
        true => Ok("no two share a signing secret or token".to_owned()),
        false => Err(Problem(format!(
            "{}, so a delivery for one can pass as one for the other, test as live. Give each its own, from the provider's panel: `acuse secrets put {} --account NAME`",
            shared.into_iter().collect::<Vec<_>>().join("; "),
            provider.name
        ))),
    }
}

fn shared(accounts: &BTreeMap<AccountName, StoredAccount>) -> BTreeSet<String> {
    let mut owners: BTreeMap<_, BTreeSet<&str>> = BTreeMap::new();
    for (name, account) in accounts {
        let signing = account.signing_secrets.iter().map(|secret| ("signing secret", secret));
        let tokens = account.tokens.iter().flatten().map(|token| ("token", token));
        for value in signing.chain(tokens) {
            owners.entry(value).or_default().insert(name.as_str());
        }
    }
    let shared = owners.into_iter().filter(|(_, names)| names.len() > 1);
    let texts = shared.map(|((what, _), names)| {
        let names: Vec<&str> = names.into_iter().collect();
        format!("`{}` have the same {what}", names.join("`, `"))
    });
    texts.collect()
}

#[cfg(test)]
mod tests {
    use acuse_core::providers::onepay;
    use acuse_core::receive::secrets::{Accounts, SecretVersion};

    use super::*;

    #[test]
    fn a_missing_second_factor_is_reported() {
        let secrets = |text| Secrets::parse(&onepay::PROVIDER, text).unwrap();
        let with = secrets(r#"{"signing_secrets":["wh_tok_a"],"token":"wh_hdr_a"}"#);
        let without = secrets(r#"{"signing_secrets":["wh_tok_a"],"token":null}"#);
        let rows = [with.clone(), without.clone(), with.and_previous(without)];
        let off =
            "well formed; its second factor is off, because the secret states that no token comes in `x-webhook-token`";
        let older = "; 1 older accepted as well, until `acuse secrets rotate onepay --finish`";
        assert_eq!(
            rows.map(|secrets| well_formed(&onepay::PROVIDER, &secrets)),
            ["well formed".to_owned(), off.to_owned(), format!("{off}{older}")]
        );
    }

    #[test]
    fn an_account_is_reported_with_its_environment_and_its_own_rotation() {
        let text =
            r#"{"accounts":{"test":{"environment":"test","signing_secrets":["wh_tok_b","wh_tok_a"],"token":"t"}}}"#;
        let accounts = Accounts::parse(&onepay::PROVIDER, text).unwrap().unwrap();
        let secrets = accounts.get("test").unwrap().unwrap();
        assert_eq!(
            well_formed(&onepay::PROVIDER, secrets),
            "well formed; bound to `test`; 1 older accepted as well, until `acuse secrets rotate onepay --account test --finish`"
        );
    }

    #[test]
    fn a_secret_or_token_of_two_accounts_is_reported_without_its_value() {
        let shared_by = |text| {
            let version = SecretVersion::parse(&onepay::PROVIDER, text).unwrap().unwrap();
            shared(&version.accounts).into_iter().collect::<Vec<_>>()
        };
        let own = r#"{"accounts":{
            "default":{"signing_secrets":["wh_tok_a","wh_tok_a"],"token":"wh_hdr_a"},
            "test":{"signing_secrets":["wh_tok_b"],"token":["wh_hdr_b",null]},
            "shop":{"signing_secrets":["wh_tok_c"],"token":null}}}"#;
        assert_eq!(shared_by(own), Vec::<String>::new());
        let common = r#"{"accounts":{
            "default":{"signing_secrets":["wh_tok_new","wh_tok_a"],"token":"wh_hdr_a"},
            "test":{"signing_secrets":["wh_tok_a"],"token":"wh_hdr_b"},
            "shop":{"signing_secrets":["wh_tok_c"],"token":["wh_hdr_c","wh_hdr_b"]}}}"#;
        assert_eq!(
            shared_by(common),
            [
                "`default`, `test` have the same signing secret",
                "`shop`, `test` have the same token"
            ]
        );
    }
}
