//! The one integration binary.

mod checker;
