//! The steps between the router and a handler, in order: check the site, authenticate, read the body, take a place, write the
//! audit log.
//!
//! The place among the [changes](crate::detached) is taken last, when the caller is known and the body has arrived. A slow client
//! therefore holds no place, and callers without credentials have places of their own.

use axum::{
    body::{Body, HttpBody},
    extract::{MatchedPath, Request},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::header;
use outrigger_access::Principal;

use crate::{
    Failure, Guard, audit, body,
    context::{Peer, RequestContext},
    detached::Room,
    download, idempotency, sites,
    standing::Standing,
    traffic::Traffic,
};

/// Admits or refuses the request, runs the handler, and writes the audit log.
pub(crate) async fn enforce(guard: Guard, mut request: Request, next: Next) -> Response {
    let Some(context) = request.extensions().get::<RequestContext>().cloned() else {
        return Failure::without_context().into_response();
    };
    if let Some(template) = request.extensions().get::<MatchedPath>() {
        // The template instead of the path, which can contain a secret.
        tracing::Span::current().record("route", template.as_str());
    }
    let origin = request.headers().get(header::ORIGIN).cloned();
    let mut response = match admit(guard, &context, &mut request).await {
        Ok(admitted) => {
            let traffic = admitted.traffic;
            traffic.mark(admitted.run(request, next).await)
        }
        Err(response) => response,
    };
    sites::allow(guard.sites(), origin.as_ref(), response.headers_mut());
    response
}

/// A request whose caller is authenticated and authorised.
struct Admitted {
    guard: Guard,
    context: RequestContext,
    principal: Option<Principal>,
    trail: Option<audit::Trail>,
    traffic: Traffic,
}

async fn admit(
    guard: Guard,
    context: &RequestContext,
    request: &mut Request,
) -> Result<Admitted, Response> {
    sites::check(guard.sites(), guard.takes_any_host(), context, request)
        .map_err(IntoResponse::into_response)?;
    let (mut parts, body) = std::mem::take(request).into_parts();
    // Subscribed before the caller is authenticated, so that no revocation in between is missed.
    let changes = guard.is_stream().then(|| context.api.access().changes());
    let says_background = Traffic::is_background(&parts.method, &parts.headers);
    let admission = guard.admit(context, &mut parts).await;
    let traffic = Traffic::of(says_background, admission.principal.as_ref());
    if let Some(changes) = changes {
        let principal = admission.principal.clone();
        let standing = Standing::new(&context.api, changes, principal, guard.scope());
        parts.extensions.insert(standing);
    }
    parts.extensions.insert(guard.body(&context.api));
    *request = Request::from_parts(parts, body);
    let principal = admission.principal.as_ref();
    let trail = guard
        .action()
        .map(|action| audit::Trail::begin(action, context, principal, request));
    if let Some(trail) = &trail {
        request.extensions_mut().insert(trail.act().clone());
    }
    let admitted = Admitted {
        guard,
        context: context.clone(),
        principal: admission.principal,
        trail,
        traffic,
    };
    match admission.verdict {
        Ok(()) => Ok(admitted),
        Err(failure) => Err(traffic.mark(admitted.refuse(failure).await)),
    }
}

impl Admitted {
    async fn run(self, mut request: Request, next: Next) -> Response {
        let api = self.context.api.clone();
        let mut place = None;
        if self.reads_first() && !request.body().is_end_stream() {
            let limit = self.guard.body(&api);
            let read = if self.guard.is_open() {
                let read = api.strangers().read(&self.context, request, limit).await;
                read.map(|(read, taken)| {
                    place = Some(taken);
                    read
                })
            } else {
                body::arrived(request, &api, limit, api.config().body_timeout).await
            };
            request = match read {
                Ok(read) => read,
                Err(failure) => return self.refuse(failure).await,
            };
        }
        let Some(room) = self.room() else {
            return self.answer(request, next).await;
        };
        let work = async move {
            let response = self.answer(request, next).await;
            drop(place);
            response
        };
        api.changes().carry_out(room, work).await
    }

    /// Refuses the request. The audit entry is written even if the client disconnects.
    async fn refuse(self, failure: Failure) -> Response {
        let response = failure.into_response();
        let known = self.trail.filter(|_| self.principal.is_some());
        let Some(entry) = known.and_then(|trail| trail.end(&self.context.api, &response)) else {
            return response;
        };
        let api = self.context.api.clone();
        let written = async move {
            audit::write(&api, entry).await;
            response
        };
        let changes = self.context.api.changes();
        changes.carry_out(Room::Changes, written).await
    }

    /// Returns whether the body is read before the handler runs. On streaming routes, the handler reads it.
    fn reads_first(&self) -> bool {
        let guard = &self.guard;
        guard.is_idempotent() || (!guard.is_stream() && (guard.changes() || guard.is_open()))
    }

    /// The room that this request needs a place in; `None` if it can stop anywhere without harm.
    fn room(&self) -> Option<Room> {
        if !self.guard.changes() {
            return None;
        }
        Some(match self.context.peer {
            Peer::Control => Room::Control,
            _ if self.guard.is_stream() => Room::Uploads,
            _ if self.guard.takes_access_away() => Room::Revocations,
            _ if self.guard.is_open() => Room::Strangers,
            _ => Room::Changes,
        })
    }

    /// Binds a long response to the credential of its request.
    fn bind(&self, response: Response, standing: Option<Standing>) -> Response {
        let api = &self.context.api;
        match (standing, &self.principal) {
            (Some(standing), _) => download::bind(response, api, standing),
            (None, Some(principal)) if download::is_large(&response) => {
                let standing = Standing::late(api, principal.clone(), self.guard.scope());
                download::bind(response, api, standing)
            }
            _ => response,
        }
    }

    /// Runs the handler, or repeats its earlier response, and writes the audit log.
    async fn answer(self, request: Request<Body>, next: Next) -> Response {
        let standing = request.extensions().get::<Standing>().cloned();
        let response = match &self.principal {
            Some(principal) if self.guard.is_idempotent() => {
                idempotency::once(&self.context, principal, request, next).await
            }
            _ => next.run(request).await,
        };
        let response = self.bind(response, standing);
        // A repeated response changed nothing. The first request has its entry.
        if let Some(trail) = self.trail
            && !idempotency::is_repeated(&response)
            && let Some(entry) = trail.end(&self.context.api, &response)
        {
            audit::write(&self.context.api, entry).await;
        }
        response
    }
}
