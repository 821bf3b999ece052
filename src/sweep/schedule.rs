//! How the time of a sweep is spent: every script of the plan once, with a share of the time for each family of scripts and one for
//! the search for shorter ones; then what is promising is tried again, until the time is over.

use super::ledger::{Ledger, Sign};
use super::plan::{Case, Family};
use super::shares::Shares;
use super::shrink::{candidates, patience};
use super::{FamilyTally, TestBed, Trial, races, runs_commands};
use crate::engine::Progress;
use crate::engine::clock::WallClock;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use stormglass_model::script::Script;
use stormglass_model::units::Span;

/// Scripts of one call of the bed: many, since those that come to rest at once wait for those that do not.
const BATCH: usize = 96;
/// The same where the time is short, so that it is not exceeded by much.
const SHORT_BATCH: usize = 32;
/// What is a short time.
const SHORT: Span = Span::from_secs(180);
/// The same where commands are run, one after the other.
const COMMANDS: usize = 4;
/// The share of the time that every script of the plan once may take.
const ONCE: f64 = 0.7;
/// The share of the search for shorter scripts, against those of the families.
const SHRINKING: u32 = 4;
/// The share of the time after which nothing new is begun and what was found is counted.
const COUNTING: f64 = 0.75;
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

    /// Scripts of one call of the bed.
    fn batch(&self) -> usize {
        let is_short = self.total.is_some_and(|total| total < SHORT);
        if is_short { SHORT_BATCH } else { BATCH }
    }

    /// The same where time is counted at all. What is not limited does not depend on it.
    fn counted(&self) -> Span {
        self.total.map_or(Span::ZERO, |_| self.spent())
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

/// What a part of the time is spent on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// The search for the shortest script of a finding.
    Shrink,
    /// A handful of scripts.
    Family(Family),
}

/// Runs a sweep. Gives what was seen, and how much of each family was tried.
pub fn sweep(
    bed: &mut impl TestBed,
    cases: &[Case],
    budget: &Budget,
) -> (Ledger, Vec<FamilyTally>) {
    let mut sweep = Sweep::new(bed, budget);
    let total = &budget.progress.sweep.cases_total;
    total.store(cases.len() as u64, Relaxed);
    sweep.once(cases);
    sweep.shrink_all(COUNTING);
    if budget.total.is_some() {
        sweep.promising(cases);
    }
    sweep.count();
    let tallies = tallies(cases, &sweep.ledger);
    (sweep.ledger, tallies)
}

/// How much of each family was tried; nothing of a family without scripts.
fn tallies(cases: &[Case], ledger: &Ledger) -> Vec<FamilyTally> {
    let tally = |&family: &Family| {
        let all = cases.iter().filter(|case| case.family == family);
        let missed = all.clone().filter(|case| ledger.tries(&case.script) == 0);
        FamilyTally {
            family,
            planned: all.count() as u32,
            not_tried: scripts(missed),
        }
    };
    let tallies = Family::ALL.iter().map(tally);
    tallies.filter(|tally| tally.planned > 0).collect()
}

/// Runs each script so many times.
pub fn again(bed: &mut impl TestBed, scripts: &[Script], tries: u32, budget: &Budget) -> Ledger {
    let mut sweep = Sweep::new(bed, budget);
    let progress = &budget.progress.sweep;
    let total = u64::from(tries) * scripts.len() as u64;
    progress.cases_total.store(total, Relaxed);
    for script in scripts {
        let mut left = tries as usize;
        while left > 0 && !sweep.bed.is_over() {
            let batch = vec![script.clone(); left.min(budget.batch())];
            left -= batch.len();
            let ran = sweep.run(&batch).len();
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

    /// Every script of the plan once. Every family has its share of the time from the start, and so has the search for shorter
    /// scripts: what is known explains much of what follows.
    fn once(&mut self, cases: &[Case]) {
        let mut left: BTreeMap<Family, VecDeque<Vec<Script>>> = batches(cases, self.budget.batch());
        let families = Family::ALL.iter();
        let families = families.map(|&family| (Turn::Family(family), family.weight()));
        let mut shares = Shares::new([(Turn::Shrink, SHRINKING)].into_iter().chain(families));
        let mut ran = 0;
        while self.budget.share() <= ONCE && !self.bed.is_over() {
            let unshrunk = self.ledger.unshrunk();
            let next = shares.next(|turn| match turn {
                Turn::Shrink => unshrunk.is_some(),
                Turn::Family(family) => left.get(&family).is_some_and(|left| !left.is_empty()),
            });
            let Some(next) = next else {
                break;
            };
            let began = self.budget.counted();
            match (next, unshrunk) {
                (Turn::Family(family), _) => {
                    let batch = left.get_mut(&family).and_then(VecDeque::pop_front);
                    ran += self.run(&batch.unwrap_or_default()).len() as u64;
                    self.budget.progress.sweep.cases.store(ran, Relaxed);
                }
                (Turn::Shrink, Some((sign, script))) => self.shrink(&sign, script, ONCE),
                (Turn::Shrink, None) => {}
            }
            shares.spend(next, Span(self.budget.counted().0 - began.0));
        }
    }

    /// Looks for the shortest script of everything that was seen, the worst first.
    fn shrink_all(&mut self, until: f64) {
        while let Some((sign, script)) = self.ledger.unshrunk() {
            if self.budget.share() > until || self.bed.is_over() {
                return;
            }
            self.shrink(&sign, script, until);
        }
    }

    fn shrink(&mut self, sign: &Sign, script: Script, until: f64) {
        let rate = self.rate(sign, &script);
        let mut shortest = script;
        while self.budget.share() <= until && !self.bed.is_over() {
            match self.shorter(&shortest, sign, rate) {
                Some(script) => shortest = script,
                None => break,
            }
        }
        self.ledger.shrunk(sign);
        self.budget.tell(&self.ledger);
    }

    /// Runs every shorter script as often as it deserves, all at once; gives the shortest that shows the violation.
    fn shorter(&mut self, script: &Script, sign: &Sign, rate: f64) -> Option<Script> {
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
        trials.retain(|trial| trial.shows(sign).is_some());
        let shows = |script: &Script| trials.iter().any(|trial| trial.script == *script);
        candidates.into_iter().find(shows)
    }

    /// How often the script shows the violation: it is run a few times more if it was run hardly ever.
    fn rate(&mut self, sign: &Sign, script: &Script) -> f64 {
        if runs_commands(script) {
            return 1.0;
        }
        let more = RATED.saturating_sub(self.ledger.tries(script));
        let trials = self.run(&vec![script.clone(); more as usize]);
        let hits = trials.iter().filter(|trial| trial.shows(sign).is_some());
        (hits.count() + 1) as f64 / (trials.len() + 1) as f64
    }

    /// Races that have shown nothing yet are a matter of luck; those beside one that did come first.
    fn promising(&mut self, cases: &[Case]) {
        let shown: BTreeSet<Vec<String>> = self.ledger.promising().map(pair).collect();
        let races = cases.iter().filter(|case| case.family == Family::Rivals);
        let (near, far): (Vec<&Case>, Vec<&Case>) =
            races.partition(|case| shown.contains(&pair(&case.script)));
        // Those near twice for each time of those far.
        let order = near.iter().chain(&near).chain(&far).copied();
        for batch in scripts(order).chunks(self.budget.batch()).cycle() {
            if self.budget.share() >= COUNTING || self.bed.is_over() {
                return;
            }
            self.run(batch);
            self.shrink_all(COUNTING);
        }
    }

    /// Runs the shortest script of each variant often enough to say how often it shows: first the worst of every finding. What
    /// shows for the first time meanwhile is counted too.
    fn count(&mut self) {
        while self.budget.share() <= 1.0 && !self.bed.is_over() {
            let batch = self.uncounted();
            if batch.is_empty() || self.run(&batch).is_empty() {
                return;
            }
        }
    }

    /// The next scripts to count.
    fn uncounted(&self) -> Vec<Script> {
        let findings = self.ledger.findings(|tally| tally.script.to_string());
        let most = findings.iter().map(|finding| finding.variants.len()).max();
        let turns = (0..most.unwrap_or(0)).flat_map(|turn| {
            let variants = findings
                .iter()
                .filter_map(move |one| one.variants.get(turn));
            variants.map(|variant| &variant.shortest().script)
        });
        let mut known = BTreeSet::new();
        let missing = |script: &Script, tries: u32| tries.saturating_sub(self.ledger.tries(script));
        let (alone, beside): (Vec<&Script>, Vec<&Script>) = turns
            .filter(|script| known.insert(*script))
            .partition(|script| runs_commands(script));
        let more = |scripts: Vec<&Script>, tries: u32, batch: usize| -> Vec<Script> {
            (scripts.into_iter())
                .flat_map(|script| vec![script.clone(); missing(script, tries) as usize])
                .take(batch)
                .collect()
        };
        let beside = more(beside, TRIES, self.budget.batch());
        match beside.is_empty() {
            true => more(alone, COMMAND_TRIES, COMMANDS),
            false => beside,
        }
    }
}

/// The plan in handfuls of each family.
fn batches(cases: &[Case], batch: usize) -> BTreeMap<Family, VecDeque<Vec<Script>>> {
    let of = |&family: &Family| {
        let size = match family {
            Family::Command => COMMANDS,
            _ => batch,
        };
        let scripts = scripts(cases.iter().filter(|case| case.family == family));
        (
            family,
            scripts.chunks(size).map(<[Script]>::to_vec).collect(),
        )
    };
    Family::ALL.iter().map(of).collect()
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
