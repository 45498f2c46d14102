//! The resident memory of both servers under loads with changing sizes, compared with their configured limit.

use std::{
    io::{BufWriter, Read, Write},
    net::TcpStream,
    path::Path,
    thread,
    time::Duration,
};

use anyhow::{Context, ensure};

use super::{report, server::Server};

const MIB: usize = 1 << 20;
/// The memory limit of both servers in MiB.
const BOUND: usize = 256;
const BOUND_QUICK: usize = 32;
/// The number of requests that are sent before their replies are read.
const BATCH: usize = 200;
/// The number of bytes that are sent before replies are read.
const BATCH_BYTES: usize = MIB;
/// How long the server is idle before its memory is measured.
const IDLE: Duration = Duration::from_secs(3);
/// The number of entries that are written and flushed at the start, so that the code of the server is loaded.
const WARM_UP: usize = 1000;
const VALUE_MAX: usize = 8 * MIB;

/// One kind of load.
struct Load {
    name: &'static str,
    run: fn(&mut LoadedServer<'_>) -> anyhow::Result<()>,
}

/// The loads, in this order, on the same server.
const LOADS: [Load; 7] = [
    Load {
        name: "tiny entries, twice as many as fit in memory",
        run: |loaded| loaded.fill(2, |_| 10),
    },
    Load {
        name: "values of 0.4 to 8 MiB",
        run: |loaded| loaded.fill(3, |draw| draw.between(400 << 10, VALUE_MAX)),
    },
    Load {
        name: "mixed sizes from 1 B to 8 MiB",
        run: |loaded| loaded.fill(4, |draw| draw.power(0, 23)),
    },
    Load {
        name: "the same keys, overwritten with 32 B to 32 KiB",
        run: |loaded| {
            let keys = loaded.bound / 4400;
            (0..6).try_for_each(|_| {
                let begin = loaded.next;
                loaded.sets(keys, |draw| draw.power(5, 15))?;
                loaded.next = begin;
                Ok(())
            })
        },
    },
    Load {
        name: "half deleted, then filled with another size, three times",
        run: |loaded| {
            [100, 1500, 333].into_iter().try_for_each(|size| {
                let begin = loaded.next;
                loaded.fill(1, |_| size)?;
                loaded.delete_half(begin)
            })
        },
    },
    Load {
        name: "18 fills, each with another size",
        run: |loaded| {
            (0..18).try_for_each(|_| {
                let size = loaded.draw.power(4, 17);
                loaded.fill(1, |_| size)
            })
        },
    },
    Load {
        name: "after `FLUSHALL` and three seconds idle",
        run: |loaded| {
            loaded.flush()?;
            loaded.worst = 0.0;
            loaded.sample_memory()
        },
    },
];

/// A server under load.
struct LoadedServer<'a> {
    server: &'a Server,
    stream: BufWriter<TcpStream>,
    pending: usize,
    pending_bytes: usize,
    bound: usize,
    /// The number of the next key.
    next: usize,
    draw: Draw,
    value: Vec<u8>,
    /// The largest resident memory measured so far, in bytes.
    worst: f64,
}

/// Random numbers that are the same in every run.
struct Draw(u64);

/// Measures both servers and returns a section of the report.
pub(super) fn measure(binary: &Path, quick: bool) -> anyhow::Result<String> {
    let bound = if quick { BOUND_QUICK } else { BOUND };
    let ours = Server::outrigger_with(binary, None, &[&format!("cache.memory={bound}MiB")])?;
    let ours = run(&ours, bound * MIB)?;
    let peer = Server::redis_with(
        None,
        &[
            "--maxmemory",
            &format!("{bound}mb"),
            "--maxmemory-policy",
            "allkeys-lru",
        ],
    )?;
    let peer = run(&peer, bound * MIB)?;
    let mib = |bytes: f64| report::figure(bytes / MIB as f64);
    let rows: Vec<String> = LOADS
        .iter()
        .zip(ours.worst.iter().zip(&peer.worst))
        .map(|(load, (ours, peer))| {
            let of_bound = |bytes: &f64| report::figure(bytes / (bound * MIB) as f64);
            format!(
                "| {} | {} | {} | {} | {} |",
                load.name,
                mib(*ours),
                of_bound(ours),
                mib(*peer),
                of_bound(peer)
            )
        })
        .collect();
    Ok(format!(
        "## Resident memory\n\n\
         Both servers have a limit of {bound} MiB; redis-server uses `allkeys-lru`. Figures are resident memory above that of the idle \
         process, the highest value seen after each step of a load. The loads run one after the other on the same process.\n\n\
         - idle: outrigger {} MiB, redis-server {} MiB\n\
         - bytes per entry with a 10 B key and a 10 B value, half full: outrigger {}, redis-server {}\n\n\
         | load | outrigger, MiB | share of limit | redis-server, MiB | share of limit |\n|---|---:|---:|---:|---:|\n{}",
        mib(ours.idle),
        mib(peer.idle),
        report::figure(ours.per_entry),
        report::figure(peer.per_entry),
        rows.join("\n"),
    ))
}

/// The measurements of one server.
struct Outcome {
    idle: f64,
    per_entry: f64,
    worst: Vec<f64>,
}

fn run(server: &Server, bound: usize) -> anyhow::Result<Outcome> {
    server.wait_for_redis()?;
    let mut loaded = LoadedServer {
        server,
        stream: BufWriter::new(TcpStream::connect(server.redis)?),
        pending: 0,
        pending_bytes: 0,
        bound,
        next: 0,
        draw: Draw(0x9e37_79b9_7f4a_7c15),
        value: vec![b'v'; VALUE_MAX],
        worst: 0.0,
    };
    loaded.sets(WARM_UP, |draw| draw.power(0, 10))?;
    loaded.flush()?;
    let idle = server.resident_bytes()?;
    let entries = bound / 200;
    loaded.sets(entries, |_| 10)?;
    let per_entry = (server.resident_bytes()? - idle) / entries as f64;
    let mut worst = Vec::new();
    for load in &LOADS {
        eprintln!("memory: {}", load.name);
        loaded.worst = 0.0;
        (load.run)(&mut loaded)?;
        worst.push((loaded.worst - idle).max(0.0));
    }
    Ok(Outcome {
        idle,
        per_entry,
        worst,
    })
}

impl LoadedServer<'_> {
    /// Writes new keys whose size is about `times` the memory limit.
    fn fill(
        &mut self,
        times: usize,
        mut size: impl FnMut(&mut Draw) -> usize,
    ) -> anyhow::Result<()> {
        let (mut written, mut checked) = (0, 0);
        while written < times * self.bound {
            let size = size(&mut self.draw);
            self.set(size)?;
            written += size + 60;
            if written - checked > self.bound / 4 {
                self.finish()?;
                self.sample_memory()?;
                checked = written;
            }
        }
        self.finish()?;
        self.sample_memory()
    }

    /// Writes `count` new keys.
    fn sets(
        &mut self,
        count: usize,
        mut size: impl FnMut(&mut Draw) -> usize,
    ) -> anyhow::Result<()> {
        for _ in 0..count {
            let size = size(&mut self.draw);
            self.set(size)?;
        }
        self.finish()?;
        self.sample_memory()
    }

    /// Deletes about half of the keys, starting with this number.
    fn delete_half(&mut self, begin: usize) -> anyhow::Result<()> {
        for number in begin..self.next {
            if self.draw.between(0, 2) == 0 {
                self.command(&[b"DEL", key(number).as_bytes()])?;
            }
        }
        self.finish()?;
        self.sample_memory()
    }

    fn set(&mut self, size: usize) -> anyhow::Result<()> {
        let key = key(self.next);
        self.next += 1;
        let value = std::mem::take(&mut self.value);
        let sent = self.command(&[b"SET", key.as_bytes(), &value[..size]]);
        self.value = value;
        sent
    }

    fn command(&mut self, words: &[&[u8]]) -> anyhow::Result<()> {
        write!(self.stream, "*{}\r\n", words.len())?;
        for word in words {
            write!(self.stream, "${}\r\n", word.len())?;
            self.stream.write_all(word)?;
            self.stream.write_all(b"\r\n")?;
            self.pending_bytes += word.len();
        }
        self.pending += 1;
        if self.pending >= BATCH || self.pending_bytes >= BATCH_BYTES {
            self.finish()?;
        }
        Ok(())
    }

    /// Reads the outstanding replies; each is one line.
    fn finish(&mut self) -> anyhow::Result<()> {
        self.stream.flush()?;
        let mut buffer = [0; 4096];
        while self.pending > 0 {
            let read = self.stream.get_mut().read(&mut buffer)?;
            ensure!(read > 0, "the server closed the connection");
            let replies = &buffer[..read];
            ensure!(
                !replies.contains(&b'-'),
                "the server reason_to_refuse: {}",
                String::from_utf8_lossy(replies)
            );
            let lines = replies.iter().filter(|byte| **byte == b'\n').count();
            self.pending = self
                .pending
                .checked_sub(lines)
                .context("the server sent more replies than it received requests")?;
        }
        self.pending_bytes = 0;
        Ok(())
    }

    /// Removes all entries and waits until the server is idle.
    fn flush(&mut self) -> anyhow::Result<()> {
        self.command(&[b"FLUSHALL"])?;
        self.finish()?;
        thread::sleep(IDLE);
        Ok(())
    }

    fn sample_memory(&mut self) -> anyhow::Result<()> {
        self.worst = self.worst.max(self.server.resident_bytes()?);
        Ok(())
    }
}

impl Draw {
    /// Marsaglia's xorshift.
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn between(&mut self, least: usize, below: usize) -> usize {
        least + (self.next() % (below - least) as u64) as usize
    }

    /// Returns a number between two powers of two; each magnitude is equally likely.
    fn power(&mut self, least: u32, most: u32) -> usize {
        let magnitude = self.between(least as usize, most as usize);
        self.between(1 << magnitude, 2 << magnitude)
    }
}

/// Returns a key of ten bytes.
fn key(number: usize) -> String {
    format!("k{number:09}")
}
