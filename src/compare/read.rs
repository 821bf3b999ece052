//! A folder of results, read back.

use super::document::Document;
use super::tables::{self, Values};
use super::within::{self, Within};
use std::path::{Path, PathBuf};
use std::{fs, io};
use stormglass_glance::input;
use stormglass_model::units::Bytes;

/// No file of results that is read is longer.
const LONGEST: Bytes = Bytes(1 << 30);

/// The file that marks a folder of which not all is there.
const PARTIAL: &str = "partial";

/// What a run, or a set of replications, has left.
#[derive(Debug)]
pub struct Results {
    /// The folder.
    pub path: PathBuf,
    /// What ran.
    pub(super) document: Document,
    /// The figures of each run.
    pub(super) values: Values,
    /// Those of a single run that say themselves how far off they are.
    pub(super) within: Within,
}

/// Why a folder cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is not there, or is no folder.
    #[error("{} is no folder of results: {}", .0.display(), .1)]
    NoFolder(PathBuf, String),
    /// Not all of it is there.
    #[error("{} is partial: its run is under way, was killed, or could not write everything", .0.display())]
    Partial(PathBuf),
    /// A file is not as `stormglass run` writes it.
    #[error("cannot read {}: {}", .0.display(), .1)]
    File(PathBuf, String),
}

impl Results {
    /// Reads what a comparison needs of a folder that `stormglass run` wrote.
    pub fn read(path: &Path) -> Result<Results, ReadError> {
        let no_folder = |why: &str| ReadError::NoFolder(path.to_owned(), why.to_owned());
        match fs::metadata(path) {
            Ok(found) if found.is_dir() => {}
            Ok(_) => return Err(no_folder("it is a file")),
            Err(error) => return Err(no_folder(&error.to_string())),
        }
        if path.join(PARTIAL).exists() {
            return Err(ReadError::Partial(path.to_owned()));
        }
        let bytes = |name: &str| {
            let file = path.join(name);
            input::bytes(&file, LONGEST).map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => no_folder(&format!("it holds no {name}")),
                _ => ReadError::File(file, error.to_string()),
            })
        };
        let document: Document = serde_json::from_slice(&bytes("run.json")?)
            .map_err(|error| ReadError::File(path.join("run.json"), error.to_string()))?;
        let mut values = Values::new();
        type Table = fn(&Document, &[u8], &mut Values) -> Result<(), String>;
        let readers: [(&str, Table); 4] = [
            ("transitions.csv", tables::transitions),
            ("operations.csv", tables::operations),
            ("resources.csv", tables::resources),
            ("levels.csv", tables::levels),
        ];
        for (name, read) in readers {
            read(&document, &bytes(name)?, &mut values)
                .map_err(|why| ReadError::File(path.join(name), why))?;
        }
        let mut within = Within::new();
        if document.runs.len() == 1 {
            let wrong = |name: &str| {
                let file = path.join(name);
                |why| ReadError::File(file, why)
            };
            let intervals = bytes("timeline.csv")?;
            within = within::timeline(&document, &intervals).map_err(wrong("timeline.csv"))?;
            let log = bytes("latencies.hlog")?;
            within::latencies(&document, &log, &mut within).map_err(wrong("latencies.hlog"))?;
        }
        Ok(Results {
            within,
            path: path.to_owned(),
            document,
            values,
        })
    }
}
