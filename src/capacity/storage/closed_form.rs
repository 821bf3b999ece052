//! What is stored in the long run, from the scenario alone: how many come × how much each brings × for how long it is kept.
//!
//! This is Little's law, and needs nothing but means; a transfer takes the longer the more it brings, so of sizes it needs the mean
//! square too. It is reckoned as if nobody ever waited for the service. What a run has more than this is what waits add.

use crate::scenario::{Model, Scenario, Target};
use stormglass_model::config::ServiceConfig;
use stormglass_model::lifecycle::{Operation, SubjectStatus};
use stormglass_model::load::{ArrivalRate, Arrivals, Story};
use stormglass_model::script::{Action, Step};
use stormglass_model::units::Span;

/// What a scenario stores in the long run.
#[derive(Clone, Debug, PartialEq)]
pub struct ClosedForm {
    /// Stories a second that bring data and take it away again.
    pub per_second: f64,
    /// Bytes that each of these brings, on average.
    pub size: f64,
    /// For how long these are kept from when the store has reserved room until their delete, in seconds; weighted by bytes.
    pub life_s: f64,
    /// How long deletes are delayed, in seconds; weighted by bytes, of which those of a deactivated subject are not.
    pub scrub_time_s: f64,
    /// How much later than due the scrubber has removed them, in seconds; weighted by bytes.
    pub scrub_lag_s: f64,
    /// Bytes by status, indexed by [`SubjectStatus::index`].
    pub by_status: [f64; SubjectStatus::COUNT],
    /// Bytes a second that are brought and never taken away.
    pub growth_per_s: f64,
    /// The stories of which it cannot be said what they store, and which are left out: their steps race, or run commands.
    pub left_out: Vec<String>,
}

/// Why there is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoClosedForm {
    /// The service is not the embedded one.
    #[error("the scenario does not say how long a real server takes, nor when it scrubs")]
    RealServer,
    /// Users send the load.
    #[error("how many stories a second users start depends on how long they wait")]
    Users,
    /// The rate is not the same all the time.
    #[error("the rate of arrivals changes")]
    RateChanges,
    /// The load has no length.
    #[error("the load ends with its subjects, so it has no long run")]
    EndsWithSubjects,
    /// Some arrivals may be dropped.
    #[error("max_in_flight may drop arrivals")]
    MayDrop,
    /// There are faults.
    #[error("its faults change what is stored")]
    Faults,
    /// Defects are planted.
    #[error("its planted defects change what is stored")]
    Defects,
    /// What is done at once is slower, or removals are.
    #[error(
        "the service has speeds that are shared, or a scrubber that reads, which only a run can tell"
    )]
    Shared,
    /// A size or a wait has no mean.
    #[error("the story `{0}` has sizes or waits whose tail is too heavy for a mean")]
    HeavyTail(String),
    /// The scrubber falls behind.
    #[error("the scrubber has more to do than it can: {0}% of its time")]
    ScrubberShort(u64),
    /// No story brings data, or all are left out.
    #[error("no story of which it can be told brings data")]
    NoData,
}

/// How long something takes, in seconds, and in seconds for each byte.
#[derive(Clone, Copy, Default)]
struct Lasts {
    s: f64,
    s_per_byte: f64,
}

/// What one story keeps.
#[derive(Default)]
struct Kept {
    /// For how long it holds its data in each status, indexed by [`SubjectStatus::index`].
    held: [Lasts; SubjectStatus::COUNT],
    /// Whether it brings data that stays.
    brings: bool,
    /// Whether its delete is delayed, whatever it holds.
    delayed: bool,
    /// Whether it takes its data away again.
    deletes: bool,
}

impl ClosedForm {
    /// Of a scenario, or why there is none.
    pub fn of(scenario: &Scenario) -> Result<ClosedForm, NoClosedForm> {
        let Target::Embedded(config) = &scenario.target else {
            return Err(NoClosedForm::RealServer);
        };
        let rates = rates(scenario)?;
        if !scenario.faults.is_empty() {
            return Err(NoClosedForm::Faults);
        }
        if config.defects.iter().next().is_some() {
            return Err(NoClosedForm::Defects);
        }
        if has_shared_speeds(config) {
            return Err(NoClosedForm::Shared);
        }
        let mut left_out = Vec::new();
        let mut kept: Vec<(f64, &Story, Kept)> = Vec::new();
        for (rate, story) in rates.into_iter().zip(&scenario.stories) {
            match Walk::through(story, config) {
                _ if rate <= 0.0 => {}
                Some(told) => kept.push((rate, story, told)),
                None => left_out.push(story.name.clone()),
            }
        }
        let delayed = kept.iter().filter(|(_, _, kept)| kept.delayed);
        let lag_s = scrub_lag_s(config, delayed.map(|(rate, ..)| rate).sum())?;
        let mut form = ClosedForm {
            per_second: 0.0,
            size: 0.0,
            life_s: 0.0,
            scrub_time_s: 0.0,
            scrub_lag_s: 0.0,
            by_status: [0.0; SubjectStatus::COUNT],
            growth_per_s: 0.0,
            left_out,
        };
        let delay_s = (config.scrub_time.as_secs_f64(), lag_s);
        (kept.iter()).try_for_each(|(rate, story, kept)| form.add(*rate, story, kept, delay_s))?;
        form.averaged()
    }

    /// Bytes in all; of what is never taken away, none.
    pub fn bytes(&self) -> f64 {
        self.by_status.iter().sum()
    }

    fn add(
        &mut self,
        rate: f64,
        story: &Story,
        kept: &Kept,
        (scrub_time_s, lag_s): (f64, f64),
    ) -> Result<(), NoClosedForm> {
        let (mean, square) = (story.size.mean(), story.size.mean_square());
        let bytes: Vec<f64> = (kept.held.iter())
            .map(|held| match held.s_per_byte > 0.0 {
                true => rate * (held.s * mean + held.s_per_byte * square),
                false => rate * held.s * mean,
            })
            .collect();
        if !mean.is_finite() || bytes.iter().any(|it| !it.is_finite()) {
            return Err(NoClosedForm::HeavyTail(story.name.clone()));
        }
        if kept.brings && !kept.deletes {
            self.growth_per_s += rate * mean;
            return Ok(());
        }
        for (sum, bytes) in self.by_status.iter_mut().zip(&bytes) {
            *sum += bytes;
        }
        self.life_s += bytes.iter().sum::<f64>();
        if kept.brings {
            self.per_second += rate;
            self.size += rate * mean;
        }
        if kept.brings && kept.delayed {
            let pending = &mut self.by_status[SubjectStatus::PendingDelete.index()];
            *pending += rate * mean * (scrub_time_s + lag_s);
            self.scrub_time_s += rate * mean * scrub_time_s;
            self.scrub_lag_s += rate * mean * lag_s;
        }
        Ok(())
    }

    /// Sums over stories turned into means by what they bring.
    fn averaged(mut self) -> Result<ClosedForm, NoClosedForm> {
        let inflow = self.size;
        if inflow <= 0.0 && self.growth_per_s <= 0.0 {
            return Err(NoClosedForm::NoData);
        }
        if inflow > 0.0 {
            self.size = inflow / self.per_second;
            for sum in [
                &mut self.life_s,
                &mut self.scrub_time_s,
                &mut self.scrub_lag_s,
            ] {
                *sum /= inflow;
            }
        }
        Ok(self)
    }
}

/// Whether it has something that takes the longer the more is done at once, or that the closed form does not know.
fn has_shared_speeds(config: &ServiceConfig) -> bool {
    let store = &config.store;
    config.cpu.is_some()
        || config.backlog.is_some()
        || config.keep_alive.is_some()
        || config.scrub_read > Span::ZERO
        || config.registry.read.is_some()
        || store.shared_bandwidth.is_some()
        || store.delete_bandwidth.is_some()
        || store.chunk.is_some()
}

/// How many a second there are of each story.
fn rates(scenario: &Scenario) -> Result<Vec<f64>, NoClosedForm> {
    let load = &scenario.load;
    let rates = match &load.model {
        Model::Closed { .. } => return Err(NoClosedForm::Users),
        Model::OpenByStory(each) => {
            let rates = each.iter().map(constant);
            rates.collect::<Result<Vec<f64>, _>>()?
        }
        Model::Open(arrivals) => {
            let all = constant(arrivals)?;
            let weights: f64 = scenario.stories.iter().map(|story| story.weight).sum();
            let share = |story: &Story| all * story.weight / weights;
            scenario.stories.iter().map(share).collect()
        }
    };
    let length_s = load.duration.map_or(0.0, Span::as_secs_f64);
    let expected = rates.iter().sum::<f64>() * length_s;
    if load.duration.is_none()
        || load
            .subjects
            .is_some_and(|most| (most as f64) < 1.5 * expected)
    {
        return Err(NoClosedForm::EndsWithSubjects);
    }
    if load.max_in_flight.is_some() {
        return Err(NoClosedForm::MayDrop);
    }
    Ok(rates)
}

/// A rate that never changes.
fn constant(arrivals: &Arrivals) -> Result<f64, NoClosedForm> {
    match arrivals {
        Arrivals::Paced {
            rate: ArrivalRate::Ramps { from, ramps },
            ..
        } if ramps.iter().all(|ramp| ramp.to == *from) => Ok(from.0),
        Arrivals::Paced { .. } | Arrivals::Listed(_) => Err(NoClosedForm::RateChanges),
    }
}

/// How much later than due the scrubber has removed what comes at this rate: half an interval until it wakes, then its turn among
/// those that came due meanwhile, then the removal.
fn scrub_lag_s(config: &ServiceConfig, per_second: f64) -> Result<f64, NoClosedForm> {
    let removal_s = config.store.delete.mean() / 1e9;
    let hold_s = removal_s + config.registry.commit.mean() / 1e9;
    let at_once = f64::from(config.scrub_workers.min(config.store.slots).get());
    let share = per_second * hold_s / at_once;
    if share >= 1.0 {
        return Err(NoClosedForm::ScrubberShort((share * 100.0).round() as u64));
    }
    let interval_s = config.scrub_interval.as_secs_f64();
    let before = (per_second * interval_s + 1.0 - at_once) / (2.0 * at_once);
    Ok(interval_s / 2.0 + before.max(0.0) * hold_s + removal_s)
}

/// A story that is walked through, step by step.
struct Walk<'s> {
    config: &'s ServiceConfig,
    kept: Kept,
    status: SubjectStatus,
    /// Whether the store holds its data.
    holds: bool,
}

impl Walk<'_> {
    /// None where the order of its steps is not known.
    fn through(story: &Story, config: &ServiceConfig) -> Option<Kept> {
        let mut walk = Walk {
            config,
            kept: Kept::default(),
            status: SubjectStatus::Queued,
            holds: false,
        };
        for step in &story.steps {
            match step {
                Step::Act(action) => walk.act(action)?,
                Step::Race { .. } | Step::Run(_) | Step::Rivals { .. } => return None,
            }
        }
        Some(walk.kept)
    }

    fn commit_s(&self) -> f64 {
        self.config.registry.commit.mean() / 1e9
    }

    fn transfer(&self, set_up_ns: f64) -> Lasts {
        let bandwidth = self.config.store.bandwidth;
        Lasts {
            s: set_up_ns / 1e9,
            s_per_byte: bandwidth.map_or(0.0, |bandwidth| 1.0 / bandwidth.0 as f64),
        }
    }

    /// So long it stays as it is.
    fn stays(&mut self, lasts: Lasts) {
        if self.holds {
            let held = &mut self.kept.held[self.status.index()];
            held.s += lasts.s;
            held.s_per_byte += lasts.s_per_byte;
        }
    }

    fn stays_s(&mut self, s: f64) {
        self.stays(Lasts { s, s_per_byte: 0.0 });
    }

    fn act(&mut self, action: &Action) -> Option<()> {
        let operation = match action {
            Action::Wait(pause) => {
                self.stays_s(pause.0.mean() / 1e9);
                return Some(());
            }
            // It has no effect, and its answer comes at once.
            Action::Refused(_) => return Some(()),
            Action::Do(act) => act.operation,
        };
        match operation {
            Operation::Upload | Operation::Import => self.upload(),
            Operation::AbortUpload => self.abort(),
            Operation::Download
            | Operation::Export
            | Operation::Clone
            | Operation::DownloadAsAdmin => {
                self.stays(self.transfer(self.config.store.get.mean()));
            }
            Operation::Delete => self.delete(),
            Operation::Deactivate => self.commits(SubjectStatus::Deactivated),
            Operation::Reactivate | Operation::CreateWithLocation | Operation::AddLocation => {
                self.commits(SubjectStatus::Active);
            }
            Operation::CreateEmpty => self.commits(SubjectStatus::Active),
            Operation::Show => {}
            Operation::Create | Operation::SetProperty | Operation::RemoveLocation => {
                self.commits(self.status);
            }
            // The embedded service knows no others.
            _ => return None,
        }
        Some(())
    }

    fn commits(&mut self, to: SubjectStatus) {
        self.stays_s(self.commit_s());
        self.status = to;
    }

    fn upload(&mut self) {
        self.status = SubjectStatus::Saving;
        self.holds = true;
        self.kept.brings = true;
        self.stays(self.transfer(self.config.store.put.mean()));
        self.commits(SubjectStatus::Active);
    }

    /// It breaks off half-way on average, and the removal comes before the status changes.
    fn abort(&mut self) {
        self.status = SubjectStatus::Saving;
        self.holds = true;
        let whole = self.transfer(self.config.store.put.mean());
        self.stays(Lasts {
            s_per_byte: whole.s_per_byte / 2.0,
            ..whole
        });
        self.stays_s(self.config.store.delete.mean() / 1e9);
        self.holds = false;
        self.status = SubjectStatus::Queued;
    }

    fn delete(&mut self) {
        if self.kept.deletes {
            return;
        }
        self.kept.deletes = true;
        self.kept.delayed = self.config.delayed_delete && self.status == SubjectStatus::Active;
        self.commits(SubjectStatus::Deleted);
        if !self.kept.delayed {
            self.stays_s(self.config.store.delete.mean() / 1e9);
        }
        self.holds = false;
    }
}
