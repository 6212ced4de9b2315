//! Why a delivery is in quarantine, and what to do about it.

use std::fmt;

use acuse_core::account::AccountName;
use acuse_core::provider::Provider;
use acuse_core::provider::scheme::merged;
use acuse_core::receive::quarantine::InvalidMessage;
use acuse_core::receive::signature::{Carrier, Diagnosis, TokenFault};

use crate::registry::providers;
use crate::stack::filter::account_option;
use crate::stack::target::{Target, TargetError};

/// What a delivery in quarantine lacks, and what helps.
#[derive(Debug)]
pub enum Advice {
    /// Its message can't be read.
    Unreadable(InvalidMessage),
    /// No provider has this name.
    NoProvider(String),
    /// Its provider is switched off.
    SwitchedOff(TargetError),
    /// It was tried with everything that is known.
    Diagnosed(Box<Diagnosis>, Setting, Option<OtherSecret>),
}

/// Whether a setting would accept a delivery.
#[derive(Debug, PartialEq, Eq)]
pub enum Setting {
    /// None does.
    None,
    /// This command sets it, on the local stack.
    Restart(String),
    /// This command deploys it.
    Deploy(String),
    /// One does, but not beside the present settings, for this reason.
    Refused(String),
}

/// What helps if the stored secret is not the provider's.
#[derive(Debug, PartialEq, Eq)]
pub struct OtherSecret {
    /// The header of its token, which is right.
    pub token: Option<&'static str>,
    /// The command that puts the secret.
    pub put: String,
    /// The command to run then.
    pub release: String,
}

/// Why a delivery is in quarantine, in a few words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// It would be accepted now.
    VerifiesNow,
    /// Its valid signature is in another place.
    Signature(Carrier),
    /// Its signature is valid, its token is not.
    Token(TokenFault),
    /// The verify function's reason.
    Refused(String),
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(error) => error.fmt(f),
            Self::NoProvider(name) => write!(f, "there is no provider `{name}`"),
            Self::SwitchedOff(error) => error.fmt(f),
            Self::Diagnosed(diagnosis, setting, None) => write!(f, "{diagnosis}{setting}"),
            Self::Diagnosed(diagnosis, setting, Some(other)) => write!(f, "{diagnosis}{setting}{other}"),
        }
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => Ok(()),
            Self::Restart(command) => write!(f, "; deploy it: `{command}`"),
            Self::Deploy(command) => write!(f, "; this needs a deploy: `{command}`"),
            Self::Refused(error) => write!(f, "; but with the present settings, {error}"),
        }
    }
}

impl fmt::Display for OtherSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(token) = self.token {
            write!(f, ". The token in `{token}` is right, so it is hardly forged")?;
        }
        let Self { put, release, .. } = self;
        write!(f, ". If the provider has another one: `{put}`, then `{release}`")
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::VerifiesNow => f.write_str("it verifies now"),
            Self::Signature(carrier) => write!(f, "signature in {carrier}"),
            Self::Token(fault) => fault.fmt(f),
            Self::Refused(reason) => f.write_str(reason),
        }
    }
}

impl Advice {
    /// A diagnosis, with the command that sets the parameter if that helps.
    pub(super) fn of(target: &Target, provider: &Provider, diagnosis: Diagnosis) -> Self {
        let (parameter, settings) = target.signature_settings(provider);
        let setting = setting(provider.name, &diagnosis, &parameter, settings, target.is_local());
        let other = OtherSecret::of(provider, &diagnosis);
        Self::Diagnosed(Box::new(diagnosis), setting, other)
    }
}

impl OtherSecret {
    /// `None` if something else is wrong.
    fn of(provider: &Provider, diagnosis: &Diagnosis) -> Option<Self> {
        let is_unknown = diagnosis.is_signed
            && diagnosis.signature.is_none()
            && diagnosis.no_secret.is_none()
            && diagnosis.other_account.is_none();
        if diagnosis.verdict.is_ok() || !is_unknown {
            return None;
        }
        let name = provider.name;
        let account =
            AccountName::parse(&diagnosis.account).map_or_else(String::new, |account| account_option(&account));
        let token = provider.scheme.token.filter(|_| diagnosis.token.is_none());
        Some(Self {
            token: token
                .map(|token| token.header)
                .filter(|header| diagnosis.headers.iter().any(|own| own == header)),
            put: format!("acuse secrets put {name}{account}"),
            release: format!("acuse quarantine release --provider {name}{account}"),
        })
    }
}

/// A parameter is set as a whole, so its present settings are repeated.
fn setting(provider: &str, diagnosis: &Diagnosis, parameter: &str, settings: &str, is_local: bool) -> Setting {
    let Some(named) = diagnosis.settings() else {
        return Setting::None;
    };
    let whole = merged(settings, &named);
    if let Some(Err(error)) = providers().by_name(provider).map(|own| own.with_settings(&whole)) {
        return Setting::Refused(error.to_string());
    }
    match is_local {
        true => Setting::Restart(format!("acuse local --update --parameter '{parameter}={whole}'")),
        false => Setting::Deploy(format!("sam deploy --parameter-overrides '{parameter}=\"{whole}\"'")),
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
            let setting = setting("kuenta", &diagnosis, "KuentaSignature", set, is_local);
            assert_eq!(setting.to_string(), ends);
        }
    }
}
