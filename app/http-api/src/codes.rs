//! The problem codes: the table that defines statuses, titles and the reference page.

use http::StatusCode;
use outrigger_stdx::ErrorKind;

/// A kind of problem, for programs to branch on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// The code in the response.
    pub name: &'static str,
    /// The meaning, the same for every occurrence.
    pub title: &'static str,
    /// The class of the error, which determines whether a retry makes sense.
    pub kind: ErrorKind,
    /// The status, if HTTP has a more specific one than that of the kind.
    status: Option<StatusCode>,
}

impl Code {
    const fn new(name: &'static str, kind: ErrorKind, title: &'static str) -> Self {
        Self {
            name,
            title,
            kind,
            status: None,
        }
    }

    const fn with_status(mut self, status: StatusCode) -> Self {
        self.status = Some(status);
        self
    }

    /// Returns the HTTP status.
    #[must_use]
    pub fn status(self) -> StatusCode {
        self.status.unwrap_or_else(|| status_of(self.kind))
    }
}

/// The HTTP status of a kind of error.
fn status_of(kind: ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::Invalid => StatusCode::BAD_REQUEST,
        ErrorKind::Unauthenticated => StatusCode::UNAUTHORIZED,
        ErrorKind::Forbidden => StatusCode::FORBIDDEN,
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::Conflict => StatusCode::CONFLICT,
        ErrorKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorKind::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

macro_rules! codes {
    ($($constant:ident = $code:expr;)*) => {
        $(#[doc = "See its title in the table of codes."] pub const $constant: Code = $code;)*

        /// All codes, in the order of the reference.
        pub const ALL: &[Code] = &[$($constant),*];
    };
}

use ErrorKind::{
    Conflict, Forbidden, Internal, Invalid, NotFound as Missing, RateLimited, TooLarge,
    Unauthenticated as NotSignedIn, Unavailable as Down,
};

codes! {
    INVALID = Code::new("invalid", Invalid, "The request is invalid.");
    INVALID_JSON = Code::new("invalid_json", Invalid, "The body is not valid JSON for this route.");
    INVALID_PATH = Code::new("invalid_path", Invalid, "The path contains a segment that no route accepts.");
    PATH_TOO_LONG = Code::new("path_too_long", TooLarge, "The path is longer than any route accepts.")
        .with_status(StatusCode::URI_TOO_LONG);
    UNSUPPORTED_MEDIA_TYPE = Code::new("unsupported_media_type", Invalid, "The route does not accept the body's media type.")
        .with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    BODY_TOO_LARGE = Code::new("body_too_large", TooLarge, "The body is larger than the limit.");
    BODY_TIMEOUT = Code::new("body_timeout", Invalid, "The body did not arrive in time.")
        .with_status(StatusCode::REQUEST_TIMEOUT);
    UNAUTHENTICATED = Code::new("unauthenticated", NotSignedIn, "The request has no valid session or token.");
    WRONG_CREDENTIALS = Code::new("wrong_credentials", NotSignedIn, "No account has this e-mail address and password.");
    LINK_INVALID = Code::new("link_invalid", NotSignedIn, "The login link was used, has expired, or never existed.");
    SCOPE_MISSING = Code::new("scope_missing", Forbidden, "The session or token does not have the required scope.");
    CROSS_SITE = Code::new("cross_site", Forbidden, "A page of another site sent the request.");
    HOST_UNKNOWN = Code::new("host_unknown", Forbidden, "The server does not serve the host of the request.")
        .with_status(StatusCode::MISDIRECTED_REQUEST);
    NOT_FOUND = Code::new("not_found", Missing, "The requested object or route does not exist.");
    METHOD_NOT_ALLOWED = Code::new("method_not_allowed", Invalid, "The path does not support this method.")
        .with_status(StatusCode::METHOD_NOT_ALLOWED);
    CONFLICT = Code::new("conflict", Conflict, "The object's state does not allow the request.");
    DUPLICATE_ID = Code::new("duplicate_id", Conflict, "There is an object with this id already.");
    LEASE_LOST = Code::new("lease_lost", Conflict, "The lease is not that of a running attempt.");
    IDEMPOTENCY_MISMATCH = Code::new("idempotency_mismatch", Invalid, "The idempotency key was used for a different request.")
        .with_status(StatusCode::UNPROCESSABLE_ENTITY);
    TOO_MANY_ATTEMPTS = Code::new("too_many_attempts", RateLimited, "Too many attempts; try again later.");
    UNAVAILABLE = Code::new("unavailable", Down, "The request cannot be served at the moment.");
    CACHE_FULL = Code::new("cache_full", Down, "The cache is full and cannot evict entries for the value.")
        .with_status(StatusCode::INSUFFICIENT_STORAGE);
    INTERNAL = Code::new("internal", Internal, "An internal error occurred; the logs contain the details.");
}

/// Returns the reference page of all codes as Markdown.
#[must_use]
pub fn reference() -> String {
    let mut page = String::from(
        "# Problem codes\n\n\
         <!-- Generated by `cargo x gen` from the table in the HTTP API. -->\n\n\
         Every error response is `application/problem+json` and contains one of these codes. Branch on the code; show people the detail.\n\n\
         | Code | Status | Meaning | Retry |\n|---|---|---|---|\n",
    );
    for code in ALL {
        let retry = if code.kind.is_retryable() {
            "yes"
        } else {
            "no"
        };
        page.push_str(&format!(
            "| `{}` | {} | {} | {retry} |\n",
            code.name,
            code.status().as_u16(),
            code.title
        ));
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_names_are_unique() {
        let mut names: Vec<_> = ALL.iter().map(|code| code.name).collect();
        names.sort_unstable();
        names.dedup();

        assert_eq!(names.len(), ALL.len());
    }

    #[test]
    fn every_code_has_an_error_status() {
        for code in ALL {
            assert!(
                code.status().is_client_error() || code.status().is_server_error(),
                "{}",
                code.name
            );
        }
    }
}
