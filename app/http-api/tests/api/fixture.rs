//! An API with the routes of a test.

use std::{collections::HashMap, net::SocketAddr, sync::Arc, time::Duration};

use async_trait::async_trait;
use axum::{body::Body, response::Response};
use bytes::Bytes;
use http::{Request, request::Builder};
use http_body_util::BodyExt;
use jiff::Timestamp;
use outrigger_access::{
    Access, AccessConfig, ClientInfo, MemoryThrottle, NewToken, Principal, TokenExpiry,
    store::SqliteAccessStore,
};
use outrigger_api_types::status::{DoctorReport, History, ServerIdentity, Status};
use outrigger_audit::{Act, AuditEntry, AuditFilter};
use outrigger_http_api::{
    Api, Claim, HttpConfig, IdempotencyKey, IdempotencyStore, Parts, Peer, Process, RedisFigures,
    RouteTable, StoreFailure,
};
use outrigger_sql::{SqliteDatabase, SqliteOptions};
use outrigger_stdx::{Actor, Clock, ManualClock, SystemClock};
use outrigger_telemetry::Metrics;
use outrigger_testkit::TempDir;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::Semaphore;

/// An API and its dependencies.
pub(crate) struct Fixture {
    pub(crate) api: Api,
    pub(crate) access: Access,
    pub(crate) owner: Principal,
    pub(crate) answers: Arc<Answers>,
    pub(crate) metrics: Metrics,
    _dir: TempDir,
}

/// A complete response.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("the body is JSON")
    }

    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn text(&self) -> &str {
        str::from_utf8(&self.body).expect("the body is text")
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

pub(crate) async fn with_routes(table: RouteTable) -> Fixture {
    with_config(table, HttpConfig::default()).await
}

pub(crate) async fn with_config(table: RouteTable, config: HttpConfig) -> Fixture {
    with_clock(table, config, SystemClock::shared()).await
}

pub(crate) async fn with_clock(
    table: RouteTable,
    config: HttpConfig,
    clock: Arc<dyn Clock>,
) -> Fixture {
    let dir = TempDir::new();
    let path = dir.join("state.db");
    let database = SqliteDatabase::open(&path, SqliteOptions::default(), Arc::clone(&clock)).await;
    let store = SqliteAccessStore::open(database.expect("it opens")).await;
    let store = Arc::new(store.expect("it migrates"));
    let access_config = AccessConfig::default();
    let throttle = MemoryThrottle::new(&access_config, Arc::clone(&clock));
    let access = Access::new(store, Arc::new(throttle), access_config, Arc::clone(&clock));
    access.ensure_owner().await.expect("the store works");
    let owner = access.local_principal().await.expect("there is an owner");
    let answers = Arc::new(Answers::default());
    let metrics = Metrics::new("0.0.0", &ManualClock::new());
    let parts = Parts {
        config,
        listener: address(),
        clock: Arc::clone(&clock),
        access: access.clone(),
        handles: http::Extensions::new(),
        identity: ServerIdentity {
            name: "test".to_owned(),
            environment: None,
            colour: None,
        },
        process: Arc::new(NoProcess),
        idempotency: Arc::clone(&answers) as Arc<dyn IdempotencyStore>,
        config_keys: Vec::new(),
        metrics: metrics.clone(),
        repeats: Arc::default(),
    };
    Fixture {
        api: Api::with_routes(parts, table),
        access,
        owner,
        answers,
        metrics,
        _dir: dir,
    }
}

/// The context of an operation of the test.
pub(crate) fn act() -> Act {
    Act::new(Actor::local())
}

fn address() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 7300))
}

impl Fixture {
    /// Creates a token with these scopes.
    pub(crate) async fn token(&self, scopes: &[&str]) -> String {
        let new = NewToken {
            name: format!("test {}", scopes.join(" ")),
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            expiry: TokenExpiry::Usual,
        };
        let created = self.access.create_token(&self.owner, &act(), new).await;
        created.expect("the owner may").text.expose().to_owned()
    }

    /// The `Cookie` header of a new session of the owner.
    pub(crate) async fn cookie(&self) -> String {
        let link = self
            .access
            .create_login_link(&self.owner, &act(), None)
            .await;
        let client = ClientInfo {
            address: [127, 0, 0, 1].into(),
            user_agent: String::new(),
        };
        let code = link.expect("the store works").code;
        let signed_in = self
            .access
            .redeem_login_link(&act(), code.expose(), &client)
            .await;
        let cookie = signed_in.expect("the link is good").cookie;
        format!("outrigger_7300={}", cookie.expose())
    }

    /// Sends a request from this machine and returns the response without reading its body. Nothing is executed before the first
    /// poll.
    pub(crate) fn begin(&self, request: Request<Body>) -> impl Future<Output = Response> + use<> {
        let peer = Peer::Tcp {
            address: SocketAddr::from(([127, 0, 0, 1], 50_000)),
            tls: false,
        };
        self.api.respond(request, peer)
    }

    /// Sends a request from this machine and returns the complete response.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let (parts, body) = self.begin(request).await.into_parts();
        let body = body.collect().await.expect("the body is whole");
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: body.to_bytes(),
        }
    }

    /// The audit entries of the requests, newest first.
    pub(crate) async fn audit(&self) -> Vec<AuditEntry> {
        let all = AuditFilter::default();
        let page = self.access.audit_log().list(&all, None, 50).await;
        let entries = page.expect("the store works").entries.into_iter();
        entries
            .filter(|entry| !["local", "system"].contains(&entry.actor_kind.as_str()))
            .collect()
    }
}

/// A request to this server.
pub(crate) fn request(method: &str, path: &str) -> Builder {
    Request::builder()
        .method(method)
        .uri(path)
        .header("host", "localhost:7300")
}

pub(crate) fn bearer(builder: Builder, token: &str) -> Builder {
    builder.header("authorization", format!("Bearer {token}"))
}

pub(crate) fn json(builder: Builder, body: &Value) -> Request<Body> {
    builder
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .expect("a request")
}

pub(crate) fn empty(builder: Builder) -> Request<Body> {
    builder.body(Body::empty()).expect("a request")
}

/// A body that sends no data and never ends.
pub(crate) fn silent() -> Body {
    Body::from_stream(futures_util::stream::pending::<Result<Bytes, std::io::Error>>())
}

/// Like [`silent`], and adds a permit to `read` when it is first polled.
pub(crate) fn silent_once_read(read: &Arc<Semaphore>) -> Body {
    let read = Arc::clone(read);
    let notifying = futures_util::stream::once(async move {
        read.add_permits(1);
        std::future::pending::<Result<Bytes, std::io::Error>>().await
    });
    Body::from_stream(notifying)
}

/// Waits for work that takes well under a second on an idle machine.
pub(crate) async fn soon<T>(work: impl Future<Output = T>) -> T {
    let patience = Duration::from_secs(60);
    let done = tokio::time::timeout(patience, work).await;
    done.expect("it is done within a minute")
}

/// Stores claims and responses in memory.
#[derive(Default)]
pub(crate) struct Answers(Mutex<HashMap<String, Claimed>>);

struct Claimed {
    fingerprint: [u8; 32],
    at: Timestamp,
    answer: Option<Bytes>,
}

impl Answers {
    /// Simulates another request that takes over every claim as abandoned.
    pub(crate) fn take_over(&self) {
        for claimed in self.0.lock().values_mut() {
            claimed.at += Duration::from_secs(600);
        }
    }

    /// Returns whether a claim has no response yet.
    pub(crate) fn has_open_claim(&self) -> bool {
        self.0
            .lock()
            .values()
            .any(|claimed| claimed.answer.is_none())
    }
}

#[async_trait]
impl IdempotencyStore for Answers {
    async fn claim(
        &self,
        key: &IdempotencyKey,
        fingerprint: [u8; 32],
        now: Timestamp,
    ) -> Result<Claim, StoreFailure> {
        let mut claims = self.0.lock();
        Ok(match claims.get(&key.key) {
            None => {
                let claimed = Claimed {
                    fingerprint,
                    at: now,
                    answer: None,
                };
                claims.insert(key.key.clone(), claimed);
                Claim::New
            }
            Some(claimed) if claimed.fingerprint != fingerprint => Claim::Other,
            Some(claimed) => match &claimed.answer {
                Some(answer) => Claim::Answered(answer.clone()),
                None => Claim::Running,
            },
        })
    }

    async fn answer(
        &self,
        key: &IdempotencyKey,
        claimed_at: Timestamp,
        answer: Bytes,
    ) -> Result<(), StoreFailure> {
        if let Some(claimed) = self.0.lock().get_mut(&key.key)
            && claimed.at == claimed_at
        {
            claimed.answer = Some(answer);
        }
        Ok(())
    }

    async fn release(
        &self,
        key: &IdempotencyKey,
        claimed_at: Timestamp,
    ) -> Result<(), StoreFailure> {
        self.0
            .lock()
            .retain(|known, claimed| *known != key.key || claimed.at != claimed_at);
        Ok(())
    }
}

/// A process whose state no route of these tests reads.
struct NoProcess;

#[async_trait]
impl Process for NoProcess {
    async fn status(&self) -> Status {
        unreachable!("no route of these tests reads it")
    }

    fn history(&self, _: Option<i64>) -> History {
        unreachable!("no route of these tests reads it")
    }

    async fn doctor(&self) -> DoctorReport {
        unreachable!("no route of these tests reads it")
    }

    fn redis_figures(&self) -> RedisFigures {
        RedisFigures::default()
    }

    async fn unready(&self) -> Option<String> {
        None
    }
}
