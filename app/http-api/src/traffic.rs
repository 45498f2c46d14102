//! How a request counts in the figures.
//!
//! An open dashboard asks for its figures every few seconds, also while nobody looks at it. Such requests are neither traffic of
//! the application nor a sign that a person is there, so they must not show in the charts, and must not keep a session from
//! becoming idle. The page marks them with a header. The header counts only together with a session: nobody else can keep requests
//! out of the figures.

use axum::response::Response;
use http::{HeaderMap, HeaderName, Method};
use outrigger_access::Principal;

/// The header of requests that a timer of the dashboard made, with the value `1`.
const BACKGROUND: HeaderName = HeaderName::from_static("outrigger-background");

/// How a request counts; in the extensions of its response. A response without it is one of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Traffic {
    /// A call of the API.
    Api,
    /// A call of the API that the dashboard made by itself.
    Background,
    /// One of the dashboard's own files.
    Page,
}

impl Traffic {
    /// Whether a read says that no person asked for it. A change is always a person's.
    pub(crate) fn is_background(method: &Method, headers: &HeaderMap) -> bool {
        matches!(*method, Method::GET | Method::HEAD)
            && headers.get(BACKGROUND).is_some_and(|value| value == "1")
    }

    /// What a request of this principal is. `says_background` is what [`is_background`](Self::is_background) returned for it.
    pub(crate) fn of(says_background: bool, principal: Option<&Principal>) -> Self {
        let has_session = principal.is_some_and(|principal| principal.session_id.is_some());
        if says_background && has_session {
            Self::Background
        } else {
            Self::Api
        }
    }

    pub(crate) fn mark(self, mut response: Response) -> Response {
        response.extensions_mut().insert(self);
        response
    }

    /// Marks a response as one of the dashboard's own files.
    pub(crate) async fn mark_page(response: Response) -> Response {
        Self::Page.mark(response)
    }

    /// What the response was marked as.
    pub(crate) fn take(response: &mut Response) -> Self {
        let marked = response.extensions_mut().remove();
        marked.unwrap_or(Self::Api)
    }
}
