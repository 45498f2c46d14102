//! The interface of every capability's error.

use std::{error::Error, time::Duration};

use crate::{ErrorKind, FieldProblem};

/// An error of a capability.
///
/// The interfaces, such as the HTTP API, build their response from these methods and from the error's
/// `Display` text, so they need not know the variants. The text is written for people and never contains a secret.
pub trait CapabilityError: Error {
    /// Returns the kind of the error, which decides what the caller can do about it.
    fn kind(&self) -> ErrorKind;

    /// Returns a sentence that says how to solve the problem, if known.
    fn hint(&self) -> Option<String> {
        None
    }

    /// Returns the invalid fields of the input; empty when the input is not the cause.
    fn fields(&self) -> Vec<FieldProblem> {
        Vec::new()
    }

    /// Returns the time after which a retry makes sense, if known.
    fn retry_after(&self) -> Option<Duration> {
        None
    }
}
