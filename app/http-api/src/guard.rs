//! The route table: no route without a guard.
//!
//! A route of the API enters the server only through [`RouteTable::add`], together with its [`Guard`]: the scope it needs, its
//! risk, and what the audit log calls it. The same guard is written into the OpenAPI document (`x-scope`, `x-risk`, `x-audit`)
//! and enforced before the handler runs, so document and enforcement cannot drift apart, and a route that forgot its
//! authorisation does not compile. Only the dashboard's own files come in without one, by [`RouteTable::with_pages`].

use axum::{
    Extension, Router,
    extract::Request,
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use http::HeaderMap;
use outrigger_access::{NewAuditEntry, Principal, RiskLevel, Scope};
use outrigger_stdx::Actor;
use serde_json::json;
use utoipa::openapi::{OpenApi, path::Operation};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter, UtoipaMethodRouterExt};

use crate::{Api, Failure, caller, codes, context::RequestContext, document, idempotency};

/// What a route needs before its handler runs, and what is remembered of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Guard {
    need: Need,
    risk: RiskLevel,
    audit: Option<&'static str>,
    idempotent: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Need {
    /// Nothing: anyone may call it.
    Nothing,
    /// A session, token or the control socket.
    SignedIn,
    /// This scope.
    Scope(Scope),
    /// This scope, unless the peer is on this machine and no proxy stands between.
    ScopeBeyondLoopback(Scope),
}

impl Guard {
    /// Anyone may call it.
    pub(crate) const fn open() -> Self {
        Self::new(Need::Nothing)
    }

    /// Anyone who is signed in may call it.
    pub(crate) const fn signed_in() -> Self {
        Self::new(Need::SignedIn)
    }

    /// It changes something of this capability, and needs what a change of this risk needs.
    pub(crate) fn change(capability: &'static str, risk: RiskLevel) -> Self {
        let scope = risk
            .scope_of(capability)
            .expect("every route's capability is looked up by the tests that build the table");
        Self {
            risk,
            ..Self::new(Need::Scope(scope))
        }
    }

    /// It needs this scope, and changes nothing.
    pub(crate) fn scope(scope: &'static str) -> Self {
        Self::new(Need::Scope(parse(scope)))
    }

    /// It needs this scope, except from this machine.
    pub(crate) fn scope_beyond_loopback(scope: &'static str) -> Self {
        Self::new(Need::ScopeBeyondLoopback(parse(scope)))
    }

    const fn new(need: Need) -> Self {
        Self {
            need,
            risk: RiskLevel::Safe,
            audit: None,
            idempotent: false,
        }
    }

    /// It changes one named object, or can be undone.
    pub(crate) const fn reversible(mut self) -> Self {
        self.risk = RiskLevel::Reversible;
        self
    }

    /// It makes or sends something, so that a repeated request with the same `Idempotency-Key` gets the first one's answer.
    pub(crate) const fn creates(mut self) -> Self {
        self.idempotent = true;
        self
    }

    /// The audit log remembers it under this name, `capability.verb_object`.
    pub(crate) const fn audited(mut self, action: &'static str) -> Self {
        self.audit = Some(action);
        self
    }

    /// Whether something would be missing if nobody went on with such a request.
    const fn changes(&self) -> bool {
        self.audit.is_some() || self.idempotent
    }

    fn describe(self, operation: &mut Operation) {
        let scope = match self.need {
            Need::Nothing => json!(null),
            Need::SignedIn => json!("signed-in"),
            Need::Scope(scope) | Need::ScopeBeyondLoopback(scope) => json!(scope.to_string()),
        };
        let extensions = operation.extensions.get_or_insert_default();
        extensions.insert("x-scope".to_owned(), scope);
        extensions.insert("x-risk".to_owned(), json!(self.risk.as_str()));
        if let Some(action) = self.audit {
            extensions.insert("x-audit".to_owned(), json!(action));
        }
        if self.idempotent {
            extensions.insert("x-idempotency-key".to_owned(), json!(true));
        }
        if self.need == Need::Nothing {
            operation.security = Some(Vec::new());
        }
    }

    async fn admit(
        self,
        context: &RequestContext,
        headers: &HeaderMap,
    ) -> Result<Option<Principal>, Failure> {
        let scope = match self.need {
            Need::Nothing => return Ok(None),
            Need::ScopeBeyondLoopback(_) if context.is_direct_loopback() => return Ok(None),
            Need::SignedIn => None,
            Need::Scope(scope) | Need::ScopeBeyondLoopback(scope) => Some(scope),
        };
        let principal = caller::authenticate(context, headers).await?;
        if let Some(scope) = scope {
            principal.require(scope).map_err(|_| missing(scope))?;
        }
        Ok(Some(principal))
    }
}

fn missing(scope: Scope) -> Failure {
    Failure::new(
        codes::SCOPE_MISSING,
        format!("this needs the scope `{scope}`"),
    )
    .with_fix(format!(
        "outrigger token create --name NAME --scope '{scope}'"
    ))
}

fn parse(scope: &'static str) -> Scope {
    scope
        .parse()
        .expect("every route's scope is parsed by the tests that build the table")
}

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

/// Routes with their guards.
pub(crate) struct RouteTable {
    routes: OpenApiRouter<Api>,
    pages: Router<Api>,
}

impl RouteTable {
    pub(crate) fn new(document: OpenApi) -> Self {
        Self {
            routes: OpenApiRouter::with_openapi(document),
            pages: Router::new(),
        }
    }

    /// Adds a route behind its guard. `route` is what `routes!(handler)` makes of one handler.
    pub(crate) fn add(mut self, guard: Guard, route: UtoipaMethodRouter<Api>) -> Self {
        let (schemas, mut paths, method_router) = route.map(|method_router| {
            method_router.route_layer(middleware::from_fn(move |request: Request, next: Next| {
                enforce(guard, request, next)
            }))
        });
        for operation in paths.paths.values_mut().flat_map(operations) {
            guard.describe(operation);
            document::complete(operation);
        }
        self.routes = self.routes.routes((schemas, paths, method_router));
        self
    }

    /// Adds what is not part of the API and tells nothing: the dashboard's own files.
    pub(crate) fn with_pages(mut self, add: impl FnOnce(Router<Api>) -> Router<Api>) -> Self {
        self.pages = add(self.pages);
        self
    }

    /// The router and the document that describes it.
    pub(crate) fn into_parts(self) -> (Router<Api>, OpenApi) {
        let (router, document) = self.routes.split_for_parts();
        (router.merge(self.pages), document)
    }
}

fn operations(item: &mut utoipa::openapi::PathItem) -> impl Iterator<Item = &mut Operation> {
    [
        &mut item.get,
        &mut item.put,
        &mut item.post,
        &mut item.delete,
        &mut item.patch,
    ]
    .into_iter()
    .flatten()
}

async fn enforce(guard: Guard, request: Request, next: Next) -> Response {
    let Some(context) = request.extensions().get::<RequestContext>().cloned() else {
        // The pipeline always sets it; without it nobody is known, and nobody is let in.
        return Failure::new(
            codes::UNAUTHENTICATED,
            "the request did not pass the pipeline",
        )
        .into_response();
    };
    if guard.changes() {
        let api = context.api.clone();
        api.changes()
            .carry_out(answer(guard, context, request, next))
            .await
    } else {
        answer(guard, context, request, next).await
    }
}

/// Lets the request in or refuses it, and remembers what it did.
async fn answer(
    guard: Guard,
    context: RequestContext,
    mut request: Request,
    next: Next,
) -> Response {
    let target = last_path_parameter(&request);
    let (principal, response) = match guard.admit(&context, request.headers()).await {
        Ok(principal) => {
            if let Some(principal) = &principal {
                request.extensions_mut().insert(principal.clone());
            }
            let response = match &principal {
                Some(principal) if guard.idempotent => {
                    idempotency::once(&context, principal, request, next).await
                }
                _ => next.run(request).await,
            };
            (principal, response)
        }
        Err(failure) => (None, failure.into_response()),
    };
    // A repeated answer did nothing; what its request did is written down already.
    if let Some(action) = guard.audit
        && !idempotency::is_repeated(&response)
        && let Some(entry) = audit_entry(action, &context, principal, target, &response)
        && let Err(error) = context.api.access().record(vec![entry]).await
    {
        tracing::error!(%error, action, "the audit log could not be written");
    }
    response
}

/// The object that the path names, in routes that end in a parameter.
fn last_path_parameter(request: &Request) -> Option<String> {
    let template = request.extensions().get::<axum::extract::MatchedPath>()?;
    let is_parameter = |(_, part): &(usize, &str)| part.starts_with('{');
    let (position, _) = template
        .as_str()
        .split('/')
        .enumerate()
        .filter(is_parameter)
        .last()?;
    request
        .uri()
        .path()
        .split('/')
        .nth(position)
        .map(str::to_owned)
}

/// What the audit log remembers of an answer; nothing of a request without credentials, which changed nothing, unless it
/// was a guess. Guesses are slowed down, so nobody fills the log with them.
fn audit_entry(
    action: &'static str,
    context: &RequestContext,
    principal: Option<Principal>,
    target: Option<String>,
    response: &Response,
) -> Option<NewAuditEntry> {
    let subject = response.extensions().get::<AuditSubject>();
    let known = principal
        .map(|principal| principal.actor)
        .or_else(|| subject.and_then(|subject| subject.actor.clone()));
    let failure = response.extensions().get::<Failure>().map(Failure::code);
    let is_guess =
        failure == Some(codes::WRONG_CREDENTIALS) || failure == Some(codes::LINK_INVALID);
    let actor = known.or_else(|| is_guess.then(Actor::anonymous))?;
    let outcome = failure.map_or("ok", |code| code.name);
    Some(NewAuditEntry {
        actor,
        action: action.to_owned(),
        target: subject
            .and_then(|subject| subject.target.clone())
            .or(target),
        outcome: outcome.to_owned(),
        address: Some(context.address_text()),
        request_id: Some(context.request_id.clone()),
    })
}
