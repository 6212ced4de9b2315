//! The real template.yaml on the emulator.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use acuse_core::providers;
use bytes::Bytes;
use reqwest::Method;
use serde_json::{Value, json};

use super::api::{self, Api, ApiError};
use super::build;
use super::bundle::bundle;
use super::checkout::Checkout;
use super::cloudformation;
use super::error::Error;
use super::progress::Progress;
use super::template::Template;
use crate::sample;
use crate::stack::running::STACK;

const BUCKET: &str = "acuse-code";

/// Lambda's REST interface.
const FUNCTIONS: &str = "/2015-03-31/functions";
const SOURCES: &str = "/2015-03-31/event-source-mappings";

/// What has been deployed.
#[derive(Debug, Clone)]
pub(super) struct Deployment {
    /// The template's outputs.
    pub(super) outputs: BTreeMap<String, String>,
    /// The variables of all functions.
    pub(super) variables: BTreeMap<String, String>,
    /// The functions.
    pub(super) functions: Vec<Function>,
    /// The HTTP API's routes.
    pub(super) routes: Vec<Route>,
}

/// A deployed function.
#[derive(Debug, Clone)]
pub(super) struct Function {
    /// The binary that it runs; `cargo lambda watch` knows it by this name.
    pub(super) binary: String,
    /// Its name on the emulator.
    pub(super) name: String,
    logical_id: String,
    arn: String,
}

#[cfg(test)]
impl Function {
    /// One for tests.
    pub(super) fn named(name: &str) -> Self {
        let [binary, name, logical_id, arn] = [name; 4].map(str::to_owned);
        Self {
            binary,
            name,
            logical_id,
            arn,
        }
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
    /// Whether the function's answer says which messages failed.
    pub(super) reports_failures: bool,
}

/// The template, with each function's zip.
pub(super) struct Prepared {
    template: Template,
    zips: BTreeMap<String, PathBuf>,
}

/// Reads the template, builds its functions and zips them. Needs no emulator.
pub(super) async fn prepare(
    checkout: &Checkout,
    zips: &Path,
    show_build: bool,
    progress: &Progress,
) -> Result<Prepared, Error> {
    let path = checkout.template();
    let text = std::fs::read_to_string(&path).map_err(Error::file("read", &path))?;
    let template = Template::parse(&text)?;
    let names: Vec<String> = template
        .functions()?
        .into_iter()
        .map(|function| function.binary)
        .collect();
    progress.say(format!("building the functions: {}", names.join(", ")));
    let binaries = build::build(checkout, &names, show_build).await?;

    progress.say("zipping them");
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
    Ok(Prepared { template, zips })
}

/// Deploys it, with the local secrets.
pub(super) async fn deploy(
    api: &Api,
    prepared: Prepared,
    own: &[(String, String)],
    progress: &Progress,
) -> Result<Deployment, Error> {
    let Prepared { mut template, zips } = prepared;
    progress.say("deploying template.yaml");
    template.take_code_from(BUCKET)?;
    template.leave_out_metric_math();
    api.put(BUCKET, Bytes::new()).await?;
    for (name, zip) in zips {
        let content = std::fs::read(&zip).map_err(Error::file("read", &zip))?;
        api.put(&format!("{BUCKET}/{name}.zip"), content.into()).await?;
    }
    let mut parameters = vec![
        ("Architecture", architecture()),
        ("Environment", "any"),
        ("ProtectTables", "false"),
    ];
    // The caller's own win.
    parameters.retain(|(name, _)| !own.iter().any(|(own, _)| own == name));
    parameters.extend(own.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let parameters = template.parameters(&parameters);
    template.write_as_meant(&parameters);
    // By URL, since text in the request may have 51,200 bytes at most.
    api.put(&format!("{BUCKET}/template.json"), template.render().into())
        .await?;
    let url = format!("{}/{BUCKET}/template.json", api.endpoint());
    let created = cloudformation::create(api, STACK, &url, &parameters).await?;

    let mut functions = Vec::new();
    let mut variables = BTreeMap::new();
    for function in template.functions()? {
        let name = created.resources.get(&function.logical_id).cloned().unwrap_or_default();
        let deployed = api.get(&format!("{FUNCTIONS}/{name}/configuration")).await?;
        if let Some(Value::Object(own)) = deployed.pointer("/Environment/Variables") {
            let texts = own
                .iter()
                .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
            variables.extend(texts);
        }
        functions.push(Function {
            arn: api::text(&deployed, "/FunctionArn", &name)?.to_owned(),
            binary: function.binary,
            logical_id: function.logical_id,
            name,
        });
    }

    let mut routes = Vec::new();
    for route in template.routes() {
        let Some(function) = functions.iter().find(|function| function.logical_id == route.function) else {
            continue;
        };
        let id = created.resources.get(&route.api).cloned().unwrap_or_default();
        add_route(api, &id, &format!("{} {}", route.method, route.path), &function.arn).await?;
        routes.push(Route {
            method: route.method,
            path: route.path,
            function: function.clone(),
        });
    }
    put_secrets(api, &variables).await?;
    Ok(Deployment {
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
        let function = mapping.get("FunctionArn")?.as_str()?;
        let reports = mapping.get("FunctionResponseTypes").and_then(Value::as_array);
        Some(Source {
            id: mapping.get("UUID")?.as_str()?.to_owned(),
            queue_arn: mapping.get("EventSourceArn")?.as_str()?.to_owned(),
            function: deployment
                .functions
                .iter()
                .find(|known| function.starts_with(&known.arn))?
                .clone(),
            batch_size: mapping.get("BatchSize").and_then(Value::as_u64).unwrap_or(10),
            reports_failures: reports.is_some_and(|types| types.iter().any(|name| name == "ReportBatchItemFailures")),
        })
    };
    Ok(mappings.into_iter().flatten().filter_map(source).collect())
}

/// Takes a queue from the emulator's hands.
pub(super) async fn disable(api: &Api, source: &Source) -> Result<(), ApiError> {
    let path = format!("{SOURCES}/{}", source.id);
    api.rest(Method::PUT, &path, &json!({"Enabled": false})).await.map(drop)
}

/// Adds what SAM puts in the API's OpenAPI body: the emulator does not read that.
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

/// Puts each provider's local secret where its function looks for it.
async fn put_secrets(api: &Api, variables: &BTreeMap<String, String>) -> Result<(), ApiError> {
    for provider in providers::ALL {
        let variable = format!("{}_SECRET_ID", provider.name.to_ascii_uppercase());
        let Some(id) = variables.get(&variable) else {
            continue;
        };
        let secret = sample::local_secret(provider).to_string();
        let put =
            json!({"SecretId": id, "SecretString": secret, "ClientRequestToken": uuid::Uuid::new_v4().to_string()});
        api.json("secretsmanager.PutSecretValue", &put).await?;
    }
    Ok(())
}

/// This machine's, in Lambda's words: the functions run on it.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "aarch64" => "arm64",
        _ => "x86_64",
    }
}
