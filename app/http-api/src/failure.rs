//! A request that failed, on its way to becoming `application/problem+json`.

use std::time::Duration;

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, header};
use outrigger_api_types::problem::{FieldProblem, Problem};

use crate::codes::{self, Code};

/// A request that failed: a code and the words for this occurrence. The id of the request is added where the answer leaves.
#[derive(Debug, Clone)]
pub struct Failure {
    /// Boxed, because a failure travels in the results of functions that nearly always succeed.
    details: Box<Details>,
}

#[derive(Debug, Clone)]
struct Details {
    code: Code,
    detail: String,
    fields: Vec<FieldProblem>,
    fix: Option<String>,
    retry_after: Option<Duration>,
    /// The connection cannot be used for another request.
    closes: bool,
}

impl Failure {
    /// A failure of this kind; `detail` says what happened this time, for people, and never repeats a secret.
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
            }),
        }
    }

    /// A part of the input is wrong.
    pub fn field(name: &str, field_code: &str, detail: impl Into<String>) -> Self {
        Self::new(codes::INVALID, detail).with_field(name, field_code, None)
    }

    /// There is no such object.
    pub fn not_found(what: impl Into<String>) -> Self {
        Self::new(codes::NOT_FOUND, what)
    }

    /// A defect or a broken environment: the cause goes to the log, not to the client.
    pub fn internal(cause: &dyn std::error::Error) -> Self {
        tracing::error!(error = %cause, "a request failed");
        Self::new(
            codes::INTERNAL,
            "the cause is in Outrigger's log, under the request's id",
        )
    }

    /// The pipeline leaves its context in every request; without it nobody is known, and nobody is let in.
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

    /// The answer that leaves.
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
            // Rounded up: a client that comes back a moment early would be refused again.
            headers.insert(
                header::RETRY_AFTER,
                HeaderValue::from(wait.as_millis().div_ceil(1000) as u64),
            );
        }
        response
    }
}

impl IntoResponse for Failure {
    /// Leaves the failure in the extensions, for the layer that knows the request's id.
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.details.code.status();
        response.extensions_mut().insert(self);
        response
    }
}
