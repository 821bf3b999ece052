//! A scenario from a few answers: what `stormglass init` writes for whoever plans an image service.

use std::fmt::Write as _;
use std::num::NonZeroU32;
use stormglass_model::units::{Bytes, Rate, Span};

const MINUTE: Span = Span::from_secs(60);
const HOUR: Span = Span::from_secs(3_600);
const DAY: Span = Span::from_secs(86_400);
const YEAR: Span = Span::from_secs(365 * 86_400);

/// Set-up of a write or a read, and the time of a removal, as the draft writes them.
const SET_UP: Span = Span::from_millis(5);
const REMOVAL: Span = Span::from_millis(20);
/// How often the scrubber wakes.
const SCRUB_INTERVAL: Span = Span::from_secs(300);
/// The share of their time that slots may be busy, as a threshold demands it.
const BUSY: f64 = 0.8;

/// The sizes of images: all alike from the least to the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sizes {
    /// Above zero.
    pub least: Bytes,
    /// Not below the least.
    pub greatest: Bytes,
}

/// What is asked. Each value is one that the functions of this file accept.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    /// The scenario's name.
    pub name: String,
    /// How many images are uploaded.
    pub uploads: Rate,
    /// How large they are.
    pub sizes: Sizes,
    /// How long each is kept before its user deletes it.
    pub life: Span,
    /// How long a delete is delayed; zero: it is not.
    pub delayed_delete: Span,
    /// How often each is downloaded.
    pub downloads: u32,
    /// Bytes per second of one transfer.
    pub bandwidth: Bytes,
    /// Transfers at once; none: so many that they are busy for less than four fifths of their time.
    pub slots: Option<NonZeroU32>,
    /// Bytes that the store holds; none: without limit.
    pub capacity: Option<Bytes>,
}

impl Default for Draft {
    fn default() -> Draft {
        Draft {
            name: "my-cloud".to_owned(),
            uploads: Rate(1_000.0 / 3_600.0),
            sizes: Sizes {
                least: Bytes(1 << 30),
                greatest: Bytes(10 << 30),
            },
            life: Span::from_secs(3 * 86_400),
            delayed_delete: Span::ZERO,
            downloads: 1,
            bandwidth: Bytes(256 << 20),
            slots: None,
            capacity: None,
        }
    }
}

/// Reads how many images are uploaded, as `5000/h`.
pub(crate) fn uploads(text: &str) -> Result<Rate, String> {
    let rate = Rate::parse(text).map_err(|error| error.to_string())?;
    let range = 1.0 / 604_800.0..=1_000.0;
    match range.contains(&rate.0) {
        true => Ok(rate),
        false => Err("write a rate from 1/w to 1000/s, as 5000/h".to_owned()),
    }
}

/// Reads how large images are, as `8GiB`, `2GiB-40GiB` or `2-40GiB`.
pub(crate) fn sizes(text: &str) -> Result<Sizes, String> {
    let wrong = || "write a size, or the least and the greatest, as 2GiB-40GiB".to_owned();
    let (least, greatest) = match text.split_once(['-', '–']) {
        None => (text, text),
        Some((least, greatest)) => (least.trim(), greatest.trim()),
    };
    let greatest_size = Bytes::parse(greatest).map_err(|_| wrong())?;
    let unit = greatest.trim_start_matches(|c: char| !c.is_alphabetic());
    let least_size = Bytes::parse(least).or_else(|_| Bytes::parse(&format!("{least}{unit}")));
    let sizes = Sizes {
        least: least_size.map_err(|_| wrong())?,
        greatest: greatest_size,
    };
    match Bytes(0) < sizes.least && sizes.least <= sizes.greatest && sizes.greatest <= PETABYTE {
        true => Ok(sizes),
        false => Err("write sizes above zero, the least first, of 1PiB at most".to_owned()),
    }
}

const PETABYTE: Bytes = Bytes(1 << 50);

/// Reads a length of time that a run can last.
pub(crate) fn length(text: &str) -> Result<Span, String> {
    let span = Span::parse(text).map_err(|error| error.to_string())?;
    match span <= Span(10 * YEAR.0) {
        true => Ok(span),
        false => Err("write at most ten years, as 3d or 365d".to_owned()),
    }
}

/// Reads how fast one transfer is, as `256MiB/s`.
pub(crate) fn bandwidth(text: &str) -> Result<Bytes, String> {
    let bytes = Bytes::parse_per_second(text).map_err(|error| error.to_string())?;
    match bytes >= Bytes(1 << 20) {
        true => Ok(bytes),
        false => Err("write at least 1MiB/s, as 256MiB/s".to_owned()),
    }
}

/// Reads how many transfers the store takes at once.
pub(crate) fn slots(text: &str) -> Result<NonZeroU32, String> {
    let slots = text.parse().ok().filter(|&slots: &u32| slots <= MOST_SLOTS);
    let slots = slots.and_then(NonZeroU32::new);
    slots.ok_or_else(|| format!("write a whole number from 1 to {MOST_SLOTS}"))
}

const MOST_SLOTS: u32 = 1_000_000;

/// Reads how often an image is downloaded.
pub(crate) fn downloads(text: &str) -> Result<u32, String> {
    let times = text.parse().ok().filter(|&times| times <= 1_000);
    times.ok_or_else(|| "write a whole number from 0 to 1000".to_owned())
}

/// Reads how much the store holds, which must be one image at least.
pub(crate) fn capacity(text: &str, sizes: Sizes) -> Result<Bytes, String> {
    let capacity = Bytes::parse(text).map_err(|error| error.to_string())?;
    holds(capacity, sizes)
}

/// The capacity, if the largest image fits.
pub(crate) fn holds(capacity: Bytes, sizes: Sizes) -> Result<Bytes, String> {
    match capacity >= sizes.greatest {
        true => Ok(capacity),
        false => Err(format!(
            "a store of {capacity} does not hold an image of {}: write more",
            sizes.greatest
        )),
    }
}

impl Draft {
    /// How many slots are busy on average: uploads, downloads and removals, each for as long as it takes.
    fn busy_slots(&self) -> f64 {
        let one = SET_UP.as_secs_f64() + self.mean_size() / self.bandwidth.0 as f64;
        let transfers = 1.0 + f64::from(self.downloads);
        self.uploads.0 * (one * transfers + REMOVAL.as_secs_f64())
    }

    /// Slots that leave room for chance: what is busy, and twice its deviation, as servers are staffed.
    pub(crate) fn enough_slots(&self) -> NonZeroU32 {
        let busy = self.busy_slots();
        let slots = (busy / (BUSY - 0.05)).max(busy + 2.33 * busy.sqrt()).ceil();
        NonZeroU32::new(slots as u32).unwrap_or(NonZeroU32::MIN)
    }

    /// Why the answers make no storm that can be run, if so.
    pub(crate) fn refused(&self) -> Option<String> {
        let (slots, transfers) = (self.busy_slots(), self.transfers());
        if slots > f64::from(MOST_SLOTS) / 2.0 {
            let why = format!("this load keeps {slots:.0} slots busy");
            return Some(format!(
                "{why}: write fewer uploads, smaller sizes, or more bandwidth"
            ));
        }
        (transfers > YEAR).then(|| {
            let why = format!("the transfers of one image take {transfers}");
            format!("{why}: write smaller sizes, fewer downloads, or more bandwidth")
        })
    }

    /// How long all transfers of the largest image take at most, one after the other, and one more.
    fn transfers(&self) -> Span {
        let times = 2 + u64::from(self.downloads);
        Span(self.longest_transfer().0.saturating_mul(times))
    }

    /// Images of a whole run.
    pub(crate) fn images(&self) -> f64 {
        self.uploads.0 * (self.warm_up() + self.measured()).as_secs_f64()
    }

    fn mean_size(&self) -> f64 {
        (self.sizes.least.0 as f64 + self.sizes.greatest.0 as f64) / 2.0
    }

    /// How long the largest image takes alone.
    fn longest_transfer(&self) -> Span {
        let bytes = self.sizes.greatest.0 as f64 / self.bandwidth.0 as f64;
        SET_UP + Span::from_secs_f64(bytes)
    }

    /// Until as much is removed as is uploaded.
    fn warm_up(&self) -> Span {
        let kept = self.life + self.delayed_delete;
        rounded_up(kept + SCRUB_INTERVAL + self.transfers())
    }

    /// What follows: a day, longer where little comes, and shorter where more comes than it takes to know; but so much of the whole
    /// that it shows whether what is stored has levelled off.
    fn measured(&self) -> Span {
        let seconds = |images: f64| Span::from_secs_f64(images / self.uploads.0);
        let length = seconds(20_000.0).max(DAY.min(seconds(500_000.0))).min(YEAR);
        rounded_up(length.max(Span(self.warm_up().0 / 20 * 9)))
    }

    /// The scenario; `file` is what its comments call it.
    pub(crate) fn text(&self, file: &str) -> String {
        let parts = [
            self.heading(file),
            self.service(),
            self.load(),
            self.story(),
            self.thresholds(),
        ];
        parts.join("\n")
    }

    fn heading(&self, file: &str) -> String {
        let Draft { name, sizes, .. } = self;
        let (uploads, mean) = (rate(self.uploads.0), Bytes(self.mean_size() as u64));
        let slots = self.slots.unwrap_or_else(|| self.enough_slots());
        let busy = self.busy_slots();
        let file = match file
            .chars()
            .all(|c| c.is_alphanumeric() || "-_./".contains(c))
        {
            true => file,
            false => "FILE",
        };
        let mut text = format!(
            "# {name}: what an image service needs for {uploads} uploads of {}.\n#\n\
             # What arithmetic says, and a run shows with its queues:\n\
             #   slots     {busy:.1} busy on average, of {slots}{}\n",
            range(*sizes),
            if busy >= f64::from(slots.get()) {
                ": too few, work piles up"
            } else {
                ""
            },
        );
        // Slots that are too few let no more in.
        let admitted = (f64::from(slots.get()) / busy).min(1.0);
        let each_second = self.uploads.0 * self.mean_size() * admitted;
        let kept = self.life + self.delayed_delete;
        let stored = each_second * kept.as_secs_f64();
        let _ = writeln!(
            text,
            "#   disk      about {}: images of {mean} on average, {} of {}",
            Bytes(stored as u64),
            kept.exact(),
            if admitted < 1.0 {
                "what so few slots let in"
            } else {
                "uploads"
            }
        );
        if let Some(capacity) = self.capacity {
            let full = Span::from_secs_f64(capacity.0 as f64 / each_second);
            let _ = match stored > capacity.0 as f64 {
                true => writeln!(
                    text,
                    "#   full      {full} after the first upload, with {capacity}"
                ),
                false => writeln!(text, "#   full      never, with {capacity}"),
            };
        }
        let most = slots.max(self.enough_slots()).get().saturating_mul(4);
        let (low, high) = (rate(self.uploads.0 / 10.0), rate(self.uploads.0 * 4.0));
        let _ = write!(
            text,
            "#\n# What to ask, beginning with whether it holds, how much is stored and what is short first:\n\
             #   stormglass run {file}\n\
             # How many slots are enough:\n\
             #   stormglass search {file} --vary service.store.slots --from 1 --to {most}\n\
             # Which load still holds, and what gives first:\n\
             #   stormglass search {file} --vary load.arrivals.rate --from {low} --to {high}\n\
             #\n# scenarios/README.md explains every key.\n\
             schema = 1\nname = \"{name}\"\n"
        );
        text
    }

    fn service(&self) -> String {
        let slots = self.slots.unwrap_or_else(|| self.enough_slots());
        let workers = slots.get().saturating_mul(4).max(1_024);
        let mut text = format!(
            "[service]\nworkers = {workers}  # requests at once; one keeps its worker until its last byte, and while it waits\n"
        );
        text += &match self.delayed_delete {
            Span::ZERO => "# A delete removes the data at once. To delay it: delayed_delete = true, scrub_time = \"3d\"\n".to_owned(),
            time => format!(
                "delayed_delete = true\nscrub_time = \"{}\"  # from a delete until its data may be removed\n\
                 scrub_interval = \"{}\"  # the scrubber looks this often\n",
                time.exact(),
                SCRUB_INTERVAL.exact()
            ),
        };
        let chosen = match self.slots {
            Some(_) => "",
            None => ", chosen so that they are busy for less than 80 % of their time",
        };
        let _ = write!(
            text,
            "[service.registry]\n\
             connections = 32  # of the database; a commit holds one\n\
             commit = {{ lognormal = {{ median = \"2ms\", p99 = \"20ms\" }} }}\n\
             [service.store]\n\
             slots = {slots}  # transfers at once{chosen}; the rest wait in order\n\
             bandwidth = \"{}/s\"  # of one transfer\n\
             put = \"{SET_UP}\"  # set-up of a write, before its bytes\n\
             get = \"{SET_UP}\"  # set-up of a read\n\
             delete = \"{REMOVAL}\"  # a removal\n",
            self.bandwidth.exact()
        );
        text += &match self.capacity {
            Some(capacity) => format!(
                "capacity = \"{}\"  # beyond it an upload fails\n",
                capacity.exact()
            ),
            None => "# capacity = \"1PiB\"  # the store has no limit without it\n".to_owned(),
        };
        text
    }

    fn load(&self) -> String {
        let (warm_up, measured) = (self.warm_up(), self.measured());
        format!(
            "[load]\n\
             arrivals = {{ rate = \"{}\" }}  # Poisson; a daily cycle or the counts of a log may stand here as well\n\
             duration = \"{}\"\n\
             warm_up = \"{}\"  # until as much is removed as is uploaded; no threshold judges it\n",
            rate(self.uploads.0),
            (warm_up + measured).exact(),
            warm_up.exact()
        )
    }

    fn story(&self) -> String {
        let Sizes { least, greatest } = self.sizes;
        let size = match least == greatest {
            true => format!("\"{}\"", least.exact()),
            false => format!(
                "{{ uniform = {{ min = \"{}\", max = \"{}\" }} }}  # or {{ empirical = {{ file = \"sizes.csv\" }} }}, your own",
                least.exact(),
                greatest.exact()
            ),
        };
        // Downloads cut the life into parts that are alike; the last one takes what is left over.
        let parts = u64::from(self.downloads) + 1;
        let second = Span::from_secs(1);
        let part = match Span(self.life.0 / parts) {
            part if part < second => part,
            part => Span(part.0 / second.0 * second.0),
        };
        let last = Span(self.life.0 - part.0 * (parts - 1)).exact();
        let part = part.exact();
        let used = match self.downloads {
            0 => String::new(),
            1 => format!("{{ wait = \"{part}\" }}, \"download\", "),
            times => {
                format!("{{ repeat = {times}, steps = [{{ wait = \"{part}\" }}, \"download\"] }}, ")
            }
        };
        format!(
            "[[story]]\n\
             name = \"upload, keep, delete\"\n\
             size = {size}\n\
             # A wait may vary: {{ wait = {{ exponential = {{ mean = \"{last}\" }} }} }}\n\
             steps = [\"create\", \"upload\", {used}{{ wait = \"{last}\" }}, \"delete\"]\n"
        )
    }

    fn thresholds(&self) -> String {
        let alone = self.longest_transfer();
        let twice = Span::from_secs((2.0 * alone.as_secs_f64()).ceil() as u64);
        let mut text = format!(
            "[thresholds]\n\
             \"saving->active\" = [\"p(99) < {}\"]  # the largest takes {alone} alone, and may wait as long\n\
             \"upload\" = [\"error_rate < 1%\"]\n\
             \"resource:store.slots\" = [\"utilisation < {}%\"]\n",
            twice.exact(),
            BUSY * 100.0
        );
        if self.delayed_delete > Span::ZERO {
            let _ = writeln!(
                text,
                "\"pending_delete->deleted\" = [\"p(99) < {}\"]  # after the scrub time: the scrubber keeps up",
                Span(2 * SCRUB_INTERVAL.0).exact()
            );
        }
        if let Some(capacity) = self.capacity {
            let most = rounded_down(Bytes(capacity.0 / 10 * 9));
            let _ = writeln!(
                text,
                "\"bytes_stored\" = [\"max < {}\"]  # nine tenths of the capacity",
                most.exact()
            );
        }
        text
    }
}

/// To whole hours where it is days, else to whole minutes.
fn rounded_up(span: Span) -> Span {
    let to = if span > DAY { HOUR } else { MINUTE };
    Span(span.0.div_ceil(to.0) * to.0)
}

/// To a number that is short to read.
fn rounded_down(bytes: Bytes) -> Bytes {
    let units = [1_u64 << 40, 1 << 30, 1 << 20, 1 << 10];
    let unit = units.into_iter().find(|unit| bytes.0 / unit >= 10);
    let unit = unit.unwrap_or(1);
    Bytes(bytes.0 / unit * unit)
}

fn range(sizes: Sizes) -> String {
    match sizes.least == sizes.greatest {
        true => sizes.least.exact(),
        false => format!("{} to {}", sizes.least.exact(), sizes.greatest.exact()),
    }
}

/// A rate as a scenario writes it: whole numbers an hour where there are, else a number a second.
fn rate(per_second: f64) -> String {
    let hourly = per_second * 3_600.0;
    match hourly >= 1.0 && (hourly - hourly.round()).abs() < 1e-9 * hourly {
        true => format!("{}/h", hourly.round()),
        false => format!("{per_second}/s"),
    }
}

#[cfg(test)]
#[path = "draft_tests.rs"]
mod tests;
