//! Lists of measured values, as tools and spreadsheets write them.

use super::mistake::{Source, Spot};
use super::reader::{Input, LONGEST, Read, Reader};
use csv::{ReaderBuilder, StringRecord};
use stormglass_model::units::UnitError;

/// What a column of values may be called, and one of weights.
const VALUES: [&str; 6] = ["value", "values", "size", "size_bytes", "bytes", "duration"];
const WEIGHTS: [&str; 4] = ["weight", "weights", "count", "n"];

/// How one value is read.
pub(super) struct Kind {
    /// What one is called.
    pub what: &'static str,
    /// How one is written.
    pub example: &'static str,
    /// Reads one.
    pub parse: fn(&str) -> Result<f64, UnitError>,
}

/// Reads a list of measured values, `value` or `value,weight` a line; mistakes point into it. A header may name the columns.
pub(super) fn read(input: Input, kind: &Kind) -> Option<Vec<(f64, f64)>> {
    let reader = input.reader;
    let Source { name, text } = file(input)?;
    let source = reader.sources.borrow().len();
    let values = values(reader, kind, &text, source);
    reader.sources.borrow_mut().push(Source { name, text });
    values.into_iter().collect()
}

/// The text of the file that is named. A relative name is looked up beside the scenario.
pub(super) fn file(input: Input) -> Option<Source> {
    let name = String::read(input)?;
    let text = stormglass_glance::input::text(&input.reader.dir.join(&name), LONGEST)
        .map_err(|error| {
            let help = "name a text file; a relative name is looked up beside the scenario";
            input.wrong(format!("cannot read `{name}`: {error}"), help);
        })
        .ok()?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned();
    Some(Source { name, text })
}

/// Where values stand in a row, and weights.
#[derive(Clone, Copy)]
struct Columns {
    value: usize,
    weight: usize,
}

fn values(reader: &Reader, kind: &Kind, text: &str, source: usize) -> Vec<Option<(f64, f64)>> {
    let mut rows = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .comment(Some(b'#'))
        .delimiter(delimiter(text))
        .from_reader(text.as_bytes());
    let mut columns = None;
    let mut values = Vec::new();
    let mut record = StringRecord::new();
    let mut start = 0;
    while matches!(rows.read_record(&mut record), Ok(true)) {
        let end = usize::try_from(rows.position().byte()).unwrap_or(text.len());
        let spot = spot(text, source, start, end);
        start = end;
        let row: Vec<&str> = (record.iter())
            .map(|field| field.trim().trim_matches('"').trim())
            .collect();
        if row.iter().all(|field| field.is_empty()) {
            continue;
        }
        let unnamed = Columns {
            value: 0,
            weight: 1,
        };
        match (columns, header(&row)) {
            (None, Some(Ok(named))) => columns = Some(named),
            (None, Some(Err(column))) => {
                let why = format!("`{column}` is no column that is read here");
                reader.wrong(
                    spot,
                    why,
                    "name the columns `value` and `weight`, and leave out others",
                );
                return vec![None];
            }
            _ => {
                let columns = *columns.get_or_insert(unnamed);
                values.push(value(reader, kind, columns, &row, spot));
            }
        }
    }
    values
}

/// What separates columns: the first of these that stands in a row.
fn delimiter(text: &str) -> u8 {
    let rows = text.lines().filter(|line| !line.starts_with('#'));
    let mut found = rows
        .flat_map(str::bytes)
        .filter(|byte| matches!(byte, b',' | b';' | b'\t'));
    found.next().unwrap_or(b',')
}

/// The row itself, without comments and empty lines before it.
fn spot(text: &str, source: usize, mut start: usize, end: usize) -> Spot {
    for line in text[start..end].split_inclusive('\n') {
        if !line.starts_with('#') && !line.trim().is_empty() {
            break;
        }
        start += line.len();
    }
    let row = &text[start..end];
    let start = start + (row.len() - row.trim_start().len());
    Spot {
        source,
        start,
        end: start + row.trim().len(),
    }
}

/// The columns, if a row names that of values; or a name among them that is not known.
fn header<'a>(row: &[&'a str]) -> Option<Result<Columns, &'a str>> {
    let is_one = |field: &str, names: &[&str]| names.contains(&field.to_ascii_lowercase().as_str());
    let value = row.iter().position(|field| is_one(field, &VALUES))?;
    let weight = row.iter().position(|field| is_one(field, &WEIGHTS));
    let unknown =
        |(at, field): &(usize, &&'a str)| *at != value && Some(*at) != weight && !field.is_empty();
    let other = row.iter().enumerate().find(unknown);
    Some(match other {
        Some((_, field)) => Err(field),
        None => Ok(Columns {
            value,
            weight: weight.unwrap_or(usize::MAX),
        }),
    })
}

fn value(
    reader: &Reader,
    kind: &Kind,
    columns: Columns,
    row: &[&str],
    spot: Spot,
) -> Option<(f64, f64)> {
    let value = row.get(columns.value).copied().unwrap_or_default();
    let weight = row.get(columns.weight).copied().unwrap_or("1");
    let weight = (weight.parse().ok()).filter(|n: &f64| n.is_finite() && *n >= 0.0);
    let why = match ((kind.parse)(value), weight) {
        _ if row.len() > 2 => "there is more than a value and a weight".to_owned(),
        (Ok(value), Some(weight)) => return Some((value, weight)),
        (Err(error), _) => error.to_string(),
        (Ok(_), None) => "the weight is not a number of at least zero".to_owned(),
    };
    let (what, example) = (kind.what, kind.example.replace('"', ""));
    let help = format!("write {what} and, if they differ, a weight: `{example},3`");
    reader.wrong(spot, why, help);
    None
}
