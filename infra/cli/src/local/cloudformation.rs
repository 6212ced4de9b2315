//! Creates a CloudFormation stack and reads its outputs and resources.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cloudformation::types::{Capability, Parameter, Stack, StackStatus};
use tokio::time::{Instant, sleep};

use super::error::{Error, call_failed};

/// The emulator takes about a second for the template.
const TIMEOUT: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(super) struct Created {
    pub(super) outputs: BTreeMap<String, String>,
    /// Physical ids by logical ids.
    pub(super) resources: BTreeMap<String, String>,
}

/// Creates the stack `name` and waits until it is complete.
pub(super) async fn create(
    client: &Client,
    name: &str,
    template_url: &str,
    parameters: &[(String, String)],
) -> Result<Created, Error> {
    let parameters = parameters.iter().map(|(name, value)| {
        let parameter = Parameter::builder().parameter_key(name);
        parameter.parameter_value(value).build()
    });
    let create = client.create_stack().stack_name(name).template_url(template_url);
    let create = create.set_parameters(Some(parameters.collect()));
    let create = [Capability::CapabilityNamedIam, Capability::CapabilityAutoExpand]
        .into_iter()
        .fold(create, |create, capability| create.capabilities(capability));
    create.send().await.map_err(refused)?;

    let stack = completed(client, name).await?;
    let outputs = stack.outputs.into_iter().flatten();
    let resources = client.describe_stack_resources().stack_name(name).send().await;
    let resources = resources.map_err(call_failed)?.stack_resources.into_iter().flatten();
    Ok(Created {
        outputs: outputs
            .filter_map(|output| Some((output.output_key?, output.output_value?)))
            .collect(),
        resources: resources
            .filter_map(|resource| Some((resource.logical_resource_id?, resource.physical_resource_id?)))
            .collect(),
    })
}

/// Sets these parameters of the stack `name`, keeps all others and the template, and waits until that is done.
pub(super) async fn update(client: &Client, name: &str, parameters: &[(String, String)]) -> Result<(), Error> {
    let described = client.describe_stacks().stack_name(name).send().await;
    let described = described.map_err(call_failed)?;
    let present = described.stacks().iter().flat_map(Stack::parameters);
    let others = present.filter_map(Parameter::parameter_key);
    let others = others.filter(|key| !parameters.iter().any(|(name, _)| name == key));
    let others = others.map(|key| Parameter::builder().parameter_key(key).use_previous_value(true).build());
    let given = parameters
        .iter()
        .map(|(name, value)| Parameter::builder().parameter_key(name).parameter_value(value).build());
    let update = client.update_stack().stack_name(name).use_previous_template(true);
    let update = update.set_parameters(Some(given.chain(others).collect()));
    let update = [Capability::CapabilityNamedIam, Capability::CapabilityAutoExpand]
        .into_iter()
        .fold(update, |update, capability| update.capabilities(capability));
    update.send().await.map_err(refused)?;
    completed(client, name).await.map(drop)
}

/// Waits until the stack is complete.
async fn completed(client: &Client, name: &str) -> Result<Stack, Error> {
    let deadline = Instant::now() + TIMEOUT;
    loop {
        let answer = client
            .describe_stacks()
            .stack_name(name)
            .send()
            .await
            .map_err(call_failed)?;
        let stack = answer.stacks.into_iter().flatten().next();
        let stack = stack.unwrap_or_else(|| Stack::builder().build());
        match stack.stack_status() {
            Some(StackStatus::CreateComplete | StackStatus::UpdateComplete) => return Ok(stack),
            Some(StackStatus::CreateInProgress | StackStatus::UpdateInProgress) if Instant::now() < deadline => {}
            status => {
                return Err(Error::Deploy {
                    status: status.map(ToString::to_string).unwrap_or_default(),
                    reasons: reasons(client, name).await?,
                });
            }
        }
        sleep(Duration::from_millis(50)).await;
    }
}

/// A call that CloudFormation refused, in its words.
fn refused<E>(error: SdkError<E>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match (error.code(), error.message()) {
        (Some(code), Some(message)) => Error::Deploy {
            status: code.to_owned(),
            reasons: message.to_owned(),
        },
        _ => call_failed(error),
    }
}

/// The failures in the stack's events, the earliest first.
async fn reasons(client: &Client, name: &str) -> Result<String, Error> {
    let events = client
        .describe_stack_events()
        .stack_name(name)
        .send()
        .await
        .map_err(call_failed)?;
    let failed = events.stack_events().iter().rev().filter_map(|event| {
        let failed = event.resource_status()?.as_str().ends_with("FAILED");
        let resource = event.logical_resource_id().unwrap_or_default();
        failed.then(|| format!("  {resource}: {}", event.resource_status_reason().unwrap_or_default()))
    });
    Ok(failed.collect::<Vec<_>>().join("\n"))
}
