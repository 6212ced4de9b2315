//! `acuse secrets remove`.

use std::process::ExitCode;

use acuse_aws::system::SystemClock;
use acuse_core::account::AccountName;
use acuse_core::clock::Clock;

use super::arrivals::{Arrivals, Received};
use super::{Place, WITHDRAWN_AFTER};
use crate::command::Failure;
use crate::command::confirm::confirm;
use crate::{note, say};

/// The most events that are looked at.
const MOST: usize = 10_000;

pub(super) async fn run(place: &Place, yes: bool) -> Result<ExitCode, Failure> {
    let stored = place.secret.get().await?;
    // It may be in the previous version alone, if the last removal failed half-way.
    if !stored.contains(&place.account) {
        return Err(place.unknown(&stored));
    }
    let scope = place.scope();
    note!("looking for what {scope} received lately");
    let arrivals = Arrivals::read(&place.target.ledger()?, place.provider, MOST).await?;
    let received = arrivals.of(&place.account);
    note!("{}", arrived(&scope, &received, &arrivals.period()));
    note!("{}", consequence(&place.account));
    confirm(&format!("remove the account {scope}"), yes)?;
    let removed = place.secret.replace(&stored, &place.account, None);
    place.acting("secrets remove", removed).await?;
    place.note_kept(&stored);
    say!(
        "removed the account {scope}; a running function may accept its deliveries until {}",
        SystemClock.now().plus(WITHDRAWN_AFTER)
    );
    Ok(ExitCode::SUCCESS)
}

fn arrived(scope: &str, received: &Received, period: &str) -> String {
    match &received.last {
        Some(last) => format!("{scope} received {} {period}; the last one at {last}", received.text()),
        None => format!("{scope} received nothing {period}"),
    }
}

fn consequence(account: &AccountName) -> &'static str {
    match account.is_default() {
        true => {
            "once it is removed, its deliveries are answered 401 and kept in quarantine, until a secret is put. Other accounts are not affected"
        }
        false => {
            "once it is removed, its deliveries are answered 404, and those with a signature or token are kept in quarantine. Other accounts are not affected"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_removal_means_is_plain() {
        let nothing = arrived("onepay/test", &Received::default(), "in the last 7 days");
        assert_eq!(nothing, "onepay/test received nothing in the last 7 days");
        let name = |text| AccountName::parse(text).unwrap();
        assert!(consequence(&name("default")).contains("answered 401"));
        assert!(consequence(&name("test")).contains("answered 404"));
    }
}
