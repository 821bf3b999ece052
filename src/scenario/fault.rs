//! What goes wrong: `[[fault]]`.

use super::Target;
use super::document::{Node, Value};
use super::load::tables;
use super::mistake::Spot;
use super::reader::{Fields, Read, Reader, Written};
use super::value::{Name, Share};
use stormglass_model::fault::{Fault, FaultKind, Place, kinds_at};
use stormglass_model::script::ClientFault;
use stormglass_model::units::{Span, Time};

/// Every kind, as the table of faults spells them.
const KINDS: [&str; 11] = [
    "error",
    "latency",
    "stall",
    "full",
    "down",
    "close",
    "reset",
    "half-close",
    "slow",
    "close-reply",
    "command",
];

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
        let kind =
            fields.required::<Written<Kind>>(reader, "kind", "{ error = { probability = 0.3 } }");
        let kind = match (&place, &kind) {
            (Some(place), Some(kind)) => check(reader, target, place, kind),
            _ => None,
        };
        let window = fields
            .node("window")
            .map(|node| window(reader, node, duration));
        fields.done(reader);
        let (from, to) = window.unwrap_or_default();
        if let (Some(name), Some(place), Some(kind)) = (name, place, kind) {
            faults.push(Fault {
                name: name.value.0,
                place: place.value,
                kind,
                from,
                to,
            });
        }
    }
    faults
}

/// What was written, as a kind that the place can have on this target.
fn check(
    reader: &mut Reader,
    target: Option<&Target>,
    place: &Written<Place>,
    kind: &Written<Kind>,
) -> Option<FaultKind> {
    let (at, name) = (place.value, kind.value.tag);
    let glance = match target? {
        Target::Embedded(_) => None,
        Target::Glance(glance) => Some(glance),
    };
    let known = kinds_at(at, glance.is_some());
    if known.is_empty() {
        let (message, help) = match glance {
            Some(_) => (
                format!("a fault at `{at}` cannot be injected into glance"),
                "on glance a fault can be at: client, server",
            ),
            None => (
                "a fault at `server` is a command, and the embedded service knows none".to_owned(),
                "write another place, or run the scenario on [target.glance]",
            ),
        };
        reader.wrong(place.spot, message, help);
        return None;
    }
    if !known.contains(&name) {
        let message = format!("`{at}` cannot have the fault `{name}`");
        let help = format!("`{at}` can have: {}", known.join(", "));
        reader.wrong(kind.spot, message, help);
        return None;
    }
    if let (Some(glance), Detail::Command(name)) = (glance, &kind.value.detail)
        && !glance.commands.iter().any(|command| command.name == *name)
    {
        let help = format!("write [target.glance.commands.{name}] with its `run` and `undo`");
        reader.wrong(kind.spot, format!("no command is called `{name}`"), help);
    }
    kind.value.at(reader, kind.spot, at)
}

/// A kind as it was written: what `stall` means, and needs, depends on the place.
struct Kind {
    tag: &'static str,
    detail: Detail,
}

enum Detail {
    Plain,
    Probability(f64),
    Latency(Span),
    After { after: f64, probability: f64 },
    Command(String),
}

impl Kind {
    fn at(&self, reader: &mut Reader, spot: Spot, place: Place) -> Option<FaultKind> {
        if place == Place::Client {
            let fault = ClientFault::from_name(self.tag)?;
            let (after, probability) = match self.detail {
                Detail::After { after, probability } => (after, probability),
                Detail::Probability(probability) => (1.0, probability),
                _ if fault == ClientFault::CloseReply => (1.0, 1.0),
                _ => {
                    needs(reader, spot, self.tag, ("after", "\"50%\""));
                    return None;
                }
            };
            return Some(FaultKind::Client {
                fault,
                after,
                probability,
            });
        }
        match &self.detail {
            Detail::Probability(probability) => Some(FaultKind::Error {
                probability: *probability,
            }),
            Detail::Latency(add) => Some(FaultKind::Latency { add: *add }),
            Detail::Command(name) => Some(FaultKind::Command(name.clone())),
            Detail::Plain => match self.tag {
                "stall" => Some(FaultKind::Stall),
                "full" => Some(FaultKind::Full),
                _ => Some(FaultKind::Down),
            },
            Detail::After { .. } => {
                let message = format!("`{}` at `{place}` has nothing more to say", self.tag);
                reader.wrong(spot, message, format!("write `\"{}\"`", self.tag));
                None
            }
        }
    }
}

fn needs(reader: &mut Reader, spot: Spot, tag: &str, (key, example): (&str, &str)) {
    let help = format!("write `{{ {tag} = {{ {key} = {example} }} }}`");
    reader.wrong(spot, format!("`{tag}` needs to know its {key}"), help);
}

impl Read for Place {
    fn read(reader: &mut Reader, node: &Node) -> Option<Place> {
        reader.one_of(node, "place", Place::ALL, Place::name)
    }
}

impl Read for Kind {
    fn read(reader: &mut Reader, node: &Node) -> Option<Kind> {
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
        let detail = match inner {
            Some(inner) if tag == "command" => Detail::Command(String::read(reader, inner)?),
            Some(inner) => detail(reader, tag, inner)?,
            None => plain(reader, tag, node.spot)?,
        };
        Some(Kind { tag, detail })
    }
}

/// A kind written as its name alone.
fn plain(reader: &mut Reader, tag: &str, spot: Spot) -> Option<Detail> {
    let missing = match tag {
        "error" => ("probability", "0.3"),
        "latency" => ("add", "\"250ms\""),
        "close" | "reset" | "half-close" | "slow" => ("after", "\"50%\""),
        "command" => {
            let help = "write `{ command = \"kill-api\" }`";
            reader.wrong(spot, "`command` needs to know which", help);
            return None;
        }
        _ => return Some(Detail::Plain),
    };
    needs(reader, spot, tag, missing);
    None
}

fn detail(reader: &mut Reader, tag: &str, node: &Node) -> Option<Detail> {
    let share = |share: Share| share.0;
    let (key, example) = match tag {
        "error" | "close-reply" => ("probability", "0.3"),
        "latency" => ("add", "\"250ms\""),
        "full" | "down" => ("", ""),
        _ => ("after", "\"50%\""),
    };
    let mut fields = Fields::of(reader, node, &format!("{{ {key} = {example} }}"))?;
    let detail = match tag {
        "error" | "close-reply" => {
            let probability = fields.required(reader, key, example).map(share);
            probability.map(Detail::Probability)
        }
        "latency" => fields.required(reader, key, example).map(Detail::Latency),
        "full" | "down" => Some(Detail::Plain),
        _ => {
            let after = fields.required(reader, key, example).map(share);
            let probability = fields.or(reader, "probability", Share(1.0)).0;
            after.map(|after| Detail::After { after, probability })
        }
    };
    fields.done(reader);
    detail
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
