//! The one language of steps: what clients do to one subject. Stories of scenarios and scripts of sweeps are both written in it, and
//! each has a text of one line that gives the same steps again.
//!
//! | written | meaning |
//! |---|---|
//! | `upload`, `delete:other-project` | an operation, and who performs it if that is not who usually does |
//! | `refused=download` | an operation that must be refused |
//! | `wait=250ms`, `wait=exponential(10m)` | nothing, for a while |
//! | `[upload last-byte delete]` | an operation, a point of it, and a rival that is sent there |
//! | `[upload mid-body !reset]` | an operation, a point of it, and what its client does wrong there |
//! | `[upload mid-body !kill-api]`, `!scrub` | a command of the scenario, at a point of an operation or alone |
//! | `{upload \| download delete}~10ms` | branches that run side by side, each begun within the jitter |
//!
//! A script creates its subject with its first step. A member of another project is `other-project` or `stranger`.

mod step;
mod text;

pub use step::{
    Act, Action, ClientFault, Pause, Point, Script, ScriptError, Second, Step, command_name,
};
pub use text::{BRANCHES, line, steps};
