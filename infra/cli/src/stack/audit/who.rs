//! Who the operator is.

use acuse_core::error::chain;

use super::AuditError;
use crate::stack::target::Target;

/// The ARN of the operator's credentials; on the local stack, the local user's name.
///
/// The call needs no permission, even if a policy denies it.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>
pub(super) async fn ask(target: &Target) -> Result<String, AuditError> {
    if target.is_local() {
        return Ok(local(|name| std::env::var(name).ok()));
    }
    let identity = aws_sdk_sts::Client::new(&target.sdk).get_caller_identity().send().await;
    let identity = identity.map_err(|error| AuditError::Who { reason: chain(&error) })?;
    identity.arn.ok_or_else(|| AuditError::Who {
        reason: "the answer has no ARN".to_owned(),
    })
}

/// The local user, by the variables of Unix and Windows.
fn local(variable: impl Fn(&str) -> Option<String>) -> String {
    let names = ["USER", "LOGNAME", "USERNAME"].into_iter();
    let found = names.filter_map(variable).find(|name| !name.trim().is_empty());
    found.unwrap_or_else(|| "local user".to_owned())
}

#[cfg(test)]
mod tests {
    use super::local;

    #[test]
    fn the_local_user_is_named_even_if_nothing_names_it() {
        assert_eq!(local(|name| (name == "LOGNAME").then(|| "ana".to_owned())), "ana");
        assert_eq!(local(|name| (name == "USER").then(|| " ".to_owned())), "local user");
        assert_eq!(local(|_| None), "local user");
    }
}
