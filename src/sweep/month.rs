//! What a finding comes to in a month: how often it shows, times how often rivals come that close to each other.

use super::finding::{Finding, Interval, Month, SweepResult, races};
use crate::statistics::rare;
use std::collections::BTreeMap;
use stormglass_model::checker::concurrent::Severity;
use stormglass_model::lifecycle::{Operation, Who};
use stormglass_model::operations::ApiCall;
use stormglass_model::script::{Point, Script, Second, Step};

/// How often rivals met, as `stormglass learn` counted it, and what is at stake.
#[derive(Clone, Debug, PartialEq)]
pub struct Traffic {
    /// How often a call of the second kind began while one of the first was under way, on the same image.
    pub met: BTreeMap<(ApiCall, ApiCall), u64>,
    /// How long was watched, in days.
    pub days: f64,
    /// Bytes of an image, on average.
    pub bytes: f64,
    /// What a TiB costs that is stored for a month, and in which currency.
    pub tib_month: Option<(f64, String)>,
}

/// Days of a month: a twelfth of 365.
const MONTH_D: f64 = 365.0 / 12.0;
/// Of two intervals that both hold so often, the product holds 19 times of 20.
const EACH: f64 = 0.975;
const TIB: f64 = (1_u64 << 40) as f64;

impl Traffic {
    /// Says of each finding what it comes to in a month, where that can be said.
    pub fn price(&self, result: &mut SweepResult) {
        let met = std::mem::take(&mut result.met);
        for finding in &mut result.findings {
            finding.month = self.month(finding, &met);
        }
        result.met = met;
    }

    /// None where a finding needs no rival, or more than one: a client's or the server's own fault, say. `met`: how often each script
    /// was run in which one operation met another.
    fn month(&self, finding: &Finding, met: &BTreeMap<Script, u32>) -> Option<Month> {
        let tallies = finding.variants.iter().flat_map(|it| &it.tallies);
        let mut shown: BTreeMap<&Script, u32> = BTreeMap::new();
        for tally in tallies.filter(|it| meets(&it.script)) {
            // The same tries may show it in several ways.
            let most = shown.entry(&tally.script).or_default();
            *most = tally.shown.max(*most);
        }
        // Scripts that differ in nothing but the point at which the second operation begins.
        let mut alike: BTreeMap<Script, Vec<(u32, u32)>> = BTreeMap::new();
        for (script, tries) in met {
            let here = shown.get(script).copied().unwrap_or(0);
            alike
                .entry(without_point(script))
                .or_default()
                .push((here, *tries));
        }
        alike.retain(|_, points| points.iter().any(|(shown, _)| *shown > 0));
        // Of one pair in several situations, nobody knows how often each comes about: the one that shows it least often counts.
        let mut shares: BTreeMap<(ApiCall, ApiCall), Interval> = BTreeMap::new();
        for (script, points) in &alike {
            let (Some(pair), share) = (rivals(script), over_points(points)) else {
                continue;
            };
            let least = shares.entry(pair).or_insert(share);
            if share.value < least.value {
                *least = share;
            }
        }
        if shares.is_empty() || self.days <= 0.0 {
            return None;
        }
        let mut times = Interval::default();
        let mut count = 0;
        for (pair, share) in shares {
            let seen = self.met.get(&pair).copied().unwrap_or(0);
            let (low, high) = rare::count(seen, EACH);
            count += seen;
            times.value += seen as f64 * share.value;
            times.low += low * share.low;
            times.high += high * share.high;
        }
        let times = times.times(MONTH_D / self.days);
        let leaks = finding.severity() == Severity::BytesLeaked;
        let bytes = leaks.then(|| times.times(self.bytes));
        let cost = bytes.zip(self.tib_month.as_ref());
        let cost =
            cost.map(|(bytes, (price, currency))| (bytes.times(price / TIB), currency.clone()));
        Some(Month {
            times,
            met: count,
            bytes,
            cost,
        })
    }
}

/// How often it shows where a rival comes at any of these points equally often: shown and tries of each.
fn over_points(points: &[(u32, u32)]) -> Interval {
    let mut mean = Interval::default();
    for (shown, tries) in points {
        let (low, high) = rare::share((*shown).into(), (*tries).into(), EACH);
        mean.value += f64::from(*shown) / f64::from((*tries).max(1));
        mean.low += low;
        mean.high += high;
    }
    mean.times(1.0 / points.len() as f64)
}

/// Whether one operation meets another in a script, and nothing else happens beside it.
pub fn meets(script: &Script) -> bool {
    rivals(script).is_some()
}

/// The operation that was under way, and the one that began meanwhile, where these two alone raced.
fn rivals(script: &Script) -> Option<(ApiCall, ApiCall)> {
    let mut racing = races(script);
    let (first, at, second) = racing.next()?;
    let is_more = |step: &Step| matches!(step, Step::Rivals { .. } | Step::Run(_));
    let more = racing.next().is_some() || script.steps().iter().any(is_more);
    match second {
        // What begins when the first was answered meets nothing; and who comes from another project is none of an image's own clients.
        Second::Rival(act) if !more && at != Point::Answer && act.who != Who::OtherProject => {
            let call = |operation: Operation| operation.kind().api_call();
            Some((call(first.operation), call(act.operation)))
        }
        Second::Rival(_) | Second::Fault(_) | Second::Command(_) => None,
    }
}

/// The same script with its race at the first of all points.
fn without_point(script: &Script) -> Script {
    let steps = script.steps().iter().cloned().map(|step| match step {
        Step::Race { first, second, .. } => Step::Race {
            first,
            at: Point::Before,
            second,
        },
        other => other,
    });
    Script::new(steps.collect()).unwrap_or_else(|_| script.clone())
}

#[cfg(test)]
mod tests {
    use super::super::cause::Cause;
    use super::super::finding::{Tally, Variant};
    use super::super::trial::Trial;
    use super::*;
    use stormglass_model::checker::concurrent::Symptom;
    use stormglass_model::history::SubjectHistory;
    use stormglass_model::lifecycle::{Invariant, Verdict};
    use stormglass_model::units::Time;

    fn script(text: &str) -> Script {
        text.parse().unwrap()
    }

    /// A finding that leaks, and that these scripts have shown so often.
    fn finding(tallies: &[(&str, u32, u32)]) -> Finding {
        let tallies: Vec<Tally> = tallies
            .iter()
            .map(|&(text, shown, tries)| Tally {
                script: script(text),
                shown,
                tries,
            })
            .collect();
        let first = tallies[0].script.clone();
        Finding {
            cause: Cause::from_name("no-clean-up: upload").unwrap(),
            variants: vec![Variant {
                severity: Severity::BytesLeaked,
                symptom: Symptom::Orphan,
                invariant: Invariant::Conservation,
                tallies,
                example: Trial::new(
                    &first,
                    SubjectHistory::default(),
                    Vec::new(),
                    Verdict::Invalid,
                ),
                at: Time::ZERO,
                sentence: String::new(),
                repeat: String::new(),
            }],
            accepted: false,
            month: None,
        }
    }

    fn traffic() -> Traffic {
        Traffic {
            met: [
                ((ApiCall::Upload, ApiCall::Delete), 40),
                ((ApiCall::Show, ApiCall::Delete), 9),
            ]
            .into(),
            days: MONTH_D,
            bytes: TIB / 4.0,
            tib_month: Some((20.0, "EUR".to_owned())),
        }
    }

    #[test]
    fn it_shows_as_often_as_over_all_points_at_which_a_rival_may_come() {
        let shown = [
            ("create [upload mid-body delete]", 5, 10),
            ("create [upload last-byte delete]", 10, 10),
            // What needs a fault is nobody's traffic.
            ("create [upload mid-body !reset]", 10, 10),
        ];
        let met = [
            ("create [upload before delete]", 10),
            ("create [upload mid-body delete]", 10),
            ("create [upload last-byte delete]", 10),
            ("create [upload mid-body show]", 10),
        ];
        let met = met.map(|(text, tries)| (script(text), tries)).into();
        let month = traffic().month(&finding(&shown), &met).unwrap();
        assert_eq!(month.met, 40);
        // Of three points none, half and all: half of forty.
        assert!((month.times.value - 20.0).abs() < 1e-9, "{month:?}");
        assert!(
            month.times.low < 12.0 && month.times.high > 28.0,
            "{month:?}"
        );
        let bytes = month.bytes.unwrap();
        assert!((bytes.value / TIB - 5.0).abs() < 1e-9, "{month:?}");
        let (cost, currency) = month.cost.unwrap();
        assert!((cost.value - 100.0).abs() < 1e-9 && currency == "EUR");
    }

    #[test]
    fn rivals_that_never_met_may_meet_all_the_same() {
        let shown = [("create [upload mid-body set-property]", 10, 10)];
        let met = [(script("create [upload mid-body set-property]"), 10)].into();
        let month = traffic().month(&finding(&shown), &met).unwrap();
        assert_eq!(
            (month.met, month.times.value, month.times.low),
            (0, 0.0, 0.0)
        );
        assert!(
            month.times.high > 3.0 && month.times.high < 5.0,
            "{month:?}"
        );
    }

    #[test]
    fn what_needs_no_rival_has_no_price() {
        for text in [
            "create [upload mid-body !reset]",
            "create upload delete",
            "create [upload answer delete]",
            "create [upload mid-body delete:stranger]",
            "create upload {set-property | set-property | deactivate}~8ms",
        ] {
            let met = [(script(text), 10)].into();
            assert_eq!(
                traffic().month(&finding(&[(text, 10, 10)]), &met),
                None,
                "{text}"
            );
        }
    }
}
