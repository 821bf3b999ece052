//! What operations run against, beyond the process: a real OpenStack Glance over HTTP.
//!
//! Nothing here knows a scenario, an actor or a report; an operation goes in, a plain answer comes out.

pub mod glance;
