//! `acuse secrets rotate`.

use std::process::ExitCode;

use acuse_aws::system::SystemClock;
use acuse_core::clock::Clock;

use super::{ACCEPTED_AFTER, Place, WITHDRAWN_AFTER, ask};
use crate::command::Failure;
use crate::command::interrupt::{INTERRUPTED, interrupted};
use crate::command::progress::countdown;
use crate::{note, say};

pub(super) async fn run(place: &Place) -> Result<ExitCode, Failure> {
    let (scope, command) = (place.scope(), place.command("rotate"));
    let stored = place.secret.get().await?;
    let old = place.find(&stored)?;
    // If the old secret states that there is no token, so does the new one, unless a token is given.
    let mut new = ask(place.provider, &place.account, old.has_no_token())?;
    if new.environment.is_some_and(|given| old.environment != Some(given)) {
        return Err(Failure::with_advice(
            "a rotation leaves the account's environment as it is, but the object names another one",
            format!(
                "leave `environment` out, or run `{} --environment …` first",
                place.command("bind")
            ),
        ));
    }
    new.environment = old.environment;
    new.changed_at = Some(SystemClock.now());
    let new = new.beside(old);
    if new.signing_secrets == old.signing_secrets && new.tokens == old.tokens {
        note!("the new secret of {scope} is already there");
    } else {
        let put = place.secret.put(&stored, &place.account, new.clone());
        place.acting("secrets rotate", put).await?;
        note!("stored the new secret of {scope} beside the old one");
        place.note_no_token(&new);
    }
    if !until_accepted().await {
        note!(
            "interrupted: both secrets of {scope} are stored, but a running function may still refuse the new one. Don't change it at the provider yet: run `{command}` with the same secret to wait again"
        );
        return Ok(ExitCode::from(INTERRUPTED));
    }
    say!(
        "every running function accepts both secrets of {scope}. Now change it at the provider, then run `{command} --finish`"
    );
    Ok(ExitCode::SUCCESS)
}

/// Waits, and shows how long. Returns false if interrupted: some functions may not accept the secret yet.
async fn until_accepted() -> bool {
    let wait = async {
        let seconds = ACCEPTED_AFTER.as_secs();
        note!("waiting {seconds} s until every running function accepts it");
        countdown(ACCEPTED_AFTER).await;
    };
    tokio::select! {
        // Listens before the wait is announced.
        biased;
        () = interrupted() => false,
        () = wait => true,
    }
}

pub(super) async fn finish(place: &Place) -> Result<ExitCode, Failure> {
    let stored = place.secret.get().await?;
    let mut newest = place.find(&stored)?.clone();
    newest.signing_secrets.truncate(1);
    newest.tokens.truncate(1);
    let finished = place.secret.replace(&stored, &place.account, Some(newest));
    place.acting("secrets rotate --finish", finished).await?;
    say!(
        "only the newest secret of {} is stored; a running function may accept an older one until {}",
        place.scope(),
        SystemClock.now().plus(WITHDRAWN_AFTER)
    );
    Ok(ExitCode::SUCCESS)
}
