//! What happens to the process and around it: it survives, or ends in order and says why.

mod bounds;
mod readers;
