//! What a folder of results says, read from its files.

use super::timeline::{Heat, Timeline};
use crate::metrics::{ALL, empty_histogram};
use crate::report::folder::PARTIAL;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;
use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use stormglass_glance::input;
use stormglass_model::units::Bytes;

/// The phase in which the load has yet to settle.
pub const WARM_UP: &str = "warm_up";

/// The file without which a folder has no run; a search has another.
pub const RUN: &str = "run.json";
/// The file of a search.
pub const SEARCH: &str = "search.json";
/// The file of a sweep.
pub const SWEEP: &str = "sweep.json";
/// The document of a comparison.
pub const COMPARE: &str = "compare.json";

/// No file of results is longer.
const LONGEST: Bytes = Bytes(1 << 30);

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// The folder has no results of any kind.
    #[error("{} holds no results: it has no run.json, search.json, sweep.json or compare.json", .0.display())]
    NoResults(PathBuf),
    /// A file is not there.
    #[error("{} is not whole: it has no {file}{}", .folder.display(), if *.partial { ", and it is marked as partial" } else { "" })]
    Missing {
        /// The folder.
        folder: PathBuf,
        /// The file.
        file: &'static str,
        /// Whether it says itself that not all is there.
        partial: bool,
    },
    /// A file cannot be read.
    #[error("cannot read {}: {source}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file is not as Stormglass writes it.
    #[error("{} is not as Stormglass writes it: {why}", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
}

/// The folder of a run.
pub struct Contents {
    pub run: Run,
    pub transitions: Vec<TransitionLine>,
    pub operations: Vec<OperationLine>,
    pub resources: Vec<ResourceLine>,
    pub violations: Vec<ViolationLine>,
    pub timeline: Timeline,
    /// Response times by time and size.
    pub heat: Heat,
    /// The histograms of `latencies.hlog` by their tags, all phases but the warm-up added up; in nanoseconds.
    pub latencies: BTreeMap<String, Histogram<u64>>,
}

/// What the page needs of `run.json`; what an earlier version did not write is empty.
#[derive(Debug, Deserialize)]
pub struct Run {
    pub version: String,
    pub scenario: String,
    pub scenario_sha256: String,
    pub seed: u64,
    pub clock: String,
    pub target: String,
    #[serde(default)]
    pub target_url: Option<String>,
    pub profile: String,
    pub repeat: String,
    pub host: Machine,
    pub verdict: String,
    #[serde(default)]
    pub sentence: Option<String>,
    #[serde(default)]
    pub notes: Vec<String>,
    pub violations: u64,
    pub subjects: u64,
    pub transitions: u64,
    #[serde(default)]
    pub event_hash: Option<String>,
    pub thresholds_met: bool,
    pub thresholds: Vec<Judged>,
    #[serde(default)]
    pub bottleneck: Option<Bottleneck>,
    #[serde(default)]
    pub storage: Option<Storage>,
    pub runs: Vec<Replication>,
}

/// What was stored.
#[derive(Debug, Deserialize)]
pub struct Storage {
    #[serde(default)]
    capacity: Option<Capacity>,
    /// What the store holds besides, which is in no chart.
    #[serde(default)]
    stock_bytes: f64,
}

#[derive(Debug, Deserialize)]
struct Capacity {
    bytes: f64,
    share_max: f64,
}

/// What there is of a capacity for what charts show.
#[derive(Debug)]
pub struct Room {
    /// What it is called.
    pub name: &'static str,
    /// Bytes.
    pub bytes: f64,
    /// The most that there ever was, as a share of it.
    pub share_max: f64,
}

impl Storage {
    /// The room in the capacity that may be full one day; none without a capacity.
    pub fn room(&self) -> Option<Room> {
        let capacity = self.capacity.as_ref()?;
        let bytes = capacity.bytes - self.stock_bytes;
        Some(Room {
            name: match self.stock_bytes > 0.0 {
                true => "capacity less the stock",
                false => "capacity",
            },
            bytes,
            share_max: (capacity.share_max * capacity.bytes - self.stock_bytes) / bytes,
        })
    }
}

/// The machine that it ran on.
#[derive(Debug, Deserialize)]
pub struct Machine {
    pub cores: u64,
    pub os: String,
    pub arch: String,
}

/// The resource that is short first.
#[derive(Debug, Deserialize)]
pub struct Bottleneck {
    pub resource: String,
    pub phase: String,
    pub units: f64,
    pub load: f64,
    pub utilisation: f64,
    pub is_short: bool,
}

/// A threshold, and what became of it.
#[derive(Debug, Deserialize)]
pub struct Judged {
    pub of: String,
    pub demand: String,
    pub unit: String,
    pub value: Option<f64>,
    pub met: bool,
    /// Of its figure in each run; none of an only run.
    #[serde(default)]
    pub interval: Option<Interval>,
    #[serde(default)]
    pub phase: Option<String>,
    #[serde(default)]
    pub story: Option<String>,
}

/// Where the mean over runs lies.
#[derive(Debug, Deserialize)]
pub struct Interval {
    pub mean: f64,
    pub low: f64,
    pub high: f64,
}

/// One run.
#[derive(Debug, Deserialize)]
pub struct Replication {
    pub run: u32,
    pub phases: Vec<Stretch>,
    #[serde(default)]
    pub faults: Vec<Stretch>,
    #[serde(default)]
    pub operations: Vec<OperationFigures>,
}

/// A phase or a fault: a stretch of a run with a name.
#[derive(Clone, Debug, Deserialize, serde::Serialize)]
pub struct Stretch {
    pub name: String,
    #[serde(rename(deserialize = "from_s"))]
    pub from: f64,
    #[serde(rename(deserialize = "to_s"))]
    pub to: f64,
}

/// The response times of an operation in one run after warm-up.
#[derive(Debug, Deserialize)]
pub struct OperationFigures {
    pub operation: String,
    pub p50_us: f64,
    pub p99_us: f64,
}

/// A row of `transitions.csv`.
#[derive(Debug, Deserialize)]
pub struct TransitionLine {
    pub phase: String,
    pub story: String,
    pub kind: String,
    pub from: String,
    pub to: String,
    pub count: u64,
}

/// A row of `operations.csv`.
#[derive(Debug, Deserialize)]
pub struct OperationLine {
    pub run: u32,
    pub phase: String,
    pub story: String,
    pub operation: String,
    pub outcome: String,
    pub count: u64,
}

/// A row of `resources.csv`; a mean of nothing is empty.
#[derive(Debug, Deserialize)]
pub struct ResourceLine {
    pub run: u32,
    pub phase: String,
    pub resource: String,
    pub arrivals: u64,
    pub mean_wait_us: Option<f64>,
    pub mean_hold_us: Option<f64>,
    pub mean_queue: Option<f64>,
    pub utilisation: Option<f64>,
}

/// A row of `violations.csv`.
#[derive(Debug, Deserialize)]
pub struct ViolationLine {
    pub run: u32,
    pub t_s: f64,
    pub subject: Option<u64>,
    pub invariant: String,
    pub detail: String,
}

impl Contents {
    /// Reads the folder of a run.
    pub fn read(folder: &Path) -> Result<Contents, PageError> {
        let files = Files(folder);
        let run: Run = files.json(RUN)?;
        let warm_up_s = run.warm_up_s();
        let mut timeline = files.read("timeline.csv", |bytes| text(Timeline::read(&bytes)))?;
        // An earlier version wrote neither of these.
        files.optional("quantiles.csv", |bytes| {
            text(timeline.add_quantiles(&bytes))
        })?;
        let heat = files.optional("heatmap.csv", |bytes| text(timeline.heat(&bytes)))?;
        // Rows of all stories together would count twice.
        let mut transitions: Vec<TransitionLine> = files.rows("transitions.csv")?;
        transitions.retain(|line| line.story != ALL);
        let mut operations: Vec<OperationLine> = files.rows("operations.csv")?;
        operations.retain(|line| line.story != ALL);
        Ok(Contents {
            transitions,
            operations,
            resources: files.rows("resources.csv")?,
            violations: files.rows("violations.csv")?,
            timeline,
            heat: heat.unwrap_or_default(),
            latencies: files.read("latencies.hlog", |bytes| latencies(&bytes, warm_up_s))?,
            run,
        })
    }
}

impl Run {
    /// When the warm-up of the run in which it lasted longest ended, in seconds; zero without one.
    fn warm_up_s(&self) -> f64 {
        let phases = self.runs.iter().flat_map(|run| &run.phases);
        let ends = phases
            .filter(|phase| phase.name == WARM_UP)
            .map(|phase| phase.to);
        ends.fold(0.0, f64::max)
    }
}

impl Replication {
    /// The phases of the load, without warm-up and settle.
    pub fn load(&self) -> impl Iterator<Item = &Stretch> {
        let load = self.phases.split_last().map_or(&[][..], |(_, load)| load);
        load.iter().filter(|phase| phase.name != WARM_UP)
    }
}

fn text<T>(read: Result<T, csv::Error>) -> Result<T, String> {
    read.map_err(|error| error.to_string())
}

/// The files of a folder.
pub struct Files<'f>(pub &'f Path);

impl Files<'_> {
    fn bytes(&self, file: &'static str) -> Result<Vec<u8>, PageError> {
        let path = self.0.join(file);
        input::bytes(&path, LONGEST).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory if file == RUN => {
                PageError::NoResults(self.0.to_owned())
            }
            io::ErrorKind::NotFound => PageError::Missing {
                folder: self.0.to_owned(),
                file,
                partial: self.0.join(PARTIAL).exists(),
            },
            _ => PageError::Unreadable { path, source },
        })
    }

    fn read<T>(
        &self,
        file: &'static str,
        reader: impl FnOnce(Vec<u8>) -> Result<T, String>,
    ) -> Result<T, PageError> {
        reader(self.bytes(file)?).map_err(|why| PageError::Malformed {
            path: self.0.join(file),
            why,
        })
    }

    /// The same of a file that need not be there.
    fn optional<T>(
        &self,
        file: &'static str,
        reader: impl FnOnce(Vec<u8>) -> Result<T, String>,
    ) -> Result<Option<T>, PageError> {
        match self.read(file, reader) {
            Ok(read) => Ok(Some(read)),
            Err(PageError::Missing { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A document of JSON.
    pub fn json<T: DeserializeOwned>(&self, file: &'static str) -> Result<T, PageError> {
        self.read(file, |bytes| {
            serde_json::from_slice(&bytes).map_err(|error| error.to_string())
        })
    }

    fn rows<T: DeserializeOwned>(&self, file: &'static str) -> Result<Vec<T>, PageError> {
        self.read(file, |bytes| rows(&bytes))
    }

    /// The rows of a table that need not be there.
    pub fn optional_rows<T: DeserializeOwned>(
        &self,
        file: &'static str,
    ) -> Result<Vec<T>, PageError> {
        Ok(self
            .optional(file, |bytes| rows(&bytes))?
            .unwrap_or_default())
    }
}

fn rows<T: DeserializeOwned>(bytes: &[u8]) -> Result<Vec<T>, String> {
    text(csv::Reader::from_reader(bytes).deserialize().collect())
}

/// The histograms by their tags, those of the phases after `warm_up_s` added up; of all phases if there are no others.
fn latencies(bytes: &[u8], warm_up_s: f64) -> Result<BTreeMap<String, Histogram<u64>>, String> {
    let (mut before, mut after) = (BTreeMap::new(), BTreeMap::new());
    let mut deserializer = Deserializer::new();
    for entry in IntervalLogIterator::new(bytes) {
        let LogEntry::Interval(interval) =
            entry.map_err(|_| "a line of it cannot be read".to_owned())?
        else {
            continue;
        };
        let encoded = BASE64_STANDARD
            .decode(interval.encoded_histogram())
            .map_err(|error| error.to_string())?;
        let histogram: Histogram<u64> = deserializer
            .deserialize(&mut encoded.as_slice())
            .map_err(|error| error.to_string())?;
        let tag = interval.tag().map_or("", |tag| tag.as_str()).to_owned();
        // The log has milliseconds.
        let sums = match interval.start_timestamp().as_secs_f64() + 0.001 < warm_up_s {
            true => &mut before,
            false => &mut after,
        };
        let sum = sums.entry(tag).or_insert_with(empty_histogram);
        sum.add(&histogram).map_err(|error| error.to_string())?;
    }
    Ok(if after.is_empty() { before } else { after })
}
