//! Definitions of metadata: namespaces, and in each the objects, properties, tags and types of resources that it defines.
//!
//! They describe what images and other resources may be told; no image's life depends on them.

mod namespace;
#[cfg(test)]
mod tests;

pub(crate) use namespace::Kind;

use super::policy::Requester;
use crate::date::iso;
use crate::refusal::Refusal;
use namespace::{MOST, Namespace, Result, fields_of, name_of, within};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The types of resources that are known without a namespace, as those are that Glance ships.
const RESOURCE_TYPES: [&str; 7] = [
    "OS::Cinder::Volume",
    "OS::Glance::Image",
    "OS::Nova::Aggregate",
    "OS::Nova::Flavor",
    "OS::Nova::Server",
    "OS::Cinder::Snapshot",
    "OS::Trove::Instance",
];

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Definitions {
    namespaces: BTreeMap<String, Namespace>,
}

impl Definitions {
    /// The types of resources that are known, with those that a namespace names.
    pub fn resource_types(&self) -> Value {
        let named = self.namespaces.values();
        let named = named.flat_map(|it| it.part(Kind::ResourceTypes).keys().map(String::as_str));
        let mut all: Vec<&str> = RESOURCE_TYPES.into_iter().chain(named).collect();
        all.sort_unstable();
        all.dedup();
        let all = all
            .into_iter()
            .map(|name| json!({ "name": name, "created_at": iso(0), "updated_at": iso(0) }));
        json!({ "resource_types": all.collect::<Vec<Value>>() })
    }

    /// The namespaces that whoever asks may see: after `after`, at most so many, of this visibility.
    pub fn list(
        &self,
        requester: &Requester,
        after: Option<&str>,
        most: usize,
        visibility: Option<&str>,
    ) -> Result<Vec<Value>> {
        if let Some(marker) = after {
            self.seen(requester, marker)?;
        }
        let seen = self.namespaces.iter().filter(|(name, it)| {
            sees(requester, it)
                && after.is_none_or(|after| name.as_str() > after)
                && visibility.is_none_or(|wanted| it.fields["visibility"] == wanted)
        });
        Ok(seen.take(most).map(|(name, it)| it.view(name)).collect())
    }

    pub fn create(&mut self, requester: &Requester, document: &Value, now: u64) -> Result<Value> {
        changes(requester)?;
        let fields = fields_of(document)?;
        let name = name_of(&fields, "namespace")?;
        if self.namespaces.contains_key(&name) {
            return Err(Refusal::conflict(format!(
                "The metadata definition namespace={name} already exists."
            )));
        }
        if self.namespaces.len() >= MOST {
            return Err(Refusal::too_large(format!(
                "There are {MOST} namespaces already."
            )));
        }
        let mut namespace = Namespace {
            owner: requester.project.clone(),
            fields,
            created: now,
            updated: now,
            parts: Default::default(),
        };
        for kind in Kind::ALL {
            for definition in within(document, kind)? {
                namespace.add(kind, definition, now)?;
            }
        }
        let view = namespace.whole(&name);
        self.namespaces.insert(name, namespace);
        Ok(view)
    }

    /// A namespace with all that it defines.
    pub fn show(&self, requester: &Requester, name: &str) -> Result<Value> {
        Ok(self.seen(requester, name)?.whole(name))
    }

    pub fn update(
        &mut self,
        requester: &Requester,
        name: &str,
        document: &Value,
        now: u64,
    ) -> Result<Value> {
        self.seen(requester, name)?;
        changes(requester)?;
        let fields = fields_of(document)?;
        let renamed = name_of(&fields, "namespace")?;
        if renamed != name && self.namespaces.contains_key(&renamed) {
            return Err(Refusal::conflict(format!(
                "The metadata definition namespace={renamed} already exists."
            )));
        }
        let mut namespace = self
            .namespaces
            .remove(name)
            .ok_or_else(|| no_namespace(name))?;
        namespace.fields = fields;
        namespace.updated = now;
        let view = namespace.view(&renamed);
        self.namespaces.insert(renamed, namespace);
        Ok(view)
    }

    pub fn delete(&mut self, requester: &Requester, name: &str) -> Result<()> {
        self.thinned(requester, name)?;
        self.namespaces.remove(name);
        Ok(())
    }

    /// Those of a kind in a namespace.
    pub fn list_parts(&self, requester: &Requester, name: &str, kind: Kind) -> Result<Value> {
        let namespace = self.seen(requester, name)?;
        let mut document = json!({ kind.listed_as(): namespace.views(name, kind) });
        if matches!(kind, Kind::Objects | Kind::Tags) {
            document["first"] = json!(format!("/v2/metadefs/namespaces/{name}/{}", kind.name()));
            document["schema"] = json!(format!("/v2/schemas/metadefs/{}", kind.name()));
        }
        Ok(document)
    }

    /// Adds a definition; in place of all others of its kind, a list of tags.
    pub fn add_part(
        &mut self,
        requester: &Requester,
        name: &str,
        kind: Kind,
        document: &Value,
        now: u64,
    ) -> Result<Value> {
        let namespace = self.changed(requester, name)?;
        if kind != Kind::Tags || document.get("tags").is_none() {
            let part = namespace.add(kind, document.clone(), now)?;
            return Ok(namespace.view_of(name, kind, &part));
        }
        let tags = within(document, kind)?;
        let before = std::mem::take(&mut namespace.parts[kind as usize]);
        for tag in tags {
            if let Err(refusal) = namespace.add(kind, tag, now) {
                namespace.parts[kind as usize] = before;
                return Err(refusal);
            }
        }
        Ok(json!({ "tags": namespace.views(name, kind) }))
    }

    pub fn show_part(
        &self,
        requester: &Requester,
        name: &str,
        kind: Kind,
        part: &str,
    ) -> Result<Value> {
        let namespace = self.seen(requester, name)?;
        if !namespace.part(kind).contains_key(part) {
            return Err(no_part(kind, part, name));
        }
        Ok(namespace.view_of(name, kind, part))
    }

    pub fn update_part(
        &mut self,
        requester: &Requester,
        name: &str,
        kind: Kind,
        part: &str,
        document: &Value,
        now: u64,
    ) -> Result<Value> {
        let namespace = self.changed(requester, name)?;
        let Some(before) = namespace.parts[kind as usize].remove(part) else {
            return Err(no_part(kind, part, name));
        };
        match namespace.add(kind, document.clone(), now) {
            Ok(renamed) => {
                if let Some(it) = namespace.parts[kind as usize].get_mut(&renamed) {
                    it.created = before.created;
                }
                Ok(namespace.view_of(name, kind, &renamed))
            }
            Err(refusal) => {
                namespace.parts[kind as usize].insert(part.to_owned(), before);
                Err(refusal)
            }
        }
    }

    /// Deletes one of a kind, or all of them.
    pub fn delete_part(
        &mut self,
        requester: &Requester,
        name: &str,
        kind: Kind,
        part: Option<&str>,
    ) -> Result<()> {
        let namespace = self.thinned(requester, name)?;
        let parts = &mut namespace.parts[kind as usize];
        match part {
            None => parts.clear(),
            Some(part) => {
                parts
                    .remove(part)
                    .ok_or_else(|| no_part(kind, part, name))?;
            }
        }
        Ok(())
    }

    fn seen(&self, requester: &Requester, name: &str) -> Result<&Namespace> {
        let namespace = self.namespaces.get(name).filter(|it| sees(requester, it));
        namespace.ok_or_else(|| no_namespace(name))
    }

    /// A namespace that whoever asks may change.
    fn changed(&mut self, requester: &Requester, name: &str) -> Result<&mut Namespace> {
        self.seen(requester, name)?;
        changes(requester)?;
        self.namespaces
            .get_mut(name)
            .ok_or_else(|| no_namespace(name))
    }

    /// One of which, or in which, something may be deleted.
    fn thinned(&mut self, requester: &Requester, name: &str) -> Result<&mut Namespace> {
        match self.changed(requester, name)? {
            it if it.is_protected() => Err(Refusal::forbidden(format!(
                "Metadata definition namespace {name} is protected and cannot be deleted."
            ))),
            it => Ok(it),
        }
    }
}

fn sees(requester: &Requester, namespace: &Namespace) -> bool {
    requester.is_admin()
        || requester.has("reader")
            && (namespace.is_public() || namespace.owner == requester.project)
}

/// Only admins may change anything, by Glance's own defaults.
fn changes(requester: &Requester) -> Result<()> {
    match requester.is_admin() {
        true => Ok(()),
        false => Err(Refusal::forbidden(
            "You are not authorized to complete this action.",
        )),
    }
}

fn no_namespace(name: &str) -> Refusal {
    Refusal::missing(format!(
        "The metadata definition namespace with name={name} was not found."
    ))
}

fn no_part(kind: Kind, part: &str, namespace: &str) -> Refusal {
    Refusal::missing(format!(
        "The metadata definition {} with name={part} was not found in namespace={namespace}.",
        kind.one()
    ))
}
