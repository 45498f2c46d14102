//! Classifies requests for the metrics.
//!
//! An open dashboard polls every few seconds, even while nobody uses it. These requests must not appear in the charts and must not
//! keep the session from becoming idle. The dashboard marks them with a header. The header has an effect only in requests with a
//! session, so that other clients cannot hide their requests from the metrics.

use axum::response::Response;
use http::{HeaderMap, HeaderName, Method};
use outrigger_access::Principal;

/// The header of requests that a timer of the dashboard sent. Its value is `1`.
const BACKGROUND: HeaderName = HeaderName::from_static("outrigger-background");

/// The class of a request, in the extensions of its response. The default is `Api`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Traffic {
    /// A call of the API.
    Api,
    /// A call of the API that a timer of the dashboard made.
    Background,
    /// A request for a file of the dashboard.
    Page,
}

impl Traffic {
    /// Returns whether the request reads and carries the header. A change never counts as background.
    pub(crate) fn is_background(method: &Method, headers: &HeaderMap) -> bool {
        matches!(*method, Method::GET | Method::HEAD)
            && headers.get(BACKGROUND).is_some_and(|value| value == "1")
    }

    /// Returns the class of a request of this principal. `says_background` is the result of
    /// [`is_background`](Self::is_background).
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

    /// Marks a response as `Page`.
    pub(crate) async fn mark_page(response: Response) -> Response {
        Self::Page.mark(response)
    }

    /// Removes and returns the class of a response.
    pub(crate) fn take(response: &mut Response) -> Self {
        let marked = response.extensions_mut().remove();
        marked.unwrap_or(Self::Api)
    }
}
