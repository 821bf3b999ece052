//! Tables as Parquet say what the CSV files and the history say.

use crate::cli::{stderr, stormglass};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use std::fs::{self, File};
use std::path::Path;

/// The names of a table's columns, and its rows.
fn table(path: &Path) -> (Vec<String>, Vec<Vec<Field>>) {
    let reader = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
    let columns = reader.metadata().file_metadata().schema_descr().columns();
    let names = columns.iter().map(|column| column.name().to_owned());
    let rows = reader.get_row_iter(None).unwrap().map(|row| {
        let row = row.unwrap();
        row.get_column_iter()
            .map(|(_, field)| field.clone())
            .collect()
    });
    (names.collect(), rows.collect())
}

/// Whether a cell is what a CSV file has in its place: whole numbers as they are, and never a number as text.
fn agrees(text: &str, name: &str, field: &Field) -> bool {
    match field {
        Field::Null => text.is_empty(),
        Field::Long(value) => text.parse() == Ok(*value),
        Field::Double(value) => text.parse() == Ok(*value),
        Field::Str(value) => text == value && name == "phase",
        _ => false,
    }
}

#[test]
fn the_timeline_has_every_cell_of_its_csv_file_with_a_type() {
    let at = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for scenario in ["smoke", "store-chaos", "import-tasks"] {
        let out = at.path().join(scenario);
        let file = format!("scenarios/{scenario}.toml");
        let arguments = [
            "run",
            &file,
            "--quiet",
            "--parquet",
            "--out",
            out.to_str().unwrap(),
        ];
        let output = stormglass(&arguments, root);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let (names, rows) = table(&out.join("timeline.parquet"));
        let mut reader = csv::Reader::from_path(out.join("timeline.csv")).unwrap();
        assert_eq!(names, reader.headers().unwrap().iter().collect::<Vec<_>>());
        let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), records.len());
        for (record, row) in records.iter().zip(&rows) {
            for ((text, name), field) in record.iter().zip(&names).zip(row) {
                assert!(
                    agrees(text, name, field),
                    "{scenario}: {name}: {text:?}, {field:?}"
                );
            }
        }
        // A mean is a number also where all that were seen are whole.
        let of = |name: &str| names.iter().position(|it| it == name).unwrap();
        for (name, is_whole) in [("arrivals", true), ("active_mean", false), ("t_s", false)] {
            let is = |row: &Vec<Field>| matches!(row[of(name)], Field::Long(_)) == is_whole;
            assert!(rows.iter().all(is), "{name}");
        }
        assert!(!out.join("events.parquet").exists());
    }
}

#[test]
fn events_are_those_of_the_history() {
    let at = tempfile::tempdir().unwrap();
    let out = at.path().join("out");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let shown = out.to_str().unwrap();
    let arguments = [
        "run",
        "scenarios/smoke.toml",
        "--quiet",
        "--parquet",
        "--history",
        "--out",
        shown,
    ];
    let output = stormglass(&arguments, root);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let (names, rows) = table(&out.join("events.parquet"));
    let of = |name: &str| names.iter().position(|it| it == name).unwrap();
    let (event, operation, t) = (of("event"), of("operation"), of("t_s"));
    let history = fs::read_to_string(out.join("history.jsonl")).unwrap();
    let run = fs::read_to_string(out.join("run.json")).unwrap();
    let run: serde_json::Value = serde_json::from_str(&run).unwrap();
    // A line an event, between a header and a trailer.
    assert_eq!(rows.len() + 2, history.lines().count());
    let is = |row: &&Vec<Field>, name: &str| row[event] == Field::Str(name.to_owned());
    let invoked = rows.iter().filter(|row| is(row, "invoked"));
    assert_eq!(run["operations"], invoked.clone().count());
    assert!(
        invoked
            .clone()
            .all(|row| matches!(row[operation], Field::Str(_)))
    );
    assert!(
        invoked
            .clone()
            .all(|row| matches!(row[t], Field::Double(at) if at >= 0.0))
    );
    let ended = |outcome: &str| {
        let ended = rows
            .iter()
            .filter(|row| row[of("outcome")] == Field::Str(outcome.to_owned()));
        ended.count()
    };
    for outcome in ["ok", "refused", "fail"] {
        assert_eq!(
            run["operations_by_outcome"][outcome],
            ended(outcome),
            "{outcome}"
        );
    }
    assert!(
        rows.iter()
            .any(|row| matches!(row[of("size_bytes")], Field::Long(size) if size > 0))
    );
}
