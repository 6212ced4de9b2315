//! Creates a CloudFormation stack and reads its outputs and resources.

use std::collections::BTreeMap;
use std::time::Duration;

use roxmltree::{Document, Node};
use tokio::time::{Instant, sleep};

use super::api::{Api, ApiError};
use super::error::Error;

/// The emulator needs about a second for the whole template.
const PATIENCE: Duration = Duration::from_secs(60);

/// A created stack.
#[derive(Debug)]
pub(super) struct Created {
    /// The template's outputs.
    pub(super) outputs: BTreeMap<String, String>,
    /// Physical ids by logical ids.
    pub(super) resources: BTreeMap<String, String>,
}

/// Creates the stack `name` and waits until it is complete.
pub(super) async fn create(
    api: &Api,
    name: &str,
    template_url: &str,
    parameters: &[(String, String)],
) -> Result<Created, Error> {
    let mut form = vec![
        ("StackName".to_owned(), name.to_owned()),
        ("TemplateURL".to_owned(), template_url.to_owned()),
    ];
    let capabilities = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"];
    for (place, capability) in (1..).zip(capabilities) {
        form.push((format!("Capabilities.member.{place}"), capability.to_owned()));
    }
    for (place, (name, value)) in (1..).zip(parameters) {
        form.push((format!("Parameters.member.{place}.ParameterKey"), name.clone()));
        form.push((format!("Parameters.member.{place}.ParameterValue"), value.clone()));
    }
    api.query("CreateStack", &form).await?;

    let deadline = Instant::now() + PATIENCE;
    loop {
        let stack = describe(api, "DescribeStacks", name, "Stacks", &["StackStatus"]).await?;
        let status = stack.into_iter().flatten().next().unwrap_or_default();
        if status == "CREATE_COMPLETE" {
            break;
        }
        if status != "CREATE_IN_PROGRESS" || Instant::now() > deadline {
            return Err(Error::Deploy {
                status,
                reasons: reasons(api, name).await?,
            });
        }
        sleep(Duration::from_millis(50)).await;
    }
    Ok(Created {
        outputs: pairs(describe(api, "DescribeStacks", name, "Outputs", &["OutputKey", "OutputValue"]).await?),
        resources: pairs(
            describe(
                api,
                "DescribeStackResources",
                name,
                "StackResources",
                &["LogicalResourceId", "PhysicalResourceId"],
            )
            .await?,
        ),
    })
}

/// The failures in the stack's events, the earliest first.
async fn reasons(api: &Api, name: &str) -> Result<String, ApiError> {
    let fields = ["LogicalResourceId", "ResourceStatus", "ResourceStatusReason"];
    let events = describe(api, "DescribeStackEvents", name, "StackEvents", &fields).await?;
    let failed = events.iter().rev().filter_map(|event| match event.as_slice() {
        [resource, status, reason] if status.ends_with("FAILED") => Some(format!("  {resource}: {reason}")),
        _ => None,
    });
    Ok(failed.collect::<Vec<_>>().join("\n"))
}

/// The texts of `fields` of each member of `list` in the answer to `action`.
async fn describe(
    api: &Api,
    action: &str,
    name: &str,
    list: &str,
    fields: &[&str],
) -> Result<Vec<Vec<String>>, ApiError> {
    let answer = api.query(action, &[("StackName".to_owned(), name.to_owned())]).await?;
    let document = Document::parse(&answer).map_err(|_| ApiError::Shape {
        call: action.to_owned(),
        missing: "XML",
        body: answer.clone(),
    })?;
    let members = document
        .descendants()
        .filter(|node| node.tag_name().name() == list)
        .flat_map(|node| node.children().filter(Node::is_element));
    Ok(members
        .map(|member| fields.iter().map(|field| text(member, field)).collect())
        .collect())
}

fn text(member: Node<'_, '_>, field: &str) -> String {
    let found = member.children().find(|child| child.tag_name().name() == field);
    found.and_then(|child| child.text()).unwrap_or_default().to_owned()
}

fn pairs(rows: Vec<Vec<String>>) -> BTreeMap<String, String> {
    let pair = |row: Vec<String>| {
        let mut row = row.into_iter();
        Some((row.next()?, row.next()?))
    };
    rows.into_iter().filter_map(pair).collect()
}
