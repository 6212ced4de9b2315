//! What to do about a delivery in quarantine.

use acuse_core::account::AccountName;
use acuse_core::provider::Provider;
use acuse_core::provider::scheme::merged;
use acuse_core::receive::signature::Diagnosis;

use crate::registry::providers;
use crate::stack::filter::account_option;
use crate::stack::target::Target;

/// A diagnosis, with the command that sets the parameter if that helps.
pub(super) fn text(target: &Target, provider: &Provider, diagnosis: &Diagnosis) -> String {
    let (parameter, settings) = target.signature_settings(provider);
    let text = advice(provider.name, diagnosis, &parameter, settings, target.is_local());
    format!("{text}{}", secret(provider, diagnosis).unwrap_or_default())
}

/// The command that helps if the stored secret is not the provider's; `None` if something else is wrong.
fn secret(provider: &Provider, diagnosis: &Diagnosis) -> Option<String> {
    let is_unknown = diagnosis.is_signed
        && diagnosis.signature.is_none()
        && diagnosis.no_secret.is_none()
        && diagnosis.other_account.is_none();
    if diagnosis.verdict.is_ok() || !is_unknown {
        return None;
    }
    let (name, account) = (provider.name, account_named(&diagnosis.account));
    let token = provider.scheme.token.filter(|_| diagnosis.token.is_none());
    let genuine = token.filter(|token| diagnosis.headers.iter().any(|header| header == token.header));
    let genuine = genuine.map(|token| format!(". The token in `{}` is right, so it is hardly forged", token.header));
    Some(format!(
        "{}. If the provider has another one: `acuse secrets put {name}{account}`, then `acuse quarantine release --provider {name}{account}`",
        genuine.unwrap_or_default()
    ))
}

/// ` --account NAME`, or nothing for the default account.
fn account_named(name: &str) -> String {
    AccountName::parse(name).map_or_else(String::new, |name| account_option(&name))
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
        true => format!("{diagnosis}; deploy it: `acuse local --update --parameter '{parameter}={whole}'`"),
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
                "; deploy it: `acuse local --update --parameter 'KuentaSignature=headers=x-hook forms=raw,trimmed'`",
            ),
        ] {
            let text = advice("kuenta", &diagnosis, "KuentaSignature", set, is_local);
            assert!(text.ends_with(ends), "{text}");
        }
    }
}
