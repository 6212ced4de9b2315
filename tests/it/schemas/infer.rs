//! A JSON Schema from sample payloads.

use std::collections::{BTreeMap, BTreeSet};

use acuse_core::__private::{Member, Shape};
use acuse_core::event::Event;
use acuse_core::provider::Provider;
use acuse_core::providers::{kuenta, onepay};
use serde_json::{Map, Value, json};

/// The objects whose members are declared, with the kind of the resource.
const DECLARED: [(&Provider, &str, Shape); 6] = [
    (&onepay::PROVIDER, "payment", onepay::Payment::SHAPE),
    (&onepay::PROVIDER, "charge", onepay::Charge::SHAPE),
    (&onepay::PROVIDER, "cashout", onepay::Cashout::SHAPE),
    (&onepay::PROVIDER, "subscription", onepay::Subscription::SHAPE),
    (&onepay::PROVIDER, "account", onepay::Account::SHAPE),
    (
        &kuenta::PROVIDER,
        "credit.application",
        kuenta::CreditApplication::SHAPE,
    ),
];

/// All payloads of a type, and what is known of it.
pub(super) struct Samples {
    provider: &'static str,
    type_name: &'static str,
    kind: &'static str,
    number: usize,
    seen: Seen,
}

impl Samples {
    /// # Panics
    /// If there is none.
    pub(super) fn of<'a>(
        provider: &'static Provider,
        type_name: &'static str,
        samples: impl Iterator<Item = (&'a Event, &'a Value)>,
    ) -> Self {
        let mut all = Self {
            provider: provider.name,
            type_name,
            kind: "",
            number: 0,
            seen: Seen::default(),
        };
        for (event, data) in samples {
            all.kind = event.kind.name();
            all.number += 1;
            all.seen.add(data);
            let declared = DECLARED
                .into_iter()
                .find(|(own, kind, _)| own.name == provider.name && event.is_about(kind));
            if let Some((_, _, shape)) = declared
                && let Some(member) = all.seen.members.get_mut(about(event, data))
            {
                member.declare(shape);
            }
        }
        assert!(all.number > 0, "{} {type_name} has no sample", provider.name);
        all
    }

    pub(super) fn schema(&self) -> Value {
        let samples = match self.number {
            1 => "1 sample payload".to_owned(),
            more => format!("{more} sample payloads"),
        };
        let mut schema = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": format!("urn:acuse:schemas:{}:{}", self.provider, self.type_name),
            "title": format!("{} {}", self.provider, self.type_name),
            "description": format!(
                "`data` of an event of the type `{}`, of the kind {}. Made from {samples}: required is what each of them has, and a payload may have more.",
                self.type_name, self.kind
            ),
        });
        let (Some(schema_members), Value::Object(own)) = (schema.as_object_mut(), self.seen.schema()) else {
            unreachable!("both are objects");
        };
        schema_members.extend(own);
        schema
    }
}

/// The member of the payload that the event is about: the one with the resource's id.
fn about<'a>(event: &Event, data: &'a Value) -> &'a str {
    let id = event.resource.as_ref().map(|resource| json!(resource.id));
    let members = data.as_object().into_iter().flatten();
    let mut found = members.filter(|(_, member)| member.get("id") == id.as_ref());
    found.next().map_or("", |(name, _)| name)
}

/// What values at one place were.
#[derive(Default)]
struct Seen {
    types: BTreeSet<&'static str>,
    /// How many of them were objects.
    objects: usize,
    members: BTreeMap<String, Seen>,
    items: Option<Box<Seen>>,
    /// In how many of the objects around it this was a member.
    times: usize,
}

impl Seen {
    fn add(&mut self, value: &Value) {
        self.times += 1;
        self.types.insert(match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            // Also for whole numbers: the next amount may have decimals.
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        });
        match value {
            Value::Object(members) => {
                self.objects += 1;
                for (name, member) in members {
                    self.members.entry(name.clone()).or_default().add(member);
                }
            }
            Value::Array(items) => {
                let seen = self.items.get_or_insert_default();
                items.iter().for_each(|item| seen.add(item));
            }
            _ => {}
        }
    }

    /// What `object!` says of it: members that samples may not have, and amounts, which may be numbers or texts.
    fn declare(&mut self, shape: Shape) {
        match shape {
            Shape::Amount => self.types.extend(["number", "string"]),
            Shape::Text if self.types.is_empty() => self.types.extend(["null", "string"]),
            Shape::Text => {}
            Shape::Object(members) => {
                if self.types.is_empty() {
                    self.types.extend(["null", "object"]);
                }
                for (name, shape) in members {
                    self.members.entry((*name).to_owned()).or_default().declare(*shape);
                }
            }
        }
    }

    fn schema(&self) -> Value {
        let mut schema = Map::new();
        let types: Vec<&str> = self.types.iter().copied().collect();
        match types.as_slice() {
            // No sample says what else it is.
            [] | ["null"] => return json!({}),
            [one] => schema.insert("type".to_owned(), json!(one)),
            several => schema.insert("type".to_owned(), json!(several)),
        };
        if !self.members.is_empty() {
            let members = self.members.iter();
            let each = members
                .clone()
                .filter(|(_, member)| member.times == self.objects && self.objects > 0);
            let required: Vec<&String> = each.map(|(name, _)| name).collect();
            if !required.is_empty() {
                schema.insert("required".to_owned(), json!(required));
            }
            let members: Map<String, Value> = members.map(|(name, member)| (name.clone(), member.schema())).collect();
            schema.insert("properties".to_owned(), Value::Object(members));
        }
        if let Some(items) = &self.items {
            schema.insert("items".to_owned(), items.schema());
        }
        Value::Object(schema)
    }
}
