//! What operations run against: the model service, or a real Glance over HTTP.
//!
//! A target takes invocations and gives completions and history; it knows no driver and no checker.

use crate::fault::FaultId;
use crate::history::{Audit, Gauges, SubjectId};
use crate::invocation::{Invocation, Out};
use crate::lifecycle::Operation;
use crate::script::ClientFault;
use crate::units::Time;
use std::rc::Rc;

/// Something that operations run against.
pub trait Target {
    /// What it puts into the calendar.
    type Wake: Copy;

    /// The run begins.
    fn start(&mut self, now: Time, out: &mut Out<Self::Wake>);
    /// A client sends an operation.
    fn invoke(&mut self, now: Time, invocation: Invocation, out: &mut Out<Self::Wake>);
    /// It is time for what it put into the calendar.
    fn wake(&mut self, now: Time, wake: Self::Wake, out: &mut Out<Self::Wake>);
    /// A fault opens or heals.
    fn fault(&mut self, now: Time, fault: FaultId, open: bool, out: &mut Out<Self::Wake>);
    /// Whether a fault takes its time to heal: its end is then in the target's own records, and not where it was told.
    fn heals_later(&self, _fault: FaultId) -> bool {
        false
    }
    /// What the client of such an operation does wrong now, and after which share of its data, if a fault makes it.
    fn client_fault(&mut self, operation: Operation) -> Option<(ClientFault, f64)>;
    /// The driver drops a subject that is deleted or never came into being.
    fn forget(&mut self, now: Time, slot: u32);
    /// Whether nothing is being done and nothing is due.
    fn is_at_rest(&mut self, now: Time) -> bool;
    /// Writes what it counts itself into the gauges.
    fn gauges(&mut self, now: Time, gauges: &mut Gauges);
    /// What it says itself of one subject at the end; none where it does not tell.
    fn audit(&mut self, subject: SubjectId) -> Option<Audit>;

    /// Fetches into the processor's cache what the subject in `slot` will need; does nothing else.
    fn fetch(&mut self, _slot: u32) {}
    /// What to ring when something arrives from outside the calendar.
    fn on_arrival(&mut self, _bell: Rc<dyn Fn()>) {}
    /// Takes in what has arrived from outside the calendar.
    fn take_arrivals(&mut self, _now: Time, _out: &mut Out<Self::Wake>) {}
    /// Nothing more will be asked of it: it looks once more at everything and takes away what the run made.
    /// `hasty`: it only takes away.
    fn close(&mut self, _now: Time, _hasty: bool, _out: &mut Out<Self::Wake>) {}
    /// Whether it has done so.
    fn is_closed(&self) -> bool {
        true
    }
}
