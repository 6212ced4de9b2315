//! Whether a destination is called, and what its deliveries failed with. The ledger has that in English.

use std::borrow::Cow;

use acuse_core::destination::Destination;
use acuse_core::destination::answer::Failure;
use acuse_core::destination::gate::State;

use super::Words;

const FAILURES: [(Failure, &str); 8] = [
    (Failure::NoAddress, "su nombre de host no tiene dirección"),
    (Failure::Forbidden, "su dirección no es una que se pueda llamar"),
    (Failure::Connect, "falló la conexión"),
    (Failure::Tls, "no tiene un certificado válido para su nombre de host"),
    (Failure::TimedOut, "no respondió a tiempo"),
    (Failure::Broken, "la conexión terminó antes de la respuesta"),
    (Failure::Queue, "la cola no recibió el mensaje"),
    (
        Failure::TooLarge,
        "el evento es demasiado grande para una cola: `acuse events show KEY` tiene su contenido, y una URL sí lo recibe",
    ),
];

const REASONS: [(&str, &str); 2] = [
    (
        "the ledger has forgotten its event",
        "el registro ya no tiene su evento",
    ),
    (
        "it was owed for too long, and its destination was down",
        "estuvo pendiente demasiado tiempo, y su destino no respondía",
    ),
];

const HINTS: [(&str, &str); 3] = [
    (
        "redirects are not followed: set the URL to where it leads",
        "no se siguen redirecciones: pon la URL a la que lleva",
    ),
    (
        "check that it verifies the raw body, with the destination's current signing secret",
        "revisa que verifique el contenido tal como llega, con el secreto de firma actual del destino",
    ),
    (
        "check the URL's path, and that it takes POST",
        "revisa la ruta de la URL, y que reciba POST",
    ),
];

impl Words {
    /// Whether a destination is called.
    pub(in super::super) fn gate(&self, destination: &Destination, state: &State) -> &'static str {
        match state {
            _ if destination.paused => self.paused,
            State::Paused(_) => self.paused,
            State::Open => self.open,
            State::Recovering { .. } => self.recovering,
            State::Closed { .. } => self.closed,
        }
    }

    /// Why a destination has not taken an event, in the reader's language. Other texts stay as they are.
    pub(in super::super) fn failure<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self.lang {
            "es" => spanish(text),
            _ => Cow::Borrowed(text),
        }
    }
}

fn spanish(text: &str) -> Cow<'_, str> {
    let failure = FAILURES.iter().find(|(failure, _)| failure.to_string() == text);
    let failure = failure.map(|(_, spanish)| *spanish);
    let reason = || REASONS.iter().find(|(english, _)| *english == text);
    if let Some(spanish) = failure.or_else(|| reason().map(|(_, spanish)| *spanish)) {
        return Cow::Borrowed(spanish);
    }
    let Some(answer) = text.strip_prefix("answered ") else {
        return Cow::Borrowed(text);
    };
    let (answer, hint) = answer.split_once("; ").unwrap_or((answer, ""));
    match HINTS.iter().find(|(english, _)| *english == hint) {
        Some((_, hint)) => Cow::Owned(format!("respondió {answer}; {hint}")),
        None if hint.is_empty() => Cow::Owned(format!("respondió {answer}")),
        None => Cow::Owned(format!("respondió {answer}; {hint}")),
    }
}

#[cfg(test)]
mod tests {
    use acuse_core::clock::Timestamp;
    use acuse_core::destination::DestinationName;
    use acuse_core::destination::answer::Outcome;
    use acuse_core::destination::config::Target;
    use acuse_core::destination::gate::Pause;
    use http::StatusCode;

    use super::super::{EN, ES};
    use super::*;
    use crate::command::destinations::state_text;

    #[test]
    fn each_state_of_a_destination_is_told_in_spanish_as_in_english() {
        let name = DestinationName::parse("shop").unwrap();
        let mut shop = Destination::new(name, Target::parse("https://shop.example/").unwrap(), Vec::new());
        let pause = Pause {
            reason: "410 Gone".to_owned(),
            since_ms: 0,
        };
        let closed = State::Closed {
            until: Timestamp::from_seconds(60),
            failures: 5,
        };
        for (state, spanish) in [
            (State::Open, "abierto"),
            (State::Recovering { allowance: 1 }, "recuperándose"),
            (closed, "cerrado: falla"),
            (State::Paused(pause), "en pausa"),
        ] {
            assert_eq!(ES.gate(&shop, &state), spanish);
            // The page and the tool have one word for a state.
            let (word, _) = state_text(&shop, &state);
            assert!(EN.gate(&shop, &state).starts_with(word), "{word}");
        }
        shop.paused = true;
        assert_eq!(
            (EN.gate(&shop, &State::Open), ES.gate(&shop, &State::Open)),
            ("paused", "en pausa")
        );
    }

    #[test]
    fn whatever_a_delivery_fails_with_is_translated() {
        let failures = FAILURES.map(|(failure, _)| Outcome::Failed(failure).to_string());
        let answers = [301, 400, 401, 404, 410, 500].map(|status| {
            let status = StatusCode::from_u16(status).unwrap();
            let retry_after = None;
            Outcome::Answered { status, retry_after }.to_string()
        });
        for text in failures.iter().chain(&answers) {
            let spanish = ES.failure(text);
            assert!(spanish != text.as_str() && EN.failure(text) == text.as_str());
            let english = [" the ", "answered", "check", "redirects", "nobody"];
            assert!(!english.iter().any(|word| spanish.contains(word)), "{spanish}");
        }
    }
}
