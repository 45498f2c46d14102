//! What the audit log remembers of a request: begun when the request is known, ended when its answer is.

use axum::{
    Extension,
    extract::{MatchedPath, Request},
    response::Response,
};
use outrigger_access::{NewAuditEntry, Principal};
use outrigger_stdx::Actor;

use crate::{Failure, codes, context::RequestContext, guard::Action, state::ApiState};

/// What the handler knows for the audit log that the route does not.
#[derive(Debug, Clone)]
pub(crate) struct AuditSubject {
    /// Who acted, where the handler is what found that out: signing in.
    pub(crate) actor: Option<Actor>,
    /// The object acted on.
    pub(crate) target: Option<String>,
}

impl AuditSubject {
    /// The object acted on.
    pub(crate) fn target(target: &(impl ToString + ?Sized)) -> Extension<Self> {
        Extension(Self {
            actor: None,
            target: Some(target.to_string()),
        })
    }
}

/// An entry that waits for the outcome.
pub(crate) struct Trail {
    action: Action,
    target: Option<String>,
    address: String,
    request_id: String,
}

impl Trail {
    /// What is known before the handler runs. The object is what the path names.
    pub(crate) fn begin(action: Action, context: &RequestContext, request: &Request) -> Self {
        Self {
            action,
            target: path_parameters(request),
            address: context.address_text(),
            request_id: context.request_id.clone(),
        }
    }

    /// The entry; none of a request without credentials, which changed nothing, unless it was a guess. Guesses are slowed
    /// down, so nobody fills the log with them.
    pub(crate) fn end(
        self,
        principal: Option<Principal>,
        response: &Response,
    ) -> Option<NewAuditEntry> {
        let subject = response.extensions().get::<AuditSubject>();
        let known = principal
            .map(|principal| principal.actor)
            .or_else(|| subject.and_then(|subject| subject.actor.clone()));
        let failure = response.extensions().get::<Failure>().map(Failure::code);
        let is_guess =
            failure == Some(codes::WRONG_CREDENTIALS) || failure == Some(codes::LINK_INVALID);
        Some(NewAuditEntry {
            actor: known.or_else(|| is_guess.then(Actor::anonymous))?,
            action: self.action.to_string(),
            target: subject
                .and_then(|subject| subject.target.clone())
                .or(self.target),
            outcome: failure.map_or("ok", |code| code.name).to_owned(),
            address: Some(self.address),
            request_id: Some(self.request_id),
        })
    }
}

/// Writes the entry of a request that has been answered.
pub(crate) async fn write(api: &ApiState, entry: NewAuditEntry) {
    let action = entry.action.clone();
    if let Err(error) = api.access().record(vec![entry]).await {
        tracing::error!(%error, action, "the audit log could not be written");
    }
}

/// The object that the path names: the values of all its parameters, as they were sent, with slashes between them.
fn path_parameters(request: &Request) -> Option<String> {
    let template = request.extensions().get::<MatchedPath>()?;
    let sent = request.uri().path().split('/');
    let values: Vec<_> = template
        .as_str()
        .split('/')
        .zip(sent)
        .filter(|(part, _)| part.starts_with('{'))
        .map(|(_, value)| value)
        .collect();
    (!values.is_empty()).then(|| values.join("/"))
}
