//! Tables as Parquet, for programs that read columns: `timeline.parquet`, and `events.parquet` where the history was kept.
//!
//! A column is of whole numbers, of numbers or of text, by its name alone, so that it is the same in every run. What is empty in a
//! CSV file is null.

use super::csv;
use super::findings::{clean, reading};
use crate::metrics::StormResult;
use ::parquet::basic::Compression;
use ::parquet::column::writer::ColumnWriter;
use ::parquet::data_type::ByteArray;
use ::parquet::errors::ParquetError;
use ::parquet::file::properties::WriterProperties;
use ::parquet::file::writer::SerializedFileWriter;
use ::parquet::schema::parser::parse_message_type;
use std::io::{self, Write};
use std::sync::Arc;
use stormglass_model::history::{ClientEvent, Observation, Seen};

/// `timeline.csv` with types.
pub const TIMELINE: &str = "timeline.parquet";
/// What every client saw.
pub const EVENTS: &str = "events.parquet";

/// Rows of a group, which is in memory as a whole.
const GROUP: usize = 1 << 17;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Whole,
    Number,
    Text,
}

/// A cell; none: null.
#[derive(Clone, Debug)]
enum Cell {
    Whole(Option<i64>),
    Number(Option<f64>),
    Text(Option<String>),
}

/// Writes the intervals of all runs, one row each.
pub fn timeline(result: &StormResult, out: impl Write + Send) -> io::Result<()> {
    let table = csv::timeline(result)?;
    let mut reader = ::csv::Reader::from_reader(table.as_slice());
    let columns: Vec<(String, Kind)> = (reader.headers()?.iter())
        .map(|name| (name.to_owned(), kind(name)))
        .collect();
    let mut writer = Table::new("timeline", columns, out)?;
    for record in reader.records() {
        let record = record?;
        let cells = writer.columns.iter().zip(&record);
        let cells: io::Result<Vec<Cell>> =
            cells.map(|((_, kind), text)| cell(*kind, text)).collect();
        writer.push(cells?)?;
    }
    writer.finish()
}

/// What a column of a timeline holds.
fn kind(name: &str) -> Kind {
    let is_measured = ["_s", "_us", "_mean"].iter().any(|end| name.ends_with(end));
    match name {
        "phase" => Kind::Text,
        name if is_measured || name.starts_with("utilisation_") => Kind::Number,
        _ => Kind::Whole,
    }
}

fn cell(kind: Kind, text: &str) -> io::Result<Cell> {
    let there = (!text.is_empty()).then_some(text);
    let wrong = |_| {
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!("`{text}` is no number of its column"),
        )
    };
    Ok(match kind {
        Kind::Whole => Cell::Whole(there.map(str::parse).transpose().map_err(|_| wrong(()))?),
        Kind::Number => Cell::Number(there.map(str::parse).transpose().map_err(|_| wrong(()))?),
        Kind::Text => Cell::Text(there.map(str::to_owned)),
    })
}

/// Writes what the clients of a storm saw, a row an event; nothing but a header if the scenario did not keep it.
pub fn events(result: &StormResult, out: impl Write + Send) -> io::Result<()> {
    let columns = [
        ("run", Kind::Whole),
        ("subject", Kind::Whole),
        ("t_s", Kind::Number),
        ("event", Kind::Text),
        ("op", Kind::Whole),
        ("operation", Kind::Text),
        ("who", Kind::Text),
        ("outcome", Kind::Text),
        ("http_status", Kind::Whole),
        ("seen", Kind::Text),
        ("size_bytes", Kind::Whole),
        ("property", Kind::Whole),
        ("found", Kind::Text),
    ];
    let columns = columns.map(|(name, kind)| (name.to_owned(), kind));
    let mut writer = Table::new("events", columns.to_vec(), out)?;
    for run in &result.runs {
        for history in &run.histories {
            for event in &history.events {
                let seen = Event::of(event);
                writer.push(seen.cells(run.run, history.subject, event.at.as_secs_f64()))?;
            }
        }
    }
    writer.finish()
}

/// An event of a client, as far as each column applies to it.
#[derive(Default)]
struct Event {
    name: &'static str,
    op: Option<u64>,
    operation: Option<String>,
    who: Option<String>,
    outcome: Option<String>,
    http_status: Option<u64>,
    seen: Option<String>,
    size: Option<u64>,
    property: Option<u64>,
    found: Option<String>,
}

impl Event {
    fn of(event: &ClientEvent) -> Event {
        match event.observation {
            Observation::Invoked {
                op,
                operation,
                who,
                brings,
                ..
            } => Event {
                name: "invoked",
                op: Some(op.0),
                operation: Some(operation.name().to_owned()),
                who: Some(who.to_string()),
                size: brings.map(|content| content.size),
                ..Event::default()
            },
            Observation::Answered { op, ending } => Event {
                name: "answered",
                op: Some(op.0),
                outcome: Some(ending.outcome.name().to_owned()),
                http_status: ending.http_status.map(u64::from),
                seen: ending.seen.map(|seen| match seen {
                    Seen::Status(status) => status.name().to_owned(),
                    Seen::Gone => "gone".to_owned(),
                }),
                size: ending.content.map(|content| content.size),
                ..Event::default()
            },
            Observation::Property { op, value } => Event {
                name: "property",
                op: Some(op.0),
                property: value,
                ..Event::default()
            },
            Observation::Broken(broken) => Event {
                name: if broken { "broken" } else { "healed" },
                ..Event::default()
            },
            Observation::Probed(found) => Event {
                name: "probed",
                found: Some(clean(&reading(&found).join("; "))),
                ..Event::default()
            },
        }
    }

    fn cells(self, run: u32, subject: u64, t_s: f64) -> Vec<Cell> {
        // What is larger than any size that there is.
        let whole =
            |value: Option<u64>| Cell::Whole(value.map(|it| i64::try_from(it).unwrap_or(i64::MAX)));
        vec![
            whole(Some(u64::from(run))),
            whole(Some(subject)),
            Cell::Number(Some(t_s)),
            Cell::Text(Some(self.name.to_owned())),
            whole(self.op),
            Cell::Text(self.operation),
            Cell::Text(self.who),
            Cell::Text(self.outcome),
            whole(self.http_status),
            Cell::Text(self.seen),
            whole(self.size),
            whole(self.property),
            Cell::Text(self.found),
        ]
    }
}

/// A table under way: rows are gathered until there is a group of them.
struct Table<W: Write + Send> {
    columns: Vec<(String, Kind)>,
    rows: Vec<Vec<Cell>>,
    writer: SerializedFileWriter<W>,
}

impl<W: Write + Send> Table<W> {
    fn new(name: &str, columns: Vec<(String, Kind)>, out: W) -> io::Result<Table<W>> {
        let fields = columns.iter().map(|(name, kind)| match kind {
            Kind::Whole => format!("optional int64 {name};"),
            Kind::Number => format!("optional double {name};"),
            Kind::Text => format!("optional binary {name} (utf8);"),
        });
        let message = format!("message {name} {{ {} }}", fields.collect::<String>());
        let schema = Arc::new(parse_message_type(&message).map_err(failed)?);
        let properties = WriterProperties::builder()
            .set_compression(Compression::UNCOMPRESSED)
            .set_created_by(format!("stormglass {}", env!("CARGO_PKG_VERSION")));
        let writer = SerializedFileWriter::new(out, schema, Arc::new(properties.build()));
        Ok(Table {
            columns,
            rows: Vec::new(),
            writer: writer.map_err(failed)?,
        })
    }

    fn push(&mut self, row: Vec<Cell>) -> io::Result<()> {
        self.rows.push(row);
        match self.rows.len() < GROUP {
            true => Ok(()),
            false => self.flush().map_err(failed),
        }
    }

    fn flush(&mut self) -> Result<(), ParquetError> {
        let rows = std::mem::take(&mut self.rows);
        let mut group = self.writer.next_row_group()?;
        let mut at = 0;
        while let Some(mut column) = group.next_column()? {
            let cells = rows.iter().filter_map(|row| row.get(at));
            // Which cells there are, and those.
            let levels: Vec<i16> = cells
                .clone()
                .map(|cell| i16::from(cell.is_there()))
                .collect();
            match column.untyped() {
                ColumnWriter::Int64ColumnWriter(writer) => {
                    let values: Vec<i64> = cells.filter_map(Cell::whole).collect();
                    writer.write_batch(&values, Some(&levels), None)?;
                }
                ColumnWriter::DoubleColumnWriter(writer) => {
                    let values: Vec<f64> = cells.filter_map(Cell::number).collect();
                    writer.write_batch(&values, Some(&levels), None)?;
                }
                ColumnWriter::ByteArrayColumnWriter(writer) => {
                    let values: Vec<ByteArray> =
                        cells.filter_map(Cell::text).map(ByteArray::from).collect();
                    writer.write_batch(&values, Some(&levels), None)?;
                }
                _ => return Err(ParquetError::General("a column of another kind".to_owned())),
            }
            column.close()?;
            at += 1;
        }
        group.close()?;
        Ok(())
    }

    fn finish(mut self) -> io::Result<()> {
        if !self.rows.is_empty() {
            self.flush().map_err(failed)?;
        }
        self.writer.close().map(drop).map_err(failed)
    }
}

impl Cell {
    fn is_there(&self) -> bool {
        match self {
            Cell::Whole(cell) => cell.is_some(),
            Cell::Number(cell) => cell.is_some(),
            Cell::Text(cell) => cell.is_some(),
        }
    }

    fn whole(&self) -> Option<i64> {
        match self {
            Cell::Whole(cell) => *cell,
            Cell::Number(_) | Cell::Text(_) => None,
        }
    }

    fn number(&self) -> Option<f64> {
        match self {
            Cell::Number(cell) => *cell,
            Cell::Whole(_) | Cell::Text(_) => None,
        }
    }

    fn text(&self) -> Option<&str> {
        match self {
            Cell::Text(cell) => cell.as_deref(),
            Cell::Whole(_) | Cell::Number(_) => None,
        }
    }
}

fn failed(error: ParquetError) -> io::Error {
    match error {
        // What the disk said.
        ParquetError::External(source) if source.is::<io::Error>() => {
            match source.downcast::<io::Error>() {
                Ok(error) => *error,
                Err(other) => io::Error::other(other),
            }
        }
        error => io::Error::other(error),
    }
}
