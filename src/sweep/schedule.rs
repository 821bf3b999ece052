//! How the time of a sweep is spent: every script of the plan once, then what showed something is shrunk, then what is promising
//! is tried again, until the time is over.

use super::ledger::Ledger;
use super::plan::{Case, CaseKind};
use super::shrink::{candidates, patience};
use super::{FindingKey, TestBed, Trial, races, runs_commands};
use crate::engine::Progress;
use crate::engine::clock::WallClock;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use stormglass_model::script::Script;
use stormglass_model::units::Span;

/// Scripts of one call of the bed: many, since the probe reads twice in each.
const BATCH: usize = 48;
/// The same where commands are run, one after the other.
const COMMANDS: usize = 8;
/// The share of the time that every script of the plan once may take.
const ONCE: f64 = 0.9;
/// Calls of the bed between two rounds of shrinking.
const SHRUNK: usize = 5;
/// The share of the time after which nothing new is begun and what was found is counted.
const COUNTING: f64 = 0.95;
/// How often a script is run before it is known how often it shows a violation.
const RATED: u32 = 8;
/// How often the shortest script of a finding is run in all, where that does not take too long.
const TRIES: u32 = 20;
/// The same where a command is run each time.
const COMMAND_TRIES: u32 = 3;

/// How long a sweep may take, and what it tells meanwhile.
#[derive(Debug)]
pub struct Budget {
    clock: WallClock,
    total: Option<Span>,
    progress: Arc<Progress>,
}

impl Budget {
    /// So much time from now on; none: every script of the plan once, and what that shows is shrunk.
    pub fn start(total: Option<Span>, progress: Arc<Progress>) -> Budget {
        Budget {
            clock: WallClock::start(),
            total,
            progress,
        }
    }

    /// How long it has been.
    pub fn spent(&self) -> Span {
        Span(self.clock.now().0)
    }

    fn share(&self) -> f64 {
        self.total
            .map_or(0.0, |total| self.spent().0 as f64 / total.0.max(1) as f64)
    }

    fn tell(&self, ledger: &Ledger) {
        let sweep = &self.progress.sweep;
        sweep.time.store((self.share() * 1_000.0) as u64, Relaxed);
        sweep.tries.store(ledger.totals().0, Relaxed);
        sweep.findings.store(ledger.count() as u64, Relaxed);
    }
}

/// Runs a sweep. Gives what was seen, and how many scripts of the plan were run.
pub fn sweep(bed: &mut impl TestBed, cases: &[Case], budget: &Budget) -> (Ledger, u32) {
    let mut sweep = Sweep::new(bed, budget);
    let total = &budget.progress.sweep.cases_total;
    total.store(cases.len() as u64, Relaxed);
    let ran = sweep.once(cases);
    sweep.shrink_all(COUNTING);
    if budget.total.is_some() {
        sweep.promising(cases);
    }
    sweep.count();
    (sweep.ledger, ran)
}

/// Runs each script so many times.
pub fn again(bed: &mut impl TestBed, scripts: &[Script], tries: u32, budget: &Budget) -> Ledger {
    let mut sweep = Sweep::new(bed, budget);
    let progress = &budget.progress.sweep;
    let total = u64::from(tries) * scripts.len() as u64;
    progress.cases_total.store(total, Relaxed);
    for script in scripts {
        for batch in vec![script.clone(); tries as usize].chunks(BATCH) {
            let ran = sweep.run(batch).len();
            progress.cases.fetch_add(ran as u64, Relaxed);
        }
    }
    // What was asked for is what is told: nothing is shrunk.
    sweep.ledger
}

struct Sweep<'s, S: TestBed> {
    bed: &'s mut S,
    budget: &'s Budget,
    ledger: Ledger,
    round: u64,
}

impl<'s, S: TestBed> Sweep<'s, S> {
    fn new(bed: &'s mut S, budget: &'s Budget) -> Self {
        Sweep {
            bed,
            budget,
            ledger: Ledger::default(),
            round: 0,
        }
    }

    fn run(&mut self, scripts: &[Script]) -> Vec<Trial> {
        self.round += 1;
        if scripts.is_empty() || self.bed.is_over() {
            return Vec::new();
        }
        let trials = self.bed.run(scripts, self.round);
        for trial in &trials {
            self.ledger.add(trial);
        }
        self.budget.tell(&self.ledger);
        trials
    }

    /// Every script of the plan once. What shows is shrunk every now and then: once it is known it explains much of what follows.
    fn once(&mut self, cases: &[Case]) -> u32 {
        let mut ran = 0;
        for (index, batch) in batches(cases).enumerate() {
            if self.budget.share() > ONCE {
                break;
            }
            ran += self.run(&scripts(batch)).len() as u32;
            let cases = &self.budget.progress.sweep.cases;
            cases.store(u64::from(ran), Relaxed);
            if index % SHRUNK == SHRUNK - 1 {
                self.shrink_all(ONCE);
            }
        }
        ran
    }

    /// Looks for the shortest script of everything that was seen, the worst first.
    fn shrink_all(&mut self, until: f64) {
        while let Some((raw, script)) = self.ledger.unshrunk() {
            if self.budget.share() > until || self.bed.is_over() {
                return;
            }
            let rate = self.rate(&raw, &script);
            let mut shortest = script;
            while self.budget.share() <= until && !self.bed.is_over() {
                match self.shorter(&shortest, &raw, rate) {
                    Some(script) => shortest = script,
                    None => break,
                }
            }
            self.ledger.shrunk(&raw, &shortest);
            self.budget.tell(&self.ledger);
        }
    }

    /// Runs every shorter script as often as it deserves, all at once; gives the shortest that shows the violation.
    fn shorter(&mut self, script: &Script, raw: &FindingKey, rate: f64) -> Option<Script> {
        let candidates = candidates(script);
        // What is done to the server concerns everybody who is there, so the others are run apart.
        let (broken, whole): (Vec<&Script>, Vec<&Script>) =
            candidates.iter().partition(|script| runs_commands(script));
        let often = |scripts: Vec<&Script>| -> Vec<Script> {
            (scripts.into_iter())
                .flat_map(|shorter| vec![shorter.clone(); patience(shorter, script, rate) as usize])
                .collect()
        };
        let mut trials = self.run(&often(whole));
        if !broken.is_empty() {
            trials.extend(self.run(&often(broken)));
        }
        trials.retain(|trial| trial.violation(raw).is_some());
        let shows = |script: &Script| trials.iter().any(|trial| trial.script == *script);
        candidates.into_iter().find(shows)
    }

    /// How often the script shows the violation: it is run a few times more if it was run hardly ever.
    fn rate(&mut self, raw: &FindingKey, script: &Script) -> f64 {
        if runs_commands(script) {
            return 1.0;
        }
        let more = RATED.saturating_sub(self.ledger.tries(script));
        let trials = self.run(&vec![script.clone(); more as usize]);
        let hits = trials.iter().filter(|trial| trial.violation(raw).is_some());
        (hits.count() + 1) as f64 / (trials.len() + 1) as f64
    }

    /// Races that have shown nothing yet are a matter of luck; those beside one that did come first.
    fn promising(&mut self, cases: &[Case]) {
        let shown: BTreeSet<Vec<String>> = self.ledger.promising().map(pair).collect();
        let races = cases.iter().filter(|case| case.kind == CaseKind::Rivals);
        let (near, far): (Vec<&Case>, Vec<&Case>) =
            races.partition(|case| shown.contains(&pair(&case.script)));
        // Those near twice for each time of those far.
        let order = near.iter().chain(&near).chain(&far).copied();
        for batch in scripts(order).chunks(BATCH).cycle() {
            if self.budget.share() >= COUNTING || self.bed.is_over() {
                return;
            }
            self.run(batch);
            self.shrink_all(COUNTING);
        }
    }

    /// Runs the shortest script of each finding often enough to say how often it shows.
    fn count(&mut self) {
        for finding in self.ledger.findings(Script::to_string) {
            let script = finding.shortest.script;
            if self.budget.share() > 1.0 {
                return;
            }
            let commands = runs_commands(&script);
            let tries = if commands { COMMAND_TRIES } else { TRIES };
            let more = tries.saturating_sub(self.ledger.tries(&script));
            self.run(&vec![script; more as usize]);
        }
    }
}

/// The plan in handfuls. Scripts of different kinds are not mixed: a command concerns everybody.
fn batches(cases: &[Case]) -> impl Iterator<Item = &[Case]> {
    let kinds = cases.chunk_by(|a, b| a.kind == b.kind);
    kinds.flat_map(|kind| {
        let commands = kind.iter().any(|case| case.kind == CaseKind::Command);
        kind.chunks(if commands { COMMANDS } else { BATCH })
    })
}

fn scripts<'c>(cases: impl IntoIterator<Item = &'c Case>) -> Vec<Script> {
    cases.into_iter().map(|case| case.script.clone()).collect()
}

/// The operations of a script's races, in any order.
fn pair(script: &Script) -> Vec<String> {
    let mut names: Vec<String> = races(script)
        .flat_map(|(first, _, second)| [first.to_string(), second.to_string()])
        .collect();
    names.sort();
    names
}
