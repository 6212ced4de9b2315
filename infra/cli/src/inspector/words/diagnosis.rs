//! Why a delivery is in quarantine and what to do about it, in the reader's language.

use acuse_core::provider::scheme::Member;
use acuse_core::receive::signature::{Carrier, Caveat, Diagnosis, Match, Refusal, TokenFault};

use super::Words;
use crate::stack::quarantine::{Advice, Cause, OtherSecret, Setting};
use crate::stack::target::TargetError;

impl Words {
    /// What a delivery in quarantine lacks, and what helps.
    pub(in super::super) fn advice(&self, advice: &Advice) -> String {
        match self.lang {
            "es" => spanish(advice),
            _ => advice.to_string(),
        }
    }

    /// Why a delivery is in quarantine, in a few words.
    pub(in super::super) fn cause(&self, cause: &Cause) -> String {
        if self.lang != "es" {
            return cause.to_string();
        }
        match cause {
            Cause::VerifiesNow => "ahora se verifica".to_owned(),
            Cause::Signature(found) => format!("la firma está en {}", carrier(found)),
            Cause::Token(found) => fault(found),
            Cause::Refused(reason) => self.reason(reason).into_owned(),
        }
    }
}

fn spanish(advice: &Advice) -> String {
    match advice {
        Advice::Unreadable(_) => "no se puede leer el mensaje que está en cuarentena".to_owned(),
        Advice::NoProvider(name) => format!("no existe el proveedor `{name}`"),
        Advice::SwitchedOff(TargetError::SwitchedOff { provider, parameter }) => {
            format!("{provider} está desactivado en este stack: su parámetro `{parameter}` es `off`")
        }
        Advice::SwitchedOff(error) => error.to_string(),
        Advice::Diagnosed(found, setting, other) => {
            let other = other.as_ref().map_or_else(String::new, other_secret);
            format!("{}{}{other}", diagnosis(found), set(setting))
        }
    }
}

fn set(setting: &Setting) -> String {
    match setting {
        Setting::None => String::new(),
        Setting::Restart(command) => format!("; despliéguelo: `{command}`"),
        Setting::Deploy(command) => format!("; hay que desplegarlo: `{command}`"),
        Setting::Refused(error) => format!("; pero con la configuración actual no se puede: {error}"),
    }
}

fn other_secret(other: &OtherSecret) -> String {
    let OtherSecret { token, put, release } = other;
    let genuine = token.map_or_else(String::new, |token| {
        format!(". El token en `{token}` es correcto, así que es poco probable que sea falsa")
    });
    format!("{genuine}. Si el proveedor tiene otro secreto: `{put}` y después `{release}`")
}

fn diagnosis(found: &Diagnosis) -> String {
    if let Ok(form) = found.verdict {
        return format!(
            "ahora se verifica, con la forma canónica `{}`: al liberarla, entra a la cola",
            form.name()
        );
    }
    if let Some(other) = &found.other_account {
        let wrong = format!(
            "está firmada con el secreto de la cuenta `{other}`, pero se envió a `{}`: corrige la URL en el proveedor",
            found.account
        );
        return match &found.token {
            Some(token) => format!("{wrong}; {}", fault(token)),
            None => format!("{wrong}; si debe aceptarse como una de `{other}`, libérala con `--as-account {other}`"),
        };
    }
    if let Some(why) = &found.no_secret {
        return no_secret(why, &found.account);
    }
    let token = match &found.token {
        Some(token) => format!("{}; ", fault(token)),
        None => String::new(),
    };
    let headers = found.headers.join(", ");
    let expired = found.verdict == Err(Refusal::SignatureExpired);
    let signature = match &found.signature {
        Some(own) if expired && own.caveat.is_none() && own.settings.is_none() => {
            format!("{}, pero su hora está fuera de la tolerancia", valid(own))
        }
        Some(own) => valid(own),
        None if found.is_signed => format!(
            "ningún encabezado contiene una firma válida de este contenido: es falsa, o se firmó con un secreto que no está guardado; compara el secreto guardado con el del panel del proveedor (encabezados recibidos: {headers})"
        ),
        None => format!("ningún encabezado contiene una firma: no está firmada (encabezados recibidos: {headers})"),
    };
    format!("{token}{signature}")
}

fn no_secret(why: &str, account: &str) -> String {
    if why == "no secret is stored yet" {
        "todavía no hay un secreto guardado".to_owned()
    } else if why.starts_with("there is no account") {
        format!("no existe la cuenta `{account}`")
    } else {
        format!("el secreto guardado no es válido: {why}")
    }
}

fn valid(found: &Match) -> String {
    let mut text = format!(
        "{} contiene una firma válida de la forma canónica `{}`, hecha con {}",
        carrier(&found.carrier),
        found.form.name(),
        secret(&found.secret)
    );
    if let Some(settings) = &found.settings {
        text.push_str(&format!(": configure `{settings}`"));
    }
    if let Some(why) = found.caveat {
        text.push_str("; ");
        text.push_str(&caveat(why));
    }
    text
}

/// `signing secret 1`, or one of the previous version.
fn secret(name: &str) -> String {
    let name = name.replacen("signing secret", "el secreto de firma", 1);
    name.replacen("of the previous version", "de la versión anterior", 1)
}

fn carrier(carrier: &Carrier) -> String {
    match carrier {
        Carrier::Header(name) => format!("el encabezado `{name}`"),
        Carrier::Member(Member::Form(name)) => format!("el campo `{name}` del formulario"),
        Carrier::Member(Member::Query(name)) => format!("el parámetro `{name}` de la URL"),
        Carrier::Member(Member::Value(path)) => format!("el campo `{}` del contenido", path.join(".")),
    }
}

fn fault(fault: &TokenFault) -> String {
    match fault {
        TokenFault::Missing(header) => format!(
            "falta el encabezado `{header}` del token (si el webhook no tiene token: `acuse secrets put --no-token`)"
        ),
        TokenFault::Wrong(header) => format!("el token de `{header}` no es el guardado"),
        TokenFault::NotBearer(header) => format!("al token de `{header}` le falta `Bearer ` al comienzo"),
        TokenFault::Swapped(header) => format!(
            "el token de `{header}` está guardado como secreto de firma: intercámbialos con `acuse secrets put`"
        ),
        TokenFault::Elsewhere(header) => format!("el token está en otro encabezado: configura `token={header}`"),
    }
}

fn caveat(caveat: Caveat) -> String {
    let text = match caveat {
        Caveat::SignedBeforeGzip => {
            "se hizo antes de comprimir el contenido con gzip: pide que lo envíen sin comprimir, o con `Content-Encoding: gzip`"
        }
        Caveat::EmptyBody => "es auténtica, pero el contenido está vacío y no hay nada que aceptar",
        Caveat::PaddedSecret => {
            "se hizo con espacios alrededor del secreto: ingresa el secreto de nuevo en el proveedor, sin espacios"
        }
        Caveat::TimestampInBody => {
            "pero el contenido empieza con una hora: alguien grabó una firma con hora y la reenvió como firma del contenido solo"
        }
        Caveat::TokenHeader => {
            "ese es el encabezado del token, y no se puede configurar para los dos: pide que la envíen en otro encabezado"
        }
        Caveat::OtherSecrets => {
            "la clave es base64 o hexadecimal, pero otros secretos guardados no lo son: guárdala sola (`acuse secrets put`) y diagnostica de nuevo"
        }
        Caveat::OtherDigest { made, expected } => {
            return format!(
                "se hizo con {}, y Acuse espera {}: indica `Digest::{}` en el archivo del proveedor y despliega",
                made.name(),
                expected.name(),
                made.constant()
            );
        }
    };
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use acuse_core::wire::delivery::CanonicalForm;

    use super::super::{EN, ES};
    use super::*;

    fn found(carrier: Carrier) -> Diagnosis {
        Diagnosis {
            verdict: Err(Refusal::SignatureWrong),
            token: None,
            signature: Some(Match {
                carrier,
                encodings: None,
                form: CanonicalForm::Raw,
                secret: "signing secret 1 of the previous version".to_owned(),
                caveat: Some(Caveat::PaddedSecret),
                settings: Some("headers=x-own".to_owned()),
            }),
            is_signed: true,
            headers: vec!["x-own".to_owned()],
            no_secret: None,
            other_account: None,
            account: "default".to_owned(),
        }
    }

    /// English words that a Spanish sentence would not have.
    const ENGLISH: [&str; 14] = [
        "the",
        "is",
        "it",
        "of",
        "with",
        "and",
        "header",
        "signature",
        "secret",
        "body",
        "token's",
        "not",
        "set",
        "was",
    ];

    fn check(text: &str) {
        // What is in backticks stays as it is.
        let own = text.split('`').step_by(2).collect::<Vec<_>>().join(" ");
        let words: Vec<&str> = own.split(|letter: char| !letter.is_alphabetic()).collect();
        assert!(!words.iter().any(|word| ENGLISH.contains(word)), "{text}");
    }

    #[test]
    fn every_diagnosis_is_in_spanish() {
        let header = || Carrier::Header("x-own".to_owned());
        let tokens = [
            TokenFault::Missing("x-token"),
            TokenFault::Wrong("x-token"),
            TokenFault::NotBearer("authorization"),
            TokenFault::Swapped("x-token"),
            TokenFault::Elsewhere("x-other".to_owned()),
        ];
        let caveats = [
            Caveat::SignedBeforeGzip,
            Caveat::EmptyBody,
            Caveat::PaddedSecret,
            Caveat::TimestampInBody,
            Caveat::TokenHeader,
            Caveat::OtherSecrets,
        ];
        let carriers = [
            header(),
            Carrier::Member(Member::Form("s")),
            Carrier::Member(Member::Query("s")),
            Carrier::Member(Member::Value(&["a", "s"])),
        ];
        let plain = found(header());
        let mut all: Vec<Diagnosis> = carriers.into_iter().map(found).collect();
        all.extend(tokens.clone().map(|token| Diagnosis {
            token: Some(token),
            ..plain.clone()
        }));
        all.extend(caveats.map(|caveat| {
            let mut one = plain.clone();
            one.signature.as_mut().unwrap().caveat = Some(caveat);
            one
        }));
        for why in ["no secret is stored yet", "there is no account `x`"] {
            all.push(Diagnosis {
                no_secret: Some(why.to_owned()),
                ..plain.clone()
            });
        }
        for is_signed in [true, false] {
            all.push(Diagnosis {
                signature: None,
                is_signed,
                ..plain.clone()
            });
        }
        all.push(Diagnosis {
            verdict: Ok(CanonicalForm::Raw),
            ..plain.clone()
        });
        let settings = |place: usize| match place % 3 {
            0 => Setting::None,
            1 => Setting::Restart("acuse local".to_owned()),
            _ => Setting::Deploy("sam deploy".to_owned()),
        };
        for (place, diagnosis) in all.into_iter().enumerate() {
            let other = (place % 2 == 0).then(|| OtherSecret {
                token: (place % 4 == 0).then_some("x-webhook-token"),
                put: "acuse secrets put onepay".to_owned(),
                release: "acuse quarantine release --provider onepay".to_owned(),
            });
            let advice = Advice::Diagnosed(Box::new(diagnosis), settings(place), other);
            check(&ES.advice(&advice));
            assert_eq!(EN.advice(&advice), advice.to_string());
        }
        for token in tokens {
            check(&ES.cause(&Cause::Token(token)));
        }
        check(&ES.cause(&Cause::Signature(header())));
        check(&ES.cause(&Cause::Refused("the signature is wrong".to_owned())));
    }
}
