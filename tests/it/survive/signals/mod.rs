//! Whatever signal ends a run or a sweep, and whenever: no server is left broken.
#![cfg(target_os = "linux")]

mod killed;
mod ordered;
mod stage;
