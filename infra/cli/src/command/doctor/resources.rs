//! The stack's resources.

use acuse_cli::stack::target::Target;
use aws_sdk_cloudformation::types::StackResource;

use super::Problem;

/// The stack's resources, or why they can't be listed.
pub(super) struct Resources(Result<Vec<StackResource>, Problem>);

impl Resources {
    /// Asks CloudFormation.
    pub(super) async fn of(target: &Target) -> Self {
        let client = aws_sdk_cloudformation::Client::new(&target.sdk);
        let described = client.describe_stack_resources().stack_name(target.name()).send().await;
        let resources = described.map(|described| described.stack_resources.unwrap_or_default());
        Self(resources.map_err(Problem::from))
    }

    /// The logical and physical ids of all resources of a type.
    pub(super) fn of_type(&self, kind: &str) -> Result<Vec<(&str, &str)>, Problem> {
        let all = self.0.as_ref().map_err(Clone::clone)?.iter();
        let own = all.filter(|resource| resource.resource_type() == Some(kind));
        Ok(own
            .filter_map(|resource| Some((resource.logical_resource_id()?, resource.physical_resource_id()?)))
            .collect())
    }
}
