//! One namespace, and the definitions of each kind in it.

use crate::date::iso;
use crate::refusal::Refusal;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The longest name.
const LONGEST: usize = 80;
/// The most definitions of one kind in a namespace, and the most namespaces.
pub(super) const MOST: usize = 1_000;

pub(super) type Result<T> = std::result::Result<T, Refusal>;

/// What a namespace defines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Objects,
    Properties,
    Tags,
    ResourceTypes,
}

impl Kind {
    pub(super) const ALL: [Kind; 4] = [
        Kind::Objects,
        Kind::Properties,
        Kind::Tags,
        Kind::ResourceTypes,
    ];

    /// As it is called in a path.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Objects => "objects",
            Kind::Properties => "properties",
            Kind::Tags => "tags",
            Kind::ResourceTypes => "resource_types",
        }
    }

    pub fn from_name(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// As it is called in a document that lists them.
    pub(super) const fn listed_as(self) -> &'static str {
        match self {
            Kind::ResourceTypes => "resource_type_associations",
            Kind::Objects | Kind::Properties | Kind::Tags => self.name(),
        }
    }

    pub(super) const fn one(self) -> &'static str {
        match self {
            Kind::Objects => "object",
            Kind::Properties => "property",
            Kind::Tags => "tag",
            Kind::ResourceTypes => "resource type association",
        }
    }

    /// Whether a field of one has the type that it must have. A property may have whatever a JSON schema has.
    fn takes(self, field: &str, value: &Value) -> bool {
        match (self, field) {
            (_, "name") => value.is_string(),
            (_, "created_at" | "updated_at" | "self" | "schema") => true,
            (Kind::Objects, "description") => value.is_string(),
            (Kind::Objects, "required") => value.is_array(),
            (Kind::Objects, "properties") => value.is_object(),
            (Kind::ResourceTypes, "prefix" | "properties_target") => value.is_string(),
            (Kind::Properties, "title" | "type" | "description") => value.is_string(),
            (Kind::Properties, _) => true,
            (Kind::Objects | Kind::Tags | Kind::ResourceTypes, _) => false,
        }
    }
}

/// One definition.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Definition {
    pub fields: Map<String, Value>,
    pub created: u64,
    pub updated: u64,
}

/// A namespace.
#[derive(Clone, Debug)]
pub(super) struct Namespace {
    pub owner: String,
    /// Its own fields, its name among them.
    pub fields: Map<String, Value>,
    pub created: u64,
    pub updated: u64,
    /// By kind and name.
    pub parts: [BTreeMap<String, Definition>; Kind::ALL.len()],
}

impl Namespace {
    pub fn is_public(&self) -> bool {
        self.fields["visibility"] == "public"
    }

    pub fn is_protected(&self) -> bool {
        self.fields["protected"] == true
    }

    pub fn part(&self, kind: Kind) -> &BTreeMap<String, Definition> {
        &self.parts[kind as usize]
    }

    pub fn view(&self, name: &str) -> Value {
        let mut view = self.fields.clone();
        view.insert("owner".into(), json!(self.owner));
        view.insert(
            "self".into(),
            json!(format!("/v2/metadefs/namespaces/{name}")),
        );
        view.insert("schema".into(), json!("/v2/schemas/metadefs/namespace"));
        view.insert("created_at".into(), json!(iso(self.created)));
        view.insert("updated_at".into(), json!(iso(self.updated)));
        Value::Object(view)
    }

    /// With all that it defines.
    pub fn whole(&self, name: &str) -> Value {
        let mut view = self.view(name);
        let some = |kind: &Kind| !self.part(*kind).is_empty();
        for kind in Kind::ALL.into_iter().filter(some) {
            view[kind.listed_as()] = self.views(name, kind);
        }
        view
    }

    /// Adds a definition; gives its name.
    pub fn add(&mut self, kind: Kind, document: Value, now: u64) -> Result<String> {
        let wrong = |field: &str| {
            Refusal::bad(format!(
                "Provided object does not match schema '{}': '{field}'",
                kind.one()
            ))
        };
        let Value::Object(mut fields) = document else {
            return Err(wrong("it is no object"));
        };
        if let Some((field, _)) = fields
            .iter()
            .find(|(field, value)| !kind.takes(field, value))
        {
            return Err(wrong(field));
        }
        let name = name_of(&fields, "name")?;
        let lacks = ["title", "type"]
            .into_iter()
            .find(|field| !fields.contains_key(*field));
        if let Some(field) = lacks.filter(|_| kind == Kind::Properties) {
            return Err(wrong(field));
        }
        let parts = &mut self.parts[kind as usize];
        if parts.contains_key(&name) {
            return Err(Refusal::conflict(format!(
                "A metadata definition {} with name={name} already exists.",
                kind.one()
            )));
        }
        if parts.len() >= MOST {
            return Err(Refusal::too_large(format!(
                "The namespace has {MOST} of these already."
            )));
        }
        for field in ["created_at", "updated_at", "self", "schema"] {
            fields.remove(field);
        }
        parts.insert(
            name.clone(),
            Definition {
                fields,
                created: now,
                updated: now,
            },
        );
        Ok(name)
    }

    /// Those of a kind, as a namespace shows them: properties by name, all others in a list.
    pub fn views(&self, name: &str, kind: Kind) -> Value {
        let names = self.part(kind).keys();
        let each = names.map(|part| (part.clone(), self.view_of(name, kind, part)));
        match kind {
            Kind::Properties => Value::Object(each.collect()),
            // A list of tags has their names alone.
            Kind::Tags => each.map(|(part, _)| json!({ "name": part })).collect(),
            Kind::Objects | Kind::ResourceTypes => each.map(|(_, view)| view).collect(),
        }
    }

    pub fn view_of(&self, name: &str, kind: Kind, part: &str) -> Value {
        let Some(definition) = self.part(kind).get(part) else {
            return Value::Null;
        };
        let mut view = definition.fields.clone();
        if kind != Kind::Properties {
            view.insert("created_at".into(), json!(iso(definition.created)));
            view.insert("updated_at".into(), json!(iso(definition.updated)));
        }
        if kind == Kind::Objects {
            view.insert(
                "self".into(),
                json!(format!("/v2/metadefs/namespaces/{name}/objects/{part}")),
            );
            view.insert("schema".into(), json!("/v2/schemas/metadefs/object"));
        }
        Value::Object(view)
    }
}

/// The name that a document gives.
pub(super) fn name_of(fields: &Map<String, Value>, key: &str) -> Result<String> {
    let name = fields.get(key).and_then(Value::as_str).unwrap_or_default();
    match name.chars().count() {
        1..=LONGEST => Ok(name.to_owned()),
        _ => Err(Refusal::bad(format!(
            "'{key}' must be a text of 1 to {LONGEST} characters"
        ))),
    }
}

/// A namespace's own fields, with those that it has if nothing is said.
pub(super) fn fields_of(document: &Value) -> Result<Map<String, Value>> {
    let document = document
        .as_object()
        .ok_or_else(|| Refusal::bad("Provided object does not match schema 'namespace'"))?;
    let mut fields = Map::from_iter([
        ("visibility".to_owned(), json!("private")),
        ("protected".to_owned(), json!(false)),
    ]);
    for (key, value) in document {
        let fits = match key.as_str() {
            "namespace" | "display_name" | "description" | "owner" => value.is_string(),
            "visibility" => value == "public" || value == "private",
            "protected" => value.is_boolean(),
            "objects" | "tags" | "resource_type_associations" => value.is_array(),
            "properties" => value.is_object(),
            _ => matches!(
                key.as_str(),
                "created_at" | "updated_at" | "self" | "schema"
            ),
        };
        if !fits {
            return Err(Refusal::bad(format!(
                "Provided object does not match schema 'namespace': '{key}'"
            )));
        }
        if matches!(
            key.as_str(),
            "namespace" | "display_name" | "description" | "visibility" | "protected"
        ) {
            fields.insert(key.clone(), value.clone());
        }
    }
    Ok(fields)
}

/// The definitions of a kind that a document holds, each with its name.
pub(super) fn within(document: &Value, kind: Kind) -> Result<Vec<Value>> {
    let named = |(name, definition): (&String, &Value)| {
        let mut definition = definition.clone();
        if let Some(fields) = definition.as_object_mut() {
            fields.insert("name".to_owned(), json!(name));
        }
        definition
    };
    match document.get(kind.listed_as()) {
        None => Ok(Vec::new()),
        Some(Value::Array(all)) => Ok(all.clone()),
        Some(Value::Object(all)) if kind == Kind::Properties => Ok(all.iter().map(named).collect()),
        Some(_) => Err(Refusal::bad(format!(
            "'{}' is not a list",
            kind.listed_as()
        ))),
    }
}
