//! Student's distribution.

use statrs::distribution::{ContinuousCDF, StudentsT};

/// How many standard errors Student's interval of so many degrees of freedom reaches to either side.
pub fn quantile(freedom: f64, confidence: f64) -> f64 {
    match StudentsT::new(0.0, 1.0, freedom) {
        Ok(student) => student.inverse_cdf(0.5 + 0.5 * confidence),
        Err(_) => f64::INFINITY,
    }
}

/// How likely a value of so many standard errors or more is, from 0 to 1.
pub fn beyond(errors: f64, freedom: f64) -> f64 {
    if errors.is_infinite() {
        return if errors > 0.0 { 0.0 } else { 1.0 };
    }
    // The lower tail of the opposite keeps its digits where the upper one of the value loses them.
    match StudentsT::new(0.0, 1.0, freedom) {
        Ok(student) => student.cdf(-errors),
        Err(_) => 1.0,
    }
}
