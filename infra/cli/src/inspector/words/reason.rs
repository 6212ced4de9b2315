//! Why a delivery was refused or an event rejected, in Spanish. Reasons are in queues and ledger, in English.

use std::borrow::Cow;

use acuse_core::consume::SetAside;
use acuse_core::receive::signature::Refusal;

use super::Words;
use crate::stack::error::StackError;

const REFUSALS: [(Refusal, &str); 10] = [
    (Refusal::AccountUnknown, "no existe esa cuenta"),
    (Refusal::TokenMissing, "falta el encabezado del token"),
    (Refusal::TokenWrong, "el token es incorrecto"),
    (Refusal::SignatureMissing, "falta el encabezado de la firma"),
    (Refusal::SignatureUnreadable, "no se acepta la codificación de la firma"),
    (
        Refusal::SignatureExpired,
        "la hora de la firma está fuera de la tolerancia",
    ),
    (Refusal::SignatureWrong, "la firma es incorrecta"),
    (
        Refusal::TimestampInBody,
        "el contenido empieza con una hora, que va en el encabezado de la firma",
    ),
    (Refusal::EmptyBody, "el contenido está vacío"),
    (
        Refusal::TooLong,
        "el contenido es demasiado largo una vez descomprimido",
    ),
];

/// How reasons of the consumer begin, what comes after the part that differs, and the two in Spanish. What a hook or a
/// parser says follows as it is.
const BEGINNINGS: [(&str, &str, &str, &str); 15] = [
    ("given up after ", " attempts: ", "se abandonó tras ", " intentos: "),
    (
        "the function died during the last one",
        "",
        "la función murió durante el último",
        "",
    ),
    (
        "the function has died ",
        " times in a row while it worked on this message",
        "la función murió ",
        " veces seguidas mientras procesaba este mensaje",
    ),
    (
        "the event queue would forget it within a day: ",
        "",
        "la cola de eventos lo olvidaría en menos de un día: ",
        "",
    ),
    (
        "it was received as often as the queue allows: ",
        "",
        "se recibió tantas veces como permite la cola: ",
        "",
    ),
    ("the payload is not JSON: ", "", "el contenido no es JSON: ", ""),
    ("the payload can't be read: ", "", "no se puede leer el contenido: ", ""),
    (
        "the payload has no event type in ",
        "",
        "el contenido no tiene el tipo del evento en ",
        "",
    ),
    (
        "the payload's environment is ",
        "; it should be test, sandbox, staging or development, or live or production",
        "el entorno del contenido es ",
        "; debería ser test, sandbox, staging o development, o live o production",
    ),
    (
        "the message has no attribute ",
        "",
        "el mensaje no tiene el atributo ",
        "",
    ),
    ("not sent: ", "", "no se envió: ", ""),
    (
        "an event of the same key was received before, with other bytes",
        "",
        "antes se recibió un evento de la misma clave con otro contenido",
        "",
    ),
    ("dismissed: ", "", "descartado: ", ""),
    (
        "sent, but not deleted from the dead-letter queue: ",
        "",
        "se envió, pero no se borró de los mensajes fallidos: ",
        "",
    ),
    (
        "received too often without success",
        "",
        "se recibió demasiadas veces sin éxito",
        "",
    ),
];

impl Words {
    /// A reason of ours, in the reader's language. Other texts, such as a hook's, stay as they are.
    pub(in super::super) fn reason<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self.lang {
            "es" => spanish(text),
            _ => Cow::Borrowed(text),
        }
    }
}

impl Words {
    /// Why an event can't be sent back, in the reader's language. What AWS says stays as it is.
    pub(in super::super) fn refused(&self, error: &StackError) -> String {
        match error {
            StackError::StillBound {
                key,
                named,
                bound,
                provider,
                account,
                ..
            } if self.lang == "es" => format!(
                "`{key}` es del entorno `{}`, pero la cuenta `{account}` tiene asignado `{}`; si eso está mal, corrígelo (`acuse secrets bind {provider} --account {account} --environment {}`) e inténtalo de nuevo",
                named.name(),
                bound.name(),
                named.name()
            ),
            _ => acuse_core::error::chain(error),
        }
    }
}

fn spanish(text: &str) -> Cow<'_, str> {
    let known = REFUSALS.iter().find(|(refusal, _)| refusal.to_string() == text);
    if let Some((_, spanish)) = known {
        return Cow::Borrowed(spanish);
    }
    if let Some(why) = SetAside::from_reason(text) {
        return Cow::Owned(set_aside(why));
    }
    for (begins, then, spanish_begins, spanish_then) in BEGINNINGS {
        if let Some(rest) = text.strip_prefix(begins)
            && let Some((own, rest)) = rest.split_once(then)
        {
            let rest = spanish(rest);
            return Cow::Owned(format!("{spanish_begins}{own}{spanish_then}{rest}"));
        }
    }
    Cow::Borrowed(text)
}

fn set_aside(why: SetAside) -> String {
    match why {
        SetAside::TestDelivery => "una entrega de prueba de `acuse doctor`".to_owned(),
        SetAside::AccountEnvironment { named, bound } => format!(
            "es del entorno `{}`, pero su cuenta tiene asignado `{}`",
            named.name(),
            bound.name()
        ),
        SetAside::WrongEnvironment(named) => {
            format!("es del entorno `{}`, que este stack no recibe", named.name())
        }
        SetAside::Expired(at) => format!("vencido: ocurrió el {at}, antes de lo que recuerda el registro"),
    }
}

#[cfg(test)]
mod tests {
    use acuse_core::account::Environment;
    use acuse_core::clock::Timestamp;
    use acuse_core::provider::Unreadable;

    use super::super::{EN, ES};
    use super::*;

    #[test]
    fn a_reason_is_in_the_readers_language() {
        assert_eq!(EN.reason("the signature is wrong"), "the signature is wrong");
        assert_eq!(ES.reason("the signature is wrong"), "la firma es incorrecta");
        assert_eq!(ES.reason("something new"), "something new");
        assert_eq!(ES.reason("hook `ship`: no such shop"), "hook `ship`: no such shop");
        assert_eq!(
            ES.reason("given up after 12 attempts: hook `ship`: no such shop"),
            "se abandonó tras 12 intentos: hook `ship`: no such shop"
        );
        assert_eq!(
            ES.reason("given up after 3 attempts: the function died during the last one"),
            "se abandonó tras 3 intentos: la función murió durante el último"
        );
    }

    #[test]
    fn whatever_the_consumer_writes_is_translated() {
        let (live, test) = (Environment::Live, Environment::Test);
        let set_aside = [
            SetAside::TestDelivery,
            SetAside::AccountEnvironment {
                named: test,
                bound: live,
            },
            SetAside::WrongEnvironment(test),
            SetAside::Expired(Timestamp::from_seconds(1_795_732_005)),
        ];
        let unreadable = [
            Unreadable::NotJson("eof".to_owned()),
            Unreadable::Content("eof".to_owned()),
            Unreadable::NoType("`event`"),
            Unreadable::Environment("moon".to_owned()),
        ];
        let reasons = set_aside.map(|why| why.to_string()).into_iter();
        for reason in reasons.chain(unreadable.map(|why| why.to_string())) {
            let spanish = ES.reason(&reason);
            assert!(spanish != reason && !spanish.contains(" the "), "{spanish}");
            assert!(!spanish.contains("it should be"), "{spanish}");
        }
    }
}
