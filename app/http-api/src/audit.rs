//! What the audit log remembers of a request: begun when the request is known, ended when its answer is.
//!
//! Whatever changes a store writes its entry itself, in the transaction of the change; a handler passes the verb the [`Act`]
//! that stands in the extensions of the request. What is written here is the rest: refusals, failures, and changes in memory.

use axum::{
    extract::{MatchedPath, Request},
    response::Response,
};
use outrigger_access::Principal;
use outrigger_audit::{Act, AuditEntry, RequestId};
use outrigger_stdx::Actor;

use crate::{Failure, codes, context::RequestContext, guard::Action, state::ApiState};

/// What an attempt was about, where the path does not say: in the extensions of an answer.
#[derive(Debug, Clone)]
pub(crate) struct AuditSubject(pub(crate) String);

/// An entry that waits for the outcome.
pub(crate) struct Trail {
    action: Action,
    target: Option<String>,
    act: Act,
    is_known: bool,
}

impl Trail {
    /// What is known before the handler runs. The object is what the path names.
    pub(crate) fn begin(
        action: Action,
        context: &RequestContext,
        principal: Option<&Principal>,
        request: &Request,
    ) -> Self {
        let request_id = context.request_id.clone();
        let request_id = match context.request_id_from_client {
            true => RequestId::FromClient(request_id),
            false => RequestId::Generated(request_id),
        };
        let actor = principal.map(|principal| principal.actor.clone());
        Self {
            action,
            target: path_parameters(request),
            is_known: actor.is_some(),
            act: Act::new(actor.unwrap_or(Actor::anonymous()))
                .from_address(context.address_text())
                .in_request(request_id),
        }
    }

    /// What the verbs that the handler calls make their entries from.
    pub(crate) fn act(&self) -> &Act {
        &self.act
    }

    /// The entry that is still missing. None of what a verb has written, and none of a request without credentials, which
    /// changed nothing, unless it was a guess: guesses are slowed down, so nobody fills the log with them.
    pub(crate) fn end(self, api: &ApiState, response: &Response) -> Option<AuditEntry> {
        let failure = response.extensions().get::<Failure>().map(Failure::code);
        let is_guess =
            failure == Some(codes::WRONG_CREDENTIALS) || failure == Some(codes::LINK_INVALID);
        let is_missing = match failure {
            Some(_) => self.is_known || is_guess,
            None => self.is_known && !self.act.is_recorded(),
        };
        if !is_missing {
            return None;
        }
        let subject = response.extensions().get::<AuditSubject>();
        let target = subject
            .map(|AuditSubject(target)| target.clone())
            .or(self.target);
        let mut entry = self.act.entry(&self.action.to_string(), api.clock().now());
        if let Some(target) = target {
            entry = entry.on_id(&target);
        }
        Some(match failure {
            Some(code) => entry.failed(code.name),
            None => entry,
        })
    }
}

/// Stores the entry of a request. One that repeats a refusal is counted instead.
pub(crate) async fn write(api: &ApiState, entry: AuditEntry) {
    // Guesses without credentials are slowed down elsewhere, and each may name another account.
    let counts = entry.outcome != "ok" && entry.actor_kind != "anonymous";
    let entry = match counts {
        true => api.refusals().admit(entry, api.clock().monotonic()),
        false => Some(entry),
    };
    if let Some(entry) = entry {
        append(api, vec![entry]).await;
    }
}

/// Writes entries about what has no transaction of its own. It has happened in any case, so a log that cannot be written is
/// no reason to tell the client otherwise.
pub(crate) async fn append(api: &ApiState, entries: Vec<AuditEntry>) {
    let actions: Vec<_> = entries.iter().map(|entry| entry.action.clone()).collect();
    if let Err(error) = api.access().audit_log().append(entries).await {
        tracing::error!(%error, ?actions, "the audit log could not be written");
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
