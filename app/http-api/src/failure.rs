//! Errors of requests, which become `application/problem+json`.

use std::time::Duration;

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, header};
use outrigger_api_types::problem::{FieldProblem, Problem};
use outrigger_stdx::{CapabilityError, ErrorKind};

use crate::codes::{self, Code};

/// The error of a request: a code and the details of this occurrence. The pipeline adds the id of the request.
#[derive(Debug, Clone)]
pub struct Failure {
    /// Boxed, to keep results small.
    details: Box<Details>,
}

#[derive(Debug, Clone)]
struct Details {
    code: Code,
    detail: String,
    fields: Vec<FieldProblem>,
    fix: Option<String>,
    retry_after: Option<Duration>,
    /// Whether the connection is closed after the response.
    closes: bool,
    /// The error of an unreachable store. It is logged, and not sent to the client.
    unreachable: Option<String>,
}

impl Failure {
    /// A failure with this code. `detail` describes this occurrence for people and must not contain a secret.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self {
            details: Box::new(Details {
                code,
                detail,
                fields: Vec::new(),
                fix: None,
                retry_after: None,
                closes: false,
                unreachable: None,
            }),
        }
    }

    /// A field of the input is invalid.
    pub fn field(name: &str, field_code: &str, detail: impl Into<String>) -> Self {
        Self::new(codes::INVALID, detail).with_field(name, field_code, None)
    }

    /// The object does not exist.
    pub fn not_found(what: impl Into<String>) -> Self {
        Self::new(codes::NOT_FOUND, what)
    }

    /// Converts an error of a capability by its kind. Use [`coded`](Self::coded) for errors with a code of their own.
    #[must_use]
    pub fn of(error: &dyn CapabilityError) -> Self {
        let code = match error.kind() {
            ErrorKind::Unauthenticated => codes::UNAUTHENTICATED,
            ErrorKind::Forbidden => codes::SCOPE_MISSING,
            ErrorKind::NotFound => codes::NOT_FOUND,
            ErrorKind::Conflict => codes::CONFLICT,
            ErrorKind::TooLarge => codes::BODY_TOO_LARGE,
            ErrorKind::RateLimited => codes::TOO_MANY_ATTEMPTS,
            ErrorKind::Unavailable => {
                return Self::unavailable("the store cannot be reached for now", error);
            }
            ErrorKind::Internal => return Self::internal(error),
            _ => codes::INVALID,
        };
        Self::coded(code, error)
    }

    /// A store cannot be used. `detail` is sent to the client; the error is only logged.
    pub(crate) fn unavailable(detail: impl Into<String>, error: &dyn CapabilityError) -> Self {
        let mut failure = Self::new(codes::UNAVAILABLE, detail);
        failure.details.unreachable = Some(error.to_string());
        failure.advised_by(error)
    }

    /// The same with this code.
    #[must_use]
    pub fn coded(code: Code, error: &dyn CapabilityError) -> Self {
        let failure = Self::new(code, error.to_string());
        let fields = error.fields().into_iter();
        fields
            .fold(failure, |failure, problem| {
                failure.with_field(&problem.field, problem.code, problem.limit)
            })
            .advised_by(error)
    }

    fn advised_by(mut self, error: &dyn CapabilityError) -> Self {
        self.details.fix = error.hint();
        self.details.retry_after = error.retry_after();
        self
    }

    /// A defect or a broken environment. The cause is logged, and not sent to the client.
    pub fn internal(cause: &dyn std::error::Error) -> Self {
        tracing::error!(error = %cause, "a request failed");
        Self::new(
            codes::INTERNAL,
            "the cause is in Outrigger's log, under the request's id",
        )
    }

    /// The request has no context of the pipeline, so the caller cannot be authenticated.
    pub(crate) fn without_context() -> Self {
        Self::new(
            codes::UNAUTHENTICATED,
            "the request did not pass the pipeline",
        )
    }

    /// The same, after which the connection is closed.
    #[must_use]
    pub(crate) fn closing(mut self) -> Self {
        self.details.closes = true;
        self
    }

    /// The same, naming a part of the input and the limit it passed.
    #[must_use]
    pub fn with_field(mut self, name: &str, field_code: &str, limit: Option<String>) -> Self {
        self.details.fields.push(FieldProblem {
            field: name.to_owned(),
            code: field_code.to_owned(),
            limit,
        });
        self
    }

    /// The same, with advice.
    #[must_use]
    pub fn with_fix(mut self, fix: impl Into<String>) -> Self {
        self.details.fix = Some(fix.into());
        self
    }

    /// The same, with the time after which it is worth trying again.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.details.retry_after = Some(wait);
        self
    }

    /// The code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.details.code
    }

    /// The error of an unreachable store, for the log.
    pub(crate) fn unreachable(&self) -> Option<&str> {
        self.details.unreachable.as_deref()
    }

    /// Renders the response.
    pub(crate) fn render(self, request_id: &str) -> Response {
        let status = self.details.code.status();
        let problem = Problem {
            type_uri: format!("urn:outrigger:problem:{}", self.details.code.name),
            title: self.details.code.title.to_owned(),
            status: status.as_u16(),
            code: self.details.code.name.to_owned(),
            detail: self.details.detail,
            fields: self.details.fields,
            fix: self.details.fix,
            request_id: request_id.to_owned(),
        };
        let body = serde_json::to_vec(&problem).expect("a problem has only text and numbers");
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.details.code == codes::UNAUTHENTICATED {
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"outrigger\""),
            );
        }
        if self.details.closes {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        if let Some(wait) = self.details.retry_after {
            // Rounded up, because a client that retries too early is refused again.
            headers.insert(
                header::RETRY_AFTER,
                HeaderValue::from(wait.as_millis().div_ceil(1000) as u64),
            );
        }
        response
    }
}

impl IntoResponse for Failure {
    /// Puts the failure into the extensions, for the pipeline, which knows the id of the request.
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.details.code.status();
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use outrigger_stdx::FieldProblem as Field;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("the words of the error")]
    struct Fake(ErrorKind);

    impl CapabilityError for Fake {
        fn kind(&self) -> ErrorKind {
            self.0
        }

        fn hint(&self) -> Option<String> {
            Some("do this".to_owned())
        }

        fn fields(&self) -> Vec<Field> {
            vec![Field::new("name", "too_long", "longer").with_limit(&7)]
        }

        fn retry_after(&self) -> Option<Duration> {
            Some(Duration::from_secs(3))
        }
    }

    #[test]
    fn an_error_keeps_its_words_hint_fields_and_time() {
        let failure = Failure::of(&Fake(ErrorKind::Conflict));

        let details = &failure.details;
        assert_eq!(details.code, codes::CONFLICT);
        assert_eq!(details.detail, "the words of the error");
        assert_eq!(details.fix.as_deref(), Some("do this"));
        assert_eq!(details.fields[0].field, "name");
        assert_eq!(details.fields[0].limit.as_deref(), Some("7"));
        assert_eq!(details.retry_after, Some(Duration::from_secs(3)));
    }

    #[test]
    fn what_a_store_or_a_defect_says_is_not_shown() {
        for kind in [ErrorKind::Unavailable, ErrorKind::Internal] {
            let failure = Failure::of(&Fake(kind));

            assert!(!failure.details.detail.contains("words"), "{failure:?}");
            assert_eq!(failure.code().kind, kind);
        }
    }

    #[test]
    fn every_kind_has_a_code_of_that_kind() {
        for kind in [
            ErrorKind::Invalid,
            ErrorKind::Unauthenticated,
            ErrorKind::Forbidden,
            ErrorKind::NotFound,
            ErrorKind::Conflict,
            ErrorKind::TooLarge,
            ErrorKind::RateLimited,
        ] {
            assert_eq!(Failure::of(&Fake(kind)).code().kind, kind);
        }
    }
}
