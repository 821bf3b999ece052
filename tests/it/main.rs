//! The one integration binary.

mod glance;
mod hostile;
