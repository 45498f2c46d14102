//! What a door needs to know of an error, whichever capability it comes from.

use std::{error::Error, time::Duration};

use crate::{ErrorKind, FieldProblem};

/// An error of a capability. A door turns it into an answer by these and by its text, which is for people and repeats no
/// secret; so no door has to know the variants.
pub trait CapabilityError: Error {
    /// What the caller can do about it.
    fn kind(&self) -> ErrorKind;

    /// What to do about it, in a sentence, where that is known.
    fn hint(&self) -> Option<String> {
        None
    }

    /// The parts of the input that are wrong; empty when the input is not the reason.
    fn fields(&self) -> Vec<FieldProblem> {
        Vec::new()
    }

    /// After which time it is worth trying again, where that is known.
    fn retry_after(&self) -> Option<Duration> {
        None
    }
}
