//! The secret with all destinations, read and changed.

use std::time::Duration;

use acuse_core::destination::config::{Destination, Target};
use acuse_core::destination::sign::SigningSecret;
use acuse_core::destination::{DestinationName, Destinations};
use acuse_core::receive::secrets::LONGEST;
use aws_sdk_secretsmanager::Client;

use super::DestinationsError;
use crate::stack::secret::{RETRIES, StackSecretError, Versions, pause};

/// The bytes of a new signing secret.
const SECRET_BYTES: usize = 24;

/// A stack's secret with all destinations.
#[derive(Debug)]
pub struct Configuration(Versions);

impl Configuration {
    /// The secret with this name or ARN.
    pub fn new(client: Client, id: String) -> Self {
        Self(Versions::new(client, id))
    }

    /// The destinations as they are configured.
    ///
    /// # Errors
    /// [`DestinationsError`]
    pub async fn get(&self) -> Result<Destinations, DestinationsError> {
        Ok(self.read().await?.1)
    }

    async fn read(&self) -> Result<(String, Destinations), DestinationsError> {
        let value = self.0.current().await?;
        let text = value.secret_string.ok_or_else(|| DestinationsError::Binary {
            id: self.0.id().to_owned(),
        })?;
        let destinations = Destinations::parse(&text).map_err(DestinationsError::Invalid)?;
        Ok((value.version_id.unwrap_or_default(), destinations))
    }

    /// Applies `change` and stores the result, all over again if somebody else has changed a destination in between.
    /// With `dry_run`, everything is checked and nothing is stored. Returns what `change` returned the last time.
    ///
    /// # Errors
    /// What `change` returns; [`DestinationsError`] if the result can't be stored.
    pub async fn change<T, E: From<DestinationsError>>(
        &self,
        dry_run: bool,
        mut change: impl FnMut(&mut Destinations) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut retries = 0..RETRIES;
        loop {
            let (version, mut destinations) = self.read().await?;
            let changed = change(&mut destinations)?;
            let text = text(&destinations)?;
            if dry_run {
                return Ok(changed);
            }
            match self.0.write(&version, text).await {
                Ok(()) => return Ok(changed),
                Err(StackSecretError::Changed { .. }) if retries.next().is_some() => pause().await,
                Err(error) => return Err(DestinationsError::from(error).into()),
            }
        }
    }
}

/// What is stored.
fn text(destinations: &Destinations) -> Result<String, DestinationsError> {
    let text = destinations.to_json().map_err(DestinationsError::Mistake)?;
    match text.len() {
        ..=LONGEST => Ok(text),
        bytes => Err(DestinationsError::TooLong { bytes }),
    }
}

/// The destination of this name.
///
/// # Errors
/// [`DestinationsError`] if there is none, or it is stored with a mistake.
pub fn find<'a>(destinations: &'a Destinations, name: &DestinationName) -> Result<&'a Destination, DestinationsError> {
    match destinations.get(name.as_str()) {
        Some(Ok(destination)) => Ok(destination),
        Some(Err(mistake)) => Err(DestinationsError::Stored(mistake.clone())),
        None => Err(unknown(destinations, name)),
    }
}

/// There is no destination of this name.
pub fn unknown(destinations: &Destinations, name: &DestinationName) -> DestinationsError {
    let mistaken = destinations.errors().filter_map(|error| error.destination.as_ref());
    let names = destinations.iter().map(|destination| &destination.name).chain(mistaken);
    let mut present: Vec<String> = names.map(ToString::to_string).collect();
    present.sort();
    DestinationsError::Unknown {
        name: name.to_string(),
        present,
    }
}

/// A destination of somebody who develops a backend: on this machine or anywhere else, and patient, since a debugger may
/// hold it.
pub fn session(name: DestinationName, target: Target, secret: SigningSecret) -> Destination {
    let mut destination = Destination::new(name, target, vec![secret]);
    destination.allow_private = true;
    destination.timeout = Duration::from_secs((*Destination::TIMEOUT_SECONDS.end()).into());
    destination
}

/// A new signing secret.
///
/// # Errors
/// The operating system has no random bytes.
pub fn new_secret() -> Result<SigningSecret, getrandom::Error> {
    let mut bytes = [0; SECRET_BYTES];
    getrandom::fill(&mut bytes)?;
    SigningSecret::from_bytes(&bytes).ok_or(getrandom::Error::UNEXPECTED)
}

#[cfg(test)]
mod tests {
    use acuse_core::destination::config::OwnHeaders;

    use super::*;

    fn destination(name: &str) -> Destination {
        let target = Target::parse("https://shop.example/hooks").unwrap();
        Destination::new(
            DestinationName::parse(name).unwrap(),
            target,
            vec![new_secret().unwrap()],
        )
    }

    #[test]
    fn destinations_that_do_not_fit_a_secret_are_refused() {
        let mut destinations = Destinations::default();
        for number in 0..9 {
            let mut headers = OwnHeaders::default();
            headers.add("x-long", &"x".repeat(8000)).unwrap();
            destinations.put(Destination {
                headers,
                ..destination(&format!("shop-{number}"))
            });
        }
        let error = text(&destinations).unwrap_err();
        assert!(matches!(error, DestinationsError::TooLong { bytes } if bytes > LONGEST));
        assert!(
            error
                .to_string()
                .ends_with("a secret has room for 65536, so nothing was stored")
        );
        destinations.remove("shop-0");
        assert!(text(&destinations).is_ok());
    }

    #[test]
    fn an_unknown_name_lists_those_that_there_are() {
        let mut destinations = Destinations::parse(r#"{"destinations": {"broken": {}}}"#).unwrap();
        destinations.put(destination("shop"));
        let name = DestinationName::parse("shp").unwrap();
        let error = find(&destinations, &name).unwrap_err().to_string();
        assert_eq!(error, "there is no destination `shp`; there are `broken`, `shop`");
        let error = find(&Destinations::default(), &name).unwrap_err().to_string();
        assert_eq!(error, "there is no destination `shp`; none is configured");
    }

    #[test]
    fn a_mistake_of_another_destination_is_not_overwritten() {
        let mut destinations = Destinations::parse(r#"{"destinations": {"broken": {}}}"#).unwrap();
        destinations.put(destination("shop"));
        let error = text(&destinations).unwrap_err();
        assert!(
            error.advice().unwrap().contains("acuse destinations remove broken"),
            "{error}"
        );
    }

    #[test]
    fn new_secrets_differ_and_have_no_padding() {
        let [a, b] = [new_secret().unwrap().expose(), new_secret().unwrap().expose()];
        assert!(a != b && a.starts_with("whsec_") && !a.contains('='));
    }
}
