//! What to do about a delivery in quarantine.

use acuse_core::provider::Provider;
use acuse_core::provider::scheme::merged;
use acuse_core::receive::signature::Diagnosis;

use crate::registry::providers;
use crate::stack::target::Target;

/// A diagnosis, with the command that sets the parameter if that helps.
pub(super) fn text(target: &Target, provider: &Provider, diagnosis: &Diagnosis) -> String {
    let (parameter, settings) = target.signature_settings(provider);
    advice(provider.name, diagnosis, &parameter, settings, target.is_local())
}

/// A parameter is set as a whole, so its present settings are repeated.
fn advice(provider: &str, diagnosis: &Diagnosis, parameter: &str, settings: &str, is_local: bool) -> String {
    let Some(named) = diagnosis.settings() else {
        return diagnosis.to_string();
    };
    let whole = merged(settings, &named);
    if let Some(Err(error)) = providers().by_name(provider).map(|own| own.with_settings(&whole)) {
        return format!("{diagnosis}; but with the present settings, {error}");
    }
    match is_local {
        true => format!("{diagnosis}; restart the stack with it: `acuse local --parameter '{parameter}={whole}'`"),
        false => {
            format!("{diagnosis}; this needs a deploy: `sam deploy --parameter-overrides '{parameter}=\"{whole}\"'`")
        }
    }
}

#[cfg(test)]
mod tests {
    use acuse_core::receive::signature::{Carrier, Match, Refusal};
    use acuse_core::wire::delivery::CanonicalForm;

    use super::*;

    #[test]
    fn the_advice_has_the_whole_parameter_and_the_command() {
        let diagnosis = Diagnosis {
            verdict: Err(Refusal::SignatureWrong),
            token: None,
            signature: Some(Match {
                carrier: Carrier::Header("signature".to_owned()),
                encodings: None,
                form: CanonicalForm::Trimmed,
                secret: "signing secret 1".to_owned(),
                caveat: None,
                settings: Some("forms=raw,trimmed".to_owned()),
            }),
            is_signed: true,
            headers: Vec::new(),
            no_secret: None,
            other_account: None,
            account: "default".to_owned(),
        };
        for (set, is_local, ends) in [
            (
                "",
                false,
                r#"; this needs a deploy: `sam deploy --parameter-overrides 'KuentaSignature="forms=raw,trimmed"'`"#,
            ),
            (
                "headers=x-hook",
                false,
                r#"; this needs a deploy: `sam deploy --parameter-overrides 'KuentaSignature="headers=x-hook forms=raw,trimmed"'`"#,
            ),
            (
                "headers=x-hook",
                true,
                "; restart the stack with it: `acuse local --parameter 'KuentaSignature=headers=x-hook forms=raw,trimmed'`",
            ),
        ] {
            let text = advice("kuenta", &diagnosis, "KuentaSignature", set, is_local);
            assert!(text.ends_with(ends), "{text}");
        }
    }
}
