//! What a person should know of a scenario that makes sense, before they believe its figures.

use super::{Scenario, Target};
use stormglass_model::lifecycle::Operation;
use stormglass_model::load::Story;
use stormglass_model::script::{Action, Step};
use stormglass_model::units::Span;

impl Scenario {
    /// Each in a sentence.
    pub(crate) fn cautions(&self) -> Vec<String> {
        self.short_warm_up().into_iter().collect()
    }

    /// Data that is kept for longer than the warm-up lasts is still piling up when measuring begins.
    fn short_warm_up(&self) -> Option<String> {
        let warm_up = self.load.warm_up;
        let Target::Embedded(config) = &self.target else {
            return None;
        };
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
            format!(
                "the warm-up ({warm_up}) is shorter than data is kept ({kept} on average): when measuring \
                 begins, bytes are still piling up"
            )
        })
    }
}

/// How long a story keeps its data on average, by its waits; none where it does not delete it.
fn mean_life(story: &Story) -> Option<Span> {
    let deletes = |step: &Step| step.acts().any(|act| act.operation == Operation::Delete);
    let last = story.steps.iter().position(deletes)?;
    let waits = story.steps[..last]
        .iter()
        .flat_map(Step::actions)
        .map(|action| match action {
            Action::Wait(pause) => pause.0.mean(),
            Action::Do(_) | Action::Refused(_) => 0.0,
        });
    Some(Span(waits.sum::<f64>() as u64))
}
