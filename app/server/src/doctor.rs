//! Results of the checks of `doctor`. The parts implement the checks.

use outrigger_api_types::status::{DoctorCheck, DoctorResult};

/// The check passed.
pub(crate) fn ok(name: &str, detail: impl Into<String>) -> DoctorCheck {
    DoctorCheck {
        name: name.to_owned(),
        result: DoctorResult::Ok,
        detail: detail.into(),
        fix: None,
    }
}

/// The check passed, and `fix` would improve the installation.
pub(crate) fn advice(name: &str, detail: impl Into<String>, fix: impl Into<String>) -> DoctorCheck {
    DoctorCheck {
        name: name.to_owned(),
        result: DoctorResult::Advice,
        detail: detail.into(),
        fix: Some(fix.into()),
    }
}

/// The check failed, and `fix` describes the repair.
pub(crate) fn fail(name: &str, detail: impl Into<String>, fix: impl Into<String>) -> DoctorCheck {
    DoctorCheck {
        name: name.to_owned(),
        result: DoctorResult::Fail,
        detail: detail.into(),
        fix: Some(fix.into()),
    }
}
