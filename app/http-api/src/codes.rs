//! The problem codes: one table, from which statuses, titles and the reference page come.

use http::StatusCode;
use outrigger_stdx::ErrorKind;

/// A kind of problem that programs can decide by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// The code as it stands in the answer.
    pub name: &'static str,
    /// What it means, the same for every occurrence.
    pub title: &'static str,
    /// What a caller may do about it.
    pub kind: ErrorKind,
    /// The status, where HTTP has a more telling one than the kind's.
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

    /// The HTTP status.
    #[must_use]
    pub fn status(self) -> StatusCode {
        self.status.unwrap_or_else(|| status_of(self.kind))
    }
}

/// The one place where kinds of errors become HTTP statuses.
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
        $(#[doc = "See the table in the reference."] pub const $constant: Code = $code;)*

        /// All codes, in the order of the reference.
        pub const ALL: &[Code] = &[$($constant),*];
    };
}

use ErrorKind::{
    Conflict, Forbidden, Internal, Invalid, NotFound as Missing, RateLimited, TooLarge,
    Unauthenticated as NotSignedIn, Unavailable as Down,
};

codes! {
    INVALID = Code::new("invalid", Invalid, "Something in the request is not as it must be.");
    INVALID_JSON = Code::new("invalid_json", Invalid, "The body is not the JSON that this route expects.");
    INVALID_PATH = Code::new("invalid_path", Invalid, "The path has a part that no route accepts.");
    PATH_TOO_LONG = Code::new("path_too_long", TooLarge, "The path is longer than any route accepts.")
        .with_status(StatusCode::URI_TOO_LONG);
    UNSUPPORTED_MEDIA_TYPE = Code::new("unsupported_media_type", Invalid, "The body's type is not one that this route reads.")
        .with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    BODY_TOO_LARGE = Code::new("body_too_large", TooLarge, "The body is larger than the limit.");
    BODY_TIMEOUT = Code::new("body_timeout", Invalid, "The body did not arrive in time.")
        .with_status(StatusCode::REQUEST_TIMEOUT);
    UNAUTHENTICATED = Code::new("unauthenticated", NotSignedIn, "The request carries no valid session or token.");
    WRONG_CREDENTIALS = Code::new("wrong_credentials", NotSignedIn, "No account has this e-mail address and password.");
    LINK_INVALID = Code::new("link_invalid", NotSignedIn, "The login link was used, has expired, or never existed.");
    SCOPE_MISSING = Code::new("scope_missing", Forbidden, "The session or token does not have the scope that this route needs.");
    CROSS_SITE = Code::new("cross_site", Forbidden, "A page of another site sent this request.");
    HOST_UNKNOWN = Code::new("host_unknown", Forbidden, "The request names a host that this server does not answer for.")
        .with_status(StatusCode::MISDIRECTED_REQUEST);
    NOT_FOUND = Code::new("not_found", Missing, "There is no such thing.");
    METHOD_NOT_ALLOWED = Code::new("method_not_allowed", Invalid, "This route does not have this method.")
        .with_status(StatusCode::METHOD_NOT_ALLOWED);
    CONFLICT = Code::new("conflict", Conflict, "The object's state does not allow this.");
    IDEMPOTENCY_MISMATCH = Code::new("idempotency_mismatch", Invalid, "The idempotency key was used for another request.")
        .with_status(StatusCode::UNPROCESSABLE_ENTITY);
    TOO_MANY_ATTEMPTS = Code::new("too_many_attempts", RateLimited, "Too many attempts; try again later.");
    UNAVAILABLE = Code::new("unavailable", Down, "It cannot be done for now.");
    CACHE_FULL = Code::new("cache_full", Down, "The cache is full and may evict nothing for this value.")
        .with_status(StatusCode::INSUFFICIENT_STORAGE);
    INTERNAL = Code::new("internal", Internal, "Outrigger made a mistake; the logs say more.");
}

/// The reference page of all codes, as Markdown.
#[must_use]
pub fn reference() -> String {
    let mut page = String::from(
        "# Problem codes\n\n\
         <!-- Made by `cargo x gen` from the table in the HTTP API. -->\n\n\
         Every error is `application/problem+json` with one of these codes. Decide by the code, show the detail.\n\n\
         | Code | Status | Meaning | Worth retrying |\n|---|---|---|---|\n",
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
    fn no_two_codes_share_a_name() {
        let mut names: Vec<_> = ALL.iter().map(|code| code.name).collect();
        names.sort_unstable();
        names.dedup();

        assert_eq!(names.len(), ALL.len());
    }

    #[test]
    fn every_code_is_an_error_status() {
        for code in ALL {
            assert!(
                code.status().is_client_error() || code.status().is_server_error(),
                "{}",
                code.name
            );
        }
    }
}
