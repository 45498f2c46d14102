//! The audit entry of a request: started when the request is admitted or refused, completed with the response.
//!
//! A verb that changes a store writes its entry in the transaction of the change; the handler passes it the [`Act`] from the
//! extensions of the request. This module writes the other entries: refusals, failures, and changes in memory.

use axum::{
    extract::{MatchedPath, Request},
    response::Response,
};
use outrigger_access::Principal;
use outrigger_audit::{Act, AuditEntry, RequestId};
use outrigger_stdx::Actor;

use crate::{Failure, codes, context::RequestContext, guard::Action, state::ApiState};

/// The object of an attempt if the path does not contain it, in the extensions of a response.
#[derive(Debug, Clone)]
pub(crate) struct AuditSubject(pub(crate) String);

/// An entry without its outcome.
pub(crate) struct Trail {
    action: Action,
    target: Option<String>,
    act: Act,
    is_known: bool,
}

impl Trail {
    /// Starts an entry before the handler runs. The object comes from the path.
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

    /// The act from which verbs create their entries.
    pub(crate) fn act(&self) -> &Act {
        &self.act
    }

    /// Returns the entry if it must still be written: not if a verb has written one, and not for a request without credentials,
    /// which changed nothing. Failed guesses of credentials have entries; they are slowed down, so they cannot fill the log.
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

/// Writes the entry of a request, or counts it if it repeats a refusal or a change in memory. Changes of a store come with an entry
/// of their own.
pub(crate) async fn write(api: &ApiState, entry: AuditEntry) {
    // Guesses of credentials are slowed down elsewhere, and each can concern another account.
    let counts = entry.outcome == "ok" || entry.actor_kind != "anonymous";
    let entry = match counts {
        true => api.repeats().admit(entry, api.clock().monotonic()),
        false => Some(entry),
    };
    if let Some(entry) = entry {
        append(api, vec![entry]).await;
    }
}

/// Writes entries that belong to no transaction. An error is only logged: it does not undo what happened, so the response stays
/// the same.
pub(crate) async fn append(api: &ApiState, entries: Vec<AuditEntry>) {
    let actions: Vec<_> = entries.iter().map(|entry| entry.action.clone()).collect();
    if let Err(error) = api.access().audit_log().append(entries).await {
        tracing::error!(%error, ?actions, "the audit log could not be written");
    }
}

/// Returns the values of all parameters in the path, as sent, separated by slashes.
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
