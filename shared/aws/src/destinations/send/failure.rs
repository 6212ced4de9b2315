//! Why there was no answer.

use std::error::Error;
use std::io;

use acuse_core::destination::answer::{Failure, Outcome};
use acuse_core::destination::egress::Forbidden;
use acuse_core::error::chain;
use hyper_util::client::legacy::Error as HyperError;

use super::Sent;
use crate::sdk::resolver::NoAddress;

/// The longest detail, in characters.
const LONGEST_DETAIL: usize = 300;

/// A try that ended with `error`.
pub(super) fn sent(error: &(dyn Error + 'static)) -> Sent {
    // What hyper's own error says, the failure says better.
    let told = error.downcast_ref::<HyperError>().and_then(Error::source);
    of(failure(error), Some(chain(told.unwrap_or(error))))
}

pub(super) fn timed_out() -> Sent {
    of(Failure::TimedOut, None)
}

/// A message of so many bytes, which no queue takes.
pub(super) fn too_large(bytes: usize, most: usize) -> Sent {
    let detail = format!("the message has {bytes} bytes, and SQS takes {most}");
    of(Failure::TooLarge, Some(detail))
}

/// A try that SQS refused, or that did not reach it.
pub(super) fn refused(error: &(dyn Error + 'static)) -> Sent {
    of(Failure::Queue, Some(chain(error)))
}

fn of(failure: Failure, detail: Option<String>) -> Sent {
    Sent {
        outcome: Outcome::Failed(failure),
        answer: None,
        detail: detail.map(|detail| detail.chars().take(LONGEST_DETAIL).collect()),
    }
}

fn failure(error: &(dyn Error + 'static)) -> Failure {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(failure) = known(error) {
            return failure;
        }
        cause = error.source();
    }
    let hyper = error.downcast_ref::<HyperError>();
    match hyper.is_some_and(HyperError::is_connect) {
        true => Failure::Connect,
        false => Failure::Broken,
    }
}

fn known(error: &(dyn Error + 'static)) -> Option<Failure> {
    if error.is::<Forbidden>() {
        return Some(Failure::Forbidden);
    }
    if error.is::<NoAddress>() {
        return Some(Failure::NoAddress);
    }
    if error.is::<rustls::Error>() {
        return Some(Failure::Tls);
    }
    let io = error.downcast_ref::<io::Error>()?;
    if io.kind() == io::ErrorKind::TimedOut {
        return Some(Failure::TimedOut);
    }
    // An I/O error's source is that of the error inside it, and not that error itself.
    known(io.get_ref()?)
}
