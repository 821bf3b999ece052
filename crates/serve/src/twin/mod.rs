//! The one owner of all there is: the service and its calendar, the catalog and the bytes.
//!
//! Whatever a request does, it does in one turn of the thread that owns this: it looks at the catalog, sends the service an operation, and
//! says what is to happen when that has ended. So nobody sees half of it, and rivals are decided by the order of the service's commits.

mod asked;
mod judged;

use crate::answer::{Answer, Result};
use crate::catalog::{Catalog, Definitions, Image, ImageId, Requester, TaskType, View};
use crate::clients::ClientChecker;
use crate::clock::Clock;
use crate::config::{Config, FaultRule};
use crate::data::{Blob, Vault};
use crate::history::History;
use crate::identity::Identity;
use crate::refusal::Refusal;
use rustc_hash::FxHashMap;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::rc::Rc;
use std::time::Duration;
use stormglass_model::fault::{Fault, FaultId, Faults, Place};
use stormglass_model::history::{Content, Gauges, OpId, SubjectId};
use stormglass_model::invocation::{Completion, Out};
use stormglass_model::lifecycle::{Operation, SubjectStatus, Who};
use stormglass_model::service::{Intake, Records, Service, Wake};
use stormglass_model::table::Slots;
use stormglass_model::target::Target;
use stormglass_model::units::Time;
use tokio::sync::{Notify, oneshot};

/// Identifiers of deleted images that are not given out again.
const REMEMBERED: usize = 65_536;

/// What is done at the very instant at which an operation has ended.
type Finish = Box<dyn FnOnce(&mut Twin, &Completion) -> Result>;

/// What a request asks of the service.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask {
    pub image: ImageId,
    pub subject: SubjectId,
    pub operation: Operation,
    pub who: Who,
    /// What it brings, or says that it will.
    pub content: Content,
    /// Whether its data is still to come.
    pub in_parts: bool,
}

/// What whoever asked waits for.
#[derive(Debug)]
pub(crate) struct Asked {
    /// The answer.
    pub answer: oneshot::Receiver<Result>,
    /// The data is wanted now; closed where it never will be.
    pub wanted: oneshot::Receiver<()>,
    /// Where the data goes.
    pub intake: Option<Intake>,
    pub op: OpId,
}

/// A task to be: whose, of which type, and what it is told.
pub(crate) struct TaskOrder {
    pub id: ImageId,
    pub requester: Requester,
    /// The number of the request that orders it.
    pub request: u64,
    pub kind: TaskType,
    pub input: Value,
}

/// An operation that has not ended.
struct Pending {
    ask: Ask,
    finish: Finish,
    answer: Option<oneshot::Sender<Result>>,
    wanted: Option<oneshot::Sender<()>>,
    /// The task that does it.
    task: Option<TaskOrder>,
    /// What is known of its failure before the service hears of it.
    refusal: Option<Refusal>,
}

/// A subject that the service still knows.
#[derive(Clone, Copy, Debug)]
struct Living {
    image: ImageId,
    subject: SubjectId,
    open: u32,
    over: bool,
}

/// What is due at a time.
#[derive(Clone, Copy, Debug)]
enum Due {
    Service(Wake),
    Fault(FaultId, bool),
}

/// See the module.
pub(crate) struct Twin {
    pub config: Config,
    pub clock: Clock,
    pub catalog: Catalog,
    pub definitions: Definitions,
    pub vault: Vault,
    pub identity: Identity,
    pub history: History,
    /// Rung when something may be due earlier.
    pub bell: Rc<Notify>,
    service: Service<Records>,
    out: Out<Wake>,
    calendar: BTreeMap<(Time, u64), Due>,
    entries: u64,
    pending: FxHashMap<OpId, Pending>,
    living: FxHashMap<u32, Living>,
    slots: Slots,
    subjects: u64,
    ops: u64,
    ids: u64,
    gone: BTreeSet<ImageId>,
    gone_order: VecDeque<ImageId>,
    open_faults: BTreeSet<FaultId>,
    /// The faults of replies, which the service knows nothing of.
    replies: Faults,
    clients: Option<ClientChecker>,
    /// The images whose data the other host has.
    pub elsewhere: BTreeSet<ImageId>,
}

impl Twin {
    /// One at rest. Errors are of the folder for the data.
    pub fn new(config: Config) -> io::Result<Twin> {
        let mut twin = Twin {
            clock: Clock::start(),
            catalog: Catalog::default(),
            definitions: Definitions::default(),
            vault: Vault::new(config.keep.clone())?,
            identity: Identity::new(&config),
            history: History::default(),
            bell: Rc::default(),
            service: service(&config),
            out: Out::default(),
            calendar: BTreeMap::new(),
            entries: 0,
            pending: FxHashMap::default(),
            living: FxHashMap::default(),
            slots: Slots::default(),
            subjects: 0,
            ops: 0,
            ids: 0,
            gone: BTreeSet::new(),
            gone_order: VecDeque::new(),
            open_faults: BTreeSet::new(),
            replies: faults(&config),
            clients: config.judge.map(ClientChecker::new),
            elsewhere: BTreeSet::new(),
            config,
        };
        twin.begin();
        Ok(twin)
    }

    fn begin(&mut self) {
        let now = self.clock.now();
        self.service.start(now, &mut self.out);
        for (index, fault) in self.config.faults.clone().iter().enumerate() {
            let id = FaultId(index as u16);
            if let Some(from) = fault.from {
                self.enter(now + from, Due::Fault(id, true));
            }
            if let Some(to) = fault.to {
                self.enter(now + to, Due::Fault(id, false));
            }
        }
        self.settle(now);
    }

    /// Everything as it was at the start: no image, no task, every fault healed. Whoever waits for an answer is answered 503.
    pub fn reset(&mut self) {
        for (_, pending) in self.pending.drain() {
            let refusal = Refusal::unavailable("The server was reset.");
            let _ = pending.answer.map(|answer| answer.send(Err(refusal)));
        }
        let ids: Vec<ImageId> = self.catalog.images().map(|image| image.id).collect();
        ids.into_iter().for_each(|id| self.vault.remove(id));
        self.catalog = Catalog::default();
        self.definitions = Definitions::default();
        self.history.clear();
        self.service = service(&self.config);
        self.out = Out::default();
        self.calendar.clear();
        self.living.clear();
        self.slots = Slots::default();
        self.gone.clear();
        self.gone_order.clear();
        self.open_faults.clear();
        self.replies = faults(&self.config);
        self.clients = self.config.judge.map(ClientChecker::new);
        self.elsewhere.clear();
        (self.ids, self.ops) = (0, 0);
        self.begin();
    }

    /// A new identifier.
    pub fn fresh_id(&mut self) -> ImageId {
        let seed = self.config.seed.named("ids");
        let mut half = || {
            self.ids += 1;
            u128::from(seed.numbered(self.ids).0)
        };
        ImageId::random(half() << 64 | half())
    }

    /// A number for an image: the order in which they came.
    pub fn next_number(&self) -> u64 {
        self.subjects
    }

    /// A number for what comes now, in the order of operations.
    pub fn next_operation(&self) -> u64 {
        self.ops
    }

    /// How an image in a status is shown.
    pub fn as_view(&self, status: SubjectStatus) -> View {
        View {
            status,
            locations: self.config.show_locations,
        }
    }

    /// How many bytes the project of whoever asks may still store; none: as many as there is room for.
    pub fn room(&self, requester: &Requester) -> Option<u64> {
        let quota = self.config.quota?.0;
        let owned = self.catalog.images().filter(|image| requester.owns(image));
        let stored: u64 = owned.filter_map(|image| image.facts.size).sum();
        Some(quota.saturating_sub(stored))
    }

    /// Notes that an image was changed now.
    pub fn touch(&mut self, id: ImageId) {
        let now = self.clock.unix();
        if let Some(image) = self.catalog.image_mut(id) {
            image.updated = now;
        }
    }

    /// Sends the service one more operation, of which nobody waits for the answer.
    pub fn also(&mut self, ask: Ask) {
        drop(self.ask(ask, |_, _| Ok(Answer::empty(200))));
    }

    /// Whether an identifier is, or was, an image's.
    pub fn is_taken(&self, id: ImageId) -> bool {
        self.catalog.image(id).is_some() || self.gone.contains(&id)
    }

    /// A subject for a new image.
    pub fn new_subject(&mut self, image: ImageId) -> SubjectId {
        let subject = SubjectId {
            number: self.subjects,
            slot: self.slots.take(),
        };
        self.subjects += 1;
        let living = Living {
            image,
            subject,
            open: 0,
            over: false,
        };
        self.living.insert(subject.slot, living);
        subject
    }

    /// The status of an image; none where it is not there for clients.
    pub fn status(&mut self, subject: SubjectId) -> Option<SubjectStatus> {
        let here = self.living.get(&subject.slot)?.subject == subject;
        let status = self.service.audit(subject).and_then(|audit| audit.status);
        status.filter(|status| {
            let gone = matches!(
                status,
                SubjectStatus::PendingDelete | SubjectStatus::Deleted
            );
            here && !gone
        })
    }

    /// The data that the service says an image has.
    pub fn content(&mut self, subject: SubjectId) -> Option<Content> {
        self.service.audit(subject).and_then(|audit| audit.content)
    }

    /// An image that is there and that whoever asks may see, and its status.
    pub fn image(&mut self, requester: &Requester, id: ImageId) -> Result<(&Image, SubjectStatus)> {
        let subject = self.catalog.seen_by(requester, id)?.subject;
        let status = self.status(subject);
        let status = status.ok_or_else(|| crate::catalog::no_image(id))?;
        Ok((self.catalog.seen_by(requester, id)?, status))
    }

    /// The document of an image that is there.
    pub fn view(&mut self, id: ImageId) -> Result<Value> {
        let missing = || crate::catalog::no_image(id);
        let subject = self.catalog.image(id).ok_or_else(missing)?.subject;
        let status = self.status(subject).ok_or_else(missing)?;
        let image = self.catalog.image(id).ok_or_else(missing)?;
        Ok(crate::catalog::image_view(image, self.as_view(status)))
    }

    /// Does everything that is due.
    pub fn run_due(&mut self) {
        let now = self.clock.now();
        while let Some(entry) = self.calendar.first_entry().filter(|it| it.key().0 <= now) {
            let ((at, _), due) = entry.remove_entry();
            match due {
                Due::Service(wake) => self.service.wake(at, wake, &mut self.out),
                Due::Fault(fault, open) => self.turn_fault(at, fault, open),
            }
            self.settle(at);
        }
    }

    /// How long until something is due; none: nothing is.
    pub fn idle(&self) -> Option<Duration> {
        let ((at, _), _) = self.calendar.first_key_value()?;
        self.clock.until(*at)
    }

    fn enter(&mut self, at: Time, due: Due) {
        self.entries += 1;
        let first = self
            .calendar
            .first_key_value()
            .is_none_or(|(key, _)| at < key.0);
        self.calendar.insert((at, self.entries), due);
        if first {
            self.bell.notify_one();
        }
    }

    /// Opens or heals a fault now; says whether there is one of this name.
    pub fn fault(&mut self, name: &str, open: bool) -> bool {
        self.run_due();
        let named = |fault: &FaultRule| fault.name == name;
        let Some(index) = self.config.faults.iter().position(named) else {
            return false;
        };
        let now = self.clock.now();
        self.turn_fault(now, FaultId(index as u16), open);
        self.settle(now);
        true
    }

    fn turn_fault(&mut self, at: Time, fault: FaultId, open: bool) {
        let changed = match open {
            true => self.open_faults.insert(fault),
            false => self.open_faults.remove(&fault),
        };
        if changed {
            self.service.fault(at, fault, open, &mut self.out);
            self.replies.set(fault, open);
            // What goes wrong with replies is no fault of the service's.
            let faults = &self.config.faults;
            let breaks = |fault: &FaultId| faults[usize::from(fault.0)].place != Place::Reply;
            self.history.broken(at, self.open_faults.iter().any(breaks));
        }
    }

    pub fn is_open(&self, index: usize) -> bool {
        self.open_faults.contains(&FaultId(index as u16))
    }

    /// One step of the scrubber, now.
    pub fn scrub(&mut self) {
        self.run_due();
        let now = self.clock.now();
        self.service.wake(now, Wake::Scrubber, &mut self.out);
        self.settle(now);
    }

    pub fn gauges(&mut self) -> Gauges {
        let now = self.clock.now();
        let mut gauges = Gauges {
            at: now,
            ..Gauges::default()
        };
        self.service.gauges(now, &mut gauges);
        gauges
    }

    pub fn open_operations(&self) -> usize {
        self.pending.len()
    }

    /// Drops a subject that is over, or never came into being, once nobody is at work on it.
    fn forget(&mut self, now: Time, slot: u32) {
        let Some(Living {
            image,
            subject,
            open: 0,
            over,
        }) = self.living.get(&slot).copied()
        else {
            return;
        };
        let status = self.service.audit(subject).and_then(|audit| audit.status);
        // One that a planted defect has brought back is there.
        if status.is_none() || over && status == Some(SubjectStatus::Deleted) {
            self.drop_subject(now, image, subject);
        }
    }

    fn drop_subject(&mut self, now: Time, image: ImageId, subject: SubjectId) {
        self.living.remove(&subject.slot);
        self.service.forget(now, subject.slot);
        self.slots.give_back(subject.slot);
        self.history.ended(subject.number);
        let its_own = self
            .catalog
            .image(image)
            .is_some_and(|it| it.subject == subject);
        if its_own {
            self.catalog.remove(image);
            self.vault.remove(image);
            self.gone.insert(image);
            self.gone_order.push_back(image);
            if self.gone_order.len() > REMEMBERED
                && let Some(oldest) = self.gone_order.pop_front()
            {
                self.gone.remove(&oldest);
            }
        }
    }

    /// Makes data that has come in an image's, and changes it where a planted defect wants that.
    pub fn keep(&mut self, id: ImageId, subject: SubjectId, blob: Rc<Blob>) -> Result<Rc<Blob>> {
        let said = self.content(subject);
        let blob = match said {
            Some(content) if content.checksum != blob.checksum => {
                self.vault.corrupt(&blob).map_err(|_| Refusal::error())?
            }
            _ => blob,
        };
        let put = self.vault.put(id, Rc::clone(&blob));
        put.map_err(|_| Refusal::error())?;
        Ok(blob)
    }
}

fn service(config: &Config) -> Service<Records> {
    let records = Records::new(&config.service);
    Service::new(config.service.clone(), faults(config), config.seed, records)
}

fn faults(config: &Config) -> Faults {
    let faults: Vec<Fault> = config.faults.iter().map(FaultRule::fault).collect();
    Faults::new(&faults, config.seed)
}
