//! Who may use the cache.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use libtest_mimic::Trial;
use outrigger_redis_api::{Authenticator, Grant, Peer, SecretKind, Validity};
use outrigger_stdx::{Actor, Clock, ManualClock, Secret};
use outrigger_testkit::trial;

use crate::ours::{Ours, Setup};

/// Knows one token, and remembers what it was told.
#[derive(Debug, Default)]
struct Gate {
    told: Mutex<Vec<String>>,
    is_closed: bool,
    token: Arc<Token>,
}

/// The token, which a test revokes.
#[derive(Debug, Default)]
struct Token {
    expires_at: Option<i64>,
    validity: Mutex<Option<Validity>>,
    /// After so many looks there is a doubt; none yet, when zero.
    doubted_after: AtomicUsize,
    is_in_doubt: AtomicBool,
}

impl Token {
    /// Ends it, as this process does.
    fn revoke(&self) {
        self.find(Validity::Ended);
        self.is_in_doubt.store(true, Ordering::SeqCst);
    }

    /// What the next check finds.
    fn find(&self, validity: Validity) {
        *self.validity.lock().expect("nobody panics") = Some(validity);
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

    fn is_in_doubt(&self) -> bool {
        let left = self.doubted_after.load(Ordering::SeqCst);
        if left > 0 {
            self.doubted_after.store(left - 1, Ordering::SeqCst);
            if left == 1 {
                self.revoke();
            }
        }
        self.is_in_doubt.load(Ordering::SeqCst)
    }

    fn check_every(&self) -> Duration {
        Duration::from_secs(5)
    }

    async fn check(&self) -> Validity {
        self.is_in_doubt.store(false, Ordering::SeqCst);
        let validity = *self.validity.lock().expect("nobody panics");
        validity.unwrap_or(Validity::Valid)
    }
}

impl Gate {
    fn tell(&self, what: &str, peer: Peer, kind: SecretKind) {
        let Peer::Tcp(address) = peer else {
            panic!("the test connects over TCP");
        };
        self.told
            .lock()
            .expect("nobody panics")
            .push(format!("{what} {kind:?} {}", address.ip()));
    }

    fn told(&self) -> Vec<String> {
        self.told.lock().expect("nobody panics").clone()
    }
}

#[async_trait]
impl Authenticator for Gate {
    async fn admits(&self, _: Peer, _: SecretKind) -> bool {
        !self.is_closed
    }

    async fn allows(&self, token: &Secret, _: Peer) -> Option<Arc<dyn Grant>> {
        let is_known = token.expose() == "otr_token";
        is_known.then(|| Arc::clone(&self.token) as Arc<dyn Grant>)
    }

    async fn failed(&self, peer: Peer, kind: SecretKind, _: &Secret) -> bool {
        self.tell("failed", peer, kind);
        self.is_closed
    }

    async fn succeeded(&self, peer: Peer, kind: SecretKind) {
        self.tell("succeeded", peer, kind);
    }
}

/// A listener with a password, and a clock that the test turns.
fn guarded_on(clock: &ManualClock, gate: &Arc<Gate>) -> Ours {
    let mut setup = Setup {
        clock: Arc::new(clock.clone()),
        ..Setup::default()
    };
    setup.redis.password = Some(Secret::new("open sesame".to_owned()));
    setup.authenticator = Arc::clone(gate) as Arc<dyn Authenticator>;
    Ours::start(setup)
}

/// Turns the clock by one second once the server waits for it.
fn tick(clock: &ManualClock) {
    while clock.sleepers() == 0 {
        std::thread::yield_now();
    }
    clock.advance(Duration::from_secs(1));
}

fn guarded(gate: &Arc<Gate>) -> Ours {
    let mut setup = Setup::default();
    setup.redis.password = Some(Secret::new("open sesame".to_owned()));
    setup.authenticator = Arc::clone(gate) as Arc<dyn Authenticator>;
    Ours::start(setup)
}

const WRONG: &str = "-WRONGPASS invalid username-password pair or user is disabled.\r\n";
const THROTTLED: &str = "-ERR too many failed attempts to authenticate, try again later\r\n";
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

async fn a_token_is_as_good_as_the_password_and_every_attempt_is_told() {
    let gate = Arc::default();
    let ours = guarded(&gate);
    let mut client = ours.connect();

    assert_eq!(client.words("AUTH otr_wrong"), WRONG);
    assert_eq!(client.words("AUTH anybody otr_token"), "+OK\r\n");
    assert_eq!(client.words("GET a"), "$-1\r\n");

    assert_eq!(
        gate.told(),
        ["failed Password 127.0.0.1", "succeeded Token 127.0.0.1"]
    );
}

async fn hello_authenticates_and_switches_at_once() {
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

async fn a_peer_with_too_many_failures_is_told_so_and_disconnected() {
    let gate = Arc::new(Gate {
        is_closed: true,
        ..Gate::default()
    });
    let ours = guarded(&gate);

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

async fn a_name_without_a_password_proves_nothing_and_counts_for_nothing() {
    let gate = Arc::new(Gate::default());
    let ours = Ours::start(Setup {
        authenticator: Arc::clone(&gate) as Arc<dyn Authenticator>,
        ..Setup::default()
    });
    let mut client = ours.connect();

    assert_eq!(client.words("AUTH default anything"), "+OK\r\n");

    assert_eq!(gate.told(), Vec::<String>::new());
}

async fn a_revoked_token_ends_the_connection_at_its_next_command() {
    let gate = Arc::new(Gate::default());
    let ours = guarded(&gate);
    let mut client = ours.connect();
    client.words("AUTH otr_token");
    client.words("SET a 1");

    gate.token.revoke();
    client.send("GET a\r\nSET b 2\r\n");

    assert_eq!(String::from_utf8_lossy(&client.rest()), REVOKED);
    assert_eq!(ours.cache.stats().entries_total(), 1);
}

async fn a_token_that_is_revoked_in_the_middle_of_a_pipeline_ends_it_there() {
    let gate = Arc::new(Gate::default());
    let ours = guarded(&gate);
    let mut client = ours.connect();
    client.words("AUTH otr_token");
    client.words("PING");

    gate.token.doubted_after.store(3, Ordering::SeqCst);
    let pipeline: String = (0..100).map(|key| format!("SET {key} 1\r\n")).collect();
    client.send(pipeline);

    // Sixteen requests are executed between two looks.
    let expected = "+OK\r\n".repeat(32) + REVOKED;
    assert_eq!(String::from_utf8_lossy(&client.rest()), expected);
    assert_eq!(ours.cache.stats().entries_total(), 32);
}

async fn a_doubt_that_was_about_another_token_changes_nothing() {
    let gate = Arc::new(Gate::default());
    let ours = guarded(&gate);
    let mut client = ours.connect();
    client.words("AUTH otr_token");

    gate.token.is_in_doubt.store(true, Ordering::SeqCst);

    assert_eq!(client.words("PING"), "+PONG\r\n");
}

async fn a_revoked_token_ends_connections_that_ask_nothing() {
    let (gate, clock) = (Arc::new(Gate::default()), ManualClock::new());
    let ours = guarded_on(&clock, &gate);
    let mut client = ours.connect();
    client.words("AUTH otr_token");

    gate.token.revoke();
    tick(&clock);

    assert_eq!(String::from_utf8_lossy(&client.rest()), REVOKED);
}

async fn a_revoked_token_ends_connections_that_do_not_read() {
    let (gate, clock) = (Arc::new(Gate::default()), ManualClock::new());
    let ours = guarded_on(&clock, &gate);
    let mut client = ours.connect();
    client.words("AUTH otr_token");
    client.call(&[b"SET", b"a", &[b'v'; 1 << 20]]);
    client.send(b"GET a\r\n".repeat(100));
    let mut other = ours.connect();
    // The system takes some of the replies. Then the connection waits.
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

    gate.token.revoke();
    tick(&clock);

    while ours.metrics.connections() > 1 {
        other.words("PING");
    }
    assert_eq!(ours.metrics.buffers(), 0);
}

async fn a_token_ends_the_connection_when_it_expires() {
    let clock = ManualClock::new();
    let gate = Arc::new(Gate {
        token: Arc::new(Token {
            expires_at: Some(clock.now().as_millisecond() + 60_000),
            ..Token::default()
        }),
        ..Gate::default()
    });
    let ours = guarded_on(&clock, &gate);
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

async fn what_another_node_revokes_ends_the_connection_within_the_time_that_credentials_are_believed()
 {
    let (gate, clock) = (Arc::new(Gate::default()), ManualClock::new());
    let ours = guarded_on(&clock, &gate);
    let mut client = ours.connect();
    client.words("AUTH otr_token");

    gate.token.find(Validity::Ended);
    for _ in 0..6 {
        tick(&clock);
    }

    assert_eq!(String::from_utf8_lossy(&client.rest()), REVOKED);
}

async fn a_store_that_cannot_be_reached_ends_only_connections_in_doubt() {
    let (gate, clock) = (Arc::new(Gate::default()), ManualClock::new());
    let ours = guarded_on(&clock, &gate);
    let mut client = ours.connect();
    client.words("AUTH otr_token");

    gate.token.find(Validity::Unknown);
    for _ in 0..20 {
        tick(&clock);
    }
    assert_eq!(client.words("PING"), "+PONG\r\n");

    gate.token.is_in_doubt.store(true, Ordering::SeqCst);
    client.send("PING\r\n");
    assert_eq!(String::from_utf8_lossy(&client.rest()), REVOKED);
}

async fn the_oldest_connection_that_has_not_authenticated_gives_way_to_a_new_one() {
    let mut setup = Setup::default();
    setup.redis.password = Some(Secret::new("open sesame".to_owned()));
    setup.redis.unauthenticated_per_address_max = 2;
    let ours = Ours::start(setup);
    let mut admitted = ours.connect();
    admitted.call(&[b"AUTH", b"open sesame"]);

    let [oldest, mut older, mut newest] = [ours.connect(), ours.connect(), ours.connect()];

    assert_eq!(oldest.rest(), b"");
    assert_eq!(newest.call(&[b"AUTH", b"open sesame"]), b"+OK\r\n");
    assert_eq!(older.words("PING"), NOAUTH);
    assert_eq!(admitted.words("PING"), "+PONG\r\n");
}

async fn requests_that_came_with_the_password_are_answered_after_it() {
    let ours = guarded(&Arc::default());
    let mut client = ours.connect();

    client.send("PING\r\nAUTH 'open sesame'\r\nPING\r\nSET a 1\r\nGET a\r\nQUIT\r\n");

    let expected = format!("{NOAUTH}+OK\r\n+PONG\r\n+OK\r\n$1\r\n1\r\n+OK\r\n");
    assert_eq!(String::from_utf8_lossy(&client.rest()), expected);
}

async fn before_the_password_requests_are_held_short() {
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
            "a_token_is_as_good_as_the_password_and_every_attempt_is_told",
            &[],
            a_token_is_as_good_as_the_password_and_every_attempt_is_told,
        ),
        trial(
            "hello_authenticates_and_switches_at_once",
            &[],
            hello_authenticates_and_switches_at_once,
        ),
        trial(
            "a_peer_with_too_many_failures_is_told_so_and_disconnected",
            &[],
            a_peer_with_too_many_failures_is_told_so_and_disconnected,
        ),
        trial("a_name_without_a_password_proves_nothing_and_counts_for_nothing", &[], a_name_without_a_password_proves_nothing_and_counts_for_nothing),
        trial("a_revoked_token_ends_the_connection_at_its_next_command", &[], a_revoked_token_ends_the_connection_at_its_next_command),
        trial("a_token_that_is_revoked_in_the_middle_of_a_pipeline_ends_it_there", &[], a_token_that_is_revoked_in_the_middle_of_a_pipeline_ends_it_there),
        trial("a_doubt_that_was_about_another_token_changes_nothing", &[], a_doubt_that_was_about_another_token_changes_nothing),
        trial("a_revoked_token_ends_connections_that_ask_nothing", &[], a_revoked_token_ends_connections_that_ask_nothing),
        trial("a_revoked_token_ends_connections_that_do_not_read", &[], a_revoked_token_ends_connections_that_do_not_read),
        trial("a_token_ends_the_connection_when_it_expires", &[], a_token_ends_the_connection_when_it_expires),
        trial("what_another_node_revokes_ends_the_connection_within_the_time_that_credentials_are_believed", &[], what_another_node_revokes_ends_the_connection_within_the_time_that_credentials_are_believed),
        trial("a_store_that_cannot_be_reached_ends_only_connections_in_doubt", &[], a_store_that_cannot_be_reached_ends_only_connections_in_doubt),
        trial("the_oldest_connection_that_has_not_authenticated_gives_way_to_a_new_one", &[], the_oldest_connection_that_has_not_authenticated_gives_way_to_a_new_one),
        trial(
            "requests_that_came_with_the_password_are_answered_after_it",
            &[],
            requests_that_came_with_the_password_are_answered_after_it,
        ),
        trial(
            "before_the_password_requests_are_held_short",
            &[],
            before_the_password_requests_are_held_short,
        ),
    ]
}
