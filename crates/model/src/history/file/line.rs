//! One line of a saved history: how it is written, and how its text is understood.

use super::trailer::Trailer;
use super::word::Checksum;
use super::{Entry, Header, Problem, SCHEMA};
use crate::history::{
    ClientEvent, Content, Ending, Held, Observation, OpId, PresentRow, ProbeReading, Row, Seen,
};
use crate::lifecycle::{Operation, Outcome, Profile, SubjectStatus, Who};
use crate::units::Time;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// A line after the header.
pub(super) enum Parsed {
    Event(Entry),
    Trailer(Trailer),
}

/// Understands the first line.
pub(super) fn header(text: &[u8]) -> Result<Header, Problem> {
    let no_header = |error| Problem::NoHeader(plain(&error));
    if !is_object(text) {
        return Err(Problem::NoHeader("it does not begin with a brace".into()));
    }
    let Peek { schema } = serde_json::from_slice(text).map_err(no_header)?;
    if schema != u64::from(SCHEMA) {
        return Err(Problem::Schema(schema));
    }
    let line: HeaderLine = serde_json::from_slice(text).map_err(no_header)?;
    let right = match line.target {
        Target::Embedded => line.profile != Profile::Glance && line.delayed_delete.is_some(),
        Target::Glance => line.profile == Profile::Glance,
    };
    if !right {
        return Err(Problem::NoHeader(
            "the embedded service has profile v1 or v2 and says whether it has delayed_delete, a real Glance has profile glance"
                .into(),
        ));
    }
    Ok(Header {
        scenario: line.scenario.into_owned(),
        seed: line.seed,
        profile: line.profile,
        delayed_delete: line.delayed_delete,
        one_identity: line.one_identity,
    })
}

/// Understands any other line.
pub(super) fn parse(text: &[u8]) -> Result<Parsed, Problem> {
    if !is_object(text) {
        return Err(Problem::Json(1, "an event begins with a brace".into()));
    }
    match serde_json::from_slice::<Line>(text) {
        Ok(line) => line.entry().map(Parsed::Event),
        Err(error) if error.is_eof() => Err(Problem::CutShort),
        Err(error) => match serde_json::from_slice(text) {
            Ok(trailer) => Ok(Parsed::Trailer(trailer)),
            Err(_) if serde_json::from_slice::<Peek>(text).is_ok() => Err(Problem::SecondHeader),
            Err(_) => Err(Problem::Json(error.column(), plain(&error))),
        },
    }
}

/// A list would do for a structure otherwise, field by field.
fn is_object(text: &[u8]) -> bool {
    text.trim_ascii_start().starts_with(b"{")
}

/// What is wrong, without the place in a text of one line.
fn plain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    text.strip_suffix(&place).unwrap_or(&text).to_owned()
}

/// Only a header says its schema.
#[derive(Deserialize)]
struct Peek {
    schema: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HeaderLine<'a> {
    schema: u32,
    scenario: Cow<'a, str>,
    seed: u64,
    target: Target,
    profile: Profile,
    delayed_delete: Option<bool>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    one_identity: bool,
}

impl HeaderLine<'_> {
    pub(super) fn of(header: &Header) -> HeaderLine<'_> {
        HeaderLine {
            schema: SCHEMA,
            scenario: Cow::Borrowed(&header.scenario),
            seed: header.seed,
            target: match header.profile {
                Profile::Glance => Target::Glance,
                Profile::V1 | Profile::V2 => Target::Embedded,
            },
            profile: header.profile,
            delayed_delete: header.delayed_delete,
            one_identity: header.one_identity,
        }
    }
}

#[derive(Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line {
    #[serde(default = "one", skip_serializing_if = "is_one")]
    run: u32,
    subject: u64,
    t_ns: u64,
    event: Kind,
    #[serde(skip_serializing_if = "Option::is_none")]
    op: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<Operation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    who: Option<Who>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<Outcome>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Seen>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    checksum: Option<Checksum>,
    #[serde(skip_serializing_if = "Option::is_none")]
    spoiled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    http: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Checksum>,
    #[serde(skip_serializing_if = "Option::is_none")]
    row: Option<RowLine>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Held>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tasks_open: Option<u32>,
}

#[derive(PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
enum RowLine {
    Absent,
    Present {
        status: SubjectStatus,
        deleted: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        size: Option<u64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        checksum: Option<Checksum>,
        locations: u32,
        in_store: bool,
    },
}

fn one() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it so")]
fn is_one(run: &u32) -> bool {
    *run == 1
}

impl Line {
    /// The line of an event.
    pub(super) fn of(run: u32, subject: u64, event: &ClientEvent) -> Line {
        let line = Line {
            run,
            subject,
            t_ns: event.at.0,
            ..Line::default()
        };
        match event.observation {
            Observation::Invoked {
                op,
                operation,
                who,
                brings,
                spoiled,
            } => Line {
                event: Kind::Invoked,
                op: Some(op.0),
                operation: Some(operation),
                who: Some(who),
                size: brings.map(|content| content.size),
                checksum: brings.map(checksum),
                spoiled: spoiled.then_some(true),
                ..line
            },
            Observation::Answered { op, ending } => Line {
                event: Kind::Answered,
                op: Some(op.0),
                outcome: Some(ending.outcome),
                status: ending.seen,
                size: ending.content.map(|content| content.size),
                checksum: ending.content.map(checksum),
                http: ending.http_status,
                ..line
            },
            Observation::Property { op, value } => Line {
                event: Kind::Property,
                op: Some(op.0),
                value: value.map(Checksum),
                ..line
            },
            Observation::Broken(broken) => Line {
                event: if broken { Kind::Broken } else { Kind::Healed },
                ..line
            },
            Observation::Probed(reading) => Line {
                event: Kind::Probed,
                row: reading.row.map(RowLine::of),
                data: reading.data,
                tasks_open: reading.tasks_open,
                ..line
            },
        }
    }

    /// The event of the line. What it says is taken out of it; whatever is left does not belong there.
    fn entry(mut self) -> Result<Entry, Problem> {
        let kind = self.event;
        let observation = match kind {
            Kind::Invoked => Observation::Invoked {
                op: OpId(needed(kind, "op", self.op.take())?),
                operation: needed(kind, "operation", self.operation.take())?,
                who: needed(kind, "who", self.who.take())?,
                brings: content(kind, self.size.take(), self.checksum.take())?,
                spoiled: self.spoiled.take().unwrap_or(false),
            },
            Kind::Answered => Observation::Answered {
                op: OpId(needed(kind, "op", self.op.take())?),
                ending: Ending {
                    outcome: needed(kind, "outcome", self.outcome.take())?,
                    seen: self.status.take(),
                    content: content(kind, self.size.take(), self.checksum.take())?,
                    http_status: self.http.take(),
                },
            },
            Kind::Property => Observation::Property {
                op: OpId(needed(kind, "op", self.op.take())?),
                value: self.value.take().map(|Checksum(value)| value),
            },
            Kind::Broken => Observation::Broken(true),
            Kind::Healed => Observation::Broken(false),
            Kind::Probed => Observation::Probed(ProbeReading {
                row: self.row.take().map(|row| row.row(kind)).transpose()?,
                data: self.data.take(),
                tasks_open: self.tasks_open.take(),
            }),
        };
        let bare = Line {
            run: self.run,
            subject: self.subject,
            t_ns: self.t_ns,
            event: kind,
            ..Line::default()
        };
        if self != bare {
            let [rest, bare] =
                [&self, &bare].map(|line| serde_json::to_string(line).unwrap_or_default());
            let said = rest.strip_prefix(bare.trim_end_matches('}'));
            let said = said.unwrap_or(&rest).trim_start_matches(',');
            return Err(Problem::Surplus(
                kind.name(),
                said.trim_end_matches('}').to_owned(),
            ));
        }
        Ok(Entry {
            run: self.run,
            subject: self.subject,
            event: ClientEvent {
                at: Time(self.t_ns),
                observation,
            },
        })
    }
}

fn needed<T>(kind: Kind, field: &'static str, value: Option<T>) -> Result<T, Problem> {
    value.ok_or(Problem::Missing(kind.name(), field))
}

fn content(
    kind: Kind,
    size: Option<u64>,
    checksum: Option<Checksum>,
) -> Result<Option<Content>, Problem> {
    if size.is_none() && checksum.is_none() {
        return Ok(None);
    }
    let Checksum(checksum) = needed(kind, "checksum", checksum)?;
    let size = needed(kind, "size", size)?;
    Ok(Some(Content { size, checksum }))
}

fn checksum(content: Content) -> Checksum {
    Checksum(content.checksum)
}

impl RowLine {
    fn of(row: Row) -> RowLine {
        match row {
            Row::Absent => RowLine::Absent,
            Row::Present(row) => RowLine::Present {
                status: row.status,
                deleted: row.deleted,
                size: row.content.map(|content| content.size),
                checksum: row.content.map(checksum),
                locations: row.locations,
                in_store: row.in_store,
            },
        }
    }

    fn row(self, kind: Kind) -> Result<Row, Problem> {
        Ok(match self {
            RowLine::Absent => Row::Absent,
            RowLine::Present {
                status,
                deleted,
                size,
                checksum,
                locations,
                in_store,
            } => Row::Present(PresentRow {
                status,
                deleted,
                content: content(kind, size, checksum)?,
                locations,
                in_store,
            }),
        })
    }
}

/// What an event is.
#[derive(Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    #[default]
    Invoked,
    Answered,
    Broken,
    Healed,
    Probed,
    Property,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Kind::Invoked => "invoked",
            Kind::Answered => "answered",
            Kind::Broken => "broken",
            Kind::Healed => "healed",
            Kind::Probed => "probed",
            Kind::Property => "property",
        }
    }
}

/// Who was asked: the embedded service, or a real server.
#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Target {
    Embedded,
    Glance,
}
