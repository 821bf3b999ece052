//! A disk: what processes see of its files, and what of them a loss of power leaves.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// The files of one machine.
#[derive(Debug, Default)]
pub struct Disk {
    files: BTreeMap<PathBuf, Content>,
}

/// What a file holds.
#[derive(Debug, Default)]
pub struct Content {
    /// As processes see it.
    pub seen: Vec<u8>,
    /// As it is on the disk.
    kept: Vec<u8>,
    /// Whether its name is on the disk.
    named: bool,
    /// What was thrown away by a sync that failed: no later one writes it.
    thrown_away: Range<usize>,
    /// Whether a sync has promised what it did not do.
    pub lied: bool,
    /// Whether what it promised was thrown away since, so that no later sync makes it true.
    cheated: bool,
}

impl Disk {
    pub fn file(&mut self, path: &Path) -> Option<&mut Content> {
        self.files.get_mut(path)
    }

    /// Makes a file, unless there is one.
    pub fn create(&mut self, path: &Path) -> bool {
        let is_new = !self.files.contains_key(path);
        self.files.entry(path.to_owned()).or_default();
        is_new
    }

    /// Whether something is lost if power is, though a sync has promised that it is not.
    pub fn has_lied(&self) -> bool {
        self.files.values().any(|file| file.lied)
    }

    pub fn sync_names(&mut self) {
        for file in self.files.values_mut() {
            file.named = true;
        }
    }

    /// What was not synced may be lost, from some byte on; `some` draws a number up to another.
    pub fn lose_power(&mut self, mut some: impl FnMut(usize) -> usize) {
        self.files.retain(|_, file| file.named || some(1) == 1);
        for file in self.files.values_mut() {
            let same = file.kept.iter().zip(&file.seen);
            let same = same.take_while(|(kept, seen)| kept == seen).count();
            // A cut that was not synced may be undone; bytes that were added may be there up to any of them.
            file.seen = match file.seen.len() > same {
                true => file.seen[..same + some(file.seen.len() - same)].to_vec(),
                false if some(1) == 1 => file.kept.clone(),
                false => file.seen.clone(),
            };
            file.kept = file.seen.clone();
        }
    }
}

impl Content {
    /// What a loss of power would leave at least.
    pub fn certain(&self) -> &[u8] {
        match (self.named, self.lied) {
            (_, true) => &self.seen, // nobody can know better
            (true, false) => &self.kept,
            (false, false) => &[],
        }
    }

    pub fn sync(&mut self) {
        self.lied = self.cheated;
        self.kept = self.seen.clone();
        self.kept[self.thrown_away.clone()].fill(0);
    }

    /// A sync that fails: what it should have written is thought to be written from now on.
    pub fn fail_to_sync(&mut self) {
        self.cheated |= self.lied;
        let same = self.kept.iter().zip(&self.seen);
        let same = same.take_while(|(kept, seen)| kept == seen).count();
        let from = match self.thrown_away.is_empty() {
            true => same,
            false => self.thrown_away.start.min(same),
        };
        self.thrown_away = from..self.seen.len();
    }

    pub fn cut(&mut self, length: usize) {
        self.seen.truncate(length);
        let Range { start, end } = self.thrown_away;
        self.thrown_away = start.min(length)..end.min(length);
    }
}
