//! Who may use the cache.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use libtest_mimic::Trial;
use outrigger_redis_api::{Authenticator, Peer};
use outrigger_stdx::Secret;
use outrigger_testkit::trial;

use crate::ours::{Ours, Setup};

/// Knows one token, and remembers what it was told.
#[derive(Debug, Default)]
struct Gate {
    told: Mutex<Vec<String>>,
    is_closed: bool,
}

impl Gate {
    fn tell(&self, what: &str, peer: Peer) {
        let Peer::Tcp(address) = peer else {
            panic!("the test connects over TCP");
        };
        self.told
            .lock()
            .expect("nobody panics")
            .push(format!("{what} {}", address.ip()));
    }

    fn told(&self) -> Vec<String> {
        self.told.lock().expect("nobody panics").clone()
    }
}

#[async_trait]
impl Authenticator for Gate {
    async fn admits(&self, _: Peer) -> bool {
        !self.is_closed
    }

    async fn allows(&self, token: &str, _: Peer) -> bool {
        token == "otr_token"
    }

    async fn failed(&self, peer: Peer, _: &str) {
        self.tell("failed", peer);
    }

    async fn succeeded(&self, peer: Peer) {
        self.tell("succeeded", peer);
    }
}

fn guarded(gate: &Arc<Gate>) -> Ours {
    let mut setup = Setup::default();
    setup.redis.password = Some(Secret::new("open sesame".to_owned()));
    setup.authenticator = Arc::clone(gate) as Arc<dyn Authenticator>;
    Ours::start(setup)
}

const WRONG: &str = "-WRONGPASS invalid username-password pair or user is disabled.\r\n";
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

    assert_eq!(gate.told(), ["failed 127.0.0.1", "succeeded 127.0.0.1"]);
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

async fn a_peer_with_too_many_failures_is_not_even_heard() {
    let gate = Arc::new(Gate {
        is_closed: true,
        ..Gate::default()
    });
    let ours = guarded(&gate);
    let mut client = ours.connect();

    let reply = client.call(&[b"AUTH", b"open sesame"]);

    assert_eq!(
        String::from_utf8_lossy(&reply),
        "-ERR too many failed attempts to authenticate, try again later\r\n"
    );
    assert_eq!(gate.told(), Vec::<String>::new());
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
            "a_peer_with_too_many_failures_is_not_even_heard",
            &[],
            a_peer_with_too_many_failures_is_not_even_heard,
        ),
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
