//! What is to happen at a point of an operation, and how far it is.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;
use stormglass_model::script::{ClientFault, Point};
use stormglass_model::units::Span;
use tokio::sync::{Notify, oneshot};

/// How long a slow client takes for the rest of its data. Keystone may take as long for a token.
pub(crate) const SLOW: Duration = Duration::from_secs(2);

/// A point of one operation, and what its client does there. It serves one operation.
#[derive(Debug)]
pub struct Watch {
    point: Point,
    pub(crate) hold: Duration,
    pub(crate) fault: Option<ClientFault>,
    pub(crate) stall: Duration,
    passed: Cell<bool>,
    bell: Notify,
    /// How much of the request was handed to the system.
    pub(crate) sent: Cell<Sent>,
    pub(crate) struck: Cell<bool>,
    /// Ends when the token of the operation has been revoked.
    pub(crate) revoked: RefCell<Option<oneshot::Receiver<()>>>,
    unrevoked: RefCell<Option<String>>,
}

/// How much of the watched request was handed to the system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sent {
    /// Whether anything was.
    pub began: bool,
    /// Bytes of its body.
    pub body: u64,
    /// Whether that was all.
    pub whole: bool,
}

impl Watch {
    /// At `point` the operation pauses for `hold` if it sends or reads data, and then its client commits `fault`. A stall lasts
    /// six seconds.
    pub fn new(point: Point, hold: Span, fault: Option<ClientFault>) -> Rc<Watch> {
        Watch::stalling(point, hold, fault, Span::from_secs(6))
    }

    /// The same with another length of a stall.
    pub fn stalling(
        point: Point,
        hold: Span,
        fault: Option<ClientFault>,
        stall: Span,
    ) -> Rc<Watch> {
        Rc::new(Watch {
            point,
            hold: Duration::from_nanos(hold.0),
            fault,
            stall: Duration::from_nanos(stall.0),
            passed: Cell::new(point == Point::Before),
            bell: Notify::new(),
            sent: Cell::default(),
            struck: Cell::new(false),
            revoked: RefCell::default(),
            unrevoked: RefCell::default(),
        })
    }

    /// Waits until the operation has reached the point, or has ended without doing so. At once for [`Point::Before`].
    pub async fn passed(&self) {
        while !self.passed.get() {
            self.bell.notified().await;
        }
    }

    /// Whether the client's fault was committed.
    pub fn struck(&self) -> bool {
        self.struck.get()
    }

    /// Why the token of the operation was not revoked, though it was to be.
    pub fn unrevoked(&self) -> Option<String> {
        self.unrevoked.borrow().clone()
    }

    pub(crate) fn not_revoked(&self, why: String) {
        *self.unrevoked.borrow_mut() = Some(why);
    }

    /// The point is reached, or never will be.
    pub(crate) fn pass(&self) {
        self.passed.set(true);
        self.bell.notify_waiters();
    }

    /// How long the client itself may hold up the operation.
    pub(crate) fn delay(&self) -> Duration {
        let fault = match self.fault {
            Some(ClientFault::Stall) => self.stall,
            Some(ClientFault::Slow | ClientFault::Revoke) => SLOW,
            _ => Duration::ZERO,
        };
        self.hold.saturating_add(fault)
    }

    /// Where in the exchange the point lies.
    pub(crate) fn mark(&self, load: Load) -> Mark {
        // There is nothing to stop before in a request without data, and its point is its end; a reply's first byte must have come.
        let Load { side, size, .. } = load;
        let first = match side {
            Side::Request if load.is_data => 0,
            Side::Request => size,
            Side::Reply => 1,
        };
        let body = match self.point {
            Point::Before => return Mark::Start,
            Point::Answer => return Mark::NOWHERE,
            Point::FirstByte | Point::Enters(_) => 0,
            Point::MidBody => size / 2,
            Point::LastByte => size.saturating_sub(1),
            Point::After(bytes) => bytes.0.min(size),
        };
        Mark::Body(side, body.max(first))
    }
}

/// What the watched exchange carries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub side: Side,
    /// How many bytes of a body.
    pub size: u64,
    /// Whether they are an image's data; the text of a request else, perhaps none.
    pub is_data: bool,
}

/// Which way something goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Request,
    Reply,
}

/// A place in the exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// Before the head of the request.
    Start,
    /// So many bytes into the body that goes this way.
    Body(Side, u64),
}

impl Mark {
    /// It is never passed.
    const NOWHERE: Mark = Mark::Body(Side::Request, u64::MAX);

    /// The way that the operation is stopped on.
    pub(crate) fn side(self) -> Side {
        match self {
            Mark::Start => Side::Request,
            Mark::Body(side, _) => side,
        }
    }
}
