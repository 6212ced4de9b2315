//! Why a delivery was refused, in Spanish.

use acuse_core::receive::signature::Refusal;

use super::Words;

const SPANISH: [(Refusal, &str); 10] = [
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

impl Words {
    /// A reason of the verify function, in the reader's language. Other texts stay as they are.
    pub(in super::super) fn reason<'a>(&self, text: &'a str) -> &'a str {
        let known = SPANISH.iter().find(|(refusal, _)| refusal.to_string() == text);
        match known {
            Some((_, spanish)) if self.lang == "es" => spanish,
            _ => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{EN, ES};

    #[test]
    fn a_reason_is_in_the_readers_language() {
        assert_eq!(EN.reason("the signature is wrong"), "the signature is wrong");
        assert_eq!(ES.reason("the signature is wrong"), "la firma es incorrecta");
        assert_eq!(ES.reason("something new"), "something new");
    }
}
