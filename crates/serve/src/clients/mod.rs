//! Judges clients by what they ask and what they are answered. Pure.
//!
//! The server knows what became of each call, and whether its client can know it. So it sees when a client goes on as if it knew: sends
//! again what may have been done, brings data into an image of which it was told no, uses data that came wrong. Nothing is told that a
//! client which behaves could have done: where it is not sure who has done what, nothing is told at all.

mod call;
mod doubts;
mod finding;
#[cfg(test)]
mod tests;

pub(crate) use call::{Answered, Asked, Client, Doing};
pub use finding::ClientFinding;

use crate::catalog::ImageId;
use doubts::{Doubts, Why};
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use stormglass_model::misuse::Misuse;
use stormglass_model::units::{Span, Time};

/// So many findings of a kind are kept with their sentence; further ones are counted.
const KEPT: usize = 100;
/// Downloads that came wrong, and images, that are remembered.
const WRONG: usize = 1_000;
const IMAGES: usize = 1_000_000;
/// So many looks in a row must have come too early before it is told.
const LOOKS: u32 = 3;

/// See the module.
#[derive(Debug)]
pub(crate) struct ClientChecker {
    /// The least time between two looks at what is on its way.
    poll: Span,
    open: BTreeMap<u64, Asked>,
    doubts: Doubts,
    looks: BTreeMap<(Client, ImageId), Looks>,
    images: BTreeMap<ImageId, Known>,
    wrong: VecDeque<Wrong>,
    kept: Vec<ClientFinding>,
    counts: [u64; Misuse::COUNT],
    calls: u64,
}

/// Looks at one thing that is on its way.
#[derive(Clone, Copy, Debug)]
struct Looks {
    last: Time,
    early: u32,
}

/// An image that a client has made.
#[derive(Clone, Debug)]
struct Known {
    creator: Client,
    made: Time,
    /// Its creator never heard what became of the data that it sent.
    unheard: bool,
}

/// Data that came wrong.
#[derive(Clone, Debug)]
struct Wrong {
    client: Client,
    image: ImageId,
    md5: String,
    how: &'static str,
}

/// An image that is there when clients are judged.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Left {
    pub image: ImageId,
    pub has_data: bool,
    /// Somebody still waits for an answer that concerns it, or a task is at work on it.
    pub busy: bool,
}

/// What is said of clients so far.
#[derive(Clone, Debug, Default)]
pub struct ClientReport {
    /// Calls that were judged.
    pub calls: u64,
    /// How often each kind of mistake was made.
    pub counts: Vec<(Misuse, u64)>,
    /// The first of each kind.
    pub findings: Vec<ClientFinding>,
}

impl ClientReport {
    /// How many mistakes were made.
    pub fn total(&self) -> u64 {
        self.counts.iter().map(|(_, count)| count).sum()
    }
}

impl ClientChecker {
    pub fn new(poll: Span) -> ClientChecker {
        ClientChecker {
            poll,
            open: BTreeMap::new(),
            doubts: Doubts::default(),
            looks: BTreeMap::new(),
            images: BTreeMap::new(),
            wrong: VecDeque::new(),
            kept: Vec::new(),
            counts: [0; Misuse::COUNT],
            calls: 0,
        }
    }

    /// A client asks for something.
    pub fn asked(&mut self, number: u64, asked: Asked) {
        self.calls += 1;
        self.repeated(&asked);
        self.looked(&asked);
        if asked.doing == Doing::Download {
            // Whoever asks again does not use what came.
            (self.wrong).retain(|it| it.client != asked.client || Some(it.image) != asked.on);
        }
        self.open.insert(number, asked);
    }

    /// The document of a create has come.
    pub fn says(&mut self, number: u64, says: u64) {
        let Some(asked) = self.open.get_mut(&number) else {
            return;
        };
        asked.says = says;
        let asked = asked.clone();
        self.repeated(&asked);
    }

    /// A call has made an image.
    pub fn made(&mut self, number: u64, image: ImageId) {
        if let Some(asked) = self.open.get_mut(&number) {
            asked.made = Some(image);
        }
    }

    /// A call has brought data with this checksum.
    pub fn brought(&mut self, number: u64, md5: &str) {
        if let Some(asked) = self.open.get_mut(&number) {
            asked.brought = Some(md5.to_owned());
        }
    }

    /// A call has shown these images.
    pub fn listed(&mut self, number: u64, images: Vec<ImageId>) {
        if let Some(asked) = self.open.get_mut(&number) {
            asked.listed = Some(images);
        }
    }

    /// The image or the task that a call looks at.
    pub fn looks_at(&self, number: u64) -> Option<ImageId> {
        let asked = self.open.get(&number)?;
        asked.on.filter(|_| asked.doing == Doing::Look)
    }

    /// It is over, and this is what the client knows of it.
    pub fn answered(&mut self, number: u64, at: Time, answered: Answered) {
        let Some(asked) = self.open.remove(&number) else {
            return;
        };
        let heard = answered.heard();
        if heard {
            self.known(&asked);
        }
        match (answered.status, answered.retry_after) {
            (_, Some(wait)) => self.doubts.add(&asked, at, Why::Busy { until: at + wait }),
            _ if !heard && can_be_repeated(&asked) => self.doubts.add(&asked, at, Why::Unheard),
            (Some(status @ (409 | 410)), _) if asked.on.is_some() => {
                self.doubts.add(&asked, at, Why::Refused(status));
            }
            _ => {}
        }
        if let Some(image) = asked.made.filter(|_| self.images.len() < IMAGES) {
            let known = Known {
                creator: asked.client.clone(),
                made: at,
                unheard: !heard,
            };
            self.images.insert(image, known);
        }
        if asked.doing.brings_data() {
            self.data_came(&asked, at, answered);
        }
        if let (Doing::Look, Some(on)) = (asked.doing, asked.on)
            && !answered.under_way
        {
            self.looks.remove(&(asked.client.clone(), on));
        }
        if asked.doing == Doing::Delete
            && let (true, Some(image)) = (answered.done(), asked.on)
        {
            self.gone(image);
        }
    }

    /// Data went out that is not the image's: cut off, or changed.
    pub fn delivered_wrong(
        &mut self,
        client: Client,
        image: ImageId,
        md5: String,
        how: &'static str,
    ) {
        if self.wrong.len() == WRONG {
            self.wrong.pop_front();
        }
        self.wrong.push_back(Wrong {
            client,
            image,
            md5,
            how,
        });
    }

    /// A token came to a host that is none of this server's.
    pub fn token_came(
        &mut self,
        client: Option<&Client>,
        host: SocketAddr,
        image: Option<ImageId>,
        at: Time,
    ) {
        let who = client.map_or_else(|| "a client".to_owned(), Client::to_string);
        let sentence = format!(
            "{who} was sent to another host, {host}, for the data of an image, and sent its token there as well"
        );
        self.tell(Misuse::TokenSentElsewhere, who, image, at, sentence);
    }

    /// An image is no more.
    fn gone(&mut self, image: ImageId) {
        self.images.remove(&image);
        self.doubts.gone(image);
        self.looks.retain(|(_, on), _| *on != image);
    }

    /// What is said of clients, if these images are all that is there and nobody will ask for anything more.
    pub fn report(&self, left: impl Iterator<Item = Left>, now: Time) -> ClientReport {
        let mut counts = self.counts;
        let mut findings = self.kept.clone();
        for left in left.filter(|it| !it.busy) {
            let Some(known) = self.images.get(&left.image) else {
                continue;
            };
            let why = match (left.has_data, known.unheard) {
                (false, _) => "has no data",
                (true, true) => "has data of which its creator never heard",
                (true, false) => continue,
            };
            let count = &mut counts[Misuse::LeakedImage.index()];
            *count += 1;
            if *count > KEPT as u64 {
                continue;
            }
            findings.push(ClientFinding {
                misuse: Misuse::LeakedImage,
                client: known.creator.to_string(),
                image: Some(left.image),
                at: known.made,
                sentence: format!(
                    "{} made an image at {} that is still there at {now} and {why}",
                    known.creator, known.made
                ),
            });
        }
        let counts = Misuse::ALL.iter().copied().zip(counts);
        ClientReport {
            calls: self.calls,
            counts: counts.collect(),
            findings,
        }
    }

    /// Whether a call is sent again that should not be, or not yet.
    fn repeated(&mut self, asked: &Asked) {
        let Some((since, why)) = self.doubts.take(asked) else {
            return;
        };
        let Asked {
            client, doing, at, ..
        } = asked;
        let later = at.since(since);
        let (misuse, sentence) = match why {
            Why::Unheard => (
                Misuse::BlindRetry,
                format!(
                    "{client} sent `{doing}` again {later} after its reply was lost, without a look: the first one may have been done"
                ),
            ),
            Why::Refused(status) => (
                Misuse::IgnoredRefusal,
                format!(
                    "{client} sent `{doing}` again {later} after it was refused with {status}, without a look at the image"
                ),
            ),
            Why::Busy { until } if *at < until => (
                Misuse::TooFast,
                format!(
                    "{client} sent `{doing}` again {later} after a reply that said Retry-After: {}",
                    until.since(since)
                ),
            ),
            Why::Busy { .. } => return,
        };
        self.tell(misuse, client.to_string(), asked.on, *at, sentence);
    }

    /// Whether something is looked at more often than was told.
    fn looked(&mut self, asked: &Asked) {
        let (Doing::Look, Some(on)) = (asked.doing, asked.on) else {
            return;
        };
        let (at, poll) = (asked.at, self.poll);
        let looks = (self.looks)
            .entry((asked.client.clone(), on))
            .or_insert(Looks {
                last: Time::ZERO,
                early: 0,
            });
        let early = looks.last > Time::ZERO && at.since(looks.last) < poll;
        looks.early = if early { looks.early + 1 } else { 0 };
        looks.last = at;
        // Once for each time that it does not stop.
        if looks.early == LOOKS {
            let client = asked.client.to_string();
            let sentence = format!(
                "{client} looked {} times in a row within less than {poll} of each other at something on its way",
                LOOKS + 1
            );
            self.tell(Misuse::TooFast, client, Some(on), at, sentence);
        }
    }

    /// A client has heard of something: it is not in doubt about it any more.
    fn known(&mut self, asked: &Asked) {
        match (asked.doing, asked.on) {
            (Doing::Look, Some(on)) if self.images.contains_key(&on) => {
                self.doubts.looked_at(&asked.client, on, asked.at);
            }
            // A task may be any image's.
            (Doing::Look, _) => self.doubts.looked_at_all(&asked.client, asked.at),
            (Doing::LookAtAll, _) => match &asked.listed {
                Some(images) => self.doubts.listed(&asked.client, images, asked.at),
                None => self.doubts.looked_at_all(&asked.client, asked.at),
            },
            _ => {}
        }
        let heard = |known: &mut Known| {
            if known.creator == asked.client && known.made <= asked.at {
                known.unheard = false;
            }
        };
        match (asked.doing, asked.on) {
            (Doing::LookAtAll, _) => match &asked.listed {
                Some(images) => {
                    for image in images {
                        let _ = self.images.get_mut(image).map(heard);
                    }
                }
                None => self.images.values_mut().for_each(heard),
            },
            (_, Some(on)) => {
                let _ = self.images.get_mut(&on).map(heard);
            }
            _ => {}
        }
    }

    fn data_came(&mut self, asked: &Asked, at: Time, answered: Answered) {
        let Some(image) = asked.on else {
            return;
        };
        if let Some(known) = self.images.get_mut(&image) {
            known.unheard |= !answered.heard() && known.creator == asked.client;
            if answered.done() && known.creator.user != asked.client.user {
                let (client, creator) = (asked.client.to_string(), known.creator.to_string());
                let sentence = format!(
                    "{client} brought data by `{}` into an image that {creator} has made",
                    asked.doing
                );
                self.tell(Misuse::ForeignUpload, client, Some(image), at, sentence);
            }
        }
        let wrong = asked.brought.as_ref().and_then(|md5| {
            let same = |it: &Wrong| it.client == asked.client && it.md5 == *md5;
            let at = self.wrong.iter().position(same)?;
            self.wrong.remove(at)
        });
        if let Some(wrong) = wrong {
            let client = asked.client.to_string();
            let sentence = format!(
                "{client} was sent the data of image {} {}, and sent what came on into image {image}",
                wrong.image, wrong.how
            );
            self.tell(
                Misuse::WrongDataUsed,
                client,
                Some(wrong.image),
                at,
                sentence,
            );
        }
    }

    fn tell(
        &mut self,
        misuse: Misuse,
        client: String,
        image: Option<ImageId>,
        at: Time,
        sentence: String,
    ) {
        let count = &mut self.counts[misuse.index()];
        *count += 1;
        if *count > KEPT as u64 {
            return;
        }
        self.kept.push(ClientFinding {
            misuse,
            client,
            image,
            at,
            sentence,
        });
    }
}

/// Whether a second call of this kind, which says the same, would do more than the first.
fn can_be_repeated(asked: &Asked) -> bool {
    match asked.doing {
        // One that names its image is refused the second time.
        Doing::Create => asked.says != 0,
        doing => doing.counts_twice(),
    }
}
