//! The embedded service as a target.

use super::Target;
use crate::fault::FaultId;
use crate::history::{Audit, Gauges, SubjectId};
use crate::invocation::{Invocation, Out};
use crate::lifecycle::Operation;
use crate::script::ClientFault;
use crate::service::{Actors, Service, Wake};
use crate::units::Time;

impl<A: Actors> Target for Service<A> {
    type Wake = Wake;

    fn start(&mut self, now: Time, out: &mut Out<Wake>) {
        Service::start(self, now, out);
    }

    #[inline]
    fn invoke(&mut self, now: Time, invocation: Invocation, out: &mut Out<Wake>) {
        Service::invoke(self, now, invocation, out);
    }

    #[inline]
    fn wake(&mut self, now: Time, wake: Wake, out: &mut Out<Wake>) {
        Service::wake(self, now, wake, out);
    }

    fn fault(&mut self, now: Time, fault: FaultId, open: bool, out: &mut Out<Wake>) {
        Service::fault(self, now, fault, open, out);
    }

    #[inline]
    fn client_fault(&mut self, operation: Operation) -> Option<(ClientFault, f64)> {
        Service::client_fault(self, operation)
    }

    fn forget(&mut self, slot: u32) {
        Service::forget(self, slot);
    }

    fn is_at_rest(&mut self, now: Time) -> bool {
        Service::is_at_rest(self, now)
    }

    fn gauges(&mut self, now: Time, gauges: &mut Gauges) {
        Service::gauges(self, now, gauges);
    }

    #[inline]
    fn fetch(&mut self, slot: u32) {
        Service::fetch(self, slot);
    }

    fn audit(&mut self, subject: SubjectId) -> Option<Audit> {
        Some(Service::audit(self, subject))
    }
}
