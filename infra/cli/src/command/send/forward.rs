//! `acuse send … --forward-to`: what a destination gets, without any stack. A sample is signed with the local stack's
//! secret, verified, read and sent, all in this program.

use std::process::ExitCode;

use acuse_aws::system::{SystemClock, SystemRandom};
use acuse_core::account::Environment;
use acuse_core::clock::{Clock, Random};
use acuse_core::destination::answer::Verdict;
use acuse_core::destination::config::Target as To;
use acuse_core::event::{Event, payload};
use acuse_core::receive::signature;
use acuse_core::wire::delivery::{Delivery, DeliveryId};
use acuse_core::wire::envelope::Envelope;
use aws_config::{BehaviorVersion, SdkConfig};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::Arguments;
use super::payload::{Planned, Shuffle, Source};
use super::sender::Senders;
use crate::command::Failure;
use crate::command::destinations::{json, line, print_body};
use crate::command::forward::Forward;
use crate::sample::Sample;
use crate::say;
use crate::terminal::{self, counted};

/// Sends what the arguments name to `to`. An answer other than 2xx is an error.
pub(super) async fn run(
    arguments: &Arguments,
    source: &Source,
    shuffle: Option<Shuffle>,
    to: &To,
) -> Result<ExitCode, Failure> {
    let senders = Senders::local(arguments, source)?;
    let sdk = SdkConfig::builder().behavior_version(BehaviorVersion::latest()).build();
    let forward = Forward::new(to, &arguments.forward_secret, sdk)?;
    let (mut count, mut failed) = (0, 0);
    for _ in 0..arguments.count {
        let planned = source.plan(&senders, &arguments.changes, arguments.twice)?;
        let planned = match &shuffle {
            Some(shuffle) => shuffle.apply(planned),
            None => planned,
        };
        for event in planned {
            tokio::time::sleep(event.delay).await;
            let again = 1 + usize::from(event.twice);
            let events = read(event)?;
            for event in std::iter::repeat_n(&events, again).flatten() {
                let sent = forward.send(event).await;
                match arguments.json {
                    true => terminal::json(json(event, &sent)),
                    false => say!("{}  {}  {}", line(&sent), event.type_name, event.key),
                }
                count += 1;
                let is_refused = sent.outcome.verdict() != Verdict::Delivered;
                if is_refused && !arguments.json {
                    print_body(&sent);
                }
                failed += usize::from(is_refused);
            }
        }
    }
    match failed {
        0 => Ok(ExitCode::SUCCESS),
        failed => Err(Failure::new(format!(
            "the backend did not take {failed} of {}",
            counted(count, "request")
        ))),
    }
}

/// The events of a payload, which is signed and verified as a delivery is.
fn read(planned: Planned<'_>) -> Result<Vec<Event>, Failure> {
    let Planned { sender, body, .. } = planned;
    let (provider, secrets, now) = (sender.provider, &sender.secrets, SystemClock.now());
    let sample = Sample::signed(provider, body, secrets, now, None)?;
    let mut headers = HeaderMap::new();
    for (name, value) in &sample.headers {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value)?);
    }
    let random = SystemRandom.bits().to_le_bytes();
    let id = DeliveryId::new(now, random.first_chunk().copied().unwrap_or_default());
    let delivery = Delivery::received(id, now, headers, sample.body);
    let delivery = delivery.sent_to(secrets.account().name.as_str());
    let verified = signature::verify(&delivery, &provider.scheme, secrets, now)?;
    let envelope = Envelope::seal(provider.name, &verified);
    let events = payload::events(&envelope, provider, Environment::Test);
    match events.iter().find_map(|event| event.unreadable.as_ref()) {
        None => Ok(events),
        Some(why) => Err(Failure::new(format!(
            "the payload can't be read as {}'s, so no destination would get it: {why}",
            provider.name
        ))),
    }
}

#[cfg(test)]
mod tests {
    use acuse_core::account::AccountName;

    use super::super::sender::Sender;
    use super::*;
    use crate::registry::providers;
    use crate::sample;

    #[test]
    fn each_providers_sample_is_verified_and_read() {
        for provider in providers() {
            let name = AccountName::parse("tienda-2").unwrap();
            let sender = Sender::local(provider, &name, String::new()).unwrap();
            for type_name in provider.types {
                let Ok(body) = sample::event(provider, type_name, sender.secrets.account(), SystemClock.now()) else {
                    continue;
                };
                let planned = Planned {
                    sender: &sender,
                    body: body.into_bytes(),
                    delay: std::time::Duration::ZERO,
                    twice: false,
                };
                let events = read(planned).unwrap_or_else(|failure| panic!("{failure:?}"));
                assert_eq!(events[0].type_name, *type_name);
                assert_eq!(events[0].account.name, name);
            }
        }
    }
}
