//! The JSON Schemas in docs/schemas: `event.json`, of what a destination gets, and one of `data` for each type.
//!
//! Those of `data` are generated from the samples. `ACUSE_BLESS=1` writes them.

mod infer;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{fmt, fs};

use acuse_core::destination::body;
use acuse_core::event::{Environment, Event, Kind};
use acuse_core::provider::Provider;
use acuse_core::providers;
use acuse_core::wire::envelope::Envelope;
use acuse_tests::document::Document;
use boon::{Compiler, Draft, SchemaIndex, Schemas};
use infer::Samples;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// Beside the folders of providers.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/schemas");
const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");

/// A sample payload, and what a destination gets for it.
struct Sample {
    event: Event,
    delivered: Value,
}

#[test]
fn every_delivered_body_is_as_its_schemas_say() {
    let body = Validator::new(&stored("event.json"));
    let mut checked = 0;
    for provider in built_in() {
        for sample in samples(provider) {
            body.check(&sample.delivered, &sample.event);
            if provider.types.contains(&sample.event.type_name.as_str()) {
                let schema = stored(&file(provider, &sample.event.type_name));
                Validator::new(&schema).check(&sample.delivered["data"], &sample.event);
                checked += 1;
            }
        }
    }
    let types: usize = built_in().map(|provider| provider.types.len()).sum();
    assert!(checked > types, "{checked} payloads of {types} types");
}

#[test]
fn a_payload_that_is_not_json_is_in_another_member() {
    let body = Validator::new(&stored("event.json"));
    let provider = providers::ALL.iter().next().unwrap();
    let event = event(provider, "not json");
    let mut delivered = delivered(&event);
    body.check(&delivered, &event);
    delivered["data"] = json!("both");
    assert!(!body.is_valid(&delivered));
}

/// Each member that the body has, and no other.
#[test]
fn the_schema_of_the_body_names_its_members() {
    let schema = stored("event.json");
    let body = Validator::new(&schema);
    let mut own = samples(built_in().next().unwrap()).remove(0);
    let sample = own.delivered;
    assert_eq!(sample.get("reconciled"), None);
    own.event.reconciled = true;
    let reconciled = delivered(&own.event);
    assert_eq!(reconciled["reconciled"], json!(true));
    body.check(&reconciled, &own.event);
    let named: BTreeSet<&String> = schema["properties"].as_object().unwrap().keys().collect();
    let mut sent: BTreeSet<&String> = reconciled.as_object().unwrap().keys().collect();
    let base64 = "data_base64".to_owned();
    sent.insert(&base64);
    assert_eq!(named, sent);
    assert_eq!(
        schema["properties"]["kind"]["examples"],
        json!(Kind::ALL.iter().map(|kind| kind.name()).collect::<Vec<_>>())
    );
    for name in sample.as_object().unwrap().keys() {
        let mut without = sample.clone();
        without.as_object_mut().unwrap().remove(name);
        assert!(!body.is_valid(&without), "{name} is always there");
    }
    let mut more = sample.clone();
    more["of_a_later_version"] = json!(1);
    assert!(body.is_valid(&more));
}

#[test]
fn every_type_has_a_schema_of_its_samples() {
    let mut wanted = BTreeSet::from([PathBuf::from("event.json")]);
    let mut rows = "| provider | schema of `data` |\n|---|---|\n".to_owned();
    for provider in built_in() {
        let samples = samples(provider);
        let mut links = Vec::new();
        for type_name in provider.types {
            let own = samples.iter().filter(|sample| sample.event.type_name == *type_name);
            let schema = Samples::of(provider, type_name, own.map(|own| (&own.event, &own.delivered["data"]))).schema();
            let name = file(provider, type_name);
            write_or_compare(&name, &schema);
            links.push(format!("[`{type_name}`](schemas/{name})"));
            wanted.insert(name.into());
        }
        rows.push_str(&format!("| `{}` | {} |\n", provider.name, links.join(", ")));
    }
    assert_eq!(files(Path::new(FOLDER), Path::new("")), wanted);
    Document::read("schemas.md").check("schemas", &rows);
}

#[test]
fn the_page_shows_a_body_and_all_kinds() {
    let mut page = Document::read("destinations.md");
    let payload = fs::read_to_string(Path::new(FIXTURES).join("onepay/payment.approved.json")).unwrap();
    let body = body::of(&event(&providers::onepay::PROVIDER, payload.trim()));
    let Members(members) = serde_json::from_slice(&body).unwrap();
    let lines = members.iter().map(|(name, value)| format!("{name:?}: {value}"));
    let lines = lines.collect::<Vec<_>>().join(",\n").replace('\n', "\n  ");
    page.check("body", &format!("```json\n{{\n  {lines}\n}}\n```"));
    let kinds: Vec<_> = Kind::ALL.iter().map(|kind| format!("`{}`", kind.name())).collect();
    page.check("kinds", &format!("The kinds are {}.", kinds.join(", ")));
}

/// An object's members in their order, as they are written.
struct Members(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

/// Those whose samples are in the repository: not one that `acuse new provider` wrote, whose keys are in a file.
fn built_in() -> impl Iterator<Item = &'static Provider> {
    let added = |provider: &Provider| Path::new(FIXTURES).join(provider.name).join("keys.txt").exists();
    providers::ALL.iter().filter(move |provider| !added(provider))
}

fn file(provider: &Provider, type_name: &str) -> String {
    format!("{}/{type_name}.json", provider.name)
}

/// Every payload in the provider's folder and in its `shapes`, but for a lone surrogate, which serde_json refuses.
fn samples(provider: &'static Provider) -> Vec<Sample> {
    let folder = Path::new(FIXTURES).join(provider.name);
    let paths = files(&folder, Path::new("")).into_iter();
    let paths = paths.filter(|path| !path.ends_with("lone-surrogate.json"));
    let read = paths.map(|path| {
        let event = event(provider, &fs::read_to_string(folder.join(&path)).unwrap());
        let delivered = delivered(&event);
        Sample { event, delivered }
    });
    read.collect()
}

fn event(provider: &'static Provider, payload: &str) -> Event {
    let envelope = Envelope::from_message(payload, |name| match name {
        "envelope" => Some("1"),
        "provider" => Some(provider.name),
        "delivery_id" => Some("018bcfe5-6800-7707-8707-070707070707"),
        "received_at" => Some("1710928800250"),
        "form" => Some("raw"),
        _ => None,
    });
    Event::read(envelope.unwrap(), provider, Environment::Live)
}

fn delivered(event: &Event) -> Value {
    serde_json::from_slice(&body::of(event)).unwrap_or_else(|error| panic!("{}: {error}", event.key))
}

/// A compiled schema. Compiling it also checks the schema itself.
struct Validator(Schemas, SchemaIndex);

impl Validator {
    fn new(schema: &Value) -> Self {
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.set_default_draft(Draft::V2020_12);
        compiler.enable_format_assertions();
        let id = schema["$id"].as_str().unwrap();
        compiler.add_resource(id, schema.clone()).unwrap();
        let compiled = compiler.compile(id, &mut schemas);
        let index = compiled.unwrap_or_else(|error| panic!("{id}: {error:#}"));
        Self(schemas, index)
    }

    fn is_valid(&self, value: &Value) -> bool {
        self.0.validate(value, self.1).is_ok()
    }

    fn check(&self, value: &Value, event: &Event) {
        if let Err(error) = self.0.validate(value, self.1) {
            panic!("{}: {error:#}", event.key);
        }
    }
}

fn stored(name: &str) -> Value {
    let path = Path::new(FOLDER).join(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn write_or_compare(name: &str, schema: &Value) {
    let path = Path::new(FOLDER).join(name);
    let text = format!("{schema:#}\n");
    if fs::read_to_string(&path).is_ok_and(|stored| stored == text) {
        return;
    }
    assert!(
        std::env::var_os("ACUSE_BLESS").is_some(),
        "docs/schemas/{name} is out of date; run the test with ACUSE_BLESS=1 to write it"
    );
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// All `.json` files below, as paths from `folder`.
fn files(folder: &Path, below: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder.join(below)).unwrap() {
        let entry = entry.unwrap();
        let path = below.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => found.append(&mut files(folder, &path)),
            false if path.extension().is_some_and(|extension| extension == "json") => _ = found.insert(path),
            false => {}
        }
    }
    found
}
