//! What goes wrong: `[[fault]]`.

use super::Target;
use super::document::{Node, Value};
use super::load::tables;
use super::reader::{Fields, Read, Reader, Written};
use super::value::{Name, Share};
use crate::fault::{Fault, FaultKind, Place, kinds_at};
use crate::units::{Span, Time};

/// Every kind, as the table of faults spells them.
const KINDS: [&str; 6] = ["error", "latency", "stall", "full", "down", "close"];

/// Reads every `[[fault]]`.
pub(super) fn read(
    reader: &mut Reader,
    root: &mut Fields,
    target: Option<&Target>,
    duration: Option<Span>,
) -> Vec<Fault> {
    let mut names: Vec<String> = Vec::new();
    let mut faults = Vec::new();
    for mut fields in tables(reader, root, "fault") {
        let name = fields.required::<Written<Name>>(reader, "name", "\"store fails writes\"");
        if let Some(name) = &name {
            if names.contains(&name.value.0) {
                let message = format!("a second fault is called `{}`", name.value.0);
                reader.wrong(name.spot, message, "give each fault a name of its own");
            }
            names.push(name.value.0.clone());
        }
        let place = fields.required::<Written<Place>>(reader, "at", "\"store.put\"");
        let kind = fields.required::<Written<FaultKind>>(
            reader,
            "kind",
            "{ error = { probability = 0.3 } }",
        );
        if let (Some(place), Some(kind)) = (&place, &kind) {
            check(reader, target, place, kind);
        }
        let window = fields
            .node("window")
            .map(|node| window(reader, node, duration));
        fields.done(reader);
        let (from, to) = window.unwrap_or_default();
        if let (Some(name), Some(place), Some(kind)) = (name, place, kind) {
            faults.push(Fault {
                name: name.value.0,
                place: place.value,
                kind: kind.value,
                from,
                to,
            });
        }
    }
    faults
}

fn check(
    reader: &mut Reader,
    target: Option<&Target>,
    place: &Written<Place>,
    kind: &Written<FaultKind>,
) {
    let (at, name) = (place.value, kind.value.name());
    if !kinds_at(at).contains(&name) {
        let message = format!("`{at}` cannot have the fault `{name}`");
        let help = format!("`{at}` can have: {}", kinds_at(at).join(", "));
        reader.wrong(kind.spot, message, help);
    }
    if matches!(target, Some(Target::Glance(_))) && at != Place::Client {
        let message = format!("a fault at `{at}` cannot be injected into glance");
        reader.wrong(
            place.spot,
            message,
            "on glance a fault can be at: client (close)",
        );
    }
}

impl Read for Place {
    fn read(reader: &mut Reader, node: &Node) -> Option<Place> {
        reader.one_of(node, "place", Place::ALL, Place::name)
    }
}

impl Read for FaultKind {
    fn read(reader: &mut Reader, node: &Node) -> Option<FaultKind> {
        let (tag, inner) = match &node.value {
            Value::Table(_) => {
                let (tag, inner) = reader.tagged(node, "kind of fault", &KINDS)?;
                (tag, Some(inner))
            }
            Value::String(_) => (
                reader.one_of(node, "kind of fault", &KINDS, |kind| kind)?,
                None,
            ),
            _ => {
                reader.wrong_type(node, "a kind of fault", "{ error = { probability = 0.3 } }");
                return None;
            }
        };
        let (key, example) = match tag {
            "error" => ("probability", "0.3"),
            "latency" => ("add", "\"250ms\""),
            "close" => ("after", "\"50%\""),
            _ => ("", ""),
        };
        let Some(inner) = inner else {
            if !key.is_empty() {
                let help = format!("write `{{ {tag} = {{ {key} = {example} }} }}`");
                reader.wrong(node.spot, format!("`{tag}` needs to know its {key}"), help);
                return None;
            }
            return plain(tag);
        };
        let mut fields = Fields::of(reader, inner, &format!("{{ {key} = {example} }}"))?;
        let share = |share: Share| share.0;
        let kind = match tag {
            "error" => (fields.required(reader, key, example).map(share))
                .map(|probability| FaultKind::Error { probability }),
            "latency" => {
                (fields.required(reader, key, example)).map(|add| FaultKind::Latency { add })
            }
            "close" => (fields.required(reader, key, example).map(share))
                .map(|after| FaultKind::Close { after }),
            _ => plain(tag),
        };
        fields.done(reader);
        kind
    }
}

/// A kind that has nothing more to say.
fn plain(tag: &str) -> Option<FaultKind> {
    match tag {
        "stall" => Some(FaultKind::Stall),
        "full" => Some(FaultKind::Full),
        "down" => Some(FaultKind::Down),
        _ => None,
    }
}

fn window(reader: &mut Reader, node: &Node, duration: Option<Span>) -> (Time, Option<Time>) {
    let Some(mut fields) = Fields::of(reader, node, "{ from = \"1h\", to = \"2h\" }") else {
        return (Time::ZERO, None);
    };
    let from = fields.optional::<Written<Span>>(reader, "from");
    let to = fields.optional::<Written<Span>>(reader, "to");
    fields.done(reader);
    let begin = from.as_ref().map_or(Span::ZERO, |from| from.value);
    if let (Some(from), Some(duration)) = (&from, duration)
        && from.value >= duration
    {
        let message = format!("the fault opens when the load has ended, after {duration}");
        reader.wrong(from.spot, message, "a window must open inside the load");
    }
    if let Some(to) = &to {
        if to.value <= begin {
            let message = format!("the fault would heal before it opens, at {begin}");
            reader.wrong(to.spot, message, "write a `to` after `from`");
        } else if let Some(duration) = duration.filter(|&duration| to.value > duration) {
            let message = format!("the window ends after the load, which lasts {duration}");
            reader.wrong(
                to.spot,
                message,
                "leave `to` out: all faults heal when the load ends",
            );
        }
    }
    (Time(begin.0), to.map(|to| Time(to.value.0)))
}
