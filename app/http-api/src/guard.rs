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

use crate::{
    Failure, authenticate, codes, connection_handle::ConnectionHandle, context::RequestContext,
    sites::Sites, state::ApiState,
};

const LOOKED_UP: &str = "tests build the whole table, so the scope exists";

/// A capability: the prefix of its scopes (`cache:read`) and audit actions (`cache.clear`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capability(&'static str);

impl Capability {
    /// Creates the capability with this name.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// A route that reads. Requires `capability:read`.
    #[must_use]
    pub fn read(self) -> Guard {
        self.needs(Need::Scope(self.scope_of(ScopeAccess::Read)))
    }

    /// A route that reads. Requires `capability:read`, except for direct requests from this machine.
    #[must_use]
    pub fn read_beyond_loopback(self) -> Guard {
        self.needs(Need::ScopeBeyondLoopback(self.scope_of(ScopeAccess::Read)))
    }

    /// A route whose changes lose no data, because it can be computed again. Not audited unless the route calls
    /// [`audited`](Guard::audited).
    #[must_use]
    pub fn safe(self) -> Guard {
        self.change(RiskLevel::Safe)
    }

    /// A route that changes one named object, or whose change can be undone. Audited as `capability.verb`.
    #[must_use]
    pub fn reversible(self, verb: &'static str) -> Guard {
        self.change(RiskLevel::Reversible).audited(verb)
    }

    /// A route that removes many objects without another copy. Requires `capability:*`. Audited as `capability.verb`.
    #[must_use]
    pub fn destructive(self, verb: &'static str) -> Guard {
        self.change(RiskLevel::Destructive).audited(verb)
    }

    /// A route for worker programs. Requires `capability:work`.
    #[must_use]
    pub fn work(self) -> Guard {
        self.needs(Need::Scope(self.scope_of(ScopeAccess::Work)))
    }

    /// A route that receives data sent with an ingest key. `find` returns the key from a header, the query or the path. The
    /// handler gets the [`IngestKey`](outrigger_access::IngestKey) as an extension. Sessions and tokens are ignored.
    #[must_use]
    pub const fn ingest(self, find: FindKey) -> Guard {
        self.needs(Need::Ingest(find))
    }

    /// A route for any logged-in caller.
    #[must_use]
    pub const fn signed_in(self) -> Guard {
        self.needs(Need::SignedIn)
    }

    /// A route for anyone. Its body is at most 16 KiB unless the route calls [`body_max`](Guard::body_max).
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

/// The accepted size and encoding of a body. An extension of every request that passed its guard.
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
    /// Returns the limits of the request's route.
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
    /// None.
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
    /// A route that changes one named object, or whose change can be undone. Audited as `capability.verb`.
    #[must_use]
    pub const fn reversible(mut self, verb: &'static str) -> Self {
        self.risk = RiskLevel::Reversible;
        self.audited(verb)
    }

    /// Audits the route as `capability.verb` without a risk.
    #[must_use]
    pub const fn audited(mut self, verb: &'static str) -> Self {
        self.audit = Some(Action {
            capability: self.capability,
            verb,
        });
        self
    }

    /// Accepts an `Idempotency-Key`. A repeated request with the same key gets the first response again. For routes that create
    /// or send something.
    #[must_use]
    pub const fn creates(mut self) -> Self {
        self.idempotent = true;
        self
    }

    /// Marks a route that revokes access: a revocation, a new password, a disabled account. Such requests have concurrency slots
    /// of their own, so other changes cannot delay them.
    #[must_use]
    pub const fn revokes(mut self) -> Self {
        self.revokes = true;
        self
    }

    /// Allows a request or response of unlimited duration. The handler reads the body through [`Upload`](crate::Upload). The
    /// response ends when the credential expires or is revoked, or the server stops.
    #[must_use]
    pub const fn streams(mut self) -> Self {
        self.streams = true;
        self
    }

    /// Sets the maximum size of a body, also after decompression, and the name of the limit in the configuration. The default
    /// is `[http] body_max`.
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

    /// Allows pages of these sites to call the route, also for changes. Cookies are ignored.
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

    /// Returns the required scope, if any.
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

    /// Returns whether anyone may call the route. Its requests count as unauthenticated until the handler has run.
    pub(crate) const fn is_open(&self) -> bool {
        matches!(self.need, Need::Nothing)
    }

    /// Returns whether a started request must be completed even if the client disconnects.
    pub(crate) const fn changes(&self) -> bool {
        self.audit.is_some() || self.idempotent
    }

    /// Returns the limits of the body.
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
                note_credentials(parts);
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
                note_credentials(parts);
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

/// A connection with valid credentials is closed later than others when memory is short.
fn note_credentials(parts: &Parts) {
    if let Some(handle) = parts.extensions.get::<ConnectionHandle>() {
        handle.note_credentials();
    }
}

fn missing(scope: Scope) -> Failure {
    Failure::new(
        codes::SCOPE_MISSING,
        format!("this requires the scope `{scope}`"),
    )
    .with_fix(format!(
        "outrigger token create --name NAME --scope '{scope}'"
    ))
}
