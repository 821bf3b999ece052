//! Reports of a sweep as values: what each makes of findings that never happened.

mod accepted;
mod causes;
mod families;
pub(crate) mod files;
mod sample;
mod seen;
mod seen_page;
