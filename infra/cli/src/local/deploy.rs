//! Deploys template.yaml to the emulator.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use reqwest::Method;
use serde_json::{Value, json};

use super::Options;
use super::api::{self, Api, ApiError, FUNCTIONS};
use super::build;
use super::bundle::bundle;
use super::checkout::Checkout;
use super::cloudformation;
use super::error::Error;
use super::keep::Kept;
use super::parameter;
use super::progress::Progress;
use super::secrets;
use super::seed;
use super::tables;
use super::template::Template;
use crate::stack::running::{STACK, sdk};

const BUCKET: &str = "acuse-code";

/// The folder of items that tables start with.
const SEED: &str = "infra/local/seed";

/// The path of event source mappings in Lambda's REST API.
const SOURCES: &str = "/2015-03-31/event-source-mappings";

/// What has been deployed.
#[derive(Debug, Clone)]
pub(super) struct Deployment {
    pub(super) outputs: BTreeMap<String, String>,
    /// The environment variables of all functions.
    pub(super) variables: BTreeMap<String, String>,
    pub(super) functions: Vec<Function>,
    pub(super) routes: Vec<Route>,
    /// Physical ids by logical ids.
    pub(super) tables: BTreeMap<String, String>,
    pub(super) secrets: BTreeMap<String, String>,
}

#[derive(Debug, Clone)]
pub(super) struct Function {
    /// Its binary, which is its name in `cargo lambda watch`.
    pub(super) binary: String,
    /// Its name in the emulator.
    pub(super) name: String,
    arn: String,
}

#[cfg(test)]
impl Function {
    pub(super) fn named(name: &str) -> Self {
        let [binary, name, arn] = [name; 3].map(str::to_owned);
        Self { binary, name, arn }
    }
}

/// A route of the HTTP API.
#[derive(Debug, Clone)]
pub(super) struct Route {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) function: Function,
}

/// A queue that feeds a function.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub(super) id: String,
    pub(super) queue_arn: String,
    pub(super) function: Function,
    pub(super) batch_size: u64,
    /// Whether the function reports which messages failed (`ReportBatchItemFailures`).
    pub(super) reports_failures: bool,
}

/// What is deployed.
pub(super) struct Prepared {
    template: Template,
    parameters: Vec<(String, String)>,
    /// The functions' code, by binary.
    zips: BTreeMap<String, PathBuf>,
}

/// Reads the template, then builds and zips its functions. Needs no emulator.
pub(super) async fn prepare(checkout: &Checkout, zips: &Path, options: &Options) -> Result<Prepared, Error> {
    let mut template = Template(checkout.read_template()?);
    parameter::check(&template, &options.parameters)?;
    let parameters = parameters(&template, &options.parameters);
    // Conditions follow: a function that they leave out is not built.
    template.give(&parameters);
    if let Some(consumer) = options.consumer {
        template.replace_binary("consumer", consumer);
    }
    let progress = &options.progress;
    let functions = template.functions()?.into_iter();
    let names: Vec<String> = functions.map(|function| function.binary).collect();
    progress.say(format!("building the functions: {}", names.join(", ")));
    let binaries = build::build(checkout, &names, options.show_build).await?;

    progress.say("zipping the functions");
    std::fs::create_dir_all(zips).map_err(Error::file("create", zips))?;
    let jobs: Vec<_> = binaries
        .into_iter()
        .map(|(name, binary)| {
            let folder = zips.to_path_buf();
            tokio::task::spawn_blocking(move || bundle(&name, &binary, &folder).map(|zip| (name, zip)))
        })
        .collect();
    let mut zips = BTreeMap::new();
    for job in jobs {
        let (name, zip) = job.await.map_err(|error| Error::Runtime(error.into()))??;
        zips.insert(name, zip);
    }
    Ok(Prepared {
        template,
        parameters,
        zips,
    })
}

/// The values that differ from the template's defaults: the local stack's, and the owner's `own`.
fn parameters(template: &Template, own: &[(String, String)]) -> Vec<(String, String)> {
    let mut parameters = vec![
        ("Architecture", architecture()),
        ("Environment", "any"),
        ("Destinations", "true"),
        ("ProtectTables", "false"),
    ];
    parameters.retain(|(name, _)| !own.iter().any(|(own, _)| own == name));
    parameters.extend(own.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    template.parameters(&parameters)
}

/// Deploys what is prepared, and stores the local secrets. Afterwards [`fill`] puts in what the owner has.
pub(super) async fn deploy(api: &Api, prepared: Prepared, progress: &Progress) -> Result<Deployment, Error> {
    let Prepared {
        mut template,
        parameters,
        zips,
    } = prepared;
    progress.say("deploying template.yaml");
    template.take_code_from(BUCKET);
    template.remove_metric_math();
    api.put(BUCKET, Bytes::new()).await?;
    for (name, zip) in zips {
        let content = std::fs::read(&zip).map_err(Error::file("read", &zip))?;
        api.put(&format!("{BUCKET}/{name}.zip"), content.into()).await?;
    }
    template.inline_numbers(&parameters);
    // By URL, since a template in the request is limited to 51,200 bytes.
    api.put(&format!("{BUCKET}/template.json"), template.render().into())
        .await?;
    let url = format!("{}/{BUCKET}/template.json", api.endpoint());
    let client = aws_sdk_cloudformation::Client::new(&sdk(api.endpoint()));
    let created = cloudformation::create(&client, STACK, &url, &parameters).await?;

    let physical_id = |logical_id: &String| created.resources.get(logical_id).cloned().unwrap_or_default();
    let (mut functions, mut routes) = (Vec::new(), Vec::new());
    let mut variables = BTreeMap::new();
    for resource in template.functions()? {
        let name = physical_id(&resource.logical_id);
        let deployed = api.get(&format!("{FUNCTIONS}/{name}/configuration")).await?;
        let own = deployed.pointer("/Environment/Variables").and_then(Value::as_object);
        let own = own.into_iter().flatten();
        variables.extend(own.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))));
        let function = Function {
            arn: api::text(&deployed, "/FunctionArn", &name)?.to_owned(),
            binary: resource.binary,
            name,
        };
        for event in resource.http_events {
            let key = format!("{} {}", event.method, event.path);
            add_route(api, &physical_id(&event.api), &key, &function.arn).await?;
            routes.push(Route {
                method: event.method,
                path: event.path,
                function: function.clone(),
            });
        }
        functions.push(function);
    }
    let tables = template.of_type("AWS::DynamoDB::Table", &created.resources);
    let secrets = template.of_type("AWS::SecretsManager::Secret", &created.resources);
    Ok(Deployment {
        tables,
        secrets,
        outputs: created.outputs,
        variables,
        functions,
        routes,
    })
}

/// The queues that feed functions.
pub(super) async fn sources(api: &Api, deployment: &Deployment) -> Result<Vec<Source>, ApiError> {
    let answer = api.get(&format!("{SOURCES}/")).await?;
    let mappings = answer.get("EventSourceMappings").and_then(Value::as_array);
    let source = |mapping: &Value| {
        let arn = mapping.get("FunctionArn")?.as_str()?;
        let mut functions = deployment.functions.iter();
        let reports = mapping.get("FunctionResponseTypes").and_then(Value::as_array);
        Some(Source {
            id: mapping.get("UUID")?.as_str()?.to_owned(),
            queue_arn: mapping.get("EventSourceArn")?.as_str()?.to_owned(),
            function: functions.find(|function| arn.starts_with(&function.arn))?.clone(),
            batch_size: mapping.get("BatchSize").and_then(Value::as_u64).unwrap_or(10),
            reports_failures: reports.is_some_and(|types| types.iter().any(|name| name == "ReportBatchItemFailures")),
        })
    };
    Ok(mappings.into_iter().flatten().filter_map(source).collect())
}

/// Stops the emulator from polling this queue.
pub(super) async fn disable(api: &Api, source: &Source) -> Result<(), ApiError> {
    let path = format!("{SOURCES}/{}", source.id);
    api.rest(Method::PUT, &path, &json!({"Enabled": false})).await.map(drop)
}

/// Adds a route, since the emulator ignores the OpenAPI body that SAM puts it in.
async fn add_route(api: &Api, id: &str, key: &str, function_arn: &str) -> Result<(), ApiError> {
    let known = api.get(&format!("/v2/apis/{id}/routes")).await?;
    let mut known = known.get("items").and_then(Value::as_array).into_iter().flatten();
    if known.any(|route| route.get("routeKey").and_then(Value::as_str) == Some(key)) {
        return Ok(());
    }
    let integration = json!({
        "integrationType": "AWS_PROXY",
        "integrationUri": function_arn,
        "payloadFormatVersion": "2.0",
    });
    let path = format!("/v2/apis/{id}/integrations");
    let integration = api.rest(Method::POST, &path, &integration).await?;
    let target = format!("integrations/{}", api::text(&integration, "/integrationId", &path)?);
    let route = json!({"routeKey": key, "target": target});
    api.rest(Method::POST, &format!("/v2/apis/{id}/routes"), &route)
        .await
        .map(drop)
}

/// Puts secrets and items where the functions read them: the local secrets, what was kept, and then what the checkout
/// `own` has, if any.
pub(super) async fn fill(api: &Api, deployed: &Deployment, kept: Kept, own: Option<&Path>) -> Result<(), Error> {
    let mut secrets = secrets::shipped(&deployed.variables);
    let mut items = BTreeMap::new();
    let of_kept = kept.secrets.into_iter();
    secrets.extend(of_kept.filter_map(|(id, secret)| Some((deployed.secrets.get(&id)?.clone(), secret))));
    if let Some(own) = own {
        secrets.extend(secrets::own(&own.join(secrets::FILE), &deployed.variables)?);
        items = seed::read(&own.join(SEED), &deployed.tables)?;
    }
    // A table that was kept has had its seed.
    items.extend(kept.tables);
    for (id, text) in secrets {
        let token = uuid::Uuid::new_v4().to_string();
        let put = json!({"SecretId": id, "SecretString": text, "ClientRequestToken": token});
        api.json("secretsmanager.PutSecretValue", &put).await?;
    }
    for (id, items) in items {
        if let Some(table) = deployed.tables.get(&id) {
            tables::put(api, table, items).await?;
        }
    }
    Ok(())
}

/// This machine's architecture, as Lambda names it.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "aarch64" => "arm64",
        _ => "x86_64",
    }
}
