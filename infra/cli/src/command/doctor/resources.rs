//! What the stack is made of.

use acuse_cli::stack::target::Target;
use acuse_core::error::chain;
use aws_sdk_cloudformation::types::StackResource;

/// The stack's resources, or why they can't be listed.
pub(super) struct Resources(Result<Vec<StackResource>, String>);

impl Resources {
    /// Asks CloudFormation.
    pub(super) async fn of(target: &Target) -> Self {
        let client = aws_sdk_cloudformation::Client::new(&target.sdk);
        let described = client.describe_stack_resources().stack_name(target.name()).send().await;
        let resources = described.map(|described| described.stack_resources.unwrap_or_default());
        Self(resources.map_err(|error| chain(&error)))
    }

    /// Those of a type: logical and physical id.
    pub(super) fn of_type(&self, kind: &str) -> Result<Vec<(&str, &str)>, String> {
        let all = self.0.as_ref().map_err(Clone::clone)?.iter();
        let own = all.filter(|resource| resource.resource_type() == Some(kind));
        Ok(own
            .filter_map(|resource| Some((resource.logical_resource_id()?, resource.physical_resource_id()?)))
            .collect())
    }
}
