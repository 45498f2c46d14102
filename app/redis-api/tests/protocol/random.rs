//! Random commands from a seed: mostly valid ones on few keys, some with wrong values, options or argument counts.

/// A random number generator that depends on its seed alone (xorshift, Marsaglia 2003).
pub(crate) struct Random(u64);

const VALUES: [&str; 22] = [
    "0",
    "1",
    "-1",
    "10",
    "007",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
    "3.5",
    "-0.25",
    "1e3",
    "1.5e-3",
    "",
    "a",
    "hello world",
    " 1",
    "1 ",
    "nan",
    "inf",
    "\r\n",
    "\u{0}x",
    "äöü",
];
const TIMES: [&str; 8] = [
    "100000",
    "500000",
    "0",
    "-1",
    "9223372036854775807",
    "abc",
    "9223372036854775",
    "3000000",
];
const WORDS: [&str; 16] = [
    "NX", "xx", "GET", "KEEPTTL", "EX", "px", "EXAT", "PXAT", "PERSIST", "GT", "LT", "bogus",
    "COUNT", "MATCH", "TYPE", "XX",
];
const INDEXES: [&str; 10] = [
    "0",
    "1",
    "2",
    "5",
    "-1",
    "-3",
    "-100",
    "100000",
    "x",
    "9223372036854775807",
];
const PATTERNS: [&str; 8] = ["*", "k?", "k[0-3]", "k[^0]", "k\\1", "nothing", "*1*", "[k"];

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % bound
    }

    fn pick(&mut self, words: &[&str]) -> String {
        words[self.below(words.len())].to_owned()
    }

    /// Returns a time in the future, in seconds or milliseconds since 1970, or one of `TIMES`.
    fn time(&mut self) -> String {
        match self.below(6) {
            0 => "33177117420".to_owned(),
            1 => "33177117420000".to_owned(),
            _ => self.pick(&TIMES),
        }
    }

    /// Replaces each placeholder of a template by a random value.
    fn fill(&mut self, template: &str) -> Vec<Vec<u8>> {
        let mut args = Vec::new();
        for word in template.split(' ') {
            let filled = match word {
                "key" => format!("k{}", self.below(8)),
                "value" => self.pick(&VALUES),
                "time" => self.time(),
                "word" => self.pick(&WORDS),
                "index" => self.pick(&INDEXES),
                "pattern" => self.pick(&PATTERNS),
                // Commands ignore case, so it varies.
                name if self.below(4) == 0 => name.to_lowercase(),
                name => name.to_owned(),
            };
            args.push(filled.into_bytes());
        }
        args
    }

    pub(crate) fn command(&mut self) -> Vec<Vec<u8>> {
        const TEMPLATES: [&str; 64] = [
            "SET key value",
            "SET key value",
            "SET key value",
            "SET key value EX time",
            "SET key value PX time",
            "SET key value EXAT time",
            "SET key value PXAT time",
            "SET key value NX",
            "SET key value XX",
            "SET key value NX GET",
            "SET key value XX GET EX time",
            "SET key value GET",
            "SET key value KEEPTTL",
            "SET key value word",
            "SET key value word word",
            "SET key value word time word",
            "GET key",
            "GET key",
            "GET key",
            "GETSET key value",
            "GETDEL key",
            "GETEX key",
            "GETEX key PERSIST",
            "GETEX key EX time",
            "GETEX key word time",
            "GETEX key word",
            "SETEX key time value",
            "PSETEX key time value",
            "SETNX key value",
            "MGET key key key",
            "MSET key value key value",
            "MSET key value key",
            "APPEND key value",
            "STRLEN key",
            "GETRANGE key index index",
            "SUBSTR key index index",
            "SETRANGE key 3 value",
            "SETRANGE key index value",
            "INCR key",
            "DECR key",
            "INCRBY key value",
            "DECRBY key value",
            "INCRBYFLOAT key value",
            "INCRBYFLOAT key 0.1",
            "DEL key key",
            "UNLINK key",
            "EXISTS key key",
            "TOUCH key key",
            "TYPE key",
            "RENAME key key",
            "RENAMENX key key",
            "EXPIRE key time",
            "EXPIRE key time word",
            "EXPIRE key time word word",
            "PEXPIRE key time word",
            "EXPIREAT key time word",
            "PEXPIREAT key time word",
            "TTL key",
            "PTTL key",
            "EXPIRETIME key",
            "PERSIST key",
            "KEYS pattern",
            "DBSIZE",
            "SELECT index",
        ];
        if self.below(40) == 0 {
            // Any command with any number of arguments.
            let template = TEMPLATES[self.below(TEMPLATES.len())];
            let name = template.split(' ').next().unwrap_or(template);
            let mut args = self.fill(name);
            for _ in 0..self.below(5) {
                args.push(self.pick(&VALUES).into_bytes());
            }
            return args;
        }
        let template = TEMPLATES[self.below(TEMPLATES.len())];
        self.fill(template)
    }
}
