//! What a hook needs in template.yaml, at the places marked `Yours`.

use acuse_files::template;
use serde_json::Value;
use thiserror::Error;

use super::name::Name;
use super::text::{NoPlace, Text, indentation, is_blank};

const FILE: &str = "template.yaml";
const PARAMETERS: &str = "# ── Yours: your parameters";
const RESOURCES: &str = "# ── Yours: your resources";
const VARIABLES: &str = "# Yours: your variables.";
const PERMISSIONS: &str = "# Yours: your permissions.";

/// The call that the example makes.
const ACTION: &str = "dynamodb:UpdateItem";

const TABLE: &str = "
  <Table>:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: RetainExceptOnCreate
    UpdateReplacePolicy: Retain
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{ AttributeName: pk, AttributeType: S }]
      KeySchema: [{ AttributeName: pk, KeyType: HASH }]
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true }
      DeletionProtectionEnabled: !If [Protects, true, false]
      SSESpecification: { SSEEnabled: true, SSEType: KMS, KMSMasterKeyId: !If [HasKey, !Ref KmsKeyArn, !Ref AWS::NoValue] }
";

/// The default is of a server on the developer's machine: a stack that starts without the parameter calls nobody else.
const URL: &str = "
  <Url>:
    Type: String
    Description: The URL that the hook <hook> posts payments to.
    Default: http://127.0.0.1:8080/<hook>
";

const POLICY: &str = "        - PolicyName: hooks
          PolicyDocument:
            Version: \"2012-10-17\"
            Statement:
";

const STATEMENT: &str = "- Effect: Allow
  Action: dynamodb:UpdateItem
  Resource: !GetAtt <Table>.Arn
";

/// What can't be added to template.yaml.
#[derive(Debug, Error)]
pub(crate) enum TemplateError {
    #[error("template.yaml can't be read: {0}")]
    Unreadable(String),
    #[error(transparent)]
    NoPlace(#[from] NoPlace),
    #[error("template.yaml has `{0}` already")]
    Taken(String),
    #[error("the table `{0}` is Acuse's own: a hook of yours needs a table of yours")]
    Ours(String),
    #[error("the table `{0}` has another key than the text `pk`, which the example writes")]
    OtherKey(String),
    #[error("the consumer has a variable `{0}` already, with another value")]
    VariableTaken(String),
    #[error("the policy `hooks` in template.yaml has no list `Statement:` to add to")]
    NoStatements,
    #[error("template.yaml is written in a form that can't be extended")]
    NotExtended,
}

/// The table of a transactional hook, its name as a variable and the permission to write to it. A table that is there
/// is used.
pub(super) fn with_table(text: &str, table: &Name) -> Result<(String, Vec<String>), TemplateError> {
    let (id, variable) = (format!("{}Table", table.pascal()), format!("{}_TABLE", table.upper()));
    let old = Json::read(text)?;
    let mut new = Text::of(FILE, text);
    let mut added = Vec::new();

    match old.resource(&id) {
        Some(resource) => {
            let heading = new.find(RESOURCES)?;
            let line = format!("  {id}:");
            if !(heading..new.end_of_block(heading)).any(|at| new.line(at).trim_end() == line) {
                return Err(TemplateError::Ours(id));
            }
            if !has_text_key(resource) {
                return Err(TemplateError::OtherKey(id));
            }
        }
        None => {
            old.is_free(&id)?;
            let block = TABLE.replace("<Table>", &id);
            append(&mut new, RESOURCES, &block)?;
            added.push(format!("the table {id}"));
        }
    }
    with_variable(&mut new, &old, &variable, &id, &mut added)?;
    if !old.allows(&id) {
        let statement = STATEMENT.replace("<Table>", &id);
        with_statement(&mut new, &old, &statement)?;
        added.push(format!("the permission {ACTION}"));
    }

    let text = new.into_string();
    let read = Json::read(&text)?;
    match read.resource(&id).is_some() && read.variable(&variable) == Some(&reference(&id)) && read.allows(&id) {
        true => Ok((text, added)),
        false => Err(TemplateError::NotExtended),
    }
}

/// The URL of a hook that acts, as a parameter and a variable.
pub(super) fn with_url(text: &str, hook: &Name) -> Result<(String, Vec<String>), TemplateError> {
    let (id, variable) = (format!("{}Url", hook.pascal()), format!("{}_URL", hook.upper()));
    let old = Json::read(text)?;
    let mut new = Text::of(FILE, text);
    old.is_free(&id)?;
    let block = URL.replace("<Url>", &id).replace("<hook>", hook.kebab());
    append(&mut new, PARAMETERS, &block)?;
    let mut added = vec![format!("the parameter {id}")];
    with_variable(&mut new, &old, &variable, &id, &mut added)?;

    let text = new.into_string();
    let read = Json::read(&text)?;
    match read.parameter(&id).is_some() && read.variable(&variable) == Some(&reference(&id)) {
        true => Ok((text, added)),
        false => Err(TemplateError::NotExtended),
    }
}

/// Adds `block` at the end of what follows `marker`.
fn append(text: &mut Text, marker: &'static str, block: &str) -> Result<(), TemplateError> {
    let at = text.find(marker)?;
    text.insert(text.end_of_block(at), block);
    Ok(())
}

fn with_variable(
    text: &mut Text,
    old: &Json,
    variable: &str,
    id: &str,
    added: &mut Vec<String>,
) -> Result<(), TemplateError> {
    match old.variable(variable) {
        Some(value) if *value == reference(id) => return Ok(()),
        Some(_) => return Err(TemplateError::VariableTaken(variable.to_owned())),
        None => {}
    }
    let line = format!("          {variable}: !Ref {id}");
    append(text, VARIABLES, &line)?;
    added.push(format!("the variable {variable}"));
    Ok(())
}

/// Adds a statement to the policy `hooks`, or the policy with it.
fn with_statement(text: &mut Text, old: &Json, statement: &str) -> Result<(), TemplateError> {
    let indented = |depth: usize| -> String {
        let lines = statement.lines().map(|line| format!("{:depth$}{line}\n", ""));
        lines.collect()
    };
    let marker = text.find(PERMISSIONS)?;
    let end = text.end_of_block(marker);
    let policy = (marker..end).find(|at| text.line(*at).trim() == "- PolicyName: hooks");
    let Some(policy) = policy else {
        if !old.statements().is_empty() {
            return Err(TemplateError::NoStatements);
        }
        text.insert(end, &(POLICY.to_owned() + &indented(14)));
        return Ok(());
    };
    let next = (policy + 1..end).find(|at| {
        let line = text.line(*at);
        !is_blank(line) && indentation(line) <= indentation(text.line(policy))
    });
    let next = next.unwrap_or(end);
    let heading = (policy..next).find(|at| text.line(*at).trim() == "Statement:");
    let first =
        heading.and_then(|heading| (heading + 1..next).find(|at| text.line(*at).trim_start().starts_with("- ")));
    let first = first.ok_or(TemplateError::NoStatements)?;
    let depth = indentation(text.line(first));
    // A comment may be further left than what it is about.
    let is_statement = |at: &usize| indentation(text.line(*at)) >= depth && !is_blank(text.line(*at));
    let last = (first..next).rfind(is_statement);
    text.insert(last.unwrap_or(first) + 1, &indented(depth));
    Ok(())
}

fn has_text_key(table: &Value) -> bool {
    let is_text = |definition: &&Value| part(definition, "/AttributeType") == "S";
    let is_pk = |entry: &&Value| part(entry, "/AttributeName") == "pk";
    let definitions = each(part(table, "/Properties/AttributeDefinitions"));
    let keys = each(part(table, "/Properties/KeySchema"));
    keys.len() == 1 && keys.iter().all(is_pk) && definitions.iter().any(|entry| is_pk(entry) && is_text(entry))
}

fn reference(id: &str) -> Value {
    serde_json::json!({ "Ref": id })
}

/// The template as it is understood.
struct Json(Value);

impl Json {
    fn read(text: &str) -> Result<Self, TemplateError> {
        let json = template::read(text).map_err(|error| TemplateError::Unreadable(error.to_string()))?;
        Ok(Self(json))
    }

    fn resource(&self, id: &str) -> Option<&Value> {
        self.0.get("Resources")?.get(id)
    }

    fn parameter(&self, id: &str) -> Option<&Value> {
        self.0.get("Parameters")?.get(id)
    }

    fn variable(&self, name: &str) -> Option<&Value> {
        self.resource("ConsumerFunction")?
            .pointer("/Properties/Environment/Variables")?
            .get(name)
    }

    /// Resources and parameters share their names.
    fn is_free(&self, id: &str) -> Result<(), TemplateError> {
        match self.resource(id).or_else(|| self.parameter(id)) {
            Some(_) => Err(TemplateError::Taken(id.to_owned())),
            None => Ok(()),
        }
    }

    /// The statements of the policy `hooks`.
    fn statements(&self) -> Vec<&Value> {
        let policies = self
            .resource("ConsumerRole")
            .map(|role| part(role, "/Properties/Policies"));
        let policies = policies.and_then(Value::as_array).into_iter().flatten();
        let own = policies.filter(|policy| part(policy, "/PolicyName") == "hooks");
        own.flat_map(|policy| each(part(policy, "/PolicyDocument/Statement")))
            .collect()
    }

    /// Whether the example may write to the table.
    fn allows(&self, id: &str) -> bool {
        let wanted = template::read(&STATEMENT.replace("<Table>", id)).unwrap_or_default();
        self.statements().into_iter().any(|statement| {
            let has = |name: &str| each(part(statement, name)).contains(&part(&wanted, &format!("/0{name}")));
            part(statement, "/Effect") == "Allow" && has("/Action") && has("/Resource")
        })
    }
}

/// One value, or those of a list.
fn each(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(values) => values.iter().collect(),
        value => vec![value],
    }
}

/// What is at a JSON pointer; null if nothing is.
fn part<'v>(value: &'v Value, pointer: &str) -> &'v Value {
    value.pointer(pointer).unwrap_or(&Value::Null)
}
