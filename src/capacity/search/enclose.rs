//! Two values of the key to begin with: at one the demands hold, and at the other they do not.

use super::{Answer, Holds, Measure, Search, Stop};
use crate::capacity::law::{Asked, Law};

/// A value that holds, and one that does not; or the answer, where there are no two such values.
type Enclosed = Result<(f64, f64), Answer>;

/// How much the load asks of the resource that is short first where it is looked at: the law is not exact.
const BELOW: [f64; 3] = [0.9, 0.7, 0.4];
const BEYOND: [f64; 3] = [1.05, 1.25, 2.0];

impl<M: Measure> Search<'_, M> {
    /// Looks where the utilisation law says, and at the ends where it says nothing.
    pub(super) fn enclose(&mut self) -> Result<Enclosed, Stop<M::Error>> {
        let Some(law) = self.law()? else {
            return self.by_the_ends();
        };
        let (light, heavy) = law.ends();
        if self.look(light)? != Holds::Yes {
            return self.by_the_ends();
        }
        let law = law.corrected(self.measure.asked(light));
        let beyond = BEYOND.map(|share| self.range.rounded(law.value_at(share)));
        let (mut holds, mut fails) = (light, heavy);
        let mut encloses = false;
        for value in beyond.into_iter().chain([heavy]) {
            match self.look(value)? {
                Holds::Yes => holds = value,
                Holds::No | Holds::Void => {
                    (fails, encloses) = (value, true);
                    break;
                }
            }
        }
        if !encloses {
            self.closely(heavy)?;
            return Ok(Err(Answer::Everywhere));
        }
        if holds != light {
            return Ok(Ok((holds, fails)));
        }
        for share in BELOW {
            let value = self.range.rounded(law.value_at(share));
            if value == light || value == fails {
                continue;
            }
            match self.look(value)? {
                Holds::Yes => return Ok(Ok((value, fails))),
                Holds::No | Holds::Void => fails = value,
            }
        }
        Ok(Ok((light, fails)))
    }

    /// The utilisation law: none unless more than there is, of any resource, is asked for at one of the ends alone.
    fn law(&mut self) -> Result<Option<Law>, Stop<M::Error>> {
        let from = self.sketch(self.range.from)?;
        let to = self.sketch(self.range.to)?;
        let (light, heavy) = if from.most() < to.most() {
            (from, to)
        } else {
            (to, from)
        };
        if light.most() >= 1.0 || heavy.most() < 1.0 {
            return Ok(None);
        }
        let near = match light.value < heavy.value {
            true => (2.0 * light.value).min(heavy.value),
            false => (0.5 * light.value).max(heavy.value),
        };
        let near = self.sketch(self.range.rounded(near))?;
        Ok(Law::new(light, &near, heavy.value))
    }

    fn sketch(&mut self, value: f64) -> Result<Asked, Stop<M::Error>> {
        let shares = self.measure.sketch(value)?;
        Ok(Asked { value, shares })
    }

    fn by_the_ends(&mut self) -> Result<Enclosed, Stop<M::Error>> {
        let (from, to) = (self.range.from, self.range.to);
        let (mut at_from, mut at_to) = (self.look(from)?, self.look(to)?);
        if at_from == at_to {
            // Nothing lies between them to look at, so that they are all there is to go by.
            at_from = self.closely(from)?.unwrap_or(at_from);
            at_to = self.closely(to)?.unwrap_or(at_to);
        }
        Ok(match (at_from, at_to) {
            (Holds::Yes, Holds::Yes) => Err(Answer::Everywhere),
            (Holds::No, Holds::No) => Err(Answer::Nowhere),
            (Holds::Yes, _) => Ok((from, to)),
            (_, Holds::Yes) => Ok((to, from)),
            (Holds::Void, _) | (_, Holds::Void) => Err(Answer::NotOffered(from, to)),
        })
    }
}
