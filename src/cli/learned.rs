//! The files of a folder that `stormglass learn --out` wrote.

use anyhow::{Context, bail, ensure};
use std::path::Path;
use stormglass_glance::input;
use stormglass_model::units::Bytes;

/// More than any of them is long.
const LONGEST: Bytes = Bytes(16 << 20);

/// Reads one of them; `wanted` says what logs it takes to be there.
pub fn read<T>(
    folder: &Path,
    name: &str,
    wanted: &str,
    parsed: impl Fn(&str) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let file = folder.join(name);
    let cannot = format!("cannot read {}", file.display());
    let text = input::text(&file, LONGEST).with_context(|| {
        format!("{cannot}: --learned names a folder that `stormglass learn --out` wrote{wanted}")
    })?;
    parsed(&text).context(cannot)
}

/// Reads the rows of so many fields after the first line.
pub fn rows<'t, const N: usize, T>(
    text: &'t str,
    head: &str,
    read: impl Fn([&'t str; N]) -> Option<T>,
) -> anyhow::Result<Vec<T>> {
    let mut lines = text.lines();
    ensure!(lines.next() == Some(head), "its first line is not `{head}`");
    let rows = (2..).zip(lines).map(|(number, line)| {
        let fields: Vec<&str> = line.split(',').collect();
        match fields.try_into().ok().and_then(&read) {
            Some(row) => Ok(row),
            None => bail!("line {number} is no row of {head}"),
        }
    });
    rows.collect()
}
