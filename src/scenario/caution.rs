//! What a person should know of a scenario that makes sense, before they believe its figures.

use super::{Scenario, Target};
use stormglass_model::config::ServiceConfig;
use stormglass_model::lifecycle::Operation;
use stormglass_model::load::Story;
use stormglass_model::named;
use stormglass_model::script::{Action, Step};
use stormglass_model::units::{Bytes, Span};

named! {
    /// What a scenario can be cautioned for.
    Lint {
        /// A story waits for longer than the load lasts.
        WaitLongerThanLoad = "wait-longer-than-load",
        /// A story's data does not fit into the store.
        SizeAboveCapacity = "size-above-capacity",
        /// Deletes have a scrub time, and are not delayed.
        ScrubTimeWithoutDelayedDelete = "scrub-time-without-delayed-delete",
        /// A key of the service does nothing without another.
        SettingWithoutEffect = "setting-without-effect",
        /// An upload takes longer than settle lasts.
        SettleShorterThanUpload = "settle-shorter-than-upload",
        /// Data is kept for longer than the warm-up lasts.
        WarmUpShorterThanRetention = "warm-up-shorter-than-retention",
    }
}

/// A caution.
#[derive(Clone, Debug)]
pub(crate) struct Caution {
    /// What for.
    pub lint: Lint,
    /// What to know, in a sentence.
    pub message: String,
    /// What to write, if it was not meant.
    pub help: &'static str,
}

impl Scenario {
    /// All that the scenario should be cautioned for.
    pub(crate) fn cautions(&self) -> Vec<Caution> {
        let check = |&lint: &Lint| {
            let (message, help) = match lint {
                Lint::WaitLongerThanLoad => self.long_wait(),
                Lint::SizeAboveCapacity => self.large_size(),
                Lint::ScrubTimeWithoutDelayedDelete => self.idle_scrub_time(),
                Lint::SettingWithoutEffect => self.idle_setting(),
                Lint::SettleShorterThanUpload => self.short_settle(),
                Lint::WarmUpShorterThanRetention => self.short_warm_up(),
            }?;
            Some(Caution {
                lint,
                message,
                help,
            })
        };
        Lint::ALL.iter().filter_map(check).collect()
    }

    fn service(&self) -> Option<&ServiceConfig> {
        match &self.target {
            Target::Embedded(config) => Some(config),
            Target::Glance(_) => None,
        }
    }

    /// Stories that are ever started.
    fn started(&self) -> impl Iterator<Item = &Story> {
        self.stories.iter().filter(|story| story.weight > 0.0)
    }

    /// The end of the load takes away every step that is still waiting.
    fn long_wait(&self) -> Option<(String, &'static str)> {
        let duration = self.load.duration?;
        let long = |story: &&Story| {
            let last = story
                .steps
                .iter()
                .rposition(|step| step.acts().next().is_some());
            waits(&story.steps[..last.unwrap_or(0)]) >= duration
        };
        let story = self.started().find(long)?;
        let name = &story.name;
        let message = format!(
            "the waits of the story `{name}` last as long as the load ({duration}) or longer on average: its last steps \
             seldom come"
        );
        Some((message, "lengthen `load.duration`, or shorten the waits"))
    }

    fn large_size(&self) -> Option<(String, &'static str)> {
        let capacity = self.service()?.store.capacity?;
        let large = |story: &&Story| {
            let brings = |operation| matches!(operation, Operation::Upload | Operation::Import);
            story.acts().any(|act| brings(act.operation)) && story.size.mean() > capacity.0 as f64
        };
        let story = self.started().find(large)?;
        let (name, size) = (&story.name, Bytes(story.size.mean() as u64));
        let message = format!(
            "the data of the story `{name}` ({size} on average) is larger than the store ({capacity}): its uploads fail, \
             because the store is full"
        );
        Some((
            message,
            "raise `service.store.capacity`, or lower the `size` of the story",
        ))
    }

    fn idle_scrub_time(&self) -> Option<(String, &'static str)> {
        let service = self.service()?;
        let scrub_time = service.scrub_time;
        (!service.delayed_delete && scrub_time > Span::ZERO).then(|| {
            let message = format!(
                "the scrub time ({scrub_time}) has no effect: deletes are not delayed, and their data is removed at once"
            );
            (message, "write `delayed_delete = true` in `[service]`, or leave out `scrub_time`")
        })
    }

    /// Some keys only say more of what another key switches on.
    fn idle_setting(&self) -> Option<(String, &'static str)> {
        let service = self.service()?;
        let store = &service.store;
        let idle = [
            (
                store.chunk_time > Span::ZERO && store.chunk.is_none(),
                "`store.chunk_time` is what each piece of a write takes, and writes go whole",
                "write `store.chunk = \"8MiB\"` in `[service]`, or leave out `store.chunk_time`",
            ),
            (
                service.processes.get() > 1 && service.cpu.is_none(),
                "`processes` share processors, and requests take no processor time",
                "write `[service.cpu]` with `cores` and `request`, or leave out `processes`",
            ),
            (
                service.scrub_read > Span::ZERO && !service.delayed_delete,
                "`scrub_read` is for deletes that are pending, and deletes are not delayed",
                "write `delayed_delete = true` in `[service]`, or leave out `scrub_read`",
            ),
        ];
        let (_, what, help) = idle.into_iter().find(|(is_idle, ..)| *is_idle)?;
        Some((format!("a setting has no effect: {what}"), help))
    }

    /// What is still uploading when settle ends is judged unfinished.
    fn short_settle(&self) -> Option<(String, &'static str)> {
        let (service, settle) = (self.service()?, self.settle?);
        let bandwidth = service
            .store
            .bandwidth
            .map_or(f64::INFINITY, |bytes| bytes.0 as f64);
        let length = |story: &Story| {
            let seconds = service.store.put.mean() / 1e9 + story.size.mean() / bandwidth;
            Span::from_secs_f64(seconds)
        };
        let uploads = |story: &&Story| {
            let brings = |operation| matches!(operation, Operation::Upload | Operation::Import);
            story.acts().any(|act| brings(act.operation))
        };
        let story = self
            .started()
            .filter(uploads)
            .max_by_key(|story| length(story))?;
        let (name, length) = (&story.name, length(story));
        (length > settle).then(|| {
            let message = format!(
                "an upload of the story `{name}` takes {length} on average, and settle lasts {settle}: what begins as the \
                 load ends does not end"
            );
            (message, "lengthen `for` in `[settle]`, or leave it out")
        })
    }

    /// Data that is kept for longer than the warm-up lasts is still piling up when measuring begins.
    fn short_warm_up(&self) -> Option<(String, &'static str)> {
        let (warm_up, config) = (self.load.warm_up, self.service()?);
        let scrub_time = match config.delayed_delete {
            true => config.scrub_time,
            false => Span::ZERO,
        };
        // By bytes, since it is bytes that pile up.
        let (mut kept_s, mut weights) = (0.0, 0.0);
        for story in &self.stories {
            let Some(life) = mean_life(story) else {
                continue;
            };
            let weight = story.weight * story.size.mean().max(1.0);
            kept_s += weight * (life + scrub_time).as_secs_f64();
            weights += weight;
        }
        let kept = Span::from_secs_f64(kept_s / weights);
        (warm_up > Span::ZERO && warm_up < kept).then(|| {
            let message = format!(
                "the warm-up ({warm_up}) is shorter than data is kept ({kept} on average): when measuring \
                 begins, bytes are still piling up"
            );
            (message, "lengthen `load.warm_up`")
        })
    }
}

/// How long a story keeps its data on average, by its waits; none where it does not delete it.
fn mean_life(story: &Story) -> Option<Span> {
    let deletes = |step: &Step| step.acts().any(|act| act.operation == Operation::Delete);
    let last = story.steps.iter().position(deletes)?;
    Some(waits(&story.steps[..last]))
}

/// How long steps wait, on average.
fn waits(steps: &[Step]) -> Span {
    let waits = steps
        .iter()
        .flat_map(Step::actions)
        .map(|action| match action {
            Action::Wait(pause) => pause.0.mean(),
            Action::Do(_) | Action::Refused(_) => 0.0,
        });
    Span(waits.sum::<f64>() as u64)
}
