//! The history of a storm as a file, and what a check of such a file came to.

use super::json::pretty;
use super::number::{counted, thousands};
use super::terminal::Paint;
use crate::metrics::StormResult;
use crate::scenario::{Scenario, Target};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};
use stormglass_glance::shown::printable;
use stormglass_model::checker::concurrent::{Severity, SubjectViolation, Symptom};
use stormglass_model::history::SubjectHistory;
use stormglass_model::history::file::{Header, Writer};
use stormglass_model::lifecycle::{Invariant, Profile, Verdict};
use stormglass_model::units::Time;

/// The name of the file in the results folder.
pub const HISTORY: &str = "history.jsonl";

/// Writes what the clients of a storm saw; nothing but a header if the scenario did not keep it.
pub fn history(scenario: &Scenario, result: &StormResult, out: impl Write) -> io::Result<()> {
    let (profile, delayed_delete, one_identity) = match &scenario.target {
        Target::Embedded(service) => (service.rules.profile(), service.delayed_delete, false),
        Target::Glance(glance) => (
            Profile::Glance,
            glance.delayed_delete,
            glance.has_one_identity(),
        ),
    };
    let header = Header {
        scenario: scenario.name.clone(),
        seed: scenario.seed.0,
        profile,
        delayed_delete: Some(delayed_delete),
        one_identity,
    };
    let mut writer = Writer::new(out, &header)?;
    for run in &result.runs {
        for history in &run.histories {
            writer.write(run.run, history)?;
        }
    }
    writer.finish().map(drop)
}

/// Violations of which one sentence is true that are kept in full.
const KEPT: usize = 100;

/// What a check of a saved history came to so far.
#[derive(Clone, Debug)]
pub struct Checked {
    header: Header,
    run: u32,
    runs: u64,
    subjects: u64,
    events: u64,
    /// Subjects whose judgement is inconclusive.
    unknown: u64,
    /// Whether its end was read. Without that it is not valid, since nobody knows what followed.
    pub whole: bool,
    violations: BTreeMap<Sentence, Sightings>,
}

/// What is true of violations that are counted together; the worst first.
type Sentence = (Severity, Symptom, Invariant, String);

#[derive(Clone, Debug, Default)]
struct Sightings {
    count: u64,
    /// The first of them.
    kept: Vec<Sighting>,
}

/// A violation, as the document has it.
#[derive(Clone, Copy, Debug, Serialize)]
struct Sighting {
    run: u32,
    subject: u64,
    t_ns: u64,
}

impl Checked {
    /// Of a history with this header, of which nothing is judged yet, and of which the end was not read.
    pub fn new(header: Header) -> Checked {
        Checked {
            header,
            run: 0,
            runs: 0,
            subjects: 0,
            events: 0,
            unknown: 0,
            whole: false,
            violations: BTreeMap::new(),
        }
    }

    /// Adds the judgement of a subject of `run`.
    pub fn add(
        &mut self,
        run: u32,
        history: &SubjectHistory,
        verdict: Verdict,
        violations: Vec<SubjectViolation>,
    ) {
        self.runs += u64::from(run != self.run);
        self.run = run;
        self.subjects += 1;
        self.events += history.events.len() as u64;
        self.unknown += u64::from(verdict == Verdict::Unknown);
        for violation in violations {
            let symptom = violation.symptom;
            let sentence = (
                symptom.severity(),
                symptom,
                violation.invariant,
                violation.sentence,
            );
            let sightings = self.violations.entry(sentence).or_default();
            sightings.count += 1;
            if sightings.kept.len() < KEPT {
                sightings.kept.push(Sighting {
                    run,
                    subject: history.subject,
                    t_ns: violation.at.0,
                });
            }
        }
    }

    /// The worst verdict of all subjects; of a history that was cut short at best unknown.
    pub fn verdict(&self) -> Verdict {
        Verdict::of(!self.violations.is_empty(), self.unknown > 0 || !self.whole)
    }

    /// What the check came to, for a person; in colour or plain.
    pub fn text(&self, colour: bool) -> String {
        let paint = Paint { colour };
        let Header {
            scenario,
            seed,
            profile,
            ..
        } = &self.header;
        let service = match profile {
            Profile::Glance => "glance".to_owned(),
            Profile::V1 | Profile::V2 => format!("embedded service, {profile} rules"),
        };
        let mut text = format!(
            "{}  {} · seed {seed} · {service}\n  {} · {}",
            paint.verdict(self.verdict()),
            printable(scenario).replace('\n', " "),
            counted(self.subjects, "subject"),
            counted(self.events, "event"),
        );
        if self.runs > 1 {
            let _ = write!(text, " · {}", counted(self.runs, "run"));
        }
        text.push('\n');
        if self.unknown > 0 {
            let subjects = counted(self.unknown, "subject");
            let note = format!("{subjects} inconclusive: too much was open at once");
            let _ = writeln!(text, "  {}", paint.doubtful(&note));
        }
        if !self.whole {
            let note =
                "cut short: no trailer, so more may have followed; earlier versions wrote none";
            let _ = writeln!(text, "  {}", paint.doubtful(note));
        }
        if !self.violations.is_empty() {
            let total = counted(self.violation_total(), "violation");
            let _ = writeln!(text, "\n  {total}, the worst first:");
        }
        for ((_, symptom, invariant, sentence), Sightings { count, kept }) in &self.violations {
            let _ = write!(
                text,
                "  {} ×{} ({invariant})",
                paint.bad(symptom.name()),
                thousands(*count)
            );
            if let Some(Sighting { run, subject, t_ns }) = kept.first() {
                let of_run = match self.runs {
                    1 => String::new(),
                    _ => format!(" of run {run}"),
                };
                let at = Time(*t_ns);
                let _ = write!(text, ", the first at {at} in subject {subject}{of_run}");
            }
            let _ = writeln!(text, "\n    {sentence}");
        }
        text
    }

    /// The same as a JSON document, indented, with a line feed at its end; it names the first hundred places of each violation.
    pub fn json(&self) -> Vec<u8> {
        let violations = self.violations.iter().map(
            |((severity, symptom, invariant, sentence), Sightings { count, kept })| {
                json!({
                    "severity": severity.name(),
                    "symptom": symptom.name(),
                    "invariant": invariant.name(),
                    "sentence": sentence,
                    "count": count,
                    "places": kept,
                })
            },
        );
        let document = json!({
            "version": env!("CARGO_PKG_VERSION"),
            "scenario": self.header.scenario,
            "seed": self.header.seed,
            "profile": self.header.profile.name(),
            "verdict": self.verdict().name(),
            "runs": self.runs,
            "subjects": self.subjects,
            "subjects_unknown": self.unknown,
            "events": self.events,
            "cut_short": !self.whole,
            "violations": self.violation_total(),
            "violations_by_kind": violations.collect::<Vec<Value>>(),
        });
        pretty(&document)
    }

    fn violation_total(&self) -> u64 {
        self.violations.values().map(|of| of.count).sum()
    }
}
