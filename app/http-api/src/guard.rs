//! Guards: the requirements of a route, and its audit action.
//!
//! A guard is created from its [`Capability`], which determines the scope and the name of the audit action. The same value is
//! written into the OpenAPI document (`x-scope`, `x-risk`, `x-audit`) and enforced; see [`RouteTable`](crate::RouteTable).

use std::fmt;

use axum::{extract::Request, http::request::Parts};
use outrigger_access::{Principal, RiskLevel, Scope, ScopeAccess};
use outrigger_stdx::ByteSize;
use serde_json::json;
use utoipa::openapi::path::Operation;

use crate::{Failure, authenticate, codes, context::RequestContext, sites::Sites, state::ApiState};

const LOOKED_UP: &str = "every route's scope is looked up by the tests that build the table";

/// A capability: the prefix of its scopes (`cache:read`) and audit actions (`cache.clear`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capability(&'static str);

impl Capability {
    /// The capability of this name.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// It reads, and needs `capability:read`.
    #[must_use]
    pub fn read(self) -> Guard {
        self.needs(Need::Scope(self.scope_of(ScopeAccess::Read)))
    }

    /// It reads and needs `capability:read`, except from this machine without a proxy in between.
    #[must_use]
    pub fn read_beyond_loopback(self) -> Guard {
        self.needs(Need::ScopeBeyondLoopback(self.scope_of(ScopeAccess::Read)))
    }

    /// It changes what can be made again: nothing is lost, so nothing is audited unless the route says so.
    #[must_use]
    pub fn safe(self) -> Guard {
        self.change(RiskLevel::Safe)
    }

    /// It changes one named object, or can be undone. The audit log calls it `capability.verb`.
    #[must_use]
    pub fn reversible(self, verb: &'static str) -> Guard {
        self.change(RiskLevel::Reversible).audited(verb)
    }

    /// It removes many objects of which Outrigger holds the only copy, and needs `capability:*`. The audit log calls it
    /// `capability.verb`.
    #[must_use]
    pub fn destructive(self, verb: &'static str) -> Guard {
        self.change(RiskLevel::Destructive).audited(verb)
    }

    /// It is part of the work of a program that has the scope `capability:work`.
    #[must_use]
    pub fn work(self) -> Guard {
        self.needs(Need::Scope(self.scope_of(ScopeAccess::Work)))
    }

    /// It takes in what is sent with an ingest key. `find` finds the key in a header, the query or the path; the handler gets
    /// the [`IngestKey`](outrigger_access::IngestKey) as an extension. No session or token is looked at.
    #[must_use]
    pub const fn ingest(self, find: FindKey) -> Guard {
        self.needs(Need::Ingest(find))
    }

    /// Any signed-in caller may call it.
    #[must_use]
    pub const fn signed_in(self) -> Guard {
        self.needs(Need::SignedIn)
    }

    /// Anyone may call it. Its body is at most 16 KiB, unless the route says otherwise.
    #[must_use]
    pub const fn open(self) -> Guard {
        self.needs(Need::Nothing)
    }

    fn change(self, risk: RiskLevel) -> Guard {
        let scope = risk.scope_of(self.0).expect(LOOKED_UP);
        Guard {
            risk,
            ..self.needs(Need::Scope(scope))
        }
    }

    fn scope_of(self, access: ScopeAccess) -> Scope {
        Scope::of(self.0, access).expect(LOOKED_UP)
    }

    const fn needs(self, need: Need) -> Guard {
        Guard {
            capability: self,
            need,
            risk: RiskLevel::Safe,
            audit: None,
            idempotent: false,
            revokes: false,
            streams: false,
            body_max: None,
            unpacks: false,
            sites: Sites::Own,
            any_host: false,
        }
    }
}

/// Finds an ingest key in the head of a request.
pub type FindKey = fn(&Parts) -> Option<String>;

/// The maximum size of a body of a request without credentials.
pub(crate) const STRANGERS_BODY_MAX: ByteSize = ByteSize::kib(16);

/// What of a body is taken; in the extensions of every request that passed its guard.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BodyMax {
    /// The maximum size, also after decompression.
    pub(crate) limit: ByteSize,
    /// The name of the limit in the configuration.
    pub(crate) name: &'static str,
    /// Whether gzip is accepted.
    pub(crate) unpacks: bool,
}

impl BodyMax {
    /// What the guard of this request's route takes.
    pub(crate) fn of(request: &Request, api: &ApiState) -> Self {
        let found = request.extensions().get().copied();
        found.unwrap_or_else(|| Self::usual(api))
    }

    fn usual(api: &ApiState) -> Self {
        Self {
            limit: api.config().body_max,
            name: "[http] body_max",
            unpacks: false,
        }
    }
}

/// The requirements of a route and its audit action. Created from a [`Capability`].
#[derive(Debug, Clone, Copy)]
pub struct Guard {
    capability: Capability,
    need: Need,
    risk: RiskLevel,
    audit: Option<Action>,
    idempotent: bool,
    revokes: bool,
    streams: bool,
    body_max: Option<(ByteSize, &'static str)>,
    unpacks: bool,
    sites: Sites,
    any_host: bool,
}

/// The name of a request in the audit log: `capability.verb`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Action {
    capability: Capability,
    verb: &'static str,
}

impl fmt::Display for Action {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.capability.0, self.verb)
    }
}

#[derive(Debug, Clone, Copy)]
enum Need {
    /// Nothing: anybody may call it.
    Nothing,
    /// A session, token or the control socket.
    SignedIn,
    /// This scope.
    Scope(Scope),
    /// This scope, unless the client is on this machine without a proxy in between.
    ScopeBeyondLoopback(Scope),
    /// An ingest key.
    Ingest(FindKey),
}

impl Guard {
    /// It changes one named object, or can be undone. The audit log calls it `capability.verb`.
    #[must_use]
    pub const fn reversible(mut self, verb: &'static str) -> Self {
        self.risk = RiskLevel::Reversible;
        self.audited(verb)
    }

    /// The audit log remembers it as `capability.verb`, although it risks nothing.
    #[must_use]
    pub const fn audited(mut self, verb: &'static str) -> Self {
        self.audit = Some(Action {
            capability: self.capability,
            verb,
        });
        self
    }

    /// It makes or sends something: a repeated request with the same `Idempotency-Key` gets the first one's answer.
    #[must_use]
    pub const fn creates(mut self) -> Self {
        self.idempotent = true;
        self
    }

    /// It takes, or may take, somebody's access away: a revocation, a new password, a disabled account. So it has places of its
    /// own that no other change can fill.
    #[must_use]
    pub const fn revokes(mut self) -> Self {
        self.revokes = true;
        self
    }

    /// Its request or its answer may go on for as long as both sides want. The body is read by the handler, through
    /// [`Upload`](crate::Upload); the answer ends when the credential does or the server stops.
    #[must_use]
    pub const fn streams(mut self) -> Self {
        self.streams = true;
        self
    }

    /// The largest body, also after it was unpacked, and what that limit is called where a person can move it. Without it,
    /// `[http] body_max`.
    #[must_use]
    pub const fn body_max(mut self, limit: ByteSize, name: &'static str) -> Self {
        self.body_max = Some((limit, name));
        self
    }

    /// Accepts bodies that are compressed with gzip.
    #[must_use]
    pub const fn unpacks(mut self) -> Self {
        self.unpacks = true;
        self
    }

    /// Lets pages of these sites call the route, also to change something. Cookies are ignored.
    #[must_use]
    pub const fn from_sites(mut self, sites: Sites) -> Self {
        self.sites = sites;
        self
    }

    /// Accepts any host: health checks use addresses, and forward-auth requests have the host of the visitor.
    #[must_use]
    pub const fn any_host(mut self) -> Self {
        self.any_host = true;
        self
    }

    pub(crate) const fn action(&self) -> Option<Action> {
        self.audit
    }

    pub(crate) const fn is_idempotent(&self) -> bool {
        self.idempotent
    }

    pub(crate) const fn takes_access_away(&self) -> bool {
        self.revokes
    }

    pub(crate) const fn is_stream(&self) -> bool {
        self.streams
    }

    /// The scope that it needs, if any.
    pub(crate) const fn scope(&self) -> Option<Scope> {
        match self.need {
            Need::Scope(scope) | Need::ScopeBeyondLoopback(scope) => Some(scope),
            Need::Nothing | Need::SignedIn | Need::Ingest(_) => None,
        }
    }

    pub(crate) const fn sites(&self) -> Sites {
        self.sites
    }

    pub(crate) const fn takes_any_host(&self) -> bool {
        self.any_host
    }

    /// Whether anyone may call it, so that its requests are a stranger's until the handler has run.
    pub(crate) const fn is_open(&self) -> bool {
        matches!(self.need, Need::Nothing)
    }

    /// Whether something would be missing if nobody went on with such a request.
    pub(crate) const fn changes(&self) -> bool {
        self.audit.is_some() || self.idempotent
    }

    /// What of a body is taken.
    pub(crate) fn body(&self, api: &ApiState) -> BodyMax {
        let usual = BodyMax::usual(api);
        let (limit, name) = match self.body_max {
            Some(of_route) => of_route,
            None if self.is_open() => (STRANGERS_BODY_MAX, "the limit without credentials"),
            None => (usual.limit, usual.name),
        };
        BodyMax {
            limit,
            name,
            unpacks: self.unpacks,
        }
    }

    /// Adds the guard to the OpenAPI document.
    pub(crate) fn describe(&self, operation: &mut Operation) {
        let scope = match self.need {
            Need::Nothing => json!(null),
            Need::SignedIn => json!("signed-in"),
            Need::Ingest(_) => json!("ingest"),
            Need::Scope(scope) | Need::ScopeBeyondLoopback(scope) => json!(scope.to_string()),
        };
        let extensions = operation.extensions.get_or_insert_default();
        extensions.insert("x-scope".to_owned(), scope);
        extensions.insert("x-risk".to_owned(), json!(self.risk.as_str()));
        if let Some(action) = self.audit {
            extensions.insert("x-audit".to_owned(), json!(action.to_string()));
        }
        if self.idempotent {
            extensions.insert("x-idempotency-key".to_owned(), json!(true));
        }
        // Open routes and ingest keys use neither a session nor a token.
        if matches!(self.need, Need::Nothing | Need::Ingest(_)) {
            operation.security = Some(Vec::new());
        }
    }

    /// Authenticates the caller. Puts the [`Principal`] or the ingest key into the extensions of `parts` for the handler.
    pub(crate) async fn admit(&self, context: &RequestContext, parts: &mut Parts) -> Admission {
        let scope = match self.need {
            Need::Nothing => return Admission::of_stranger(),
            Need::ScopeBeyondLoopback(_) if context.is_direct_loopback() => {
                return Admission::of_stranger();
            }
            Need::Ingest(find) => return admit_key(find, context, parts).await,
            Need::SignedIn => None,
            Need::Scope(scope) | Need::ScopeBeyondLoopback(scope) => Some(scope),
        };
        match authenticate::authenticate(context, parts).await {
            Ok(principal) => {
                let verdict = match scope {
                    Some(scope) => principal.require(scope).map_err(|_| missing(scope)),
                    None => Ok(()),
                };
                parts.extensions.insert(principal.clone());
                Admission {
                    principal: Some(principal),
                    verdict,
                }
            }
            Err(failure) => Admission {
                principal: None,
                verdict: Err(failure),
            },
        }
    }
}

/// The caller and the verdict. The caller is known for refused requests too, for the audit log.
pub(crate) struct Admission {
    pub(crate) principal: Option<Principal>,
    pub(crate) verdict: Result<(), Failure>,
}

impl Admission {
    const fn of_stranger() -> Self {
        Self {
            principal: None,
            verdict: Ok(()),
        }
    }
}

async fn admit_key(find: FindKey, context: &RequestContext, parts: &mut Parts) -> Admission {
    let verdict = match find(parts) {
        Some(text) => context
            .api
            .access()
            .authenticate_ingest_key(&text)
            .await
            .map(|key| {
                parts.extensions.insert(key);
            })
            .map_err(Failure::from),
        None => Err(Failure::new(
            codes::UNAUTHENTICATED,
            "the request has no ingest key",
        )),
    };
    Admission {
        principal: None,
        verdict,
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
