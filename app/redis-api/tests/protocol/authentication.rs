//! Authentication, and the end of connections whose token ends.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use libtest_mimic::Trial;
use outrigger_redis_api::{Authenticator, Grant, Peer, SecretKind, Unavailable, Validity};
use outrigger_stdx::{Actor, Clock, ManualClock, Secret};
use outrigger_testkit::trial;

use crate::test_server::{Setup, TestServer};

/// An authenticator that accepts one token and records its calls.
#[derive(Debug, Default)]
struct TestAuthenticator {
    calls: Mutex<Vec<String>>,
    is_closed: bool,
    is_unavailable: bool,
    token: Arc<Token>,
}

/// The grant of the token. A test can revoke it.
#[derive(Debug, Default)]
struct Token {
    expires_at: Option<i64>,
    validity: Mutex<Option<Validity>>,
    /// If not zero: after this many calls of `may_be_revoked`, the token is revoked.
    revoked_after: AtomicUsize,
    may_be_revoked: AtomicBool,
}

impl Token {
    /// Revokes the token the way a revocation in the same process does.
    fn revoke(&self) {
        self.set_validity(Validity::Ended);
        self.may_be_revoked.store(true, Ordering::SeqCst);
    }

    /// Sets the result of the next checks.
    fn set_validity(&self, validity: Validity) {
        *self
            .validity
            .lock()
            .expect("no thread panics while it holds the lock") = Some(validity);
    }
}

#[async_trait]
impl Grant for Token {
    fn holder(&self) -> Actor {
        Actor::local()
    }

    fn expires_at(&self) -> Option<i64> {
        self.expires_at
    }

    fn may_be_revoked(&self) -> bool {
        let left = self.revoked_after.load(Ordering::SeqCst);
        if left > 0 {
            self.revoked_after.store(left - 1, Ordering::SeqCst);
            if left == 1 {
                self.revoke();
            }
        }
        self.may_be_revoked.load(Ordering::SeqCst)
    }

    fn check_every(&self) -> Duration {
        Duration::from_secs(5)
    }

    async fn check(&self) -> Validity {
        self.may_be_revoked.store(false, Ordering::SeqCst);
        let validity = *self
            .validity
            .lock()
            .expect("no thread panics while it holds the lock");
        validity.unwrap_or(Validity::Valid)
    }
}

impl TestAuthenticator {
    fn record(&self, what: &str, peer: Peer, kind: SecretKind) {
        let Peer::Tcp(address) = peer else {
            panic!("the test connects over TCP");
        };
        self.calls
            .lock()
            .expect("no thread panics while it holds the lock")
            .push(format!("{what} {kind:?} {}", address.ip()));
    }

    fn calls(&self) -> Vec<String> {
        self.calls
            .lock()
            .expect("no thread panics while it holds the lock")
            .clone()
    }
}

#[async_trait]
impl Authenticator for TestAuthenticator {
    async fn admits(&self, _: Peer, _: SecretKind) -> bool {
        !self.is_closed
    }

    async fn check_token(
        &self,
        token: &Secret,
        _: Peer,
    ) -> Result<Option<Arc<dyn Grant>>, Unavailable> {
        if self.is_unavailable {
            return Err(Unavailable);
        }
        let is_known = token.expose() == "otr_token";
        Ok(is_known.then(|| Arc::clone(&self.token) as Arc<dyn Grant>))
    }

    async fn failed(&self, peer: Peer, kind: SecretKind, _: &Secret) -> bool {
        self.record("failed", peer, kind);
        self.is_closed
    }

    async fn succeeded(&self, peer: Peer, kind: SecretKind) {
        self.record("succeeded", peer, kind);
    }
}

/// Starts a listener with a password and a manual clock.
fn guarded_on(clock: &ManualClock, authenticator: &Arc<TestAuthenticator>) -> TestServer {
    let mut setup = Setup {
        clock: Arc::new(clock.clone()),
        ..Setup::default()
    };
    setup.redis.password = Some(Secret::new("open sesame".to_owned()));
    setup.authenticator = Arc::clone(authenticator) as Arc<dyn Authenticator>;
    TestServer::start(setup)
}

/// Advances the clock by one second once the server waits for it.
fn tick(clock: &ManualClock) {
    while clock.sleepers() == 0 {
        std::thread::yield_now();
    }
    clock.advance(Duration::from_secs(1));
}

fn guarded(authenticator: &Arc<TestAuthenticator>) -> TestServer {
    let mut setup = Setup::default();
    setup.redis.password = Some(Secret::new("open sesame".to_owned()));
    setup.authenticator = Arc::clone(authenticator) as Arc<dyn Authenticator>;
    TestServer::start(setup)
}

const WRONG: &str = "-WRONGPASS invalid username-password pair or user is disabled.\r\n";
const THROTTLED: &str = "-ERR too many failed attempts to authenticate, try again later\r\n";
const UNAVAILABLE: &str = "-ERR credentials cannot be checked now because the account store is unavailable, try again later\r\n";
const REVOKED: &str = "-NOAUTH the token of this connection was revoked, has expired, or no longer allows the cache\r\n";
const NOAUTH: &str = "-NOAUTH Authentication required.\r\n";

async fn nothing_is_executed_before_the_password() {
    let ours = guarded(&Arc::default());
    let mut client = ours.connect();

    assert_eq!(client.words("SET a 1"), NOAUTH);
    assert_eq!(client.words("PING"), NOAUTH);
    assert!(client.words("NOSUCH").starts_with("-ERR unknown command"));
    assert!(
        client
            .words("HELLO 3")
            .starts_with("-NOAUTH HELLO must be called")
    );
    assert_eq!(client.words("AUTH wrong"), WRONG);
    assert_eq!(client.words("AUTH somebody open"), WRONG);
    assert_eq!(client.words("AUTH open sesame"), WRONG);
    assert_eq!(client.call(&[b"AUTH", b"open sesame"]), b"+OK\r\n");
    assert_eq!(client.words("SET a 1"), "+OK\r\n");
    assert_eq!(client.words("RESET"), "+RESET\r\n");
    assert_eq!(client.words("GET a"), NOAUTH);
    assert_eq!(
        client.call(&[b"AUTH", b"default", b"open sesame"]),
        b"+OK\r\n"
    );
    assert_eq!(client.words("QUIT"), "+OK\r\n");
}

async fn a_token_authenticates_like_the_password_and_every_attempt_is_reported() {
    let authenticator = Arc::default();
    let ours = guarded(&authenticator);
    let mut client = ours.connect();

    assert_eq!(client.words("AUTH otr_wrong"), WRONG);
    assert_eq!(client.words("AUTH anybody otr_token"), "+OK\r\n");
    assert_eq!(client.words("GET a"), "$-1\r\n");

    assert_eq!(
        authenticator.calls(),
        ["failed Password 127.0.0.1", "succeeded Token 127.0.0.1"]
    );
}

async fn hello_authenticates_and_switches_the_protocol() {
    let ours = guarded(&Arc::default());
    let mut client = ours.connect();

    let refused = client.words("HELLO 3 AUTH default wrong SETNAME me");
    let accepted = client.words("HELLO 3 AUTH default otr_token SETNAME me");

    assert_eq!(refused, WRONG);
    assert!(
        accepted.starts_with("%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n"),
        "{accepted}"
    );
    assert_eq!(client.words("CLIENT GETNAME"), "$2\r\nme\r\n");
    assert_eq!(client.words("GET a"), "_\r\n");
}

async fn a_peer_with_too_many_failures_receives_an_error_and_is_disconnected() {
    let authenticator = Arc::new(TestAuthenticator {
        is_closed: true,
        ..TestAuthenticator::default()
    });
    let ours = guarded(&authenticator);

    for secret in ["'open sesame'", "otr_token", "wrong"] {
        let mut client = ours.connect();
        client.send(format!("AUTH {secret}\r\nPING\r\n"));
        assert_eq!(
            String::from_utf8_lossy(&client.rest()),
            THROTTLED,
            "{secret}"
        );
    }
}

async fn while_the_account_store_is_unavailable_auth_says_so_and_only_wrong_passwords_count_as_failures()
 {
    let authenticator = Arc::new(TestAuthenticator {
        is_unavailable: true,
        ..TestAuthenticator::default()
    });
    let ours = guarded(&authenticator);
    let mut client = ours.connect();

    assert_eq!(client.words("AUTH somebody otr_token"), UNAVAILABLE);
    assert_eq!(client.words("HELLO 3 AUTH somebody otr_token"), UNAVAILABLE);
    assert_eq!(authenticator.calls(), Vec::<String>::new());
    assert_eq!(client.words("AUTH otr_token"), UNAVAILABLE);
    assert_eq!(client.call(&[b"AUTH", b"open sesame"]), b"+OK\r\n");

    assert_eq!(
        authenticator.calls(),
        ["failed Password 127.0.0.1", "succeeded Password 127.0.0.1"]
    );
}

async fn without_a_configured_password_the_default_user_may_send_any_and_nothing_is_reported() {
    let authenticator = Arc::new(TestAuthenticator::default());
    let ours = TestServer::start(Setup {
        authenticator: Arc::clone(&authenticator) as Arc<dyn Authenticator>,
        ..Setup::default()
    });
    let mut client = ours.connect();

    assert_eq!(client.words("AUTH default anything"), "+OK\r\n");

    assert_eq!(authenticator.calls(), Vec::<String>::new());
}

async fn a_revoked_token_ends_the_connection_at_its_next_command() {
    let authenticator = Arc::new(TestAuthenticator::default());
    let ours = guarded(&authenticator);
    let mut client = ours.connect();
    client.words("AUTH otr_token");
    client.words("SET a 1");

    authenticator.token.revoke();
    client.send("GET a\r\nSET b 2\r\n");

    assert_eq!(String::from_utf8_lossy(&client.rest()), REVOKED);
    assert_eq!(ours.cache.stats().entries_total(), 1);
}

async fn a_token_revoked_in_the_middle_of_a_pipeline_stops_the_pipeline_there() {
    let authenticator = Arc::new(TestAuthenticator::default());
    let ours = guarded(&authenticator);
    let mut client = ours.connect();
    client.words("AUTH otr_token");
    client.words("PING");

    authenticator.token.revoked_after.store(3, Ordering::SeqCst);
    let pipeline: String = (0..100).map(|key| format!("SET {key} 1\r\n")).collect();
    client.send(pipeline);

    // Sixteen requests are executed between two calls of `may_be_revoked`.
    let expected = "+OK\r\n".repeat(32) + REVOKED;
    assert_eq!(String::from_utf8_lossy(&client.rest()), expected);
    assert_eq!(ours.cache.stats().entries_total(), 32);
}

async fn a_revocation_of_another_token_does_not_end_the_connection() {
    let authenticator = Arc::new(TestAuthenticator::default());
    let ours = guarded(&authenticator);
    let mut client = ours.connect();
    client.words("AUTH otr_token");

    authenticator
        .token
        .may_be_revoked
        .store(true, Ordering::SeqCst);

    assert_eq!(client.words("PING"), "+PONG\r\n");
}

async fn a_revoked_token_ends_idle_connections() {
    let (authenticator, clock) = (Arc::new(TestAuthenticator::default()), ManualClock::new());
    let ours = guarded_on(&clock, &authenticator);
    let mut client = ours.connect();
    client.words("AUTH otr_token");

    authenticator.token.revoke();
    tick(&clock);

    assert_eq!(String::from_utf8_lossy(&client.rest()), REVOKED);
}

async fn a_revoked_token_ends_connections_that_do_not_read() {
    let (authenticator, clock) = (Arc::new(TestAuthenticator::default()), ManualClock::new());
    let ours = guarded_on(&clock, &authenticator);
    let mut client = ours.connect();
    client.words("AUTH otr_token");
    client.call(&[b"SET", b"a", &[b'v'; 1 << 20]]);
    client.send(b"GET a\r\n".repeat(100));
    let mut other = ours.connect();
    // The system accepts some of the replies. Then the connection waits.
    let mut calm = 0;
    let mut before = 0;
    while calm < 100 {
        other.words("PING");
        let held = ours.metrics.buffers();
        calm = if held > 0 && held == before {
            calm + 1
        } else {
            0
        };
        before = held;
    }

    authenticator.token.revoke();
    tick(&clock);

    while ours.metrics.connections() > 1 {
        other.words("PING");
    }
    assert_eq!(ours.metrics.buffers(), 0);
}

async fn a_token_ends_the_connection_when_it_expires() {
    let clock = ManualClock::new();
    let authenticator = Arc::new(TestAuthenticator {
        token: Arc::new(Token {
            expires_at: Some(clock.now().as_millisecond() + 60_000),
            ..Token::default()
        }),
        ..TestAuthenticator::default()
    });
    let ours = guarded_on(&clock, &authenticator);
    let (mut busy, mut idle) = (ours.connect(), ours.connect());
    busy.words("AUTH otr_token");
    idle.words("AUTH otr_token");

    clock.advance(Duration::from_secs(59));
    assert_eq!(busy.words("PING"), "+PONG\r\n");
    clock.advance(Duration::from_secs(1));
    busy.send("PING\r\n");

    assert_eq!(String::from_utf8_lossy(&busy.rest()), REVOKED);
    tick(&clock);
    assert_eq!(String::from_utf8_lossy(&idle.rest()), REVOKED);
}

async fn a_token_revoked_by_another_node_ends_the_connection_at_the_next_periodic_check() {
    let (authenticator, clock) = (Arc::new(TestAuthenticator::default()), ManualClock::new());
    let ours = guarded_on(&clock, &authenticator);
    let mut client = ours.connect();
    client.words("AUTH otr_token");

    authenticator.token.set_validity(Validity::Ended);
    for _ in 0..6 {
        tick(&clock);
    }

    assert_eq!(String::from_utf8_lossy(&client.rest()), REVOKED);
}

async fn an_unavailable_store_ends_only_connections_whose_token_may_be_revoked() {
    let (authenticator, clock) = (Arc::new(TestAuthenticator::default()), ManualClock::new());
    let ours = guarded_on(&clock, &authenticator);
    let mut client = ours.connect();
    client.words("AUTH otr_token");

    authenticator.token.set_validity(Validity::Unknown);
    for _ in 0..20 {
        tick(&clock);
    }
    assert_eq!(client.words("PING"), "+PONG\r\n");

    authenticator
        .token
        .may_be_revoked
        .store(true, Ordering::SeqCst);
    client.send("PING\r\n");
    assert_eq!(String::from_utf8_lossy(&client.rest()), REVOKED);
}

async fn a_new_connection_closes_unauthenticated_ones_that_are_a_second_old() {
    let clock = ManualClock::new();
    let mut setup = Setup {
        clock: Arc::new(clock.clone()),
        ..Setup::default()
    };
    setup.redis.password = Some(Secret::new("open sesame".to_owned()));
    setup.redis.unauthenticated_per_address_max = 2;
    let ours = TestServer::start(setup);
    let mut admitted = ours.connect();
    admitted.call(&[b"AUTH", b"open sesame"]);

    let [mut oldest, mut older, mut newer] = [(); 3].map(|()| ours.connect());
    let during = [&mut oldest, &mut older, &mut newer].map(|client| client.words("PING"));
    tick(&clock);
    let mut newest = ours.connect();

    assert_eq!(during, [NOAUTH; 3]);
    assert_eq!((oldest.rest(), older.rest()), (vec![], vec![]));
    assert_eq!(newest.call(&[b"AUTH", b"open sesame"]), b"+OK\r\n");
    assert_eq!(newer.words("PING"), NOAUTH);
    assert_eq!(admitted.words("PING"), "+PONG\r\n");
}

async fn requests_sent_together_with_the_password_run_after_it() {
    let ours = guarded(&Arc::default());
    let mut client = ours.connect();

    client.send("PING\r\nAUTH 'open sesame'\r\nPING\r\nSET a 1\r\nGET a\r\nQUIT\r\n");

    let expected = format!("{NOAUTH}+OK\r\n+PONG\r\n+OK\r\n$1\r\n1\r\n+OK\r\n");
    assert_eq!(String::from_utf8_lossy(&client.rest()), expected);
}

async fn unauthenticated_requests_have_tighter_limits() {
    let ours = guarded(&Arc::default());

    let mut many = ours.connect();
    many.send("*11\r\n");
    let mut long = ours.connect();
    long.send("*2\r\n$4\r\nECHO\r\n$16385\r\n");

    assert_eq!(
        String::from_utf8_lossy(&many.rest()),
        "-ERR Protocol error: unauthenticated multibulk length\r\n"
    );
    assert_eq!(
        String::from_utf8_lossy(&long.rest()),
        "-ERR Protocol error: unauthenticated bulk length\r\n"
    );
}

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial(
            "nothing_is_executed_before_the_password",
            &[],
            nothing_is_executed_before_the_password,
        ),
        trial(
            "a_token_authenticates_like_the_password_and_every_attempt_is_reported",
            &[],
            a_token_authenticates_like_the_password_and_every_attempt_is_reported,
        ),
        trial(
            "hello_authenticates_and_switches_the_protocol",
            &[],
            hello_authenticates_and_switches_the_protocol,
        ),
        trial(
            "a_peer_with_too_many_failures_receives_an_error_and_is_disconnected",
            &[],
            a_peer_with_too_many_failures_receives_an_error_and_is_disconnected,
        ),
        trial("while_the_account_store_is_unavailable_auth_says_so_and_only_wrong_passwords_count_as_failures", &[], while_the_account_store_is_unavailable_auth_says_so_and_only_wrong_passwords_count_as_failures),
        trial("without_a_configured_password_the_default_user_may_send_any_and_nothing_is_reported", &[], without_a_configured_password_the_default_user_may_send_any_and_nothing_is_reported),
        trial("a_revoked_token_ends_the_connection_at_its_next_command", &[], a_revoked_token_ends_the_connection_at_its_next_command),
        trial("a_token_revoked_in_the_middle_of_a_pipeline_stops_the_pipeline_there", &[], a_token_revoked_in_the_middle_of_a_pipeline_stops_the_pipeline_there),
        trial("a_revocation_of_another_token_does_not_end_the_connection", &[], a_revocation_of_another_token_does_not_end_the_connection),
        trial("a_revoked_token_ends_idle_connections", &[], a_revoked_token_ends_idle_connections),
        trial("a_revoked_token_ends_connections_that_do_not_read", &[], a_revoked_token_ends_connections_that_do_not_read),
        trial("a_token_ends_the_connection_when_it_expires", &[], a_token_ends_the_connection_when_it_expires),
        trial("a_token_revoked_by_another_node_ends_the_connection_at_the_next_periodic_check", &[], a_token_revoked_by_another_node_ends_the_connection_at_the_next_periodic_check),
        trial("an_unavailable_store_ends_only_connections_whose_token_may_be_revoked", &[], an_unavailable_store_ends_only_connections_whose_token_may_be_revoked),
        trial("a_new_connection_closes_unauthenticated_ones_that_are_a_second_old", &[], a_new_connection_closes_unauthenticated_ones_that_are_a_second_old),
        trial(
            "requests_sent_together_with_the_password_run_after_it",
            &[],
            requests_sent_together_with_the_password_run_after_it,
        ),
        trial(
            "unauthenticated_requests_have_tighter_limits",
            &[],
            unauthenticated_requests_have_tighter_limits,
        ),
    ]
}
