//! Sends the same commands to a real Redis and to our listener, and compares the bytes of the replies.

use std::net::TcpStream;

use libtest_mimic::Trial;
use outrigger_resp::{Value, decode_reply};
use outrigger_testkit::{RedisServer, Requirement, trial};

use crate::{
    random, scripts,
    test_server::{Client, Setup, TestServer, connect},
};

/// How many random sequences run, each with both versions of the protocol.
const SEQUENCES: u64 = 12;
/// The number of commands in a sequence.
const COMMANDS: usize = 600;

/// A real Redis and our listener, both empty.
struct Pair {
    real: Client<TcpStream>,
    ours: Client<TcpStream>,
    _servers: (RedisServer, TestServer),
}

impl Pair {
    fn start() -> Self {
        let real = RedisServer::start(&[]).expect("redis-server starts");
        let ours = TestServer::start(Setup::default());
        Self {
            real: connect(real.address()),
            ours: ours.connect(),
            _servers: (real, ours),
        }
    }

    fn set_protocol(&mut self, version: &str) {
        for client in [&mut self.real, &mut self.ours] {
            assert!(!client.words(&format!("HELLO {version}")).starts_with('-'));
        }
    }

    /// Sends a command to both servers and compares the replies.
    fn compare(&mut self, args: &[&[u8]]) {
        let shown = || args.join(&b' ').escape_ascii().to_string();
        if args[0].eq_ignore_ascii_case(b"dbsize") {
            // Redis counts expired keys until they are accessed.
            for client in [&mut self.real, &mut self.ours] {
                client.words("EXISTS k0 k1 k2 k3 k4 k5 k6 k7");
            }
        }
        let (real, ours) = (self.real.call(args), self.ours.call(args));
        if real == ours {
            return;
        }
        let (real_value, ours_value) = (value(&real), value(&ours));
        let name = args[0].to_ascii_lowercase();
        let is_same = match name.as_slice() {
            b"keys" => sorted(&real_value) == sorted(&ours_value),
            b"ttl" | b"expiretime" => are_near(&real_value, &ours_value, 1),
            // Our limit differs, and the error text names it.
            b"setrange" | b"append" => {
                real.starts_with(b"-ERR string exceeds") && ours.starts_with(b"-ERR value of")
            }
            b"pttl" | b"pexpiretime" => are_near(&real_value, &ours_value, 1000),
            _ => false,
        };
        assert!(
            is_same,
            "{}\n  redis: {}\n  ours:  {}",
            shown(),
            real.escape_ascii(),
            ours.escape_ascii()
        );
    }

    /// Sends the same bytes to both servers and compares the whole output until they close.
    fn compare_until_closed(self, bytes: &[u8]) {
        let Self {
            mut real, mut ours, ..
        } = self;
        real.send(bytes);
        ours.send(bytes);
        let (real, ours) = (real.rest(), ours.rest());
        assert_eq!(
            real.escape_ascii().to_string(),
            ours.escape_ascii().to_string(),
            "{}",
            bytes[..bytes.len().min(100)].escape_ascii()
        );
    }
}

fn value(reply: &[u8]) -> Value {
    decode_reply(reply).expect("the reply is whole").0
}

fn sorted(value: &Value) -> Option<Vec<String>> {
    let Value::Array(elements) = value else {
        return None;
    };
    let mut shown: Vec<_> = elements
        .iter()
        .map(|element| format!("{element:?}"))
        .collect();
    shown.sort();
    Some(shown)
}

fn are_near(real: &Value, ours: &Value, tolerance: u64) -> bool {
    match (real, ours) {
        (Value::Integer(real), Value::Integer(ours)) => {
            real.signum() == ours.signum() && real.abs_diff(*ours) <= tolerance
        }
        _ => false,
    }
}

fn run_script(version: &str, script: &str) {
    let mut pair = Pair::start();
    pair.set_protocol(version);
    for line in script
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
    {
        let words: Vec<&[u8]> = line
            .split(' ')
            .map(|word| if word == "\"\"" { b"" } else { word.as_bytes() })
            .collect();
        pair.compare(&words);
    }
}

fn run_sequence(version: &str, seed: u64) {
    let mut pair = Pair::start();
    pair.set_protocol(version);
    let mut random = random::Random::new(seed);
    for _ in 0..COMMANDS {
        let command = random.command();
        let args: Vec<&[u8]> = command.iter().map(Vec::as_slice).collect();
        pair.compare(&args);
    }
    pair.compare(&[b"DBSIZE"]);
    pair.compare(&[b"KEYS", b"*"]);
}

pub(crate) fn trials() -> Vec<Trial> {
    let needs = &[Requirement::Redis];
    let mut trials = Vec::new();
    for version in ["2", "3"] {
        for (name, script) in scripts::SCRIPTS {
            let name = format!("{name}_as_in_redis_over_resp{version}");
            trials.push(trial(name, needs, move || async move {
                run_script(version, script);
            }));
        }
        for seed in 0..SEQUENCES {
            let name = format!("random_commands_as_in_redis_over_resp{version}_seed_{seed}");
            trials.push(trial(name, needs, move || async move {
                run_sequence(version, seed);
            }));
        }
    }
    for (name, bytes) in scripts::broken() {
        let name = format!("{name}_as_in_redis");
        trials.push(trial(name, needs, move || async move {
            Pair::start().compare_until_closed(&bytes);
        }));
    }
    trials
}
