//! What a client does not know yet, or has been told and not looked into.

use super::call::{Asked, Client, Doing};
use crate::catalog::ImageId;
use std::collections::BTreeMap;
use stormglass_model::units::Time;

/// Of one client and one image, so many calls are remembered.
const OF_ONE: usize = 64;
/// And so many pairs of a client and an image.
const PAIRS: usize = 100_000;

/// Why a call must not simply be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// Its reply was lost.
    Unheard,
    /// It was refused.
    Refused(u16),
    /// The server asked for time.
    Busy { until: Time },
}

#[derive(Clone, Debug)]
struct Doubt {
    doing: Doing,
    says: u64,
    since: Time,
    why: Why,
}

/// Every client's, by image; what concerns no image that it knows, creates say, is under none.
#[derive(Debug, Default)]
pub(super) struct Doubts {
    of: BTreeMap<(Client, Option<ImageId>), Vec<Doubt>>,
}

impl Doubts {
    pub fn add(&mut self, asked: &Asked, since: Time, why: Why) {
        if self.of.len() >= PAIRS {
            self.of.clear();
        }
        let of_one = self.of.entry((asked.client.clone(), asked.on)).or_default();
        if of_one.len() == OF_ONE {
            of_one.remove(0);
        }
        of_one.push(Doubt {
            doing: asked.doing,
            says: asked.says,
            since,
            why,
        });
    }

    /// The doubt that a client should have about what it sends, and since when.
    pub fn take(&mut self, asked: &Asked) -> Option<(Time, Why)> {
        let of_one = self.of.get_mut(&(asked.client.clone(), asked.on))?;
        // One that was sent before the other ended is no repetition of it.
        let same =
            |it: &Doubt| it.doing == asked.doing && it.says == asked.says && it.since <= asked.at;
        let at = of_one.iter().position(same)?;
        let doubt = of_one.remove(at);
        Some((doubt.since, doubt.why))
    }

    /// A client has looked at an image, or a task, since then.
    pub fn looked_at(&mut self, client: &Client, on: ImageId, at: Time) {
        if let Some(of_one) = self.of.get_mut(&(client.clone(), Some(on))) {
            resolve(of_one, at);
        }
    }

    /// A client was shown these images, and no others that it asked for: what it has made it may have looked for.
    pub fn listed(&mut self, client: &Client, images: &[ImageId], at: Time) {
        for image in images {
            self.looked_at(client, *image, at);
        }
        if let Some(creates) = self.of.get_mut(&(client.clone(), None)) {
            resolve(creates, at);
        }
    }

    /// A client has looked at all there is.
    pub fn looked_at_all(&mut self, client: &Client, at: Time) {
        let theirs = self.of.iter_mut().filter(|((whose, _), _)| whose == client);
        theirs.for_each(|(_, of_one)| resolve(of_one, at));
        self.of.retain(|_, of_one| !of_one.is_empty());
    }

    /// An image is no more.
    pub fn gone(&mut self, image: ImageId) {
        self.of.retain(|(_, on), _| *on != Some(image));
    }
}

/// A look answers what was in doubt before it; that the server asked for time it does not.
fn resolve(of_one: &mut Vec<Doubt>, at: Time) {
    of_one.retain(|it| it.since > at || matches!(it.why, Why::Busy { .. }));
}
